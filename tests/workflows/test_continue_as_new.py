"""Very long cases continue as new with everything they know."""

import sqlite3
from pathlib import Path

import pytest

from adapters.handoff_reads import HandoffReads
from adapters.recipient_keys import RecipientKeys
from runtime.devserver import DevServer
from sop import messages as m
from sop.handoff import messages as h
from sop.policy import Policy
from tests.bench.handoff_paths import ACCEPTED, PREPARED, TRANSFERRED, identified, opening
from tests.certificates import holder
from tests.desk import (
    ANNA,
    CONFIRMED,
    QUALITY,
    RESOLVED,
    VERIFIED,
    Desk,
    a_desk,
    eventually,
    sqlite_url,
)
from tests.workflows.conftest import LONG
from workflows.escalating import escalation_id


async def test_a_case_that_continues_as_new_loses_nothing(
    forgetful_server: DevServer, policy: Policy, tmp_path: Path
) -> None:
    async with a_desk(forgetful_server, sqlite_url(tmp_path), "long", policy) as desk:
        case_id = await desk.open("long", category="complaint")
        await desk.time_passes(case_id, hours=12)
        await desk.is_paged(case_id, "quality_manager")
        taken = m.Acknowledge(actor=QUALITY, level=1)
        await desk.cases.acknowledge(case_id, "complaint", 1, taken, key=None)
        note = m.AddNote(actor=ANNA, text="The first note.", digest="d")
        first = await desk.cases.step(case_id, note, key="first")
        for number in range(20):
            await desk.do(case_id, m.AddNote(actor=ANNA, text=f"Note {number}."))
        await eventually(lambda: _continued(desk, case_id))

        assert await desk.cases.step(case_id, note, key="first") == first
        assert (await desk.kinds(case_id)).count("note.added") == 21
        page = desk.handle(escalation_id(case_id, "complaint", 1))
        description = await page.describe()
        assert description.status is not None
        assert description.status.name == "RUNNING"
        case = desk.reads.case(case_id)
        assert case is not None
        assert (case.holder, case.escalation_level) == ("quinn", 1)
        closed = await desk.do(case_id, VERIFIED, RESOLVED, CONFIRMED)
        assert closed.stage == "closed"
        timeline = [e for e in desk.reads.timeline(case_id) if e.stream == case_id]
        assert [e.seq for e in timeline] == list(range(1, closed.seq + 1))
        await page.result()


@pytest.mark.clause("INQ-6.3")
async def test_an_escalation_that_is_stood_down_while_it_continues_as_new_ends(
    forgetful_server: DevServer, policy: Policy, tmp_path: Path
) -> None:
    async with a_desk(forgetful_server, sqlite_url(tmp_path), "stood down", policy) as desk:
        case_id = await desk.open("stood down", category="complaint")
        await desk.do(case_id, VERIFIED)
        await desk.time_passes(case_id, hours=12)
        await desk.is_paged(case_id, "quality_manager")
        name = escalation_id(case_id, "complaint", 1)
        away = sqlite3.connect(tmp_path / "crm.db", isolation_level=None)
        away.execute("BEGIN EXCLUSIVE")
        taken = m.Acknowledge(actor=QUALITY, level=1)
        for _ in range(LONG // 4):  # each of them four events; it waits for the database meanwhile
            await desk.cases.acknowledge(case_id, "complaint", 1, taken, key=None)
        await desk.do(case_id, RESOLVED)

        async def told() -> bool:
            events = await desk.events(name)
            signal = "workflow_execution_signaled"
            return signal in events and "workflow_task_completed" in events[events.index(signal) :]

        await eventually(told)
        away.execute("ROLLBACK")
        away.close()
        await desk.handle(name).result()


@pytest.mark.clause("HOF-4.2.4", "HOF-4.2.5")
async def test_a_handoff_that_continues_as_new_with_an_offer_open_keeps_it_and_mails_nothing_twice(
    forgetful_server: DevServer, policy: Policy, tmp_path: Path
) -> None:
    async with a_desk(forgetful_server, sqlite_url(tmp_path), "long handoff", policy) as desk:
        keys = RecipientKeys(desk.database)
        keys.add("rita", holder().pem, address=None, added_by="lena")
        opened = await desk.cases.open_handoff(opening(), actor=ANNA, key="long", digest="d")
        case_id = opened.case_id
        mailed = TRANSFERRED.model_copy(update={"channel": "encrypted_email"})
        await desk.do(case_id, identified(), PREPARED, mailed)
        await desk.journal_holds(case_id, "handoff.transferred")
        note = h.AddHandoffNote(actor=ANNA, text="The first note.", digest="d")
        first = await desk.cases.step(case_id, note, key="first")
        for number in range(20):
            await desk.do(case_id, h.AddHandoffNote(actor=ANNA, text=f"Note {number}."))
        await eventually(lambda: _continued(desk, case_id))

        assert await desk.cases.step(case_id, note, key="first") == first
        await desk.time_passes(case_id, hours=4, seconds=1)
        await desk.journal_holds(case_id, "handoff.reminded")
        closed = await desk.do(case_id, ACCEPTED)
        assert (closed.stage, closed.missing) == ("closed", ())
        sent = [x.topic for x in desk.reads.outbox(case_id=case_id)]
        assert (sent.count("handoff.encrypted"), sent.count("handoff.offered")) == (1, 1)
        reads = HandoffReads(desk.database)
        (confirmation,) = reads.confirmations(case_id)
        assert (confirmation.channel, confirmation.outcome) == ("encrypted_email", "accepted")
        row = reads.handoff(case_id)
        assert row is not None
        assert (row.custody, row.answer) == ("rita", "accept")
        timeline = [e for e in desk.reads.timeline(case_id) if e.stream == case_id]
        assert [e.seq for e in timeline] == list(range(1, closed.seq + 1))


async def _continued(desk: Desk, case_id: str) -> bool:
    return await desk.runs(case_id) > 1
