"""What the workflows of all procedures have in common: taking steps, following the clock, ending.

A base class in a file of its own: the sandbox runs the workflow's file anew for every case, and
this one is passed through.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from activities.failures import refusal
from sop import messages as m
from sop.errors import SopError
from sop.models import Payload
from sop.procedure import Procedure
from temporalio import workflow

from workflows.alarm import Alarm
from workflows.escalating import Escalations
from workflows.filing import Filing
from workflows.flushing import Journal
from workflows.indexing import Listing, of_case


class Casework:
    """Takes the steps, and follows a case. Handlers change state; the main coroutine acts."""

    case: Procedure[Any, Any, Any]
    journal: Journal
    changed: bool
    worked: bool
    to_continue: Callable[[], Payload]
    """Each workflow's own: returns the input with which its case continues as new."""

    def take_up(self, case: Procedure[Any, Any, Any], row: str) -> None:
        """Begin with a case: a new one, or one that was continued as new.

        Args:
            case: The case.
            row: The field of a flush that its row goes into.
        """
        self.case = case
        self.journal = Journal(
            stream=workflow.info().workflow_id,
            case_id=case.state.case_id,
            source=case,
            row=lambda: {row: case.row()},
            written=case.unwritten_from - 1,
        )
        self.escalations = Escalations(case)
        self.filing = Filing(case, self.journal)
        self.alarm = Alarm()
        self.listing = Listing(workflow.info().typed_search_attributes)
        self.changed = False
        self.worked = False
        self.keeper = asyncio.create_task(self.journal.keep())

    def check(self, step: m.Command) -> None:
        """Refuse a step before it enters history; let one through that was answered before."""
        if self.case.answered(_update_id()) is not None:
            return
        try:
            self.case.check(step, workflow.now())
        except SopError as error:
            raise refusal(error) from None

    async def take(self, step: m.Command) -> m.Receipt:
        """Apply a step, and answer when the CRM has it, or when its database is late."""
        cause = _update_id()
        answer = self.case.answered(cause)
        if answer is None:
            try:
                answer = self.case.apply(step, workflow.now(), cause=cause)
            except SopError as error:
                raise refusal(error) from None
            self.changed = self.worked = True
        recorded = await self.journal.wait_for(answer.seq)
        return answer.model_copy(update={"recorded": recorded})

    async def follow_the_case(self) -> None:
        """Do what is due, escalate, show it, and wait; until the case is closed."""
        while not self.case.closed:
            self.case.tick(workflow.now())
            await self.escalations.follow(worked=self._worked())
            await self.act()
            self.show()
            if workflow.info().is_continue_as_new_suggested() and self.is_quiet():
                await self._continue_as_new()
            await self._until_something_happens()

    async def act(self) -> None:
        """Do what a procedure does besides, before it waits."""

    def is_quiet(self) -> bool:
        """Return whether nothing is under way that must end before the case continues as new."""
        return True

    async def until_quiet(self) -> None:
        """Wait for what is under way."""
        await workflow.wait_condition(self.is_quiet)

    def show(self) -> None:
        """Tell the Temporal UI where the case stands."""
        workflow.set_current_details(self.case.details())
        self.listing.tell(of_case(self.case))

    async def end(self) -> None:
        """End in order: escalations stood down, everything written and filed."""
        await self.escalations.follow(worked=False)
        await self.act()
        self.show()
        await self.filing.drained()
        await self.journal.drained()
        await workflow.wait_condition(workflow.all_handlers_finished)

    @workflow.signal(description="An escalation of this case says what changed")
    def escalation_reported(self, report: m.EscalationReport) -> None:
        """Note where an escalation stands: who holds it, at which level."""
        self.case.hear(report)
        self.changed = True

    @workflow.query(description="The clauses that stand between the case and closing")
    def missing(self) -> tuple[str, ...]:
        """Return what is missing for closing."""
        return self.case.missing

    async def _until_something_happens(self) -> None:
        self.alarm.set(self.case.next_deadline())
        self.filing.follow()
        await workflow.wait_condition(
            lambda: self.changed or self.keeper.done() or self.filing.failed or self.alarm.rang
        )
        if self.keeper.done():
            self.keeper.result()  # a defect: let the task fail where it is seen
        self.changed = False

    def _worked(self) -> bool:
        worked, self.worked = self.worked, False
        return worked

    async def _continue_as_new(self) -> None:
        # Reports that are not filed yet go along: the case does not stand still for them.
        await self.journal.drained()
        await workflow.wait_condition(workflow.all_handlers_finished)
        if not self.changed:  # else what happened meanwhile comes first
            workflow.continue_as_new(self.to_continue())


def _update_id() -> str:
    info = workflow.current_update_info()
    if info is None:
        raise RuntimeError("a step is only ever taken within an Update")
    return info.id
