"""SOP: Customer Inquiry Handling Protocol. One inquiry is one workflow.

Kept thin: the sandbox runs this file anew for every case.
"""

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from sop.inquiry import Inquiry
    from sop.state import InquiryOutcome, InquiryStart

    from workflows.flushing import to_the_end
    from workflows.inquiry_steps import InquirySteps
    from workflows.starting import start_handoff


@workflow.defn(name="InquiryWorkflow")
class InquiryWorkflow(InquirySteps):
    """Reception, categorisation, verification, response, escalation, resolution, follow-up."""

    @workflow.init
    def __init__(self, start: InquiryStart) -> None:
        """Take up the case: a new one, or one that was continued as new."""
        self.start = start
        self.case: Inquiry = Inquiry.begin(start, workflow.now())
        self.take_up(self.case, "case")

    @workflow.run
    async def run(self, start: InquiryStart) -> InquiryOutcome:
        """Follow the case until every clause that gates closing is proved, or it was withdrawn."""
        try:
            await self.follow_the_case()
        except asyncio.CancelledError:
            self.case.cancel(workflow.now())
        await to_the_end(self.end())
        return self.case.outcome()

    async def act(self) -> None:
        """Start the handoffs that were opened from the inquiry."""
        while orders := self.case.state.handoffs_to_start:
            started = await start_handoff(orders[0])
            self.case.handoff_begun(orders[0], workflow.now(), started=started)

    def to_continue(self) -> InquiryStart:
        """Return the input with which the inquiry continues as new."""
        return self.case.to_continue(self.start)
