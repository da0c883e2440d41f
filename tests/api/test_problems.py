"""Each problem that the API answers with: its type, its status, and what it says to do."""

import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from api.handlers import problem_of
from api.problems import PROBLEMS
from runtime import case_errors
from runtime import cases as gateway
from runtime.devserver import DevServer
from sop.errors import SopError
from sop.models import Role
from sop.policy import Policy
from tests.api.callers import BILLING, RESOLVED, Caller, Callers, inquiry, serve
from tests.desk import Desk, a_desk, sqlite_url

UNKNOWN = "/v1/inquiries/inquiry-00000000000000000000"


def is_problem(answer: httpx2.Response, code: str, **members: Any) -> None:
    """Assert that an answer is this problem, in full."""
    kind, said = PROBLEMS[code], answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (said["type"], said["title"]) == (f"/problems/{code}", kind.title)
    assert answer.status_code == said["status"] == kind.status
    assert said["instance"] == f"urn:uuid:{answer.headers['X-Request-Id']}"
    assert said["detail"]
    assert {name: said.get(name) for name in members} == members
    retry = answer.headers.get("Retry-After")
    assert retry == (str(kind.retry_after) if kind.retry_after else None)


@pytest.fixture
async def ana(callers: Callers) -> Caller:
    """Return a representative."""
    return await callers.of(Role.CSR)


def test_each_failure_of_the_gateway_and_of_the_procedures_has_its_problem() -> None:
    failures = set(case_errors.CaseError.__subclasses__()) - {case_errors.RefusedError}
    codes = {
        *(problem_of(kind()).code for kind in failures),
        *(problem_of(kind("")).code for kind in SopError.__subclasses__()),
    }
    assert "internal-error" not in codes
    assert codes >= {kind.code for kind in SopError.__subclasses__()}
    assert problem_of(case_errors.BusyError()).code == "too-many-requests"


async def test_an_unknown_path_is_not_found(ana: Caller) -> None:
    is_problem(await ana.get("/v1/nothing"), "not-found")
    is_problem(await ana.get("/v1/inquiries/"), "not-found")
    is_problem(await ana.get("/nothing"), "not-found")


async def test_a_wrong_method_is_told_which_methods_there_are(ana: Caller) -> None:
    answer = await ana.http.delete("/v1/inquiries")
    is_problem(answer, "method-not-allowed")
    assert answer.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize("part", ["", "/timeline", "/escalations"])
async def test_a_case_that_nobody_opened_is_not_found(ana: Caller, part: str) -> None:
    is_problem(await ana.get(UNKNOWN + part), "case-not-found")


@pytest.mark.parametrize("wrong", ["x", "inquiry-", "inquiry-ABCDEFGHIJ", "%00", "%F0%9F%98%80"])
async def test_what_is_no_id_is_no_case(ana: Caller, wrong: str) -> None:
    is_problem(await ana.get(f"/v1/inquiries/{wrong}"), "case-not-found")
    is_problem(await ana.post(f"/v1/inquiries/{wrong}/notes", {"text": "x"}), "case-not-found")


async def test_a_step_in_a_case_that_nobody_opened_is_not_found(ana: Caller) -> None:
    is_problem(await ana.post(f"{UNKNOWN}/notes", {"text": "x"}), "case-not-found")


@pytest.mark.parametrize("rung", ["complaint", "no_such_rung", "NOT-A-SLUG"])
async def test_an_escalation_that_never_fired_is_not_found(callers: Callers, rung: str) -> None:
    ana, leader = await callers.of(Role.CSR), await callers.of(Role.TEAM_LEADER)
    case_id = await ana.open("no escalation")
    page = f"/v1/inquiries/{case_id}/escalations/{rung}/1/acknowledgement"
    is_problem(await leader.post(page, {"level": 1}), "case-not-found")


@pytest.mark.clause("INQ-4.3.2")
async def test_a_step_behind_a_gate_names_the_clause(ana: Caller) -> None:
    case_id = await ana.open("gate")
    page = f"/v1/inquiries/{case_id}/resolution"
    is_problem(await ana.post(page, RESOLVED), "behind-gate", clause="INQ-4.3.2")


async def test_a_step_at_the_wrong_stage_is_refused(ana: Caller) -> None:
    case_id = await ana.open("stage")
    page = f"/v1/inquiries/{case_id}/resumption"
    is_problem(await ana.post(page, {"reason": "She called."}), "wrong-stage")


async def test_a_closed_case_takes_no_step(ana: Caller) -> None:
    case_id = await ana.open("closed problem")
    await ana.do(case_id, "withdrawal", {"reason": "The customer found the receipt."})
    is_problem(await ana.post(f"/v1/inquiries/{case_id}/notes", {"text": "x"}), "case-closed")


@pytest.mark.clause("INQ-6.1")
async def test_an_acknowledgement_of_another_level_is_stale(callers: Callers) -> None:
    ana, leader = await callers.of(Role.CSR), await callers.of(Role.TEAM_LEADER)
    case_id = await ana.open("stale", classification={**BILLING, "priority": "urgent"})
    page = f"/v1/inquiries/{case_id}/escalations/urgent/1/acknowledgement"
    answer = await leader.post(page, {"level": 2})
    while answer.status_code == 404:  # the escalation starts after the answer to the opening
        answer = await leader.post(page, {"level": 2})
    is_problem(answer, "stale-acknowledgement")
    await ana.do(case_id, "withdrawal", {"reason": "The customer found the receipt."})
    while (answer := await leader.post(page, {"level": 1})).status_code == 200:
        pass
    is_problem(answer, "stale-acknowledgement")


