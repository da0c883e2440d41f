"""The workflows that Temporal's schedules start: each opens the duties that are due, and ends.

Kept thin: the sandbox runs this file anew for every firing.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.duties import DutyActivities

    from workflows.opening import Opened, ScheduledStart, open_duties


@workflow.defn(name="OpenReviews")
class OpenReviews:
    """Opens the review of the procedure, every year and on change (INQ-8.1)."""

    @workflow.run
    async def run(self, start: ScheduledStart) -> Opened:
        """Open what is due."""
        return await open_duties(DutyActivities.reviews_due, start)


@workflow.defn(name="OpenTrainingReminders")
class OpenTrainingReminders:
    """Opens a reminder for each training that ends soon (INQ-8.2, HOF-6.1)."""

    @workflow.run
    async def run(self, start: ScheduledStart) -> Opened:
        """Open what is due."""
        return await open_duties(DutyActivities.reminders_due, start)


@workflow.defn(name="OpenAudits")
class OpenAudits:
    """Opens the audits of a sample of last month's closed cases (HOF-6.2)."""

    @workflow.run
    async def run(self, start: ScheduledStart) -> Opened:
        """Open what is due."""
        return await open_duties(DutyActivities.audits_due, start)
