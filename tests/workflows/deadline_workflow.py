"""A workflow that computes a deadline. The sandbox runs this file anew, so it stands alone."""

from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from sop.calendar import Calendar, Pause, add_working


@workflow.defn
class DeadlineWorkflow:
    """Computes one deadline, as the procedures' workflows do."""

    @workflow.run
    async def run(
        self, calendar: Calendar, start: datetime, amount: timedelta, pause: Pause
    ) -> tuple[datetime | None, bool]:
        """Return the deadline, and whether the sandbox was on."""
        due = add_working(calendar, start, amount, [pause])
        return due, workflow.unsafe.in_sandbox()
