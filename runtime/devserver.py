"""The embedded Temporal server: a child process with its state in a SQLite file."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError

from runtime import launch
from runtime.errors import OperatorError
from runtime.run_file import RunFile, Running, claim
from runtime.secret_files import make_private_file
from runtime.temporal import NoKeys, connect
from runtime.temporal_command import find_temporal

# Twice the default's rate; safe when a process dies, while a power cut may cost the last commits.
STORAGE_FLAGS = ("--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL")
# The second key is the first one's name in later servers; a server ignores the key that it lacks.
TIME_SKIPPING_FLAGS = (
    "--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true",
    "--dynamic-config-value", "system.workflowTimeSkippingEnabled=true",
    "--dynamic-config-value", 'history.timerProcessorMaxTimeShift="1ms"',
)  # fmt: skip

_HOST = "127.0.0.1"
_PORT, _UI_PORT = 7233, 8233
_STARTS = 3  # two processes that start together may choose the same free port
_SETTLED_S = 0.25
_STOP_WITHIN_S = 10.0

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class DevServerError(OperatorError):
    """The embedded server did not start."""


@dataclass(frozen=True, slots=True)
class DevServer:
    """A running embedded server."""

    running: Running
    log_file: Path
    run_file: RunFile

    @property
    def address(self) -> str:
        """Where clients connect."""
        return self.running.temporal_address

    @property
    def ui_url(self) -> str:
        """Where people look."""
        return self.running.temporal_ui_url

    def announce_api(self, url: str) -> None:
        """Tell other processes of this state directory where the HTTP API is."""
        self.run_file.write(self.running.model_copy(update={"api_url": url}))


@asynccontextmanager
async def dev_server(
    state_dir: Path,
    *,
    time_skipping: bool = False,
    search_attributes: Sequence[SearchAttributeKey[Any]] = (),
    dynamic_config: Mapping[str, str] | None = None,
    metrics_port: int | None = None,
    codec_endpoint: str | None = None,
    within: timedelta = timedelta(seconds=30),
) -> AsyncIterator[DevServer]:
    """Run the embedded server until the block ends; it ends with this process in any case.

    The usual ports 7233 and 8233 are taken if they are free. Enter it from the main thread: the
    server's life is tied to the thread that starts it.

    Args:
        state_dir: Holds temporal.db and temporal.log; one process at a time.
        time_skipping: Let clients skip the time of the workflows that they start.
        search_attributes: To register with the default namespace at the start.
        dynamic_config: Further keys of the server's dynamic configuration, as JSON values.
        metrics_port: Where the server shows its metrics; None for a free port that nobody learns.
        codec_endpoint: The codec server that the UI asks for plain text.
        within: How long the server may take until it answers.

    Raises:
        AlreadyRunningError: Another process uses the state directory.
        TemporalCommandError: No server that is new enough is installed.
        DevServerError: The server did not start; the message holds its last words.
    """
    command = (await asyncio.to_thread(find_temporal)).path
    flags = [*STORAGE_FLAGS, *(TIME_SKIPPING_FLAGS if time_skipping else ())]
    for key in search_attributes:
        flags += ["--search-attribute", f"{key.name}={_type_name(key)}"]
    for name, value in (dynamic_config or {}).items():
        flags += ["--dynamic-config-value", f"{name}={value}"]
    if metrics_port is not None:
        flags += ["--metrics-port", str(metrics_port)]
    if codec_endpoint is not None:
        flags += ["--ui-codec-endpoint", codec_endpoint]
    async with claim(state_dir) as run_file:
        process, running = await _start(command, state_dir, flags, run_file, within)
        try:
            run_file.write(running)
            log.info("temporal.started", address=running.temporal_address, pid=process.pid)
            yield DevServer(running, state_dir / "temporal.log", run_file)
        finally:
            await _stop(process)


async def _start(
    command: Path, state_dir: Path, flags: Sequence[str], run_file: RunFile, within: timedelta
) -> tuple[asyncio.subprocess.Process, Running]:
    log_file = state_dir / "temporal.log"
    if log_file.exists():
        log_file.replace(state_dir / "temporal.log.1")
    for _ in range(_STARTS):
        port, ui_port = _free_port(_PORT), _free_port(_UI_PORT)
        arguments = [
            "server", "start-dev", "--ip", _HOST, "--port", str(port), "--ui-port", str(ui_port),
            "--db-filename", str(state_dir / "temporal.db"), "--ui-disable-news-fetch",
            "--log-level", "warn", *flags,
        ]  # fmt: skip
        process = await _spawn([str(command), *arguments], log_file, run_file.fd)
        try:
            if await _answers(process, f"{_HOST}:{port}", within):
                return process, Running(
                    pid=os.getpid(),
                    server_pid=process.pid,
                    temporal_address=f"{_HOST}:{port}",
                    temporal_ui_url=f"http://{_HOST}:{ui_port}",
                )
        except BaseException:
            await _stop(process)
            raise
    raise DevServerError(
        f"The embedded Temporal server ends at once: {_last_words(log_file)} Read {log_file}. If"
        f" its state is damaged, move {state_dir / 'temporal.db'} away to begin with an empty one."
    )


async def _spawn(command: list[str], log_file: Path, claim_fd: int) -> asyncio.subprocess.Process:
    """Start the command in a session of its own, so that Ctrl-C reaches us first."""
    launcher = [sys.executable, "-I", "-S", launch.__file__, str(os.getpid())]
    make_private_file(log_file)
    with log_file.open("ab") as out:
        return await asyncio.create_subprocess_exec(
            *launcher, *command,
            stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out,
            start_new_session=True, pass_fds=(claim_fd,), umask=0o077,
        )  # fmt: skip


async def _answers(process: asyncio.subprocess.Process, address: str, within: timedelta) -> bool:
    """Wait until the server answers; return False if it has ended instead."""
    ended = asyncio.create_task(process.wait())
    answering = asyncio.create_task(_default_namespace(address, within))
    try:
        await asyncio.wait(
            {ended, answering},
            timeout=within.total_seconds(),
            return_when=asyncio.FIRST_COMPLETED,
        )
        if ended.done():
            return False
        if not answering.done():
            raise DevServerError(
                f"The embedded Temporal server did not answer within {within.total_seconds():g} s:"
                " the machine may be too busy. Try again."
            )
        answering.result()
        # Had another server taken the port, that one would have answered, and ours be about to end.
        await asyncio.wait({ended}, timeout=_SETTLED_S)
    finally:
        answering.cancel()
        over = not ended.cancel()
    return not over


async def _default_namespace(address: str, within: timedelta) -> None:
    """Return when the default namespace can be used, which is a moment after the first answer."""
    client = await connect(NoKeys(), address=address, within=within)
    while True:
        with suppress(RPCError):
            await client.workflow_service.describe_namespace(
                DescribeNamespaceRequest(namespace="default")
            )
            return
        await asyncio.sleep(0.05)


async def _stop(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
        try:
            async with asyncio.timeout(_STOP_WITHIN_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _free_port(preferred: int) -> int:
    """Return the preferred port, or another one where something listens there already."""
    for port in (preferred, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((_HOST, port))
            return int(probe.getsockname()[1])
    raise DevServerError("No TCP port is free on this machine: end a process that listens.")


def _type_name(key: SearchAttributeKey[Any]) -> str:
    """Return the type as the command spells it: KEYWORD_LIST is KeywordList."""
    return key.indexed_value_type.name.title().replace("_", "")


def _last_words(log_file: Path) -> str:
    lines = log_file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing."
