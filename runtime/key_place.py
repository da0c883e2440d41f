"""Where the keys are: what the settings say, or what the embedded database has by default."""

from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import make_url

from activities.key_ports import KeyEncryption
from runtime.errors import OperatorError
from runtime.secret_files import SecretFile, make_private_directory
from runtime.settings import Settings

FILE = "kek.json"


class KeyPlaceError(OperatorError):
    """Nothing says what wraps the data keys, or it is not here; the message says what to do."""


def key_encryption(settings: Settings) -> KeyEncryption:
    """Return what wraps the data keys, as `adapters.wrappers.open_wrapper` takes it.

    Only a key store that is a file of this machine gets a file of this machine: several machines
    with a file each could not open what another one sealed.

    Raises:
        KeyPlaceError: None is given for a database elsewhere, or what is given is not here.
        SecretFileError: The file, or its directory, is open to other users.
    """
    token = settings.vault_token.get_secret_value() if settings.vault_token is not None else ""
    given = KeyEncryption(_place(settings), token, settings.vault_token_file)
    file = _local_file(given.place)
    if file is not None:
        _look_at(file, may_be_made=_is_here(settings.key_database_url))
    if given.place.startswith("aws-kms:") and find_spec("botocore") is None:
        raise KeyPlaceError(
            "HANDRAIL_KEY_ENCRYPTION names a key in AWS KMS, whose client is not installed: install"
            " requirements-aws.lock instead of requirements.lock, or handrail[aws]."
        )
    return given


def new_local_file(settings: Settings) -> Path:
    """Return where the file of the key-encryption keys is to be made.

    Raises:
        KeyPlaceError: They are kept elsewhere, or the file is there.
        SecretFileError: The directory is open to other users.
    """
    path = _local_file(_place(settings))
    if path is None:
        raise KeyPlaceError("HANDRAIL_KEY_ENCRYPTION names no local:FILE: there is none to make.")
    if path.exists():
        raise KeyPlaceError(f"{path} is there already: `handrail keys rotate` makes a new version.")
    make_private_directory(path.parent)
    return path


def _local_file(place: str) -> Path | None:
    kind, _, where = place.partition(":")
    return Path(where) if kind == "local" else None


def _place(settings: Settings) -> str:
    if settings.key_encryption is not None:
        return settings.key_encryption
    if not _is_here(settings.database_url):
        raise KeyPlaceError(
            "HANDRAIL_KEY_ENCRYPTION is not set: a database that several machines can use needs "
            "one place for all of them that wraps the data keys. Name it: vault+https://..., "
            "aws-kms:..., or local:FILE with the same file on each machine "
            "(`handrail keys init` makes it)."
        )
    return f"local:{settings.state_dir / FILE}"


def _look_at(path: Path, *, may_be_made: bool) -> None:
    """Refuse a file that others could have read, and a missing one that other machines have."""
    file = SecretFile(path, otherwise="name another one with HANDRAIL_KEY_ENCRYPTION.")
    try:
        file.read()
    except FileNotFoundError:
        if not may_be_made:
            raise KeyPlaceError(
                f"{path} is not there, and holds the key-encryption keys: put the file of the other"
                " machines, or its backup, in place. At the very first start, and only then, make"
                " it with `handrail keys init`."
            ) from None
        make_private_directory(path.parent)


def _is_here(url: str) -> bool:
    return make_url(url).get_backend_name() == "sqlite"
