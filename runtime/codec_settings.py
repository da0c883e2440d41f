"""What the environment decides of the codec server: where it is, and for which pages."""

import re
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from runtime.access_settings import AccessSettings

_LEAST_SECRET = 32


def _origin(value: str) -> str:
    """Return scheme, host and port, as browsers write them in the header Origin."""
    parts = urlsplit(value.strip())
    try:
        port = parts.port
    except ValueError:
        port = 0
    known = re.fullmatch(r"[a-z0-9.:_-]+", parts.hostname or "")
    if parts.scheme not in {"http", "https"} or not known or not parts.hostname or port == 0:
        raise ValueError("this is not an http:// or https:// address")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("an origin is scheme, host and port alone")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if port in {None, usual} else f":{port}")


def _origins(value: str) -> str:
    read_origins(value)
    return value


def _secret(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < _LEAST_SECRET:
        raise ValueError(f"a secret has {_LEAST_SECRET} characters or more")
    return value


def read_origins(value: str) -> tuple[str, ...]:
    """Return the origins that are listed, with commas between them.

    Raises:
        ValueError: One of them is no origin; a wildcard is none.
    """
    return tuple(_origin(listed) for listed in value.split(","))


class CodecSettings(AccessSettings):
    """The part of the settings by which the codec server shows plain text."""

    codec_host: str = Field("127.0.0.1", description="the address that the codec server listens on")
    codec_port: int = Field(
        8081, ge=0, le=65535, description="the codec server's port, from 0 (any free one) to 65535"
    )
    codec_url: Annotated[str, AfterValidator(_origin)] | None = Field(
        None,
        description="where browsers reach the codec server, such as https://codec.example.com",
    )
    codec_origins: Annotated[str, AfterValidator(_origins)] | None = Field(
        None,
        description="the pages that may ask it, by their exact origins with commas between them, "
        "such as https://temporal.example.com; the Temporal Web UI where none is given",
    )
    codec_audience: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="the name of the codec server in the aud of tokens, another one than the API's",
    )
    codec_secret: Annotated[SecretStr, AfterValidator(_secret)] | None = Field(
        None,
        description="what signs the codec server's sessions, 32 characters or more; without it "
        "each start makes one, and ends the sessions before it",
        repr=False,
    )

    @model_validator(mode="after")
    def _codec_has_its_own_audience(self) -> Self:
        """Refuse what would let a token that was meant for the API decode, too."""
        if self.codec_audience is not None and self.codec_audience == self.oidc_audience:
            raise ValueError(
                "HANDRAIL_CODEC_AUDIENCE is HANDRAIL_OIDC_AUDIENCE: tokens for the API must not "
                "open the codec server, so give it a name of its own"
            )
        if self.codec_audience is not None and self.oidc_issuer is None:
            raise ValueError("HANDRAIL_CODEC_AUDIENCE needs HANDRAIL_OIDC_ISSUER: set both or none")
        return self