@pytest.mark.clause("INQ-4.2.1")
async def test_a_category_that_the_policy_lacks_is_an_invalid_value(ana: Caller) -> None:
    unknown = inquiry(classification={**BILLING, "category": "gardening"})
    answer = await ana.post("/v1/inquiries", unknown, "gardening")
    is_problem(answer, "invalid-value", clause="INQ-4.2.1")


async def test_a_duplicate_of_no_case_is_an_invalid_value(ana: Caller) -> None:
    case_id = await ana.open("duplicate of none")
    body = {"duplicate_of": "inquiry-00000000000000000000", "reason": "The same."}
    is_problem(await ana.post(f"/v1/inquiries/{case_id}/duplicate", body), "invalid-value")


async def test_a_cursor_of_another_list_is_an_invalid_value(ana: Caller) -> None:
    is_problem(await ana.get("/v1/inquiries", cursor="AAAA"), "invalid-value")


async def test_a_key_with_another_body_is_refused(ana: Caller) -> None:
    case_id = await ana.open("reused")
    answer = await ana.post("/v1/inquiries", inquiry(subject="Another matter"), "reused")
    is_problem(answer, "idempotency-key-reused")
    page = f"/v1/inquiries/{case_id}/notes"
    await ana.post(page, {"text": "The first."}, "note")
    is_problem(await ana.post(page, {"text": "The second."}, "note"), "idempotency-key-reused")


async def test_opening_without_a_key_is_refused(ana: Caller) -> None:
    is_problem(await ana.post("/v1/inquiries", inquiry()), "idempotency-key-missing")


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "käse", "a\tb"])
async def test_a_key_that_is_no_printable_ascii_is_refused(ana: Caller, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode("latin-1")}
    answer = await ana.http.post("/v1/inquiries", json=inquiry(), headers=headers)
    is_problem(answer, "invalid-request")
    assert answer.json()["errors"][0]["location"] == "header.Idempotency-Key"


async def test_every_field_that_does_not_fit_is_named(ana: Caller) -> None:
    body = inquiry(channel="fax", surprise=1, classification={"category": "Billing!"})
    del body["subject"]
    answer = await ana.post("/v1/inquiries", body, "fields")
    is_problem(answer, "invalid-request")
    errors = {error["location"]: error["message"] for error in answer.json()["errors"]}
    assert errors.keys() == {
        "body.channel", "body.subject", "body.surprise",
        "body.classification.category", "body.classification.priority",
    }  # fmt: skip
    assert errors["body.surprise"] == "There is no such field"


async def test_an_unknown_filter_is_refused(ana: Caller) -> None:
    answer = await ana.get("/v1/inquiries", stages="received")
    is_problem(answer, "invalid-request")
    assert answer.json()["errors"][0]["location"] == "query.stages"


async def test_a_refusal_never_repeats_what_the_customer_wrote(ana: Caller) -> None:
    canary = "Carla Canary, 4 Sesame Street"
    body = inquiry(subject=canary * 40, channel=canary, **{canary: canary})
    answer = await ana.post("/v1/inquiries", body, "canary")
    is_problem(answer, "invalid-request")
    assert "Canary" not in answer.text
    assert "body.(unknown)" in {error["location"] for error in answer.json()["errors"]}


async def test_a_body_that_is_no_json_is_told_so(ana: Caller) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": "no json"}
    answer = await ana.http.post("/v1/inquiries", content=b'{"channel": ', headers=headers)
    is_problem(answer, "malformed-json")


async def test_another_media_type_is_refused(ana: Caller) -> None:
    headers = {"Content-Type": "text/plain", "Idempotency-Key": "plain"}
    answer = await ana.http.post("/v1/inquiries", content=b"{}", headers=headers)
    is_problem(answer, "unsupported-media-type")


@pytest_asyncio.fixture
async def unstaffed(server: DevServer, policy: Policy, tmp_path: Path) -> AsyncIterator[Callers]:
    """Run the API on a desk without a worker."""
    async with (
        a_desk(server, sqlite_url(tmp_path), "unstaffed", policy, staffed=False) as desk,
        serve(desk) as app,
        Callers(app, desk.database) as callers,
    ):
        yield callers


async def test_without_a_worker_a_case_is_opened_and_a_step_is_not_answered(
    unstaffed: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "ANSWER_WITHIN", timedelta(seconds=1))
    ana = await unstaffed.of(Role.CSR)
    case_id = await ana.open("nobody works")
    shown = await ana.get(f"/v1/inquiries/{case_id}")
    assert (shown.status_code, shown.json()["recorded"]) == (200, False)
    for part, empty in (("timeline", "entries"), ("escalations", "escalations")):
        assert (await ana.get(f"/v1/inquiries/{case_id}/{part}")).json() == {empty: []}
    certificate = (await ana.get(f"/v1/inquiries/{case_id}/certificate")).json()
    assert (certificate["as_of"], certificate["complete"]) == (None, False)
    explanation = (await ana.get(f"/v1/inquiries/{case_id}/explanation")).json()
    assert (explanation["entries"], "not have the inquiry yet" in explanation["standing"][0]) == (
        [],
        True,
    )
    is_problem(await ana.post(f"/v1/inquiries/{case_id}/notes", {"text": "x"}), "not-answered")


async def test_while_the_database_is_locked_a_step_is_taken_and_the_crm_follows(
    callers: Callers, desk: Desk
) -> None:
    ana = await callers.of(Role.CSR)
    case_id = await ana.open("late")
    await desk.journal_holds(case_id, "inquiry.opened")
    lock = sqlite3.connect(str(desk.database.engine.url.database), isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    answer = await ana.post(f"/v1/inquiries/{case_id}/notes", {"text": "x"})
    lock.close()
    assert (answer.status_code, answer.json()["recorded"]) == (202, False)
    await desk.journal_holds(case_id, "note.added")
