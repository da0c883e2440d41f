"""Where the keys are: what the settings say, or what the embedded database has by default."""

from sqlalchemy import make_url

from runtime.errors import OperatorError
from runtime.settings import Settings

FILE = "kek.json"


class KeyPlaceError(OperatorError):
    """Nothing says what wraps the data keys; the message says what to do."""


def key_encryption(settings: Settings) -> str:
    """Return what wraps the data keys, as `adapters.wrappers.open_wrapper` takes it.

    Only a database that is a file of this machine gets a file of this machine: several machines
    with a file each could not open what another one sealed.

    Raises:
        KeyPlaceError: None is given for a database elsewhere.
    """
    if settings.key_encryption is not None:
        return settings.key_encryption
    if make_url(settings.database_url).get_backend_name() != "sqlite":
        raise KeyPlaceError(
            "HANDRAIL_KEY_ENCRYPTION is not set: a database that several machines can use needs "
            "one place for all of them that wraps the data keys. Name it, such as local:FILE with "
            "the same file on each machine."
        )
    return f"local:{settings.state_dir / FILE}"
