"""Opening incidents, and reading them and the reports from the CRM (HOF-6.3, HOF-7.3)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api import limits, presenting, proving
from api import presenting_incidents as show
from api.dependencies import JSON_BODY, IncidentId, RequiredKey, fingerprint, permitted
from api.openapi import problems
from api.parts import Parts, WithParts, is_known
from api.schemas import incidents as s
from api.schemas.inquiries import Escalations, PageLinks, Timeline
from api.schemas.proof import CertificateView, ExplanationView
from api.shown_to import shown_to
from api.sight import on_case
from runtime.case_errors import UnknownCaseError
from sop.errors import InvalidValueError
from sop.incident.models import IncidentOpening
from sop.incident.records import IncidentFilter, ReportFilter
from sop.models import Actor

ONE = problems("case-not-found", "crm-unavailable", "temporal-unavailable")

Reader = Annotated[Actor, Depends(on_case("read_incident"))]
EscalationReader = Annotated[Actor, Depends(on_case("read_escalations"))]
Certified = Annotated[Actor, Depends(on_case("read_certificate"))]
Explained = Annotated[Actor, Depends(on_case("read_explanation"))]

router = APIRouter(
    prefix="/v1",
    tags=["incidents"],
    responses=problems(
        "unauthenticated", "not-allowed", "invalid-request", "internal-error", "crm-unavailable"
    ),
)


@router.post(
    "/incidents",
    operation_id="open_incident",
    summary="Report a breach",
    status_code=202,
    dependencies=[JSON_BODY],
    max_body_size=limits.BODY,
    response_description="The incident is open. The header Location is its address.",
    responses=problems(
        "malformed-json", "idempotency-key-missing", "body-too-large", "unsupported-media-type",
        "invalid-request", "invalid-value", "idempotency-key-reused", "too-many-requests",
        "crm-unavailable", "temporal-unavailable", "not-answered",
    ),
)  # fmt: skip
async def open_incident(
    body: s.IncidentIn,
    key: RequiredKey,
    parts: WithParts,
    actor: Annotated[Actor, Depends(permitted("open_incident"))],
    response: Response,
) -> s.IncidentOpened:
    """Open an incident, once per key. The duty manager is paged at once (HOF-6.3)."""
    if body.case_id is not None and not await parts.cases.exists_for(actor, body.case_id):
        raise InvalidValueError(f"There is no case {body.case_id} in which this could happen.")
    opened = await parts.cases.open_incident(
        IncidentOpening.model_validate(body.model_dump()),
        actor=actor,
        key=key,
        digest=fingerprint("open_incident", body),
    )
    links = presenting.links(parts, opened.case_id)
    response.headers["Location"] = links.self
    response.headers["Link"] = f'<{links.temporal}>; rel="monitor"'
    return s.IncidentOpened(case_id=opened.case_id, created=opened.created, links=links)


@router.get("/incidents", operation_id="list_incidents", summary="List incidents")
async def list_incidents(
    query: Annotated[s.IncidentQuery, Query()],
    parts: WithParts,
    actor: Annotated[Actor, Depends(permitted("read_incident"))],
    request: Request,
    response: Response,
) -> s.IncidentPage:
    """List incidents: the next deadline first, those without one last."""
    wanted = IncidentFilter(case_id=query.case_id, open_only=query.open)
    found = await run_in_threadpool(
        parts.incidents.incidents, wanted, cursor=query.cursor, limit=query.limit
    )
    page = show.page(parts, request, found)
    _point_to_next(response, page.links)
    return shown_to(actor, page)


@router.get(
    "/incidents/{case_id}", operation_id="read_incident", summary="Read an incident", responses=ONE
)
async def read_incident(
    case_id: IncidentId, parts: WithParts, actor: Reader
) -> s.IncidentDetail | s.UnrecordedIncident:
    """Read an incident from the CRM. One that it does not have yet comes with `recorded: false`."""
    record = await run_in_threadpool(parts.incidents.incident, case_id)
    if record is not None:
        return shown_to(actor, show.detail(parts, record))
    await _must_exist(parts, case_id)
    return show.unrecorded(parts, case_id)


@router.get(
    "/incidents/{case_id}/timeline",
    operation_id="read_incident_timeline",
    summary="Read everything that happened in an incident",
    responses=ONE,
)
async def read_incident_timeline(case_id: IncidentId, parts: WithParts, actor: Reader) -> Timeline:
    """Read the journal of an incident, its escalations included, in order."""
    entries = await run_in_threadpool(parts.reads.timeline, case_id)
    if not entries:
        await _must_exist(parts, case_id)
    return shown_to(actor, presenting.timeline(parts, entries))


@router.get(
    "/incidents/{case_id}/escalations",
    operation_id="list_incident_escalations",
    summary="List the escalations of an incident",
    responses=ONE,
)
async def list_incident_escalations(
    case_id: IncidentId, parts: WithParts, _: EscalationReader
) -> Escalations:
    """List how often the incident was escalated, and who took it, the oldest first."""
    records = await run_in_threadpool(lambda: parts.reads.escalations(case_id=case_id))
    if not records:
        await _must_exist(parts, case_id)
    return presenting.escalations(parts, records)


@router.get(
    "/incidents/{case_id}/certificate",
    operation_id="read_incident_certificate",
    summary="Read what proves each clause of an incident, and what is missing",
    responses=ONE,
)
async def read_incident_certificate(
    case_id: IncidentId, parts: WithParts, actor: Certified
) -> CertificateView:
    """Read the clauses with who, when and which journal entry proves each, or what is missing."""
    return await proving.certificate(parts, actor, case_id)


@router.get(
    "/incidents/{case_id}/explanation",
    operation_id="read_incident_explanation",
    summary="Read an incident in plain language",
    responses=ONE,
)
async def read_incident_explanation(
    case_id: IncidentId, parts: WithParts, actor: Explained
) -> ExplanationView:
    """Read what happened, sentence by sentence, and what the incident waits for."""
    return await proving.explanation(parts, actor, case_id)


@router.get(
    "/incident-reports",
    operation_id="list_incident_reports",
    summary="List exception and incident reports",
)
async def list_incident_reports(
    query: Annotated[s.ReportQuery, Query()],
    parts: WithParts,
    actor: Annotated[Actor, Depends(permitted("read_incident_reports"))],
    request: Request,
    response: Response,
) -> s.FiledReportPage:
    """List reports of all cases, each with its reference where incidents are managed (HOF-7.3)."""
    wanted = ReportFilter.model_validate(query.model_dump())
    found = await run_in_threadpool(
        parts.incidents.reports, wanted, cursor=query.cursor, limit=query.limit
    )
    page = show.reports(parts, request, found)
    _point_to_next(response, page.links)
    return shown_to(actor, page)


async def _must_exist(parts: Parts, case_id: str) -> None:
    if not await is_known(parts, case_id):
        raise UnknownCaseError(case_id)


def _point_to_next(response: Response, links: PageLinks) -> None:
    if links.next is not None:
        response.headers["Link"] = f'<{links.next}>; rel="next"'
