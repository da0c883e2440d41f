"""What a privacy request does by itself: the law's clock, a hold's review, looking again."""

from collections.abc import Iterator
from datetime import datetime

from sop.deadlines import Due, rung_deadlines
from sop.models import CLOCK
from sop.privacy.case import PrivacyCase
from sop.privacy.models import Work
from sop.privacy.stages import CLAUSE


def privacy_deadlines(case: PrivacyCase) -> Iterator[Due]:
    """Yield every moment that the request waits for. A closed one waits for nothing."""
    state = case.state
    if state.closed_at is not None:
        return
    yield from rung_deadlines(case)
    yield from _answer_deadlines(case)
    if state.review_at is not None and state.review_overdue_at is None:
        yield Due(state.review_at, "review of the hold", _review_overdue)
    if state.look_again_at is not None and state.work is None:
        yield Due(state.look_again_at, "look again at what was kept", _look_again)
    if state.export_until is not None and state.work is None:
        yield Due(state.export_until, "the export is destroyed", _export_ends)


def share_of(case: PrivacyCase, share: float) -> datetime | None:
    """Return when a share of the law's time has passed."""
    state = case.state
    if state.due_at is None:
        return None
    return state.received_at + (state.due_at - state.received_at) * share


def _answer_deadlines(case: PrivacyCase) -> Iterator[Due]:
    state = case.state
    if state.due_at is None or state.answered_at is not None or state.overdue_at is not None:
        return
    shares = sorted(set(case.policy.privacy.warn_at))
    if state.warnings < len(shares):
        at = share_of(case, shares[state.warnings]) or state.due_at
        yield Due(at, "privacy request: warning to the holder", _warn, warning=True)
    if state.paged_at is None:
        page = share_of(case, case.policy.privacy.page_at) or state.due_at
        yield Due(page, "privacy request: the officers are paged", _page)
    yield Due(state.due_at, "the requester is to be answered", note_overdue)


def _warn(case: PrivacyCase, now: datetime) -> None:
    """Warn once, whatever number was missed while no worker ran."""
    state, shares = case.state, sorted(set(case.policy.privacy.warn_at))
    passed = sum((share_of(case, share) or now) <= now for share in shares)
    if state.due_at is None:
        return
    case.set(warnings=passed)
    share, name = shares[passed - 1], f"answer/{state.due_at.isoformat()}/warned/{passed}"
    case.record(
        "privacy.warned",
        CLOCK,
        now,
        [CLAUSE],
        entry_id=name,
        share=share,
        due_at=state.due_at.isoformat(),
    )
    body = (
        f"{state.case_id}: {share:.0%} of the time for the {state.kind} has passed; it ends "
        f"{case.policy.desk.local(state.due_at)}."
    )
    case.warn_holder(name, body, now)


def _page(case: PrivacyCase, now: datetime) -> None:
    case.set(paged_at=now)
    case.escalate(now, "time is running out")


def note_overdue(case: PrivacyCase, now: datetime) -> None:
    """Note that the requester was not answered in the time that the law gives, and page."""
    due_at = case.state.due_at
    if due_at is None:
        return
    case.set(overdue_at=now)
    case.record(
        "privacy.overdue",
        CLOCK,
        now,
        [CLAUSE],
        entry_id="answer/overdue",
        due_at=due_at.isoformat(),
        lateness_ms=round((now - due_at).total_seconds() * 1000),
    )
    body = f"{case.state.case_id}: the time that the law gives has passed. Answer now."
    case.warn_holder("answer/overdue", body, now)
    case.escalate(now, "the time of the law has passed")


def _review_overdue(case: PrivacyCase, now: datetime) -> None:
    review_at = case.state.review_at
    if review_at is None:
        return
    case.set(review_overdue_at=now)
    name = f"review/{review_at.isoformat()}/overdue"
    case.record(
        "hold.review_overdue",
        CLOCK,
        now,
        [CLAUSE],
        entry_id=name,
        review_at=review_at.isoformat(),
    )
    body = f"{case.state.case_id}: see whether the hold is still needed, and say so."
    case.warn_holder(name, body, now)
    case.escalate(now, "a hold was not reviewed")


def _look_again(case: PrivacyCase, now: datetime) -> None:
    del now
    case.begin_work(Work.ERASE)


def _export_ends(case: PrivacyCase, now: datetime) -> None:
    del now
    case.begin_work(Work.DELETE_EXPORT)
