"""The handoffs' and incidents' part of the recorded histories: every end, and every step."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

import pytest

from adapters.recipient_keys import RecipientKeys
from runtime.case_errors import RefusedError
from sop import messages as m
from sop.handoff import messages as h
from sop.handoff.couriers import CourierStatus
from sop.handoff.models import Answer, ReceivingParty
from sop.incident import messages as i
from sop.incident.models import IncidentOpening
from sop.policy import HandoffPolicy
from tests.bench.handoff_paths import (
    ACCEPTED,
    PREPARED,
    TRANSFERRED,
    identified,
    opening,
)
from tests.certificates import holder
from tests.desk import ANNA, CONFIRMED, LEADER, QUALITY, RESOLVED, RITA, Desk
from workflows.escalating import escalation_id

UNVERIFIED = identified(matched=False)
BY_COURIER = h.Transfer(
    actor=ANNA, channel="courier", carrier="ups", tracking_number="1Z999AA10123456784"
)
REFUSED = h.AnswerOffer(actor=RITA, answer=Answer.REFUSE, reason="Not for us.")
CONCLUDED = h.Conclude(actor=ANNA, reason="We keep it.")


async def accepted(desk: Desk, key: str) -> tuple[str, ...]:
    """Hand over on the plain path; the receiving party accepts."""
    case_id = await _handoff(desk, key)
    await desk.do(case_id, identified(), PREPARED, TRANSFERRED, ACCEPTED)
    return await _ended(desk, case_id)


async def in_part(desk: Desk, key: str) -> tuple[str, ...]:
    """Take every step by itself; a courier brings a part, and the forbidden channel is tried."""
    case_id = await _handoff(desk, key)
    checks = h.ConfirmItems(actor=ANNA, checks=PREPARED.checks)
    await desk.do(
        case_id,
        identified(),
        checks,
        h.CompleteBrief(actor=ANNA, brief="Both are ready."),
        h.TellCustomer(actor=ANNA, notice=h.CustomerNotice(said="On its way.", introduced=True)),
        h.AddHandoffNote(actor=ANNA, text="Ready to go."),
        h.AssignHandoff(actor=LEADER, assignee="ben"),
    )
    with pytest.raises(RefusedError):
        await desk.do(case_id, TRANSFERRED.model_copy(update={"channel": "fax"}))
    part = h.AnswerOffer(
        actor=RITA, answer=Answer.ACCEPT_IN_PART, missing=("card",), reason="Not in the parcel."
    )
    news = h.ReportCourier(actor=ANNA, status=CourierStatus.DELIVERED)
    await desk.do(case_id, BY_COURIER, news, part)
    return await _ended(desk, case_id)


async def refused(desk: Desk, key: str) -> tuple[str, ...]:
    """Have it refused; the newer policy and another party do not help, and it is concluded."""
    case_id = await _handoff(desk, key)
    await desk.do(case_id, identified(), PREPARED, TRANSFERRED, REFUSED)
    await desk.is_paged(case_id, "duty_manager")
    newer = _policy(desk).model_copy(update={"version": "2026.2"})
    other = ReceivingParty(party="rolf", name="Workshop South", contact="extension 13")
    await desk.do(
        case_id,
        h.AdoptHandoffPolicy(actor=LEADER, policy=newer, reason="New year."),
        h.ChangeReceiver(actor=ANNA, receiving=other, reason="The other workshop has time."),
        CONCLUDED,
    )
    return await _ended(desk, case_id, ("returned", 1))


async def unacknowledged(desk: Desk, key: str) -> tuple[str, ...]:
    """Leave an offer alone: reminders, a page at 12 h, custody back at 24 h."""
    case_id = await _handoff(desk, key)
    await desk.do(case_id, identified(), PREPARED, TRANSFERRED)
    await desk.time_passes(case_id, hours=12)
    await desk.is_paged(case_id, "team_leader")
    page = desk.handle(escalation_id(case_id, "acknowledgement", 1))
    await page.cancel()
    await page.result()
    await desk.time_passes(case_id, hours=12, seconds=1)
    await desk.journal_holds(case_id, "custody.returned")
    await desk.do(case_id, CONCLUDED)
    return await _ended(desk, case_id, ("returned", 1))


async def discrepancy(desk: Desk, key: str) -> tuple[str, ...]:
    """Stop after three attempts; an approval runs out, the second one is used."""
    case_id = await _handoff(desk, key)
    await desk.do(case_id, UNVERIFIED, UNVERIFIED, UNVERIFIED)
    await desk.is_paged(case_id, "team_leader")
    approved = m.DecideDiscrepancy(actor=LEADER, approve=True, reason="Known in person.")
    await desk.do(case_id, approved)
    await desk.handle(escalation_id(case_id, "discrepancy", 1)).result()
    await desk.time_passes(case_id, minutes=10, seconds=1)
    await desk.journal_holds(case_id, "discrepancy.opened", 2)
    await desk.do(case_id, approved, PREPARED, TRANSFERRED, ACCEPTED)
    return await _ended(desk, case_id, ("discrepancy", 1), ("discrepancy", 2))


async def rejected(desk: Desk, key: str) -> tuple[str, ...]:
    """Notice a discrepancy, reject the identity, give the handoff up."""
    case_id = await _handoff(desk, key)
    await desk.do(case_id, identified().model_copy(update={"noticed": True}))
    no = m.DecideDiscrepancy(actor=LEADER, approve=False, reason="Another person.")
    await desk.do(case_id, no, h.WithdrawHandoff(actor=ANNA, reason="Fraud."))
    return await _ended(desk, case_id, ("discrepancy", 1))


async def mailed(desk: Desk, key: str) -> tuple[str, ...]:
    """Mail without a certificate, which sends nothing; then with one."""
    case_id = await _handoff(desk, key)
    by_mail = TRANSFERRED.model_copy(update={"channel": "encrypted_email"})
    await desk.do(case_id, identified(), PREPARED, by_mail)
    await desk.journal_holds(case_id, "mail.not_sent")
    keys = RecipientKeys(desk.database)
    await asyncio.to_thread(keys.add, "rita", holder().pem, address=None, added_by="lena")
    await desk.do(case_id, by_mail)
    await desk.journal_holds(case_id, "mail.sent")
    await desk.do(case_id, ACCEPTED)
    return await _ended(desk, case_id)


async def cancelled(desk: Desk, key: str) -> tuple[str, ...]:
    """Cancel an offered handoff in Temporal."""
    case_id = await _handoff(desk, key)
    await desk.do(case_id, identified(), PREPARED, TRANSFERRED)
    await desk.handle(case_id).cancel()
    return await _ended(desk, case_id)


async def from_an_inquiry(desk: Desk, key: str) -> tuple[str, ...]:
    """Identify in the inquiry, which a supervisor has to decide; hand over what it is about."""
    inquiry_id = await desk.open(f"{key} inquiry")
    await desk.do(
        inquiry_id,
        UNVERIFIED.model_copy(update={"noticed": True}),
        m.DecideDiscrepancy(actor=LEADER, approve=True, reason="Known in person."),
        RESOLVED,
    )
    case_id = await _handoff(desk, key, inquiry_id=inquiry_id)
    await desk.do(inquiry_id, CONFIRMED)
    await desk.do(case_id, identified(), PREPARED, TRANSFERRED, ACCEPTED)
    await _ended(desk, case_id)
    await desk.handle(inquiry_id).result()
    return case_id, inquiry_id


async def breach(desk: Desk, key: str) -> tuple[str, ...]:
    """Mend a breach, and tell the regulator in time."""
    incident = IncidentOpening(clause="HOF-5.2", subject="A letter", text="To the wrong customer.")
    opened = await desk.cases.open_incident(incident, actor=ANNA, key=key, digest=f"digest {key}")
    case_id = opened.case_id
    await desk.is_paged(case_id, "duty_manager")
    now = await desk.now(case_id)
    await desk.do(
        case_id,
        i.AddIncidentNote(actor=ANNA, text="Fetched back."),
        i.AssignIncident(actor=QUALITY, assignee="anna"),
        i.AddAction(
            actor=QUALITY, action="labels", description="Print labels.", owner="anna",
            due_at=now + timedelta(days=1),
        ),
        i.CompleteAction(actor=ANNA, action="labels", result="Done."),
        i.InformRegulator(actor=QUALITY, informed_at=now, reference="R-1"),
        i.CloseIncident(actor=QUALITY, root_cause="Two labels.", changed="One by one."),
    )  # fmt: skip
    return await _ended(desk, case_id, ("breach", 1))


async def no_breach(desk: Desk, key: str) -> tuple[str, ...]:
    """Decide that the regulator need not know; cancel the incident in Temporal."""
    incident = IncidentOpening(clause="HOF-5.2", subject="A letter", text="Came back unopened.")
    opened = await desk.cases.open_incident(incident, actor=ANNA, key=key, digest=f"digest {key}")
    case_id = opened.case_id
    await desk.is_paged(case_id, "duty_manager")
    await desk.do(case_id, i.DecideNotNotifiable(actor=QUALITY, reason="Nobody has read it."))
    await desk.handle(case_id).cancel()
    return await _ended(desk, case_id, ("breach", 1))


async def _handoff(desk: Desk, key: str, *, inquiry_id: str | None = None) -> str:
    said, digest = opening(inquiry_id=inquiry_id), f"digest of {key}"
    opened = await desk.cases.open_handoff(said, actor=ANNA, key=key, digest=digest)
    await desk.journal_holds(opened.case_id, "handoff.opened")
    return opened.case_id


async def _ended(desk: Desk, case_id: str, *rungs: tuple[str, int]) -> tuple[str, ...]:
    """Wait for a case and its escalations; return the ids of all."""
    ids = (case_id, *_pages(case_id, rungs))
    for workflow_id in ids:
        await desk.handle(workflow_id).result()
    return ids


def _pages(case_id: str, rungs: Iterable[tuple[str, int]]) -> Iterable[str]:
    return (escalation_id(case_id, rung, occasion) for rung, occasion in rungs)


def _policy(desk: Desk) -> HandoffPolicy:
    policy = desk.cases.policy.handoff
    if policy is None:
        raise ValueError("the policy has no handoffs")
    return policy


HANDOFF_STORIES = {
    "handoff-accepted": accepted,
    "handoff-in-part": in_part,
    "handoff-refused": refused,
    "handoff-unacknowledged": unacknowledged,
    "handoff-discrepancy": discrepancy,
    "handoff-rejected": rejected,
    "handoff-mailed": mailed,
    "handoff-cancelled": cancelled,
    "handoff-from-an-inquiry": from_an_inquiry,
    "incident-breach": breach,
    "incident-cancelled": no_breach,
}
