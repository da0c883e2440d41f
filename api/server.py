"""Runs the application behind a socket."""

import os
import signal
import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext

import structlog
import uvicorn

from api.app import create_app
from api.limits import HEADERS, TARGET
from api.parts import Parts
from runtime.errors import OperatorError

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

_KEEP_ALIVE_S = 15
_DRAIN_S = 20
"""So long running requests may take to end; an Update is answered within 10 s."""


class AddressTakenError(OperatorError):
    """The API cannot listen where it should."""


async def serve(
    open_parts: Callable[[], AbstractAsyncContextManager[Parts]], host: str, port: int
) -> None:
    """Answer requests until the process is told to stop.

    The parts are opened first, so that what is wrong with them is said in its own words.

    Args:
        open_parts: Opens what the routes work with.
        host: Where to listen.
        port: 0 for any that is free.

    Raises:
        AddressTakenError: Something listens there already, or the host is not ours.
        OperatorError: The parts cannot be opened.
    """
    with _listen(host, port) as listening:
        async with open_parts() as parts:
            server = uvicorn.Server(_config(parts))
            # uvicorn raises the signal that has ended it once more, for whoever had it before.
            signal.signal(signal.SIGTERM, server.handle_exit)
            log.info("api.listening", address=host, port=listening.getsockname()[1])
            await server.serve(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise AddressTakenError(
            f"The API cannot listen on {host} port {port} ({os.strerror(error.errno or 0)}): "
            "stop what listens there, or set HANDRAIL_API_HOST and HANDRAIL_API_PORT."
        ) from None
    # asyncio does not know this socket for TCP, so it would let an answer's body wait for the
    # acknowledgement of its head: 40 ms. What it accepts inherits the option.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _config(parts: Parts) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(lambda: nullcontext(parts)),
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_DRAIN_S,
        # Beyond the limits of the application, which answers with a problem.
        h11_max_incomplete_event_size=2 * (HEADERS + TARGET),
    )
