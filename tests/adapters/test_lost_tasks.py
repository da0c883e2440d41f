"""A flush that committed in a workflow task that was lost, and the task that was done again.

`docs/adr/0003-journal-flush-by-local-activity.md` has the reasoning; here is each interleaving.
"""

import threading

import pytest
from sqlalchemy import event, select

from activities.ports import FlushReceipt
from adapters.crm import SqlCrm
from adapters.crm_reads import CrmReads
from adapters.database import Database
from adapters.journal_verify import Kept, verify
from adapters.tables import journal_entries
from sop.models import Stage
from sop.outgoing import FlushBatch
from tests.batches import after, case, entry, flush, message, opened, paged, rung, task
from tests.databases import watch

pytestmark = pytest.mark.clause("INQ-4.5.1")

LOST, AGAIN, LATER = after(10), after(20), after(30)


@pytest.fixture
def crm(database: Database) -> SqlCrm:
    """A CRM with one open case, of which entry 1 is in the history."""
    crm = SqlCrm(database)
    crm.flush(opened())
    return crm


@pytest.fixture
def reads(database: Database) -> CrmReads:
    return CrmReads(database)


def shown(reads: CrmReads) -> list[tuple[int, str]]:
    return [(line.seq, line.entry_id) for line in reads.timeline("C-1")]


def kept(database: Database) -> list[tuple[int, int, str]]:
    """Every row of the journal, shown or not."""
    row = journal_entries.c
    query = select(row.seq, row.revision, row.entry_id).order_by(row.seq, row.revision)
    return database.read(lambda connection: [tuple(r) for r in connection.execute(query)])


def version(reads: CrmReads) -> int:
    found = reads.case("C-1")
    assert found is not None
    return found.version


def test_a_task_done_again_with_the_same_entries_leaves_one_row_for_each(
    crm: SqlCrm, reads: CrmReads, database: Database
) -> None:
    crm.flush(flush(entry(2, "u1"), entry(3, "u2"), at=LOST))
    assert crm.flush(flush(entry(2, "u1"), entry(3, "u2"), at=AGAIN)) == FlushReceipt()
    assert kept(database) == [(1, 0, "open#0"), (2, 0, "u1"), (3, 0, "u2")]
    assert shown(reads) == [(1, "open#0"), (2, "u1"), (3, "u2")]


def test_a_task_done_again_with_other_entries_replaces_them_by_new_rows(
    crm: SqlCrm, reads: CrmReads, database: Database
) -> None:
    crm.flush(flush(entry(2, "u1"), entry(3, "u2"), at=LOST))
    with watch(database) as traffic:
        receipt = crm.flush(flush(entry(2, "u2"), entry(3, "u1"), at=AGAIN))
    assert receipt == FlushReceipt(written=0, superseded=2)
    assert shown(reads) == [(1, "open#0"), (2, "u2"), (3, "u1")]
    assert kept(database)[1:] == [(2, 0, "u1"), (2, 1, "u2"), (3, 0, "u2"), (3, 1, "u1")]
    assert not [
        statement
        for statement in traffic.statements
        if statement.startswith(("UPDATE journal", "DELETE FROM journal"))
    ]


def test_a_task_done_again_with_fewer_entries_takes_the_others_from_the_readers(
    crm: SqlCrm, reads: CrmReads, database: Database
) -> None:
    crm.flush(flush(entry(2, "u1"), entry(3, "u2"), entry(4, "u3"), at=LOST))
    crm.flush(flush(entry(2, "u1"), at=AGAIN))
    assert shown(reads) == [(1, "open#0"), (2, "u1")]
    assert len(kept(database)) == 4
    assert (reads.counts().entries, reads.counts().replaced) == (2, 2)


def test_a_ghost_is_replaced_when_the_case_reaches_its_number(crm: SqlCrm, reads: CrmReads) -> None:
    crm.flush(flush(entry(2, "u1"), entry(3, "u2"), entry(4, "u3"), at=LOST))
    crm.flush(flush(entry(2, "u1"), at=AGAIN))
    assert crm.flush(flush(entry(3, "u9"), at=LATER)) == FlushReceipt(superseded=1)
    assert shown(reads) == [(1, "open#0"), (2, "u1"), (3, "u9")]


