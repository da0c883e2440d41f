"""The login page: an API key for a session, so that a browser can show who looks."""

from urllib.parse import parse_qs

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from activities.ports import CrmUnavailableError
from api.codec.decode import require_known_page
from api.codec.decoding import Reader
from api.codec.door import (
    address_of,
    cookie_name,
    require_decode,
    session_of,
    session_reader,
    set_cookie,
)
from api.codec.parts import CodecParts, codec_parts_of
from api.pages.rendering import codec_page, content_security_policy
from api.problems import ProblemError

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

_LONGEST_FORM = 1000


async def show_login(request: Request) -> Response:
    """Show the form, or who is logged in and what to do now."""
    parts = codec_parts_of(request)
    session = session_of(request, parts)
    reader: Reader | None = None
    if session is not None:
        try:
            reader = await session_reader(session, parts)
        except ProblemError:  # the key was revoked meanwhile
            reader = None
        except CrmUnavailableError:
            raise ProblemError("crm-unavailable") from None
    return _page(parts, reader=reader)


async def log_in(request: Request) -> Response:
    """Begin a session with an API key that was typed into the form.

    Raises:
        ProblemError: Another page sent it, or too many keys were tried.
    """
    parts = codec_parts_of(request)
    require_known_page(request, (parts.place.url,))
    shown = await _typed(request)
    parts.rates.require_quiet(address_of(request))
    try:
        key = await run_in_threadpool(parts.login_keys.authenticate, shown) if shown else None
        if key is None:
            parts.rates.count_stranger(address_of(request))
            log.warning("codec.login_refused", reason_code="unknown_key")
            return _page(parts, wrong="This key opens nothing.", status=401)
        session = parts.sessions.begin(key.key_id)
        reader = await session_reader(session, parts)
    except CrmUnavailableError:
        raise ProblemError("crm-unavailable") from None
    try:
        require_decode(reader)
    except ProblemError:
        log.warning("codec.login_refused", reason_code="role", actor=reader.actor.principal)
        return _page(parts, wrong="The role of this key decodes nothing.", status=403)
    log.info("codec.login", actor=reader.actor.principal, role=str(reader.actor.role))
    response = RedirectResponse("/login", status_code=303)
    set_cookie(parts, response, session)
    return response


async def log_out(request: Request) -> Response:
    """End the session.

    Raises:
        ProblemError: Another page sent it.
    """
    parts = codec_parts_of(request)
    require_known_page(request, (parts.place.url,))
    session = session_of(request, parts)
    if session is not None:
        parts.sessions.end(session)
    response = RedirectResponse("/login", status_code=303)
    response.delete_cookie(
        cookie_name(parts), secure=parts.place.secure, httponly=True, samesite="strict"
    )
    return response


async def _typed(request: Request) -> str:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            raise ProblemError("body-too-large", headers={"Connection": "close"})
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=5)
    except ValueError:
        return ""
    return fields.get("key", [""])[0].strip()


def _page(
    parts: CodecParts, *, reader: Reader | None = None, wrong: str = "", status: int = 200
) -> HTMLResponse:
    place = parts.place
    page = codec_page(
        actor=reader.actor if reader else None, wrong=wrong, url=place.url, ui=place.origins[0]
    )
    headers = {
        "Content-Security-Policy": content_security_policy(form_action="'self'"),
        # With another policy browsers send the form without its origin.
        "Referrer-Policy": "same-origin",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return HTMLResponse(page, status, headers)
