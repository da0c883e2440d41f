"""Checks a stream's entries against their chain and the log, and names the first that is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sop.chain import ERASED, Content, Link, Place, commit, link_hash, start_of


class Wrong(StrEnum):
    """What is wrong, as an operator reads it."""

    ALTERED = "altered"
    MISSING = "missing"
    SWAPPED = "swapped"
    INSERTED = "inserted"
    CERTIFICATE = "purged without a certificate that lists its case"
    NOT_DISPOSED = "purged, and no disposal of its case is on record"
    HELD = "purged while a legal hold was on its case"
    CERTIFICATE_ALTERED = "a certificate that was altered"
    LOG = "altered in the log"
    CHECKPOINT = "a checkpoint that differs"
    CHECKPOINT_MISSING = "a checkpoint that is missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """The first thing that is wrong in a stream, or in the log (`stream` is empty then).

    Attributes:
        position: In the stream, from 1; in the log: the size of a checkpoint, or a leaf.
        seq: The journal's number of the entry, where one is there.
    """

    stream: str
    position: int
    wrong: Wrong
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """A row of the journal, and what the log has of its place.

    Attributes:
        leaf: The hash that the log has for this place; None if it has none yet.
        queued: Whether it waits for the log.
        listed: Whether the certificate under which it was purged is there and lists its case.
    """

    place: Place
    content: Content
    link: Link
    purged: bool
    leaf: str | None
    queued: bool
    listed: bool


def check_stream(
    rows: Sequence[StoredEntry], *, version: int | None, gone: Mapping[int, str]
) -> Finding | None:
    """Return the first entry of a stream that is wrong.

    Args:
        rows: All rows of the stream, by position.
        version: How far the stream's writer says that its journal counts.
        gone: What the log has of places where no row stands.
    """
    stream, previous = rows[0].place.stream, start_of(rows[0].place.stream)
    for index, row in enumerate(rows):
        if (wrong := _wrong(row, previous, index + 1)) is not None:
            if wrong is Wrong.ALTERED:
                return _Search(rows, index, previous, gone).finding()
            return Finding(stream, index + 1, wrong, row.place.seq)
        previous = row.link.hash
    last = max((row.place.seq for row in rows), default=0)
    if gone or (version is not None and version > last):
        return Finding(stream, len(rows) + 1, Wrong.MISSING)
    return None


def _wrong(row: StoredEntry, previous: str, position: int) -> Wrong | None:
    linked = link_hash(previous, row.place, row.link.commitment) == row.link.hash
    if row.link.position != position or not linked or not _is_committed(row):
        return Wrong.ALTERED
    if row.purged and not row.listed:
        return Wrong.CERTIFICATE
    if row.leaf is None:
        return None if row.queued else Wrong.INSERTED
    return None if row.leaf == row.link.hash else Wrong.ALTERED


def _is_committed(row: StoredEntry) -> bool:
    if row.purged:
        return row.content == ERASED and not row.link.salt
    return commit(row.link.salt, row.content) == row.link.commitment


@dataclass(frozen=True, slots=True)
class _Search:
    """Says what happened at the first row that does not fit."""

    rows: Sequence[StoredEntry]
    index: int
    previous: str
    gone: Mapping[int, str]

    def finding(self) -> Finding:
        row, position = self.rows[self.index], self.index + 1
        return Finding(row.place.stream, position, self._what(), row.place.seq)

    def _what(self) -> Wrong:
        row, position = self.rows[self.index], self.index + 1
        follows = self._follows()
        if follows == self.index:  # the right row, of which something else was changed
            return self._swapped_content()
        if follows is not None:
            if row.link.position != position:  # it stands elsewhere, and left a gap
                return Wrong.ALTERED
            return Wrong.SWAPPED if self._belongs_behind(follows) else Wrong.INSERTED
        if position in self.gone or row.link.position > position or self._is_the_next():
            return Wrong.MISSING
        if row.leaf is None and not row.queued:
            return Wrong.INSERTED
        return self._swapped_content()

    def _follows(self) -> int | None:
        """Return which row continues the chain here, wherever it stands."""
        for index, row in enumerate(self.rows[self.index :], self.index):
            place = replace(row.place, position=self.index + 1)
            if link_hash(self.previous, place, row.link.commitment) == row.link.hash:
                return index
        return None

    def _belongs_behind(self, other: int) -> bool:
        """Tell whether the row that stands here belongs where that other one stands."""
        row = self.rows[self.index]
        place = replace(row.place, position=other + 1)
        before = {self.rows[other].link.hash, self.rows[other - 1].link.hash}
        links = (link_hash(each, place, row.link.commitment) for each in before)
        return row.link.hash in links

    def _is_the_next(self) -> bool:
        """Tell whether the log knows the row that stands here as the one behind."""
        hash_ = self.rows[self.index].link.hash
        following = [row.leaf for row in self.rows[self.index + 1 : self.index + 2]]
        return hash_ in (*following, self.gone.get(self.index + 2))

    def _swapped_content(self) -> Wrong:
        """Tell two contents that changed places from one that was altered."""
        here = self.rows[self.index]
        for other in self.rows[self.index + 1 :]:
            salted = commit(other.link.salt, here.content) == other.link.commitment
            whole = commit(here.link.salt, here.content) == other.link.commitment
            if salted or whole:
                return Wrong.SWAPPED
        return Wrong.ALTERED
