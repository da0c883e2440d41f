"""Handing exception and incident reports to the incident management system (HOF-7.3).

A report is written with its journal entry; that system is another one in most companies, so it
gets each report afterwards, once, for as long as it takes.
"""

import asyncio
from typing import Any

from activities.incidents import IncidentActivities
from sop.procedure import Procedure
from temporalio import workflow
from temporalio.exceptions import FailureError

from workflows.options import FILE_REPORT


class Filing:
    """Files the reports of one case, one after the other, beside everything else."""

    def __init__(self, case: Procedure[Any, Any, Any]) -> None:
        self._case = case
        self._task: asyncio.Task[None] | None = None

    def follow(self) -> None:
        """File what is not filed yet."""
        if self._case.reports_to_file() and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._file())

    @property
    def failed(self) -> bool:
        """It ended by a defect, which the main coroutine then shows."""
        return self._task is not None and self._task.done() and self._task.exception() is not None

    async def drained(self) -> None:
        """Wait until everything is filed."""
        self.follow()
        if self._task is not None:
            await self._task

    async def _file(self) -> None:
        while reports := self._case.reports_to_file():
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
