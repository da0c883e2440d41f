"""The steps of the transfer: channel, offer, answer, return, end (HOF-4.2.4 to HOF-4.3)."""

import re
from datetime import datetime

from sop.errors import (
    BehindGateError,
    InvalidValueError,
    NotAllowedError,
    StaleAnswerError,
    WrongStageError,
)
from sop.handoff import messages as m
from sop.handoff.case import HandoffCase
from sop.handoff.couriers import CourierStatus, check_status, check_tracking
from sop.handoff.models import Answer, HandoffClosedAs, TransferChannel
from sop.handoff.offering import give_back, make_offer
from sop.handoff.state import Offer
from sop.handoff.steps_preparing import notice_customer, require_not_offered, require_prepared
from sop.identification import require_holding
from sop.messages import Refusal
from sop.models import CLOCK, Actor
from sop.registers import ReportKind

CHANNEL_NOT_APPROVED = "channel-not-approved"


def transfer(case: HandoffCase, step: m.Transfer, now: datetime) -> Refusal | None:
    """Transfer over an approved channel, and offer to the receiving party (HOF-4.2.4).

    Returns:
        The refusal of a channel that is not approved: it is on record, with an incident report.
    """
    channel = _named(step.channel)
    if channel not in case.policy.handoff.channels:
        return _refuse_channel(case, step, channel, now)
    require_not_offered(case, "another transfer")
    if step.notice is not None:
        notice_customer(case, step.notice, step.actor, now)
    require_prepared(case, "The transfer", step.actor, now)
    carrier, number = _tracking(case, step, channel)
    offer = Offer(
        number=case.state.offers + 1,
        channel=channel,
        carrier=carrier,
        tracking_number=number,
        by=step.actor.principal,
        begun_at=now,
    )
    case.set(offers=offer.number)
    if channel == TransferChannel.ENCRYPTED_EMAIL:
        _begin_mail(case, step, offer, now)
    else:
        make_offer(case, offer, step.actor, now)
    return None


def _named(channel: str) -> str:
    """Return a channel as the policy spells it: nothing else that is written enters a record."""
    return re.sub(r"[^a-z0-9]+", "_", channel.casefold()).strip("_") or "unnamed"


def mail_sent(case: HandoffCase, key_id: str, now: datetime) -> None:
    """Offer what was mailed: encryption was checked, and the message has left (HOF-5.2)."""
    offer = case.state.offer
    if offer is None or offer.sent_at is not None:
        return
    name = f"offer/{offer.number}/mailed"
    case.record("mail.sent", CLOCK, now, ["HOF-5.2"], entry_id=name, certificate=key_id)
    make_offer(case, offer, CLOCK, now)


def mail_not_sent(case: HandoffCase, why: str, now: datetime) -> None:
    """Take back a transfer whose mail could not be encrypted: nothing has left."""
    offer = case.state.offer
    if offer is None or offer.sent_at is not None:
        return
    name = f"offer/{offer.number}/not-mailed"
    case.set(offer=None)
    case.record("mail.not_sent", CLOCK, now, entry_id=name, why=why)
    body = f"{case.state.case_id}: nothing was sent ({why}). Choose another channel, or add a key."
    case.warn_holder(name, body, now)


def report_courier(case: HandoffCase, step: m.ReportCourier, now: datetime) -> None:
    """Note how far the courier has come, also with what has come back to the sender meanwhile."""
    late = case.state.offer is None
    offer = case.state.offer or case.state.last_offer
    if offer is None or offer.channel != TransferChannel.COURIER:
        raise WrongStageError("No courier is on the way with this handoff.", clause="HOF-4.2.4")
    if not check_status(offer.courier_status, step.status):
        return  # told before
    told = offer.model_copy(update={"courier_status": step.status})
    case.set(**{"last_offer" if late else "offer": told})
    case.record("courier.reported", step.actor, now, status=str(step.status))
    if late or step.status in {CourierStatus.EXCEPTION, CourierStatus.RETURNED}:
        name = f"offer/{offer.number}/courier/{case.state.seq}"
        status = step.status.replace("_", " ")
        body = f"{case.state.case_id}: the courier says: {status}. Custody is yours; see to it."
        case.warn_holder(name, body, now)


