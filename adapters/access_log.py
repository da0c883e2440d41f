"""The access log on SQL: entries come, and stay."""

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select, true

from adapters.access_tables import access_log
from adapters.database import Database
from adapters.registers import columns_of
from sop.access_log import AccessEntry, AccessFilter

LONGEST = 1000
"""Entries that are read at a time."""


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
        query = (
            select(access_log)
            .where(entry.owner == wanted.owner if wanted.owner is not None else true())
            .where(entry.principal == wanted.principal if wanted.principal is not None else true())
            .where(entry.at >= wanted.since if wanted.since is not None else true())
            .order_by(entry.at.desc(), entry.entry_id)
            .limit(limit)
        )
        rows = self._database.read(lambda connection: connection.execute(query).mappings().all())
        return tuple(AccessEntry.model_validate(dict(row)) for row in rows)
