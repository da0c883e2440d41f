"""What version 0.2 wrote in the clear is sealed before its journal is chained."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, select

from activities.key_ports import DataKey, KeysUnavailableError
from activities.ports import CrmUnavailableError
from adapters import migrate
from adapters.database import Database
from adapters.keyring import SqlKeyring
from adapters.old_rows import Sealed, seal_old_rows
from adapters.schema import metadata
from adapters.sealed import is_sealed
from adapters.sealing import is_plain
from adapters.tables import customers
from sop.erased import ERASED
from sop.keys import RecordClass, customer_owner
from tests.adapters import records
from tests.adapters.records import CUSTOMER
from tests.databases import Fresh
from tests.keyrings import a_keyring, erase


@pytest.fixture
def keyring(tmp_path: Path) -> Iterator[SqlKeyring]:
    with closing(a_keyring(tmp_path)) as keyring:
        yield keyring


@dataclass(frozen=True)
class Old:
    """A database of version 0.2, and what is shown of the same records when they are new."""

    url: URL
    shown: list[Any]
    rows: Mapping[str, int]


@pytest.fixture
def old(own_database_url: URL, fresh_sqlite: Fresh, keyring: SqlKeyring) -> Old:
    with fresh_sqlite() as url, closing(Database(url, keyring=keyring)) as new:
        counts = records.write_old(own_database_url, new)
        return Old(own_database_url, records.shown(new), counts)


def plain_values(database: Database) -> list[str]:
    """Return which sealed columns hold something in the clear."""
    return [
        str(column)
        for table in metadata.sorted_tables
        for column in filter(is_sealed, table.columns)
        if any(map(is_plain, _values(database, column)))
    ]


def _values(database: Database, column: Any) -> list[Any]:
    return database.read(lambda connection: list(connection.execute(select(column)).scalars()))


class Failing:
    """A keyring whose store goes away after some owners."""

    def __init__(self, inner: SqlKeyring, answers: int) -> None:
        self._inner, self._left = inner, answers

    def obtain(
        self, owner: str, classes: Collection[RecordClass], *, likely_new: bool = False
    ) -> Mapping[RecordClass, DataKey]:
        if not self._left:
            raise KeysUnavailableError("away")
        self._left -= 1
        return self._inner.obtain(owner, classes, likely_new=likely_new)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@pytest.mark.clause("INQ-7.2", "HOF-5.2")
@pytest.mark.parametrize("batch", [1, 2, 500])
def test_old_rows_are_sealed_and_show_what_they_showed(
    old: Old, keyring: SqlKeyring, batch: int
) -> None:
    with closing(Database(old.url, keyring=keyring)) as database:
        assert plain_values(database)
        assert seal_old_rows(database, batch) == Sealed(rows=dict(old.rows))
        assert plain_values(database) == []
        assert seal_old_rows(database, batch) == Sealed()
        migrate.upgrade(old.url)
        assert records.shown(database) == old.shown


def test_what_was_interrupted_goes_on_where_it_was(old: Old, keyring: SqlKeyring) -> None:
    failing = Failing(keyring, 5)
    with (
        closing(Database(old.url, keyring=failing)) as database,
        pytest.raises(CrmUnavailableError),
    ):
        seal_old_rows(database, 1)
    with closing(Database(old.url, keyring=keyring)) as database:
        left = seal_old_rows(database, 1)
        assert 0 < sum(left.rows.values()) < sum(old.rows.values())
        assert plain_values(database) == []
        migrate.upgrade(old.url)
        assert records.shown(database) == old.shown


def test_a_journal_that_was_chained_in_the_clear_is_told_and_the_rest_is_sealed(
    old: Old, keyring: SqlKeyring
) -> None:
    migrate.upgrade(old.url)
    with closing(Database(old.url, keyring=keyring)) as database:
        done = seal_old_rows(database)
        assert done.refused == ["journal_entries"]
        assert plain_values(database) == ["journal_entries.detail"]


@pytest.mark.clause("INQ-7.1")
def test_an_old_row_whose_key_was_destroyed_meanwhile_is_not_kept(
    old: Old, keyring: SqlKeyring
) -> None:
    owner = customer_owner(CUSTOMER.customer_id)
    keyring.obtain(owner, (RecordClass.INQUIRY,))
    erase(keyring, owner)
    with closing(Database(old.url, keyring=keyring)) as database:
        seal_old_rows(database)
        migrate.upgrade(old.url)
        (shown,) = database.rows(select(customers))
    assert (shown["name"], shown["email"]) == (ERASED, ERASED)
