"""Retention on a real server: the schedule fires, histories go, what runs is left alone."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from sqlalchemy import text
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import ScheduleActionExecutionStartWorkflow, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities.disposing import DisposalActivities
from activities.key_ports import KeyErasedError
from adapters.access_log import AccessLog
from adapters.certificate_reads import CertificateReads
from adapters.database import Database
from adapters.disposal import SqlRecords
from adapters.key_disposal import KeyDisposal
from runtime.case_errors import KeyReusedError
from runtime.devserver import DevServer
from runtime.histories import TemporalHistories
from runtime.schedules import RETENTION, ensure_schedules
from sop import messages as m
from sop.access_log import AccessEntry, AccessFilter, Outcome, Via
from sop.disposal import Because, Disposal, RetentionRun
from sop.keys import RecordClass
from sop.models import Priority, Role
from sop.policy import Policy
from tests.databases import Fresh, fresh_sqlite
from tests.desk import ANNA, Desk, a_desk, a_worker, eventually, without_schedules
from tests.keyrings import URL, shared_keyring
from workflows import disposing

__all__ = ["fresh_sqlite"]

LONG_AGO = timedelta(days=400)
OLD_ENTRY = timedelta(days=3 * 366)
NOTHING_SEEN = 150.0
"""Seconds until the server has surely deleted what it was told to: it takes half a minute."""


@dataclass
class House:
    """A desk of its own whose worker disposes, and the holds."""

    desk: Desk
    holds: KeyDisposal

    async def closed(self, key: str, priority: Priority = Priority.URGENT) -> str:
        """Open an inquiry that escalates at once, and withdraw it; it ended long ago."""
        case_id = await self.desk.open(key, priority=priority)
        if priority is Priority.URGENT:
            await self.desk.is_paged(case_id, "team_leader")
        await self.desk.do(case_id, m.Withdraw(actor=ANNA, reason="Settled."))
        await self.desk.handle(case_id).result()
        await self.ended_long_ago(case_id)
        return case_id

    async def ended_long_ago(self, case_id: str) -> None:
        """Let the CRM say that a case closed long ago."""
        then = (datetime.now(UTC) - LONG_AGO).strftime("%Y-%m-%d %H:%M:%S.%f")
        statement = text("UPDATE cases SET closed_at = :at WHERE case_id = :case_id")
        values = {"at": then, "case_id": case_id}
        await asyncio.to_thread(
            self.desk.database.write, lambda connection: connection.execute(statement, values)
        )

    async def fire(self) -> RetentionRun:
        """Let the schedule fire now; return the run."""
        schedule = self.desk.client.get_schedule_handle(RETENTION)
        before = (await schedule.describe()).info.num_actions
        await schedule.trigger()

        async def fired() -> bool:
            return (await schedule.describe()).info.num_actions > before

        await eventually(fired)
        action = (await schedule.describe()).info.recent_actions[-1].action
        assert isinstance(action, ScheduleActionExecutionStartWorkflow)
        handle = self.desk.client.get_workflow_handle(action.workflow_id, result_type=RetentionRun)
        run: RetentionRun = await handle.result()
        return run

    async def is_forgotten(self, workflow_id: str) -> bool:
        """Return whether the server shows nothing of a workflow."""
        try:
            await self.desk.handle(workflow_id).describe()
        except RPCError as error:
            return error.status is RPCStatusCode.NOT_FOUND
        return await self.desk.runs(workflow_id) == 0

    async def abandoned(self, run: RetentionRun) -> tuple[int, tuple[str, ...]]:
        """Return what a run's certificate says of cases that nothing will ever close."""
        reads = CertificateReads(self.desk.database)
        filed = await asyncio.to_thread(reads.certificate, run.certificate_id)
        assert filed is not None
        said = RetentionRun.model_validate_json(filed.body)
        return said.abandoned, said.abandoned_cases

    async def revive(self, workflow_id: str) -> None:
        """Let a terminated workflow go on from its last task, as `temporal workflow reset` does."""
        events = (await self.desk.handle(workflow_id).fetch_history()).events
        tasks = [e for e in events if e.HasField("workflow_task_completed_event_attributes")]
        request = ResetWorkflowExecutionRequest(
            namespace=self.desk.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id),
            reason="It was terminated by mistake.",
            workflow_task_finish_event_id=tasks[-1].event_id,
            request_id=str(uuid.uuid4()),
        )
        await self.desk.client.workflow_service.reset_workflow_execution(request)

    async def certificate(self, certificate_id: str) -> Disposal:
        """Return what a batch's certificate says."""
        records = SqlRecords(self.desk.database)
        found = await asyncio.to_thread(records.certified, certificate_id)
        assert found is not None
        return found


@pytest_asyncio.fixture
async def house(server: DevServer, policy: Policy, fresh_sqlite: Fresh) -> AsyncIterator[House]:
    with fresh_sqlite() as url, closing(Database(os.environ[URL])) as keys:
        holds = KeyDisposal(keys, shared_keyring())
        async with a_desk(server, str(url), "retention", policy, staffed=False) as desk:
            disposal = DisposalActivities(
                holds, SqlRecords(desk.database), TemporalHistories(desk.client)
            )
            async with a_worker(desk, disposal=disposal):
                await without_schedules(desk.client)
                await ensure_schedules(desk.client, policy, task_queue=desk.task_queue)
                yield House(desk, holds)
            await without_schedules(desk.client)


