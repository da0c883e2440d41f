"""The journal as a chain of hashes: what is committed to, and how each entry holds the one before.

An entry's content is committed to with a salt; the link binds the commitment to its place: the
stream, its position there, and the hash before it. So the content and the salt can be erased,
and the chain still proves that an entry stood there, which number and case it had, and when.

The format is frozen: a change of it would break every chain that is stored.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

_ENTRY = b"handrail entry 1\n"
_LINK = b"handrail link 1\n"
_START = b"handrail stream 1\n"
_CERTIFICATE = b"handrail certificate 1\n"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands, which outlives its content.

    Attributes:
        stream: The workflow that wrote it.
        position: Among all rows of the stream, as they were appended, from 1.
        seq: Its number in the journal.
        revision: From 0; each replaces an entry of a lost workflow task.
        case_id: The case that it belongs to.
        at: The moment, as `moment` writes it.
    """

    stream: str
    position: int
    seq: int
    revision: int
    case_id: str
    at: str


@dataclass(frozen=True, slots=True)
class Content:
    """What an entry says: texts, exactly as they are stored, sealed or not."""

    entry_id: str
    principal: str
    role: str
    kind: str
    clauses: str
    detail: str


@dataclass(frozen=True, slots=True)
class Link:
    """What is stored of an entry's place in the chain. `commitment` and `hash` are hexadecimal."""

    position: int
    salt: str
    commitment: str
    hash: str


ERASED = Content(entry_id="", principal="", role="", kind="", clauses="[]", detail="{}")
"""What is left of an entry's content after it was purged."""


def moment(at: datetime) -> str:
    """Return a moment as the chain writes it: UTC, to the microsecond, without a zone."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def start_of(stream: str) -> str:
    """Return what the first entry of a stream is chained to."""
    return hashlib.sha256(_START + _packed(stream)).hexdigest()


def commit(salt: str, content: Content) -> str:
    """Return the commitment to an entry's content."""
    said = _packed(
        salt,
        content.entry_id,
        content.principal,
        content.role,
        content.kind,
        content.clauses,
        content.detail,
    )
    return hashlib.sha256(_ENTRY + said).hexdigest()


def link_hash(previous: str, place: Place, commitment: str) -> str:
    """Return the hash of an entry: it holds the one before, the place and the commitment."""
    held = _packed(
        previous,
        place.stream,
        str(place.position),
        str(place.seq),
        str(place.revision),
        place.case_id,
        place.at,
        commitment,
    )
    return hashlib.sha256(_LINK + held).hexdigest()


def chain(previous: str, place: Place, content: Content, salt: str) -> Link:
    """Return the link that appends an entry behind `previous`."""
    commitment = commit(salt, content)
    return Link(place.position, salt, commitment, link_hash(previous, place, commitment))


def certificate_digest(
    certificate_id: str, kind: str, made_at: str, body: str, case_ids: frozenset[str]
) -> str:
    """Return what a certificate's `digest` must be: over all of it, and the cases that it lists."""
    said = _packed(certificate_id, kind, made_at, body, *sorted(case_ids))
    return hashlib.sha256(_CERTIFICATE + said).hexdigest()


def _packed(*texts: str) -> bytes:
    """Return texts as bytes of which no other texts make the same: each after its length.

    What is no UTF-8 in a damaged database keeps its bytes.
    """
    parts: list[bytes] = []
    for text in texts:
        raw = text.encode("utf-8", "surrogateescape")
        parts += (b"%d:" % len(raw), raw)
    return b"".join(parts)
