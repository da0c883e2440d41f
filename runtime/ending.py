"""Ending a case that is still open because the person's data is to be erased (HOF-5.1)."""

import asyncio
from datetime import timedelta

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities.privacy_ports import TemporalUnavailableError

IN_ORDER_WITHIN = timedelta(minutes=1)
"""A case that has not ended by then is terminated: its worker is away, or it stands still."""

LOOK_AGAIN = timedelta(milliseconds=100)
REASON = "erasure"
"""Why a case is terminated; stands in clear in Temporal's database."""


class CaseEnding:
    """Implements `activities.privacy_ports.EndPort`.

    A case is cancelled: the one end that every procedure takes at every stage, with its journal
    written, its escalations stood down and its custody given back.
    """

    def __init__(self, client: Client, *, within: timedelta = IN_ORDER_WITHIN) -> None:
        self._client = client
        self._within = within

    async def end(self, case_id: str) -> bool:
        """Have a case end in order; return whether it had to be terminated.

        Raises:
            TemporalUnavailableError: Try again.
        """
        try:
            return await self._end(case_id)
        except RPCError as error:
            raise TemporalUnavailableError(str(error.status)) from None

    async def is_open(self, case_id: str) -> bool:
        """Return whether a case's workflow still runs.

        Raises:
            TemporalUnavailableError: Try again.
        """
        try:
            return await self._runs(case_id)
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return False
            raise TemporalUnavailableError(str(error.status)) from None

    async def _end(self, case_id: str) -> bool:
        handle = self._client.get_workflow_handle(case_id)
        try:
            await handle.cancel()
            async with asyncio.timeout(self._within.total_seconds()):
                await self._until_ended(case_id)
        except TimeoutError:
            await self._terminate(case_id)
            return True
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:  # it has ended meanwhile
                raise
        return not await self._has_completed(case_id)

    async def _terminate(self, case_id: str) -> None:
        """Terminate a case and its escalations, which would page for nothing."""
        query = f"WorkflowId STARTS_WITH 'escalation-{case_id}-' AND ExecutionStatus = 'Running'"
        pages = [run.id async for run in self._client.list_workflows(query)]
        for workflow_id in (case_id, *pages):
            try:
                await self._client.get_workflow_handle(workflow_id).terminate(reason=REASON)
            except RPCError as error:
                if error.status != RPCStatusCode.NOT_FOUND:  # it has ended meanwhile
                    raise

    async def _until_ended(self, case_id: str) -> None:
        """Look again and again: a remote server has no event for it in this process."""
        while await self._runs(case_id):
            await asyncio.sleep(LOOK_AGAIN.total_seconds())

    async def _runs(self, case_id: str) -> bool:
        described = await self._client.get_workflow_handle(case_id).describe()
        return described.status == WorkflowExecutionStatus.RUNNING

    async def _has_completed(self, case_id: str) -> bool:
        """Return whether it ended by itself; of what Temporal knows no more, nobody can say."""
        try:
            described = await self._client.get_workflow_handle(case_id).describe()
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return False
            raise
        return described.status == WorkflowExecutionStatus.COMPLETED
