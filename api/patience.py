"""How long the API waits: for a request to arrive, and for its own answer."""

import asyncio
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import PROBLEMS, ProblemError


@dataclass(frozen=True, slots=True)
class Manner:
    """How an application behaves at its door.

    Attributes:
        arrival_s: Seconds in which the head of a request must have arrived, and then its body.
        answer_s: Seconds after which a request is given up; longer than what it waits for itself.
        docs: Whether the API's description is served.
    """

    arrival_s: float = 10.0
    answer_s: float = 30.0
    docs: bool = False


class Patience:
    """Middleware: ends a request whose body does not arrive, or whose answer does not come."""

    def __init__(self, app: ASGIApp, manner: Manner) -> None:
        self._app = app
        self._manner = manner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with the problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        now = asyncio.get_running_loop().time()
        in_time = _Arriving(receive, now + self._manner.arrival_s)
        patience = asyncio.timeout_at(now + self._manner.answer_s)
        try:
            async with patience:
                await self._app(scope, in_time, send_noted)
        except TimeoutError:
            if not patience.expired():
                raise
            if not started:  # else the caller reads too slowly, and the server closes
                answer = ProblemError("not-answered").response(scope["state"].get("request_id"))
                await answer(scope, receive, send)


class _Arriving:
    """Receives a body until a moment, and then what else there is without one."""

    def __init__(self, receive: Receive, until: float) -> None:
        self._receive = receive
        self._until = until
        self._whole = False

    async def __call__(self) -> Message:
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            # FastAPI lets no other exception through that ends the reading of a body.
            status = PROBLEMS["request-timeout"].status
            raise HTTPException(status, headers={"Connection": "close"}) from None
        self._whole = not message.get("more_body", False)
        return message
