"""`python -m tests.docs.screenshot`: takes the README's picture of a case in the Temporal UI.

Plays a complaint that nobody touches for 12 hours on a real server, and has Chromium (on PATH)
draw the page of its case.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from runtime.devserver import dev_server
from runtime.process import run_and_leave
from tests.browser import browser
from tests.desk import a_desk, shipped_policy, sqlite_url
from workflows.search_attributes import SEARCH_ATTRIBUTES

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "case-in-the-temporal-ui.png"
LAST_LINE = "Policy:"


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
            tab = await running.open(page)
            await tab.shows(LAST_LINE)
            PICTURE.write_bytes(await tab.picture())
    sys.stderr.write(f"{PICTURE.name}: {PICTURE.stat().st_size / 1024:.0f} KiB\n")
    return 0


if __name__ == "__main__":
    run_and_leave(lambda: asyncio.run(main()))
