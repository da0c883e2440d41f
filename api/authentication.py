"""Who calls: the API key's principal and role, and never anything that the request says."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

from starlette.authentication import (
    AuthCredentials,
    AuthenticationBackend,
    AuthenticationError,
    BaseUser,
)
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import Response

from activities.ports import CrmUnavailableError
from api.problems import ProblemError
from sop.models import Actor, Role

PROTECTED = "/v1/"
KEPT = timedelta(seconds=3)
"""So long a key that was valid is not looked up again; a revoked one works no longer than that."""

KEPT_IN_OUTAGE = timedelta(minutes=10)
"""So long a key that was valid still opens while the store does not answer: an inquiry must be
taken when the CRM is away, and what nobody can look up nobody can have revoked there either."""

_MOST_KEPT = 1000
_CHALLENGE = 'Bearer realm="handrail"'
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
        now, mark = self._clock(), hashlib.sha256(token.encode()).digest()
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


class TurnedAwayError(AuthenticationError):
    """The caller does not come in; the problem says why."""

    def __init__(self, problem: ProblemError) -> None:
        super().__init__(problem.code)
        self.problem = problem


class BearerKeys(AuthenticationBackend):
    """Checks the key of every request under `/v1/`, before anything of its body is read."""

    def __init__(self, ring: Callable[[HTTPConnection], KeyRing]) -> None:
        """Take the keys from the application that a request belongs to."""
        self._ring = ring

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        """Return the caller; None for a path that needs none.

        Raises:
            TurnedAwayError: The key is missing or opens nothing, or the store did not answer.
        """
        if not conn.scope["path"].startswith(PROTECTED):
            return None
        scheme, _, token = conn.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise _unauthenticated(_CHALLENGE)
        try:
            actor = await self._ring(conn).actor(token.strip())
        except CrmUnavailableError:
            raise TurnedAwayError(ProblemError("crm-unavailable")) from None
        if actor is None:
            raise _unauthenticated(_CHALLENGE + ', error="invalid_token"')
        return AuthCredentials(["authenticated"]), Caller(actor)


def turn_away(conn: HTTPConnection, error: AuthenticationError) -> Response:
    """Return the answer to a caller who does not come in."""
    problem = ProblemError("unauthenticated")
    if isinstance(error, TurnedAwayError):
        problem = error.problem
    return problem.response(conn.scope["state"].get("request_id"))


def _unauthenticated(challenge: str) -> TurnedAwayError:
    return TurnedAwayError(ProblemError("unauthenticated", headers={"WWW-Authenticate": challenge}))
