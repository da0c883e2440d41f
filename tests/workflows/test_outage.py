"""A database that does not answer while more cases need it than can be tried at once."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.crm import SqlCrm
from adapters.duty_reads import SqlDutySource
from adapters.incidents import SqlIncidents
from adapters.oncall import OutboxOnCall
from adapters.secure_mail import OutboxSecureMail
from runtime.devserver import DevServer
from sop import messages as m
from sop.policy import Policy
from tests.desk import ANNA, CONFIRMED, RESOLVED, VERIFIED, a_desk, sqlite_url
from workers.worker import Outside, WorkerLimits, make_worker

ONE_FLUSH_AT_A_TIME = WorkerLimits(
    workflow_task_slots=8,
    activity_slots=4,
    local_activity_slots=1,
    graceful_shutdown=timedelta(seconds=5),
    sticky_timeout=timedelta(seconds=5),
)


@pytest.mark.clause("INQ-4.5.1")
async def test_a_flush_that_never_had_its_turn_is_written_when_the_database_is_back(
    server: DevServer, policy: Policy, tmp_path: Path
) -> None:
    async with a_desk(server, sqlite_url(tmp_path), "turns", policy, staffed=False) as desk:
        worker = make_worker(
            desk.client,
            Outside(
                crm=SqlCrm(desk.database),
                on_call=OutboxOnCall(desk.database),
                incidents=SqlIncidents(desk.database),
                mail=OutboxSecureMail(desk.database, sender="desk@example.org"),
                duties=SqlDutySource(desk.database),
            ),
            task_queue=desk.task_queue,
            limits=ONE_FLUSH_AT_A_TIME,
        )
        async with worker:
            cases = [await desk.open(f"turn {number}") for number in range(5)]
            for case_id in cases:
                await desk.journal_holds(case_id, "inquiry.opened")
            with closing(sqlite3.connect(tmp_path / "crm.db", isolation_level=None)) as away:
                away.execute("BEGIN EXCLUSIVE")
                note = m.AddNote(actor=ANNA, text="Called back.")
                receipts = await asyncio.gather(*(desk.do(case_id, note) for case_id in cases))
                assert not any(receipt.recorded for receipt in receipts)
            for case_id in cases:
                await desk.journal_holds(case_id, "note.added")
                assert (await desk.do(case_id, VERIFIED, RESOLVED, CONFIRMED)).stage == "closed"
