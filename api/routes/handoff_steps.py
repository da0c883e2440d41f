"""One route for each Update of a handoff (HOF-4)."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.concurrency import run_in_threadpool

from api import limits, presenting
from api.dependencies import JSON_BODY, fingerprint
from api.openapi import problems
from api.reporting import HandoffReport, handoff_reports
from api.schemas import handoff_steps as s
from api.schemas import steps
from api.schemas.steps import HandoffReceipt
from sop import messages as m
from sop.errors import InvalidValueError
from sop.handoff import messages as h
from sop.handoff.models import TransferChannel
from sop.models import Slug

router = APIRouter(
    prefix=presenting.HANDOFFS + "/{case_id}",
    tags=["handoff steps"],
    dependencies=[JSON_BODY],
    max_body_size=limits.BODY,
    responses={
        202: {"model": HandoffReceipt, "description": "Done; the CRM follows."},
        **problems(
            "malformed-json", "unauthenticated", "not-allowed", "untrained", "case-not-found",
            "case-closed", "behind-gate", "wrong-stage", "body-too-large", "unsupported-media-type",
            "invalid-request", "invalid-value", "idempotency-key-reused", "too-many-requests",
            "internal-error", "crm-unavailable", "temporal-unavailable", "not-answered",
        ),
    },
)  # fmt: skip


@router.post("/items", operation_id="confirm_items", summary="Confirm the items")
async def confirm_items(
    body: s.ConfirmItemsIn,
    report: Annotated[HandoffReport[h.ConfirmItems], handoff_reports(h.ConfirmItems)],
) -> HandoffReceipt:
    """Confirm that items are correct and complete, some or all of them (HOF-4.2.1)."""
    return await report.take(body)


@router.post("/brief", operation_id="complete_brief", summary="Complete the brief")
async def complete_brief(
    body: s.CompleteBriefIn,
    report: Annotated[HandoffReport[h.CompleteBrief], handoff_reports(h.CompleteBrief)],
) -> HandoffReceipt:
    """Write the representative's part of the brief; the rest is made from the case (HOF-4.2.2)."""
    return await report.take(body)


@router.post("/customer-notice", operation_id="tell_customer", summary="Tell the customer")
async def tell_customer(
    body: s.TellCustomerIn,
    report: Annotated[HandoffReport[h.TellCustomer], handoff_reports(h.TellCustomer)],
) -> HandoffReceipt:
    """Tell the customer of the handoff, and introduce the receiving party (HOF-4.2.3)."""
    return await report.take(body)


@router.post(
    "/transfer",
    operation_id="transfer",
    summary="Transfer over an approved channel",
    responses=problems("channel-not-approved", "behind-gate", "wrong-stage", "case-closed"),
)
async def transfer(
    body: s.TransferIn, report: Annotated[HandoffReport[h.Transfer], handoff_reports(h.Transfer)]
) -> HandoffReceipt:
    """Transfer, and offer it to the receiving party, which must acknowledge it (HOF-4.2.4).

    Another channel than an approved one is refused, and the attempt is an incident.
    """
    return await report.take(body, recipient_has_key=await _can_reach(report, body.channel))


@router.post("/courier-status", operation_id="report_courier", summary="Report the courier's news")
async def report_courier(
    body: s.ReportCourierIn,
    report: Annotated[HandoffReport[h.ReportCourier], handoff_reports(h.ReportCourier)],
) -> HandoffReceipt:
    """Report how far the courier has come; a repetition changes nothing."""
    return await report.take(body)


@router.post(
    "/acknowledgement",
    operation_id="answer_offer",
    summary="Acknowledge as the receiving party",
    responses=problems("stale-answer", "behind-gate", "wrong-stage", "case-closed"),
)
async def answer_offer(
    body: s.AnswerOfferIn,
    report: Annotated[HandoffReport[h.AnswerOffer], handoff_reports(h.AnswerOffer)],
) -> HandoffReceipt:
    """Accept all, accept part with what is missing, or refuse with a reason (HOF-4.2.5)."""
    return await report.take(body)


@router.post(
    "/receiving-party", operation_id="change_receiver", summary="Change the receiving party"
)
async def change_receiver(
    body: s.ChangeReceiverIn,
    report: Annotated[HandoffReport[h.ChangeReceiver], handoff_reports(h.ChangeReceiver)],
) -> HandoffReceipt:
    """Hand over to another party; the customer learns of it before the transfer (HOF-4.2.3)."""
    return await report.take(body)


