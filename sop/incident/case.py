"""One incident as its steps and its clock see it."""

from datetime import datetime

from sop.case_file import CaseFile
from sop.incident.models import CorrectiveAction, IncidentStage
from sop.incident.stages import CLAUSE, anything_overdue, missing_for_closing, stage_of
from sop.incident.state import IncidentState
from sop.ladder import arm
from sop.models import Actor, Role, TaskKind, TaskRecord
from sop.object_rules import ObjectKind
from sop.policy import IncidentPolicy, Starts

OPENED = "opened"
"""Why a breach is escalated the first time; every other time, something of it is overdue."""


class IncidentCase(CaseFile[IncidentPolicy, IncidentState]):
    """The facts of one incident, and the only way to change them."""

    kind = ObjectKind.INCIDENT

    @property
    def stage(self) -> IncidentStage:
        """Where the incident stands."""
        return stage_of(self.state)

    @property
    def missing(self) -> tuple[str, ...]:
        """The clauses that stand between the incident and its end."""
        return missing_for_closing(self.state)

    @property
    def manager(self) -> Role:
        """Who is paged for a breach: the manager of its report, too (HOF-7.3)."""
        return next(
            (row.to for row in self.policy.escalation if row.starts == Starts.BREACH),
            Role.DUTY_MANAGER,
        )

    def warn_holder(self, message_id: str, body: str, now: datetime) -> None:
        """Put a warning to the holder into the outbox; without a holder, to the manager."""
        holder = self.holder
        recipient = f"principal:{holder}" if holder else f"role:{self.manager}"
        self.send("warning", message_id, recipient, body, now)

    def escalate(self, now: datetime, cause: str) -> None:
        """Page for the breach, on a new occasion; what happens at one moment is one page."""
        for row in self.policy.escalation:
            if row.starts != Starts.BREACH:
                continue
            begins = any(
                rung.rung == row.rung and (rung.armed or (rung.live and rung.status is None))
                for rung in self.state.rungs
            )
            if not begins:
                self.put_rung(arm(self.policy, row, self.state, base=now, now=now, cause=cause))

    def calm(self, now: datetime) -> None:
        """Take back the pages for what was overdue, once nothing is any more."""
        if anything_overdue(self.state):
            return
        for rung in self.state.rungs:
            if rung.cause != OPENED:
                self.spare(rung, now)

    def put_action(self, changed: CorrectiveAction) -> None:
        """Replace a corrective action by its name, or add it."""
        known = [action.action for action in self.state.actions]
        if changed.action in known:
            actions = [changed if a.action == changed.action else a for a in self.state.actions]
        else:
            actions = [*self.state.actions, changed]
        self.set(actions=tuple(actions))

    def put_action_task(
        self, action: CorrectiveAction, done_at: datetime | None = None, outcome: str | None = None
    ) -> None:
        """Open or end the owner's task."""
        self.put_task(
            TaskRecord(
                task_id=f"{self.state.case_id}/action/{action.action}",
                case_id=self.state.case_id,
                kind=TaskKind.CORRECTIVE_ACTION,
                assignee=action.owner,
                opened_at=action.opened_at,
                due_at=action.due_at,
                done_at=done_at,
                outcome=outcome,
            )
        )

    def close(self, outcome: str, actor: Actor, now: datetime, **detail: str) -> None:
        """End the incident: nothing that waits may outlive it."""
        for rung in self.state.rungs:
            self.spare(rung, now)
        for action in self.state.actions:
            if action.done_at is None:
                self.put_action_task(action, now, "not needed")
        self.set(closed_at=now, closed_by=actor.principal, outcome=outcome)
        self.record("incident.closed", actor, now, [CLAUSE, "HOF-4.3.2"], **detail)
