"""Temporal's histories of cases: found with all their runs and escalations, and deleted."""

from collections.abc import AsyncIterator, Collection, Mapping
from typing import NoReturn

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities.disposal_ports import HistoriesUnavailableError

_RUNNING_CASES = (
    "ExecutionStatus = 'Running' AND WorkflowType IN ('InquiryWorkflow', 'HandoffWorkflow', "
    "'IncidentWorkflow', 'DutyWorkflow', 'PrivacyRequestWorkflow')"
)

Run = tuple[str, str]
"""A workflow's id and one run's."""


class TemporalHistories:
    """Implements `activities.disposal_ports.HistoriesPort`.

    What lists say may be some moments old; so each run that they name is asked for its status, and
    the case itself is asked for whether they name it or not.
    """

    def __init__(self, client: Client) -> None:
        """Ask a client's namespace."""
        self._client = client

    async def running(self, case_ids: Collection[str]) -> frozenset[str]:
        """Return the cases of which a workflow runs: the case's own, or an escalation.

        Raises:
            HistoriesUnavailableError: Try again.
        """
        found = [case_id for case_id in case_ids if await self._runs(case_id)]
        return frozenset(found)

    async def without_workflow(self, case_ids: Collection[str]) -> frozenset[str]:
        """Return the cases of which no workflow runs; for many cases cheaper than `running`.

        Raises:
            HistoriesUnavailableError: Try again.
        """
        if not case_ids:
            return frozenset()
        try:
            listed = {found.id async for found in self._client.list_workflows(_RUNNING_CASES)}
        except RPCError as error:
            _unavailable(error)
        left = frozenset(case_ids) - listed
        return left - await self.running(left)

    async def forget(self, case_ids: Collection[str]) -> Mapping[str, int]:
        """Delete the histories of cases, of their escalations and of all their runs.

        Raises:
            HistoriesUnavailableError: Try again.
        """
        deleted = {}
        for case_id in case_ids:
            runs = [run async for run in self._ended(case_id)]
            deleted[case_id] = sum([await self._delete(run) for run in runs])
        return deleted

    async def remembered(self, case_ids: Collection[str]) -> frozenset[str]:
        """Return the cases of which Temporal still shows something.

        Raises:
            HistoriesUnavailableError: Try again.
        """
        found = [case_id for case_id in case_ids if await self._all(case_id)]
        return frozenset(found)

    async def _runs(self, case_id: str) -> bool:
        for run in await self._all(case_id):
            if await self._status(run) is WorkflowExecutionStatus.RUNNING:
                return True
        return False

    async def _ended(self, case_id: str) -> AsyncIterator[Run]:
        for run in await self._all(case_id):
            status = await self._status(run)
            if status not in {None, WorkflowExecutionStatus.RUNNING}:
                yield run

    async def _all(self, case_id: str) -> list[Run]:
        """Return all runs of a case and its escalations that the server shows."""
        mine = f"WorkflowId = '{case_id}'"
        escalations = f"WorkflowId STARTS_WITH 'escalation-{case_id}-'"
        runs = set[Run]()
        try:
            async for found in self._client.list_workflows(f"{mine} OR {escalations}"):
                runs.add((found.id, found.run_id))
            known = await self._client.get_workflow_handle(case_id).describe()
            runs.add((known.id, known.run_id))
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                _unavailable(error)
        return sorted(runs)

    async def _status(self, run: Run) -> WorkflowExecutionStatus | None:
        """Return how a run stands; None: it is not there any more."""
        workflow_id, run_id = run
        handle = self._client.get_workflow_handle(workflow_id, run_id=run_id)
        try:
            return (await handle.describe()).status
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            _unavailable(error)

    async def _delete(self, run: Run) -> int:
        workflow_id, run_id = run
        request = DeleteWorkflowExecutionRequest(
            namespace=self._client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id),
        )
        try:
            await self._client.workflow_service.delete_workflow_execution(request)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return 0
            _unavailable(error)
        return 1


def _unavailable(error: RPCError) -> NoReturn:
    raise HistoriesUnavailableError(f"Temporal did not answer: {error.status.name}") from None
