"""The part of the recorded histories that schedules start beside duties: disposal and proof."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from activities.proving import ProofActivities
from adapters.access_log import AccessLog
from adapters.checkpoint_signing import CheckpointSigner
from adapters.checkpoints import CheckpointFiles
from adapters.disposal import SqlRecords
from adapters.journal_log import SqlJournalLog
from adapters.key_disposal import KeyDisposal
from sop.access_log import AccessEntry, Outcome, Via
from sop.disposal import ENTRIES, RetentionRun
from sop.models import Role
from tests.desk import Desk
from tests.disposals import Archive
from tests.keyrings import shared_key_store, shared_keyring
from workflows.disposing import BATCH, BATCHES_TO_A_RUN, RetentionStart

SIX_YEARS = timedelta(days=6 * 366)
CLASSES_DUE = 4
"""Of an inquiry that closed so long ago: all that there can be of it."""


def proving(desk: Desk, directory: Path) -> ProofActivities:
    """Return what signs checkpoints of a desk's journal, with a key and a store of its own."""
    signer = CheckpointSigner("a key of the histories that opens nothing")
    store = CheckpointFiles(directory / "checkpoints", signer.verifier_key)
    return ProofActivities(SqlJournalLog(desk.database, signer), store)


async def retention(desk: Desk, key: str) -> tuple[str, ...]:
    """Dispose of more than a batch, in a run that continues as new between the two."""
    keyring = shared_keyring()
    holds = KeyDisposal(shared_key_store(), keyring)
    records = SqlRecords(desk.database)
    archive = Archive(desk.database, shared_key_store(), keyring, holds, records, Path())
    now = datetime.now(UTC)
    for number in range(BATCH // CLASSES_DUE + 1):
        case_id = f"inquiry-{key}-{number}"
        await asyncio.to_thread(archive.close_inquiry, case_id, now - SIX_YEARS, f"c-{key}")
    policy = desk.cases.policy
    before = RetentionRun(
        certificate_id=f"retention-{key}",
        policy_version=policy.version,
        began_at=now,
        tried=BATCHES_TO_A_RUN - 1,
    )
    handle = await desk.client.start_workflow(
        "RetentionWorkflow",
        RetentionStart(policy=policy, run=before),
        id=f"history-{key}",
        task_queue=desk.task_queue,
        result_type=RetentionRun,
    )
    run: RetentionRun = await handle.result()
    if run.tried != BATCHES_TO_A_RUN + 1 or run.failures:
        raise ValueError(f"this is not the run that was to be recorded: {run}")
    return (handle.id,)


async def entries(desk: Desk, key: str) -> tuple[str, ...]:
    """Dispose of an old entry of the access log."""
    now = datetime.now(UTC)
    seen = AccessEntry(
        entry_id=key,
        at=now - SIX_YEARS,
        principal="ana",
        role=Role.CSR,
        via=Via.SESSION,
        action="decode",
        owner="inquiry-1",
        count=1,
        outcome=Outcome.OPENED,
    )
    await asyncio.to_thread(AccessLog(desk.database).record, [seen])
    handle = await desk.client.start_workflow(
        "RetentionWorkflow",
        RetentionStart(policy=desk.cases.policy),
        id=f"history-{key}",
        task_queue=desk.task_queue,
        result_type=RetentionRun,
    )
    run: RetentionRun = await handle.result()
    if run.counts.get(ENTRIES) != 1 or run.failures:
        raise ValueError(f"this is not the run that was to be recorded: {run}")
    return (handle.id,)


async def checkpoint(desk: Desk, key: str) -> tuple[str, ...]:
    """Sign a checkpoint of what the journal has grown by."""
    handle = await desk.client.start_workflow(
        "CheckpointJournal", id=f"history-{key}", task_queue=desk.task_queue
    )
    await handle.result()
    return (handle.id,)


SCHEDULE_STORIES = {"retention": retention, "entries": entries, "checkpoint": checkpoint}
