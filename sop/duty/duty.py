"""A duty as its workflow sees it: steps in, deadlines and work out (INQ-8, HOF-6)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Self

from sop.deadlines import do_due, earliest
from sop.duty import messages as m
from sop.duty import steps
from sop.duty.case import DUE, LOOK_EVERY, DutyCase, duty_deadlines
from sop.duty.describe import details
from sop.duty.models import DutyOrder, DutyRow
from sop.duty.state import DutyEnd, DutyStart, DutyState
from sop.messages import Command
from sop.models import CLOCK, Deadline
from sop.policy import DutyPolicy
from sop.procedure import Procedure

Step = Callable[[DutyCase, Any, datetime], None]

STEPS: dict[type[Command], Step] = {
    m.CompleteDuty: steps.complete,
    m.AssignDuty: steps.assign,
    m.AddDutyNote: steps.add_note,
}


class Duty(DutyCase, Procedure[DutyPolicy, DutyState, DutyRow]):
    """One duty, from the schedule's opening to its end."""

    @classmethod
    def begin(cls, start: DutyStart, now: datetime) -> Self:
        """Take up a duty: a new one, or one that was continued as new.

        Raises:
            ValueError: The input holds neither an order nor a state.
        """
        if start.state is not None:
            return cls(start.policy, start.state)
        if start.order is None:
            raise ValueError("a duty begins with an order or a state")
        return cls._open(start.case_id, start.policy, start.order, now)

    @classmethod
    def _open(cls, case_id: str, policy: DutyPolicy, order: DutyOrder, now: datetime) -> Self:
        look_at = min(now + LOOK_EVERY, order.due_at) if order.renewal is not None else None
        state = DutyState(
            case_id=case_id,
            received_at=now,
            opened_by=CLOCK.principal,
            order=order,
            look_at=look_at,
        )
        case = cls(policy, state)
        case.cause("open")
        case.record(
            "duty.opened",
            CLOCK,
            now,
            [order.clause],
            duty=str(order.kind),
            subject=order.subject,
            about=order.about,
            role=str(order.role),
            due_at=order.due_at.isoformat(),
            excluded=list(order.excluded),
            policy_version=policy.version,
        )
        body = f"{case_id}: {order.subject} Due {policy.desk.local(order.due_at)}."
        case.send("duty", "opened", f"role:{order.role}", body, now)
        if order.renewal is not None:
            person = f"principal:{order.renewal.principal}"
            case.send("duty", "opened/person", person, body, now)
        case.cause("clock")
        return case

    def perform(self, command: Command, now: datetime) -> None:
        """Do a step, and what follows from it; refuse before anything changes."""
        STEPS[type(command)](self, command, now)

    def tick(self, now: datetime) -> None:
        """Do what is due by now, earliest first; each once, and none early."""
        do_due(self, duty_deadlines, now)

    def next_deadline(self, *, warnings: bool = True) -> Deadline | None:
        """Return the next moment at which the duty acts by itself.

        A reminder's end is a deadline to people; the workflow looks the training up at it.
        """
        due = earliest(duty_deadlines(self), warnings=warnings)
        reminds = self.order.renewal is not None and self.state.overdue_at is None
        if due is None and not warnings and reminds and not self.closed:
            return Deadline(at=self.order.due_at, what=DUE[self.order.kind])
        return due

    def cancel(self, now: datetime) -> None:
        """End the duty in order: an operator cancelled its workflow in Temporal."""
        if not self.closed:
            self.end(None, None, CLOCK, now)

    def details(self) -> str:
        """Return the duty's card for the Temporal UI."""
        return details(self, self.next_deadline(warnings=False))

    @property
    def closed_text(self) -> str:
        """What a duty that has ended says to a step."""
        return f"The duty has ended ({self.state.outcome or 'cancelled'})."

    @property
    def advice(self) -> str | None:
        """What must be done besides: after a breach, an incident is opened (HOF-6.3)."""
        return steps.advice(self)

    def outcome(self) -> DutyEnd:
        """Return how the duty ended."""
        return DutyEnd(
            case_id=self.state.case_id, outcome=self.state.outcome, entries=self.state.seq
        )

    def to_continue(self, start: DutyStart) -> DutyStart:
        """Return the input with which the duty continues as new: everything it knows."""
        update = {"order": None, "policy": self.policy, "state": self.state}
        return start.model_copy(update=update)

    def row(self) -> DutyRow:
        """Return the duty's row as it stands."""
        state, order, deadline = self.state, self.order, self.next_deadline(warnings=False)
        return DutyRow(
            duty_id=state.case_id,
            version=state.seq,
            kind=order.kind,
            stage=self.stage,
            clause=order.clause,
            subject=order.subject,
            about=order.about,
            role=order.role,
            assignee=state.assignee,
            holder=self.holder,
            escalation_level=self.level,
            due_at=order.due_at,
            next_deadline=deadline.at if deadline else None,
            next_deadline_what=deadline.what if deadline else None,
            done_at=state.closed_at,
            done_by=state.done_by,
            outcome=state.outcome,
            findings=state.findings,
            policy_version=self.policy.version,
        )
