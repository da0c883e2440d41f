"""Opening handoffs, and reading them with their registers from the CRM (HOF)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api import limits, presenting, proving, registers
from api import presenting_handoffs as show
from api.dependencies import JSON_BODY, HandoffId, RequiredKey, fingerprint, permitted
from api.openapi import problems
from api.parts import WithParts, require_known
from api.registers import LogReader, ReportReader
from api.schemas import handoffs as s
from api.schemas.inquiries import Escalations, Timeline
from api.schemas.proof import CertificateView, ExplanationView
from api.shown_to import shown_to
from api.sight import HandoffReader, on_case, require_access
from sop.access import is_bound
from sop.handoff.brief import for_receiver
from sop.handoff.models import HandoffOpening
from sop.handoff.records import HandoffFilter
from sop.models import Actor, Role

ONE = problems("case-not-found", "crm-unavailable", "temporal-unavailable")
Certified = Annotated[Actor, Depends(on_case("read_certificate"))]
Explained = Annotated[Actor, Depends(on_case("read_explanation"))]
EscalationReader = Annotated[Actor, Depends(on_case("read_escalations"))]

router = APIRouter(
    prefix=presenting.HANDOFFS,
    tags=["handoffs"],
    responses=problems(
        "unauthenticated", "not-allowed", "invalid-request", "internal-error", "crm-unavailable"
    ),
)


@router.post(
    "",
    operation_id="open_handoff",
    summary="Open a handoff",
    status_code=202,
    dependencies=[JSON_BODY],
    max_body_size=limits.BODY,
    response_description="The handoff is open. The header Location is its address.",
    responses=problems(
        "malformed-json", "idempotency-key-missing", "case-not-found", "case-closed",
        "wrong-stage", "body-too-large", "unsupported-media-type", "invalid-request",
        "invalid-value", "idempotency-key-reused", "too-many-requests", "untrained",
        "crm-unavailable", "temporal-unavailable", "not-answered",
    ),
)  # fmt: skip
async def open_handoff(
    body: s.HandoffIn,
    key: RequiredKey,
    parts: WithParts,
    actor: Annotated[Actor, Depends(permitted("open_handoff"))],
    response: Response,
) -> s.HandoffOpened:
    """Open a handoff once per key, alone or from an inquiry, which then shows it (HOF-2)."""
    parts.rates.count_customer(body.customer.customer_id)
    if body.inquiry_id is not None:
        await require_access(parts, actor, "open_handoff", body.inquiry_id)
    opened = await parts.cases.open_handoff(
        _opening(body), actor=actor, key=key, digest=fingerprint("open_handoff", body)
    )
    parts.rates.remember_case(opened.case_id, body.customer.customer_id)
    links = show.links(parts, opened.case_id)
    response.headers["Location"] = links.self
    response.headers["Link"] = f'<{links.temporal}>; rel="monitor"'
    return s.HandoffOpened(case_id=opened.case_id, created=opened.created, links=links)


@router.get("", operation_id="list_handoffs", summary="List handoffs")
async def list_handoffs(
    query: Annotated[s.HandoffQuery, Query()],
    parts: WithParts,
    actor: Annotated[Actor, Depends(permitted("read_handoff"))],
    request: Request,
    response: Response,
) -> s.HandoffPage:
    """List handoffs: the next deadline first, those without one last."""
    own = actor.principal if is_bound(actor, "read_handoff") else None
    bound = "visible_to" if actor.role is Role.RECEIVING_PARTY else "own_of"
    said = {**query.model_dump(), "open_only": query.open, bound: own}
    found = await run_in_threadpool(
        parts.handoffs.handoffs,
        HandoffFilter.model_validate(said),
        cursor=query.cursor,
        limit=query.limit,
    )
    page = show.page(parts, request, found)
    if page.links.next is not None:
        response.headers["Link"] = f'<{page.links.next}>; rel="next"'
    return shown_to(actor, page)


@router.get("/{case_id}", operation_id="read_handoff", summary="Read a handoff", responses=ONE)
async def read_handoff(
    case_id: HandoffId, parts: WithParts, actor: HandoffReader
) -> s.HandoffDetail | s.UnrecordedHandoff:
    """Read a handoff from the CRM. One that it does not have yet comes with `recorded: false`."""
    record = await run_in_threadpool(parts.handoffs.handoff, case_id)
    if record is not None:
        return shown_to(actor, show.detail(parts, record))
    await require_known(parts, case_id)
    return show.unrecorded(parts, case_id)


@router.get(
    "/{case_id}/timeline",
    operation_id="read_handoff_timeline",
    summary="Read everything that happened in a handoff",
    responses=ONE,
)
async def read_handoff_timeline(
    case_id: HandoffId, parts: WithParts, actor: HandoffReader
) -> Timeline:
    """Read the journal in order. A receiving party sees of it what its brief tells."""
    entries = await run_in_threadpool(parts.reads.timeline, case_id)
    if not entries:
        await require_known(parts, case_id)
    if actor.role is Role.RECEIVING_PARTY:
        entries = for_receiver(entries)
    return shown_to(actor, presenting.timeline(parts, entries))


@router.get(
    "/{case_id}/escalations",
    operation_id="list_handoff_escalations",
    summary="List the escalations of a handoff",
    responses=ONE,
)
async def list_handoff_escalations(
    case_id: HandoffId, parts: WithParts, _: EscalationReader
) -> Escalations:
    """List the rungs of a handoff that fired, the oldest first."""
    records = await run_in_threadpool(lambda: parts.reads.escalations(case_id=case_id))
    if not records:
        await require_known(parts, case_id)
    return presenting.escalations(parts, records)


@router.get(
    "/{case_id}/confirmations",
    operation_id="list_confirmations",
    summary="List the confirmations of a handoff",
    responses=ONE,
)
async def list_confirmations(
    case_id: HandoffId, parts: WithParts, actor: HandoffReader
) -> s.Confirmations:
    """List what was confirmed in writing: one line for each transfer that ended (HOF-4.2.6).

    A receiving party sees those of the transfers to itself.
    """
    found = await run_in_threadpool(parts.handoffs.confirmations, case_id)
    if not found:
        await require_known(parts, case_id)
    if actor.role is Role.RECEIVING_PARTY:
        found = tuple(each for each in found if each.receiving_party == actor.principal)
    return shown_to(actor, show.confirmations(parts, found))


@router.get(
    "/{case_id}/verifications",
    operation_id="list_verifications",
    summary="Read the verification log of a handoff",
    responses=ONE,
)
async def list_verifications(
    case_id: HandoffId, parts: WithParts, actor: LogReader
) -> s.Verifications:
    """Read who checked the customer's identity, and how it ended, as a supervisor (HOF-7.1)."""
    return await registers.verifications(parts, actor, case_id)


