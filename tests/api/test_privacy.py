"""Privacy requests through the API: who may, what is refused, what is shown (HOF-5.1)."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NoReturn

import pytest

from activities.ports import CrmUnavailableError
from adapters.exports import SealedExports
from sop.access import PERMITTED
from sop.models import Role
from tests.api.callers import Caller, Callers
from tests.api.test_problems import is_problem
from tests.desk import eventually
from tests.keyrings import shared_keyring

pytestmark = pytest.mark.clause("HOF-5.1")

REQUESTS = "/v1/privacy-requests"
UNKNOWN_INQUIRY = "inquiry-00000000000000000000"
UNKNOWN = f"{REQUESTS}/privacy-00000000000000000000"
CALLERS = [role for role in Role if role is not Role.SYSTEM]
REVIEW = (datetime.now(UTC) + timedelta(days=30)).isoformat()
STEPS: dict[str, tuple[str, dict[str, Any]]] = {
    "verify_requester": ("verify-requester", {"method": "two_forms"}),
    "approve_privacy_request": ("approve", {}),
    "release_privacy_request": ("release", {}),
    "reject_privacy_request": ("refuse", {"reason": "excessive", "told_by": "email"}),
    "extend_privacy_request": ("extend", {"reason": "complex", "told_by": "email"}),
    "complete_privacy_request": ("complete", {"told_by": "post"}),
    "review_hold": ("review", {"review_at": REVIEW}),
    "acknowledge": ("escalations/privacy_deadline/1/acknowledgement", {"level": 1}),
}


def request(kind: str = "export", customer_id: str = "c-1", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "customer_id": customer_id, "channel": "email", **more}


async def opened(caller: Caller, key: str, body: dict[str, Any]) -> str:
    """Open a request; return its id once the CRM has it."""
    answer = await caller.post(REQUESTS, body, key)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["case_id"])


async def shown(caller: Caller, name: str, **wanted: Any) -> dict[str, Any]:
    """Wait until a request is shown so; return it."""
    found: dict[str, Any] = {}

    async def so() -> bool:
        found.update((await caller.get(f"{REQUESTS}/{name}")).json())
        return all(found.get(field) == value for field, value in wanted.items())

    await eventually(so)
    return found


async def do(caller: Caller, name: str, *steps: str) -> dict[str, Any]:
    """Report steps that are accepted; return the last receipt."""
    receipt: dict[str, Any] = {}
    for step in steps:
        path, body = STEPS[step]
        answer = await caller.post(f"{REQUESTS}/{name}/{path}", body)
        assert answer.status_code == 200, answer.text
        receipt = answer.json()
    return receipt


@pytest.mark.clause("HOF-3.2")
async def test_an_export_goes_from_its_request_to_the_document(on_both: Callers) -> None:
    ana, paula = await on_both.of(Role.CSR), await on_both.of(Role.PRIVACY_OFFICER)
    quinn = await on_both.of(Role.QUALITY_MANAGER)
    customer = f"exported-{on_both.desk}"
    inquiry = await ana.open(
        "exported", customer={"customer_id": customer, "name": "Erna Exported"}
    )
    name = await opened(ana, "export", request(customer_id=customer))
    is_problem(await paula.get(f"{REQUESTS}/{name}/export"), "no-export")
    await do(paula, name, "verify_requester", "approve_privacy_request")
    own = await paula.post(f"{REQUESTS}/{name}/release", {})
    is_problem(own, "not-allowed", clause="HOF-3.2")
    await do(quinn, name, "release_privacy_request")
    found = await shown(paula, name, stage="executed")
    assert found["counts"]["inquiries"] == 1
    decided = (found["approved_by"], found["released_by"])
    assert decided == ("privacy_officer", "quality_manager")
    log = f"/v1/access-log?case_id={name}"
    assert (await paula.get(log)).json()["entries"] == []
    answer = await paula.get(f"{REQUESTS}/{name}/export")
    (seen,) = (await paula.get(log)).json()["entries"]
    assert (seen["principal"], seen["action"]) == ("privacy_officer", "read_privacy_export")
    assert (seen["via"], seen["outcome"], seen["count"]) == ("api_key", "opened", 1)
    assert answer.headers["Cache-Control"] == "no-store"
    sections = {part["name"]: part["records"] for part in answer.json()["sections"]}
    assert [one["case_id"] for one in sections["inquiries"]] == [inquiry]
    assert sections["customer"][0]["name"] == "Erna Exported"
    assert answer.json()["withheld"]
    assert (await do(paula, name, "complete_privacy_request"))["stage"] == "executed"
    for caller in (quinn, ana, await on_both.of(Role.AUDITOR)):
        assert (await caller.get(f"{REQUESTS}/{name}/export")).status_code == 403


@pytest.mark.clause("HOF-5.3")
async def test_without_the_access_log_no_export_is_handed_over(callers: Callers) -> None:
    class Away:
        def record(self, *_: object) -> NoReturn:
            raise CrmUnavailableError("away")

    paula, name = await callers.of(Role.PRIVACY_OFFICER), "privacy-0000000000000000logs"
    exports = SealedExports(callers.database, shared_keyring())
    await asyncio.to_thread(exports.keep, name, b"Erna Exported", datetime.now(UTC))
    parts = callers.app.state.parts
    callers.app.state.parts = replace(parts, access_log=Away())
    try:
        answer = await paula.get(f"{REQUESTS}/{name}/export")
    finally:
        callers.app.state.parts = parts
    is_problem(answer, "crm-unavailable")
    assert "Erna" not in answer.text


async def test_opening_answers_with_the_address_and_once_per_key(callers: Callers) -> None:
    paula = await callers.of(Role.PRIVACY_OFFICER)
    answer = await paula.post(REQUESTS, request(), "address of a request")
    first = answer.json()
    assert answer.headers["Location"] == f"{REQUESTS}/{first['case_id']}"
    again = await paula.post(REQUESTS, request(), "address of a request")
    assert (again.json()["case_id"], again.json()["created"]) == (first["case_id"], False)
    other = await paula.post(REQUESTS, request("erasure"), "address of a request")
    is_problem(other, "idempotency-key-reused")
    is_problem(await paula.post(REQUESTS, request()), "idempotency-key-missing")
    for link in ("timeline", "escalations", "certificate", "explanation"):
        assert (await paula.get(first["links"][link])).status_code == 200, link


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (request("gossip"), "invalid-request"),
        (request(law="hammurabi"), "invalid-request"),
        (request(customer_id="a b"), "invalid-request"),
        (request(text="Please erase Carla."), "invalid-request"),
        (request("hold"), "invalid-value"),
        (request("hold", reason="litigation", review_at="2020-01-01T00:00:00Z"), "invalid-value"),
        (request("hold", reason="gut feeling", review_at=REVIEW), "invalid-request"),
        (request("erasure", reason="litigation"), "invalid-value"),
        (request("hold", reason="litigation", review_at=REVIEW, cases=["x"]), "invalid-request"),
    ],
)
async def test_a_request_that_cannot_be_is_refused(
    callers: Callers, body: dict[str, Any], problem: str
) -> None:
    paula = await callers.of(Role.PRIVACY_OFFICER)
    is_problem(await paula.post(REQUESTS, body, f"cannot be {body}"[:60].strip()), problem)


async def test_an_unverified_requester_gets_nothing_and_a_refusal_ends_the_request(
    callers: Callers,
) -> None:
    paula = await callers.of(Role.PRIVACY_OFFICER)
    name = await opened(paula, "refused", request("erasure"))
    answer = await paula.post(f"{REQUESTS}/{name}/approve", {})
    is_problem(answer, "behind-gate", clause="HOF-5.1")
    assert (await do(paula, name, "reject_privacy_request"))["stage"] == "closed"
    found = await shown(paula, name, stage="closed")
    assert (found["closed_as"], found["refusal"]) == ("refused", "excessive")
    is_problem(await paula.post(f"{REQUESTS}/{name}/approve", {}), "case-closed")


async def test_a_hold_is_placed_reviewed_and_released_by_two(callers: Callers) -> None:
    paula, dora = await callers.of(Role.PRIVACY_OFFICER), await callers.of(Role.DUTY_MANAGER)
    body = request("hold", "c-held", reason="regulator", review_at=REVIEW)
    name = await opened(paula, "hold", body)
    found = await shown(paula, name, stage="placed")
    assert (found["hold_reason"], found["due_at"]) == ("regulator", None)
    await do(paula, name, "review_hold", "approve_privacy_request")
    is_problem(await paula.post(f"{REQUESTS}/{name}/release", {}), "not-allowed")
    await do(dora, name, "release_privacy_request")
    assert (await shown(paula, name, stage="closed"))["closed_as"] == "released"


async def test_a_hold_names_only_cases_of_its_customer(on_both: Callers) -> None:
    """A mistyped id and one of somebody else look the same; nothing of the hold is placed."""
    ana, paula = await on_both.of(Role.CSR), await on_both.of(Role.PRIVACY_OFFICER)
    own = await ana.open("own of a hold", customer={"customer_id": "c-hold-own"})
    other = await ana.open("other of a hold", customer={"customer_id": "c-hold-other"})
    for case_id in (own, other):
        await eventually(partial(_is_recorded, ana, f"/v1/inquiries/{case_id}"))
    why = {"reason": "litigation", "review_at": REVIEW}
    for number, wrong in enumerate((other, UNKNOWN_INQUIRY, "handoff-00000000000000000000")):
        body = request("hold", "c-hold-own", cases=[own, wrong], **why)
        answer = await paula.post(REQUESTS, body, f"foreign {number}")
        is_problem(answer, "case-not-found", clause="HOF-5.1")
        assert wrong in answer.json()["detail"]
        assert own not in answer.json()["detail"]
    held = (await paula.get(REQUESTS, customer_id="c-hold-own")).json()["requests"]
    assert held == []
    name = await opened(paula, "own", request("hold", "c-hold-own", cases=[own], **why))
    assert (await shown(paula, name, stage="placed"))["cases"] == [own]


@pytest.mark.parametrize("role", CALLERS)
async def test_each_role_may_do_about_privacy_what_the_table_says(
    callers: Callers, role: Role
) -> None:
    caller = await callers.of(role)
    for action, (step, body) in STEPS.items():
        answer = await caller.post(f"{UNKNOWN}/{step}", body)
        assert (answer.status_code == 403) == (role not in PERMITTED[action]), action
        assert answer.status_code in {403, 404}, answer.text
    for action, path in (
        ("read_privacy_requests", REQUESTS),
        ("read_privacy_requests", UNKNOWN),
        ("read_privacy_export", f"{UNKNOWN}/export"),
    ):
        answer = await caller.get(path)
        assert (answer.status_code == 403) == (role not in PERMITTED[action]), path
    opens = await caller.post(REQUESTS, request(), f"as {role}")
    assert (opens.status_code == 202) == (role in PERMITTED["open_privacy_request"])
    hold = request("hold", "c-role", reason="litigation", review_at=REVIEW)
    holds = await caller.post(REQUESTS, hold, f"hold as {role}")
    assert (holds.status_code == 202) == (role in PERMITTED["place_hold"])


async def test_what_does_not_exist_is_not_found(callers: Callers) -> None:
    paula = await callers.of(Role.PRIVACY_OFFICER)
    for path in ("", "/timeline", "/escalations", "/certificate", "/explanation", "/export"):
        is_problem(await paula.get(UNKNOWN + path), "case-not-found")
    is_problem(await paula.get(f"{REQUESTS}/inquiry-00000000000000000000"), "case-not-found")


async def test_requests_are_listed_by_customer_and_page_by_page(on_both: Callers) -> None:
    paula = await on_both.of(Role.PRIVACY_OFFICER)
    names = set()
    for number in range(3):
        body = request(customer_id="c-listed")
        names.add(await opened(paula, f"listed {number}", body))
    for name in names:
        await shown(paula, name, recorded=True)
    found, answer = [], await paula.get(REQUESTS, customer_id="c-listed", limit="2")
    while True:
        page = answer.json()
        found += [one["request_id"] for one in page["requests"]]
        if page["links"]["next"] is None:
            break
        answer = await paula.get(page["links"]["next"])
    assert len(found) == 3
    assert set(found) == names
    await do(paula, found[0], "reject_privacy_request")
    still = (await paula.get(REQUESTS, customer_id="c-listed", open="true")).json()
    assert {one["request_id"] for one in still["requests"]} == names - {found[0]}
    kinds = (await paula.get(REQUESTS, customer_id="c-listed", kind="hold")).json()
    assert kinds["requests"] == []


async def _is_recorded(caller: Caller, page: str) -> bool:
    return bool((await caller.get(page)).json().get("recorded"))
