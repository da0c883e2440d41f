"""The offer to the receiving party: begun, reminded, answered, or come back (HOF-4.2.4, 4.2.5)."""

from collections.abc import Iterator
from datetime import datetime

from sop.deadlines import Due
from sop.handoff.case import HandoffCase
from sop.handoff.models import HandoffStage
from sop.handoff.stages import OF_AN_OFFER
from sop.handoff.state import Offer
from sop.ladder import arm
from sop.models import CLOCK, Actor
from sop.policy import Starts
from sop.registers import ReportKind


def make_offer(case: HandoffCase, offer: Offer, actor: Actor, now: datetime) -> None:
    """Offer what was transferred; reminders and the return of custody run from now on."""
    rule = case.policy.handoff
    sent = offer.model_copy(
        update={
            "sent_at": now,
            "remind_at": now + rule.remind_every,
            "return_at": now + rule.return_after,
        }
    )
    case.set(offer=sent, returned_at=None)
    _spare(case, Starts.RETURN, now)  # what came back goes out again
    case.unprove(OF_AN_OFFER)  # the acknowledgement of this one is still to come
    case.record(
        "handoff.transferred",
        actor,
        now,
        ["HOF-4.2.4"],
        entry_id=f"offer/{sent.number}/sent",
        number=sent.number,
        channel=sent.channel,
        carrier=sent.carrier,
        tracking_number=sent.tracking_number,
        to_party=case.state.receiving.party,
        acknowledge_by=_iso(sent.return_at),
    )
    case.put_acknowledgement_task(sent, now)
    case.tell_receiver("handoff.offered", f"offer/{sent.number}", _offer_text(case, sent), now)
    _arm(case, Starts.TRANSFER, now, "transferred")


def offer_deadlines(case: HandoffCase) -> Iterator[Due]:
    """Yield what a party that has not answered is waited for."""
    offer = case.state.offer
    if offer is None or offer.return_at is None or case.stage == HandoffStage.CLOSED:
        return
    if offer.remind_at is not None and offer.remind_at < offer.return_at:
        yield Due(offer.remind_at, "reminder to the receiving party", _remind, warning=True)
    yield Due(offer.return_at, "custody returns to the sender", _return_unacknowledged)


def give_back(
    case: HandoffCase, outcome: str, actor: Actor, now: datetime, reason: str | None = None
) -> None:
    """Let custody return to the sender: the customer is told, a supervisor paged (HOF-4.2.5)."""
    offer = case.state.offer
    if offer is None:
        return
    _spare(case, Starts.TRANSFER, now)
    case.put_acknowledgement_task(offer, now, outcome)
    case.confirm(offer, outcome, actor, now, reason)
    case.set(offer=None, last_offer=offer, returned_at=now)
    case.record(
        "custody.returned",
        actor,
        now,
        ["HOF-4.2.5"],
        entry_id=f"offer/{offer.number}/returned",
        to_party=case.state.custody,
        offered_to=case.state.receiving.party,
        held_since=case.state.custody_since.isoformat(),
        why=outcome,
        reason=reason,
    )
    refused = outcome == "refused"
    kind = ReportKind.REFUSED_BY_RECEIVER if refused else ReportKind.UNACKNOWLEDGED
    text = f"Offer {offer.number} to {case.state.receiving.party} was {outcome}."
    case.report_exception(kind, "HOF-4.2.5", actor, now, text, reason)
    case.tell("handoff_returned", f"offer/{offer.number}/returned", now)
    case.record(
        "customer.told",
        actor,
        now,
        ["HOF-4.3.1"],
        entry_id=f"offer/{offer.number}/customer-told",
        what="handoff_returned",
    )
    _arm(case, Starts.RETURN, now, outcome)


def _remind(case: HandoffCase, now: datetime) -> None:
    """Remind once, whatever number was missed while no worker ran."""
    offer = case.state.offer
    if offer is None or offer.remind_at is None:
        return
    every, following = case.policy.handoff.remind_every, offer.remind_at
    while following <= now:
        following += every
    number = offer.reminders + 1
    case.set(offer=offer.model_copy(update={"remind_at": following, "reminders": number}))
    name = f"offer/{offer.number}/reminder/{number}"
    case.record("handoff.reminded", CLOCK, now, entry_id=name, number=number)
    case.tell_receiver("handoff.reminder", name, _offer_text(case, offer), now)


def _return_unacknowledged(case: HandoffCase, now: datetime) -> None:
    give_back(case, "unacknowledged", CLOCK, now)


def _offer_text(case: HandoffCase, offer: Offer) -> str:
    until = case.policy.desk.local(offer.return_at) if offer.return_at else "?"
    return (
        f"{case.state.case_id}: a handoff is offered to you over {offer.channel}. Please "
        f"acknowledge it by {until}: all, part, or a refusal with its reason."
    )


def _arm(case: HandoffCase, starts: Starts, now: datetime, cause: str) -> None:
    for row in case.policy.escalation:
        if row.starts == starts:
            case.put_rung(arm(case.policy, row, case.state, base=now, now=now, cause=cause))


def _spare(case: HandoffCase, starts: Starts, now: datetime) -> None:
    for rung in case.state.rungs:
        if rung.starts == starts:
            case.spare(rung, now)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
