"""What an inquiry proves, how it reads in plain language, and its registers."""

from typing import Annotated

from fastapi import APIRouter, Depends

from api import presenting, proving, registers
from api.dependencies import CaseId
from api.openapi import problems
from api.parts import WithParts
from api.registers import LogReader, ReportReader
from api.schemas.handoffs import Reports, Verifications
from api.schemas.proof import CertificateView, ExplanationView
from api.sight import on_case
from sop.models import Actor

Certified = Annotated[Actor, Depends(on_case("read_certificate"))]
Explained = Annotated[Actor, Depends(on_case("read_explanation"))]

router = APIRouter(
    prefix=presenting.INQUIRIES,
    tags=["inquiries"],
    responses=problems(
        "unauthenticated", "not-allowed", "invalid-request", "internal-error", "case-not-found",
        "crm-unavailable", "temporal-unavailable",
    ),
)  # fmt: skip


@router.get(
    "/{case_id}/certificate",
    operation_id="read_certificate",
    summary="Read what proves each clause, and what is missing",
)
async def read_certificate(case_id: CaseId, parts: WithParts, actor: Certified) -> CertificateView:
    """Read the clauses with who, when and which journal entry proves each, or what is missing."""
    return await proving.certificate(parts, actor, case_id)


@router.get(
    "/{case_id}/explanation",
    operation_id="read_explanation",
    summary="Read a case in plain language",
)
async def read_explanation(case_id: CaseId, parts: WithParts, actor: Explained) -> ExplanationView:
    """Read what happened, sentence by sentence, and what the case waits for."""
    return await proving.explanation(parts, actor, case_id)


@router.get(
    "/{case_id}/verifications",
    operation_id="list_inquiry_verifications",
    summary="Read the verification log of a case",
)
async def list_inquiry_verifications(
    case_id: CaseId, parts: WithParts, actor: LogReader
) -> Verifications:
    """Read who checked the customer's identity, and how it ended, as a supervisor (HOF-7.1)."""
    return await registers.verifications(parts, actor, case_id)


@router.get(
    "/{case_id}/reports",
    operation_id="list_inquiry_reports",
    summary="List the exception and incident reports of a case",
)
async def list_inquiry_reports(case_id: CaseId, parts: WithParts, actor: ReportReader) -> Reports:
    """List what went another way than the procedure's, as a supervisor (HOF-7.3)."""
    return await registers.reports(parts, actor, case_id)