def answer_offer(case: HandoffCase, step: m.AnswerOffer, now: datetime) -> None:
    """Hear the receiving party: all, part, or a refusal with its reason (HOF-4.2.5)."""
    offer = _open_offer(case, step.actor, now)
    items = [item.item for item in case.state.items]
    _check_answer(step, items)
    if step.answer != Answer.REFUSE:
        require_holding(case, "Accepting the handoff", step.actor, now)
    answered = offer.model_copy(
        update={
            "answer": step.answer,
            "answered_at": now,
            "answered_by": step.actor.principal,
            "missing": step.missing,
        }
    )
    case.set(offer=answered)
    case.record(
        "handoff.acknowledged",
        step.actor,
        now,
        ["HOF-3.3", *(["HOF-4.2.5"] if step.answer != Answer.REFUSE else [])],
        answer=str(step.answer),
        missing=list(step.missing),
        reason=step.reason,
    )
    if step.answer == Answer.REFUSE:
        give_back(case, "refused", step.actor, now, step.reason)
    else:
        _accept(case, step, answered, now)


def conclude(case: HandoffCase, step: m.Conclude, now: datetime) -> None:
    """End a handoff that came back: the sender keeps what was to be handed over."""
    if case.state.returned_at is None or case.state.offer is not None:
        raise WrongStageError(
            "Only a handoff that came back is concluded. One whose transfer has not begun is "
            "withdrawn; one that is offered waits for its answer.",
            clause="HOF-4.2.5",
        )
    case.record("handoff.concluded", step.actor, now, reason=step.reason)
    case.close(HandoffClosedAs.RETURNED, step.actor, now)


def withdraw(case: HandoffCase, step: m.WithdrawHandoff, now: datetime) -> None:
    """Give the handoff up before anything was transferred."""
    require_not_offered(case, "a withdrawal")
    if case.state.returned_at is not None:
        raise WrongStageError(
            "The handoff came back; say with `conclude` what happens now.", clause="HOF-4.2.5"
        )
    case.record("handoff.withdrawn", step.actor, now, reason=step.reason)
    case.close(HandoffClosedAs.WITHDRAWN, step.actor, now)


def adopt_policy(case: HandoffCase, step: m.AdoptHandoffPolicy, now: datetime) -> None:
    """Move the handoff to another policy version; an offer keeps the times that it was told."""
    before = case.policy.version
    case.policy = step.policy
    case.record(
        "policy.adopted",
        step.actor,
        now,
        ["HOF-8"],
        from_version=before,
        to_version=step.policy.version,
        reason=step.reason,
    )
    for rung in case.state.rungs:
        if rung.live and rung.status is None and step.policy.rung(rung.rung) is None:
            case.spare(rung, now)  # fired in this very task: no row says any more whom to page


def _accept(case: HandoffCase, step: m.AnswerOffer, offer: Offer, now: datetime) -> None:
    in_part = step.answer == Answer.ACCEPT_IN_PART
    outcome = HandoffClosedAs.ACCEPTED_IN_PART if in_part else HandoffClosedAs.ACCEPTED
    case.put_acknowledgement_task(offer, now, outcome)
    since = case.state.custody_since
    case.pass_custody(case.state.receiving.party, step.actor, now, str(step.answer))
    case.confirm(offer, outcome, step.actor, now, step.reason, custody_before=since)
    if in_part:
        missing = ", ".join(step.missing)
        text = f"Offer {offer.number}: {missing} did not arrive and stay with {case.state.sender}."
        kind = ReportKind.ACCEPTED_IN_PART
        case.report_exception(kind, "HOF-4.2.5", step.actor, now, text, step.reason)
        body = f"{case.state.case_id}: {missing} did not arrive, and stay with you."
        case.warn_holder(f"offer/{offer.number}/missing", body, now)
    case.tell("handoff_accepted", f"offer/{offer.number}/accepted", now)
    case.record(
        "customer.told",
        step.actor,
        now,
        ["HOF-4.3.1"],
        entry_id=f"offer/{offer.number}/customer-told",
        what="handoff_accepted",
    )
    case.close(outcome, step.actor, now)


