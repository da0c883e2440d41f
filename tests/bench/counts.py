"""The exact counts of a path: events, billable actions, SQL, bytes."""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel, ConfigDict
from sqlalchemy import URL, make_url
from temporalio.worker import Worker

from adapters.crm import SqlCrm
from adapters.database import Database
from adapters.duty_reads import SqlDutySource
from adapters.incidents import SqlIncidents
from adapters.keyring import SqlKeyring, open_keyring
from adapters.migrate import upgrade_keys
from adapters.oncall import OutboxOnCall
from adapters.secure_mail import OutboxSecureMail
from adapters.staff_tables import training_records
from adapters.tables import api_keys
from runtime.devserver import DevServer
from runtime.temporal import connect
from sop.policy import Policy
from tests.api.callers import Callers, serve
from tests.bench.handoff_paths import HANDOFF_PATHS
from tests.bench.history import actions_in, kinds_of, own_events, payload_bytes, stored_bytes
from tests.bench.paths import PATHS, House, PatientOnCall, family, rest_of_one
from tests.databases import watch
from tests.desk import Desk, a_desk
from workers.worker import Outside, WorkerLimits, make_worker

ALL_PATHS = PATHS | HANDOFF_PATHS

LIMITS = {
    "plain": {"events": 32, "transactions": 4},
    "handoff": {"events": 40, "transactions": 6},
}
"""What the plain path of each procedure may cost at most."""

AIM = {"events": 28}
LEVEL_AIM = {"events": 11}
"""What one escalation level more is meant to add."""


def beyond(path: str, costs: Mapping[str, object]) -> dict[str, object]:
    """Return what of a path's counts is above its limits."""
    limits = LIMITS.get(path, {})
    return {name: costs[name] for name in limits if int(str(costs[name])) > limits[name]}


_LOOKED_UP = (api_keys.name, training_records.name)


class Costs(BaseModel):
    """What one case cost on one database, its escalations included.

    Attributes:
        tasks: Workflow tasks; they are among the events, three each.
        actions: Billable actions by kind.
        transactions: SQL transactions of the worker.
        statements: SQL statements of the worker, without BEGIN and COMMIT.
        reads: SQL statements of the API, without looking up the caller's key and training: that
            is one statement of each in three seconds, however many requests there are.
        key_transactions: SQL transactions of API and worker on the key store, when neither has a
            key at hand and the customer is new.
        key_statements: SQL statements of the same.
        payload_bytes: Of all payloads in the histories.
        history_bytes: Of the histories as the server keeps them.
    """

    model_config = ConfigDict(frozen=True)

    events: int
    tasks: int
    actions: dict[str, int]
    transactions: int
    statements: int
    reads: int
    key_transactions: int
    key_statements: int
    payload_bytes: int
    history_bytes: int

    @property
    def billed(self) -> int:
        """All billable actions."""
        return sum(self.actions.values())

    @property
    def exact(self) -> dict[str, object]:
        """What is the same on every run; the bytes differ a little, for times are in them."""
        return self.model_dump(exclude={"payload_bytes", "history_bytes"})


async def measure(server: DevServer, url: str | URL, policy: Policy, path: str) -> Costs:
    """Walk a path once, on a database where nothing else happens, and count."""
    address = make_url(url).render_as_string(hide_password=False)
    name = f"{path} {uuid.uuid4().hex}"
    with TemporaryDirectory(prefix="handrail-keys-") as keys, ExitStack() as stack:
        # Of each process its own: what the API has at hand, the worker still has to find.
        ours, theirs = two_keyrings(Path(keys))
        stack.callback(ours.close)
        stack.callback(theirs.close)
        async with a_desk(server, address, name, policy, staffed=False, keyring=ours) as desk:
            database = stack.enter_context(closing(Database(url, keyring=theirs)))
            client = await connect(theirs, address=server.address)
            unlocked = [stack.enter_context(watch(each._database)) for each in (ours, theirs)]
            work = stack.enter_context(watch(database))
            async with _patient_worker(replace(desk, database=database, client=client)):
                with watch(desk.database) as asked:
                    case_id = await _walk(desk, path, key=name, keyring=ours)
            histories = await family(desk.client, case_id)
    actions = sum(map(actions_in, histories), Counter[str]())
    return Costs(
        events=sum(len(own_events(history)) for history in histories),
        tasks=sum(kinds_of(history)["workflow_task_completed"] for history in histories),
        actions=dict(sorted(actions.items())),
        transactions=work.commits,
        statements=len(work.statements),
        reads=sum(not any(name in said for name in _LOOKED_UP) for said in asked.statements),
        key_transactions=sum(each.commits for each in unlocked),
        key_statements=sum(len(each.statements) for each in unlocked),
        payload_bytes=sum(map(payload_bytes, histories)),
        history_bytes=sum(map(stored_bytes, histories)),
    )


def two_keyrings(directory: Path) -> tuple[SqlKeyring, SqlKeyring]:
    """Return two keyrings on one fresh key store, as two processes have them."""
    url = f"sqlite:///{directory / 'keys.db'}"
    upgrade_keys(url)
    wrapped_by = f"local:{directory / 'kek.json'}"
    return open_keyring(url, wrapped_by), open_keyring(url, wrapped_by)


async def _walk(desk: Desk, path: str, *, key: str, keyring: SqlKeyring) -> str:
    async with serve(desk, keyring=keyring) as app, Callers(app, desk.database) as callers:
        return await ALL_PATHS[path](House(desk, callers), key)


@asynccontextmanager
async def _patient_worker(desk: Desk) -> AsyncIterator[Worker]:
    rest = rest_of_one(desk.client, asyncio.get_running_loop())
    worker = make_worker(
        desk.client,
        Outside(
            crm=SqlCrm(desk.database),
            on_call=PatientOnCall(OutboxOnCall(desk.database), rest),
            incidents=SqlIncidents(desk.database),
            mail=OutboxSecureMail(desk.database, sender="desk@example.org"),
            duties=SqlDutySource(desk.database),
        ),
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
