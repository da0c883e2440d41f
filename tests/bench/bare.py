"""The bare workflow that the plain path is compared with: the same commands, and nothing else.

It has the plain path's three Updates, four local activities, two timers (one of them cancelled)
and three changes of search attributes, in as many workflow tasks. It takes the same input, as a
plain dictionary. It has no state but two counters, no validators, no decisions, no summaries.
"""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from tests.bench.bare_activity import BareActivity
    from workflows.search_attributes import CASE_NEXT_DEADLINE, CASE_STAGE

AT_ONCE = timedelta(seconds=2)


@workflow.defn(name="BareWorkflow")
class BareWorkflow:
    """Waits for three Updates; each ends in one row."""

    @workflow.init
    def __init__(self, start: dict[str, Any]) -> None:
        """Count from nothing."""
        self.taken = 0
        self.written = 0

    @workflow.run
    async def run(self, start: dict[str, Any]) -> str:
        """Wait, change the attributes, write a row; three times."""
        timer = asyncio.create_task(workflow.sleep(timedelta(hours=36)))
        await self._write()
        await self._step(1, "in_progress")
        await workflow.wait_condition(lambda: self.taken == 2)
        timer.cancel()
        timer = asyncio.create_task(workflow.sleep(timedelta(days=1)))
        await self._step(2, "follow_up")
        await self._step(3, "closed")
        await workflow.wait_condition(workflow.all_handlers_finished)
        return "closed"

    @workflow.update
    async def take(self, step: dict[str, Any]) -> int:
        """Take a step, and answer when its row is written."""
        self.taken += 1
        number = self.taken
        await workflow.wait_condition(lambda: self.written > number)
        return number

    async def _step(self, number: int, stage: str) -> None:
        await workflow.wait_condition(lambda: self.taken >= number)
        workflow.upsert_search_attributes(
            [CASE_STAGE.value_set(stage), CASE_NEXT_DEADLINE.value_set(workflow.now())]
        )
        await self._write()

    async def _write(self) -> None:
        await workflow.execute_local_activity_method(
            BareActivity.write,
            f"{workflow.info().workflow_id}/{self.written}",
            start_to_close_timeout=AT_ONCE,
        )
        self.written += 1
