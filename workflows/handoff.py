"""SOP: Customer Identification and Handoff. One handoff is one workflow.

Kept thin: the sandbox runs this file anew for every case.
"""

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from sop.handoff.handoff import Handoff
    from sop.handoff.state import HandoffOutcome, HandoffStart

    from workflows.flushing import to_the_end
    from workflows.handoff_steps import HandoffSteps


@workflow.defn(name="HandoffWorkflow")
class HandoffWorkflow(HandoffSteps):
    """Identification, items, brief, notice, transfer, offer, acknowledgement or return."""

    @workflow.init
    def __init__(self, start: HandoffStart) -> None:
        """Take up the handoff: a new one, or one that was continued as new."""
        self.start = start
        self.case: Handoff = Handoff.begin(start, workflow.now())
        self.take_up(self.case, "handoff")
        self.begin_acting()

    @workflow.run
    async def run(self, start: HandoffStart) -> HandoffOutcome:
        """Follow the handoff until it is acknowledged, or custody came back and it is concluded."""
        try:
            await self.follow_the_case()
        except asyncio.CancelledError:
            await to_the_end(self.until_quiet())  # what is mailed cannot be called back
            self.case.cancel(workflow.now())
        await to_the_end(self.end())
        return self.case.outcome()

    def to_continue(self) -> HandoffStart:
        """Return the input with which the handoff continues as new."""
        return self.case.to_continue(self.start)
