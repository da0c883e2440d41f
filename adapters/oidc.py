"""Bearer tokens of an OpenID Connect issuer: JSON Web Tokens as RFC 9068 and RFC 8725 have them.

Implements `activities.token_ports.TokenVerifier`. Everything that says how a token is to be checked
comes from here; of the token's own header only which key of the issuer's has signed it.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

import structlog
from joserfc import jws
from joserfc.errors import BadSignatureError, JoseError
from joserfc.util import urlsafe_b64decode
from pydantic import ValidationError

from activities.token_ports import TokenRefusedError
from adapters.jwks import KeySource
from sop.models import Actor, Role

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

ALGORITHMS = ("RS256", "ES256", "EdDSA", "Ed25519")
"""All that is ever accepted: signatures with a private key. Ed25519 is the later name of EdDSA."""

TOKEN_TYPES = {
    "at+jwt": frozenset({"at+jwt", "application/at+jwt"}),
    "JWT": frozenset({"jwt"}),
}
"""What a header's `typ` may be, in lower case: an access token by its own word (RFC 9068), or what
issuers write that do not follow it."""

LONGEST = 8 * 1024
"""Characters of a token."""

LONG_LIVED = timedelta(minutes=10)
"""A token that lives longer is accepted, with a warning: nobody can take it back before its end."""

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_HEADER = frozenset({"alg", "kid", "typ", "x5t", "x5t#S256"})
"""All that a header may hold: no keys, no addresses of keys, nothing that must be understood."""

_OF_AN_ID_TOKEN = frozenset({"nonce", "at_hash", "c_hash"})


class Reason(StrEnum):
    """Why a token was refused."""

    TOO_LONG = "too_long"
    MALFORMED = "malformed"
    HEADER = "header"
    TYPE = "type"
    ALGORITHM = "algorithm"
    KEY_ID = "key_id"
    SIGNATURE = "signature"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    EXPIRED = "expired"
    NO_EXPIRY = "no_expiry"
    NOT_YET = "not_yet"
    ISSUED_AT = "issued_at"
    ID_TOKEN = "id_token"  # noqa: S105 - the name of a reason
    BOUND = "bound"
    PRINCIPAL = "principal"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose tokens are accepted, for whom, and what they say of their bearer.

    Attributes:
        issuer: The `iss` of every token, to the letter.
        audience: The `aud` that must be among the token's.
        types: What a header's `typ` may be; one of `TOKEN_TYPES`.
        principal_claim: The claim that names who acts.
        role_claim: The claim that names as what, in one string or a list of them.
        roles: What the claim may say, and which role that is. What is not here says nothing.
        leeway: How far the issuer's clock may differ from ours.
    """

    issuer: str
    audience: str
    types: frozenset[str] = TOKEN_TYPES["at+jwt"]
    principal_claim: str = "sub"
    role_claim: str = "roles"
    roles: Mapping[str, Role] = field(
        default_factory=lambda: {str(role): role for role in Role if role is not Role.SYSTEM}
    )
    leeway: timedelta = timedelta(seconds=30)

    def __post_init__(self) -> None:
        """Refuse what would let a token act as the clock."""
        if Role.SYSTEM in self.roles.values():
            raise ValueError("no token has the role system")


