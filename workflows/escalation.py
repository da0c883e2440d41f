"""One escalation: page, wait for the acknowledgement, repeat, go up the chain (INQ-6)."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.failures import refusal
    from activities.paging import PagingActivities
    from activities.ports import Page
    from sop.errors import SopError
    from sop.escalation import Escalation, EscalationStart
    from sop.messages import Acknowledge, Receipt
    from sop.models import Deadline

    from workflows.alarm import Alarm
    from workflows.flushing import Journal, to_the_end
    from workflows.indexing import Listing, of_escalation
    from workflows.options import PAGE, REPORT_EVERY_PAGES


CANCELLED = "cancelled by an operator"


@workflow.defn(name="EscalationWorkflow")
class EscalationWorkflow:
    """Ends only when the case no longer needs anybody: a person's acknowledgement is a lease."""

    @workflow.init
    def __init__(self, start: EscalationStart) -> None:
        """Take up the escalation: a new one, or one that was continued as new."""
        self.start = start
        self.escalation = Escalation(start)
        self.journal = Journal(
            stream=start.escalation_id,
            case_id=start.case_id,
            source=self.escalation,
            written=self.escalation.unwritten_from - 1,
        )
        self.alarm = Alarm()
        self.listing = Listing(workflow.info().typed_search_attributes)
        self.reported = self.escalation.report()
        self.reported_pages = self.escalation.state.pages
        self.changed = False
        self.needless: str | None = None
        self.keeper = asyncio.create_task(self.journal.keep())

    @workflow.run
    async def run(self, start: EscalationStart) -> None:
        """Page until a person has taken it, and again when nothing follows."""
        try:
            while self.needless is None:
                if self.escalation.tick(workflow.now()):
                    await self._page()
                await self._report()
                if workflow.info().is_continue_as_new_suggested():
                    await self._continue_as_new()
                await self._until_something_happens()
        except asyncio.CancelledError:
            self.needless = CANCELLED
        await to_the_end(self._end())

    @workflow.update(description="Take the escalation at the level at which it stands")
    async def acknowledge(self, step: Acknowledge) -> Receipt:
        """Take the escalation."""
        info = workflow.current_update_info()
        cause = info.id if info else "acknowledge"
        answer = self.escalation.state.seen.get(cause)
        if answer is None:
            try:
                answer = self.escalation.acknowledge(step, workflow.now(), cause=cause)
            except SopError as error:
                raise refusal(error) from None
            self.changed = True
        recorded = await self.journal.wait_for(answer.seq)
        return answer.model_copy(update={"recorded": recorded})

    @acknowledge.validator
    def _check_acknowledge(self, step: Acknowledge) -> None:
        info = workflow.current_update_info()
        if info is not None and info.id in self.escalation.state.seen:
            return
        try:
            self.escalation.check(step)
        except SopError as error:
            raise refusal(error) from None

    @workflow.signal(description="There was work on the case: the lease is renewed")
    def case_worked(self) -> None:
        """Renew the lease."""
        self.escalation.worked(workflow.now())
        self.changed = True

    @workflow.signal(description="The case no longer needs this escalation")
    def stand_down(self) -> None:
        """End the escalation."""
        self.needless = "the case no longer needs it"
        self.changed = True

    async def _page(self) -> None:
        escalation = self.escalation
        number = escalation.state.pages + 1
        await workflow.execute_activity_method(
            PagingActivities.page,
            self._to_page(number),
            summary=f"Page {number} to the {escalation.role.replace('_', ' ')}",
            **PAGE,
        )
        escalation.paged(workflow.now())

    def _to_page(self, number: int) -> Page:
        escalation = self.escalation
        return Page(
            page_id=f"{self.start.escalation_id}/{number}",
            case_id=self.start.case_id,
            role=escalation.role,
            rung=self.start.rung,
            level=escalation.state.level,
            text=escalation.page_text(),
        )

    async def _report(self) -> None:
        workflow.set_current_details(self.escalation.details())
        self.listing.tell(of_escalation(self.escalation))
        report, pages = self.escalation.report(), self.escalation.state.pages
        if report == self.reported and pages < self.reported_pages + REPORT_EVERY_PAGES:
            return
        self.reported, self.reported_pages = report, pages
        case = workflow.get_external_workflow_handle(self.start.case_id)
        try:
            await case.signal("escalation_reported", report)
        except ApplicationError:
            self.needless = "the case is closed"

    async def _until_something_happens(self) -> None:
        at = self.escalation.next_deadline()
        self.alarm.set(Deadline(at=at, what=self.escalation.waits_for) if at else None)
        await workflow.wait_condition(
            lambda: (
                self.changed or self.needless is not None or self.keeper.done() or self.alarm.rang
            )
        )
        if self.keeper.done():
            self.keeper.result()  # a defect: let the task fail where it is seen
        self.changed = False

    async def _end(self) -> None:
        because = self.needless or ""
        self.escalation.end(workflow.now(), because)
        workflow.set_current_details(self.escalation.details())
        self.listing.tell(of_escalation(self.escalation))
        if self.escalation.state.pages > 0:
            await workflow.execute_activity_method(
                PagingActivities.cancel_page,
                self._to_page(self.escalation.state.pages),
                summary="Take the page back",
                **PAGE,
            )
        if because == CANCELLED:  # every other end is the case's own doing
            await self._report()
        await self.journal.drained()
        await workflow.wait_condition(workflow.all_handlers_finished)

    async def _continue_as_new(self) -> None:
        await self.journal.drained()
        await workflow.wait_condition(workflow.all_handlers_finished)
        if not self.changed:  # else what happened meanwhile comes first
            workflow.continue_as_new(self.start.model_copy(update={"state": self.escalation.state}))
