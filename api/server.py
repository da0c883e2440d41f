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

_BACKLOG = 2048
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
    with listen(host, port) as listening:
        async with open_parts() as parts:
            server = uvicorn.Server(_config(parts))
            # uvicorn raises the signal that has ended it once more, for whoever had it before.
            signal.signal(signal.SIGTERM, server.handle_exit)
            log.info("api.listening", address=host, port=listening.getsockname()[1])
            await server.serve(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 is any that is free.

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
            f"The API cannot listen on {host} port {port} ({os.strerror(error.errno or 0)}): "
            "stop what listens there, or set HANDRAIL_API_HOST and HANDRAIL_API_PORT."
        ) from None
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
