"""The duties of the schedules: read from the CRM, and one route for each Update (INQ-8, HOF-6)."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api import limits, presenting
from api.dependencies import JSON_BODY, OptionalKey, fingerprint, permitted
from api.openapi import problems
from api.parts import Parts, WithParts
from api.reporting import C, StepReport
from api.schemas import duties as s
from api.schemas.inquiries import PageLinks, Timeline
from api.schemas.steps import AcknowledgeIn, AddNoteIn
from api.schemas.values import shown
from api.shown_to import shown_to
from api.sight import on_case
from runtime.case_errors import UnknownCaseError
from sop import messages as m
from sop.access import is_bound, may
from sop.duty import messages as d
from sop.duty.records import DutyFilter, DutyRecord
from sop.models import Actor, Slug

DUTIES = "/v1/duties"
ONE = problems("case-not-found", "crm-unavailable")
STEP = {
    202: {"model": s.DutyReceipt, "description": "Done; the CRM follows."},
    **problems(
        "malformed-json", "case-not-found", "case-closed", "behind-gate", "wrong-stage",
        "body-too-large", "unsupported-media-type", "invalid-value", "idempotency-key-reused",
        "too-many-requests", "temporal-unavailable", "not-answered",
    ),
}  # fmt: skip

DutyId = Annotated[
    str,
    Path(
        pattern=r"^duty-[A-Za-z0-9][A-Za-z0-9._-]{0,120}$",
        description="The duty's id.",
        examples=["duty-audit-2026-10-inquiry-5f0c2a9b71d3e84c"],
    ),
]

router = APIRouter(
    prefix=DUTIES,
    tags=["duties"],
    max_body_size=limits.BODY,
    responses=problems(
        "unauthenticated", "not-allowed", "invalid-request", "internal-error", "crm-unavailable"
    ),
)


class DutyReport(StepReport[C, s.DutyReceipt]):
    """A step in a duty."""


def _reports(command: type[C]) -> Callable[..., Awaitable[DutyReport[C]]]:
    """Return the dependency that lets through who may report a step of this duty."""

    async def report(
        duty_id: DutyId,
        parts: WithParts,
        response: Response,
        actor: Annotated[Actor, Depends(on_case(command.step))],
        key: OptionalKey = None,
    ) -> DutyReport[C]:
        return DutyReport(command, _receipt, parts, response, duty_id, actor, key)

    return report


@router.get("", operation_id="list_duties", summary="List the duties of the schedules")
async def list_duties(
    query: Annotated[s.DutyQuery, Query()],
    parts: WithParts,
    actor: Annotated[Actor, Depends(permitted("read_duties"))],
    request: Request,
) -> s.DutyPage:
    """List reviews, training reminders and audits; supervisors see all, others their own."""
    wanted = DutyFilter(
        own_of=_own(actor), kind=query.kind, assignee=query.assignee, open_only=query.open
    )
    found = await run_in_threadpool(
        parts.duties.duties, wanted, cursor=query.cursor, limit=query.limit
    )
    cursor = found.next_cursor
    again = {**request.query_params, "cursor": cursor} if cursor else {}
    page = s.DutyPage(
        duties=[_view(parts, each) for each in found.duties],
        next_cursor=cursor,
        links=PageLinks(next=f"{DUTIES}?{urlencode(again)}" if cursor else None),
    )
    return shown_to(actor, page)


@router.get("/{duty_id}", operation_id="read_duty", summary="Read a duty", responses=ONE)
async def read_duty(
    duty_id: DutyId, parts: WithParts, actor: Annotated[Actor, Depends(permitted("read_duties"))]
) -> s.DutyView:
    """Read a duty from the CRM."""
    return shown_to(actor, _view(parts, await _record(parts, duty_id, actor)))


@router.get(
    "/{duty_id}/timeline",
    operation_id="read_duty_timeline",
    summary="Read everything that happened in a duty",
    responses=ONE,
)
async def read_duty_timeline(
    duty_id: DutyId, parts: WithParts, actor: Annotated[Actor, Depends(permitted("read_duties"))]
) -> Timeline:
    """Read the journal in order, the escalations' entries included."""
    await _record(parts, duty_id, actor)
    entries = await run_in_threadpool(parts.reads.timeline, duty_id)
    return shown_to(actor, presenting.timeline(parts, entries))


