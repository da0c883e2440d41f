"""Handrail's own commands as processes of their own, as an operator runs them."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

HANDRAIL = (sys.executable, "-c", "from cli.main import main; main()")
_READY_WITHIN_S = 60
_ENDED_WITHIN_S = 30


@dataclass
class Running:
    """A command that runs; `lines` is what it has logged, as JSON."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)

    def event(self, name: str) -> dict[str, Any]:
        """Return the last line that bears an event's name."""
        told = [json.loads(line) for line in self.lines if f'"{name}"' in line]
        return dict(told[-1])

    async def stop(self) -> int:
        """Stop it as a supervisor does; return its code."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), _ENDED_WITHIN_S)


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str


async def run(*arguments: str, **environment: str) -> Ended:
    """Run a command to its end."""
    process = await asyncio.create_subprocess_exec(
        *HANDRAIL, *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"COLUMNS": "100"} | environment,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


@asynccontextmanager
async def running(*arguments: str, ready: str, **environment: str) -> AsyncIterator[Running]:
    """Run a command until the block ends; it begins when the command logs that it is ready."""
    process = await asyncio.create_subprocess_exec(
        *HANDRAIL, *arguments,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"HANDRAIL_LOG_FORMAT": "json"} | environment,
    )  # fmt: skip
    command = Running(process)
    is_ready = asyncio.Event()
    reading = asyncio.create_task(_read(command, ready, is_ready))
    try:
        async with asyncio.timeout(_READY_WITHIN_S):
            await is_ready.wait()
        yield command
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading


async def _read(command: Running, ready: str, is_ready: asyncio.Event) -> None:
    assert command.process.stderr is not None
    async for line in command.process.stderr:
        command.lines.append(line.decode())
        if f'"{ready}"' in command.lines[-1]:
            is_ready.set()
    is_ready.set()
