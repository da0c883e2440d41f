"""Chromium, driven over a pipe by the DevTools protocol: no port, and no other library."""

import asyncio
import base64
import itertools
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.desk import eventually

NAMES = ("chromium", "chromium-browser", "google-chrome")
SIZE = {"width": 1440, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
_LARGEST_MESSAGE = 64 * 1024 * 1024
_DRAWN_WITHIN_S = 60.0

# The UI draws Markdown in frames of its own.
_TEXT = """
[document, ...[...document.querySelectorAll("iframe")].map(frame => frame.contentDocument)]
    .map(part => part?.body?.innerText ?? "").join()
"""
# The browser reads commands from descriptor 3 and answers on 4.
_ON_3_AND_4 = """
import os, sys
os.dup2(int(sys.argv[1]), 100), os.dup2(int(sys.argv[2]), 101)
os.dup2(100, 3), os.dup2(101, 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""


def find_browser() -> str | None:
    """Return the browser of this machine; None if there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """A browser that does what the DevTools protocol says."""

    def __init__(self, commands: int, answers: asyncio.StreamReader) -> None:
        self._commands = commands
        self._answers = answers
        self._numbers = itertools.count(1)

    async def call(self, method: str, session: str = "", **params: Any) -> dict[str, Any]:
        """Call a method and return its result, empty where it failed; events are passed over."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads((await self._answers.readuntil(b"\0"))[:-1])
            if answer.get("id") == number:
                return dict(answer.get("result", {}))

    async def open(self, url: str) -> "Page":
        """Open a page in a tab of its own."""
        target = (await self.call("Target.createTarget", url=url))["targetId"]
        attached = await self.call("Target.attachToTarget", targetId=target, flatten=True)
        session = attached["sessionId"]
        await self.call("Emulation.setDeviceMetricsOverride", session, **SIZE)
        return Page(self, session)


@dataclass(frozen=True)
class Page:
    """A tab."""

    browser: Browser
    session: str

    async def go(self, url: str) -> None:
        """Load another page."""
        await self.browser.call("Page.navigate", self.session, url=url)

    async def evaluate(self, expression: str) -> Any:
        """Return what an expression of JavaScript is worth; None where it fails."""
        said = await self.browser.call("Runtime.evaluate", self.session, expression=expression)
        return said.get("result", {}).get("value")  # nothing, while the page changes

    async def text(self) -> str:
        """Return what can be read on the page."""
        return str(await self.evaluate(_TEXT) or "")

    async def shows(self, text: str) -> None:
        """Wait until the page shows a text."""

        async def shown() -> bool:
            return text in await self.text()

        await eventually(shown, within=_DRAWN_WITHIN_S)

    async def picture(self) -> bytes:
        """Return what the page looks like, as PNG."""
        taken = await self.browser.call("Page.captureScreenshot", self.session, format="png")
        return base64.b64decode(taken["data"])

    async def click(self, selector: str) -> None:
        """Click what a CSS selector finds, as soon as it can be clicked."""
        found = f"document.querySelector({json.dumps(selector)})"

        async def there() -> bool:
            return bool(await self.evaluate(f"!!{found} && !{found}.disabled"))

        await eventually(there, within=_DRAWN_WITHIN_S)
        place = await self.evaluate(
            f"(() => {{ {found}.scrollIntoView({{block: 'center'}});"
            f" const box = {found}.getBoundingClientRect();"
            " return `${box.x + box.width / 2} ${box.y + box.height / 2}` })()"
        )
        x, y = map(float, str(place).split())
        for kind in ("mousePressed", "mouseReleased"):
            await self.browser.call(
                "Input.dispatchMouseEvent", self.session,
                type=kind, x=x, y=y, button="left", clickCount=1,
            )  # fmt: skip

    async def type(self, selector: str, text: str) -> None:
        """Type a text into a field."""
        await self.click(selector)
        await self.browser.call("Input.insertText", self.session, text=text)


@asynccontextmanager
async def browser(profile: Path) -> AsyncIterator[Browser]:
    """Run a browser until the block ends.

    Args:
        profile: Where it keeps its cookies; made if it is missing.
    """
    command = find_browser()
    assert command is not None, f"none of {', '.join(NAMES)} is on PATH"
    (command_end, commands), (answers, answer_end) = os.pipe(), os.pipe()
    arguments = (*_FLAGS, "--remote-debugging-pipe", f"--user-data-dir={profile}")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _ON_3_AND_4, str(command_end), str(answer_end), command, *arguments,
        pass_fds=(command_end, answer_end), stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    os.close(command_end)
    os.close(answer_end)
    reader = asyncio.StreamReader(limit=_LARGEST_MESSAGE)
    protocol = asyncio.StreamReaderProtocol(reader)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: protocol, os.fdopen(answers, "rb"))
    running = Browser(commands, reader)
    try:
        yield running
        await running.call("Browser.close")
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        transport.close()
        os.close(commands)
