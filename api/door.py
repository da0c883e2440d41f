"""The door of the API: who calls, and not too often, before anything of a request is read."""

from collections.abc import Callable
from typing import Protocol

import structlog
from starlette.authentication import (
    AuthCredentials,
    AuthenticationBackend,
    AuthenticationError,
    BaseUser,
)
from starlette.requests import HTTPConnection
from starlette.responses import Response

from activities.ports import CrmUnavailableError
from activities.token_ports import IssuerUnavailableError
from api.authentication import Caller, Credentials, RefusedError
from api.problems import ProblemError
from api.rates import Rates
from api.request_log import QUIET

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

PROTECTED = "/v1/"
_CHALLENGE = 'Bearer realm="handrail"'


class TurnedAwayError(AuthenticationError):
    """The caller does not come in; the problem says why."""

    def __init__(self, problem: ProblemError) -> None:
        super().__init__(problem.code)
        self.problem = problem


class DoorParts(Protocol):
    """What the door asks."""

    @property
    def credentials(self) -> Credentials:
        """Who may come in."""
        ...

    @property
    def rates(self) -> Rates:
        """How often."""
        ...


class Door(AuthenticationBackend):
    """Checks the credential of every request under `/v1/`, before anything of its body is read.

    Here too requests are counted: a caller's after the credential, everybody else's by address.
    """

    def __init__(self, parts: Callable[[HTTPConnection], DoorParts]) -> None:
        """Take what is behind the door from the application that a request belongs to."""
        self._parts = parts

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        """Return the caller; None for a path that needs none.

        Raises:
            TurnedAwayError: The credential is missing or opens nothing, too many requests came,
                or what knows the credentials did not answer.
        """
        parts, path = self._parts(conn), conn.scope["path"]
        try:
            if path.startswith(PROTECTED):
                caller = await self._caller(conn, parts)
                parts.rates.count_caller(caller.display_name, path)
                return AuthCredentials(["authenticated"]), caller
            if path not in QUIET:
                parts.rates.count_stranger(_address(conn))
        except ProblemError as problem:
            raise TurnedAwayError(problem) from None
        return None

    async def _caller(self, conn: HTTPConnection, parts: DoorParts) -> Caller:
        scheme, _, shown = conn.headers.get("authorization", "").partition(" ")
        shown = shown.strip()
        if not parts.credentials.seen_lately(shown):
            parts.rates.require_quiet(_address(conn))
        if scheme.lower() != "bearer":
            log.info("auth.refused", credential="none", reason_code="missing")
            parts.rates.count_stranger(_address(conn))
            raise _unauthenticated(_CHALLENGE)
        try:
            return Caller(await parts.credentials.actor(shown))
        except RefusedError:
            parts.rates.count_stranger(_address(conn))
            raise _unauthenticated(_CHALLENGE + ', error="invalid_token"') from None
        except CrmUnavailableError:
            raise ProblemError("crm-unavailable") from None
        except IssuerUnavailableError:
            raise ProblemError("issuer-unavailable") from None


def turn_away(conn: HTTPConnection, error: AuthenticationError) -> Response:
    """Return the answer to a caller who does not come in."""
    problem = ProblemError("unauthenticated")
    if isinstance(error, TurnedAwayError):
        problem = error.problem
    return problem.response(conn.scope["state"].get("request_id"))


def _unauthenticated(challenge: str) -> ProblemError:
    return ProblemError("unauthenticated", headers={"WWW-Authenticate": challenge})


def _address(conn: HTTPConnection) -> str | None:
    """Return where a request comes from; None where the server cannot tell, as by a Unix socket."""
    return conn.client.host if conn.client else None
