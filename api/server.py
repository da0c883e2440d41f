"""Runs the application behind a socket."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import ClassVar

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from api.app import create_app
from api.limits import HEADERS, TARGET
from api.parts import Parts
from api.patience import Manner
from runtime.errors import OperatorError
from runtime.process import spare_the_collector

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

_BACKLOG = 2048
_KEEP_ALIVE_S = 15
_DRAIN_S = 20
"""So long running requests may take to end; an Update is answered within 10 s."""


class AddressTakenError(OperatorError):
    """A server cannot listen where it should."""


async def serve(
    open_parts: Callable[[], AbstractAsyncContextManager[Parts]],
    host: str,
    port: int,
    manner: Manner,
) -> None:
    """Answer requests until the process is told to stop.

    The parts are opened first, so that what is wrong with them is said in its own words.

    Args:
        open_parts: Opens what the routes work with.
        host: Where to listen.
        port: 0 for any that is free.
        manner: How long it waits, and whether it serves its description.

    Raises:
        AddressTakenError: Something listens there already, or the host is not ours.
        OperatorError: The parts cannot be opened.
    """
    with listen(host, port) as listening:
        async with open_parts() as parts:
            server = uvicorn.Server(
                config_of(create_app(lambda: nullcontext(parts), manner), manner)
            )
            # uvicorn raises the signal that has ended it once more, for whoever had it before.
            signal.signal(signal.SIGTERM, server.handle_exit)
            spare_the_collector()
            log.info("api.listening", address=host, port=listening.getsockname()[1])
            await server.serve(sockets=[listening])


def listen(host: str, port: int, variables: str = "HANDRAIL_API") -> socket.socket:
    """Return a socket that listens; port 0 is any that is free.

    `variables` is what the settings of host and port begin with.

    Raises:
        AddressTakenError: Something listens there already, or the host is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio leaves Nagle's algorithm on, which costs each answer 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise AddressTakenError(
            f"Nothing can listen on {host} port {port} ({os.strerror(error.errno or 0)}): "
            f"stop what listens there, or set {variables}_HOST and {variables}_PORT."
        ) from None
    return listening


class HeadInTime(H11Protocol):
    """Speaks HTTP, and closes a connection on which no request has arrived in time.

    uvicorn itself waits for ever for the first one, and for the rest of one that has begun.
    """

    arrival_s: ClassVar[float]
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Wait for the first request."""
        super().connection_made(transport)
        self._mind_the_head()

    def data_received(self, data: bytes) -> None:
        """Read on, and see whether a request is there now."""
        super().data_received(data)
        self._mind_the_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._wait_no_longer()
        super().connection_lost(exc)

    def _mind_the_head(self) -> None:
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            self._wait_no_longer()  # it is there, and has times of its own
        elif self._waiting is None:
            self._waiting = self.loop.call_later(self.arrival_s, self.transport.close)

    def _wait_no_longer(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


def config_of(app: ASGIApp, manner: Manner) -> uvicorn.Config:
    """Return how an application is served: with nothing said of the server, and not for ever."""
    return uvicorn.Config(
        app,
        http=type("Protocol", (HeadInTime,), {"arrival_s": manner.arrival_s}),
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_DRAIN_S,
        # Beyond the limits of the application, which answers with a problem.
        h11_max_incomplete_event_size=2 * (HEADERS + TARGET),
    )
