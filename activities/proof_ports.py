"""What the checkpoints of the journal need from the outside: the log, and a place elsewhere."""

from datetime import datetime
from typing import Protocol

from activities.ports import PortError
from sop.checkpoint import SignedCheckpoint


class CheckpointsUnavailableError(PortError):
    """The store of checkpoints did not answer; trying again may work."""


class CheckpointConflictError(PortError):
    """The store holds another checkpoint of this size: one of the two logs was rewritten."""

    retryable = False


class LogDamagedError(PortError):
    """The log does not continue its own last checkpoint: somebody changed it. Nothing is signed."""

    retryable = False


class JournalLog(Protocol):
    """The append-only log over the entries of all cases.

    Each method raises CrmUnavailableError without an answer; trying again may work.
    """

    def advance(self, at: datetime) -> int:
        """Take up to a few thousand new entries into the log, and sign a checkpoint over it.

        Returns how many; 0: there was nothing new, and there is no new checkpoint.

        Raises:
            LogDamagedError: The log was changed behind our back.
        """
        ...

    def undelivered(self) -> tuple[SignedCheckpoint, ...]:
        """Return the checkpoints that no store has taken yet, the oldest first."""
        ...

    def delivered(self, checkpoint: SignedCheckpoint, at: datetime) -> None:
        """Note that the store has a checkpoint. Repeating it changes nothing."""
        ...


class CheckpointStore(Protocol):
    """Where checkpoints are kept, under another administrator than the database."""

    def keep(self, checkpoint: SignedCheckpoint) -> None:
        """Keep a checkpoint for good; repeating it changes nothing.

        Raises:
            CheckpointConflictError: Another one of this size is there already.
            CheckpointsUnavailableError: Not kept; trying again may work.
        """
        ...
