"""Key-encryption keys in a file of this machine: the embedded default.

The file holds every version, because a data key that an older one wrapped must still open.
Whoever has this file and the key store has every key: each belongs into a backup of its own.
"""

import base64
import fcntl
import hashlib
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
        self._ciphers: dict[str, AESGCM] = {}
        if not path.exists():
            with self._one_at_a_time():
                if not path.exists():
                    self._write({"current": "1", "keys": {"1": _fresh()}})
        self._read()

    def current_version(self) -> str:
        """Return the version with which keys are wrapped now."""
        self._read()
        return self._wrapping[1]

    def wrap(self, keys: Sequence[PlainKey]) -> tuple[WrappedKey, ...]:
        """Wrap keys with the current version."""
        if _state_of(self._path) != self._seen:  # another process has rotated
            self._read()
        cipher, version = self._wrapping
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
            numbers = (int(number) for number in held["keys"] if number.isdecimal())
            version = str(max(numbers, default=0) + 1)
            self._write({"current": version, "keys": {**held["keys"], version: _fresh()}})
        return self.current_version()

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _cipher(self, version: str) -> AESGCM:
        if version not in self._ciphers:
            self._read()
        cipher = self._ciphers.get(version)
        if cipher is None:
            raise KeysUnavailableError("no key-encryption key of this version is at hand")
        return cipher

    def _read(self) -> None:
        seen, held = _state_of(self._path), self._load()
        try:
            keys = {number: base64.b64decode(key) for number, key in held["keys"].items()}
            ciphers = {_version(number, key): AESGCM(key) for number, key in keys.items()}
            current = _version(held["current"], keys[held["current"]])
        except (ValueError, TypeError, AttributeError):
            raise KeysUnavailableError("the file of the key-encryption keys is damaged") from None
        self._ciphers, self._wrapping, self._seen = ciphers, (ciphers[current], current), seen

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
            if os.geteuid() == 0:  # by hand as root, for a service that has a user of its own
                owner = self._path.parent.stat()
                os.fchown(fd, owner.st_uid, owner.st_gid)
            json.dump(held, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(self._path)
        _settle(self._path.parent)

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Let one process at a time change the file."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self._path.parent, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
            finally:
                os.close(lock)
        except OSError as error:
            raise KeysUnavailableError(
                f"the file of the key-encryption keys cannot be written ({type(error).__name__})"
            ) from None


def _version(number: str, key: bytes) -> str:
    """Name a version, e.g. `local:1-9f86d081`: two files that were made apart differ in it.

    What another file's key has wrapped is then a key that is not at hand, and no false alarm.
    """
    return f"{_KIND}:{number}-{hashlib.sha256(key).hexdigest()[:8]}"


def _state_of(path: Path) -> tuple[int, int] | None:
    """Tell one state of a file from another: each is a file of its own, put into its place."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


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
