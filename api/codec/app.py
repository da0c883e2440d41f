"""The codec server's application. It decodes, and has no route that encodes."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import structlog
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.codec.decode import HEADERS, decode
from api.codec.login import log_in, log_out, show_login
from api.codec.parts import CodecParts, Place, codec_parts_of
from api.codec.payloads import BODY
from api.handlers import problem_of
from api.limits import Limits
from api.patience import Manner, Patience
from api.problems import ProblemError
from api.request_log import RequestLog

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

OpenCodecParts = Callable[[], AbstractAsyncContextManager[CodecParts]]
_PREFLIGHT_KEPT_S = 600


def create_codec_app(
    open_parts: OpenCodecParts, place: Place, manner: Manner | None = None
) -> Starlette:
    """Return the application.

    Args:
        open_parts: Opens what the routes work with, when the application starts.
        place: Where it is, and for which pages.
        manner: How long it waits.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_parts() as parts:
            app.state.parts = parts
            yield

    for_pages = [
        Middleware(
            CORSMiddleware,
            allow_origins=list(place.origins),
            allow_methods=["POST"],
            allow_headers=list(HEADERS),
            allow_credentials=True,
            max_age=_PREFLIGHT_KEPT_S,
        )
    ]
    return Starlette(
        lifespan=lifespan,
        middleware=[
            Middleware(RequestLog),
            Middleware(_NoStore, secure=place.secure),
            Middleware(Limits, body=BODY),
            Middleware(Patience, manner=manner or Manner()),
        ],
        exception_handlers=dict.fromkeys((ProblemError, HTTPException, Exception), _answer),
        routes=[
            *(
                Route(path, decode, methods=["POST", "OPTIONS"], middleware=for_pages)
                for path in ("/decode", "/{namespace}/decode")
            ),
            Route("/", _to_login, methods=["GET"]),
            Route("/login", show_login, methods=["GET"]),
            Route("/login", log_in, methods=["POST"]),
            Route("/logout", log_out, methods=["POST"]),
            Route("/healthz", _health, methods=["GET"]),
        ],
    )


class _NoStore:
    """Middleware: no answer is kept anywhere, and none is anything but what it says."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and add the headers to its answer."""

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Cache-Control"] = "no-store"
                headers.setdefault("Content-Security-Policy", "default-src 'none'")
                headers.setdefault("Referrer-Policy", "no-referrer")
                headers.add_vary_header("Origin")
                if self._secure:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        await self._app(scope, receive, send_marked)


async def _to_login(_: Request) -> Response:
    return RedirectResponse("/login", status_code=303)


async def _health(request: Request) -> Response:
    """Answer 200 if everything can be decoded now; which part is away, only the log says."""
    failing = await codec_parts_of(request).readiness.failing()
    if failing:
        log.warning("codec.not_ready", failing=[part.location for part in failing])
        return JSONResponse({"status": "not ready"}, 503)
    return JSONResponse({"status": "ok"})


async def _answer(request: Request, error: Exception) -> Response:
    problem, request_id = problem_of(error), request.scope["state"].get("request_id")
    if problem.code == "internal-error":
        log.error("request.failed", exc_info=error, request_id=request_id)
    return problem.response(request_id)
