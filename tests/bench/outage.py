"""What happens while the CRM's database is away for minutes, and after it is back (INQ-4.5.1)."""

import asyncio
import sqlite3
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from temporalio import activity

from activities.ports import CrmPort, FlushReceipt
from adapters.crm import SqlCrm
from adapters.duty_reads import SqlDutySource
from adapters.incidents import SqlIncidents
from adapters.oncall import OutboxOnCall
from adapters.secure_mail import OutboxSecureMail
from runtime.case_errors import NotAnsweredError
from runtime.devserver import DevServer
from runtime.settings import Settings
from sop import messages as m
from sop.outgoing import FlushBatch
from tests.bench.history import kinds_of, own_events
from tests.bench.paths import at_rest
from tests.bench.throughput import opening
from tests.desk import ANNA, CONFIRMED, RESOLVED, VERIFIED, Desk, a_desk, shipped_policy
from workers.main import limits_of
from workers.worker import Outside, make_worker

CASES = 20
RECORDED_WITHIN_S = 120.0
BURNT = ("workflow_task_failed", "workflow_task_timed_out")

Away = Callable[[], Any]
"""Opens a block during which the database is away."""


@dataclass
class CountingCrm:
    """Counts the attempts of each case's flushes, by what they were."""

    crm: CrmPort
    attempts: Counter[tuple[str, bool]] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def flush(self, batch: FlushBatch) -> FlushReceipt:
        """Count the attempt, and write the batch."""
        with self.lock:
            self.attempts[batch.stream, activity.info().is_local] += 1
        return self.crm.flush(batch)


@dataclass(frozen=True)
class Snapshot:
    """The most that any case has cost since the database went away.

    Attributes:
        burnt: Workflow tasks that failed or timed out, of all cases together.
        local: Attempts of local activities.
        remote: Attempts of activities that the server keeps.
    """

    at_s: float
    what: str
    tasks: int
    events: int
    burnt: int
    local: int
    remote: int


@dataclass(frozen=True)
class Outage:
    """What was seen.

    Attributes:
        accepted: Steps that were answered during the outage.
        slowest_s: The longest that a step waited for its answer.
        lost: Accepted steps that the CRM does not have.
        disordered: Cases whose entries are not 1, 2, 3 … once each, in the order of acceptance.
        recorded_s: Seconds from the database's return until the CRM had everything.
    """

    name: str
    seconds: float
    accepted: int
    slowest_s: float
    snapshots: tuple[Snapshot, ...]
    lost: int
    disordered: int
    recorded_s: float