@pytest.mark.timeout(300)
@pytest.mark.clause("INQ-7.1", "HOF-5.1")
async def test_the_schedule_deletes_histories_whole_and_leaves_what_runs_or_is_held(
    house: House,
) -> None:
    gone, held = await house.closed("gone"), await house.closed("held")
    running = await house.desk.open("running")
    await house.desk.journal_holds(running, "inquiry.opened")
    await house.ended_long_ago(running)
    await asyncio.to_thread(house.holds.place_hold, "hold-1", [held], datetime.now(UTC))
    escalation = f"escalation-{gone}-urgent-1"

    async def is_over() -> bool:
        described = await house.desk.handle(escalation).describe()
        return described.status is not WorkflowExecutionStatus.RUNNING

    await eventually(is_over)
    run = await house.fire()
    assert run.gone == {"history": 1, "inquiry": 1}
    assert (run.held, run.held_cases) == ({"hold-1": 2}, (held,))
    assert run.failures == {"running": 2}
    assert {(each.case_id, each.because) for each in run.failed} == {(running, Because.RUNNING)}
    batch = await house.certificate(f"{run.certificate_id}.1")
    assert {each.case_id for each in batch.gone} == {gone}
    assert batch.counts["history.histories"] == 2
    assert batch.counts["inquiry.escalations"] == 1
    with pytest.raises(KeyErasedError):
        await asyncio.to_thread(shared_keyring().obtain, gone, (RecordClass.HISTORY,))

    async def is_deleted() -> bool:
        return await house.is_forgotten(gone) and await house.is_forgotten(escalation)

    await eventually(is_deleted, within=NOTHING_SEEN)
    assert await house.desk.kinds(gone) == []
    described = await house.desk.handle(running).describe()
    assert described.status is WorkflowExecutionStatus.RUNNING
    assert not await house.is_forgotten(held)
    with pytest.raises(KeyReusedError):
        await house.desk.open("gone")
    # What was in the way is out of it.
    await asyncio.to_thread(house.holds.release_hold, "hold-1", datetime.now(UTC))
    await house.desk.do(running, m.Withdraw(actor=ANNA, reason="Settled."))
    await house.desk.handle(running).result()
    await house.ended_long_ago(running)
    run = await house.fire()
    assert (run.gone, run.held, run.failures) == ({"history": 2, "inquiry": 2}, {}, {})
    assert run.customers_gone == 1


@pytest.mark.clause("INQ-7.1", "INQ-7.2", "HOF-5.1")
async def test_the_schedule_deletes_old_entries_of_the_access_log_and_keeps_those_held(
    house: House,
) -> None:
    held, now = await house.desk.open("looked-at"), datetime.now(UTC)
    await house.desk.journal_holds(held, "inquiry.opened")
    await asyncio.to_thread(house.holds.place_hold, "hold-log", [held], now)
    log = AccessLog(house.desk.database)
    young = now - timedelta(days=365)
    looks = [looked("old", "inquiry-1", now - OLD_ENTRY), looked("held", held, now - OLD_ENTRY)]
    await asyncio.to_thread(log.record, [*looks, looked("young", "inquiry-1", young)])

    async def left() -> set[str]:
        found = await asyncio.to_thread(log.entries, AccessFilter())
        return {entry.entry_id for entry in found}

    run = await house.fire()
    assert await left() == {"held", "young"}
    assert (run.counts["access_log.entries"], run.entries_held) == (1, {"hold-log": 1})
    assert run.failures == {}
    await asyncio.to_thread(house.holds.release_hold, "hold-log", now)
    run = await house.fire()
    assert await left() == {"young"}
    assert (run.counts["access_log.entries"], run.entries_held) == (1, {})


def looked(entry_id: str, owner: str, at: datetime) -> AccessEntry:
    return AccessEntry(
        entry_id=entry_id, at=at, principal="ana", role=Role.CSR, via=Via.SESSION, action="decode",
        owner=owner, key_id="0" * 32, count=1, outcome=Outcome.OPENED,
    )  # fmt: skip


async def test_a_run_that_continues_as_new_goes_through_everything_under_one_certificate(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disposing, "BATCHES_TO_A_RUN", 1)
    monkeypatch.setattr(disposing, "BATCH", 1)
    ids = [await house.closed(f"many-{number}", Priority.LOW) for number in range(3)]
    run = await house.fire()
    assert run.gone == {"history": 3, "inquiry": 3}
    assert (run.tried, run.certified) == (6, 6)
    batches = [await house.certificate(f"{run.certificate_id}.{n}") for n in range(1, 7)]
    assert sorted(gone.case_id for batch in batches for gone in batch.gone) == sorted(ids * 2)


@pytest.mark.timeout(300)
@pytest.mark.clause("INQ-7.1")
async def test_a_case_that_was_terminated_is_told_and_goes_once_it_was_revived_and_ended(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    lost, working = await house.desk.open("lost"), await house.desk.open("working")
    for case_id in (lost, working):
        await house.desk.journal_holds(case_id, "inquiry.opened")
    run = await house.fire()
    assert await house.abandoned(run) == (0, ())
    assert "retention.abandoned" not in caplog.text
    await house.desk.handle(lost).terminate(reason="By mistake.")
    running = f"WorkflowId = '{lost}' AND ExecutionStatus = 'Running'"

    async def is_not_listed() -> bool:
        return not [each async for each in house.desk.client.list_workflows(running)]

    await eventually(is_not_listed)
    assert await house.abandoned(await house.fire()) == (1, (lost,))
    assert "retention.abandoned" in caplog.text
    await house.revive(lost)
    await house.desk.handle(lost).cancel()
    await house.desk.handle(lost).result()
    await house.ended_long_ago(lost)
    run = await house.fire()
    assert run.gone == {"history": 1, "inquiry": 1}
    assert await house.abandoned(run) == (0, ())
