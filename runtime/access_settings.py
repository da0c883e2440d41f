"""What the environment decides of who comes in, and how fast: tokens, rates, times, pages."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_settings import BaseSettings

from sop.models import Role

_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
_ROLES = frozenset(Role) - {Role.SYSTEM}


def _seconds(value: object) -> object:
    """Read a bare number as seconds; leave every other form to pydantic."""
    try:
        return timedelta(seconds=float(value)) if isinstance(value, str) else value
    except ValueError:
        return value


def _issuer(value: str) -> str:
    parts = urlsplit(value)
    try:
        usable = parts.hostname is not None and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.scheme not in {"http", "https"} or parts.query or parts.fragment:
        raise ValueError("this is not an https:// address")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an issuer's address holds no user and no password")
    if parts.scheme == "http" and parts.hostname not in _HERE:
        raise ValueError("keys come to this machine by https:// only")
    return value  # to the letter: tokens are compared with it


def _rate(value: str) -> str:
    if value != "off" and not re.fullmatch(r"[1-9]\d{0,6}/(second|minute|hour)", value):
        raise ValueError("this is no rate")
    return value


def _roles(value: str) -> str:
    read_roles(value)
    return value


def read_roles(value: str) -> Mapping[str, Role]:
    """Return what a token may say of its bearer's role, and which role that is.

    Raises:
        ValueError: It is not of the form NAME=ROLE,NAME=ROLE, or names no role of ours.
    """
    named = [entry.strip().partition("=") for entry in value.split(",")]
    if any(not name or not role for name, _, role in named):
        raise ValueError("this is not of the form NAME=ROLE,NAME=ROLE")
    if len({name for name, _, _ in named}) != len(named):
        raise ValueError("a name stands twice")
    for _, _, role in named:
        if role not in _ROLES:
            raise ValueError(f"there is no role {role}: it is {', '.join(sorted(_ROLES))}")
    return {name: Role(role) for name, _, role in named}


Seconds = Annotated[timedelta, BeforeValidator(_seconds), Field(ge=timedelta(0))]
_Wait = Annotated[Seconds, Field(ge=timedelta(seconds=1), le=timedelta(minutes=10))]
_Address = Annotated[str, AfterValidator(_issuer)]
_Rate = Annotated[str, AfterValidator(_rate)]
_Claim = Annotated[str, Field(min_length=1, max_length=200)]


class AccessSettings(BaseSettings):
    """The part of the settings by which the API decides who comes in."""

    oidc_issuer: _Address | None = Field(
        None, description="whose tokens open the API: their iss, such as https://login.example.com/"
    )
    oidc_audience: _Claim | None = Field(
        None, description="the name of this API in the aud of tokens, such as handrail"
    )
    oidc_jwks_url: _Address | None = Field(
        None, description="where the issuer's public keys are, https://..."
    )
    oidc_jwks: str | None = Field(
        None,
        description="the issuer's public keys themselves, as a JSON Web Key Set",
        repr=False,
    )
    oidc_token_type: Literal["at+jwt", "JWT"] = Field(
        "at+jwt", description="the typ of access tokens: at+jwt, or JWT for issuers before RFC 9068"
    )
    oidc_principal_claim: _Claim = Field("sub", description="the claim that names who acts")
    oidc_role_claim: _Claim = Field("roles", description="the claim that names their role")
    oidc_roles: Annotated[str, AfterValidator(_roles)] | None = Field(
        None, description="what the claim says and which role that is: NAME=ROLE,NAME=ROLE"
    )
    oidc_leeway: Annotated[Seconds, Field(le=timedelta(minutes=2))] = Field(
        timedelta(seconds=30),
        description="how far the issuer's clock may differ, 2 minutes at most",
    )
    rate_per_principal: _Rate = Field(
        "1200/minute", description="requests of one caller, such as 1200/minute, or off"
    )
    rate_per_customer: _Rate = Field(
        "120/minute", description="requests about one customer, such as 120/minute, or off"
    )
    rate_per_address: _Rate = Field(
        "600/minute", description="requests of one address without a credential, or off"
    )
    request_timeout: _Wait = Field(
        timedelta(seconds=10), description="how long a request may take to arrive, from 1 s"
    )
    answer_timeout: _Wait = Field(
        timedelta(seconds=30), description="how long an answer may take, from 1 s"
    )
    docs: Literal["auto", "on", "off"] = Field(
        "auto",
        description="whether /openapi.json is served: auto (only where the API listens on this "
        "machine alone), on or off",
    )

    @model_validator(mode="after")
    def _tokens_are_whole(self) -> Self:
        """Refuse half of what tokens need: nobody should believe that they open anything."""
        told = {name for name in self.model_fields_set if name.startswith("oidc_")}
        if not {name for name in told if getattr(self, name) is not None}:
            return self
        if self.oidc_jwks is not None and self.oidc_jwks_url is not None:
            raise ValueError("set HANDRAIL_OIDC_JWKS_URL or HANDRAIL_OIDC_JWKS, not both")
        keys = self.oidc_jwks or self.oidc_jwks_url
        if self.oidc_issuer is None or self.oidc_audience is None or keys is None:
            raise ValueError(
                "tokens need HANDRAIL_OIDC_ISSUER, HANDRAIL_OIDC_AUDIENCE and one of "
                "HANDRAIL_OIDC_JWKS_URL and HANDRAIL_OIDC_JWKS_FILE: set all three or none"
            )
        return self

    def shows_docs(self, host: str) -> bool:
        """Return whether the API's description is served to whoever reaches a host's address."""
        return self.docs == "on" or (self.docs == "auto" and host in _HERE)
