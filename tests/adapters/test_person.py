"""An export finds every record of a person, in every table (HOF-5.1)."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Column, DateTime, Integer, LargeBinary, Numeric, Table

from adapters.database import Database
from adapters.person import PersonRecords
from adapters.person_sections import OF_NOBODY, SECTIONS, WHOLLY_WITHHELD
from adapters.schema import metadata
from adapters.sealed import is_sealed
from sop.keys import customer_owner
from tests.keyrings import erase, shared_keyring

pytestmark = pytest.mark.clause("HOF-5.1")

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ME, OTHER, ERASED = "c-me", "c-other", "c-erased"
SECRET = "for nobody's eyes"


def case_of(person: str, kind: str = "inquiry") -> str:
    return f"{kind}-{person.removeprefix('c-')}00000000"


def value(column: Column[Any], person: str, number: int) -> Any:
    """Return what a column of a person's row holds: something that is there in each."""
    known = {
        "customer_id": person,
        "case_id": case_of(person),
        "handoff_id": case_of(person, "handoff"),
        "incident_id": case_of(person, "incident"),
        "about": case_of(person),
        "recipient": f"customer:{person}",
        "report_id": f"{case_of(person)}/breach/1",
        "detail": {"text": f"of {person}", "to_assignee": SECRET},
        "forms": [{"form": "passport", "matched": False}],
        "actions": [{"action": "mend", "owner": SECRET}],
        "digest": f"{SECRET} {person}",
        "principal": SECRET,
        "request_digest": SECRET,
        "lateness": timedelta(seconds=number),
    }
    if column.name in known:
        return known[column.name]
    for kinds, held in _BY_TYPE:
        if isinstance(getattr(column.type, "impl_instance", column.type), kinds):
            return held(number)
    return f"{column.name} of {person}"


_BY_TYPE: tuple[tuple[Any, Callable[[int], Any]], ...] = (
    (JSON, lambda _: []),
    (Boolean, lambda _: False),
    ((Integer, Numeric), lambda number: number),
    (LargeBinary, lambda _: b"sealed"),
    (DateTime, lambda _: NOW),
)


def seed(database: Database, tables: list[Table], *people: str) -> None:
    """Write a row of each of two people into every table that can hold one."""

    rows = [
        (table, {column.name: value(column, person, number) for column in table.columns})
        for table in tables
        for number, person in enumerate(people or (ME, OTHER), 1)
    ]
    sealed = [
        (table, database.sealing.seal(table, row) if any(map(is_sealed, table.columns)) else row)
        for table, row in rows
    ]

    def work(connection: Any) -> None:
        for table, row in sealed:
            connection.execute(table.insert().values(**row))

    database.write(work)


def of_people() -> list[Table]:
    named = {part.table.name for part in SECTIONS}
    return [table for table in metadata.sorted_tables if table.name in named]


def test_every_table_was_decided_upon() -> None:
    decided = {part.table.name for part in SECTIONS} | WHOLLY_WITHHELD.keys() | OF_NOBODY
    assert {table.name for table in metadata.sorted_tables} - decided == set()
    about_people = {"customer_id", "case_id", "handoff_id", "incident_id", "about", "recipient"}
    unnoticed = [
        table.name
        for table in metadata.sorted_tables
        if table.name in OF_NOBODY and about_people & set(table.columns.keys())
    ]
    assert unnoticed == []


def test_an_export_finds_the_person_in_every_table_and_nobody_else(database: Database) -> None:
    seed(database, of_people())
    found = PersonRecords(database).dossier("privacy-0123456789", ME, NOW)
    assert found.counts == dict.fromkeys((part.name for part in SECTIONS), 1)
    document = json.loads(found.document())
    assert document["schema_name"] == "handrail-person-export/1"
    assert OTHER not in json.dumps(document)


def test_what_is_withheld_is_named_with_its_reason_and_is_not_in_the_document(
    database: Database,
) -> None:
    seed(database, of_people())
    found = PersonRecords(database).dossier("privacy-0123456789", ME, NOW)
    text = found.document().decode()
    assert SECRET not in text
    assert '"matched":' not in text
    why = {(part.section, part.field): str(part.why) for part in found.withheld}
    assert why["identity_forms", "digest"] == "security"
    assert why["identity_checks", "forms.matched"] == "security"
    assert why["journal", "detail.to_assignee"] == "other_persons"
    assert why["journal", "principal"] == "other_persons"
    assert why["incidents", "actions.owner"] == "other_persons"
    assert why["temporal_histories", ""] == "copy"
    sections = {section.name: section.records for section in found.sections}
    assert sections["identity_checks"][0]["forms"] == ["passport"]
    assert sections["journal"][0]["detail"] == {"text": f"of {ME}"}


def test_what_was_erased_before_is_withheld_as_such(database: Database) -> None:
    seed(database, of_people(), ERASED)
    erase(shared_keyring(), case_of(ERASED), customer_owner(ERASED))
    found = PersonRecords(database).dossier("privacy-0123456789", ERASED, NOW)
    why = {(part.section, part.field): str(part.why) for part in found.withheld}
    assert why["inquiries", "text"] == why["customer", "name"] == "erased"
    assert why["journal", "detail"] == "erased"
    sections = {section.name: section.records for section in found.sections}
    assert "text" not in sections["inquiries"][0]
    assert "[erased]" not in found.document().decode()


def test_an_export_of_somebody_unknown_is_empty_and_says_so(database: Database) -> None:
    found = PersonRecords(database).dossier("privacy-0123456789", "nobody", NOW)
    assert set(found.counts.values()) == {0}


def test_open_cases_are_those_that_are_not_closed(database: Database) -> None:
    seed(database, of_people())
    reads = PersonRecords(database)
    assert reads.open_cases(ME) == ()

    def reopen(connection: Any) -> None:
        for name in ("cases", "handoffs"):
            connection.execute(metadata.tables[name].update().values(closed_at=None))

    def forget_the_tombstones(connection: Any) -> None:
        connection.execute(metadata.tables["disposed_cases"].delete())

    database.write(reopen)
    # What has a tombstone was terminated for an erasure, and is not to be ended again.
    assert case_of(ME) not in {each.case_id for each in reads.open_cases(ME)}
    database.write(forget_the_tombstones)
    found = [each.case_id for each in reads.open_cases(ME)]
    assert found == [case_of(ME, "handoff"), case_of(ME)]
