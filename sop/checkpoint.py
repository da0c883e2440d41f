"""A checkpoint of the journal's log in the form of C2SP tlog-checkpoint. Nothing is signed here.

Anybody can check it with the tools for transparency logs: origin, size, root, and one line more
for the moment.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime

ORIGIN = "handrail-journal"
"""The log's name in its checkpoints and keys."""

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
