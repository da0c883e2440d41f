"""A checkpoint of the journal's log in the form of C2SP tlog-checkpoint. Nothing is signed here.

Anybody can check it with the tools for transparency logs: origin, size, root, and one line more
for the moment.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

ORIGIN = "handrail-journal"
"""The log's name in its checkpoints and keys."""

KEY_ID_BYTES = 4
ED25519 = b"\x01"
"""The algorithm's number in C2SP's list: a public key begins with it."""

_KEY_BYTES = 33
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
_ROOT_BYTES = 32


class NoCheckpointError(ValueError):
    """The text is not a checkpoint of this log."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a signature covers: that the log's first `size` leaves have this root."""

    size: int
    root: bytes
    made_at: datetime

    def body(self) -> str:
        """Return the text that is signed."""
        root = base64.b64encode(self.root).decode()
        made_at = self.made_at.astimezone(UTC).strftime(_TIME)
        return f"{ORIGIN}\n{self.size}\n{root}\n{made_at}\n"

    @staticmethod
    def parse(body: str) -> "Checkpoint":
        """Read a body.

        Raises:
            NoCheckpointError: It is none, or of another log.
        """
        lines = body.split("\n")
        try:
            origin, size, root, made_at, end = lines
            if origin != ORIGIN or end or not _SIZE.fullmatch(size):
                raise NoCheckpointError("not a checkpoint of this log")
            parsed = Checkpoint(
                int(size),
                base64.b64decode(root, validate=True),
                datetime.strptime(made_at, _TIME).replace(tzinfo=UTC),
            )
        except (ValueError, binascii.Error) as error:
            raise NoCheckpointError("not a checkpoint of this log") from error
        if len(parsed.root) != _ROOT_BYTES or parsed.body() != body:
            raise NoCheckpointError("not a checkpoint of this log")
        return parsed


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint's size and its signed note, as it is handed to another administrator."""

    size: int
    note: str


def key_id(public: bytes) -> bytes:
    """Return what a signature names a public key by."""
    return hashlib.sha256(f"{ORIGIN}\n".encode() + public).digest()[:KEY_ID_BYTES]


def public_key_line(public: bytes) -> str:
    """Write a public key as a line: what auditors need, and no secret."""
    return f"{ORIGIN}+{key_id(public).hex()}+{base64.b64encode(public).decode()}"


def public_key_of(line: str) -> bytes:
    """Read a public key, which begins with its algorithm.

    Raises:
        ValueError: The line is no public key of this log.
    """
    origin, _, rest = line.strip().partition("+")
    claimed, _, encoded = rest.partition("+")
    try:
        public = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        public = b""
    named = key_id(public).hex() == claimed
    if origin != ORIGIN or len(public) != _KEY_BYTES or public[:1] != ED25519 or not named:
        raise ValueError("this is no public key of the journal's log")
    return public
