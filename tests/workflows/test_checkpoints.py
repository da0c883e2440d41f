"""A schedule signs checkpoints of the journal, on a real server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import ScheduleIntervalSpec, ScheduleOverlapPolicy, WorkflowFailureError
from temporalio.exceptions import ActivityError, ApplicationError

from activities.proving import Checkpointed, ProofActivities
from adapters.checkpoint_signing import CheckpointSigner, CheckpointVerifier
from adapters.checkpoints import CheckpointFiles
from adapters.crm import SqlCrm
from adapters.journal_log import SqlJournalLog
from adapters.journal_verify import Kept, verify
from runtime import schedules
from runtime.devserver import DevServer
from runtime.schedules import ensure_schedules
from sop.checkpoint import SignedCheckpoint
from sop.policy import Policy
from tests import batches
from tests.databases import Fresh, fresh_sqlite
from tests.desk import Desk, a_desk, a_worker, eventually, without_schedules

__all__ = ["fresh_sqlite"]

SIGNER = CheckpointSigner("a key of the tests that opens nothing")


@asynccontextmanager
async def proving(
    server: DevServer, policy: Policy, url: str, store: CheckpointFiles
) -> AsyncIterator[Desk]:
    """Run a desk whose worker signs checkpoints."""
    async with a_desk(server, url, "proving", policy, staffed=False) as desk:
        log = SqlJournalLog(desk.database, SIGNER)
        async with a_worker(desk, proof=ProofActivities(log, store)):
            yield desk


async def run(desk: Desk, workflow_id: str) -> Checkpointed:
    result: Checkpointed = await desk.client.execute_workflow(
        "CheckpointJournal",
        id=workflow_id,
        task_queue=desk.task_queue,
        result_type=Checkpointed,
    )
    return result


async def test_the_schedule_signs_what_the_journal_has_grown_by(
    server: DevServer, policy: Policy, fresh_sqlite: Fresh, tmp_path: Path
) -> None:
    store = CheckpointFiles(tmp_path / "kept", SIGNER.verifier_key)
    with fresh_sqlite() as url:
        async with proving(server, policy, str(url), store) as desk:
            await asyncio.to_thread(SqlCrm(desk.database).flush, batches.opened())
            await without_schedules(desk.client)
            await ensure_schedules(desk.client, policy, task_queue=desk.task_queue)
            try:
                schedule = desk.client.get_schedule_handle(schedules.CHECKPOINTS)
                told = await schedule.describe()
                assert told.schedule.spec.intervals == [
                    ScheduleIntervalSpec(every=timedelta(minutes=5))
                ]
                await schedule.trigger(overlap=ScheduleOverlapPolicy.ALLOW_ALL)

                async def kept() -> bool:
                    return bool(list(store.notes()))

                await eventually(kept)
            finally:
                await without_schedules(desk.client)
            notes = Kept(list(store.notes()), CheckpointVerifier(store.verifier_keys()))
            report = await asyncio.to_thread(verify, desk.database, notes)
    assert (report.findings, report.leaves, report.external) == ([], 1, 1)


async def test_a_store_that_holds_another_checkpoint_fails_the_run_for_all_to_see(
    server: DevServer, policy: Policy, fresh_sqlite: Fresh, tmp_path: Path
) -> None:
    store = CheckpointFiles(tmp_path / "kept", SIGNER.verifier_key)
    store.keep(SignedCheckpoint(1, "another\n"))
    with fresh_sqlite() as url:
        async with proving(server, policy, str(url), store) as desk:
            await asyncio.to_thread(SqlCrm(desk.database).flush, batches.opened())
            with pytest.raises(WorkflowFailureError) as failed:
                await run(desk, "checkpoint-of-another")
    activity = failed.value.cause
    assert isinstance(activity, ActivityError)
    assert isinstance(activity.cause, ApplicationError)
    assert activity.cause.type == "CheckpointConflictError"


async def test_nothing_new_makes_no_checkpoint(
    server: DevServer, policy: Policy, fresh_sqlite: Fresh, tmp_path: Path
) -> None:
    store = CheckpointFiles(tmp_path / "kept", SIGNER.verifier_key)
    with fresh_sqlite() as url:
        async with proving(server, policy, str(url), store) as desk:
            assert await run(desk, "checkpoint-of-nothing") == Checkpointed()
    assert list(store.notes()) == []
