"""A breach of the procedure (HOF-6.3). One incident is one workflow.

Kept thin: the sandbox runs this file anew for every case.
"""

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from sop.incident.incident import Incident
    from sop.incident.state import IncidentOutcome, IncidentStart

    from workflows.flushing import to_the_end
    from workflows.incident_steps import IncidentSteps


@workflow.defn(name="IncidentWorkflow")
class IncidentWorkflow(IncidentSteps):
    """Escalated at once, corrective actions, the regulator's clock, closing."""

    @workflow.init
    def __init__(self, start: IncidentStart) -> None:
        """Take up the incident: a new one, or one that was continued as new."""
        self.start = start
        self.case: Incident = Incident.begin(start, workflow.now())
        self.take_up(self.case, "incident")

    @workflow.run
    async def run(self, start: IncidentStart) -> IncidentOutcome:
        """Follow the incident until everything is mended and the regulator settled."""
        try:
            await self.follow_the_case()
        except asyncio.CancelledError:
            self.case.cancel(workflow.now())
        await to_the_end(self.end())
        return self.case.outcome()

    def to_continue(self) -> IncidentStart:
        """Return the input with which the incident continues as new."""
        return self.case.to_continue(self.start)
