"""Very long cases continue as new with everything they know."""

import sqlite3
from pathlib import Path

import pytest

from runtime.devserver import DevServer
from sop import messages as m
from sop.policy import Policy
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


async def _continued(desk: Desk, case_id: str) -> bool:
    return await desk.runs(case_id) > 1
