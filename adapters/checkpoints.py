"""Where signed checkpoints are kept: a directory, or a store of another administrator by HTTPS."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import structlog

from activities.proof_ports import CheckpointConflictError, CheckpointsUnavailableError
from sop.checkpoint import SignedCheckpoint

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

PUBLIC_KEYS = "public-keys.txt"
TIMEOUT_S = 10.0
LONGEST_NOTE = 4096
"""Bytes: a checkpoint is some 250."""

_SUFFIX = ".checkpoint"
_TAKEN = frozenset({409, 412})


class CheckpointFiles:
    """Implements `activities.proof_ports.CheckpointStore` with a file for each checkpoint.

    A file is written once, reaches the disk before it has its name, and is never replaced. Mount
    a directory of another administrator, or copy it there: what stands beside the database can be
    rewritten with it.
    """

    def __init__(self, directory: Path, verifier_key: str | None = None) -> None:
        """Keep files in a directory, and the public key beside them."""
        self.directory = directory
        self._verifier_key = verifier_key

    def keep(self, checkpoint: SignedCheckpoint) -> None:
        """Keep a checkpoint; repeating it changes nothing.

        Raises:
            CheckpointConflictError: Another one of this size is there already.
            CheckpointsUnavailableError: The directory cannot be written.
        """
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._show_key()
            path = self.directory / f"{checkpoint.size:012d}{_SUFFIX}"
            if not self._write_once(path, checkpoint.note) and _read(path) != checkpoint.note:
                raise CheckpointConflictError(f"another checkpoint of size {checkpoint.size}")
        except OSError as error:
            raise CheckpointsUnavailableError(type(error).__name__) from None

    def notes(self) -> Iterator[tuple[int, str]]:
        """Yield what the files' names say of their sizes, and what they hold, in that order.

        Raises:
            OSError: The directory cannot be read.
        """
        for path in sorted(self.directory.glob(f"*{_SUFFIX}")):
            yield (int(path.stem) if path.stem.isdecimal() else -1), _read(path)

    def verifier_keys(self) -> tuple[str, ...]:
        """Return the public keys that stand beside the files."""
        try:
            lines = _read(self.directory / PUBLIC_KEYS).splitlines()
        except FileNotFoundError:
            return ()
        return tuple(line for line in lines if line.strip())

    def _show_key(self) -> None:
        if self._verifier_key is None or self._verifier_key in self.verifier_keys():
            return
        with (self.directory / PUBLIC_KEYS).open("a", encoding="utf-8") as file:
            file.write(f"{self._verifier_key}\n")

    def _write_once(self, path: Path, note: str) -> bool:
        """Write a file, whole or not at all; return False if it was there before."""
        fd, draft = tempfile.mkstemp(dir=self.directory, prefix=".draft.")
        try:
            with os.fdopen(fd, "w", encoding="utf-8", newline="") as file:
                os.fchmod(fd, 0o444)
                file.write(note)
                file.flush()
                os.fsync(fd)
            try:
                os.link(draft, path)
            except FileExistsError:
                return False
        finally:
            Path(draft).unlink()
        directory = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
        return True


class HttpCheckpoints:
    """Implements `activities.proof_ports.CheckpointStore` by PUT to `<address>/<size>`.

    `If-None-Match: *` asks the other side to keep what it has. Where it answers 409 or 412, what
    it has is read, and compared.
    """

    def __init__(self, url: str, token: str | None = None, *, timeout_s: float = TIMEOUT_S) -> None:
        """Prepare the connection; the token is sent as a bearer token."""
        self._url = url.rstrip("/")
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._http = httpx2.Client(timeout=timeout_s, headers=headers, trust_env=False)

    def keep(self, checkpoint: SignedCheckpoint) -> None:
        """Keep a checkpoint; repeating it changes nothing.

        Raises:
            CheckpointConflictError: Another one of this size is there already.
            CheckpointsUnavailableError: It is not known to be kept.
        """
        url = f"{self._url}/{checkpoint.size}"
        headers = {"If-None-Match": "*", "Content-Type": "text/plain; charset=utf-8"}
        try:
            put = self._http.put(url, content=checkpoint.note.encode(), headers=headers)
            if put.status_code in _TAKEN:
                self._compare(url, checkpoint)
            elif not put.is_success:
                log.error("checkpoint.refused", status=put.status_code)
                raise CheckpointsUnavailableError(f"status {put.status_code}")
        except httpx2.HTTPError as error:
            # Its text would hold the address.
            raise CheckpointsUnavailableError(type(error).__name__) from None

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _compare(self, url: str, checkpoint: SignedCheckpoint) -> None:
        held = self._http.get(url)
        if not held.is_success:
            raise CheckpointsUnavailableError(f"status {held.status_code}")
        if held.content != checkpoint.note.encode():
            raise CheckpointConflictError(f"another checkpoint of size {checkpoint.size}")


def _read(path: Path) -> str:
    """Return a file's beginning: a checkpoint is short, and what is none need not be read whole."""
    with path.open("rb") as file:
        return file.read(LONGEST_NOTE).decode("utf-8", "replace")