def test_a_ghost_whose_update_comes_after_all_is_the_entry_and_keeps_its_place(
    crm: SqlCrm, reads: CrmReads
) -> None:
    crm.flush(flush(entry(2, "u1", at=LOST), entry(3, "u2", at=LOST), at=LOST))
    crm.flush(flush(entry(2, "u5", at=AGAIN), at=AGAIN))
    crm.flush(flush(entry(3, "u2", at=LATER), at=LATER))
    assert shown(reads) == [(1, "open#0"), (2, "u5"), (3, "u2")]


def test_a_task_that_is_lost_twice_leaves_only_the_third_attempt(
    crm: SqlCrm, reads: CrmReads, database: Database
) -> None:
    crm.flush(flush(entry(2, "u1"), at=LOST))
    crm.flush(flush(entry(2, "u2"), at=AGAIN))
    crm.flush(flush(entry(2, "u1"), at=LATER))
    assert shown(reads) == [(1, "open#0"), (2, "u1")]
    assert kept(database)[1:] == [(2, 0, "u1"), (2, 1, "u2"), (2, 2, "u1")]


def test_the_row_of_a_lost_task_is_corrected_although_its_version_is_higher(
    crm: SqlCrm, reads: CrmReads
) -> None:
    resolved = case(3, stage=Stage.FOLLOW_UP, resolution="Refunded.")
    crm.flush(flush(entry(2, "u1"), entry(3, "u2"), row=resolved, at=LOST))
    crm.flush(flush(entry(2, "u1"), row=case(2, stage=Stage.IN_PROGRESS), at=AGAIN))
    found = reads.case("C-1")
    assert found is not None
    assert (found.version, found.stage, found.resolution) == (2, Stage.IN_PROGRESS, None)


def test_a_task_done_again_without_entries_takes_back_what_the_lost_one_wrote(
    crm: SqlCrm, reads: CrmReads
) -> None:
    crm.flush(flush(entry(2, "u1"), at=LOST))
    crm.flush(flush(row=case(1), at=AGAIN))
    assert shown(reads) == [(1, "open#0")]
    assert version(reads) == 1


@pytest.mark.parametrize(
    "late",
    [
        flush(entry(2, "u1"), entry(3, "u2"), row=case(3), at=LOST, messages=(message("m"),)),
        # The second flush of the lost task: it meets none of the entries of the one done again.
        flush(entry(4, "u3"), row=case(4), at=LOST, tasks=(task("t"),)),
    ],
    ids=["of the same entries", "of later entries"],
)
def test_a_lost_task_that_commits_late_changes_nothing(
    crm: SqlCrm, reads: CrmReads, database: Database, late: FlushBatch
) -> None:
    crm.flush(flush(entry(2, "u9"), at=AGAIN))
    assert crm.flush(late) == FlushReceipt()
    assert kept(database) == [(1, 0, "open#0"), (2, 0, "u9")]
    assert version(reads) == 2
    assert (reads.outbox(), reads.tasks()) == ((), ())


def test_an_earlier_attempt_of_the_same_task_does_not_take_back_its_next_flush(
    crm: SqlCrm, reads: CrmReads
) -> None:
    first = flush(entry(2, "u1"), at=AGAIN)
    crm.flush(first)
    crm.flush(flush(entry(3, "u2"), at=AGAIN))
    assert crm.flush(first) == FlushReceipt()
    assert shown(reads) == [(1, "open#0"), (2, "u1"), (3, "u2")]


