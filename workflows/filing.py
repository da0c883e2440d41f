"""Handing exception and incident reports to the incident management system (HOF-7.3).

A report is written with its journal entry; that system is another one in most companies, so it
gets each report afterwards, once, for as long as it takes (docs/adr/0014…).
"""

import asyncio
from typing import Any

from activities.incidents import IncidentActivities
from sop.procedure import Procedure
from temporalio import workflow
from temporalio.exceptions import FailureError

from workflows.flushing import Journal
from workflows.options import FILE_REPORT


class Filing:
    """Files the reports of one case, one after the other, beside everything else.

    What is under way when the case continues as new is filed again from there: the port knows a
    report by its id.
    """

    def __init__(self, case: Procedure[Any, Any, Any], journal: Journal) -> None:
        self._case = case
        self._journal = journal
        self._task: asyncio.Task[None] | None = None

    def follow(self) -> None:
        """File what is not filed yet.

        Raises:
            Exception: A defect ended the filing; the task fails where it is seen.
        """
        if self._task is not None and self._task.done():
            self._task.result()
            self._task = None
        if self._task is None and self._case.reports_to_file():
            self._task = asyncio.create_task(self._file())

    @property
    def failed(self) -> bool:
        """It ended by a defect, which `follow` shows."""
        return self._task is not None and self._task.done() and self._task.exception() is not None

    async def drained(self) -> None:
        """Wait until everything is filed.

        The task itself is not awaited: that would hand it a cancellation of whoever waits.
        """
        self.follow()
        await workflow.wait_condition(lambda: self._task is None or self._task.done())
        self.follow()

    async def _file(self) -> None:
        while reports := self._case.reports_to_file():
            await self._journal.drained()  # the register has a report before the other system has
            report = reports[0]
            try:
                await workflow.execute_activity_method(
                    IncidentActivities.file_report,
                    report,
                    summary=f"File the report {report.kind.replace('_', ' ')}",
                    **FILE_REPORT,
                )
            except FailureError:  # an operator has failed the activity: it is not filed by that
                workflow.logger.warning("report.repeated", extra={"kind": str(report.kind)})
            else:
                self._case.filed(report.report_id)
