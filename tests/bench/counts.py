"""The exact counts of a path: events, billable actions, SQL, bytes."""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from pydantic import BaseModel, ConfigDict
from sqlalchemy import URL, make_url
from temporalio.worker import Worker

from adapters.crm import SqlCrm
from adapters.database import Database
from adapters.oncall import OutboxOnCall
from runtime.devserver import DevServer
from sop.policy import Policy
from tests.bench.history import actions_in, kinds_of, own_events, payload_bytes, stored_bytes
from tests.bench.paths import PATHS, PatientOnCall, family, rest_of_one
from tests.databases import watch
from tests.desk import Desk, a_desk
from workers.worker import WorkerLimits, make_worker


class Costs(BaseModel):
    """What one case cost on one database, its escalations included.

    Attributes:
        actions: Billable actions by kind.
        transactions: SQL transactions of the worker; each is a commit.
        statements: SQL statements of the worker, without BEGIN and COMMIT.
        reads: SQL statements of the gateway.
        payload_bytes: Of all payloads in the histories; within a few bytes, for they hold times.
        history_bytes: As the server keeps them; host names are in there too.
    """

    model_config = ConfigDict(frozen=True)

    events: int
    workflow_tasks: int
    actions: dict[str, int]
    transactions: int
    statements: int
    reads: int
    payload_bytes: int
    history_bytes: int

    @property
    def billed(self) -> int:
        """All billable actions."""
        return sum(self.actions.values())

    @property
    def exact(self) -> dict[str, object]:
        """What is the same on every run and every machine."""
        return self.model_dump(exclude={"payload_bytes", "history_bytes"})


async def measure(server: DevServer, url: str | URL, policy: Policy, path: str) -> Costs:
    """Walk a path once on a migrated database of its own, and count."""
    backend = make_url(url).get_backend_name()
    name = f"{path} on {backend} {uuid.uuid4().hex}"
    async with a_desk(server, str_of(url), name, policy, staffed=False) as desk:
        with ExitStack() as watched:
            written = Database(url)
            watched.callback(written.close)
            work = watched.enter_context(watch(written))
            reads = watched.enter_context(watch(desk.database))
            async with _patient_worker(replace(desk, database=written)):
                case_id = await PATHS[path](desk, name)
        histories = await family(desk.client, case_id)
    actions = sum(map(actions_in, histories), Counter[str]())
    return Costs(
        events=sum(len(own_events(history)) for history in histories),
        workflow_tasks=sum(kinds_of(h)["workflow_task_completed"] for h in histories),
        actions=dict(sorted(actions.items())),
        transactions=work.commits,
        statements=len(work.statements),
        reads=len(reads.statements),
        payload_bytes=sum(map(payload_bytes, histories)),
        history_bytes=sum(map(stored_bytes, histories)),
    )


def str_of(url: str | URL) -> str:
    """Return a URL with its password."""
    return make_url(url).render_as_string(hide_password=False)


@asynccontextmanager
async def _patient_worker(desk: Desk) -> AsyncIterator[Worker]:
    rest = rest_of_one(desk.client, asyncio.get_running_loop())
    worker = make_worker(
        desk.client,
        crm=SqlCrm(desk.database),
        on_call=PatientOnCall(OutboxOnCall(desk.database), rest),
        task_queue=desk.task_queue,
        limits=WorkerLimits(
            workflow_task_slots=4,
            activity_slots=2,
            local_activity_slots=2,
            graceful_shutdown=timedelta(seconds=5),
            sticky_timeout=timedelta(seconds=30),
        ),
    )
    async with worker:
        yield worker