def test_what_a_lost_task_registered_is_forgotten(crm: SqlCrm, reads: CrmReads) -> None:
    before = flush(
        entry(2), at=after(5),
        escalations=(rung("urgent", level=1),), tasks=(task("t1"),), messages=(message("m1"),),
    )  # fmt: skip
    crm.flush(before)
    lost = flush(
        entry(3, "u1"), entry(4, "u2"), at=LOST,
        escalations=(rung(level=1), rung("urgent", level=2)),
        tasks=(task("t2"), task("t3")), messages=(message("m2"), message("m3")),
    )  # fmt: skip
    crm.flush(lost)
    again = flush(entry(3, "u1"), at=AGAIN, tasks=(task("t2"),), messages=(message("m2"),))
    crm.flush(again)
    assert [register.rung for register in reads.escalations()] == ["urgent"]
    assert [open_task.task_id for open_task in reads.tasks()] == ["t1", "t2"]
    assert [sent.message_id for sent in reads.outbox()] == ["m1", "m2"]


def test_a_repetition_within_the_task_forgets_nothing(crm: SqlCrm, reads: CrmReads) -> None:
    """A local activity that timed out after its commit is tried again, perhaps with more."""
    crm.flush(flush(entry(2, "u1"), at=AGAIN, messages=(message("m1"),)))
    crm.flush(flush(entry(2, "u1"), entry(3, "u2"), at=AGAIN, messages=(message("m2"),)))
    assert [sent.message_id for sent in reads.outbox()] == ["m1", "m2"]


def test_the_journal_of_an_escalation_counts_as_far_as_its_last_flush(
    crm: SqlCrm, reads: CrmReads
) -> None:
    crm.flush(paged(entry(1, "page/1"), at=after(1)))
    crm.flush(paged(entry(2, "ack#0"), entry(3, "level/2"), at=LOST))
    crm.flush(paged(entry(2, "ack#0"), at=AGAIN))
    assert shown(reads)[:2] == [(1, "page/1"), (2, "ack#0")]
    late = paged(entry(3, "level/2"), at=LOST, escalations=(rung(level=2),))
    assert crm.flush(late) == FlushReceipt()
    assert reads.escalations() == ()
    assert len(shown(reads)) == 3


def test_an_escalation_that_flushes_no_entry_hides_none(crm: SqlCrm, reads: CrmReads) -> None:
    crm.flush(paged(entry(1, "page/1"), at=after(1)))
    crm.flush(paged(at=after(1), escalations=(rung(pages=2),)))
    crm.flush(paged(at=after(2), escalations=(rung(pages=3),)))
    assert (1, "page/1") in shown(reads)
    assert reads.escalations()[0].pages == 3


def overlap(database: Database, first: FlushBatch, second: FlushBatch) -> None:
    """Flush two batches so that the first commits only when the second has begun."""
    crm = SqlCrm(database)
    written, begun = threading.Event(), threading.Event()

    def hold(_connection: object) -> None:
        if threading.current_thread() is holder:
            written.set()
            assert begun.wait(timeout=30)

    def begin(*_statement: object) -> None:
        if threading.current_thread() is not holder:
            begun.set()

    holder = threading.Thread(target=crm.flush, args=(first,))
    event.listen(database.engine, "commit", hold)
    event.listen(database.engine, "before_cursor_execute", begin)
    holder.start()
    assert written.wait(timeout=30)
    crm.flush(second)
    holder.join(timeout=30)
    event.remove(database.engine, "commit", hold)
    event.remove(database.engine, "before_cursor_execute", begin)


@pytest.mark.parametrize("lost_first", [True, False], ids=["lost first", "done again first"])
def test_of_two_flushes_that_overlap_the_task_done_again_wins(
    crm: SqlCrm, reads: CrmReads, database: Database, *, lost_first: bool
) -> None:
    lost = flush(entry(2, "u1"), entry(3, "u2"), row=case(3), at=LOST)
    again = flush(entry(2, "u9"), row=case(2), at=AGAIN)
    first, second = (lost, again) if lost_first else (again, lost)
    overlap(database, first, second)
    assert shown(reads) == [(1, "open#0"), (2, "u9")]
    assert version(reads) == 2
    report = verify(database, Kept())
    assert (report.findings, report.entries) == ([], 4 if lost_first else 2)
