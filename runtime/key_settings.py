"""What the environment decides of keys: what wraps the data keys, and the keys of this desk."""

from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings

LEAST_KEY = 32
"""Characters of a key: `openssl rand -hex 32` makes twice as many."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _key(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < LEAST_KEY:
        raise ValueError(f"a key has {LEAST_KEY} characters or more")
    return value


def _key_encryption(value: str) -> str:
    kind, _, place = value.partition(":")
    if kind in {"vault+https", "vault+http"}:
        return _transit_key(value)
    if kind not in {"local", "aws-kms"} or not place:
        raise ValueError("this is neither local:FILE nor vault+https://… nor aws-kms:…")
    return value


def _transit_key(value: str) -> str:
    parts = urlsplit(value)
    try:
        usable = parts.hostname is not None and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.path.strip("/").count("/") < 1 or parts.fragment:
        raise ValueError("this is not vault+https://HOST:PORT/MOUNT/KEY")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the token belongs into the file that HANDRAIL_VAULT_TOKEN_FILE names")
    if parts.scheme == "vault+http" and parts.hostname not in LOOPBACK:
        raise ValueError("keys leave this machine by https:// only")
    return value


class KeySettings(BaseSettings):
    """A part of `runtime.settings.Settings`."""

    key_encryption: Annotated[str, AfterValidator(_key_encryption)] | None = Field(
        None,
        description="what wraps the data keys: local:FILE, vault+https://HOST:PORT/MOUNT/KEY or "
        "aws-kms:ARN; a SQLite database has its own file, in the state directory",
        repr=False,
    )
    vault_token: SecretStr | None = Field(None, description="the token of OpenBao or Vault")
    vault_token_file: Annotated[Path, AfterValidator(Path.absolute)] | None = Field(
        None,
        description="the file with the token of OpenBao or Vault, read again when it has changed",
    )
    identity_key: Annotated[SecretStr, AfterValidator(_key)] | None = Field(
        None,
        description="the key of what customers are identified by, 32 characters or more; "
        "a SQLite database has its own, in the state directory",
        repr=False,
    )
    checkpoint_key: Annotated[SecretStr, AfterValidator(_key)] | None = Field(
        None,
        description="the key that signs checkpoints of the journal, 32 characters or more; a "
        "SQLite database has its own, in the state directory",
        repr=False,
    )

    @model_validator(mode="after")
    def _vault_has_a_token(self) -> Self:
        wanted = (self.key_encryption or "").startswith("vault+")
        given = (self.vault_token is not None) + (self.vault_token_file is not None)
        if wanted and given != 1:
            raise ValueError(
                "HANDRAIL_KEY_ENCRYPTION names a key in OpenBao or Vault: set either "
                "HANDRAIL_VAULT_TOKEN_FILE, which follows a renewed token, or HANDRAIL_VAULT_TOKEN"
            )
        return self
