"""What an erasure had to leave is as if it were not there, on every route (HOF-5.1, HOF-5.3)."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from adapters.restrictions import Restrictions
from sop.models import Role
from tests.api import handing, test_incidents
from tests.api.callers import (
    BILLING,
    CONFIRMED,
    RECEPTION,
    RESOLVED,
    VERIFIED,
    Caller,
    Callers,
)
from tests.api.test_access_matrix import MATRIX, an_inquiry, an_offer
from tests.api.test_duties import begin
from tests.databases import watch
from tests.desk import Desk

pytestmark = pytest.mark.clause("HOF-5.1", "HOF-5.3")

KINDS = {"inquiries": "inquiry", "handoffs": "handoff", "incidents": "incident", "duties": "duty"}
RUNGS = {"inquiry": "urgent", "handoff": "acknowledgement", "incident": "breach"}
READERS = (Role.AUDITOR, Role.PRIVACY_OFFICER)
DESK = [role for role in Role if role not in {Role.SYSTEM, *READERS}]
REASON = handing.REASON
ACKNOWLEDGED = {"level": 1}
STEPS: Mapping[str, Mapping[str, Any]] = {
    "inquiry": {
        **dict(handing.SHARED.values()),
        "reception": {"reception": RECEPTION},
        "classification": {"classification": BILLING},
        "verification": VERIFIED,
        "responses": {"text": "It was paid back."},
        "promises": {"answer_by": "2999-01-01T00:00:00Z", "contact": "Ana"},
        "customer-replies": {"text": "And again."},
        "waits": {"question": "Which of the two?"},
        "resumption": REASON,
        "escalations": REASON,
        "resolution": RESOLVED,
        "follow-ups": CONFIRMED,
    },
    "handoff": dict((handing.STEPS | handing.SHARED).values()),
    "incident": {
        **dict(test_incidents.STEPS.values()),
        "actions/{action}/completion": test_incidents.RESULT,
    },
    "duty": {
        "completion": {"outcome": "no_finding"},
        "assignment": {"assignee": "ben"},
        "notes": {"text": "x"},
    },
}
"""A body that fits, for each step of a case of each kind."""


@pytest_asyncio.fixture(scope="module")
async def left(callers: Callers, desk: Desk) -> dict[str, str]:
    """Restrict a case of each kind: opened by the service, worked on, and ended."""
    service, csr = await callers.of(Role.SERVICE), await callers.of(Role.CSR)
    party = str(Role.RECEIVING_PARTY)
    ids = {
        "inquiry": await an_inquiry(service, csr, "csr", "left"),
        "handoff": await an_offer(callers, service, csr, party, "left", assignee="csr"),
        "incident": await test_incidents.opened(csr, "left"),
        "duty": "duty-audit-left",
    }
    # It is hidden for what it is about, and was not restricted itself.
    await begin(desk, ids["duty"], about=ids["inquiry"], role=Role.SUBJECT_MATTER_EXPERT)
    for case_id in ids.values():
        await desk.handle(case_id).cancel()
        await desk.handle(case_id).result()
    await restrict(callers, *(ids[kind] for kind in ("inquiry", "handoff", "incident")))
    return ids


async def restrict(callers: Callers, *case_ids: str) -> None:
    """Restrict cases, as an erasure does with what it has to leave."""
    restrictions = Restrictions(callers.database)
    for _ in range(2):
        await asyncio.to_thread(
            restrictions.restrict, "privacy-0123456789", case_ids, datetime.now(UTC)
        )


def routes() -> Iterator[tuple[str, str, str, dict[Role, str]]]:
    """Yield method, path, kind and cells of every route that names a case but a privacy request."""
    for (method, path), cells in MATRIX.items():
        kind = KINDS.get(path.split("/")[2])
        if kind is not None and "_id}" in path:
            yield method, path, kind, cells


def missing(case_id: str) -> str:
    """Return an id of the same form of which there is no case."""
    kind, _, rest = case_id.partition("-")
    return f"{kind}-{'0' * len(rest)}"


async def ask(
    caller: Caller, route: tuple[str, str, str], case_id: str, body: dict[str, Any] | None
) -> tuple[int, str, dict[str, str]]:
    """Send a request; return its answer without the ids of the case and of the request."""
    method, path, kind = route
    rung = RUNGS.get(kind, "duty_overdue")
    url = path.format(case_id=case_id, duty_id=case_id, rung=rung, occasion=1, action="labels")
    answer = await (caller.get(url) if method == "GET" else caller.post(url, body))
    return told(answer, case_id)


def fitting(method: str, path: str, kind: str, known: str) -> dict[str, Any] | None:
    """Return the body of a step that would be taken in a case of this kind."""
    step = path.rsplit("_id}/", maxsplit=1)[-1]
    if method == "GET":
        return None
    if "{rung}" in step:
        return ACKNOWLEDGED
    return dict({**STEPS[kind], "duplicate": {"duplicate_of": known, **REASON}}[step])


def told(answer: httpx2.Response, case_id: str) -> tuple[int, str, dict[str, str]]:
    """Return an answer without the ids of the case and of the request."""
    text = answer.text.replace(case_id, "")
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return answer.status_code, text.replace(answer.headers.get("x-request-id", " "), ""), headers


@pytest.mark.parametrize("role", DESK)
async def test_no_route_tells_a_restricted_case_from_one_that_there_is_not(
    callers: Callers, left: dict[str, str], role: Role
) -> None:
    caller, differ = await callers.of(role), {}
    known = await (await callers.of(Role.CSR)).open(f"known to {role}")
    for method, path, kind, cells in routes():
        route = (method, path, kind)
        for body in (fitting(*route, known), {}):
            there = await ask(caller, route, left[kind], body)
            not_there = await ask(caller, route, missing(left[kind]), body)
            wanted = {403} if cells[role] == "-" else {404} if body != {} else {404, 422}
            if there != not_there or there[0] not in wanted:
                differ[f"{method} {path}", str(body)] = (there, not_there)
    assert differ == {}


@pytest.mark.parametrize("role", READERS)
async def test_privacy_officers_and_auditors_read_what_is_restricted(
    callers: Callers, left: dict[str, str], role: Role
) -> None:
    caller, read = await callers.of(role), 0
    for method, path, kind, cells in routes():
        if method == "GET" and cells[role] == "+" and kind != "handoff":
            answer = await ask(caller, (method, path, kind), left[kind], None)
            assert answer[0] == 200, path
            read += 1
    assert read >= 10


async def test_no_list_shows_what_is_restricted_nor_a_duty_about_it(
    callers: Callers, left: dict[str, str]
) -> None:
    for role in (Role.SERVICE, Role.TEAM_LEADER, Role.AUDITOR):
        caller = await callers.of(role)
        for (method, path), cells in MATRIX.items():
            if method == "GET" and "{" not in path and cells[role] != "-":
                following: str | None = path
                while following is not None:
                    answer = await caller.get(following)
                    assert not [name for name in left.values() if name in answer.text], path
                    following = answer.json().get("links", {}).get("next")


@pytest.mark.parametrize("role", [Role.CSR, Role.TEAM_LEADER])
async def test_a_restricted_case_that_a_body_names_is_none(
    callers: Callers, left: dict[str, str], role: Role
) -> None:
    caller = await callers.of(role)
    open_one = await caller.open(f"names a restricted one as {role}")

    async def says(case_id: str, number: int) -> list[tuple[int, str, dict[str, str]]]:
        kinds: dict[str, dict[str, Any]] = {}
        kinds["/v1/inquiries/{}/duplicate"] = {"duplicate_of": case_id, **REASON}
        kinds["/v1/incidents"] = test_incidents.breach(case_id=case_id)
        kinds["/v1/handoffs"] = handing.handoff(inquiry_id=case_id)
        kinds["/v1/customers/c-left/identifications"] = {
            "case_id": case_id, "forms": [], "need_explained": True,
        }  # fmt: skip
        return [
            told(await caller.post(path.format(open_one), body, f"{role} {number} {path}"), case_id)
            for path, body in kinds.items()
        ]

    there, not_there = await says(left["inquiry"], 1), await says(missing(left["inquiry"]), 2)
    assert there == not_there
    assert [status for status, *_ in there] == [422, 422, 404, 404]


async def test_hiding_costs_one_read_where_something_is_shown_and_none_where_a_step_is_taken(
    callers: Callers, desk: Desk
) -> None:
    leader, service = await callers.of(Role.TEAM_LEADER), await callers.of(Role.SERVICE)
    case_id = await service.open("asked of the database once", reception=None)
    await desk.journal_holds(case_id, "inquiry.opened")
    page = f"/v1/inquiries/{case_id}"

    async def asked(caller: Caller, method: str, path: str) -> int:
        with watch(callers.database) as seen:
            sent = caller.get(path) if method == "GET" else caller.post(path, {"text": "x"})
            assert (await sent).status_code == 200
        return sum("FROM restrictions" in said for said in seen.statements)

    assert await asked(leader, "GET", f"{page}/timeline") == 1
    assert await asked(service, "GET", f"{page}/timeline") == 1
    assert await asked(await callers.of(Role.AUDITOR), "GET", f"{page}/timeline") == 0
    assert await asked(leader, "POST", f"{page}/notes") == 0
    assert await asked(service, "POST", f"{page}/notes") == 1
