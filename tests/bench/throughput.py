"""Cases per second against the bare workflow: alternating rounds on one server and one database."""

import asyncio
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from temporalio.client import Client

from runtime.devserver import DevServer
from sop.messages import InquiryOpening
from sop.state import InquiryStart
from tests.api.callers import inquiry
from tests.desk import ANNA, CONFIRMED, RESOLVED, VERIFIED, Desk, a_desk, shipped_policy
from tests.processes import running

QUEUE, BARE_QUEUE = "throughput", "bare throughput"
ROOT = Path(__file__).parents[2]
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Round:
    """One side's round.

    Attributes:
        rate: Cases per second, from the first opening to the last closing.
        worker, server, driver: CPU milliseconds per case of each process.
    """

    rate: float
    worker: float
    server: float
    driver: float


@dataclass
class Side:
    """One of the two that are compared."""

    name: str
    case: Callable[[str], Awaitable[None]]
    worker_pid: int
    rounds: list[Round] = field(default_factory=list)

    async def play(self, cases: int, at_once: int, server_pid: int) -> Round:
        """Open cases and work them to their end, so many at once."""
        keys = iter([uuid.uuid4().hex for _ in range(cases)])

        async def one_after_the_other() -> None:
            for key in keys:
                await self.case(key)

        before, began = self._cpu(server_pid), time.monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(one_after_the_other())
        took = time.monotonic() - began
        used = [(b - a) / cases for a, b in zip(before, self._cpu(server_pid), strict=True)]
        return Round(cases / took, *used)

    def _cpu(self, server_pid: int) -> list[float]:
        return [cpu_ms(pid) for pid in (self.worker_pid, server_pid, os.getpid())]


def cpu_ms(pid: int) -> float:
    """Return the CPU milliseconds that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / _TICKS


@asynccontextmanager
async def sides(server: DevServer, url: str) -> AsyncIterator[tuple[Side, Side]]:
    """Run a worker of each kind, as processes of their own; ours is `handrail worker`."""
    async with AsyncExitStack() as stack:
        policy = shipped_policy()
        desk = await stack.enter_async_context(
            a_desk(server, url, QUEUE, policy, staffed=False)
        )
        ours = await stack.enter_async_context(
            running(
                "worker",
                ready="worker.started",
                HANDRAIL_DATABASE_URL=url,
                HANDRAIL_TASK_QUEUE=QUEUE,
                TEMPORAL_ADDRESS=server.address,
            )
        )
        bare_pid = await stack.enter_async_context(_bare_worker(server, url))
        client = await Client.connect(server.address)
        yield (
            Side("Handrail", lambda key: _inquiry(desk, key), ours.process.pid),
            Side("bare", _bare(client, desk), bare_pid),
        )


async def _inquiry(desk: Desk, key: str) -> None:
    opened = await desk.cases.open(opening(key), actor=ANNA, key=key, digest=key)
    await desk.do(opened.case_id, VERIFIED, RESOLVED, CONFIRMED)


def _bare(client: Client, desk: Desk) -> Callable[[str], Awaitable[None]]:
    start = payload_of(desk)

    async def case(key: str) -> None:
        handle = await client.start_workflow(
            "BareWorkflow", start, id=f"bare-{key}", task_queue=BARE_QUEUE
        )
        for step in (VERIFIED, RESOLVED, CONFIRMED):
            await handle.execute_update("take", step.model_dump(mode="json"))

    return case


def payload_of(desk: Desk) -> dict[str, Any]:
    """Return what the workflow of an inquiry is started with, as plain values."""
    start = InquiryStart(
        case_id="inquiry-0123456789abcdef0123",
        policy=desk.cases.policy.case,
        opened_by=ANNA,
        received_at=datetime.now(UTC),
        opening=opening(uuid.uuid4().hex),
        digest=uuid.uuid4().hex,
    )
    return start.model_dump(mode="json")


def opening(key: str) -> InquiryOpening:
    """Return an inquiry of a customer of its own, received and categorised."""
    return InquiryOpening.model_validate({**inquiry(), "customer": {"customer_id": key}})


@asynccontextmanager
async def _bare_worker(server: DevServer, url: str) -> AsyncIterator[int]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.bare_worker", server.address, url, BARE_QUEUE,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    try:
        yield process.pid
    finally:
        process.terminate()
        await process.wait()
