"""Sessions of people who showed an API key: a signed cookie that names the key, and no more.

The key itself is looked up at each use, so that a session ends with it.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

LONGEST = timedelta(hours=8)
"""So long a session lives, however much it is used."""

IDLE = timedelta(minutes=30)
"""So long it lives unused."""

RENEWED_AFTER = timedelta(minutes=1)
"""The cookie says when it was last used, to this exactness."""

_ALGORITHM = "HS256"
_TYPE = "handrail-session+jwt"
_MOST_ENDED = 10_000


@dataclass(frozen=True, slots=True)
class Session:
    """What a cookie says.

    Attributes:
        session_id: Chance.
        key_id: The API key that was shown.
        began: Seconds since 1970.
        used: When it was last used.
    """

    session_id: str
    key_id: str
    began: int
    used: int


class Sessions:
    """Makes and reads cookies. One that was ended opens nothing again in this process."""

    def __init__(
        self, secret: str | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Sign with a secret; without one, with one of this process alone."""
        self._key = OctKey.import_key(secret or secrets.token_urlsafe(32))
        self._clock = clock
        self._ended: dict[str, int] = {}

    def begin(self, key_id: str) -> Session:
        """Return a new session."""
        now = int(self._clock())
        return Session(secrets.token_urlsafe(16), key_id, now, now)

    def cookie(self, session: Session) -> str:
        """Return what the cookie holds."""
        claims = {
            "sid": session.session_id,
            "sub": session.key_id,
            "iat": session.began,
            "used": session.used,
        }
        return jwt.encode({"alg": _ALGORITHM, "typ": _TYPE}, claims, self._key)

    def read(self, cookie: str) -> Session | None:
        """Return the session of a cookie; None if it is none of ours, over, or ended."""
        try:
            token = jwt.decode(cookie, self._key, algorithms=[_ALGORITHM])
        except (JoseError, ValueError):
            return None
        session = _session(token.header, token.claims)
        return session if session is not None and self._lives(session) else None

    def renewed(self, session: Session) -> Session | None:
        """Return the session as it is now used; None while its cookie is exact enough."""
        now = int(self._clock())
        if now - session.used < RENEWED_AFTER.total_seconds():
            return None
        return replace(session, used=now)

    def end(self, session: Session) -> None:
        """Let a session open nothing any more."""
        now = self._clock()
        if len(self._ended) >= _MOST_ENDED:
            self._ended = {key: until for key, until in self._ended.items() if until > now}
        self._ended[session.session_id] = session.began + int(LONGEST.total_seconds())

    def _lives(self, session: Session) -> bool:
        now = self._clock()
        if session.session_id in self._ended or not session.began <= session.used <= now + 1:
            return False
        idle, age = now - session.used, now - session.began
        return idle < IDLE.total_seconds() and age < LONGEST.total_seconds()


def _session(header: dict[str, Any], claims: dict[str, Any]) -> Session | None:
    match header, claims:
        case (
            {"typ": kind},
            {"sid": str() as session_id, "sub": str() as key_id, "iat": int(), "used": int()},
        ) if kind == _TYPE:
            return Session(session_id, key_id, claims["iat"], claims["used"])
        case _:
            return None
