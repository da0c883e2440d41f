"""The bare workflow's worker, with the slots of ours: `python -m tests.bench.bare_worker …`."""

import asyncio
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

from temporalio.client import Client
from temporalio.worker import Worker

from adapters.database import Database, Limits
from runtime.process import run_and_leave
from runtime.settings import Settings
from tests.bench.bare import BareWorkflow
from tests.bench.bare_activity import BareActivity


async def work(address: str, url: str, task_queue: str) -> int:
    """Run until told to stop. The client has no plugin, no interceptor, no pydantic."""
    settings = Settings()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    database = Database(url, Limits(pool_size=settings.database_pool_size))
    slots = settings.activity_slots + settings.local_activity_slots
    worker = Worker(
        await Client.connect(address),
        task_queue=task_queue,
        workflows=[BareWorkflow],
        activities=[BareActivity(database).write],
        activity_executor=ThreadPoolExecutor(slots),
        max_concurrent_workflow_tasks=settings.workflow_task_slots,
        max_concurrent_activities=settings.activity_slots,
        max_concurrent_local_activities=settings.local_activity_slots,
    )
    async with worker:
        print("ready", flush=True)
        await stop.wait()
    database.close()
    return 0


if __name__ == "__main__":
    run_and_leave(lambda: asyncio.run(work(*sys.argv[1:])))
