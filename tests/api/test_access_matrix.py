"""Every role on every route, with an object of its own and with another's (HOF-5.3, INQ-7.2).

What is expected stands in `access_routes.txt`. A step is sent with an empty body: whoever may take
it is told that the body does not fit, so that nothing changes between two cells.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from sop import messages as m
from sop.identity import Form, FormResult
from sop.models import Actor, Role
from tests.api.callers import BILLING, RECEPTION, VERIFIED, Caller, Callers
from tests.api.handing import HANDOFFS, NOTICE, OVER_CRM, handoff
from tests.api.handing import do as hand
from tests.api.test_duties import begin
from tests.api.test_incidents import opened as breach_opened
from tests.api.test_problems import is_problem
from tests.desk import Desk, eventually

SPICE = "Zimtstern"
"""A word that stands in everything that is written about a customer here."""

ROLES = {
    "csr": Role.CSR, "lead": Role.TEAM_LEADER, "expert": Role.SUBJECT_MATTER_EXPERT,
    "quality": Role.QUALITY_MANAGER, "duty": Role.DUTY_MANAGER, "party": Role.RECEIVING_PARTY,
    "service": Role.SERVICE, "operator": Role.OPERATOR, "auditor": Role.AUDITOR,
    "privacy": Role.PRIVACY_OFFICER,
}  # fmt: skip
WORDLESS = (Role.OPERATOR, Role.SERVICE)
ITEMS = [{"item": "zimtstern_file", "description": f"The file of {SPICE}."}]
CHECKED = {"checks": [{"item": "zimtstern_file", "correct": True, "complete": True}]}
FORMS = (
    FormResult(form=Form.PASSPORT, matched=True),
    FormResult(form=Form.ACCOUNT_NUMBER, matched=True),
)
WRITTEN = Path(__file__).with_name("access_routes.txt")
FIELDS = Path(__file__).parent.parent / "sop" / "access_fields.txt"
IN_WORDS = {
    line.split()[1]
    for line in FIELDS.read_text(encoding="utf-8").splitlines()
    if line.endswith(" words")
}


def rows() -> Iterator[tuple[str, str, dict[Role, str]]]:
    """Yield method, path and cells of each route that is written down."""
    lines = [line.split() for line in WRITTEN.read_text(encoding="utf-8").splitlines()]
    head, *routes = [words for words in lines if words and words[0] != "#"]
    for method, path, *cells in routes:
        yield method, path, dict(zip((ROLES[name] for name in head[2:]), cells, strict=True))


MATRIX = {(method, path): cells for method, path, cells in rows()}
LISTS = {
    "/v1/inquiries": ("inquiry", "cases", "case_id"),
    "/v1/handoffs": ("handoff", "handoffs", "case_id"),
    "/v1/tasks": ("handoff", "tasks", "case_id"),
    "/v1/duties": ("duty", "duties", "duty_id"),
}
"""Which kind of object a list shows, under which names."""


@dataclass(frozen=True)
class Objects:
    """The ids of what is asked for: by kind, of one's own and of another's."""

    own: dict[str, str]
    other: dict[str, str]
    done: str

    def of(self, path: str, which: str) -> str:
        """Return the id that a path names."""
        kind = {"/v1/ha": "handoff", "/v1/cu": "handoff", "/v1/du": "duty"}.get(path[:6], "inquiry")
        kind = "incident" if path.startswith("/v1/incidents") else kind
        kind = "privacy" if path.startswith("/v1/privacy-requests") else kind
        if which == "none":
            return "duty-none" if kind == "duty" else f"{kind}-00000000000000000000"
        return (self.own if which == "own" else self.other)[kind]


async def an_inquiry(service: Caller, person: Caller, assignee: str, key: str) -> str:
    """Open an inquiry with an escalation for a representative, and work on it."""
    customer = {"customer_id": f"c-{key}", "name": SPICE, "email": f"{SPICE}@example.org"}
    case_id = await service.open(
        f"matrix {key}", customer={**customer, "phone": SPICE}, subject=SPICE, text=SPICE,
        assignee=assignee, reception=None, classification={**BILLING, "priority": "urgent"},
    )  # fmt: skip
    await person.do(case_id, "reception", {"reception": {**RECEPTION, "key_points": SPICE}})
    await person.do(case_id, "verification", VERIFIED)
    await person.do(case_id, "notes", {"text": SPICE})
    return case_id


async def an_offer(
    callers: Callers, service: Caller, person: Caller, party: str, key: str, **more: Any
) -> str:
    """Open a handoff for a representative, and take it as far as its offer."""
    assignee = str(more["assignee"])
    body = handoff(
        customer={"customer_id": f"c-{key}", "name": SPICE}, subject=SPICE, text=SPICE,
        items=ITEMS, receiving={"party": party, "name": SPICE, "contact": SPICE}, **more,
    )  # fmt: skip
    answer = await service.post(HANDOFFS, body, f"matrix {key} {party}")
    assert answer.status_code == 202, answer.text
    case_id = str(answer.json()["case_id"])
    check = m.Identify(
        actor=Actor(principal=assignee, role=Role.CSR), forms=FORMS, need_explained=True,
        confidentiality_assured=True,
    )  # fmt: skip
    await callers.app.state.parts.cases.step(case_id, check, key=None)
    await hand(person, case_id, "items", CHECKED)
    await hand(person, case_id, "brief", {"brief": SPICE})
    await hand(person, case_id, "customer-notice", NOTICE)
    await hand(person, case_id, "transfer", OVER_CRM)
    return case_id


@pytest_asyncio.fixture(scope="module")
async def objects(callers: Callers, desk: Desk) -> Objects:
    """Open one object of each kind that is one's own, and one that is another's."""
    service, csr = await callers.of(Role.SERVICE), await callers.of(Role.CSR)
    shop = await callers.person("shop", Role.SERVICE)
    ben = await callers.person("ben", Role.CSR)
    mine = await an_inquiry(service, csr, "csr", "own")
    theirs = await an_inquiry(shop, ben, "ben", "other")
    within = {"inquiry_id": mine, "inquiry_waits": False, "assignee": "csr"}
    offer = partial(an_offer, callers)
    handed = await offer(service, csr, str(Role.RECEIVING_PARTY), "own", **within)
    foreign = await offer(shop, ben, "archive", "other", assignee="ben")
    done = await offer(service, csr, "archive", "own", assignee="csr")
    archive = await callers.person("archive", Role.RECEIVING_PARTY)
    refusal = {"answer": "refuse", "reason": SPICE}
    await hand(archive, done, "acknowledgement", refusal)
    await csr.do(mine, "resolution", {"resolution": SPICE, "customer_confirmed": True})
    found = {"outcome": "confirmed", "feedback": SPICE, "satisfaction": 5}
    await csr.do(mine, "follow-ups", found)
    incident = await breach_opened(csr, "matrix", subject=SPICE, text=SPICE)
    action = {
        "action": "labels", "description": SPICE, "owner": "csr", "due_at": "2999-01-01T00:00:00Z",
    }  # fmt: skip
    answer = await csr.post(f"/v1/incidents/{incident}/actions", action)
    assert answer.status_code == 200, answer.text
    audit = {"about": "csr", "role": Role.SUBJECT_MATTER_EXPERT}
    await begin(desk, "duty-audit-matrix-own", **audit)
    await begin(desk, "duty-audit-matrix-other")
    findings = {"outcome": "finding", "findings": SPICE}
    quality = await callers.of(Role.QUALITY_MANAGER)
    answer = await quality.post("/v1/duties/duty-audit-matrix-other/completion", findings)
    assert answer.status_code == 200, answer.text
    asked = {"kind": "export", "customer_id": "c-own", "channel": "email"}
    answer = await csr.post("/v1/privacy-requests", asked, "matrix")
    request_id = str(answer.json()["case_id"])
    await desk.journal_holds(request_id, "privacy.opened")
    await desk.journal_holds(foreign, "handoff.transferred")
    return Objects(
        own={
            "inquiry": mine, "handoff": handed, "incident": incident,
            "duty": "duty-audit-matrix-own", "privacy": request_id,
        },
        other={
            "inquiry": theirs, "handoff": foreign, "incident": incident,
            "duty": "duty-audit-matrix-other", "privacy": request_id,
        },
        done=done,
    )  # fmt: skip


async def ask(
    caller: Caller, role: Role, method: str, path: str, objects: Objects, which: str
) -> httpx2.Response:
    """Send a request that changes nothing, whoever sends it."""
    rungs = {"/v1/ha": "acknowledgement", "/v1/du": "duty_overdue"}
    rung = "breach" if path.startswith("/v1/incidents") else rungs.get(path[:6], "urgent")
    rung = "privacy_deadline" if path.startswith("/v1/privacy-requests") else rung
    named = objects.of(path, which)
    url = path.format(
        case_id=named, duty_id=named, rung=rung, occasion=1, action="labels",
        customer_id="c-nobody", principal=str(role) if which == "own" else "somebody-else",
        course="inquiry_handling", party="no-party",
    )  # fmt: skip
    if method == "GET":
        return await caller.get(url)
    if method == "DELETE":
        return await caller.http.delete(url)
    if method == "PUT":
        return await caller.put(url, {})
    if path.endswith("/identifications"):  # the case is named in the body, and of another customer
        body = {"case_id": named, "forms": [], "need_explained": True}
        return await caller.post(url, body, f"matrix {role} {which}")
    if path == HANDOFFS and which != "none":
        inquiry_id = (objects.own if which == "own" else objects.other)["inquiry"]
        body = handoff(customer={"customer_id": "c-nobody"}, inquiry_id=inquiry_id)
        return await caller.post(url, body, f"matrix {role} {which}")
    return await caller.post(url, {})


def outcome(answer: httpx2.Response) -> str:
    """Return what an answer says of access."""
    if answer.status_code == 403:
        is_problem(answer, "not-allowed")
        return "forbidden"
    if answer.status_code == 404 and answer.json()["type"] == "/problems/case-not-found":
        return "hidden"
    assert answer.status_code in {200, 400, 404, 409, 422}, answer.text
    return "allowed"


EXPECTED = {
    "+": ("allowed", "allowed"), "-": ("forbidden", "forbidden"), "a": ("forbidden", "forbidden"),
    "o": ("allowed", "forbidden"), "h": ("allowed", "hidden"), "n": ("forbidden", "hidden"),
    "x": ("hidden", "hidden"),
}  # fmt: skip


def test_every_route_is_written_down_and_no_other() -> None:
    from api.app import create_app  # noqa: PLC0415  the application describes itself

    def nothing() -> Any:
        raise AssertionError("the application is only described")

    described = create_app(nothing).openapi()["paths"]
    routes = {
        (method.upper(), path)
        for path, methods in described.items()
        if path.startswith("/v1/")
        for method in methods
    }
    assert routes == MATRIX.keys()


@pytest.mark.clause("INQ-7.2", "HOF-3.1", "HOF-3.2", "HOF-3.3", "HOF-5.3")
@pytest.mark.parametrize("role", ROLES.values())
async def test_every_role_is_answered_on_every_route_as_it_is_written(
    callers: Callers, objects: Objects, role: Role
) -> None:
    caller = await callers.of(role)
    differ: dict[str, object] = {}
    for (method, path), cells in MATRIX.items():
        cell = cells[role]
        send = partial(ask, caller, role, method, path, objects)
        if path in LISTS and method == "GET":
            found = await listed(caller, path, objects)
            wanted = {"+": (True, True), "-": None, "h": (True, False)}[cell]
            if found != wanted:
                differ[f"{method} {path}"] = (cell, found)
            continue
        own, other = await send("own"), await send("other")
        if (outcome(own), outcome(other)) != EXPECTED[cell]:
            differ[f"{method} {path}"] = (cell, outcome(own), outcome(other), other.text)
        if cell in "-hnx" and path != HANDOFFS:
            unknown = await send("none")
            assert said(unknown) == said(other), f"{method} {path}"
    assert differ == {}


async def listed(caller: Caller, path: str, objects: Objects) -> tuple[bool, bool] | None:
    """Return whether a list shows the own object and the other one; None: it may not be read."""
    kind, name, key = LISTS[path]
    shown: set[str] = set()
    following: str | None = path
    while following is not None:
        answer = await caller.get(following)
        if answer.status_code == 403:
            return None
        body = answer.json()
        shown |= {each[key] for each in body[name]}
        following = body.get("links", {}).get("next")
    return objects.own[kind] in shown, objects.other[kind] in shown


def said(answer: httpx2.Response) -> tuple[int, dict[str, Any]]:
    """Return what an answer tells, without the request that it names."""
    return answer.status_code, {**answer.json(), "instance": None}


def pages(objects: Objects) -> list[str]:
    """Return everything that can be read, of one's own and of another's."""
    found = []
    for method, path in MATRIX:
        if method == "GET":
            for which in ("own", "other"):
                named = objects.of(path, which)
                found.append(path.format(case_id=named, duty_id=named, principal="csr", party="x"))
    return sorted(
        {*found, *(f"{HANDOFFS}/{objects.done}{part}" for part in ("", "/confirmations"))}
    )


@pytest.mark.clause("INQ-7.2", "HOF-5.3")
@pytest.mark.parametrize("role", WORDLESS)
async def test_who_runs_the_machinery_reads_no_word_of_a_customer(
    callers: Callers, objects: Objects, role: Role
) -> None:
    caller, auditor = await callers.of(role), await callers.of(Role.AUDITOR)
    whole: dict[str, bool] = {}
    for path in pages(objects):
        answer = await caller.get(path)
        assert SPICE.lower() not in answer.text.lower(), path
        full = await auditor.get(path)
        if answer.status_code == full.status_code == 200:
            whole[path] = SPICE in full.text
            if path not in LISTS:  # a service's lists are shorter
                assert hidden_in(answer.json(), full.json()) <= IN_WORDS, path
    told = [path for path, holds in whole.items() if holds]
    assert len(told) >= 6, told


def hidden_in(less: Any, whole: Any, name: str = "") -> set[str]:
    """Return the names of the fields in which an answer holds less than another: null, or fewer."""
    if less == whole:
        return set()
    if isinstance(less, dict) and isinstance(whole, dict) and less.keys() == whole.keys():
        return set().union(*(hidden_in(less[key], whole[key], key) for key in less))
    if isinstance(less, list) and isinstance(whole, list) and len(less) == len(whole):
        pairs = zip(less, whole, strict=True)
        return set().union(*(hidden_in(one, other, name) for one, other in pairs))
    assert less is None, name
    return {name}


@pytest.mark.clause("INQ-7.2", "HOF-5.3")
async def test_staff_and_auditors_read_every_field(callers: Callers, objects: Objects) -> None:
    auditor = await callers.of(Role.AUDITOR)
    wholes = {path: await auditor.get(path) for path in pages(objects) if path not in LISTS}
    for role in (Role.CSR, Role.TEAM_LEADER, Role.SUBJECT_MATTER_EXPERT, Role.PRIVACY_OFFICER):
        caller = await callers.of(role)
        for path, whole in wholes.items():
            answer = await caller.get(path)
            if whole.status_code == answer.status_code == 200 and not path.endswith(".html"):
                assert hidden_in(answer.json(), whole.json()) <= {"matched"}, path


@pytest.mark.clause("HOF-3.3", "HOF-5.3")
async def test_a_receiving_party_reads_what_it_is_offered_in_words(
    callers: Callers, objects: Objects
) -> None:
    party = await callers.of(Role.RECEIVING_PARTY)
    shown = (await party.get(f"{HANDOFFS}/{objects.own['handoff']}")).json()
    assert (shown["subject"], shown["text"], shown["brief"]) == (SPICE, SPICE, SPICE)
    assert shown["customer"]["name"] == SPICE


@pytest.mark.clause("HOF-5.3")
async def test_a_service_sees_stage_deadlines_and_promise_of_its_case_and_no_handoff_of_others(
    callers: Callers, objects: Objects
) -> None:
    service, csr = await callers.of(Role.SERVICE), await callers.of(Role.CSR)
    case_id = await service.open("matrix watched", assignee="csr", reception=None)
    opened = await csr.post(
        HANDOFFS, handoff(inquiry_id=case_id, inquiry_waits=False), "matrix not the service's"
    )
    assert opened.status_code == 202, opened.text
    by = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")
    await csr.do(case_id, "promises", {"answer_by": by, "contact": "Ana"})
    page = f"/v1/inquiries/{case_id}"

    async def shows_the_handoff() -> bool:
        return bool((await csr.get(page)).json()["handoffs"])

    await eventually(shows_the_handoff)
    shown = (await service.get(page)).json()
    assert shown["handoffs"] == []
    assert (shown["stage"], shown["customer"], shown["subject"]) == ("promised", None, None)
    assert datetime.fromisoformat(shown["promise_due_at"]["utc"]) == datetime.fromisoformat(by)
    assert shown["next_deadline"]["utc"]
    is_problem(await service.get(f"{HANDOFFS}/{opened.json()['case_id']}"), "case-not-found")
