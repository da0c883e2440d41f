"""A worker that dies by SIGKILL between the commit of a flush or a report and its completion."""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from activities.ports import FlushReceipt
from adapters.crm import SqlCrm
from adapters.database import Database, Limits
from adapters.duty_reads import SqlDutySource
from adapters.incidents import SqlIncidents
from adapters.oncall import OutboxOnCall
from adapters.secure_mail import OutboxSecureMail
from runtime.process import run_and_leave
from runtime.temporal import connect
from sop.outgoing import FlushBatch
from sop.registers import IncidentReport
from tests.keyrings import shared_keyring
from workers.worker import Outside, WorkerLimits, make_worker


class DyingIncidents(SqlIncidents):
    """Files a report, and dies before anybody learns of it."""

    def __init__(self, database: Database, died: Path) -> None:
        """Die at the first report."""
        super().__init__(database)
        self._died = died

    def file(self, report: IncidentReport) -> str:
        """File the report; then die, once."""
        reference = super().file(report)
        _die_once(self._died)
        return reference


class DyingCrm(SqlCrm):
    """Commits, and dies before anybody learns of it."""

    def __init__(self, database: Database, kind: str, died: Path) -> None:
        """Die at the first flush that holds an entry of this kind."""
        super().__init__(database)
        self._kind, self._died = kind, died

    def flush(self, batch: FlushBatch) -> FlushReceipt:
        """Write the batch; then die, once."""
        receipt = super().flush(batch)
        if any(e.kind == self._kind for e in batch.outgoing.entries):
            _die_once(self._died)
        return receipt


def _die_once(died: Path) -> None:
    if not died.exists():
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)


async def work(address: str, url: str, task_queue: str, kind: str, died: str) -> int:
    """Run until killed, or told to stop."""
    database = Database(url, Limits(pool_size=8), shared_keyring())
    filing = kind == "report.filed"
    incidents = DyingIncidents(database, Path(died)) if filing else SqlIncidents(database)
    worker = make_worker(
        await connect(shared_keyring(), address=address),
        Outside(
            crm=DyingCrm(database, kind, Path(died)),
            on_call=OutboxOnCall(database),
            incidents=incidents,
            mail=OutboxSecureMail(database, sender="desk@example.org"),
            duties=SqlDutySource(database),
        ),
        task_queue=task_queue,
        limits=WorkerLimits(
            workflow_task_slots=10,
            activity_slots=4,
            local_activity_slots=4,
            graceful_shutdown=timedelta(seconds=1),
            sticky_timeout=timedelta(seconds=1),
        ),
    )
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with worker:
        await stop.wait()
    return 0


if __name__ == "__main__":
    run_and_leave(lambda: asyncio.run(work(*sys.argv[1:])))
