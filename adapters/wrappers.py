"""Which key-encryption key: `local:FILE`."""

from pathlib import Path

from adapters.key_wrapping import KeyWrapper
from adapters.local_wrapper import LocalWrapper


def open_wrapper(place: str) -> KeyWrapper:
    """Return what wraps the data keys.

    Raises:
        KeysUnavailableError: It cannot be opened.
        ValueError: The place is of no kind that is known here.
    """
    kind, _, where = place.partition(":")
    if kind == "local" and where:
        return LocalWrapper(Path(where))
    raise ValueError("a key-encryption key is named as local:FILE")
