"""The key of customers' hashes: given, or made once beside the embedded database."""

import secrets

from pydantic import SecretStr
from sqlalchemy import make_url

from runtime.key_settings import LEAST_KEY
from runtime.secret_files import SecretFile, SecretFileError
from runtime.settings import Settings

FILE = "identity.key"


class IdentityKeyError(SecretFileError):
    """There is no key, or it cannot be used; the message says what to do."""


def identity_key(settings: Settings) -> SecretStr:
    """Return the key that the settings give, or that of the state directory, made if missing.

    Only a database that is a file of this machine gets a key of this machine: several machines
    with a key each would not recognise each other's customers.

    Raises:
        IdentityKeyError: None is given for a database elsewhere, or the file is damaged.
        SecretFileError: The file cannot be made, read or trusted.
    """
    if settings.identity_key is not None:
        return settings.identity_key
    if make_url(settings.database_url).get_backend_name() != "sqlite":
        raise IdentityKeyError(
            "HANDRAIL_IDENTITY_KEY is not set: a database that several machines can use needs one "
            "key for all of them. Make it once (openssl rand -hex 32), keep it, and let "
            "HANDRAIL_IDENTITY_KEY_FILE name its file."
        )
    file = SecretFile(
        settings.state_dir / FILE,
        otherwise="let HANDRAIL_STATE_DIR name a directory that can be written, or set "
        "HANDRAIL_IDENTITY_KEY.",
    )
    key = file.obtain(lambda: secrets.token_urlsafe(32))
    if len(key) < LEAST_KEY:
        raise IdentityKeyError(
            f"{file.path} is damaged: it holds fewer than {LEAST_KEY} characters. Put its backup "
            "in place. Without one remove it: a new key is made, and what is on record of "
            "customers' identities must be stored again."
        )
    return SecretStr(key)
