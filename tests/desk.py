"""The desk under test: a real server, a real database, a real worker, and a clock to turn."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper, TimeSkippingConfig
from temporalio.worker import Worker

from activities.disposing import DisposalActivities
from activities.key_ports import Keyring
from activities.ports import CrmPort, IncidentPort
from activities.proving import ProofActivities
from adapters.crm import SqlCrm
from adapters.crm_reads import CrmReads
from adapters.database import Database, Limits
from adapters.duty_reads import SqlDutySource
from adapters.holidays import holiday_dates
from adapters.incidents import SqlIncidents
from adapters.migrate import upgrade
from adapters.oncall import OutboxOnCall
from adapters.person import PersonRecords
from adapters.secure_mail import OutboxSecureMail
from adapters.staff import TrainingRecords
from runtime.case_errors import NotAnsweredError
from runtime.cases import Cases
from runtime.devserver import DevServer, dev_server
from runtime.policy import load_policy
from runtime.schedules import PLANS
from runtime.temporal import connect
from runtime.training import TrainingRing
from sop import messages as m
from sop.models import (
    Actor,
    Channel,
    Classification,
    Customer,
    FollowUpOutcome,
    Priority,
    Reception,
    Role,
    VerificationOutcome,
)
from sop.policy import Policy
from sop.training import attest
from tests.keyrings import destroying, shared_keyring
from workers.worker import Outside, WorkerLimits, make_worker
from workflows.search_attributes import SEARCH_ATTRIBUTES

ANNA = Actor(principal="anna", role=Role.CSR)
LEADER = Actor(principal="lena", role=Role.TEAM_LEADER)
QUALITY = Actor(principal="quinn", role=Role.QUALITY_MANAGER)
EXPERT = Actor(principal="emil", role=Role.SUBJECT_MATTER_EXPERT)
RITA = Actor(principal="rita", role=Role.RECEIVING_PARTY)
EVERYBODY = (ANNA, LEADER, QUALITY, EXPERT, RITA)

_ASKED_AGAIN = 5

RECEPTION = Reception(
    greeting="Good morning, this is Anna of Example Company.",
    listened=True,
    key_points="The invoice was charged twice.",
    key_points_confirmed=True,
    courteous=True,
)
VERIFIED = m.RecordVerification(
    actor=ANNA, forms_asked=("passport", "account_number"), outcome=VerificationOutcome.VERIFIED
)
RESOLVED = m.Resolve(actor=ANNA, resolution="The charge was paid back.", customer_confirmed=True)
CONFIRMED = m.RecordFollowUp(
    actor=ANNA, outcome=FollowUpOutcome.CONFIRMED, feedback="All well.", satisfaction=5
)


@dataclass(frozen=True)
class Desk:
    """Opens and works cases through the gateway, reads the CRM, and turns the clock."""

    client: Client
    cases: Cases
    database: Database
    reads: CrmReads
    task_queue: str

    async def open(
        self,
        key: str,
        *,
        category: str | None = "billing",
        priority: Priority = Priority.STANDARD,
        channel: Channel = Channel.PHONE,
        reception: Reception | None = RECEPTION,
        customer_id: str = "c-1",
        **facts: Any,
    ) -> str:
        """Open an inquiry; return its id."""
        classification = None
        if category is not None:
            classification = Classification(category=category, priority=priority, **facts)
        opening = m.InquiryOpening(
            customer=Customer(
                customer_id=customer_id, name="Carla Client", email="carla@example.org"
            ),
            channel=channel,
            subject="Charged twice",
            text="My card was charged twice for one order.",
            reception=reception,
            classification=classification,
            assignee="anna",
        )
        opened = await self.cases.open(opening, actor=ANNA, key=key, digest=f"digest of {key}")
        return opened.case_id

    async def do(self, case_id: str, *steps: m.Command) -> m.Receipt:
        """Report steps one after the other; return the last receipt."""
        receipt = None
        for step in steps:
            receipt = await self._patiently(case_id, step, uuid.uuid4().hex)
        assert receipt is not None
        return receipt

    async def _patiently(self, case_id: str, step: m.Command, key: str) -> m.Receipt:
        """Repeat a step under its key while nobody answers, as a caller of the API does."""
        for _ in range(_ASKED_AGAIN):
            with suppress(NotAnsweredError):
                return await self.cases.step(case_id, step, key=key)
        return await self.cases.step(case_id, step, key=key)

    async def time_passes(self, workflow_id: str, **delta: float) -> None:
        """Turn the workflow's clock on; whatever falls due meanwhile happens."""
        skipper = TimeSkipper(self.client, config=TimeSkippingConfig(disable_propagation=True))
        await skipper.fast_forward(self.handle(workflow_id), timedelta(**delta))

    async def now(self, workflow_id: str) -> datetime:
        """Return the workflow's own time."""
        return await TimeSkipper(self.client).get_current_time(self.handle(workflow_id))

    def handle(self, workflow_id: str) -> WorkflowHandle[Any, Any]:
        """Return the handle of a workflow."""
        return self.client.get_workflow_handle(workflow_id)

    async def events(self, workflow_id: str) -> list[str]:
        """Return the names of the events of a workflow's history."""
        history = await self.handle(workflow_id).fetch_history()
        names = (event.WhichOneof("attributes") or "" for event in history.events)
        return [name.removesuffix("_event_attributes") for name in names]

    async def is_idle(self, workflow_id: str) -> bool:
        """Return whether the workflow has begun, flushed its opening, and waits."""
        events = await self.events(workflow_id)
        under_way = ("workflow_task_scheduled", "workflow_task_started")
        return "marker_recorded" in events and events[-1] not in under_way

    async def runs(self, workflow_id: str) -> int:
        """Return how often the workflow has begun: 1, and one for each continue-as-new."""
        query = f"WorkflowId = '{workflow_id}'"
        return len([run async for run in self.client.list_workflows(query)])

    async def kinds(self, case_id: str) -> list[str]:
        """Return the kinds of the entries in the case's journal, as the CRM has them."""
        timeline = await asyncio.to_thread(self.reads.timeline, case_id)
        return [entry.kind for entry in timeline]

    async def journal_holds(self, case_id: str, kind: str, times: int = 1) -> None:
        """Wait until the CRM's journal of the case holds an entry of this kind."""

        async def held() -> bool:
            return (await self.kinds(case_id)).count(kind) >= times

        await eventually(held)

    async def paged(self, case_id: str) -> list[str]:
        """Return the roles that were paged for a case, in order."""
        timeline = await asyncio.to_thread(self.reads.timeline, case_id)
        return [str(e.detail["role"]) for e in timeline if e.kind == "page.sent"]

    async def is_paged(self, case_id: str, *roles: str) -> None:
        """Wait until just these roles were paged."""

        async def paged() -> bool:
            return await self.paged(case_id) == list(roles)

        await eventually(paged)


