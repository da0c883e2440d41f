"""One route for each Update of an incident (HOF-6.3)."""

from typing import Annotated

from fastapi import APIRouter, Path

from api import limits, presenting
from api.dependencies import JSON_BODY, fingerprint
from api.openapi import problems
from api.reporting import IncidentStep, incident_steps
from api.schemas import incidents as s
from api.schemas import steps
from api.schemas.steps import IncidentReceipt
from sop import messages as m
from sop.incident import messages as i
from sop.models import Slug

router = APIRouter(
    prefix=presenting.INCIDENTS + "/{case_id}",
    tags=["incident steps"],
    dependencies=[JSON_BODY],
    max_body_size=limits.BODY,
    responses={
        202: {"model": IncidentReceipt, "description": "Done; the CRM follows."},
        **problems(
            "malformed-json", "unauthenticated", "not-allowed", "case-not-found", "case-closed",
            "behind-gate", "wrong-stage", "body-too-large", "unsupported-media-type",
            "invalid-request", "invalid-value", "idempotency-key-reused", "too-many-requests",
            "internal-error", "crm-unavailable", "temporal-unavailable", "not-answered",
        ),
    },
)  # fmt: skip


@router.post("/actions", operation_id="add_action", summary="Add a corrective action")
async def add_action(
    body: s.AddActionIn, report: Annotated[IncidentStep[i.AddAction], incident_steps(i.AddAction)]
) -> IncidentReceipt:
    """Say what is mended, by whom and by when; the owner has a task from now on."""
    return await report.take(body)


@router.post(
    "/actions/{action}/completion",
    operation_id="complete_action",
    summary="Complete a corrective action",
)
async def complete_action(
    action: Annotated[Slug, Path(description="The action's name.", examples=["print_labels"])],
    body: s.CompleteActionIn,
    report: Annotated[IncidentStep[i.CompleteAction], incident_steps(i.CompleteAction)],
) -> IncidentReceipt:
    """Say what came of it, as its owner or as a manager."""
    digest = fingerprint(f"complete_action/{action}", body)
    return await report.take(body, action=action, digest=digest)


@router.post(
    "/regulator-notice", operation_id="inform_regulator", summary="Record the regulator's notice"
)
async def inform_regulator(
    body: s.InformRegulatorIn,
    report: Annotated[IncidentStep[i.InformRegulator], incident_steps(i.InformRegulator)],
) -> IncidentReceipt:
    """Record that the regulator was told, and under which reference; its clock ends."""
    return await report.take(body)


@router.post(
    "/regulator-decision",
    operation_id="decide_not_notifiable",
    summary="Decide that the regulator need not be told",
)
async def decide_not_notifiable(
    body: steps.Reason,
    report: Annotated[IncidentStep[i.DecideNotNotifiable], incident_steps(i.DecideNotNotifiable)],
) -> IncidentReceipt:
    """Decide it with a reason, as another manager than who opened the incident."""
    return await report.take(body)


@router.post("/closure", operation_id="close_incident", summary="Close the incident")
async def close_incident(
    body: s.CloseIncidentIn,
    report: Annotated[IncidentStep[i.CloseIncident], incident_steps(i.CloseIncident)],
) -> IncidentReceipt:
    """Say what caused it and what was changed, when everything is mended and settled."""
    return await report.take(body)


@router.post("/notes", operation_id="add_incident_note", summary="Add a note to an incident")
async def add_incident_note(
    body: steps.AddNoteIn,
    report: Annotated[IncidentStep[i.AddIncidentNote], incident_steps(i.AddIncidentNote)],
) -> IncidentReceipt:
    """Add a note to the journal (HOF-4.3.2)."""
    return await report.take(body)


@router.post("/assignment", operation_id="assign_incident", summary="Assign the incident")
async def assign_incident(
    body: s.AssignIncidentIn,
    report: Annotated[IncidentStep[i.AssignIncident], incident_steps(i.AssignIncident)],
) -> IncidentReceipt:
    """Say who sees to it: warnings of the regulator's clock go there."""
    return await report.take(body)


@router.post(
    "/escalations/{rung}/{occasion}/acknowledgement",
    operation_id="acknowledge_incident_escalation",
    summary="Take an escalation of an incident",
    responses=problems("stale-acknowledgement", "behind-gate", "wrong-stage", "case-closed"),
)
async def acknowledge_incident_escalation(
    rung: Annotated[Slug, Path(description="The row of the matrix.", examples=["breach"])],
    occasion: Annotated[int, Path(ge=1, le=100_000, description="Which time it fired.")],
    body: steps.AcknowledgeIn,
    report: Annotated[IncidentStep[m.Acknowledge], incident_steps(m.Acknowledge)],
) -> IncidentReceipt:
    """Take an escalation at the level at which it stands; work on the incident keeps it."""
    step = report.step(body, digest=fingerprint(f"acknowledge/{rung}/{occasion}", body))
    receipt = await report.parts.cases.acknowledge(
        report.case_id, rung, occasion, step, key=report.key
    )
    return report.show(receipt)
