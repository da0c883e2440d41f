"""How much a request may say, checked before anything of its body is read."""

from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import ProblemError

BODY = 64 * 1024
"""Bytes. A body that is sent in chunks, or is longer than announced, is counted by its route."""

TARGET = 4 * 1024
"""Bytes of the path and the query together."""

HEADERS = 16 * 1024
"""Bytes of all names and values together."""

MOST_HEADERS = 100
"""Lines of headers."""


class Limits:
    """Middleware: turns away what is too large by its own account."""

    def __init__(self, app: ASGIApp, body: int = BODY) -> None:
        self._app = app
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with the problem."""
        problem = _too_large(scope, self._body) if scope["type"] == "http" else None
        if problem is None:
            await self._app(scope, receive, send)
            return
        response = problem.response(scope["state"].get("request_id"))
        await response(scope, receive, send)


def _too_large(scope: Scope, body: int) -> ProblemError | None:
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > TARGET:
        return ProblemError("uri-too-long")
    size = sum(len(name) + len(value) for name, value in scope["headers"])
    if size > HEADERS or len(scope["headers"]) > MOST_HEADERS:
        return ProblemError("headers-too-large")
    announced = [value for name, value in scope["headers"] if name == b"content-length"]
    if any(value.isdigit() and int(value) > body for value in announced):
        return ProblemError("body-too-large", headers={"Connection": "close"})
    return None
