"""SOP: Customer Inquiry Handling Protocol. One inquiry is one workflow.

Kept thin: the sandbox runs this file anew for every case.
"""

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from sop.describe import details
    from sop.inquiry import Inquiry
    from sop.state import InquiryOutcome, InquiryStart

    from workflows.alarm import Alarm
    from workflows.escalating import Escalations
    from workflows.flushing import Journal, to_the_end
    from workflows.indexing import Listing, of_case
    from workflows.inquiry_steps import InquirySteps


@workflow.defn(name="InquiryWorkflow")
class InquiryWorkflow(InquirySteps):
    """Reception, categorisation, verification, response, escalation, resolution, follow-up."""

    @workflow.init
    def __init__(self, start: InquiryStart) -> None:
        """Take up the case: a new one, or one that was continued as new."""
        self.start = start
        self.case = Inquiry.begin(start, workflow.now())
        self.journal = Journal(
            stream=workflow.info().workflow_id,
            case_id=start.case_id,
            source=self.case,
            row=self.case.row,
            written=self.case.unwritten_from - 1,
        )
        self.escalations = Escalations(self.case)
        self.alarm = Alarm()
        self.listing = Listing(workflow.info().typed_search_attributes)
        self.changed = False
        self.worked = False
        self.keeper = asyncio.create_task(self.journal.keep())

    @workflow.run
    async def run(self, start: InquiryStart) -> InquiryOutcome:
        """Follow the case until every clause that gates closing is proved, or it was withdrawn."""
        try:
            await self._follow_the_case()
        except asyncio.CancelledError:
            self.case.cancel(workflow.now())
        await to_the_end(self._end())
        return self.case.outcome()

    async def _follow_the_case(self) -> None:
        while not self.case.closed:
            self.case.tick(workflow.now())
            await self.escalations.follow(worked=self._worked())
            self._show()
            if workflow.info().is_continue_as_new_suggested():
                await self._continue_as_new()
            await self._until_something_happens()

    async def _until_something_happens(self) -> None:
        self.alarm.set(self.case.next_deadline())
        await workflow.wait_condition(lambda: self.changed or self.keeper.done() or self.alarm.rang)
        if self.keeper.done():
            self.keeper.result()  # a defect: let the task fail where it is seen
        self.changed = False

    def _worked(self) -> bool:
        worked, self.worked = self.worked, False
        return worked

    def _show(self) -> None:
        workflow.set_current_details(details(self.case))
        self.listing.tell(of_case(self.case))

    async def _end(self) -> None:
        await self.escalations.follow(worked=False)
        self._show()
        await self.journal.drained()
        await workflow.wait_condition(workflow.all_handlers_finished)

    async def _continue_as_new(self) -> None:
        await self.journal.drained()
        await workflow.wait_condition(workflow.all_handlers_finished)
        if not self.changed:  # else what happened meanwhile comes first
            workflow.continue_as_new(self.case.to_continue(self.start))