async def without_schedules(client: Client) -> None:
    """Delete what another test has left of schedules: their runs would stand in the way of ours."""
    for plan in PLANS:  # by their ids: the list of schedules is late
        try:
            await client.get_schedule_handle(plan.schedule_id).delete()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise


async def eventually(holds: Callable[[], Awaitable[bool]], within: float = 30.0) -> None:
    """Wait until a condition holds; it says what processes do on their own, so it is asked anew."""
    async with asyncio.timeout(within):
        while not await holds():
            await asyncio.sleep(0.02)


def shipped_policy() -> Policy:
    """Return the policy as it is shipped."""
    return load_policy(None, now=datetime.now(UTC), holiday_dates=holiday_dates)


@asynccontextmanager
async def a_desk(
    server: DevServer,
    url: str,
    task_queue: str,
    policy: Policy,
    *,
    staffed: bool = True,
    keyring: Keyring | None = None,
) -> AsyncIterator[Desk]:
    """Run a desk on a database; `staffed` says whether its worker runs.

    It has the tests' common key store, unless it gets a keyring of its own.
    """
    await asyncio.to_thread(upgrade, url)
    async with AsyncExitStack() as stack:
        keyring = keyring or shared_keyring()
        database = Database(url, Limits(pool_size=8), keyring)
        stack.callback(database.close)
        client = await connect(keyring, address=server.address)
        reads = CrmReads(database)
        await asyncio.to_thread(train, database, policy, *EVERYBODY)
        cases = Cases(
            client,
            policy,
            task_queue=task_queue,
            records=reads,
            theirs=PersonRecords(database).theirs,
            training=TrainingRing(TrainingRecords(database), policy),
            ui=server.ui_url,
        )
        desk = Desk(client, cases, database, reads, task_queue)
        if staffed:
            await stack.enter_async_context(a_worker(desk))
        yield desk


def train(database: Database, policy: Policy, *people: Actor) -> None:
    """Record that people have completed, a day ago, every course that their role needs."""
    records, now = TrainingRecords(database), datetime.now(UTC)
    trainer = Actor(principal="trainer", role=Role.OPERATOR)
    for person in people:
        for course in policy.courses:
            if person.role in course.roles:
                record = attest(
                    trainer,
                    person.principal,
                    course.course,
                    completed_at=now - timedelta(days=1),
                    evidence=None,
                    policy=policy,
                    now=now,
                )
                records.record(record)


def a_worker(
    desk: Desk,
    crm: CrmPort | None = None,
    incidents: IncidentPort | None = None,
    disposal: DisposalActivities | None = None,
    proof: ProofActivities | None = None,
) -> Worker:
    """Return a worker of the desk, to be entered."""
    privacy, disposes = destroying(desk.database, desk.client)
    return make_worker(
        desk.client,
        Outside(
            crm=crm or SqlCrm(desk.database),
            on_call=OutboxOnCall(desk.database),
            incidents=incidents or SqlIncidents(desk.database),
            mail=OutboxSecureMail(desk.database, sender="desk@example.org"),
            duties=SqlDutySource(desk.database),
            privacy=privacy,
            disposal=disposal or disposes,
            proof=proof,
        ),
        task_queue=desk.task_queue,
        limits=WorkerLimits(
            workflow_task_slots=20,
            activity_slots=4,
            local_activity_slots=4,
            graceful_shutdown=timedelta(seconds=5),
            sticky_timeout=timedelta(seconds=5),
        ),
    )


@pytest_asyncio.fixture(scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DevServer]:
    """Run the embedded server, with time skipping, for the whole session."""
    state = tmp_path_factory.mktemp("temporal")
    async with dev_server(state, time_skipping=True, search_attributes=SEARCH_ATTRIBUTES) as up:
        yield up


@pytest.fixture(scope="session")
def policy() -> Policy:
    """Return the policy as it is shipped."""
    return shipped_policy()


@pytest_asyncio.fixture(scope="session")
async def desk(
    server: DevServer, policy: Policy, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    """Run one desk on SQLite; tests keep apart by the keys of their cases."""
    url = sqlite_url(tmp_path_factory.mktemp("crm"))
    async with a_desk(server, url, "desk", policy) as desk:
        yield desk


def sqlite_url(directory: Path) -> str:
    """Return the URL of a fresh SQLite database."""
    return f"sqlite:///{directory / 'crm.db'}"
