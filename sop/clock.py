"""What the deadlines of an inquiry do when they are due (INQ-4.4.3, INQ-4.6.1, INQ-6)."""

from collections.abc import Iterator
from datetime import datetime

from sop.case import Case
from sop.deadlines import Due, do_due, earliest, rung_deadlines
from sop.discrepancy import approval_deadline
from sop.escalating import unresolved
from sop.follow_up import open_follow_up
from sop.models import CLOCK, Deadline


def next_deadline(case: Case, *, warnings: bool = True) -> Deadline | None:
    """Return the earliest moment at which the case acts by itself."""
    return earliest(deadlines(case), warnings=warnings)


def tick(case: Case, now: datetime) -> None:
    """Do everything that is due by now, in the order in which it was due."""
    do_due(case, deadlines, now)


def deadlines(case: Case) -> Iterator[Due]:
    """Yield every moment that the case waits for. A closed case waits for nothing."""
    state = case.state
    if state.closed_as is not None:
        return
    yield from _promise_deadlines(case)
    yield from rung_deadlines(case)
    yield from approval_deadline(case)
    follow_up = state.follow_up
    if follow_up is not None and follow_up.opened_at is None:
        yield Due(follow_up.due_at, "follow-up contact due", open_follow_up)


def _promise_deadlines(case: Case) -> Iterator[Due]:
    promise = case.state.promise
    if promise is None:
        return
    if promise.warn_at is not None and promise.warned_at is None:
        yield Due(promise.warn_at, "promised answer: warning", _warn_of_promise, warning=True)
    yield Due(promise.answer_by, "promised answer", break_promise)


def _warn_of_promise(case: Case, now: datetime) -> None:
    promise = case.state.promise
    if promise is None:
        return
    case.set(promise=promise.model_copy(update={"warned_at": now}))
    name = f"promise/{case.state.promises}/warned"
    until = case.policy.desk.local(promise.answer_by)
    case.record(
        "promise.warned", CLOCK, now, entry_id=name, answer_by=promise.answer_by.isoformat()
    )
    case.warn_holder(name, f"{case.state.case_id}: the promised answer is due {until}.", now)


def break_promise(case: Case, now: datetime) -> None:
    """Note that the promised time has passed without an answer: the case is unresolved."""
    promise = case.state.promise
    if promise is None:
        return
    case.set(promise=None)
    case.record(
        "promise.broken",
        CLOCK,
        now,
        ["INQ-4.4.3"],
        entry_id=f"promise/{case.state.promises}/broken",
        answer_by=promise.answer_by.isoformat(),
    )
    unresolved(case, CLOCK, now, since=promise.answer_by, why="promise broken")
