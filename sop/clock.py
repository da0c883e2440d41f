"""What the deadlines of an inquiry do when they are due (INQ-4.4.3, INQ-4.6.1, INQ-6)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sop.case import Case
from sop.escalating import fire, unresolved
from sop.follow_up import open_follow_up
from sop.models import CLOCK, Deadline
from sop.state import RungState


@dataclass(frozen=True)
class Due:
    """A moment, what it means to a person, and what the case then does."""

    at: datetime
    what: str
    act: Callable[[Case, datetime], None]
    warning: bool = False


def next_deadline(case: Case, *, warnings: bool = True) -> Deadline | None:
    """Return the earliest moment at which the case acts by itself."""
    waiting = [due for due in deadlines(case) if warnings or not due.warning]
    first = min(waiting, key=lambda due: due.at, default=None)
    return Deadline(at=first.at, what=first.what) if first else None


def tick(case: Case, now: datetime) -> None:
    """Do everything that is due by now, in the order in which it was due.

    Warnings come last: one that is noticed together with what it warns of is not given any more.
    """
    while True:
        waiting = [due for due in deadlines(case) if due.at <= now]
        if not waiting:
            return
        min(waiting, key=lambda due: (due.warning, due.at)).act(case, now)


def deadlines(case: Case) -> Iterator[Due]:
    """Yield every moment that the case waits for. A closed case waits for nothing."""
    state = case.state
    if state.closed_as is not None:
        return
    yield from _promise_deadlines(case)
    for rung in state.rungs:
        if rung.armed and rung.due_at is not None:
            yield from _rung_deadlines(case, rung, rung.due_at)
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


def _rung_deadlines(case: Case, rung: RungState, due_at: datetime) -> Iterator[Due]:
    row = case.policy.rung(rung.rung)
    if row is None:  # a policy without the row lets nothing fire
        return
    name, to = rung.rung.replace("_", " "), row.to.replace("_", " ")
    if rung.warn_at is not None and rung.warned_at is None and rung.warn_at < due_at:
        yield Due(
            rung.warn_at,
            f"{name}: warning to the holder",
            lambda c, now: _warn_of_rung(c, rung, now),
            warning=True,
        )
    yield Due(due_at, f"{name}: to the {to}", lambda c, now: fire(c, rung, now, CLOCK))


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


def _warn_of_rung(case: Case, rung: RungState, now: datetime) -> None:
    case.put_rung(rung.model_copy(update={"warned_at": now}))
    name = f"rung/{rung.key}/warned"
    due = case.policy.desk.local(rung.due_at) if rung.due_at else "?"
    case.record("rung.warned", CLOCK, now, entry_id=name, rung=rung.key)
    case.warn_holder(name, f"{case.state.case_id}: {rung.rung} escalates {due}.", now)
