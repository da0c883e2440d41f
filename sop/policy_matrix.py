"""What the procedure itself asks of an escalation matrix (INQ-6), whoever wrote the policy.

The procedure's times are elapsed hours. A policy may be stricter. It may also let such a rung run
on business hours, or stand still while the customer owes an answer: each rung has its calendar and
its pause rule, and which it is, is the company's decision. More hours can then pass than the clause
names, so `warnings_about` says it each time that the policy is checked.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sop.durations import format_duration
from sop.models import Channel, Priority, Role
from sop.policy import Policy, Rung, Starts
from sop.policy_reading import Reading

_AT_ONCE = timedelta(0)
_CONDITIONS = frozenset({"starts", "categories", "priorities", "complex", "every_inquiry"})


@dataclass(frozen=True)
class ReadRung:
    """A row of the matrix as far as it can be read.

    Attributes:
        number: Its place in the file, from 0.
        rung: The row; fields in `unsure` hold a placeholder.
        unsure: Fields that are wrong or missing; they are not judged any further.
    """

    number: int
    rung: Rung
    unsure: frozenset[str] = frozenset()

    def sure(self, *fields: str) -> bool:
        """Tell whether these fields can be judged."""
        return self.unsure.isdisjoint(fields)


@dataclass(frozen=True)
class _Demand:
    """What a clause asks: these inquiries reach this role within this time."""

    clause: str
    what: str
    role: Role
    within: timedelta
    starts: Starts
    covers: Callable[[Rung], bool]

    def faults(self, row: ReadRung) -> dict[str, str]:
        """Return what keeps a row from meeting the demand, by field; not of unsure ones."""
        rung, found = row.rung, {}
        if rung.to != self.role:
            found["to"] = f'"{rung.to}" is not "{self.role}"'
        if rung.after > self.within:
            found["after"] = f'"{format_duration(rung.after)}" is later than {self._limit}'
        if rung.clause != self.clause:
            found["clause"] = f'"{rung.clause}" is not "{self.clause}"'
        if self.within == _AT_ONCE and rung.calendar != "always":
            found["calendar"] = f'"{rung.calendar}" is not "always"'
        return {name: text for name, text in found.items() if row.sure(name)}

    def may_cover(self, row: ReadRung) -> bool:
        if not row.sure(*_CONDITIONS):
            return True
        return row.rung.starts == self.starts and self.covers(row.rung)

    @property
    def _limit(self) -> str:
        return f'"{format_duration(self.within)}"'

    def __str__(self) -> str:
        when = "at once" if self.within == _AT_ONCE else f"within {format_duration(self.within)}"
        return f"{self.clause} sends {self.what} to {self.role} {when}"


def _unconditional(rung: Rung) -> bool:
    return not (rung.categories or rung.priorities or rung.complex)


_DEMANDS = (
    _Demand(
        "INQ-6.1",
        "urgent inquiries",
        Role.TEAM_LEADER,
        _AT_ONCE,
        Starts.RECEIPT,
        lambda rung: Priority.URGENT in rung.priorities or _unconditional(rung),
    ),
    _Demand(
        "INQ-6.1",
        "unresolved inquiries",
        Role.TEAM_LEADER,
        _AT_ONCE,
        Starts.UNRESOLVED,
        _unconditional,
    ),
    _Demand(
        "INQ-6.2",
        "technical inquiries",
        Role.SUBJECT_MATTER_EXPERT,
        timedelta(hours=24),
        Starts.RECEIPT,
        lambda rung: "technical" in rung.categories or _unconditional(rung),
    ),
    _Demand(
        "INQ-6.2",
        "complex inquiries",
        Role.SUBJECT_MATTER_EXPERT,
        timedelta(hours=24),
        Starts.RECEIPT,
        lambda rung: rung.complex or _unconditional(rung),
    ),
    _Demand(
        "INQ-6.3",
        "complaints",
        Role.QUALITY_MANAGER,
        timedelta(hours=12),
        Starts.RECEIPT,
        lambda rung: "complaint" in rung.categories or _unconditional(rung),
    ),
)


def check_matrix(rows: Sequence[ReadRung], reading: Reading) -> None:
    """Note each demand of the procedure that no row of the matrix meets."""
    if reading.document.is_lost(("escalation",)) or reading.is_wrong(("escalation",)):
        return
    for demand in _DEMANDS:
        faults = [(row, demand.faults(row)) for row in rows if demand.may_cover(row)]
        if any(not found for _, found in faults):
            continue
        # A row for every inquiry is not blamed for what it was not made for.
        meant = [(row, found) for row, found in faults if not row.rung.every_inquiry]
        if not meant:
            reading.remark(("escalation",), f"lacks a rung: {demand}")
            continue
        row, found = min(meant, key=lambda candidate: len(candidate[1]))
        for name, text in found.items():
            reading.mistake(("escalation", row.number, name), f"{text}: {demand}")


def warnings_about(policy: Policy) -> tuple[str, ...]:
    """Return what is allowed in a policy, but should be known to whoever approves it."""
    return tuple(dict.fromkeys((*_slack(policy), *_gaps(policy))))


def _slack(policy: Policy) -> Iterator[str]:
    for demand in _DEMANDS:
        rows = (ReadRung(number, rung) for number, rung in enumerate(policy.case.escalation))
        meeting = [r.rung for r in rows if demand.may_cover(r) and not demand.faults(r)]
        if any(rung.calendar == "always" and not rung.pause_while_waiting for rung in meeting):
            continue
        for rung in meeting:
            if rung.calendar != "always":
                yield (
                    f"rung {rung.rung} counts working time on the calendar {rung.calendar}: "
                    f"{demand}, in elapsed hours"
                )
            if rung.pause_while_waiting and rung.after:
                yield (
                    f"rung {rung.rung} stands still while the customer owes an answer: "
                    f"{demand}, in elapsed hours"
                )


def _gaps(policy: Policy) -> Iterator[str]:
    missing = [channel for channel in Channel if channel not in policy.case.channels]
    if missing:
        yield f"no inquiries are taken by {', '.join(missing)}: INQ-2 names all four channels"
