"""The Updates of a duty, and what it does besides: looking a training up (INQ-8, HOF-6).

A base class in a file of its own: the sandbox runs the workflow's file anew for every duty, and
this one is passed through.
"""

import asyncio

from activities.duties import DutyActivities
from sop import messages as m
from sop.duty import messages as d
from sop.duty.duty import Duty
from sop.duty.models import DutyStage, Renewal
from sop.duty.state import DutyState
from sop.models import Payload
from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from workflows.casework import Casework
from workflows.options import LOOK_UP


class DutyView(Payload):
    """The whole state of a duty, and what follows from it."""

    stage: DutyStage
    holder: str | None
    level: int
    next_deadline: str | None
    state: DutyState


class DutySteps(Casework):
    """The steps of a duty."""

    case: Duty

    async def act(self) -> None:
        """See whether the training of a reminder was recorded, when it is to be looked up."""
        renewal = self.case.order.renewal
        if renewal is None or not self.case.state.looking:
            return
        renewed = await self._is_renewed(renewal)
        self.case.looked(workflow.now(), renewed=renewed)
        self.changed = True

    async def _is_renewed(self, renewal: Renewal) -> bool:
        """Ask for a while; who cannot be told counts as not trained, and is looked up again."""
        try:
            return await workflow.execute_activity_method(
                DutyActivities.is_renewed,
                renewal,
                summary="See whether the training was recorded",
                **LOOK_UP,
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise asyncio.CancelledError from None
            return False

    @workflow.query(description="The whole state of the duty")
    def state(self) -> DutyView:
        """Return everything the duty knows."""
        deadline = self.case.next_deadline()
        return DutyView(
            stage=self.case.stage,
            holder=self.case.holder,
            level=self.case.level,
            next_deadline=f"{deadline.what} {deadline.at.isoformat()}" if deadline else None,
            state=self.case.state,
        )

    @workflow.update(description="Say what came of the duty")
    async def complete_duty(self, step: d.CompleteDuty) -> m.Receipt:
        """Complete the duty."""
        return await self.take(step)

    @complete_duty.validator
    def _check_complete_duty(self, step: d.CompleteDuty) -> None:
        self.check(step)

    @workflow.update(description="Assign or reassign the duty")
    async def assign_duty(self, step: d.AssignDuty) -> m.Receipt:
        """Assign the duty."""
        return await self.take(step)

    @assign_duty.validator
    def _check_assign_duty(self, step: d.AssignDuty) -> None:
        self.check(step)

    @workflow.update(description="Add a note")
    async def add_note(self, step: d.AddDutyNote) -> m.Receipt:
        """Add a note to the journal."""
        return await self.take(step)

    @add_note.validator
    def _check_add_note(self, step: d.AddDutyNote) -> None:
        self.check(step)
