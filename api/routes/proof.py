"""What an inquiry proves, and how it reads in plain language."""

from fastapi import APIRouter

from api import presenting, proving
from api.dependencies import CaseId, Reader
from api.openapi import problems
from api.parts import WithParts
from api.schemas.proof import CertificateView, ExplanationView

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
async def read_certificate(case_id: CaseId, parts: WithParts, _: Reader) -> CertificateView:
    """Read the clauses with who, when and which journal entry proves each, or what is missing."""
    return await proving.certificate(parts, case_id)


@router.get(
    "/{case_id}/explanation",
    operation_id="read_explanation",
    summary="Read a case in plain language",
)
async def read_explanation(case_id: CaseId, parts: WithParts, _: Reader) -> ExplanationView:
    """Read what happened, sentence by sentence, and what the case waits for."""
    return await proving.explanation(parts, case_id)
