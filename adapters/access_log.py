"""The access log on SQL: entries come, and stay."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, insert, select

from adapters.access_tables import access_log
from adapters.database import Database
from adapters.paging import LONGEST_PAGE, ByDeadline
from adapters.registers import columns_of
from sop.access_log import AccessEntry, AccessFilter, AccessPage

LONGEST = 1000
"""Entries that are read at a time."""

_ORDER = ByDeadline(access_log.c.at, access_log.c.entry_id)


class AccessLog:
    """Writes and reads entries; each method raises CrmUnavailableError without an answer."""

    def __init__(self, database: Database) -> None:
        """Keep entries in a database."""
        self._database = database

    def record(self, entries: Sequence[AccessEntry]) -> None:
        """Write entries, all of them or none."""
        if not entries:
            return
        rows = [columns_of(entry) for entry in entries]

        def write(connection: Connection) -> None:
            connection.execute(insert(access_log), rows)

        self._database.write(write)

    def entries(self, wanted: AccessFilter, limit: int = LONGEST) -> tuple[AccessEntry, ...]:
        """Return the newest entries, the newest first."""
        entry = access_log.c
        query = _wanted(wanted).order_by(entry.at.desc(), entry.entry_id).limit(limit)
        return tuple(map(_entry, self._rows(query)))

    def page(
        self, wanted: AccessFilter, *, cursor: str | None = None, limit: int = LONGEST_PAGE
    ) -> AccessPage:
        """Return a page of entries, the oldest first.

        Args:
            wanted: Which entries.
            cursor: `next_cursor` of the page before.
            limit: Entries on the page; no more than LONGEST_PAGE.

        Raises:
            InvalidValueError: The cursor is none of ours.
        """
        rows, following = _ORDER.cut(self._rows(_ORDER.page(_wanted(wanted), cursor, limit)), limit)
        return AccessPage(entries=tuple(map(_entry, rows)), next_cursor=following)

    def _rows(self, query: Select[Any]) -> list[dict[str, Any]]:
        found = self._database.read(lambda connection: connection.execute(query).mappings().all())
        return list(map(dict, found))


def _wanted(wanted: AccessFilter) -> Select[Any]:
    entry, query = access_log.c, select(access_log)
    if wanted.owner is not None:
        query = query.where(entry.owner == wanted.owner)
    if wanted.principal is not None:
        query = query.where(entry.principal == wanted.principal)
    if wanted.since is not None:
        query = query.where(entry.at >= wanted.since)
    if wanted.before is not None:
        query = query.where(entry.at < wanted.before)
    return query


def _entry(row: dict[str, Any]) -> AccessEntry:
    return AccessEntry.model_validate(row)
