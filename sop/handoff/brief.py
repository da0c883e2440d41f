"""The brief for the receiving party: made from the case, completed by a person (HOF-4.2.2).

Level of the identity, what was asked, what was done, what is open, by when; never the evidence.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from sop.durations import format_duration
from sop.explain import told
from sop.handoff.brief_models import (
    Brief,
    BriefDeadline,
    BriefInquiry,
    BriefItem,
    BriefLine,
    BriefPromise,
)
from sop.handoff.case import HandoffCase
from sop.handoff.models import HandoffStage, Item
from sop.handoff.records import HandoffDetail
from sop.models import VerificationOutcome
from sop.policy import Desk
from sop.records import CaseDetail, TimelineEntry

DONE = frozenset({
    "handoff.opened", "handoff.assigned", "identity.checked", "discrepancy.decided",
    "approval.used", "items.confirmed", "customer.told", "receiver.changed", "mail.sent",
    "handoff.transferred", "courier.reported", "handoff.acknowledged", "custody.passed",
    "custody.returned", "handoff.concluded", "handoff.withdrawn", "handoff.closed",
})  # fmt: skip
"""Entries of a handoff that its brief tells; notes and escalations are the desk's own."""

DONE_BEFORE = frozenset({
    "response.sent", "wait.started", "customer.replied", "inquiry.resolved", "inquiry.reopened",
})  # fmt: skip
"""The same for the inquiry that it was opened from."""

_OF_AN_OFFER = frozenset({
    "mail.sent", "handoff.transferred", "courier.reported", "handoff.acknowledged",
    "custody.returned", "receiver.changed",
})  # fmt: skip
"""What is between the sender and the party of that offer."""

_EVIDENCE = frozenset({"forms_asked", "cause", "reason"})
_OF_IDENTITY = ("identity.", "discrepancy.", "approval.")
_MOMENT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


def make_brief(
    handoff: HandoffDetail,
    timeline: Iterable[TimelineEntry],
    desk: Desk,
    *,
    inquiry: CaseDetail | None = None,
    before: Iterable[TimelineEntry] = (),
) -> Brief:
    """Return the brief of a handoff as the CRM has it.

    Args:
        handoff: The handoff.
        timeline: Its confirmed journal.
        desk: The desk whose people wrote it.
        inquiry: The inquiry that it was opened from, where there is one.
        before: That inquiry's journal.
    """
    entries, asked_before = tuple(timeline), None
    if inquiry is not None:
        asked_before = _inquiry(inquiry, tuple(before), desk)
    return Brief(
        handoff_id=handoff.handoff_id,
        as_of=handoff.updated_at,
        stage=handoff.stage,
        complete=handoff.brief is not None,
        company=desk.company,
        contact=desk.contact,
        customer_id=handoff.customer_id,
        customer_name=handoff.customer.name,
        subject=handoff.subject,
        asked=handoff.text,
        identity=_identity(handoff, desk),
        identity_level=handoff.identity_level,
        identity_expires_at=handoff.identity_expires_at,
        sender=_sender(handoff),
        custody=handoff.custody,
        receiving_party=handoff.receiving_party,
        receiving_party_name=handoff.receiving_party_name,
        receiving_party_contact=handoff.receiving_party_contact,
        summary=handoff.brief,
        items=tuple(_item(handoff, item) for item in handoff.items),
        done=_lines(for_receiver(entries), DONE, desk),
        open=tuple(_open(handoff, asked_before)),
        deadlines=tuple(sorted(_deadlines(handoff, entries, asked_before), key=lambda d: d.at)),
        inquiry=asked_before,
    )


def for_receiver(entries: Iterable[TimelineEntry]) -> tuple[TimelineEntry, ...]:
    """Return what the receiving party sees of the journal of a handoff that is offered to it.

    It is what the brief tells, without the evidence and without the offers that came back, which
    were another party's, or are over.
    """
    told_of = [without_evidence(entry) for entry in entries if entry.kind in DONE]
    back = [n for n, entry in enumerate(told_of) if entry.kind == "custody.returned"]
    return tuple(
        entry for n, entry in enumerate(told_of) if not _is_of_another_offer(entry, n, back)
    )


def _is_of_another_offer(entry: TimelineEntry, place: int, back: list[int]) -> bool:
    if entry.kind == "customer.told":
        return entry.detail.get("what") == "handoff_returned"
    earlier = entry.kind in _OF_AN_OFFER and bool(back) and place <= back[-1]
    return earlier or entry.kind == "receiver.changed"


def without_evidence(entry: TimelineEntry) -> TimelineEntry:
    """Return an entry as a receiving party sees it: the level of the identity, not the evidence."""
    if not entry.kind.startswith(_OF_IDENTITY):
        return entry
    kept = {name: value for name, value in entry.detail.items() if name not in _EVIDENCE}
    return entry.model_copy(update={"detail": kept})


def mail_text(case: HandoffCase) -> str:
    """Return what an encrypted message to the receiving party says."""
    state, desk = case.state, case.policy.desk
    identity = state.identification.identity
    level = f"level {identity.level}" if identity else "not verified"
    lines = (
        f"Handoff {state.case_id}: {state.subject}",
        f"From {state.sender} to {state.receiving.name}.",
        f"Customer {state.customer.customer_id}; identity: {level}.",
        "",
        "Asked:",
        state.text,
        "",
        "Items:",
        *(f"- {item.item}: {item.description}" for item in state.items),
        "",
        "Summary:",
        state.brief or "",
        "",
        f"Please acknowledge within {format_duration(case.policy.handoff.return_after)}; "
        f"{desk.contact}.",
    )
    return "\n".join(lines)


