"""What the procedures themselves ask of the escalation matrices, whoever wrote the policy.

That is INQ-6, and for handoffs and breaches HOF-4.1.4, HOF-4.2.5 and HOF-6.3. The procedures' times
are elapsed hours. A policy may be stricter. It may also let such a rung run
on business hours, or stand still while the customer owes an answer: each rung has its calendar and
its pause rule, and which it is, is the company's decision. More hours can then pass than the clause
names, so `warnings_about` says it each time that the policy is checked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sop.durations import format_duration
from sop.models import Priority, Role
from sop.policy import Rung, Starts
from sop.policy_reading import Reading
from sop.policy_rungs import ReadRung
from sop.policy_tables import MATRICES, Matrix

_AT_ONCE = timedelta(0)
_CONDITIONS = frozenset({"starts", "categories", "priorities", "complex", "every_inquiry"})
_INQUIRY, _HANDOFF, _INCIDENT, *_ = MATRICES


def _unconditional(rung: Rung) -> bool:
    return not (rung.categories or rung.priorities or rung.complex)


@dataclass(frozen=True)
class Demand:
    """What a clause asks: these cases reach this role within this time.

    Attributes:
        matrix: The matrix that must have such a row.
        section: The table of the file without which nothing is asked.
        what: The cases, in words.
        covers: Tells whether a rung with the right start is for all of them.
    """

    clause: str
    matrix: Matrix
    section: str
    what: str
    role: Role
    within: timedelta
    starts: Starts
    covers: Callable[[Rung], bool] = _unconditional

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
        """Tell whether a row is for these cases, as far as it can be read."""
        if row.matrix is not self.matrix:
            return False
        if not row.sure(*_CONDITIONS):
            return True
        return row.rung.starts == self.starts and self.covers(row.rung)

    @property
    def _limit(self) -> str:
        return f'"{format_duration(self.within)}"'

    def __str__(self) -> str:
        when = "at once" if self.within == _AT_ONCE else f"within {format_duration(self.within)}"
        return f"{self.clause} sends {self.what} to {self.role} {when}"


DEMANDS = (
    Demand(
        "INQ-6.1",
        _INQUIRY,
        "escalation",
        "urgent inquiries",
        Role.TEAM_LEADER,
        _AT_ONCE,
        Starts.RECEIPT,
        lambda rung: Priority.URGENT in rung.priorities or _unconditional(rung),
    ),
    Demand(
        "INQ-6.1",
        _INQUIRY,
        "escalation",
        "unresolved inquiries",
        Role.TEAM_LEADER,
        _AT_ONCE,
        Starts.UNRESOLVED,
    ),
    Demand(
        "INQ-6.2",
        _INQUIRY,
        "escalation",
        "technical inquiries",
        Role.SUBJECT_MATTER_EXPERT,
        timedelta(hours=24),
        Starts.RECEIPT,
        lambda rung: "technical" in rung.categories or _unconditional(rung),
    ),
    Demand(
        "INQ-6.2",
        _INQUIRY,
        "escalation",
        "complex inquiries",
        Role.SUBJECT_MATTER_EXPERT,
        timedelta(hours=24),
        Starts.RECEIPT,
        lambda rung: rung.complex or _unconditional(rung),
    ),
    Demand(
        "INQ-6.3",
        _INQUIRY,
        "escalation",
        "complaints",
        Role.QUALITY_MANAGER,
        timedelta(hours=12),
        Starts.RECEIPT,
        lambda rung: "complaint" in rung.categories or _unconditional(rung),
    ),
    *(
        Demand(
            "HOF-4.1.4",
            matrix,
            section,
            "discrepancies",
            Role.TEAM_LEADER,
            _AT_ONCE,
            Starts.DISCREPANCY,
        )
        for matrix, section in ((_INQUIRY, "identification"), (_HANDOFF, "handoff"))
    ),
    Demand(
        "HOF-4.2.5",
        _HANDOFF,
        "handoff",
        "unacknowledged handoffs",
        Role.TEAM_LEADER,
        timedelta(hours=12),
        Starts.TRANSFER,
    ),
    Demand(
        "HOF-4.2.5",
        _HANDOFF,
        "handoff",
        "custody that came back",
        Role.DUTY_MANAGER,
        _AT_ONCE,
        Starts.RETURN,
    ),
    Demand(
        "HOF-6.3",
        _INCIDENT,
        "incident",
        "breaches",
        Role.DUTY_MANAGER,
        _AT_ONCE,
        Starts.BREACH,
    ),
)
"""All that the procedures ask of the matrices."""


def check_matrix(rows: Sequence[ReadRung], reading: Reading) -> None:
    """Note each demand of the procedures that no row of its matrix meets."""
    for demand in DEMANDS:
        path = demand.matrix.path
        unreadable = reading.document.is_lost(path) or reading.is_wrong(path)
        if unreadable or reading.raw(demand.section) is None:
            continue
        faults = [(row, demand.faults(row)) for row in rows if demand.may_cover(row)]
        if any(not found for _, found in faults):
            continue
        # A row for every inquiry is not blamed for what it was not made for.
        meant = [(row, found) for row, found in faults if not row.rung.every_inquiry]
        if not meant:
            reading.remark(path, f"lacks a rung: {demand}")
            continue
        row, found = min(meant, key=lambda candidate: len(candidate[1]))
        for name, text in found.items():
            reading.mistake((*row.path, name), f"{text}: {demand}")
