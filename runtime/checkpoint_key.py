"""The key that signs the journal's checkpoints: given, or made once beside a SQLite database."""

import secrets

from pydantic import SecretStr
from sqlalchemy import make_url

from runtime.key_settings import LEAST_KEY
from runtime.secret_files import SecretFile, SecretFileError
from runtime.settings import Settings

FILE = "checkpoint.key"


class CheckpointKeyError(SecretFileError):
    """There is no key, or it cannot be used; the message says what to do."""


def checkpoint_key(settings: Settings) -> SecretStr:
    """Return the key that the settings give, or that of the state directory, made if missing.

    Raises:
        CheckpointKeyError: None is given for a database elsewhere, or the file is damaged.
        SecretFileError: The file cannot be made, read or trusted.
    """
    if settings.checkpoint_key is not None:
        return settings.checkpoint_key
    if make_url(settings.database_url).get_backend_name() != "sqlite":
        raise CheckpointKeyError(
            "HANDRAIL_CHECKPOINT_KEY is not set: all workers of a database sign its checkpoints "
            "with one key. Make it once (openssl rand -hex 32), keep it, and let "
            "HANDRAIL_CHECKPOINT_KEY_FILE name its file."
        )
    file = SecretFile(
        settings.state_dir / FILE,
        otherwise="let HANDRAIL_STATE_DIR name a directory that can be written, or set "
        "HANDRAIL_CHECKPOINT_KEY.",
    )
    key = file.obtain(lambda: secrets.token_urlsafe(32))
    if len(key) < LEAST_KEY:
        raise CheckpointKeyError(
            f"{file.path} is damaged: it holds fewer than {LEAST_KEY} characters. Put its backup "
            "in place; without one, docs/operations.md says what a new key means."
        )
    return SecretStr(key)
