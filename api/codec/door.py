"""Who asks the codec server: by a bearer credential, or by the session of a login page."""

from starlette.requests import Request
from starlette.responses import Response

from activities.ports import CrmUnavailableError
from activities.token_ports import IssuerUnavailableError
from api.authentication import RefusedError, via_of
from api.codec.decoding import Reader
from api.codec.parts import CodecParts
from api.codec.sessions import LONGEST, Session
from api.problems import ProblemError
from sop.access import may
from sop.access_log import Via

_CHALLENGE = 'Bearer realm="handrail-codec"'


def cookie_name(parts: CodecParts) -> str:
    """Return the cookie's name; with its prefix browsers take it by TLS from this host alone."""
    return "__Host-handrail-codec" if parts.place.secure else "handrail-codec"


def set_cookie(parts: CodecParts, response: Response, session: Session) -> None:
    """Give a browser its session: for no script, no other site, and no longer than a day's work."""
    response.set_cookie(
        cookie_name(parts),
        parts.sessions.cookie(session),
        max_age=int(LONGEST.total_seconds()),
        path="/",
        secure=parts.place.secure,
        httponly=True,
        samesite="strict",
    )


def session_of(request: Request, parts: CodecParts) -> Session | None:
    """Return the session that a browser shows, if it lives."""
    cookie = request.cookies.get(cookie_name(parts))
    return parts.sessions.read(cookie) if cookie else None


def address_of(request: Request) -> str | None:
    """Return where a request comes from."""
    return request.client.host if request.client else None


async def reader_of(request: Request, parts: CodecParts) -> tuple[Reader, Session | None]:
    """Return who asks, and the session if that says so.

    Where a credential is shown, the session does not count: who shows a wrong one is told so.

    Raises:
        ProblemError: Nobody who comes in, or what knows them does not answer.
    """
    try:
        if "authorization" in request.headers:
            return await _bearer(request, parts), None
        session = session_of(request, parts)
        if session is None:
            raise _unauthenticated()
        return await session_reader(session, parts), session
    except CrmUnavailableError:
        raise ProblemError("crm-unavailable") from None
    except IssuerUnavailableError:
        raise ProblemError("issuer-unavailable") from None


async def session_reader(session: Session, parts: CodecParts) -> Reader:
    """Return whose session it is.

    Raises:
        ProblemError: The key that began it opens nothing any more.
        CrmUnavailableError: The key cannot be looked up.
    """
    actor = await parts.session_keys.actor(session.key_id)
    if actor is None:
        raise _unauthenticated()
    return Reader(actor, Via.SESSION)


def require_decode(reader: Reader) -> None:
    """Refuse who may decode nothing.

    Raises:
        ProblemError: `not-allowed`.
    """
    if not may(reader.actor, "decode"):
        raise ProblemError("not-allowed", detail="This role decodes nothing.")


async def _bearer(request: Request, parts: CodecParts) -> Reader:
    scheme, _, shown = request.headers["authorization"].partition(" ")
    shown, address = shown.strip(), address_of(request)
    if scheme.lower() != "bearer":
        raise _unauthenticated()
    if not parts.credentials.seen_lately(shown):
        parts.rates.require_quiet(address)
    try:
        actor = await parts.credentials.actor(shown)
    except RefusedError:
        parts.rates.count_stranger(address)
        raise _unauthenticated(', error="invalid_token"') from None
    return Reader(actor, via_of(shown))


def _unauthenticated(why: str = "") -> ProblemError:
    return ProblemError(
        "unauthenticated",
        detail="Log in at /login, or send the header `Authorization: Bearer ...`.",
        headers={"WWW-Authenticate": _CHALLENGE + why},
    )
