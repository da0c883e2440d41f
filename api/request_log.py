"""One line of log for each request, and the id by which line and answer know each other."""

import time
import uuid
from http import HTTPStatus
from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

QUIET: Final = frozenset({"/livez", "/readyz"})
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class RequestLog:
    """Middleware: names the request, and logs how it ended.

    The line holds the route, never the path or the query: those are the caller's words.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and log it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = str(uuid.uuid4())
        scope.setdefault("state", {})["request_id"] = request_id
        status, started = 500, time.monotonic()

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_named)
            finally:
                _tell(scope, status, time.monotonic() - started)


def _tell(scope: Scope, status: int, seconds: float) -> None:
    path = getattr(scope.get("route"), "path", None)
    write = log.debug if path in QUIET and status < HTTPStatus.BAD_REQUEST else log.info
    caller = scope.get("user")
    write(
        "request.served",
        method=scope["method"] if scope["method"] in _METHODS else "OTHER",
        route=path or "none",
        status=status,
        duration_ms=round(seconds * 1000, 1),
        **({"actor": caller.display_name} if caller and caller.is_authenticated else {}),
    )
