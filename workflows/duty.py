"""What a schedule has opened for somebody (INQ-8, HOF-6). One duty is one workflow.

Kept thin: the sandbox runs this file anew for every duty.
"""

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from sop.duty.duty import Duty
    from sop.duty.state import DutyEnd, DutyStart

    from workflows.duty_steps import DutySteps
    from workflows.flushing import to_the_end


@workflow.defn(name="DutyWorkflow")
class DutyWorkflow(DutySteps):
    """Opened, done in time or escalated, ended with what came of it."""

    @workflow.init
    def __init__(self, start: DutyStart) -> None:
        """Take up the duty: a new one, or one that was continued as new."""
        self.start = start
        self.case: Duty = Duty.begin(start, workflow.now())
        self.take_up(self.case, "duty")

    @workflow.run
    async def run(self, start: DutyStart) -> DutyEnd:
        """Follow the duty until somebody has done it."""
        try:
            await self.follow_the_case()
        except asyncio.CancelledError:
            self.case.cancel(workflow.now())
        await to_the_end(self.end())
        return self.case.outcome()

    def to_continue(self) -> DutyStart:
        """Return the input with which the duty continues as new."""
        return self.case.to_continue(self.start)
