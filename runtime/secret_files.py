"""Secrets that are files of this machine: made once, whole, mode 600, and read by nobody else.

The embedded default has no secret given to it: each one is made at the first start, in the state
directory. A file that others could have read or written is refused, since what it holds may be
theirs by now.
"""

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

from runtime.errors import OperatorError

ABSENT = (FileNotFoundError, NotADirectoryError)

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


class SecretFileError(OperatorError):
    """A secret's file cannot be made, read or trusted; the message says what to do."""


class SecretFile:
    """One secret in one file. What it holds is text in ASCII, without the blanks around it."""

    def __init__(self, path: Path, *, otherwise: str) -> None:
        """Name a file, which need not be there yet.

        Args:
            path: Where it is.
            otherwise: What the operator can do where it cannot be made: the end of a sentence.
        """
        self.path = path
        self._otherwise = otherwise

    def obtain(self, make: Callable[[], str]) -> str:
        """Return what the file holds; where there is none, it is made first, once.

        Of several processes that start together one makes it, and its secret is everybody's.

        Raises:
            SecretFileError: It cannot be made, or not be read, or is open to others.
        """
        try:
            return self.read()
        except ABSENT:
            pass
        try:
            self._make(make())
        except OSError as error:
            raise SecretFileError(
                f"{self.path} cannot be made ({error.strerror}): {self._otherwise}"
            ) from error
        return self.read()

    def read(self) -> str:
        """Return what the file holds.

        Raises:
            FileNotFoundError: There is none.
            SecretFileError: It cannot be read, or is open to others.
        """
        try:
            with self.path.open("rb") as file:
                self._refuse_an_open_one(os.fstat(file.fileno()))
                return file.read().decode("ascii").strip()
        except ABSENT:
            raise
        except (OSError, UnicodeDecodeError) as error:
            raise SecretFileError(
                f"{self.path} cannot be read ({type(error).__name__})."
            ) from error

    def replace(self, secret: str) -> None:
        """Put another secret into its place; who reads meanwhile finds the old one or the new one.

        Raises:
            SecretFileError: The directory cannot be written.
        """
        try:
            draft = self._draft(secret)
            try:
                draft.replace(self.path)
            except OSError:
                draft.unlink()
                raise
            _settle(self.path.parent)
        except OSError as error:
            raise SecretFileError(
                f"{self.path} cannot be replaced ({error.strerror}): do it as the user whose file "
                "it is, where its directory can be written."
            ) from error

    def _make(self, secret: str) -> None:
        """Make the file, whole or not at all; where another process was sooner, its one counts."""
        make_private_directory(self.path.parent)
        draft = self._draft(secret)
        try:
            os.link(draft, self.path)
            _settle(self.path.parent)
        except FileExistsError:
            return
        finally:
            draft.unlink()

    def _draft(self, secret: str) -> Path:
        """Write a file beside the secret's: exclusive, mode 600, its directory's owner's."""
        directory = self.path.parent
        fd, draft = tempfile.mkstemp(dir=directory, prefix=f".{self.path.name}.")
        with os.fdopen(fd, "w", encoding="ascii") as file:
            if os.geteuid() == 0:  # by hand as root, for a service that has a user of its own
                owner = directory.stat()
                os.fchown(fd, owner.st_uid, owner.st_gid)
            file.write(secret + "\n")
            file.flush()
            os.fsync(fd)
        return Path(draft)

    def _refuse_an_open_one(self, found: os.stat_result) -> None:
        if stat.S_IMODE(found.st_mode) & _OTHERS:
            raise SecretFileError(
                f"{self.path} can be read or written by other users (mode "
                f"{stat.S_IMODE(found.st_mode):03o}): close it with `chmod 600 {self.path}`, and "
                "ask whether somebody has read it; docs/operations.md says what to do then."
            )


def make_private_directory(path: Path) -> None:
    """Make a directory of mode 700; one that is there stays as it is.

    Raises:
        SecretFileError: It is there, and other users may write into it.
        OSError: It cannot be made.
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    mode = path.stat().st_mode
    if mode & _MAY_WRITE:
        raise SecretFileError(
            f"{path} can be written by other users (mode {stat.S_IMODE(mode):03o}), who could "
            f"replace the secrets in it: close it with `chmod 700 {path}`, or let "
            "HANDRAIL_STATE_DIR name another directory."
        )


def make_private_file(path: Path) -> None:
    """Make an empty file of mode 600; one that is there is closed to others, if it is ours.

    That one is not opened: closing any descriptor of a SQLite file takes this process's locks off
    it, and another process then removes the log under its connections.

    Raises:
        OSError: It cannot be made.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDONLY | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        found = path.stat()
        if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) & _OTHERS:
            path.chmod(0o600)


def _settle(directory: Path) -> None:
    """Write the directory itself to the disk: what a secret has sealed must not outlive it."""
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
