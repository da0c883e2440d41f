"""After its keys were destroyed nothing of a story is read by any route, and none fails."""

import re
from pathlib import Path

import pytest
from sqlalchemy import select

from adapters.database import Database
from adapters.handoff_tables import handoffs
from adapters.incident_tables import incidents
from adapters.staff_tables import duties
from adapters.tables import cases
from runtime.devserver import DevServer
from sop.erased import ERASED
from sop.models import Role
from sop.policy import Policy
from tests.api.callers import Callers, serve
from tests.desk import a_desk, sqlite_url
from tests.keyrings import a_keyring, erase
from tests.proof.canary import MARK
from tests.proof.story import Teller

IDS = {
    "/v1/inquiries": cases.c.case_id,
    "/v1/handoffs": handoffs.c.handoff_id,
    "/v1/incidents": incidents.c.incident_id,
    "/v1/duties": duties.c.duty_id,
}
NO_RECORDS = {"/livez", "/readyz", "/version", "/problems", "/v1/policy", "/openapi.json"}
TOLD = re.compile(rf"{re.escape(ERASED)}|its particulars were erased")
READERS = (Role.QUALITY_MANAGER, Role.AUDITOR, Role.OPERATOR)


def pages(database: Database, routes: list[str]) -> list[str]:
    """Return the address of everything that the routes show."""
    found = []
    for route in routes:
        column = IDS.get("/".join(route.split("/")[:3]))
        if "{" not in route:
            found.append(route)
        elif "{party}" in route:
            found.append(route.replace("{party}", "receiving_party"))
        elif "{principal}" in route:
            found.append(route.replace("{principal}", "csr"))
        elif column is not None:
            ids = [row[column.name] for row in database.rows(select(column))]
            found += [re.sub(r"\{\w+\}", case_id, route) for case_id in ids]
    return found


async def read(callers: Callers, routes: list[str]) -> dict[tuple[Role, str], tuple[int, str]]:
    """Return what each reader is answered for each of them."""
    answers = {}
    for role in READERS:
        caller = await callers.of(role)
        for page in pages(callers.database, routes):
            answer = await caller.get(page)
            answers[role, page] = answer.status_code, answer.text
    return answers


@pytest.mark.clause("INQ-7.1", "HOF-7.1")
@pytest.mark.timeout(300)
async def test_no_route_shows_or_fails_over_what_was_erased(
    server: DevServer, policy: Policy, tmp_path: Path
) -> None:
    keyring = a_keyring(tmp_path)
    url = sqlite_url(tmp_path)
    async with (
        a_desk(server, url, "erased", policy, keyring=keyring) as desk,
        serve(desk) as app,
        Callers(app, desk.database) as callers,
    ):
        await Teller(callers, desk).tell()
        paths = app.openapi()["paths"]
        routes = [path for path, how in paths.items() if "get" in how and path not in NO_RECORDS]
        before = await read(callers, routes)
        erase(keyring)
        after = await read(callers, routes)
    assert before.keys() <= after.keys()
    spoke = {place for place, (_, said) in before.items() if MARK.casefold() in said.casefold()}
    assert len({re.sub(r"-[0-9a-f]{8,}", "", page) for _, page in spoke}) > 15
    for (role, page), (status, said) in after.items():
        assert status == before.get((role, page), (status,))[0], f"{page}: {said}"
        assert MARK.casefold() not in said.casefold(), page
    silent = {page for role, page in spoke if not TOLD.search(after[role, page][1])}
    assert silent == set(), "something is gone, and nothing says so"
