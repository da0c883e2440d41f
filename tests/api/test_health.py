"""Whether the process lives, and whether it can work: what fails is named."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import httpx2
import pytest
from temporalio.client import Client

from adapters import migrate
from adapters.database import Database
from api.app import assemble, create_app
from api.parts import Parts
from runtime.devserver import DevServer, dev_server
from runtime.temporal import connect
from sop.models import Role
from sop.policy import Policy
from tests.api.callers import IDENTITY_KEY, Callers, inquiry
from tests.api.test_problems import UNKNOWN, is_problem
from tests.desk import Desk, sqlite_url
from tests.keyrings import shared_keyring


@asynccontextmanager
async def an_api(policy: Policy, url: str, client: Client) -> AsyncIterator[Callers]:
    """Run the API on a database and a client, in whatever state they are."""
    with closing(Database(url)) as database:
        parts = assemble(
            policy,
            database,
            client,
            keyring=shared_keyring(),
            identity_key=IDENTITY_KEY,
            task_queue="health",
            ui="http://ui.example",
        )

        @asynccontextmanager
        async def open_parts() -> AsyncIterator[Parts]:
            yield parts

        app = create_app(open_parts)
        async with app.router.lifespan_context(app), Callers(app, database) as callers:
            yield callers


def failing(answer: httpx2.Response) -> dict[str, str]:
    """Return what a readiness answer names."""
    is_problem(answer, "not-ready")
    return {error["location"]: error["message"] for error in answer.json()["errors"]}


async def test_a_process_that_has_everything_is_live_and_ready(callers: Callers) -> None:
    stranger = await callers.bearing(None)
    for path in ("/livez", "/readyz"):
        answer = await stranger.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_the_version_names_the_policy_in_force(callers: Callers, desk: Desk) -> None:
    stranger = await callers.bearing(None)
    told = (await stranger.get("/version")).json()
    assert told["policy_version"] == desk.cases.policy.version
    assert told["version"]


async def test_a_database_that_is_away_is_named_and_every_request_says_so(
    desk: Desk, policy: Policy, tmp_path: Path
) -> None:
    url = sqlite_url(tmp_path / "missing")
    async with an_api(policy, url, desk.client) as callers:
        somebody = await callers.bearing(f"hr_{'0' * 12}_{'a' * 43}")
        assert (await somebody.get("/livez")).status_code == 200
        assert failing(await somebody.get("/readyz")).keys() == {"database", "migrations"}
        is_problem(await somebody.get("/v1/inquiries"), "crm-unavailable")


async def test_a_schema_that_was_not_migrated_is_named_with_the_command(
    desk: Desk, policy: Policy, tmp_path: Path
) -> None:
    async with an_api(policy, sqlite_url(tmp_path), desk.client) as callers:
        stranger = await callers.bearing(None)
        named = failing(await stranger.get("/readyz"))
        assert named.keys() == {"migrations"}
        assert "handrail migrate" in named["migrations"]


async def test_a_fault_of_the_server_tells_nothing_but_where_the_logs_know_it(
    desk: Desk, policy: Policy, tmp_path: Path
) -> None:
    async with an_api(policy, sqlite_url(tmp_path), desk.client) as callers:
        somebody = await callers.bearing(f"hr_{'0' * 12}_{'a' * 43}")
        answer = await somebody.get("/v1/inquiries")
        assert answer.status_code == 500
        assert answer.json()["type"] == "/problems/internal-error"
        assert answer.json()["instance"].startswith("urn:uuid:")
        assert "api_keys" not in answer.text


async def test_a_temporal_that_is_away_is_named_and_nothing_is_opened(
    policy: Policy, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(dev_server(tmp_path / "temporal"))
        client = await connect(shared_keyring(), address=server.address)
        await stack.aclose()
        url = sqlite_url(tmp_path)
        migrate.upgrade(url)
        async with an_api(policy, url, client) as callers:
            ana = await callers.of(Role.CSR)
            assert failing(await ana.get("/readyz")).keys() == {"temporal"}
            is_problem(await ana.post("/v1/inquiries", inquiry(), "away"), "temporal-unavailable")


async def test_a_namespace_that_does_not_exist_is_named_and_closed_cases_stay_closed(
    desk: Desk, callers: Callers, policy: Policy, server: DevServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await callers.of(Role.CSR)
    case_id = await ana.open("forgotten by Temporal")
    await ana.do(case_id, "withdrawal", {"reason": "The customer found the receipt."})
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "elsewhere")
    client = await connect(shared_keyring(), address=server.address)
    url = str(desk.database.engine.url)
    async with an_api(policy, url, client) as elsewhere:
        ben = await elsewhere.of(Role.CSR)
        named = failing(await ben.get("/readyz"))
        assert "elsewhere" in named["temporal"]
        assert "handrail bootstrap" in named["temporal"]
        note = {"text": "x"}
        is_problem(await ben.post(f"/v1/inquiries/{case_id}/notes", note), "case-closed")
        is_problem(await ben.post(f"{UNKNOWN}/notes", note), "case-not-found")
