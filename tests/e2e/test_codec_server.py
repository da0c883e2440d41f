"""Temporal's own UI, in a real browser, and its own CLI: plain text for the logged-in alone."""

import asyncio
import base64
import os
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.api.enums.v1 import EventType

from adapters.access_log import AccessLog
from adapters.api_keys import ApiKeys
from runtime.devserver import DevServer, dev_server
from runtime.temporal import ui_link
from sop.access_log import AccessFilter, Outcome, Via
from sop.messages import AddNote
from sop.models import Role
from sop.policy import Policy
from tests.browser import NAMES, Page, browser, find_browser
from tests.desk import ANNA, Desk, a_desk, sqlite_url
from tests.processes import running
from workflows.search_attributes import SEARCH_ATTRIBUTES

CANARY = "The neighbour's card was charged, too."

pytestmark = [pytest.mark.timeout(240), pytest.mark.clause("INQ-7.2", "HOF-5.2")]


@dataclass(frozen=True)
class Scene:
    """A case in Temporal, a codec server beside it, and who may log in."""

    desk: Desk
    server: DevServer
    case_id: str
    codec_url: str
    token: str

    async def note(self) -> tuple[str, str]:
        """Return the page of the note's event in the Temporal UI, and what Temporal holds of it."""
        history = await self.desk.handle(self.case_id).fetch_history()
        kind = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
        [event] = [event for event in history.events if event.event_type == kind]
        accepted = event.workflow_execution_update_accepted_event_attributes
        [payload] = accepted.accepted_request.input.args.payloads
        link = ui_link(self.server.ui_url, "default", self.case_id, history.run_id)
        held = base64.b64encode(payload.data).decode()
        return f"{link}/events/{event.event_id}", held

    def shown(self, via: Via) -> int:
        """Return how many payloads of the case the access log says were shown in a way."""
        entries = AccessLog(self.desk.database).entries(AccessFilter(owner=self.case_id))
        found = [e for e in entries if e.via is via and e.outcome is Outcome.OPENED]
        assert {(e.principal, e.role) for e in found} <= {("lena", Role.TEAM_LEADER)}
        return sum(entry.count for entry in found)


@pytest_asyncio.fixture(scope="module")
async def scene(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """Run a server whose UI knows the codec server, as the demo's does."""
    state = tmp_path_factory.mktemp("codec")
    port = _free_port()
    # Where the UI is, the codec server finds in the state directory.
    environment = {
        "HANDRAIL_STATE_DIR": str(state),
        "HANDRAIL_DATABASE_URL": sqlite_url(state),
        "HANDRAIL_CODEC_PORT": str(port),
    }
    url = f"http://127.0.0.1:{port}"
    async with (
        dev_server(state, search_attributes=SEARCH_ATTRIBUTES, codec_endpoint=url) as server,
        a_desk(server, sqlite_url(state), "codec", policy) as desk,
    ):
        case_id = await desk.open("looked at")
        await desk.do(case_id, AddNote(actor=ANNA, text=CANARY))
        made = await asyncio.to_thread(ApiKeys(desk.database).create, "lena", Role.TEAM_LEADER)
        async with running("codec", ready="codec.listening", **environment):
            yield Scene(desk, server, case_id, url, made.token.get_secret_value())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_the_ui_shows_plain_text_to_the_logged_in_and_ciphertext_to_everyone_else(
    scene: Scene, tmp_path: Path
) -> None:
    if find_browser() is None:
        pytest.skip(f"no browser is on PATH ({', '.join(NAMES)}; Debian: apt-get install chromium)")
    async with browser(tmp_path / "profile") as chromium:
        page, held = await scene.note()
        ui = await chromium.open(page)
        await ui.shows(held)
        assert CANARY not in await ui.text()
        assert scene.shown(Via.SESSION) == 0

        login = await chromium.open(f"{scene.codec_url}/login")
        await login.type("#key", scene.token)
        await login.click("button")
        await login.shows("You are logged in as lena")
        await _use_my_browser_setting(ui, scene.codec_url)
        await ui.go(page)
        await ui.shows(CANARY)
        assert held not in await ui.text()
        assert scene.shown(Via.SESSION) > 0

        await login.click("button")
        await login.shows("API key")
        await ui.go(page)
        await ui.shows(held)
        assert CANARY not in await ui.text()


async def _use_my_browser_setting(ui: Page, codec_url: str) -> None:
    """Do in the UI's dialog what the login page says."""
    await ui.click('[data-testid^="data-encoder-status"]')
    await ui.click('[data-testid="use-local-endpoint-input"]')
    await ui.type('[data-testid="data-encoder-endpoint-input"]', codec_url)
    await ui.click('label[data-testid="data-encoder-include-credentials"]')
    await ui.click('#data-encoder-settings [data-testid="confirm-modal-button"]')


@pytest.mark.parametrize("path", ["", "/{namespace}"])
async def test_the_cli_shows_plain_text_with_a_key_and_ciphertext_without(
    scene: Scene, temporal_binary: Path, path: str
) -> None:
    endpoint = scene.codec_url + path
    before = scene.shown(Via.API_KEY)
    assert CANARY in await _show(scene, temporal_binary, endpoint, f"Bearer {scene.token}")
    assert scene.shown(Via.API_KEY) > before
    for auth in (None, "Bearer hr_nonsense"):
        assert CANARY not in await _show(scene, temporal_binary, endpoint, auth)
    assert CANARY not in await _show(scene, temporal_binary, None, None)


async def _show(scene: Scene, command: Path, endpoint: str | None, auth: str | None) -> str:
    """Return all that `temporal workflow show` says of the case, its payloads as text."""
    arguments = ["--address", scene.server.address, "--workflow-id", scene.case_id]
    arguments += ["--output", "json"]
    if endpoint is not None:
        arguments += ["--codec-endpoint", endpoint]
    if auth is not None:
        arguments += ["--codec-auth", auth]
    process = await asyncio.create_subprocess_exec(
        command, "workflow", "show", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"TEMPORAL_CONFIG_FILE": os.devnull},
    )  # fmt: skip
    said, _ = await process.communicate()
    held = re.findall(r'"data": "([A-Za-z0-9+/=]+)"', said.decode())
    return said.decode() + "".join(base64.b64decode(data).decode("latin-1") for data in held)
