"""One route for each Update of an inquiry (INQ-4)."""

from typing import Annotated

from fastapi import APIRouter, Path

from api import limits, presenting
from api.dependencies import JSON_BODY, fingerprint
from api.openapi import problems
from api.reporting import Report, reports
from api.schemas import steps as s
from sop import messages as m
from sop.errors import InvalidValueError
from sop.models import Slug

router = APIRouter(
    prefix=presenting.INQUIRIES + "/{case_id}",
    tags=["steps"],
    dependencies=[JSON_BODY],
    max_body_size=limits.BODY,
    responses={
        202: {"model": s.Receipt, "description": "Done; the CRM follows."},
        **problems(
            "malformed-json", "unauthenticated", "not-allowed", "untrained", "case-not-found",
            "case-closed", "behind-gate", "wrong-stage", "body-too-large", "unsupported-media-type",
            "invalid-request", "invalid-value", "idempotency-key-reused", "too-many-requests",
            "internal-error", "crm-unavailable", "temporal-unavailable", "not-answered",
        ),
    },
)  # fmt: skip


@router.post("/reception", operation_id="record_reception", summary="Attest the reception")
async def record_reception(
    body: s.RecordReceptionIn,
    report: Annotated[Report[m.RecordReception], reports(m.RecordReception)],
) -> s.Receipt:
    """Attest greeting, listening, key points and tone (INQ-4.1, INQ-5.3)."""
    return await report.take(body)


@router.post(
    "/classification", operation_id="categorise", summary="Set or correct category and priority"
)
async def categorise(
    body: s.CategoriseIn, report: Annotated[Report[m.Categorise], reports(m.Categorise)]
) -> s.Receipt:
    """Categorise the inquiry; a correction recomputes its deadlines (INQ-4.2)."""
    return await report.take(body)


@router.post(
    "/verification", operation_id="record_verification", summary="Record the identity check"
)
async def record_verification(
    body: s.RecordVerificationIn,
    report: Annotated[Report[m.RecordVerification], reports(m.RecordVerification)],
) -> s.Receipt:
    """Record what was asked for, and only the outcome (INQ-4.3)."""
    return await report.take(body)


@router.post("/responses", operation_id="respond", summary="Record an answer to the customer")
async def respond(
    body: s.RespondIn, report: Annotated[Report[m.Respond], reports(m.Respond)]
) -> s.Receipt:
    """Record an answer; it keeps a promise that is still open (INQ-4.4.1)."""
    return await report.take(body)


@router.post("/promises", operation_id="promise", summary="Record a promised response time")
async def promise(
    body: s.PromiseIn, report: Annotated[Report[m.Promise], reports(m.Promise)]
) -> s.Receipt:
    """Record what the customer was told; it is a clock from now on (INQ-4.4.3)."""
    return await report.take(body)


@router.post(
    "/customer-replies", operation_id="customer_replied", summary="Record what the customer said"
)
async def customer_replied(
    body: s.CustomerRepliedIn,
    report: Annotated[Report[m.CustomerReplied], reports(m.CustomerReplied)],
) -> s.Receipt:
    """Record a reply; it ends a wait for the customer."""
    return await report.take(body)


@router.post("/waits", operation_id="wait_for_customer", summary="Wait for the customer")
async def wait_for_customer(
    body: s.WaitForCustomerIn,
    report: Annotated[Report[m.WaitForCustomer], reports(m.WaitForCustomer)],
) -> s.Receipt:
    """Wait for an answer; clocks pause where the policy says so."""
    return await report.take(body)


@router.post("/resumption", operation_id="resume", summary="Go on without the customer's answer")
async def resume(
    body: s.Reason, report: Annotated[Report[m.Resume], reports(m.Resume)]
) -> s.Receipt:
    """End the wait for the customer."""
    return await report.take(body)


@router.post("/escalations", operation_id="escalate", summary="Escalate by hand")
async def escalate(
    body: s.EscalateIn, report: Annotated[Report[m.Escalate], reports(m.Escalate)]
) -> s.Receipt:
    """Escalate sooner than the matrix asks (INQ-4.4.4)."""
    return await report.take(body)


