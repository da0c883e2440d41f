"""The Updates of an incident (HOF-6.3).

A base class in a file of its own: the sandbox runs the workflow's file anew for every case, and
this one is passed through.
"""

from sop import messages as m
from sop.incident import messages as i
from sop.incident.incident import Incident
from sop.incident.models import IncidentStage
from sop.incident.state import IncidentState
from sop.models import Payload
from temporalio import workflow

from workflows.casework import Casework


class IncidentView(Payload):
    """The whole state of an incident, and what follows from it."""

    stage: IncidentStage
    holder: str | None
    level: int
    missing: tuple[str, ...]
    next_deadline: str | None
    state: IncidentState


class IncidentSteps(Casework):
    """The steps of an incident."""

    case: Incident

    @workflow.query(description="The whole state of the incident")
    def state(self) -> IncidentView:
        """Return everything the incident knows."""
        deadline = self.case.next_deadline()
        return IncidentView(
            stage=self.case.stage,
            holder=self.case.holder,
            level=self.case.level,
            missing=self.case.missing,
            next_deadline=f"{deadline.what} {deadline.at.isoformat()}" if deadline else None,
            state=self.case.state,
        )

    @workflow.update(description="Say what is mended, by whom and by when")
    async def add_action(self, step: i.AddAction) -> m.Receipt:
        """Take up a corrective action."""
        return await self.take(step)

    @add_action.validator
    def _check_add_action(self, step: i.AddAction) -> None:
        self.check(step)

    @workflow.update(description="Say what came of a corrective action")
    async def complete_action(self, step: i.CompleteAction) -> m.Receipt:
        """Complete a corrective action."""
        return await self.take(step)

    @complete_action.validator
    def _check_complete_action(self, step: i.CompleteAction) -> None:
        self.check(step)

    @workflow.update(description="Record that the regulator was told")
    async def inform_regulator(self, step: i.InformRegulator) -> m.Receipt:
        """Note the notice to the regulator."""
        return await self.take(step)

    @inform_regulator.validator
    def _check_inform_regulator(self, step: i.InformRegulator) -> None:
        self.check(step)

    @workflow.update(description="Decide that the regulator need not be told")
    async def decide_not_notifiable(self, step: i.DecideNotNotifiable) -> m.Receipt:
        """Decide, as another person than who opened it."""
        return await self.take(step)

    @decide_not_notifiable.validator
    def _check_decide_not_notifiable(self, step: i.DecideNotNotifiable) -> None:
        self.check(step)

    @workflow.update(description="Close the incident: root cause, and what changed")
    async def close_incident(self, step: i.CloseIncident) -> m.Receipt:
        """Close the incident."""
        return await self.take(step)

    @close_incident.validator
    def _check_close_incident(self, step: i.CloseIncident) -> None:
        self.check(step)

    @workflow.update(description="Assign or reassign the incident")
    async def assign(self, step: i.AssignIncident) -> m.Receipt:
        """Assign the incident."""
        return await self.take(step)

    @assign.validator
    def _check_assign(self, step: i.AssignIncident) -> None:
        self.check(step)

    @workflow.update(description="Add a note (HOF-4.3.2)")
    async def add_note(self, step: i.AddIncidentNote) -> m.Receipt:
        """Add a note to the journal."""
        return await self.take(step)

    @add_note.validator
    def _check_add_note(self, step: i.AddIncidentNote) -> None:
        self.check(step)