def _check_answer(step: m.AnswerOffer, items: list[str]) -> None:
    wrong = ""
    if len(set(step.missing)) < len(step.missing):
        wrong = "Name each item in `missing` once."
    elif step.answer == Answer.ACCEPT_IN_PART:
        missing = set(step.missing)
        if not missing or not missing < set(items):
            wrong = f"Name in `missing` some, but not all, of {', '.join(items)}."
    elif step.missing:
        wrong = "Items are `missing` only where the rest is accepted."
    elif step.answer == Answer.REFUSE and step.reason is None:
        wrong = "Say in `reason` why it is refused."
    if wrong:
        raise InvalidValueError(wrong, clause="HOF-4.2.5")


def _open_offer(case: HandoffCase, actor: Actor, now: datetime) -> Offer:
    """Return the offer that waits for this answer.

    At the moment at which custody returns it is too late, also where the clock's own task comes
    later: exactly one of the two holds.
    """
    if actor.principal != case.state.receiving.party:
        raise NotAllowedError(
            "Only the receiving party of this handoff acknowledges it.", clause="HOF-3.3"
        )
    offer = case.state.offer
    if offer is None or offer.return_at is None:
        raise StaleAnswerError(
            "Nothing is offered now: the handoff is not, or no longer, sent.", clause="HOF-4.2.5"
        )
    if now >= offer.return_at:
        at = case.policy.desk.local(offer.return_at)
        raise StaleAnswerError(
            f"The offer ended {at}; custody is the sender's again.", clause="HOF-4.2.5"
        )
    return offer


def _refuse_channel(case: HandoffCase, step: m.Transfer, channel: str, now: datetime) -> Refusal:
    channels = ", ".join(case.policy.handoff.channels)
    kind = ReportKind.CHANNEL_NOT_APPROVED
    report_id = case.report_id(kind, case.state.seq + 1)
    case.record(
        "channel.refused",
        step.actor,
        now,
        ["HOF-5.2"],
        channel=channel,
        report=report_id,
    )
    text = f"A transfer over {channel} was tried and refused."
    case.report_exception(kind, "HOF-4.2.4", step.actor, now, text)
    return Refusal(
        code=CHANNEL_NOT_APPROVED,
        message=f"{channel} is no approved channel; use one of {channels}. Nothing was "
        f"transferred, and the attempt is on record as {report_id}.",
        clause="HOF-4.2.4",
    )


def _begin_mail(case: HandoffCase, step: m.Transfer, offer: Offer, now: datetime) -> None:
    if not step.recipient_has_key:
        raise BehindGateError(
            f"{case.state.receiving.party} has no certificate on file, and nothing is mailed "
            "unencrypted. Add one, or choose another channel.",
            clause="HOF-4.2.4",
        )
    case.set(offer=offer)
    case.record("mail.begun", step.actor, now, number=offer.number)


def _tracking(case: HandoffCase, step: m.Transfer, channel: str) -> tuple[str | None, str | None]:
    if channel != TransferChannel.COURIER:
        if step.carrier is not None or step.tracking_number is not None:
            raise InvalidValueError(
                "`carrier` and `tracking_number` belong to a courier.", clause="HOF-4.2.4"
            )
        return None, None
    if step.carrier is None or step.tracking_number is None:
        raise InvalidValueError(
            "A courier needs `carrier` and `tracking_number`.", clause="HOF-4.2.4"
        )
    number = check_tracking(step.carrier, step.tracking_number, case.policy.handoff.carriers)
    return step.carrier, number
