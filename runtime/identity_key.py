"""The key of customers' hashes: given, or made once beside the embedded database."""

import os
import secrets
import tempfile
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import make_url

from runtime.errors import OperatorError
from runtime.settings import LEAST_KEY, Settings

FILE = "identity.key"

_ABSENT = (FileNotFoundError, NotADirectoryError)


class IdentityKeyError(OperatorError):
    """There is no key, or it cannot be used; the message says what to do."""


def identity_key(settings: Settings) -> SecretStr:
    """Return the key that the settings give, or that of the state directory, made if missing.

    Only a database that is a file of this machine gets a key of this machine: several machines
    with a key each would not recognise each other's customers.

    Raises:
        IdentityKeyError: None is given for a database elsewhere, or the file cannot be used.
    """
    if settings.identity_key is not None:
        return settings.identity_key
    if make_url(settings.database_url).get_backend_name() != "sqlite":
        raise IdentityKeyError(
            "HANDRAIL_IDENTITY_KEY is not set: a database that several machines can use needs one "
            "key for all of them. Make it once (openssl rand -hex 32), keep it, and let "
            "HANDRAIL_IDENTITY_KEY_FILE name its file."
        )
    path = settings.state_dir / FILE
    try:
        return _read(path)
    except _ABSENT:
        pass
    try:
        _make(path)
    except OSError as error:
        raise IdentityKeyError(
            f"{path} cannot be made ({error.strerror}): let HANDRAIL_STATE_DIR name a directory "
            "that can be written, or set HANDRAIL_IDENTITY_KEY."
        ) from error
    return _read(path)


def _read(path: Path) -> SecretStr:
    try:
        key = path.read_text(encoding="ascii").strip()
    except _ABSENT:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise IdentityKeyError(f"{path} cannot be read ({type(error).__name__}).") from error
    if len(key) < LEAST_KEY:
        raise IdentityKeyError(
            f"{path} is damaged: it holds fewer than {LEAST_KEY} characters. Put its backup in "
            "place. Without one remove it: a new key is made, and what is on record of customers' "
            "identities must be stored again."
        )
    return SecretStr(key)


def _make(path: Path) -> None:
    """Make the file, whole or not at all; where another process was sooner, its key counts."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fd, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{FILE}.")  # exclusive, mode 600
    try:
        with os.fdopen(fd, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        _settle(path.parent)
    finally:
        Path(draft).unlink()


def _settle(directory: Path) -> None:
    """Write the directory itself to the disk: hashes must not outlive their key."""
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
