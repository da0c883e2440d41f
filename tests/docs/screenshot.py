"""`python -m tests.docs.screenshot`: takes the README's picture of a case in the Temporal UI.

Plays a complaint that nobody touches for 12 hours on a real server, and has Chromium (on PATH)
draw the page of its case. Talks to the browser over a pipe: no port, and no other library.
"""

import asyncio
import base64
import itertools
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from runtime.devserver import dev_server
from runtime.process import run_and_leave
from tests.desk import a_desk, eventually, shipped_policy, sqlite_url
from workflows.search_attributes import SEARCH_ATTRIBUTES

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "case-in-the-temporal-ui.png"
SIZE = {"width": 1440, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
LAST_LINE = "Policy:"

# The UI draws Markdown in frames of its own.
_TEXT = """
[document, ...[...document.querySelectorAll("iframe")].map(frame => frame.contentDocument)]
    .map(part => part?.body?.innerText ?? "").join()
"""
_BROWSER = ("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
_LARGEST_MESSAGE = 64 * 1024 * 1024
# The browser reads commands from descriptor 3 and answers on 4.
_ON_3_AND_4 = """
import os, sys
os.dup2(int(sys.argv[1]), 100), os.dup2(int(sys.argv[2]), 101)
os.dup2(100, 3), os.dup2(101, 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""


class Browser:
    """A browser that does what the DevTools protocol says."""

    def __init__(self, commands: int, answers: asyncio.StreamReader) -> None:
        self._commands = commands
        self._answers = answers
        self._numbers = itertools.count(1)

    async def call(self, method: str, session: str = "", **params: Any) -> dict[str, Any]:
        """Call a method and return its result; events are passed over."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads((await self._answers.readuntil(b"\0"))[:-1])
            if answer.get("id") == number:
                return dict(answer["result"])


@asynccontextmanager
async def browser(profile: Path) -> AsyncIterator[Browser]:
    """Run a browser until the block ends."""
    (command_end, commands), (answers, answer_end) = os.pipe(), os.pipe()
    arguments = (*_BROWSER, "--remote-debugging-pipe", f"--user-data-dir={profile}")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _ON_3_AND_4, str(command_end), str(answer_end), *arguments,
        pass_fds=(command_end, answer_end), stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    os.close(command_end)
    os.close(answer_end)
    reader = asyncio.StreamReader(limit=_LARGEST_MESSAGE)
    protocol = asyncio.StreamReaderProtocol(reader)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: protocol, os.fdopen(answers, "rb"))
    running = Browser(commands, reader)
    try:
        yield running
    finally:
        await running.call("Browser.close")
        await process.wait()


async def take(running: Browser, url: str, shows: str) -> bytes:
    """Return a picture of a page as soon as it shows a text."""
    target = (await running.call("Target.createTarget", url=url))["targetId"]
    attached = await running.call("Target.attachToTarget", targetId=target, flatten=True)
    session = attached["sessionId"]
    await running.call("Emulation.setDeviceMetricsOverride", session, **SIZE)

    async def drawn() -> bool:
        said = await running.call("Runtime.evaluate", session, expression=_TEXT)
        return shows in said["result"].get("value", "")

    await eventually(drawn, within=60)
    picture = await running.call("Page.captureScreenshot", session, format="png")
    return base64.b64decode(picture["data"])


async def main() -> int:
    """Play the case, and take its picture."""
    with tempfile.TemporaryDirectory() as directory:
        state = Path(directory)
        async with (
            dev_server(state, time_skipping=True, search_attributes=SEARCH_ATTRIBUTES) as server,
            a_desk(server, sqlite_url(state), "handrail", shipped_policy()) as desk,
            browser(state / "browser") as running,
        ):
            case_id = await desk.open("the picture", category="complaint")
            await desk.time_passes(case_id, hours=12)
            await desk.is_paged(case_id, "quality_manager")
            run_id = (await desk.handle(case_id).describe()).run_id
            page = f"{desk.cases.link(case_id)}/{run_id}/user-metadata"
            PICTURE.write_bytes(await take(running, page, LAST_LINE))
    sys.stderr.write(f"{PICTURE.name}: {PICTURE.stat().st_size / 1024:.0f} KiB\n")
    return 0


if __name__ == "__main__":
    run_and_leave(lambda: asyncio.run(main()))
