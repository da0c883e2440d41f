"""Whatever tasks are lost, and whenever their flushes commit: the CRM shows the history."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from adapters.crm import SqlCrm
from adapters.crm_reads import CrmReads
from adapters.database import Database
from adapters.incident_tables import incident_reports
from sop.outgoing import FlushBatch
from tests.batches import after, case, entry, flush, incident_report, message, opened, task

CAUSES = tuple("abcdefgh")


@dataclass
class Play:
    """A workflow that loses tasks, its CRM, and flushes that commit too late.

    Attributes:
        truth: The ids of the entries in the history; entry 1 opened the case.
        strays: Batches that a lost task or an earlier attempt may still commit.
    """

    data: st.DataObject
    crm: SqlCrm
    case_id: str = field(default_factory=lambda: f"C-{uuid.uuid4().hex}")
    truth: list[str] = field(default_factory=lambda: ["open#0"])
    strays: list[FlushBatch] = field(default_factory=list)
    tasks: int = 0

    def task(self) -> list[FlushBatch]:
        """Let one workflow task handle updates that the history does not have yet."""
        self.tasks += 1
        at, known, batches = after(self.tasks), list(self.truth), []
        open_causes = [cause for cause in CAUSES if cause not in known]
        handled = self.data.draw(st.permutations(open_causes))[: self.some(1, 5)]
        while handled:
            size = self.some(1, len(handled))
            batches.append(self.batch(len(known) + 1, handled[:size], at))
            known += handled[:size]
            handled = handled[size:]
        return batches

    def batch(self, first: int, causes: list[str], at: datetime) -> FlushBatch:
        last = first + len(causes) - 1
        return flush(
            *(entry(seq, cause, at=at) for seq, cause in enumerate(causes, start=first)),
            case_id=self.case_id,
            row=case(last, self.case_id, resolution=causes[-1]),
            at=at,
            tasks=tuple(task(f"{self.case_id}/{cause}", self.case_id) for cause in causes),
            messages=tuple(message(f"{self.case_id}/{cause}", self.case_id) for cause in causes),
            reports=tuple(
                incident_report(f"{self.case_id}/{seq}", self.case_id, text=cause)
                for seq, cause in enumerate(causes, start=first)
            ),
        )

    def lose_a_task(self) -> None:
        """Commit some of a task's flushes; one more may be on its way."""
        batches = self.task()
        committed = self.some(0, len(batches))
        for batch in batches[:committed]:
            self.commit(batch)
        self.strays += batches[committed : committed + 1]

    def commit(self, batch: FlushBatch) -> None:
        """Commit a batch, and then perhaps what was late, or what is repeated."""
        self.crm.flush(batch)
        self.strays.append(batch)
        for _ in range(self.some(0, 2)):
            self.crm.flush(self.data.draw(st.sampled_from(self.strays)))

    def some(self, least: int, most: int) -> int:
        return self.data.draw(st.integers(least, most))


def shows(database: Database, play: Play) -> None:
    """The CRM shows what the history holds, and nothing else."""
    reads = CrmReads(database)
    row = reads.case(play.case_id)
    assert row is not None
    assert (row.version, row.resolution) == (len(play.truth), play.truth[-1])
    timeline = [(line.seq, line.entry_id) for line in reads.timeline(play.case_id)]
    assert timeline == list(enumerate(play.truth, start=1))
    registered = {f"{play.case_id}/{cause}" for cause in play.truth[1:]}
    assert {found.task_id for found in reads.tasks(case_id=play.case_id)} == registered
    assert {sent.message_id for sent in reads.outbox(case_id=play.case_id)} == registered
    query = select(incident_reports).where(incident_reports.c.case_id == play.case_id)
    rows = database.rows(query)
    assert {(row["report_id"], row["text"]) for row in rows} == {
        (f"{play.case_id}/{seq}", cause) for seq, cause in enumerate(play.truth[1:], start=2)
    }


@pytest.mark.clause("INQ-4.5.1", "HOF-7.3")
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_the_crm_shows_the_history_whatever_tasks_were_lost(
    database: Database, data: st.DataObject
) -> None:
    play = Play(data, SqlCrm(database))
    play.crm.flush(opened(play.case_id))
    for _ in range(play.some(1, 3)):
        for _ in range(play.some(0, 2)):
            play.lose_a_task()
        for batch in play.task():
            play.commit(batch)
            play.truth += [line.entry_id for line in batch.outgoing.entries]
            shows(database, play)
