"""Who calls: the credential's principal and role, and never anything that the request says.

A credential is an API key of ours (`hr_...`), or a token of the issuer that the settings name.
"""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

import structlog
from starlette.authentication import BaseUser
from starlette.concurrency import run_in_threadpool

from activities.ports import CrmUnavailableError
from activities.token_ports import TokenRefusedError, TokenVerifier
from sop.access_log import Via
from sop.models import Actor, Role

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

API_KEY = "hr_"
"""What every API key begins with, and no token does."""

KEPT = timedelta(seconds=3)
"""So long a key that was valid is not looked up again; a revoked one works no longer than that."""

KEPT_IN_OUTAGE = timedelta(minutes=10)
"""So long a key that was valid still opens while the store does not answer: an inquiry must be
taken when the CRM is away, and what nobody can look up nobody can have revoked there either."""

_MOST_KEPT = 1000
_MOST_VERIFYING = 8
_TOLD_AGAIN = timedelta(minutes=10)
_now = partial(datetime.now, UTC)


class Key(Protocol):
    """What a valid API key says of its owner."""

    @property
    def principal(self) -> str:
        """Who acts."""
        ...

    @property
    def role(self) -> Role:
        """As what."""
        ...

    def valid_at(self, moment: datetime) -> bool:
        """Return whether the key opens anything at a moment."""
        ...


class KeyStore(Protocol):
    """Where the keys are kept."""

    def authenticate(self, token: str) -> Key | None:
        """Return the key that a caller has shown; None if it is unknown, expired or revoked.

        Raises:
            CrmUnavailableError: The store did not answer.
        """
        ...


class KeyRing:
    """Remembers for a moment which keys were valid, by a hash of the token.

    Tokens that were refused are looked up each time: what a stranger sends takes no memory.
    """

    def __init__(
        self,
        store: KeyStore,
        *,
        kept: timedelta = KEPT,
        kept_in_outage: timedelta = KEPT_IN_OUTAGE,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        """Look keys up in a store, and keep them for a while."""
        self._store = store
        self._kept = kept
        self._kept_in_outage = kept_in_outage
        self._clock = clock
        self._seen: dict[bytes, tuple[Key, datetime]] = {}

    async def actor(self, token: str) -> Actor | None:
        """Return who acts with a token; None if it opens nothing.

        Raises:
            CrmUnavailableError: The store did not answer, and the key was not seen lately.
        """
        now, mark = self._clock(), _mark(token)
        key, seen_at = self._seen.get(mark, (None, now))
        if key is None or not timedelta(0) <= now - seen_at < self._kept:
            try:
                known = await run_in_threadpool(self._store.authenticate, token)
            except CrmUnavailableError:
                if key is None or not timedelta(0) <= now - seen_at < self._kept_in_outage:
                    raise
            else:
                key = known
                self._seen.pop(mark, None)
                if key is not None:
                    self._remember(mark, key, now)
        if key is None or not key.valid_at(now):
            return None
        return Actor(principal=key.principal, role=key.role)

    def _remember(self, mark: bytes, key: Key, now: datetime) -> None:
        if len(self._seen) >= _MOST_KEPT:
            self._seen.clear()
        self._seen[mark] = key, now


class RefusedError(Exception):
    """A credential opens nothing; `reason` says why, in a code for the logs."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Credentials:
    """Tells who acts with an API key or a token, and logs whom it let in and whom it refused.

    An acceptance is logged once in a while for each credential, a refusal each time; neither line
    holds any part of the credential.
    """

    def __init__(self, keys: KeyRing, tokens: TokenVerifier | None = None) -> None:
        """Take the API keys, and what checks tokens; without that there are none."""
        self._keys = keys
        self._tokens = tokens
        # Who waits for the issuer's keys leaves threads to everybody else.
        self._verifying = asyncio.Semaphore(_MOST_VERIFYING)
        self._told: dict[bytes, datetime] = {}

    async def actor(self, shown: str) -> Actor:
        """Return who acts with a credential.

        Raises:
            RefusedError: It opens nothing.
            CrmUnavailableError: The store of keys did not answer.
            IssuerUnavailableError: The issuer's keys could not be had.
        """
        kind = "api_key" if shown.startswith(API_KEY) else "token"
        try:
            actor = await (self._by_key(shown) if kind == "api_key" else self._by_token(shown))
        except RefusedError as refused:
            log.warning("auth.refused", credential=kind, reason_code=refused.reason)
            raise
        if not self.seen_lately(shown):
            if len(self._told) >= _MOST_KEPT:
                self._told.clear()
            self._told[_mark(shown)] = _now()
            log.info("auth.accepted", credential=kind, actor=actor.principal, role=str(actor.role))
        return actor

    def seen_lately(self, shown: str) -> bool:
        """Return whether a credential was accepted a short while ago."""
        told = self._told.get(_mark(shown))
        return told is not None and timedelta(0) <= _now() - told < _TOLD_AGAIN

    async def _by_key(self, shown: str) -> Actor:
        actor = await self._keys.actor(shown)
        if actor is None:
            raise RefusedError("unknown_key")
        return actor

    async def _by_token(self, shown: str) -> Actor:
        if self._tokens is None:
            raise RefusedError("no_issuer")
        try:
            async with self._verifying:
                return await run_in_threadpool(self._tokens.verify, shown)
        except TokenRefusedError as refused:
            raise RefusedError(refused.reason) from None


class Caller(BaseUser):
    """The authenticated caller of a request."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    @property
    def is_authenticated(self) -> bool:
        """Every caller is."""
        return True

    @property
    def display_name(self) -> str:
        """The principal."""
        return self.actor.principal


def via_of(shown: str) -> Via:
    """Return how a caller with this bearer credential says who they are."""
    return Via.API_KEY if shown.startswith(API_KEY) else Via.TOKEN


def _mark(shown: str) -> bytes:
    return hashlib.sha256(shown.encode()).digest()
