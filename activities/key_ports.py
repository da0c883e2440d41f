"""The keys that protect what is stored, as codec and adapters need them (`adapters/keyring.py`).

No error's text holds a value: what a codec raises stands in histories and logs.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from activities.ports import PortError
from sop.keys import RecordClass


class KeysUnavailableError(PortError):
    """The key store, or what unwraps its keys, did not answer; trying again may work."""


class KeyErasedError(PortError):
    """The key was destroyed, and with it what it sealed. For good."""

    retryable = False


class UnknownKeyError(PortError):
    """There is no such key in this key store."""

    retryable = False


class TamperedError(PortError):
    """What is to be opened was altered, or belongs somewhere else."""


@dataclass(frozen=True, slots=True)
class KeyEncryption:
    """What wraps the data keys, and what opens the door to it.

    Attributes:
        place: As `adapters.wrappers.open_wrapper` takes it, e.g. `local:FILE`.
        token: For OpenBao or Vault, where it stands in no file.
        token_file: For OpenBao or Vault; read again when it has changed.
    """

    place: str
    token: str = field(default="", repr=False)
    token_file: Path | None = None


class DataKey(Protocol):
    """The key of one owner and one record class, ready for use."""

    @property
    def key_id(self) -> str:
        """Its name: 32 hexadecimal digits of chance. Stands beside all that it sealed."""
        ...

    @property
    def owner(self) -> str:
        """Whose data it seals: a case's id, `customer-<id>`, or `handrail`."""
        ...

    @property
    def record_class(self) -> RecordClass:
        """Which class of its owner's data."""
        ...

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Encrypt and authenticate; opens only with the same context (AES-256-GCM)."""
        ...

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            TamperedError: It was altered, or sealed in another context or with another key.
        """
        ...


class Keyring(Protocol):
    """Makes, finds and keeps data keys. Blocking: a coroutine calls it in a thread."""

    def known(self, owner: str, record_class: RecordClass) -> DataKey | None:
        """Return a key that is at hand, without asking anything; None if it must be obtained."""
        ...

    def known_by_id(self, key_id: str) -> DataKey | None:
        """Return a key by its id, if it is at hand, without asking anything."""
        ...

    def obtain(
        self, owner: str, classes: Collection[RecordClass], *, likely_new: bool = False
    ) -> Mapping[RecordClass, DataKey]:
        """Return an owner's keys; those that there are not yet are made.

        One statement, and one more if keys must be made of which it was not `likely_new` that
        they must.

        Raises:
            KeyErasedError: One of them was destroyed.
            TamperedError: One of them was altered in the store; the log has an alarm.
            KeysUnavailableError: Try again.
        """
        ...

    def find(self, key_ids: Collection[str]) -> Mapping[str, DataKey]:
        """Return keys by their ids; erased, unknown and altered ones are left out.

        One statement at most.

        Raises:
            KeysUnavailableError: Try again.
        """
        ...

    def destroyed(self, key_ids: Collection[str]) -> frozenset[str]:
        """Return which of these keys there were, and are no more.

        Raises:
            KeysUnavailableError: Try again.
        """
        ...

    def is_destroyed(self, owner: str, record_class: RecordClass) -> bool:
        """Return whether an owner's key was destroyed; what is at hand is not believed.

        One statement; none once it was destroyed, which is for good. No key is made.

        Raises:
            KeysUnavailableError: Try again.
        """
        ...

    def open_by_id(self, key_id: str) -> DataKey:
        """Return a key by its id.

        Raises:
            KeyErasedError: It was destroyed.
            TamperedError: It was altered in the store; the log has an alarm.
            UnknownKeyError: There is none.
            KeysUnavailableError: Try again.
        """
        ...
