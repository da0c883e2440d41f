"""Who runs in a state directory: one process at a time, and where to find it.

The file is locked for as long as that process or the server that it started lives, so that no two
servers open the same SQLite file, and a crash leaves nothing to clean up.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from runtime.errors import OperatorError
from runtime.secret_files import make_private_directory

# A starting process needs a moment to say where it is; a server whose parent was killed, to end.
_ATTEMPTS = 150
_PAUSE_S = 0.1


class Running(BaseModel):
    """What runs in a state directory."""

    model_config = ConfigDict(frozen=True)

    pid: int
    server_pid: int
    temporal_address: str
    temporal_ui_url: str
    api_url: str | None = None


class AlreadyRunningError(OperatorError):
    """Another process runs in this state directory."""


class RunFile:
    """A claimed state directory; `fd` may be passed on to a child that shares the claim."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def write(self, running: Running) -> None:
        """Tell the others where to find what runs here."""
        text = running.model_dump_json().encode()
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, text, 0)


@asynccontextmanager
async def claim(state_dir: Path) -> AsyncIterator[RunFile]:
    """Hold the state directory, which is made if it is missing, against other processes.

    Raises:
        AlreadyRunningError: Another process holds it; the message says which and how to end it.
    """
    fd = _open(state_dir)
    try:
        await _lock(fd, state_dir)
        os.ftruncate(fd, 0)
        yield RunFile(fd)
        # Only a clean end empties the file here; after a crash the free lock says the same.
        os.ftruncate(fd, 0)
    finally:
        os.close(fd)


def find_running(state_dir: Path) -> Running | None:
    """Return what runs in the state directory now, if anything does."""
    try:
        fd = os.open(_path(state_dir), os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(fd)
    finally:
        os.close(fd)
    return None


def _open(state_dir: Path) -> int:
    make_private_directory(state_dir)
    return os.open(_path(state_dir), os.O_RDWR | os.O_CREAT, 0o600)


def _path(state_dir: Path) -> Path:
    return state_dir / "run.json"


async def _lock(fd: int, state_dir: Path) -> None:
    running = None
    for _ in range(_ATTEMPTS):
        with suppress(BlockingIOError):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        running = _read(fd)
        if running is not None and _is_alive(running.pid):
            break
        await asyncio.sleep(_PAUSE_S)
    raise AlreadyRunningError(_sentence(running, state_dir))


def _read(fd: int) -> Running | None:
    try:
        return Running.model_validate_json(os.pread(fd, 65536, 0))
    except ValidationError:
        return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sentence(running: Running | None, state_dir: Path) -> str:
    if running is None:
        return f"Handrail is being started in {state_dir} by another process: wait for it."
    pid = running.pid if _is_alive(running.pid) else running.server_pid
    links = ", ".join(filter(None, (running.api_url, running.temporal_ui_url)))
    return (
        f"Handrail already runs in {state_dir} (process {pid}; see {links}). Stop it with Ctrl-C in"
        f" its terminal or with `kill {pid}`, or set HANDRAIL_STATE_DIR to another directory."
    )
