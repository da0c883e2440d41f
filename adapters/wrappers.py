"""Which key-encryption key: in a file of this machine, in OpenBao or Vault, or in AWS KMS."""

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from activities.key_ports import KeyEncryption
from adapters.key_wrapping import KeyWrapper
from adapters.local_wrapper import LocalWrapper
from adapters.transit import TokenFile, TransitWrapper


def open_wrapper(place: str | KeyEncryption) -> KeyWrapper:
    """Return what wraps the data keys. Only a file is read by that; nothing is asked.

    Args:
        place: `local:FILE`, `vault+https://HOST:PORT/MOUNT/KEY` with `?namespace=...` where there
            are namespaces, or `aws-kms:` with a key's ARN, id or alias. Alone, or with the token.

    Raises:
        KeysUnavailableError: The file cannot be read or made.
        ValueError: The place is of no kind that is known here.
    """
    given = KeyEncryption(place) if isinstance(place, str) else place
    kind, _, where = given.place.partition(":")
    if kind == "local" and where:
        return LocalWrapper(Path(where))
    if kind in {"vault+https", "vault+http"}:
        return _transit(given)
    if kind == "aws-kms" and where:
        # Its library comes with an extra, which only those install who keep their key there.
        from adapters.cloud_kms import KmsWrapper, open_client  # noqa: PLC0415 - see above

        return KmsWrapper(where, open_client(_region(where)))
    raise ValueError("a key-encryption key is named as local:FILE, vault+https://… or aws-kms:…")


def _transit(given: KeyEncryption) -> TransitWrapper:
    parts = urlsplit(given.place.removeprefix("vault+"))
    mount, _, key = parts.path.strip("/").rpartition("/")
    namespaces = parse_qs(parts.query).get("namespace", [None])
    if not parts.netloc or not mount or not key:
        raise ValueError("a transit key is named as vault+https://HOST:PORT/MOUNT/KEY")
    if given.token_file is None and not given.token:
        raise ValueError("a transit key needs a token")
    return TransitWrapper(
        f"{parts.scheme}://{parts.netloc}",
        unquote(key),
        TokenFile(given.token_file) if given.token_file is not None else lambda: given.token,
        mount=unquote(mount),
        namespace=namespaces[0],
    )


def _region(key: str) -> str | None:
    """Return the region that an ARN names: of `arn:aws:kms:REGION:...`, the fourth part."""
    match key.split(":"):
        case ["arn", _, "kms", region, *_]:
            return region
        case _:
            return None
