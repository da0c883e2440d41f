"""An incident as its workflow sees it: steps in, deadlines and work out (HOF-6.3)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Self

from sop.access import require
from sop.clauses import CLAUSES
from sop.deadlines import do_due, earliest
from sop.errors import InvalidValueError
from sop.incident import messages as m
from sop.incident import steps
from sop.incident.case import OPENED, IncidentCase
from sop.incident.clock import incident_deadlines
from sop.incident.describe import details
from sop.incident.models import IncidentRow
from sop.incident.stages import CLAUSE
from sop.incident.state import IncidentOutcome, IncidentStart, IncidentState
from sop.messages import Command
from sop.models import CLOCK, Actor, Deadline
from sop.policy import IncidentPolicy
from sop.procedure import Procedure
from sop.registers import IncidentReport, ReportKind

Step = Callable[[IncidentCase, Any, datetime], None]

STEPS: dict[type[Command], Step] = {
    m.AddAction: steps.add_action,
    m.CompleteAction: steps.complete_action,
    m.InformRegulator: steps.inform_regulator,
    m.DecideNotNotifiable: steps.decide_not_notifiable,
    m.CloseIncident: steps.close_incident,
    m.AddIncidentNote: steps.add_note,
    m.AssignIncident: steps.assign,
}


def check_order(order: m.IncidentOrder) -> None:
    """Refuse an incident that cannot be, before anything starts.

    Raises:
        SopError: Why.
    """
    require(order.opened_by, "open_incident")
    if order.opening.clause not in CLAUSES:
        raise InvalidValueError(
            "There is no such clause; name the one that was not kept, such as HOF-5.2.",
            clause=CLAUSE,
        )
    known_at = order.opening.known_at
    if known_at is not None and known_at > order.received_at:
        raise InvalidValueError(
            "`known_at` lies in the future: say when somebody of the company knew.", clause=CLAUSE
        )


class Incident(IncidentCase, Procedure[IncidentPolicy, IncidentState, IncidentRow]):
    """One incident, from opening to its end."""

    @classmethod
    def begin(cls, start: IncidentStart, now: datetime) -> Self:
        """Take up an incident: a new one, or one that was continued as new.

        Raises:
            ValueError: The input holds neither an order nor a state.
        """
        if start.state is not None:
            return cls(start.policy, start.state)
        if start.order is None:
            raise ValueError("an incident begins with an order or a state")
        return cls._open(start.order, now)

    @classmethod
    def _open(cls, order: m.IncidentOrder, now: datetime) -> Self:
        opening, by = order.opening, order.opened_by
        received_at = min(order.received_at, now)
        known_at = min(opening.known_at or received_at, received_at)
        state = IncidentState(
            case_id=order.case_id,
            received_at=received_at,
            opened_by=by.principal,
            concerns=opening.case_id,
            clause=opening.clause,
            subject=opening.subject,
            text=opening.text,
            known_at=known_at,
            regulator_due_at=known_at + order.policy.incident.regulator_within,
            digest=order.digest,
        )
        case = cls(order.policy, state)
        case.cause("open")
        case.record(
            "incident.opened",
            by,
            received_at,
            [CLAUSE, "HOF-7.3"],
            breach_of=opening.clause,
            concerns=opening.case_id,
            known_at=known_at.isoformat(),
            regulator_due_at=state.regulator_due_at.isoformat(),
            report=case.report_breach(by, received_at),
            policy_version=order.policy.version,
        )
        case.cause("clock")
        case.escalate(received_at, OPENED)
        case.tick(now)
        return case

    def report_breach(self, by: Actor, now: datetime) -> str:
        """Write the incident report that every breach gets (HOF-7.3); return its id."""
        state = self.state
        report_id = f"{state.case_id}/{ReportKind.BREACH}/1"
        where = f" in {state.concerns}" if state.concerns else ""
        self.put_report(
            IncidentReport(
                report_id=report_id,
                case_id=state.case_id,
                kind=ReportKind.BREACH,
                clause=state.clause,
                at=now,
                reported_by=by.principal,
                manager=self.manager,
                text=f"Breach of {state.clause}{where}.",
                policy_version=self.policy.version,
            )
        )
        return report_id

    def perform(self, command: Command, now: datetime) -> None:
        """Do a step; refuse before anything changes."""
        STEPS[type(command)](self, command, now)

    def tick(self, now: datetime) -> None:
        """Do what is due by now, earliest first; each once, and none early."""
        do_due(self, incident_deadlines, now)

    def next_deadline(self, *, warnings: bool = True) -> Deadline | None:
        """Return the next moment at which the incident acts by itself."""
        return earliest(incident_deadlines(self), warnings=warnings)

    def cancel(self, now: datetime) -> None:
        """End the incident in order: an operator cancelled its workflow in Temporal."""
        if not self.closed:
            self.record("incident.cancelled", CLOCK, now, entry_id="cancelled")
            self.close("Cancelled by an operator.", CLOCK, now)

    def details(self) -> str:
        """Return the incident's card for the Temporal UI."""
        return details(self, self.next_deadline(warnings=False))

    @property
    def closed_text(self) -> str:
        """What a closed incident says to a step."""
        return "The incident is closed. Open a new one if the breach goes on."

    def outcome(self) -> IncidentOutcome:
        """Return how the incident ended.

        Raises:
            ValueError: It has not.
        """
        if self.state.closed_by is None:
            raise ValueError("the incident is open")
        return IncidentOutcome(
            case_id=self.state.case_id, closed_by=self.state.closed_by, entries=self.state.seq
        )

    def to_continue(self, start: IncidentStart) -> IncidentStart:
        """Return the input with which the incident continues as new: everything it knows."""
        update = {"order": None, "policy": self.policy, "state": self.state}
        return start.model_copy(update=update)

    def row(self) -> IncidentRow:
        """Return the incident's row as it stands."""
        state, deadline = self.state, self.next_deadline(warnings=False)
        return IncidentRow(
            incident_id=state.case_id,
            version=state.seq,
            case_id=state.concerns,
            stage=self.stage,
            clause=state.clause,
            subject=state.subject,
            text=state.text,
            opened_by=state.opened_by,
            holder=self.holder,
            escalation_level=self.level,
            known_at=state.known_at,
            regulator_due_at=state.regulator_due_at,
            regulator_informed_at=state.regulator_informed_at,
            regulator_reference=state.regulator_reference,
            regulator_decision=state.regulator_decision,
            actions=state.actions,
            received_at=state.received_at,
            received_local=self.policy.desk.local(state.received_at),
            next_deadline=deadline.at if deadline else None,
            next_deadline_what=deadline.what if deadline else None,
            closed_at=state.closed_at,
            closed_by=state.closed_by,
            outcome=state.outcome,
            policy_version=self.policy.version,
            request_digest=state.digest,
        )
