"""The moments that any case waits for, and doing what is due, earliest first."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sop.case_file import AnyCase
from sop.escalating import fire
from sop.models import CLOCK, Deadline
from sop.state import RungState


@dataclass(frozen=True)
class Due:
    """A moment, what it means to a person, and what the case then does."""

    at: datetime
    what: str
    act: Callable[[Any, datetime], None]
    warning: bool = False


def earliest(waiting: Iterable[Due], *, warnings: bool = True) -> Deadline | None:
    """Return the earliest moment at which a case acts by itself."""
    first = min((d for d in waiting if warnings or not d.warning), key=_at, default=None)
    return Deadline(at=first.at, what=first.what) if first else None


def do_due(case: AnyCase, deadlines: Callable[[Any], Iterable[Due]], now: datetime) -> None:
    """Do everything that is due by now, in the order in which it was due.

    Warnings come last: one that is noticed together with what it warns of is not given any more.
    """
    while True:
        waiting = [due for due in deadlines(case) if due.at <= now]
        if not waiting:
            return
        min(waiting, key=lambda due: (due.warning, due.at)).act(case, now)


def rung_deadlines(case: AnyCase) -> Iterator[Due]:
    """Yield the moments of the rungs that wait."""
    for rung in case.state.rungs:
        if rung.armed and rung.due_at is not None:
            yield from _of_rung(case, rung, rung.due_at)


def _of_rung(case: AnyCase, rung: RungState, due_at: datetime) -> Iterator[Due]:
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


def _warn_of_rung(case: AnyCase, rung: RungState, now: datetime) -> None:
    case.put_rung(rung.model_copy(update={"warned_at": now}))
    name = f"rung/{rung.key}/warned"
    due = case.policy.desk.local(rung.due_at) if rung.due_at else "?"
    case.record("rung.warned", CLOCK, now, entry_id=name, rung=rung.key)
    case.warn_holder(name, f"{case.state.case_id}: {rung.rung} escalates {due}.", now)


def _at(due: Due) -> datetime:
    return due.at
