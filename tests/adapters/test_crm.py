"""A flush is one transaction, written once, on either database."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta, timezone
from functools import partial

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import StatementError

from activities.ports import FlushReceipt
from adapters.crm import SqlCrm
from adapters.crm_reads import CrmReads
from adapters.database import Database, StatementRefusedError
from adapters.tables import journal_entries
from sop.models import (
    Customer,
    Priority,
    Stage,
    TaskRecord,
)
from sop.outgoing import FlushBatch
from tests.batches import (
    MONDAY,
    after,
    case,
    entry,
    flush,
    message,
    opened,
    opening,
    paged,
    rung,
    task,
)
from tests.databases import watch


@pytest.fixture
def crm(database: Database) -> SqlCrm:
    return SqlCrm(database)


@pytest.fixture
def reads(database: Database) -> CrmReads:
    return CrmReads(database)


def stored_rows(database: Database) -> int:
    return database.read(
        lambda connection: connection.execute(
            select(func.count(journal_entries.c.seq))
        ).scalar_one()
    )


@pytest.mark.clause("INQ-4.2.3", "INQ-4.5.1")
def test_an_opened_case_is_logged_with_its_time_category_text_and_customer(
    crm: SqlCrm, reads: CrmReads
) -> None:
    row = case(
        1,
        stage=Stage.CATEGORISED,
        category="billing",
        priority=Priority.URGENT,
        received_local="Mon 2026-11-23 10:00 CET",
        next_deadline=after(60),
        next_deadline_what="complaint to the quality manager",
    )
    batch = opened(row=row)

    assert crm.flush(batch) == FlushReceipt(written=1)

    found = reads.case("C-1")
    assert found is not None
    assert {name: getattr(found, name) for name in type(row).model_fields} == dict(row)
    assert (found.subject, found.text) == ("Charged twice", opening().text)
    assert found.customer == opening().customer
    assert (found.opened_at, found.updated_at) == (MONDAY, MONDAY)
    assert reads.find_case_digest("C-1") == "d1"
    [logged] = reads.timeline("C-1")
    assert logged.model_dump(exclude={"stream", "revision"}) == (
        batch.outgoing.entries[0].model_dump()
    )


@pytest.mark.clause("INQ-4.5.2")
def test_a_later_flush_moves_the_row_and_leaves_what_was_told_once(
    crm: SqlCrm, reads: CrmReads
) -> None:
    crm.flush(opened())
    row = case(2, stage=Stage.FOLLOW_UP, resolution="Refunded.", responsible="anna")
    crm.flush(flush(entry(2), row=row, at=after(5)))
    found = reads.case("C-1")
    assert found is not None
    assert (found.stage, found.resolution, found.responsible) == (
        Stage.FOLLOW_UP, "Refunded.", "anna",
    )  # fmt: skip
    assert (found.subject, found.text) == ("Charged twice", opening().text)
    assert (found.opened_at, found.updated_at) == (MONDAY, after(5))
    assert reads.find_case_digest("C-1") == "d1"


def test_moments_come_back_in_utc_whatever_zone_they_were_told_in(
    crm: SqlCrm, reads: CrmReads
) -> None:
    tokyo = MONDAY.astimezone(timezone(timedelta(hours=9)))
    crm.flush(opened(row=case(1, received_at=tokyo)))
    found = reads.case("C-1")
    assert found is not None
    assert found.received_at == MONDAY
    assert found.received_at.utcoffset() == timedelta(0)


def test_a_contact_that_is_not_told_again_is_not_forgotten(crm: SqlCrm, reads: CrmReads) -> None:
    crm.flush(opened("C-1"))
    now_by_phone = Customer(customer_id="c-7", phone="+44 20 7946 0000", technical_terms=True)
    crm.flush(flush(entry(1), case_id="C-2", opening=opening(customer=now_by_phone)))
    found = reads.case("C-1")
    assert found is not None
    assert found.customer == Customer(
        customer_id="c-7", name="Ada Byron", email="ada@example.org",
        phone="+44 20 7946 0000", technical_terms=True,
    )  # fmt: skip


def test_a_batch_of_500_entries_is_one_transaction_of_two_statements(
    crm: SqlCrm, database: Database
) -> None:
    crm.flush(opened())
    with watch(database) as traffic:
        receipt = crm.flush(flush(*(entry(seq) for seq in range(2, 502))))
    assert receipt == FlushReceipt(written=500)
    assert traffic.counts == (2, 1), traffic.statements


SHAPES = {
    "opening": (opened(), 3),
    "verified": (flush(entry(2), entry(3)), 2),
    "resolved": (flush(entry(4), tasks=(task("C-1/follow-up/1"),), messages=(message("m"),)), 4),
    "escalated": (flush(entry(5), escalations=(rung(fired_at=MONDAY),)), 3),
    "page acknowledged": (paged(entry(1), escalations=(rung(level=1),)), 3),
}


@pytest.mark.parametrize(("batch", "statements"), SHAPES.values(), ids=SHAPES)
def test_a_flush_is_one_statement_for_each_table_that_it_concerns(
    crm: SqlCrm, database: Database, batch: FlushBatch, statements: int
) -> None:
    if batch.outgoing.opening is None:
        crm.flush(opened())
    with watch(database) as traffic:
        crm.flush(batch)
    assert traffic.counts == (statements, 1), traffic.statements


def test_a_batch_that_is_flushed_again_writes_nothing(
    crm: SqlCrm, reads: CrmReads, database: Database
) -> None:
    batch = opened(tasks=(task("t"),), messages=(message("m"),), escalations=(rung(level=1),))
    crm.flush(batch)
    assert crm.flush(batch) == FlushReceipt()
    assert stored_rows(database) == 1
    counts = reads.counts()
    assert (counts.cases, counts.open_tasks, counts.messages) == (1, 1, 1)


def at_once(count: int, work: Callable[[int], FlushReceipt]) -> list[FlushReceipt]:
    """Do work in so many threads that start together."""
    together = threading.Barrier(count)

    def begin(number: int) -> FlushReceipt:
        together.wait(timeout=30)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def test_the_same_batch_from_four_threads_at_once_is_written_once(
    crm: SqlCrm, database: Database
) -> None:
    """Many cases, since two claims of a new case collide in one of many only."""
    for number in range(20):
        name = f"C-{number}"
        sent = message(f"m-{number}", name)
        entries = (entry(1), entry(2), entry(3))
        batch = flush(*entries, case_id=name, opening=opening(), messages=(sent,))
        receipts = at_once(4, partial(lambda batch, _number: crm.flush(batch), batch))
        assert sorted(receipt.written for receipt in receipts) == [0, 0, 0, 3]
        assert sum(receipt.superseded for receipt in receipts) == 0
    assert stored_rows(database) == 20 * 3


def test_eight_cases_of_one_customer_are_flushed_at_once(crm: SqlCrm, reads: CrmReads) -> None:
    def work_a_case(number: int) -> FlushReceipt:
        case_id = f"C-{number}"
        crm.flush(opened(case_id))
        return crm.flush(flush(entry(2), entry(3), case_id=case_id, at=after(1)))

    receipts = at_once(8, work_a_case)
    assert receipts == [FlushReceipt(written=2)] * 8
    assert reads.counts().entries == 24
    assert reads.counts().replaced == 0


def test_what_happened_when_a_rung_fired_is_never_told_otherwise(
    crm: SqlCrm, reads: CrmReads
) -> None:
    fired = rung(
        role="quality_manager", clause="INQ-6.3", cause="receipt", level=1,
        due_at=MONDAY, fired_at=after(0.25), lateness=timedelta(milliseconds=250),
    )  # fmt: skip
    crm.flush(opened(escalations=(fired,)))
    told_otherwise = rung(
        role="duty_manager", cause="by hand", level=2, pages=3,
        due_at=after(9), fired_at=after(9), lateness=timedelta(0),
    )  # fmt: skip
    crm.flush(flush(entry(2), escalations=(told_otherwise,), at=after(10)))
    [register] = reads.escalations(case_id="C-1")
    assert register == fired.model_copy(update={"role": "duty_manager", "level": 2, "pages": 3})


def test_the_inquiry_and_the_escalation_write_their_parts_of_one_register_row(
    crm: SqlCrm, reads: CrmReads
) -> None:
    crm.flush(paged(entry(1), escalations=(rung(level=1, pages=1), rung(pages=2))))
    crm.flush(opened(escalations=(rung(due_at=MONDAY, fired_at=MONDAY, level=1),)))
    taken = rung(acknowledged_by="quinn", acknowledged_at=after(60))
    crm.flush(paged(entry(2), escalations=(taken,), at=after(60)))
    [register] = reads.escalations(case_id="C-1")
    assert register == rung(
        due_at=MONDAY, fired_at=MONDAY, level=1, pages=2,
        acknowledged_by="quinn", acknowledged_at=after(60),
    )  # fmt: skip
    assert [e.stream for e in reads.timeline("C-1")] == [
        "escalation-C-1-complaint-1", "escalation-C-1-complaint-1", "inquiry-C-1",
    ]  # fmt: skip


@pytest.mark.clause("INQ-4.6.2")
def test_a_task_that_is_opened_and_done_in_one_batch_is_done(crm: SqlCrm, reads: CrmReads) -> None:
    done: TaskRecord = task("t", done_at=after(60), outcome="confirmed")
    crm.flush(opened(tasks=(task("t"), done)))
    assert reads.tasks() == ()
    assert reads.tasks(open_only=False) == (done,)


def test_a_text_with_a_nul_does_not_stop_the_case(crm: SqlCrm, reads: CrmReads) -> None:
    crm.flush(opened(row=case(1, resolution="a\x00b")))
    crm.flush(flush(entry(2, note="x\x00y"), messages=(message("m", body="\x00"),), at=after(1)))
    assert crm.flush(flush(entry(3), at=after(2))) == FlushReceipt(written=1)
    assert reads.outbox()[0].body == "\N{REPLACEMENT CHARACTER}"


def test_a_broken_constraint_is_no_outage_and_tells_nothing_of_the_customer(
    crm: SqlCrm,
) -> None:
    crm.flush(opened("C-1"))
    same_writer = opened("C-2").model_copy(update={"stream": "inquiry-C-1"})
    with pytest.raises(StatementRefusedError) as refused:
        crm.flush(same_writer)
    assert "stream" in str(refused.value)
    told = f"{refused.value!r} {refused.value.__cause__!r}"
    assert not [word for word in ("C-2", "Charged", "charged", "Ada") if word in told]


def test_a_case_of_an_unknown_customer_is_refused_as_a_whole(
    crm: SqlCrm, reads: CrmReads, database: Database
) -> None:
    with pytest.raises(StatementRefusedError):
        crm.flush(flush(entry(1)))
    assert reads.case("C-1") is None
    assert stored_rows(database) == 0


def test_a_moment_without_a_zone_is_never_stored(crm: SqlCrm) -> None:
    naive = case(1).model_copy(update={"received_at": MONDAY.replace(tzinfo=None)})
    with pytest.raises(StatementError, match="time zone"):
        crm.flush(opened(row=naive))
