"""Seals what a row holds of a person, and opens it again (`adapters.sealed` says which columns).

A sealed value is the text `s1:<key id>:<base64>`; a JSON column holds it as a JSON string. It opens
in its own row and column only. NULL and what is empty stay as they are.

Anything else is refused: who can write into the database could else put words into a record. What
version 0.2 wrote is sealed when the database is migrated (`adapters.old_rows`).
"""

import base64
import binascii
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import JSON, Column, RowMapping, Select, Table

from activities.key_ports import (
    DataKey,
    KeyErasedError,
    Keyring,
    KeysUnavailableError,
    TamperedError,
)
from activities.ports import CrmUnavailableError, PortError
from adapters.sealed import is_sealed, ownership, sealed_columns
from sop.erased import ERASED, ERASED_PARTICULARS
from sop.keys import RecordClass

FORM = "s1"
_GONE = f"{FORM}:erased"
"""Stands for a value that came after its key was destroyed: nothing of it is kept."""

_SEALED = re.compile(rf"{FORM}:(?:erased|(?P<key_id>[0-9a-f]{{16,}}):(?P<sealed>[A-Za-z0-9+/=]+))")
_NUL, _REPLACEMENT = "\x00", "\N{REPLACEMENT CHARACTER}"

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class NoKeyringError(Exception):
    """A database without a keyring met a sealed column: whoever opened it forgot to give one."""


class RecordRefusedError(CrmUnavailableError):
    """A value is not sealed as it must be, was altered or moved, or its key is another store's.

    The log has an alarm, `record.refused`.
    """


