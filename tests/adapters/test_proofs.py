"""The registers of the handoff procedure: kept by class, with their entry, once (HOF-7)."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Table, event, select

from activities.ports import FlushReceipt
from adapters.crm import SqlCrm
from adapters.crm_reads import CrmReads
from adapters.database import Database
from adapters.handoff_tables import handoff_confirmations, verification_log
from adapters.incident_tables import incident_reports
from sop.models import Payload
from tests.batches import after, confirmation, entry, flush, incident_report, opened, verification
from tests.databases import watch

Make = Callable[..., Payload]

REGISTERS = [
    pytest.param(
        verification_log, "verifications", verification, "verification",
        marks=pytest.mark.clause("HOF-7.1"), id="verification log",
    ),
    pytest.param(
        handoff_confirmations, "confirmations", confirmation, "handoff",
        marks=pytest.mark.clause("HOF-7.2"), id="handoff confirmations",
    ),
    pytest.param(
        incident_reports, "reports", incident_report, "incident",
        marks=pytest.mark.clause("HOF-7.3"), id="incident reports",
    ),
]  # fmt: skip
EVERY = pytest.mark.parametrize(("table", "name", "make", "kept"), REGISTERS)

LOST, AGAIN, LATER = after(10), after(20), after(30)
WHO = {"verifications": "representative", "confirmations": "sender", "reports": "reported_by"}


@pytest.fixture
def crm(database: Database) -> SqlCrm:
    """A CRM with one open case, of which entry 1 is in the history."""
    crm = SqlCrm(database)
    crm.flush(opened())
    return crm


def told(name: str, *records: Payload) -> dict[str, Any]:
    """Return what a flush takes for a register."""
    return {name: records}


def rows(database: Database, table: Table) -> list[dict[str, Any]]:
    (key,) = table.primary_key
    return database.rows(select(table).order_by(key))


def keys(database: Database, table: Table) -> list[str]:
    (key,) = table.primary_key
    return [row[key.name] for row in rows(database, table)]


@EVERY
def test_every_row_bears_the_retention_class_of_its_register_and_the_record_whole(
    crm: SqlCrm, database: Database, table: Table, name: str, make: Make, kept: str
) -> None:
    record = make("r1")
    crm.flush(flush(entry(2), at=LOST, **told(name, record)))
    (row,) = rows(database, table)
    assert row["retention_class"] == kept
    assert type(record).model_validate(row) == record
    assert (row["version"], row["written_at"]) == (2, LOST)


@EVERY
def test_a_record_is_written_in_the_transaction_of_its_entry(
    crm: SqlCrm, database: Database, table: Table, name: str, make: Make, kept: str
) -> None:
    with watch(database) as traffic:
        crm.flush(flush(entry(2), at=LOST, **told(name, make("r1"), make("r2"))))
    assert traffic.commits == 1
    assert keys(database, table) == ["r1", "r2"]


@EVERY
def test_without_its_record_an_entry_is_not_written_either(
    crm: SqlCrm, database: Database, table: Table, name: str, make: Make, kept: str
) -> None:
    def refuse(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(f"INSERT INTO {table.name}"):
            raise ConnectionError

    batch = flush(entry(2), at=LOST, **told(name, make("r1")))
    event.listen(database.engine, "before_cursor_execute", refuse)
    with pytest.raises(ConnectionError):
        crm.flush(batch)
    event.remove(database.engine, "before_cursor_execute", refuse)
    assert [line.seq for line in CrmReads(database).timeline("C-1")] == [1]
    assert crm.flush(batch) == FlushReceipt(written=1)
    assert keys(database, table) == ["r1"]


@EVERY
def test_a_flush_that_is_repeated_writes_a_record_once(
    crm: SqlCrm, database: Database, table: Table, name: str, make: Make, kept: str
) -> None:
    batch = flush(entry(2), at=LOST, **told(name, make("r1")))
    crm.flush(batch)
    first = rows(database, table)
    assert crm.flush(batch) == FlushReceipt()
    assert rows(database, table) == first


@EVERY
def test_what_a_lost_task_wrote_and_the_history_does_not_know_is_gone(
    crm: SqlCrm, database: Database, table: Table, name: str, make: Make, kept: str
) -> None:
    crm.flush(flush(entry(2), at=after(5), **told(name, make("r1"))))
    lost = (make("r2"), make("r3"))
    crm.flush(flush(entry(3, "u1"), entry(4, "u2"), at=LOST, **told(name, *lost)))
    crm.flush(flush(entry(3, "u1"), at=AGAIN, **told(name, make("r2"))))
    assert keys(database, table) == ["r1", "r2"]
    crm.flush(flush(entry(4, "u2"), at=LATER, **told(name, make("r3"))))
    assert keys(database, table) == ["r1", "r2", "r3"]


@EVERY
def test_a_record_says_what_the_task_done_again_says_and_not_what_the_lost_one_said(
    crm: SqlCrm, database: Database, table: Table, name: str, make: Make, kept: str
) -> None:
    """Two people act at once; the lost task and the one done again take them in another order."""
    crm.flush(flush(entry(2, "u1"), at=LOST, **told(name, make("r1", **{WHO[name]: "lena"}))))
    crm.flush(flush(entry(2, "u2"), at=AGAIN, **told(name, make("r1", **{WHO[name]: "quinn"}))))
    (row,) = rows(database, table)
    assert (row[WHO[name]], row["written_at"]) == ("quinn", AGAIN)
    late = flush(entry(2, "u1"), at=LOST, **told(name, make("r1", **{WHO[name]: "lena"})))
    assert crm.flush(late) == FlushReceipt()
    assert rows(database, table) == [row]


@EVERY
def test_a_repetition_within_the_task_forgets_no_record(
    crm: SqlCrm, database: Database, table: Table, name: str, make: Make, kept: str
) -> None:
    crm.flush(flush(entry(2, "u1"), at=AGAIN, **told(name, make("r1"))))
    crm.flush(flush(entry(2, "u1"), entry(3, "u2"), at=AGAIN, **told(name, make("r2"))))
    assert keys(database, table) == ["r1", "r2"]


@EVERY
def test_another_cases_lost_task_forgets_nothing_of_this_one(
    crm: SqlCrm, database: Database, table: Table, name: str, make: Make, kept: str
) -> None:
    crm.flush(flush(entry(2), at=LOST, **told(name, make("r1"))))
    crm.flush(opened("C-2"))
    crm.flush(flush(entry(2, "u1"), case_id="C-2", at=LOST, **told(name, make("r2", "C-2"))))
    crm.flush(flush(entry(2, "u2"), case_id="C-2", at=AGAIN))
    assert keys(database, table) == ["r1"]