@router.post("/assignment", operation_id="assign", summary="Assign the case")
async def assign(
    body: s.AssignIn, report: Annotated[Report[m.Assign], reports(m.Assign)]
) -> s.Receipt:
    """Assign or reassign the case to a representative."""
    return await report.take(body)


@router.post("/notes", operation_id="add_note", summary="Add a note")
async def add_note(
    body: s.AddNoteIn, report: Annotated[Report[m.AddNote], reports(m.AddNote)]
) -> s.Receipt:
    """Add a note to the journal (INQ-4.5.1)."""
    return await report.take(body)


@router.post("/resolution", operation_id="resolve", summary="Resolve the inquiry")
async def resolve(
    body: s.ResolveIn, report: Annotated[Report[m.Resolve], reports(m.Resolve)]
) -> s.Receipt:
    """Record what solved it; the follow-up begins (INQ-4.4, INQ-4.5.2)."""
    return await report.take(body)


@router.post(
    "/follow-ups", operation_id="record_follow_up", summary="Record a contact after resolution"
)
async def record_follow_up(
    body: s.RecordFollowUpIn, report: Annotated[Report[m.RecordFollowUp], reports(m.RecordFollowUp)]
) -> s.Receipt:
    """Record what the follow-up found; the case closes if nothing is missing (INQ-4.6)."""
    return await report.take(body)


@router.post("/withdrawal", operation_id="withdraw", summary="Withdraw the inquiry")
async def withdraw(
    body: s.Reason, report: Annotated[Report[m.Withdraw], reports(m.Withdraw)]
) -> s.Receipt:
    """Close the case at the customer's wish."""
    return await report.take(body)


@router.post("/duplicate", operation_id="mark_duplicate", summary="Close as a duplicate")
async def mark_duplicate(
    body: s.MarkDuplicateIn, report: Annotated[Report[m.MarkDuplicate], reports(m.MarkDuplicate)]
) -> s.Receipt:
    """Close the case as handled under another one, which must exist."""
    if not await report.parts.cases.exists_for(report.actor, body.duplicate_of):
        raise InvalidValueError(
            f"There is no case {body.duplicate_of} of which this could be a duplicate."
        )
    return await report.take(body)


@router.post("/policy", operation_id="adopt_policy", summary="Move to the policy in force")
async def adopt_policy(
    body: s.Reason, report: Annotated[Report[m.AdoptPolicy], reports(m.AdoptPolicy)]
) -> s.Receipt:
    """Move the open case to the policy in force; each moved deadline is journaled (HOF-8)."""
    return await report.take(body, policy=report.parts.cases.policy.case)


@router.post(
    "/discrepancy-decision",
    operation_id="decide_discrepancy",
    summary="Decide about the customer's identity",
)
async def decide_discrepancy(
    body: s.DecideDiscrepancyIn,
    report: Annotated[Report[m.DecideDiscrepancy], reports(m.DecideDiscrepancy)],
) -> s.Receipt:
    """Approve or reject as a supervisor who has not worked on the case (HOF-4.1.4)."""
    return await report.take(body)


@router.post(
    "/escalations/{rung}/{occasion}/acknowledgement",
    operation_id="acknowledge",
    summary="Take an escalation",
    responses=problems("stale-acknowledgement"),
)
async def acknowledge(
    rung: Annotated[Slug, Path(description="The row of the matrix.", examples=["complaint"])],
    occasion: Annotated[int, Path(ge=1, le=100_000, description="Which time it fired.")],
    body: s.AcknowledgeIn,
    report: Annotated[Report[m.Acknowledge], reports(m.Acknowledge)],
) -> s.Receipt:
    """Take an escalation at the level at which it stands; work on the case keeps it (INQ-6)."""
    step = report.step(body, digest=fingerprint(f"acknowledge/{rung}/{occasion}", body))
    receipt = await report.parts.cases.acknowledge(
        report.case_id, rung, occasion, step, key=report.key
    )
    return report.show(receipt)
