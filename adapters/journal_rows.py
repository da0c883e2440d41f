"""Reads the journal's rows as they are stored, for `handrail verify`: nothing is decoded.

Whatever was done to a row, reading it raises nothing: what is no text of the column's becomes a
text that no column holds.
"""

import sqlite3
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, text

from sop.chain import Content, Link, Place
from sop.journal_check import StoredEntry

_MOMENT = {
    "sqlite": "e.{name}",
    "postgresql": "to_char(e.{name} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
}

_ENTRIES = """
    SELECT e.stream, e.position, e.seq, e.revision, e.case_id, {at},
        e.entry_id, e.principal, e.role, e.kind, CAST(e.clauses AS TEXT), CAST(e.detail AS TEXT),
        e.salt, e.commitment, e.hash, e.purged_by, leaf.hash, waiting.position, listed.case_id,
        COALESCE(c.version, s.version)
    FROM journal_entries AS e
    LEFT JOIN log_leaves AS leaf ON leaf.stream = e.stream AND leaf.position = e.position
    LEFT JOIN log_queue AS waiting ON waiting.stream = e.stream AND waiting.position = e.position
    LEFT JOIN certificate_cases AS listed
        ON listed.certificate_id = e.purged_by AND listed.case_id = e.case_id
    LEFT JOIN cases AS c ON c.stream = e.stream
    LEFT JOIN streams AS s ON s.stream = e.stream
    {where}
    ORDER BY e.stream, e.position, e.seq, e.revision
"""

_OF_CASE = "WHERE e.stream IN (SELECT stream FROM journal_entries WHERE case_id = :case_id)"

_GONE = """
    SELECT leaf.stream, leaf.position, leaf.hash, leaf.leaf_index FROM log_leaves AS leaf
    LEFT JOIN journal_entries AS e ON e.stream = leaf.stream AND e.position = leaf.position
    WHERE e.stream IS NULL AND leaf.position > 0
    UNION ALL
    SELECT waiting.stream, waiting.position, waiting.hash, -1 FROM log_queue AS waiting
    LEFT JOIN journal_entries AS e ON e.stream = waiting.stream AND e.position = waiting.position
    WHERE e.stream IS NULL AND waiting.position > 0
"""

_CERTIFICATES = """
    SELECT e.certificate_id, e.kind, {at}, e.body, e.digest FROM certificates AS e
    ORDER BY e.certificate_id
"""

_WITHOUT_ROWS = """
    SELECT stream FROM cases WHERE version > 0
        AND NOT EXISTS (SELECT 1 FROM journal_entries AS e WHERE e.stream = cases.stream)
    UNION
    SELECT stream FROM streams WHERE version > 0
        AND NOT EXISTS (SELECT 1 FROM journal_entries AS e WHERE e.stream = streams.stream)
"""

_ROWS_AT_ONCE = 2000


def tolerant(connection: Connection) -> None:
    """Let SQLite hand out texts that are no UTF-8, instead of ending everything there."""
    raw: Any = connection.connection.dbapi_connection
    if isinstance(raw, sqlite3.Connection):
        raw.text_factory = lambda value: value.decode("utf-8", "surrogateescape")


def streams_of(
    connection: Connection, case_id: str | None = None
) -> Iterator[tuple[list[StoredEntry], int | None]]:
    """Yield each stream's rows by position, with the version that its writer last reached."""
    query = _query(connection, _ENTRIES, "at").replace("{where}", _OF_CASE if case_id else "")
    options = {"stream_results": True, "yield_per": _ROWS_AT_ONCE}
    rows = connection.execute(
        text(query), {"case_id": case_id} if case_id else {}, execution_options=options
    )
    stream, held, version = "", list[StoredEntry](), None
    for row in rows:
        entry = _entry(row)
        if held and entry.place.stream != stream:
            yield held, version
            held = []
        stream, version = entry.place.stream, row[-1]
        held.append(entry)
    if held:
        yield held, version


def gone(connection: Connection) -> dict[str, dict[int, str]]:
    """Return what the log or its queue has of places where no row stands, for each stream."""
    found: dict[str, dict[int, str]] = {}
    for stream, position, entry_hash, _index in connection.execute(text(_GONE)):
        found.setdefault(_text(stream), {})[position] = _text(entry_hash)
    return found


def without_rows(connection: Connection) -> list[str]:
    """Return the streams whose writer has written, and of which nothing is left."""
    return sorted(map(_text, connection.execute(text(_WITHOUT_ROWS)).scalars()))


def certificates_of(connection: Connection) -> Iterator[tuple[str, ...]]:
    """Yield each certificate's id, kind, moment, body and digest."""
    query = _query(connection, _CERTIFICATES, "made_at")
    for row in connection.execute(text(query)):
        yield tuple(map(_text, row))


def _query(connection: Connection, query: str, moment: str) -> str:
    return query.replace("{at}", _MOMENT[connection.dialect.name].replace("{name}", moment))


def _entry(row: Row[Any]) -> StoredEntry:
    """Return a row as values. It is read by place: a name would cost a look-up for each."""
    stream, position, seq, revision, case_id, at, *rest = tuple(row)
    said, (salt, commitment, entry_hash, purged_by, leaf, waiting, listed, _) = rest[:6], rest[6:]
    return StoredEntry(
        Place(_text(stream), _int(position), _int(seq), _int(revision), _text(case_id), _text(at)),
        Content(*map(_text, said)),
        Link(_int(position), _text(salt), _text(commitment), _text(entry_hash)),
        purged=purged_by is not None,
        leaf=None if leaf is None else _text(leaf),
        queued=waiting is not None,
        listed=listed is not None,
    )


def _text(value: object) -> str:
    """Return a text as it is; SQLite may hold anything in its place."""
    return value if isinstance(value, str) else f"\x00{type(value).__name__} {value!r}"


def _int(value: object) -> int:
    return value if isinstance(value, int) else -1
