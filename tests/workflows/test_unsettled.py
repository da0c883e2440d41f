"""A step is answered although something else reached its case while the step was being done."""

import asyncio
from pathlib import Path

from activities.ports import FlushReceipt
from adapters.crm import SqlCrm
from runtime.devserver import DevServer
from sop.messages import EscalationReport
from sop.outgoing import FlushBatch
from sop.policy import Policy
from tests.desk import CONFIRMED, RESOLVED, VERIFIED, Desk, a_desk, a_worker, sqlite_url

HEARSAY = EscalationReport(rung="none", occasion=1, level=1, status="paging", role="team_leader")


class InterruptedCrm(SqlCrm):
    """Lets a signal reach the case while its last entry is written: its task has to be repeated."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.database)
        self.desk = desk
        self.loop = asyncio.get_running_loop()
        self.interruptions = 0

    def flush(self, batch: FlushBatch) -> FlushReceipt:
        """Write the batch, and let something happen meanwhile, once."""
        if any(e.kind == "inquiry.closed" for e in batch.outgoing.entries):
            self.interruptions += 1
            if self.interruptions == 1:
                signal = self.desk.handle(batch.case_id).signal("escalation_reported", HEARSAY)
                asyncio.run_coroutine_threadsafe(signal, self.loop).result(timeout=10)
        return super().flush(batch)


async def test_a_step_that_closes_its_case_is_answered_although_a_signal_came_in_between(
    server: DevServer, policy: Policy, tmp_path: Path
) -> None:
    url = sqlite_url(tmp_path)
    async with a_desk(server, url, "interrupted", policy, staffed=False) as desk:
        crm = InterruptedCrm(desk)
        async with a_worker(desk, crm):
            case_id = await desk.open("interrupted")
            closed = await desk.do(case_id, VERIFIED, RESOLVED, CONFIRMED)
        assert closed.stage == "closed"
        assert "workflow_task_failed" in await desk.events(case_id)
        assert (await desk.kinds(case_id)).count("inquiry.closed") == 1
