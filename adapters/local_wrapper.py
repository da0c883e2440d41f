"""Key-encryption keys in a file of this machine: the embedded default.

The file holds every version, because a data key that an older one wrapped must still open.
Whoever has this file and the key store has every key: each belongs into a backup of its own.
"""

import base64
import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from activities.key_ports import KeysUnavailableError, TamperedError
from adapters.key_wrapping import PlainKey, WrappedKey

_NONCE = 12
_KIND = "local"


class LocalWrapper:
    """Wraps by AES-256-GCM. Reads its file again when it meets a version that it does not know."""

    def __init__(self, path: Path) -> None:
        """Read the keys from a file, which is made if it is missing, with mode 600.

        Raises:
            KeysUnavailableError: It cannot be read or made.
        """
        self._path = path
        if not path.exists():
            with self._one_at_a_time():
                if not path.exists():
                    self._write({"current": "1", "keys": {"1": _fresh()}})
        self._read()

    def current_version(self) -> str:
        """Return the version with which keys are wrapped now."""
        return f"{_KIND}:{self._current}"

    def wrap(self, keys: Sequence[PlainKey]) -> tuple[WrappedKey, ...]:
        """Wrap keys with the current version."""
        cipher, version = self._ciphers[self._current], self.current_version()
        return tuple(
            WrappedKey(key.name, _encrypt(cipher, key.material, key.name), version) for key in keys
        )

    def unwrap(self, keys: Sequence[WrappedKey]) -> tuple[PlainKey, ...]:
        """Unwrap keys of whatever version.

        Raises:
            KeysUnavailableError: The file does not hold a version.
            TamperedError: A wrapped key was altered, or has another name.
        """
        return tuple(
            PlainKey(key.name, _decrypt(self._cipher(key.version), key.wrapped, key.name))
            for key in keys
        )

    def rotate(self) -> str:
        """Make a new version the current one."""
        with self._one_at_a_time():
            held = self._load()
            version = str(max(map(int, held["keys"])) + 1)
            self._write({"current": version, "keys": {**held["keys"], version: _fresh()}})
        self._read()
        return self.current_version()

    def _cipher(self, version: str) -> AESGCM:
        kind, _, number = version.partition(":")
        if kind == _KIND and number not in self._ciphers:
            self._read()
        cipher = self._ciphers.get(number) if kind == _KIND else None
        if cipher is None:
            raise KeysUnavailableError("no key-encryption key of this version is at hand")
        return cipher

    def _read(self) -> None:
        held = self._load()
        self._ciphers = {
            version: AESGCM(base64.b64decode(key)) for version, key in held["keys"].items()
        }
        self._current = str(held["current"])

    def _load(self) -> dict[str, Any]:
        try:
            held: dict[str, Any] = json.loads(self._path.read_text(encoding="ascii"))
            _ = held["keys"][held["current"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise KeysUnavailableError(
                f"the file of the key-encryption keys cannot be read ({type(error).__name__})"
            ) from None
        return held

    def _write(self, held: dict[str, Any]) -> None:
        """Put a whole new file into place: a process that reads meanwhile sees the old one."""
        fd, draft = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        with os.fdopen(fd, "w", encoding="ascii") as file:
            json.dump(held, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(self._path)
        _settle(self._path.parent)

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(f"{self._path}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise KeysUnavailableError(
                f"the file of the key-encryption keys cannot be made ({type(error).__name__})"
            ) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _fresh() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _encrypt(cipher: AESGCM, material: bytes, name: str) -> str:
    nonce = os.urandom(_NONCE)
    return base64.b64encode(nonce + cipher.encrypt(nonce, material, name.encode())).decode()


def _decrypt(cipher: AESGCM, wrapped: str, name: str) -> bytes:
    try:
        raw = base64.b64decode(wrapped, validate=True)
        return cipher.decrypt(raw[:_NONCE], raw[_NONCE:], name.encode())
    except (InvalidTag, ValueError):
        raise TamperedError("a wrapped key was altered") from None


def _settle(directory: Path) -> None:
    """Write the directory itself to the disk: wrapped keys must not outlive their wrapper."""
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
