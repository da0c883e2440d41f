"""What survives when a worker or the database dies (docs/adr/0003…)."""

import asyncio
import os
import signal
import sqlite3
import sys
from asyncio.subprocess import Process
from pathlib import Path

import pytest

from runtime.case_errors import CaseEndedError, NotAnsweredError
from runtime.devserver import DevServer
from sop import messages as m
from sop.policy import Policy
from tests.desk import (
    ANNA,
    CONFIRMED,
    RESOLVED,
    VERIFIED,
    Desk,
    a_desk,
    eventually,
    sqlite_url,
)
from workflows.flushing import MOST_ENTRIES

SCRIPT = Path(__file__).with_name("crash_worker.py")
ROOT = Path(__file__).parents[2]


@pytest.mark.clause("INQ-4.5.1")
@pytest.mark.parametrize("kind", ["inquiry.opened", "verification.recorded", "inquiry.closed"])
async def test_a_worker_killed_between_commit_and_completion_leaves_one_row_per_entry(
    server: DevServer, policy: Policy, tmp_path: Path, kind: str
) -> None:
    url, died = sqlite_url(tmp_path), tmp_path / "died"
    async with a_desk(server, url, f"crash {kind}", policy, staffed=False) as desk:
        first = await _start(server.address, url, desk.task_queue, kind, died)
        working = asyncio.create_task(_work(desk, f"killed at {kind}"))
        assert await first.wait() == -signal.SIGKILL
        second = await _start(server.address, url, desk.task_queue, kind, died)
        try:
            case_id = await working
        finally:
            second.terminate()
            await second.wait()
        rows = _rows(tmp_path, case_id)
        assert [seq for seq, _ in rows] == list(range(1, len(rows) + 1))
        assert len({entry_id for _, entry_id in rows}) == len(rows)
        case = desk.reads.case(case_id)
        assert case is not None
        assert (case.stage, case.version) == ("closed", len(rows))


@pytest.mark.clause("INQ-4.5.1")
async def test_steps_taken_while_the_database_is_away_are_kept_in_order_and_burn_no_tasks(
    server: DevServer, policy: Policy, tmp_path: Path
) -> None:
    async with a_desk(server, sqlite_url(tmp_path), "outage", policy) as desk:
        case_id = await desk.open("outage", category="complaint")
        await desk.journal_holds(case_id, "inquiry.opened")
        away = sqlite3.connect(tmp_path / "crm.db", isolation_level=None)
        away.execute("BEGIN EXCLUSIVE")
        receipts = [
            await desk.do(case_id, m.AddNote(actor=ANNA, text=f"Note {number}."))
            for number in range(2 * MOST_ENTRIES)
        ]
        assert not any(receipt.recorded for receipt in receipts)
        during = await desk.events(case_id)
        away.execute("ROLLBACK")
        away.close()
        await desk.journal_holds(case_id, "note.added", 2 * MOST_ENTRIES)
        assert (await desk.do(case_id, VERIFIED, RESOLVED, CONFIRMED)).recorded
        notes = [e for e in desk.reads.timeline(case_id) if e.kind == "note.added"]
        assert [e.detail["text"] for e in notes] == [
            f"Note {number}." for number in range(2 * MOST_ENTRIES)
        ]
        assert during.count("workflow_task_failed") == 0
        assert during.count("workflow_task_timed_out") == 0
        assert during.count("activity_task_scheduled") == 1


@pytest.mark.clause("INQ-4.5.1")
async def test_a_database_that_refuses_at_once_is_waited_out_like_one_that_is_silent(
    server: DevServer, policy: Policy, tmp_path: Path
) -> None:
    async with a_desk(server, sqlite_url(tmp_path), "refused", policy) as desk:
        case_id = await desk.open("refused")
        await desk.journal_holds(case_id, "inquiry.opened")
        with sqlite3.connect(tmp_path / "crm.db") as operator:
            operator.execute("ALTER TABLE journal_entries RENAME TO journal_entries_moved")
        receipt = await desk.do(case_id, m.AddNote(actor=ANNA, text="Called back."))
        assert not receipt.recorded
        with sqlite3.connect(tmp_path / "crm.db") as operator:
            operator.execute("ALTER TABLE journal_entries_moved RENAME TO journal_entries")
        await desk.journal_holds(case_id, "note.added")
        assert (await desk.do(case_id, VERIFIED, RESOLVED, CONFIRMED)).recorded


@pytest.mark.clause("INQ-4.5.1")
async def test_a_case_cancelled_while_the_database_is_away_still_writes_what_it_accepted(
    server: DevServer, policy: Policy, tmp_path: Path
) -> None:
    async with a_desk(server, sqlite_url(tmp_path), "cancelled in an outage", policy) as desk:
        case_id = await desk.open("cancelled in an outage")
        await desk.journal_holds(case_id, "inquiry.opened")
        away = sqlite3.connect(tmp_path / "crm.db", isolation_level=None)
        away.execute("BEGIN EXCLUSIVE")
        await desk.do(case_id, m.Withdraw(actor=ANNA, reason="The customer found the receipt."))
        await desk.handle(case_id).cancel()

        async def cancelled() -> bool:
            events = await desk.events(case_id)
            asked = "workflow_execution_cancel_requested"
            return asked in events and "workflow_task_completed" in events[events.index(asked) :]

        await eventually(cancelled)
        away.execute("ROLLBACK")
        away.close()
        await desk.handle(case_id).result()
        assert (await desk.kinds(case_id))[-2:] == ["inquiry.withdrawn", "inquiry.closed"]


async def _work(desk: Desk, key: str) -> str:
    case_id = await desk.open(key)
    for step in (VERIFIED, RESOLVED, CONFIRMED):
        await _patiently(desk, case_id, step)
    return case_id


async def _patiently(desk: Desk, case_id: str, step: m.Command) -> None:
    """Repeat a step under the same key until it is answered, as a caller of the API does."""
    while True:
        try:
            await desk.cases.step(case_id, step, key=f"{step.step} once")
        except NotAnsweredError:
            continue
        except CaseEndedError:
            assert step is CONFIRMED
        return


async def _start(address: str, url: str, queue: str, kind: str, died: Path) -> Process:
    arguments = [str(SCRIPT), address, url, queue, kind, str(died)]
    return await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )


def _rows(directory: Path, case_id: str) -> list[tuple[int, str]]:
    """Return the raw rows of the journal, every revision included."""
    with sqlite3.connect(directory / "crm.db") as connection:
        query = "SELECT seq, entry_id FROM journal_entries WHERE stream = ? ORDER BY seq, revision"
        return list(connection.execute(query, (case_id,)))
