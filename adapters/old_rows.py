"""Seals the rows that version 0.2 wrote: batch by batch, and only what is not sealed yet.

What was interrupted goes on where it was. It works on the schema of version 0.2 already, for the
journal must be sealed before migration 0003 chains it: after that nothing of it can be changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    RowMapping,
    Select,
    Table,
    and_,
    bindparam,
    inspect,
    or_,
    select,
    tuple_,
    update,
)

from adapters.database import Database, StatementRefusedError
from adapters.schema import metadata
from adapters.sealed import is_sealed, ownership
from adapters.sealing import is_plain

BATCH = 500


@dataclass(slots=True)
class Sealed:
    """What was done.

    Attributes:
        rows: Rows that were sealed, by table.
        refused: Tables of which the database lets nobody change the plain rows that are left.
    """

    rows: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


def seal_old_rows(database: Database, batch: int = BATCH) -> Sealed:
    """Seal what is plain in every table; repeating it changes nothing.

    Raises:
        CrmUnavailableError: The database or the key store did not answer; what was done stays.
        NoKeyringError: The database was opened without a keyring.
    """
    done = Sealed()
    for rows in _tables(database):
        try:
            count = sum(_seal(database, rows, plain) for plain in _plain(database, rows, batch))
        except StatementRefusedError:
            done.refused.append(rows.table.name)
        else:
            if count:
                done.rows[rows.table.name] = count
    return done


@dataclass(frozen=True, slots=True)
class _Rows:
    """A table with the columns that it has in this database and that matter here."""

    table: Table
    key: tuple[Column[Any], ...]
    sealed: tuple[Column[Any], ...]

    @property
    def columns(self) -> set[Column[Any]]:
        owner = ownership(self.table).column
        whose = [] if owner is None else [self.table.columns[owner]]
        return {*self.key, *self.sealed, *whose}


def _tables(database: Database) -> list[_Rows]:
    def there(connection: Connection) -> list[_Rows]:
        known = inspect(connection)
        names = set(known.get_table_names())
        found = []
        for table in metadata.sorted_tables:
            if table.name in names and any(map(is_sealed, table.columns)):
                columns = {column["name"] for column in known.get_columns(table.name)}
                sealed = (c for c in table.columns if is_sealed(c) and c.name in columns)
                found.append(_Rows(table, tuple(table.primary_key.columns), tuple(sealed)))
        return found

    return database.read(there)


def _plain(database: Database, rows: _Rows, batch: int) -> Iterator[list[RowMapping]]:
    """Yield batches of the rows that hold something plain, in the order of their keys."""
    query = select(*rows.columns).order_by(*rows.key).limit(batch)
    last: tuple[Any, ...] | None = None
    while True:
        found = _read(database, query if last is None else query.where(tuple_(*rows.key) > last))
        plain = [row for row in found if _is_plain(rows, row)]
        if plain:
            yield plain
        if len(found) < batch:
            return
        last = tuple(found[-1][column] for column in rows.key)


def _read(database: Database, query: Select[Any]) -> Sequence[RowMapping]:
    """Return rows as they are stored."""
    return database.read(lambda connection: connection.execute(query).mappings().all())


def _seal(database: Database, rows: _Rows, plain: Sequence[RowMapping]) -> int:
    """Seal rows as they are now, under a lock: a flush may have written them meanwhile."""
    table = rows.table
    seals = database.sealing.seals((table, dict(row)) for row in plain)
    these = or_(*(and_(*(column == row[column] for column in rows.key)) for row in plain))
    locked = select(*rows.columns).where(these).with_for_update()
    named = and_(*(column == bindparam(f"key_{column.name}") for column in rows.key))
    statement = update(table).where(named)

    def write(connection: Connection) -> int:
        found = connection.execute(locked).mappings().all()
        changes = [
            _change(rows, row, seals.seal(table, dict(row)))
            for row in found
            if _is_plain(rows, row)
        ]
        if changes:
            connection.execute(statement, changes)
        return len(changes)

    return database.write(write)


def _change(rows: _Rows, row: RowMapping, sealed: Mapping[str, Any]) -> dict[str, Any]:
    key = {f"key_{column.name}": row[column] for column in rows.key}
    return key | {c.name: sealed[c.name] if is_plain(row[c]) else row[c] for c in rows.sealed}


def _is_plain(rows: _Rows, row: RowMapping) -> bool:
    return any(is_plain(row[column]) for column in rows.sealed)
