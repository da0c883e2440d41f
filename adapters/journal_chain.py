"""Chains the entries that a flush appends (`sop/chain.py`), without a statement of its own.

The head of the chain comes back with the statement that claims the fence. On PostgreSQL that
statement may have waited for another flush of the stream; what its subqueries read is from before
the wait. Then the unique index of (stream, position) refuses the entries, and the flush begins
again, with a fresh view. So it does where two flushes claim a new case at the very same moment:
ON CONFLICT sees to the key, and the other unique column of the case may be refused before it. The
second time, the row is there to be seen; what is refused then, is refused for good.
SQLite has one writer: there the head is never from before.
"""

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from psycopg.errors import UniqueViolation
from sqlalchemy import JSON, Row, bindparam, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import ReturningInsert

from activities.ports import CrmUnavailableError
from adapters.database import Upsert
from adapters.tables import PlainText, journal_entries
from sop.chain import Content, Place, chain, moment, start_of

_CONTENT = ("entry_id", "principal", "role", "kind", "clauses", "detail")


class ChainMovedError(CrmUnavailableError):
    """Another flush of the stream was sooner, since this one looked: try again."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a stream's chain ends.

    Attributes:
        position: Of the last row; 0 before the first one.
        hash: Of the last row, or what the first one is chained to.
        seq: The highest number that is stored: entries above it are new for sure.
    """

    position: int
    hash: str
    seq: int


def heads(claim: Upsert) -> ReturningInsert[Any]:
    """Return the claim of a fence so that it tells the head of a stream's chain.

    The stream is its parameter `of_stream`: SQLite's dialect cannot name the claimed row's.
    """
    entry = journal_entries.c
    of_stream = select(entry.position).where(entry.stream == bindparam("of_stream"))
    last = of_stream.order_by(entry.position.desc()).limit(1)
    return claim.returning(
        last.scalar_subquery(),
        last.with_only_columns(entry.hash).scalar_subquery(),
        of_stream.with_only_columns(func.max(entry.seq)).scalar_subquery(),
    )


def head_of(stream: str, claimed: Row[Any] | None) -> Head | None:
    """Return the head that a claim told; None if it did not take effect."""
    if claimed is None:
        return None
    position, last, seq = tuple(claimed)
    return Head(position or 0, last or start_of(stream), seq or 0)


@contextmanager
def noticing_moves() -> Iterator[None]:
    """Tell a row whose place was taken meanwhile from one that is refused for good."""
    try:
        yield
    except IntegrityError as error:
        if isinstance(error.orig, UniqueViolation):
            raise ChainMovedError("another flush of the stream was sooner") from None
        raise


def chained(head: Head, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of entries with their links, in the order in which they are appended.

    Each value must be the one that is bound: what is sealed, is sealed before.
    """
    links = []
    for row in rows:
        text = {name: as_stored(name, row[name]) for name in _CONTENT}
        place = Place(
            stream=row["stream"],
            position=head.position + 1,
            seq=row["seq"],
            revision=row["revision"],
            case_id=as_stored("case_id", row["case_id"]),
            at=moment(row["at"]),
        )
        link = chain(head.hash, place, Content(**text), secrets.token_hex(16))
        head = Head(link.position, link.hash, max(head.seq, row["seq"]))
        links.append({**row, **asdict(link)})
    return links


def as_stored(name: str, value: object) -> str:
    """Return a value as the text that a column of the journal holds."""
    kind = journal_entries.c[name].type
    if isinstance(kind, JSON):
        return json.dumps(value)
    if isinstance(kind, PlainText):
        return str(value).replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return str(value)
