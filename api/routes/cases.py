"""Opening an inquiry, and reading what the CRM knows of the cases."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api import limits, presenting
from api.dependencies import JSON_BODY, CaseId, RequiredKey, fingerprint, permitted
from api.openapi import problems
from api.parts import WithParts, is_known
from api.schemas.inquiries import (
    Escalations,
    InquiryDetail,
    InquiryIn,
    InquiryPage,
    ListQuery,
    Opened,
    Timeline,
    UnrecordedInquiry,
)
from api.shown_to import shown_to
from api.sight import on_case
from runtime.case_errors import UnknownCaseError
from sop.access import is_bound, sees
from sop.handoff.records import facts_of
from sop.messages import InquiryOpening
from sop.models import Actor
from sop.records import CaseFilter

Reader = Annotated[Actor, Depends(on_case("read"))]
EscalationReader = Annotated[Actor, Depends(on_case("read_escalations"))]

router = APIRouter(
    prefix=presenting.INQUIRIES,
    tags=["inquiries"],
    responses=problems(
        "unauthenticated", "not-allowed", "invalid-request", "internal-error", "crm-unavailable"
    ),
)


@router.post(
    "",
    operation_id="open_inquiry",
    summary="Open an inquiry",
    status_code=202,
    dependencies=[JSON_BODY],
    max_body_size=limits.BODY,
    response_description="The case is open. The header Location is its address.",
    responses=problems(
        "malformed-json", "idempotency-key-missing", "body-too-large", "unsupported-media-type",
        "invalid-request", "invalid-value", "idempotency-key-reused", "too-many-requests",
        "untrained", "crm-unavailable", "temporal-unavailable", "not-answered",
    ),
)  # fmt: skip
async def open_inquiry(
    body: InquiryIn,
    key: RequiredKey,
    parts: WithParts,
    actor: Annotated[Actor, Depends(permitted("open"))],
    response: Response,
) -> Opened:
    """Open a case, once per key: the same request again answers with the same case."""
    parts.rates.count_customer(body.customer.customer_id)
    opening = InquiryOpening.model_validate(body.model_dump())
    opened = await parts.cases.open(opening, actor=actor, key=key, digest=fingerprint("open", body))
    parts.rates.remember_case(opened.case_id, body.customer.customer_id)
    links = presenting.links(parts, opened.case_id)
    response.headers["Location"] = links.self
    response.headers["Link"] = f'<{links.temporal}>; rel="monitor"'
    return Opened(case_id=opened.case_id, created=opened.created, links=links)


@router.get("", operation_id="list_inquiries", summary="List cases")
async def list_inquiries(
    query: Annotated[ListQuery, Query()],
    parts: WithParts,
    actor: Annotated[Actor, Depends(permitted("read"))],
    request: Request,
    response: Response,
) -> InquiryPage:
    """List cases: the next deadline first, those without one last. A service sees its own."""
    own = actor.principal if is_bound(actor, "read") else None
    said = {**query.model_dump(), "open_only": query.open, "opened_by": own}
    wanted = CaseFilter.model_validate(said)
    found = await run_in_threadpool(
        parts.reads.cases, wanted, cursor=query.cursor, limit=query.limit
    )
    page = presenting.page(parts, request, found)
    if page.links.next is not None:
        response.headers["Link"] = f'<{page.links.next}>; rel="next"'
    return shown_to(actor, page)


@router.get(
    "/{case_id}",
    operation_id="read_inquiry",
    summary="Read a case",
    responses=problems("case-not-found", "crm-unavailable", "temporal-unavailable"),
)
async def read_inquiry(
    case_id: CaseId, parts: WithParts, actor: Reader
) -> InquiryDetail | UnrecordedInquiry:
    """Read a case from the CRM. One that it does not have yet comes with `recorded: false`."""
    record = await run_in_threadpool(parts.reads.case, case_id)
    if record is not None:
        handoffs = await run_in_threadpool(parts.handoffs.of_inquiry, case_id)
        seen = tuple(each for each in handoffs if sees(actor, facts_of(each)))
        return shown_to(actor, presenting.detail(parts, record, seen))
    if not await parts.cases.exists(case_id):
        raise UnknownCaseError(case_id)
    return presenting.unrecorded(parts, case_id)


@router.get(
    "/{case_id}/timeline",
    operation_id="read_timeline",
    summary="Read everything that happened in a case",
    responses=problems("case-not-found", "crm-unavailable", "temporal-unavailable"),
)
async def read_timeline(case_id: CaseId, parts: WithParts, actor: Reader) -> Timeline:
    """Read the journal of a case, its escalations included, in order."""
    entries = await run_in_threadpool(parts.reads.timeline, case_id)
    if not entries and not await is_known(parts, case_id):
        raise UnknownCaseError(case_id)
    return shown_to(actor, presenting.timeline(parts, entries))


@router.get(
    "/{case_id}/escalations",
    operation_id="list_escalations",
    summary="List the escalations of a case",
    responses=problems("case-not-found", "crm-unavailable", "temporal-unavailable"),
)
async def list_escalations(case_id: CaseId, parts: WithParts, _: EscalationReader) -> Escalations:
    """List the rungs of a case that fired, the oldest first."""
    records = await run_in_threadpool(lambda: parts.reads.escalations(case_id=case_id))
    if not records and not await is_known(parts, case_id):
        raise UnknownCaseError(case_id)
    return presenting.escalations(parts, records)