class Observed:
    """The open cases of a desk whose database goes away."""

    def __init__(self, desk: Desk, crm: CountingCrm) -> None:
        self.desk, self.crm = desk, crm
        self.cases: list[str] = []
        self.receipts: dict[str, list[m.Receipt]] = {}
        self.waits: list[float] = []
        self.repeated = 0
        self._before: dict[str, tuple[int, int]] = {}
        self._began = 0.0

    async def open(self) -> None:
        """Open the cases, and wait until each rests."""
        for _ in range(CASES):
            key = uuid.uuid4().hex
            opened = await self.desk.cases.open(opening(key), actor=ANNA, key=key, digest=key)
            self.cases.append(opened.case_id)
        self.receipts = {case_id: [] for case_id in self.cases}
        await self._all(lambda case_id: at_rest(self.desk.client, case_id))
        for case_id in self.cases:
            self._before[case_id] = (await self._cost(case_id))[:2]
        self.crm.attempts.clear()
        self._began = time.monotonic()

    async def step(self, step: m.Command) -> None:
        """Let every case take a step, all at once."""

        async def take(case_id: str) -> None:
            began = time.monotonic()
            self.receipts[case_id].append(await self._patiently(case_id, step))
            self.waits.append(time.monotonic() - began)

        await self._all(take)

    async def snapshot(self, what: str) -> Snapshot:
        """Return what the cases have cost so far."""
        costs = [await self._cost(case_id) for case_id in self.cases]
        begun = [self._before[case_id] for case_id in self.cases]
        return Snapshot(
            at_s=time.monotonic() - self._began,
            what=what,
            tasks=max(now[0] - before[0] for now, before in zip(costs, begun, strict=True)),
            events=max(now[1] - before[1] for now, before in zip(costs, begun, strict=True)),
            burnt=sum(cost[2] for cost in costs),
            local=max(self.crm.attempts[case_id, True] for case_id in self.cases),
            remote=max(self.crm.attempts[case_id, False] for case_id in self.cases),
        )

    async def recorded(self) -> float:
        """Wait until the CRM has every accepted step; return how many seconds that took."""
        began = time.monotonic()
        async with asyncio.timeout(RECORDED_WITHIN_S):
            while any(self._missing(case_id) for case_id in self.cases):
                await asyncio.sleep(0.1)
        return time.monotonic() - began

    def lost(self) -> int:
        """Return how many accepted steps the CRM does not have."""
        return sum(self._missing(case_id) for case_id in self.cases)

    def disordered(self) -> int:
        """Return how many cases have a journal with a gap, a repetition or another order."""
        return sum(not self._in_order(case_id) for case_id in self.cases)

    def _missing(self, case_id: str) -> int:
        held = {e.seq for e in self.desk.reads.timeline(case_id) if e.stream == case_id}
        return sum(receipt.seq not in held for receipt in self.receipts[case_id])

    def _in_order(self, case_id: str) -> bool:
        entries = [e for e in self.desk.reads.timeline(case_id) if e.stream == case_id]
        accepted = [receipt.seq for receipt in self.receipts[case_id]]
        numbered = [e.seq for e in entries] == list(range(1, len(entries) + 1))
        once = len({e.entry_id for e in entries}) == len(entries)
        return numbered and once and accepted == sorted(accepted)

    async def _patiently(self, case_id: str, step: m.Command) -> m.Receipt:
        """Report a step under one key until it is answered, as a caller of the API does."""
        key = uuid.uuid4().hex
        while True:
            try:
                return await self.desk.cases.step(case_id, step, key=key)
            except NotAnsweredError:
                self.repeated += 1

    async def _cost(self, case_id: str) -> tuple[int, int, int]:
        history = await self.desk.handle(case_id).fetch_history()
        kinds = kinds_of(history)
        burnt = sum(kinds[kind] for kind in BURNT)
        return kinds["workflow_task_started"], len(own_events(history)), burnt

    async def _all(self, act: Callable[[str], Coroutine[Any, Any, None]]) -> None:
        async with asyncio.TaskGroup() as group:
            for case_id in self.cases:
                group.create_task(act(case_id))


async def endure(server: DevServer, url: str, name: str, away: Away, seconds: float) -> Outage:
    """Run the cases through an outage of so many seconds."""
    async with AsyncExitStack() as stack:
        desk = await stack.enter_async_context(
            a_desk(server, url, f"outage {name}", shipped_policy(), staffed=False)
        )
        crm = CountingCrm(SqlCrm(desk.database))
        await stack.enter_async_context(
            make_worker(
                desk.client,
                Outside(
                    crm=crm,
                    on_call=OutboxOnCall(desk.database),
                    incidents=SqlIncidents(desk.database),
                    mail=OutboxSecureMail(desk.database, sender="desk@example.org"),
                    duties=SqlDutySource(desk.database),
                ),
                task_queue=desk.task_queue,
                limits=limits_of(Settings()),
            )
        )
        seen = Observed(desk, crm)
        await seen.open()
        with away():
            snapshots = await _meanwhile(seen, seconds)
        accepted = sum(map(len, seen.receipts.values()))
        recorded_s = await seen.recorded()
        snapshots.append(await seen.snapshot("all is recorded"))
        for step in (RESOLVED, CONFIRMED):
            await seen.step(step)
        return Outage(
            name, seconds, accepted, max(seen.waits), tuple(snapshots),
            seen.lost(), seen.disordered(), recorded_s,
        )  # fmt: skip


async def _meanwhile(seen: Observed, seconds: float) -> list[Snapshot]:
    """Let every case take its steps, and look what the waiting costs."""
    snapshots, began = [], time.monotonic()
    steps = (_note("The first note."), VERIFIED, _note("The second note."))
    for number, step in enumerate(steps, start=1):
        await seen.step(step)
        snapshots.append(await seen.snapshot(f"step {number} answered"))
        await asyncio.sleep(began + seconds * number / len(steps) - time.monotonic())
        snapshots.append(await seen.snapshot("nothing done since"))
    return snapshots


def _note(text: str) -> m.AddNote:
    return m.AddNote(actor=ANNA, text=text)


def locked(file: Path) -> Away:
    """Return how a SQLite file is locked by somebody else: each attempt waits, and gives up."""

    @contextmanager
    def away() -> Iterator[None]:
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield
            other.execute("ROLLBACK")

    return away


def stopped(server: Any) -> Away:
    """Return how a PostgreSQL server is stopped and started: each attempt is refused at once."""

    @contextmanager
    def away() -> Iterator[None]:
        server.stop()
        yield
        server.ensure_postgres_running()

    return away
