"""The demo's worker, API, codec server: processes of their own, so that one can be killed."""

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from cli.demo.door import DemoError
from runtime import launch

_LOOK_EVERY_S = 0.2


class Child:
    """A Python module as a child process that ends with this process in any case.

    It has a session of its own, so that Ctrl-C reaches only the demo, which then stops it.
    """

    def __init__(
        self, name: str, module: str, *, environment: Mapping[str, str], log_file: Path
    ) -> None:
        """Say what it is, which module it runs, with what environment, and where its lines go."""
        self.name = name
        self.log_file = log_file
        self.kills = 0
        self._arguments = (sys.executable, "-m", module)
        self._environment = dict(environment)
        self._process: asyncio.subprocess.Process | None = None
        self._may_end = False

    @property
    def pid(self) -> int | None:
        """The process's id; None while there is none."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start it; it needs a moment until it works."""
        launcher = (sys.executable, "-I", "-S", launch.__file__, str(os.getpid()))
        with self.log_file.open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(
                *launcher, *self._arguments,
                stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out,
                env=self._environment, start_new_session=True,
            )  # fmt: skip
        self._may_end = False  # only now: until here the process was the one that was killed

    async def kill(self) -> None:
        """End it with SIGKILL: no clean-up, no farewell."""
        if self._process is not None:
            self._may_end = True
            self._process.kill()
            await self._process.wait()
            self.kills += 1

    async def fails(self) -> NoReturn:
        """Wait until it ends by itself, which it never should.

        Raises:
            DemoError: It did.
        """
        while True:
            if self._process is not None:
                code = await self._process.wait()
                if not self._may_end and self._process.returncode is not None:
                    raise DemoError(
                        f"the {self.name} ended by itself with code {code}: "
                        f"{_last_words(self.log_file)} Read {self.log_file}."
                    )
            await asyncio.sleep(_LOOK_EVERY_S)

    async def stop(self, within_s: float) -> None:
        """Ask it to end, and end it if it does not."""
        if self._process is None or self._process.returncode is not None:
            return
        self._may_end = True
        with suppress(ProcessLookupError):
            self._process.terminate()
            try:
                async with asyncio.timeout(within_s):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()


def _last_words(log_file: Path) -> str:
    """Return the last line that is a sentence to the operator, not a line of the log."""
    lines = log_file.read_text(encoding="utf-8", errors="replace").splitlines()
    sentences = [line for line in lines if line.strip() and not line.startswith("{")]
    return sentences[-1][-500:] if sentences else "it said nothing."