@router.post("/conclusion", operation_id="conclude", summary="Conclude a handoff that came back")
async def conclude(
    body: steps.Reason,
    report: Annotated[HandoffReport[h.Conclude], handoff_reports(h.Conclude)],
) -> HandoffReceipt:
    """End a handoff that came back: the sender keeps what was to be handed over."""
    return await report.take(body)


@router.post("/assignment", operation_id="assign_handoff", summary="Assign the handoff")
async def assign_handoff(
    body: steps.AssignIn,
    report: Annotated[HandoffReport[h.AssignHandoff], handoff_reports(h.AssignHandoff)],
) -> HandoffReceipt:
    """Assign the handoff to a representative; what is still the sender's goes along."""
    return await report.take(body)


@router.post("/notes", operation_id="add_handoff_note", summary="Add a note to a handoff")
async def add_handoff_note(
    body: steps.AddNoteIn,
    report: Annotated[HandoffReport[h.AddHandoffNote], handoff_reports(h.AddHandoffNote)],
) -> HandoffReceipt:
    """Add a note to the journal (HOF-4.3.2)."""
    return await report.take(body)


@router.post("/withdrawal", operation_id="withdraw_handoff", summary="Withdraw the handoff")
async def withdraw_handoff(
    body: steps.Reason,
    report: Annotated[HandoffReport[h.WithdrawHandoff], handoff_reports(h.WithdrawHandoff)],
) -> HandoffReceipt:
    """Give the handoff up before anything was transferred."""
    return await report.take(body)


@router.post(
    "/policy", operation_id="adopt_handoff_policy", summary="Move a handoff to the policy in force"
)
async def adopt_handoff_policy(
    body: steps.Reason,
    report: Annotated[HandoffReport[h.AdoptHandoffPolicy], handoff_reports(h.AdoptHandoffPolicy)],
) -> HandoffReceipt:
    """Move the open handoff to the policy in force; an offer keeps its times (HOF-8)."""
    policy = report.parts.cases.policy.handoff
    if policy is None:
        raise InvalidValueError("The policy in force has no [handoff].", clause="HOF-8")
    return await report.take(body, policy=policy)


@router.post(
    "/discrepancy-decision",
    operation_id="decide_handoff_discrepancy",
    summary="Decide about the customer's identity in a handoff",
)
async def decide_handoff_discrepancy(
    body: steps.DecideDiscrepancyIn,
    report: Annotated[HandoffReport[m.DecideDiscrepancy], handoff_reports(m.DecideDiscrepancy)],
) -> HandoffReceipt:
    """Approve or reject as a supervisor who has not worked on the handoff (HOF-4.1.4)."""
    return await report.take(body)


@router.post(
    "/escalations/{rung}/{occasion}/acknowledgement",
    operation_id="acknowledge_handoff_escalation",
    summary="Take an escalation of a handoff",
    responses=problems("stale-acknowledgement", "behind-gate", "wrong-stage", "case-closed"),
)
async def acknowledge_handoff_escalation(
    rung: Annotated[Slug, Path(description="The row of the matrix.", examples=["discrepancy"])],
    occasion: Annotated[int, Path(ge=1, le=100_000, description="Which time it fired.")],
    body: steps.AcknowledgeIn,
    report: Annotated[HandoffReport[m.Acknowledge], handoff_reports(m.Acknowledge)],
) -> HandoffReceipt:
    """Take an escalation at the level at which it stands; work on the handoff keeps it."""
    step = report.step(body, digest=fingerprint(f"acknowledge/{rung}/{occasion}", body))
    receipt = await report.parts.cases.acknowledge(
        report.case_id, rung, occasion, step, key=report.key
    )
    return report.show(receipt)


async def _can_reach(report: HandoffReport[h.Transfer], channel: str) -> bool:
    """Return whether the channel reaches the party: mail needs its certificate (HOF-4.2.4)."""
    if channel != TransferChannel.ENCRYPTED_EMAIL:
        return True
    parts = report.parts
    party = await run_in_threadpool(parts.handoffs.receiving_party, report.case_id)
    # Of a handoff that the CRM does not have yet, the mail's own check is the only one.
    return party is None or await run_in_threadpool(parts.recipients.has_key, party)