@router.get(
    "/{case_id}/reports",
    operation_id="list_reports",
    summary="List the exception and incident reports of a handoff",
    responses=ONE,
)
async def list_reports(case_id: HandoffId, parts: WithParts, actor: ReportReader) -> s.Reports:
    """List what went another way than the procedure's, as a supervisor (HOF-7.3)."""
    return await registers.reports(parts, actor, case_id)


@router.get(
    "/{case_id}/certificate",
    operation_id="read_handoff_certificate",
    summary="Read what proves each clause of a handoff, and what is missing",
    responses=ONE,
)
async def read_handoff_certificate(
    case_id: HandoffId, parts: WithParts, actor: Certified
) -> CertificateView:
    """Read the clauses with who, when and which journal entry proves each, or what is missing."""
    return await proving.certificate(parts, actor, case_id)


@router.get(
    "/{case_id}/explanation",
    operation_id="read_handoff_explanation",
    summary="Read a handoff in plain language",
    responses=ONE,
)
async def read_handoff_explanation(
    case_id: HandoffId, parts: WithParts, actor: Explained
) -> ExplanationView:
    """Read what happened, sentence by sentence, and what the handoff waits for."""
    return await proving.explanation(parts, actor, case_id)


def _opening(body: s.HandoffIn) -> HandoffOpening:
    customer = body.customer
    return HandoffOpening.model_validate(
        {
            **body.model_dump(exclude={"customer"}),
            "customer_id": customer.customer_id,
            "customer_name": customer.name,
            "technical_terms": customer.technical_terms,
        }
    )