class Seals:
    """The keys for some rows, at hand: sealing with them asks nothing."""

    def __init__(self, keys: Mapping[tuple[str, RecordClass], DataKey | None]) -> None:
        """Seal with these; None stands for a key that was destroyed."""
        self._keys = keys

    def seal(self, table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of a row as they are stored: its primary key and owner are in it."""
        sealed = {
            column.name: value
            for column in sealed_columns(table)
            if (value := row.get(column.name))
        }
        if not sealed:
            return dict(row)
        owner, record_class = ownership(table).of(row)
        key, place = self._keys[owner, record_class], _place(table, owner, row)
        return {
            **row,
            **{name: _seal(key, table.columns[name], place, sealed[name]) for name in sealed},
        }


class Sealing:
    """Seals and opens the columns of one database by the keys of a keyring."""

    def __init__(self, keyring: Keyring | None) -> None:
        """Use a keyring; None: only tables without sealed columns are of use."""
        self._keyring = keyring

    def seals(self, rows: Iterable[tuple[Table, Mapping[str, Any]]]) -> Seals:
        """Return what seals rows: ask before the transaction that writes them, never within.

        The key store may be in the same SQLite file, which has one writer.

        Args:
            rows: Of each the table, and of its values those that say whose it is.

        Raises:
            CrmUnavailableError: The key store did not answer; trying again may work.
            NoKeyringError: This database was opened without a keyring.
        """
        needed: dict[str, set[RecordClass]] = defaultdict(set)
        new: set[str] = set()
        for table, row in rows:
            whose = ownership(table)
            owner, record_class = whose.of(row)
            needed[owner].add(record_class)
            if whose.likely_new:
                new.add(owner)
        keys: dict[tuple[str, RecordClass], DataKey | None] = {}
        for owner, classes in needed.items():
            for record_class, key in self._obtain(owner, classes, likely_new=owner in new).items():
                keys[owner, record_class] = key
        return Seals(keys)

    def seal(self, table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of one row as they are stored; raises what `seals` raises."""
        return self.seals([(table, row)]).seal(table, row)

    def open(self, query: Select[Any], rows: Sequence[RowMapping]) -> list[dict[str, Any]]:
        """Return the rows of a query with what is sealed in them opened; one statement at most.

        What was sealed with a key that was destroyed is shown as erased.

        Args:
            query: What was asked: a table's sealed columns come with its primary key and owner.
            rows: What was answered.

        Raises:
            CrmUnavailableError: The key store did not answer; trying again may work.
            RecordRefusedError: A value is not sealed, was altered, or belongs somewhere else.
            NoKeyringError: This database was opened without a keyring.
        """
        if not rows:
            return []
        sealed = _sealed_columns(query, rows[0])
        found = [
            (at, name, column, _parts(row[name]))
            for at, row in enumerate(rows)
            for name, column in sealed
            if row[name]
        ]
        keys = self._find({match["key_id"] for *_, match in found if match["key_id"]})
        opened = [dict(row) for row in rows]
        for at, name, column, match in found:
            key = keys[match["key_id"]] if match["key_id"] else None
            opened[at][name] = (
                _erased(column) if key is None else _open(rows[at], column, match, key)
            )
        return opened

    def _obtain(
        self, owner: str, classes: set[RecordClass], *, likely_new: bool
    ) -> Mapping[RecordClass, DataKey | None]:
        keyring = self._require()
        try:
            return keyring.obtain(owner, classes, likely_new=likely_new)
        except KeysUnavailableError as error:
            raise CrmUnavailableError(str(error)) from None
        except TamperedError:
            raise refusal("KeyTampered", owner) from None
        except KeyErasedError:
            if len(classes) == 1:
                return dict.fromkeys(classes)
        each = [self._obtain(owner, {which}, likely_new=False) for which in sorted(classes)]
        return {which: key for keys in each for which, key in keys.items()}

    def _find(self, key_ids: set[str]) -> Mapping[str, DataKey | None]:
        """Return keys by their ids, None for those that were destroyed."""
        if not key_ids:
            return {}
        keyring = self._require()
        try:
            keys: dict[str, DataKey | None] = dict(keyring.find(key_ids))
            if missing := key_ids - keys.keys():
                keys |= dict.fromkeys(keyring.destroyed(missing))
        except KeysUnavailableError as error:
            raise CrmUnavailableError(str(error)) from None
        if unknown := key_ids - keys.keys():
            raise refusal(self._why_not(min(unknown)), None)
        return keys

    def _why_not(self, key_id: str) -> str:
        """Return why a key opens nothing: it is none of this key store, or was altered there."""
        try:
            self._require().open_by_id(key_id)
        except TamperedError:
            return "KeyTampered"
        except PortError:
            pass
        return "KeyUnknown"

    def _require(self) -> Keyring:
        if self._keyring is None:
            raise NoKeyringError("this database was opened without a keyring")
        return self._keyring


def is_plain(value: object) -> bool:
    """Return whether a value of a sealed column is there and is not sealed."""
    return bool(value) and not (isinstance(value, str) and _SEALED.fullmatch(value))


def key_id_of(value: object) -> str | None:
    """Return the id of the key that has sealed a value; None where none has."""
    match = _SEALED.fullmatch(value) if isinstance(value, str) else None
    return None if match is None else match["key_id"]


def _parts(value: object) -> re.Match[str]:
    match = _SEALED.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise refusal("RecordNotSealed", None)
    return match


def _sealed_columns(query: Select[Any], row: RowMapping) -> list[tuple[str, Column[Any]]]:
    """Return the sealed columns that a query asks for, under their names in its answer."""
    return [
        (name, column)
        for name, column in zip(row.keys(), query.selected_columns, strict=True)
        if isinstance(column, Column) and is_sealed(column)
    ]


def _place(table: Table, owner: str, row: Mapping[str, Any]) -> list[str]:
    """Return what binds a row's values to it: its table, owner and primary key."""
    key = [_as_text(row[column.name]) for column in table.primary_key.columns]
    return [FORM, table.name, owner.replace(_NUL, _REPLACEMENT), *key]


def _as_text(value: object) -> str:
    """Return a part of a primary key the same before it is stored and after."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value).replace(_NUL, _REPLACEMENT)


def _context(place: list[str], column: Column[Any], key: DataKey) -> bytes:
    return json.dumps([*place, column.name, key.key_id, key.record_class.value]).encode()


def _seal(key: DataKey | None, column: Column[Any], place: list[str], value: object) -> str:
    if key is None:
        return _GONE
    # As `adapters.tables.PlainText`: the same text whether it is sealed or not.
    is_json = isinstance(column.type, JSON)
    text = json.dumps(value) if is_json else str(value).replace(_NUL, _REPLACEMENT)
    sealed = key.seal(text.encode(), _context(place, column, key))
    return f"{FORM}:{key.key_id}:{base64.b64encode(sealed).decode('ascii')}"


def _open(row: RowMapping, column: Column[Any], match: re.Match[str], key: DataKey) -> object:
    table = column.table
    if not isinstance(table, Table):
        raise TypeError("a sealed column is read from its table, not from an alias")
    whose = ownership(table)
    names = {*table.primary_key.columns.keys(), *filter(None, [whose.column])}
    values = {name: row[table.columns[name]] for name in names}
    owner, record_class = whose.of(values)
    if key.record_class is not record_class:
        raise refusal("KeyOfAnotherClass", owner)
    try:
        sealed = base64.b64decode(match["sealed"], validate=True)
        text = key.open(sealed, _context(_place(table, owner, values), column, key)).decode()
    except (TamperedError, binascii.Error):
        raise refusal("RecordTampered", owner) from None
    return json.loads(text) if isinstance(column.type, JSON) else text


def _erased(column: Column[Any]) -> object:
    """Return what a column shows of what was erased; the journal's particulars say so."""
    if not isinstance(column.type, JSON):
        return ERASED
    return dict(ERASED_PARTICULARS) if column.name == "detail" else []


def refusal(reason: str, owner: str | None) -> RecordRefusedError:
    """Return the error, and give the alarm: somebody writes into a database, or has another's.

    Args:
        reason: A code, which `docs/operations.md` explains.
        owner: Whose record it is, if that is known.
    """
    log.critical("record.refused", reason_code=reason, case_id=owner)
    return RecordRefusedError(f"a sealed record was refused: {reason}")
