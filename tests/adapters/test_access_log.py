"""The access log can be added to, read, and not changed."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, Executable, delete, text, update

from adapters.access_log import AccessLog
from adapters.access_tables import access_log
from adapters.database import Database, StatementRefusedError
from sop.access_log import AccessEntry, AccessFilter, Outcome, Via
from sop.models import Role

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)


def entry(number: int, **changes: object) -> AccessEntry:
    said = {
        "entry_id": f"{number:032}", "at": NOW + timedelta(minutes=number), "principal": "ana",
        "role": Role.CSR, "via": Via.SESSION, "action": "decode", "owner": "inquiry-1",
        "key_id": "0" * 32, "count": 1, "outcome": Outcome.OPENED,
    }  # fmt: skip
    return AccessEntry.model_validate(said | changes)


def test_entries_are_read_by_case_person_and_time_the_newest_first(database: Database) -> None:
    log = AccessLog(database)
    entries = [entry(1), entry(2, owner="handoff-1"), entry(3, principal="ben")]
    unknown = entry(4, owner=None, key_id=None, outcome=Outcome.UNKNOWN)
    log.record([*entries, unknown])
    log.record([])
    assert log.entries(AccessFilter()) == (unknown, *reversed(entries))
    assert log.entries(AccessFilter(owner="inquiry-1")) == (entries[2], entries[0])
    assert log.entries(AccessFilter(principal="ben")) == (entries[2],)
    assert log.entries(AccessFilter(since=NOW + timedelta(minutes=3))) == (unknown, entries[2])
    assert log.entries(AccessFilter(), limit=1) == (unknown,)


def test_entries_of_one_request_are_written_all_or_none(database: Database) -> None:
    log = AccessLog(database)
    log.record([entry(1)])
    with pytest.raises(StatementRefusedError):
        log.record([entry(2), entry(1)])
    assert log.entries(AccessFilter()) == (entry(1),)


@pytest.mark.clause("HOF-7.1")
def test_no_entry_can_be_changed_or_deleted(database: Database) -> None:
    log = AccessLog(database)
    log.record([entry(1)])
    forbidden: list[Executable] = [
        update(access_log).values(principal="nobody"),
        delete(access_log),
    ]
    if database.engine.dialect.name == "postgresql":
        forbidden.append(text("TRUNCATE access_log"))
    for statement in forbidden:
        with pytest.raises(StatementRefusedError):
            database.write(partial(Connection.execute, statement=statement))
    assert log.entries(AccessFilter()) == (entry(1),)