@router.post(
    "/{duty_id}/completion",
    operation_id="complete_duty",
    summary="Complete a duty",
    dependencies=[JSON_BODY],
    responses=STEP,
)
async def complete_duty(
    body: s.CompleteDutyIn,
    report: Annotated[DutyReport[d.CompleteDuty], Depends(_reports(d.CompleteDuty))],
) -> s.DutyReceipt:
    """Say what came of it. Nobody audits a case that they handled (HOF-6.2)."""
    return await report.take(body)


@router.post(
    "/{duty_id}/assignment",
    operation_id="assign_duty",
    summary="Assign a duty",
    dependencies=[JSON_BODY],
    responses=STEP,
)
async def assign_duty(
    body: s.AssignDutyIn,
    report: Annotated[DutyReport[d.AssignDuty], Depends(_reports(d.AssignDuty))],
) -> s.DutyReceipt:
    """Assign it, as a supervisor; who handled a case is not asked to audit it (HOF-6.2)."""
    return await report.take(body)


@router.post(
    "/{duty_id}/notes",
    operation_id="add_duty_note",
    summary="Add a note to a duty",
    dependencies=[JSON_BODY],
    responses=STEP,
)
async def add_duty_note(
    body: AddNoteIn,
    report: Annotated[DutyReport[d.AddDutyNote], Depends(_reports(d.AddDutyNote))],
) -> s.DutyReceipt:
    """Add a note to the journal."""
    return await report.take(body)


@router.post(
    "/{duty_id}/escalations/{rung}/{occasion}/acknowledgement",
    operation_id="acknowledge_duty_escalation",
    summary="Take an escalation of a duty",
    dependencies=[JSON_BODY],
    responses={**STEP, **problems("stale-acknowledgement", "behind-gate", "wrong-stage",
                                  "case-closed")},
)  # fmt: skip
async def acknowledge_duty_escalation(
    rung: Annotated[Slug, Path(description="The row of the matrix.", examples=["duty_overdue"])],
    occasion: Annotated[int, Path(ge=1, le=100_000, description="Which time it fired.")],
    body: AcknowledgeIn,
    report: Annotated[DutyReport[m.Acknowledge], Depends(_reports(m.Acknowledge))],
) -> s.DutyReceipt:
    """Take an escalation at the level at which it stands; work on the duty keeps it."""
    step = report.step(body, digest=fingerprint(f"acknowledge/{rung}/{occasion}", body))
    cases = report.parts.cases
    return report.show(
        await cases.acknowledge(report.case_id, rung, occasion, step, key=report.key)
    )


async def _record(parts: Parts, duty_id: str, actor: Actor) -> DutyRecord:
    read = partial(parts.duties.duty, restricted=may(actor, "read_restricted"))
    found = await run_in_threadpool(read, duty_id, _own(actor))
    if found is None:
        raise UnknownCaseError(duty_id)
    return found


def _own(actor: Actor) -> Actor | None:
    return actor if is_bound(actor, "read_duties") else None


def _view(parts: Parts, record: DutyRecord) -> s.DutyView:
    page = f"{DUTIES}/{record.duty_id}"
    links = s.DutyLinks(
        self=page, timeline=f"{page}/timeline", temporal=parts.cases.link(record.duty_id)
    )
    return s.DutyView.model_validate({**shown(record, parts.desk), "links": links})


def _receipt(parts: Parts, answer: m.Receipt) -> s.DutyReceipt:
    return s.DutyReceipt.model_validate(shown(answer, parts.desk))