def _inquiry(inquiry: CaseDetail, entries: tuple[TimelineEntry, ...], desk: Desk) -> BriefInquiry:
    points = [e.detail.get("key_points") for e in entries if e.kind == "reception.attested"]
    return BriefInquiry(
        inquiry_id=inquiry.case_id,
        subject=inquiry.subject,
        stage=inquiry.stage,
        received_at=inquiry.received_at,
        key_points=str(points[-1]) if points and points[-1] else None,
        resolution=inquiry.resolution,
        promises=tuple(_promises(entries)),
        done=_lines(entries, DONE_BEFORE, desk),
    )


def _promises(entries: Iterable[TimelineEntry]) -> list[BriefPromise]:
    """Return the promises in order; a promise ends by an answer, its time, or another promise."""
    made: list[BriefPromise] = []

    def end(state: str) -> None:
        if made and made[-1].state == "open":
            made[-1] = made[-1].model_copy(update={"state": state})

    for entry in entries:
        kept = entry.detail.get("promise_kept")
        if kept is not None:
            end("kept" if kept else "kept_late")
        elif entry.kind == "promise.broken":
            end("broken")
        elif entry.kind == "promise.made":
            end("replaced")
            answer_by = _moment(entry.detail.get("answer_by"))
            if answer_by is not None:
                contact = str(entry.detail.get("contact") or "")
                made.append(BriefPromise(answer_by=answer_by, contact=contact))
    return made


def _lines(
    entries: Iterable[TimelineEntry], kinds: frozenset[str], desk: Desk
) -> tuple[BriefLine, ...]:
    return tuple(
        BriefLine(at=entry.at, what=told(without_evidence(entry), desk).sentence)
        for entry in entries
        if entry.kind in kinds
    )


def _identity(handoff: HandoffDetail, desk: Desk) -> str:
    if handoff.identity_level is not None and handoff.identity_expires_at is not None:
        until = desk.local(handoff.identity_expires_at)
        return f"verified, level {handoff.identity_level}, until {until}"
    if handoff.verification == VerificationOutcome.NEEDS_SUPERVISOR:
        return "not verified: a supervisor decides"
    return "not verified"


def _sender(handoff: HandoffDetail) -> str:
    return handoff.assignee or handoff.opened_by


def _item(handoff: HandoffDetail, item: Item) -> BriefItem:
    state = "confirmed" if item.item in handoff.confirmed_items else "not_confirmed"
    if item.item in handoff.missing_items:
        state = "missing"
    return BriefItem(item=item.item, description=item.description, state=state)


def _open(handoff: HandoffDetail, inquiry: BriefInquiry | None) -> Iterator[str]:
    if handoff.closed_at is None:
        yield from _unprepared(handoff)
        if handoff.stage == HandoffStage.OFFERED:
            yield f"{handoff.receiving_party_name} has not acknowledged it yet."
        elif handoff.stage == HandoffStage.RETURNED:
            yield f"It came back to {handoff.custody}; what happens next is not decided."
    for item in handoff.items:
        if item.item in handoff.missing_items:
            yield f"{item.description}: did not arrive, and is with {_sender(handoff)}."
    if inquiry is not None and inquiry.stage != "closed" and inquiry.resolution is None:
        yield f"The inquiry {inquiry.inquiry_id} is not resolved yet."


def _unprepared(handoff: HandoffDetail) -> Iterator[str]:
    if handoff.verification == VerificationOutcome.NEEDS_SUPERVISOR:
        yield "A supervisor has not decided yet about the customer's identity."
    elif handoff.identity_level is None:
        yield "The customer is not identified yet."
    for item in handoff.items:
        if item.item not in handoff.confirmed_items:
            yield f"{item.description}: not confirmed yet."
    if handoff.brief is None:
        yield "The representative's summary is missing."
    if handoff.customer_told_at is None:
        yield "The customer has not been told of the handoff yet."


def _deadlines(
    handoff: HandoffDetail, entries: tuple[TimelineEntry, ...], inquiry: BriefInquiry | None
) -> Iterator[BriefDeadline]:
    sent = [e for e in entries if e.kind == "handoff.transferred"]
    if handoff.stage == HandoffStage.OFFERED and sent:
        by = _moment(sent[-1].detail.get("acknowledge_by"))
        if by is not None:
            yield BriefDeadline(at=by, what="acknowledge the handoff, or it goes back")
    elif handoff.next_deadline is not None:
        yield BriefDeadline(at=handoff.next_deadline, what=handoff.next_deadline_what or "")
    if handoff.closed_at is None and handoff.identity_expires_at is not None:
        yield BriefDeadline(at=handoff.identity_expires_at, what="the customer's identity expires")
    for promise in inquiry.promises if inquiry else ():
        if promise.state == "open":
            what = f"an answer is promised to the customer ({promise.contact})"
            yield BriefDeadline(at=promise.answer_by, what=what)


def _moment(value: object) -> datetime | None:
    try:
        return _MOMENT.validate_python(value)
    except ValidationError:
        return None
