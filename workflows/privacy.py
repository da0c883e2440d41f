"""A privacy request: erasure, export, or a hold (HOF-5.1). One request is one workflow.

Kept thin: the sandbox runs this file anew for every case.
"""

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from sop.privacy.request import PrivacyRequest
    from sop.privacy.state import PrivacyOutcome, PrivacyStart

    from workflows.flushing import to_the_end
    from workflows.privacy_steps import PrivacySteps


@workflow.defn(name="PrivacyRequestWorkflow")
class PrivacyRequestWorkflow(PrivacySteps):
    """Verified, approved by one, released by another, done, answered in the time of the law."""

    @workflow.init
    def __init__(self, start: PrivacyStart) -> None:
        """Take up the request: a new one, or one that was continued as new."""
        self.start = start
        self.case: PrivacyRequest = PrivacyRequest.begin(start, workflow.now())
        self.take_up(self.case, "privacy")

    @workflow.run
    async def run(self, start: PrivacyStart) -> PrivacyOutcome:
        """Follow the request until it is closed; what was released is not cancelled any more."""
        while not self.case.closed:
            try:
                await self.follow_the_case()
            except asyncio.CancelledError:
                self.case.cancel(workflow.now())
        await to_the_end(self.end())
        return self.case.outcome()

    def to_continue(self) -> PrivacyStart:
        """Return the input with which the request continues as new."""
        return self.case.to_continue(self.start)