class BearerTokens:
    """Tells who acts with a token, by the keys of one issuer."""

    def __init__(
        self, trust: Trust, keys: KeySource, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Trust one issuer.

        Args:
            trust: What a token has to say.
            keys: The issuer's keys.
            clock: Seconds since 1970.
        """
        self._trust = trust
        self._keys = keys
        self._clock = clock
        self._warned = False

    def verify(self, token: str) -> Actor:
        """Return whom a token stands for.

        Raises:
            TokenRefusedError: It stands for nobody; the error bears a `Reason`.
            IssuerUnavailableError: The issuer's keys are not known, and it does not answer.
        """
        if len(token) > LONGEST:
            raise TokenRefusedError(Reason.TOO_LONG)
        claims = self._signed_claims(token)
        self._check_origin(claims)
        self._check_times(claims)
        return self._actor(claims)

    def _signed_claims(self, token: str) -> dict[str, Any]:
        """Return what the issuer has signed."""
        if not _COMPACT.fullmatch(token):
            raise TokenRefusedError(Reason.MALFORMED)
        algorithm, kid = self._header(_object(token.partition(".")[0]))
        key = self._keys.find(kid, algorithm)
        if key is None:
            raise TokenRefusedError(Reason.KEY_ID)
        try:
            jws.deserialize_compact(token, key, registry=_REGISTRY)
        except BadSignatureError:
            raise TokenRefusedError(Reason.SIGNATURE) from None
        except JoseError:
            raise TokenRefusedError(Reason.MALFORMED) from None
        return _object(token.split(".")[1])

    def _header(self, header: Mapping[str, Any]) -> tuple[str, str]:
        """Return the algorithm and the key's id, if the header asks for nothing else."""
        if header.keys() - _HEADER:
            raise TokenRefusedError(Reason.HEADER)
        said = header.get("typ")
        if not isinstance(said, str) or said.lower() not in self._trust.types:
            raise TokenRefusedError(Reason.TYPE)
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS:
            raise TokenRefusedError(Reason.ALGORITHM)
        if not isinstance(kid, str):
            raise TokenRefusedError(Reason.KEY_ID)
        return algorithm, kid

    def _check_origin(self, claims: Mapping[str, Any]) -> None:
        if claims.get("iss") != self._trust.issuer:
            raise TokenRefusedError(Reason.ISSUER)
        if self._trust.audience not in _names(claims.get("aud")):
            raise TokenRefusedError(Reason.AUDIENCE)
        if claims.keys() & _OF_AN_ID_TOKEN:
            raise TokenRefusedError(Reason.ID_TOKEN)
        if "cnf" in claims:  # for the holder of another key besides, which we do not ask for
            raise TokenRefusedError(Reason.BOUND)

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        """Check what the token says of its own time; a number that is none does not count."""
        now, leeway = self._clock(), self._trust.leeway.total_seconds()
        ends, issued = _moment(claims.get("exp")), _moment(claims.get("iat"))
        begins = _moment(claims.get("nbf", 0))
        if ends is None:
            raise TokenRefusedError(Reason.NO_EXPIRY)
        if now >= ends + leeway:
            raise TokenRefusedError(Reason.EXPIRED)
        if begins is None or now < begins - leeway:
            raise TokenRefusedError(Reason.NOT_YET)
        if issued is None or now < issued - leeway:
            raise TokenRefusedError(Reason.ISSUED_AT)
        if ends - issued > LONG_LIVED.total_seconds() and not self._warned:
            self._warned = True  # once: it is the issuer's setting, and every token has it
            log.warning("token.long_lived", seconds=round(ends - issued))

    def _actor(self, claims: Mapping[str, Any]) -> Actor:
        said = _names(claims.get(self._trust.role_claim))
        roles = {self._trust.roles[name] for name in said if name in self._trust.roles}
        if len(roles) != 1:  # none, or the issuer leaves open which
            raise TokenRefusedError(Reason.ROLE)
        principal = claims.get(self._trust.principal_claim)
        try:
            return Actor(principal=principal, role=roles.pop())  # type: ignore[arg-type] # checked
        except ValidationError:
            raise TokenRefusedError(Reason.PRINCIPAL) from None


class _Registry(jws.JWSRegistry):
    """The algorithms above; the general name EdDSA means Ed25519 alone."""

    max_header_length = LONGEST

    def get_alg(self, name: str) -> Any:  # noqa: ANN401 - joserfc does not export the type
        """Return an algorithm of ours."""
        return super().get_alg("Ed25519" if name == "EdDSA" else name)


_REGISTRY = _Registry(algorithms=ALGORITHMS)


def _object(segment: str) -> dict[str, Any]:
    """Return the JSON object of a segment, in which each name stands once."""
    try:
        said = json.loads(urlsafe_b64decode(segment.encode()), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise TokenRefusedError(Reason.MALFORMED) from None
    if not isinstance(said, dict):
        raise TokenRefusedError(Reason.MALFORMED)
    return said


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) != len(pairs):
        raise ValueError("a name stands twice")
    return named


def _names(said: object) -> list[str]:
    """Return one string, or each of a list of strings; anything else names nothing."""
    listed = [said] if isinstance(said, str) else said
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        return []
    return listed


def _moment(said: object) -> float | None:
    """Return seconds since 1970; None for what is no moment: NaN, infinity, a number in quotes."""
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 <= said < _FOREVER:
        return None
    return float(said)


_FOREVER = 2.0**40
"""Seconds; about 34,000 years. A number beyond is no moment, and an integer may not fit a float."""
