"""What protects the data keys themselves: a key-encryption key, wherever it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


def key_name(key_id: str, owner: str, record_class: str) -> str:
    """Return what a wrapped key is bound to."""
    return f"{key_id}|{owner}|{record_class}"


@dataclass(frozen=True, slots=True)
class PlainKey:
    """A data key to be wrapped. `name` is bound to it (`key_name`)."""

    name: str
    material: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key as it may be stored.

    Attributes:
        name: As in `PlainKey`; wrapped under one name it does not open under another.
        wrapped: Text, as the key-encryption key's keeper writes it.
        version: Of the key-encryption key, e.g. `local:1` or `vault:3`.
    """

    name: str
    wrapped: str
    version: str


class KeyWrapper(Protocol):
    """Wraps and unwraps data keys, many in one call. `version` is what new keys are wrapped with.

    Each method raises KeysUnavailableError where its keeper does not answer, and TamperedError
    where a wrapped key was altered or does not belong to its name.
    """

    def current_version(self) -> str:
        """Return the version with which keys are wrapped now."""
        ...

    def wrap(self, keys: Sequence[PlainKey]) -> tuple[WrappedKey, ...]:
        """Wrap keys with the current version, in their order."""
        ...

    def unwrap(self, keys: Sequence[WrappedKey]) -> tuple[PlainKey, ...]:
        """Unwrap keys of whatever version, in their order."""
        ...

    def rotate(self) -> str:
        """Make a new version the current one, and return it; old ones only unwrap from then on."""
        ...

    def close(self) -> None:
        """Let go of connections and threads."""
        ...
