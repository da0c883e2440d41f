"""Incidents through the API, and the reports of all cases (HOF-6.3, HOF-7.3)."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.crm import SqlCrm
from adapters.incidents import SqlIncidents
from sop.access import PERMITTED
from sop.models import Role
from sop.outgoing import FlushBatch, Outgoing
from tests.api.callers import Caller, Callers
from tests.api.test_problems import is_problem
from tests.batches import MONDAY, incident_report
from tests.desk import eventually

pytestmark = pytest.mark.clause("HOF-6.3")

INCIDENTS, REPORTS = "/v1/incidents", "/v1/incident-reports"
UNKNOWN = f"{INCIDENTS}/incident-00000000000000000000"
CALLERS = [role for role in Role if role is not Role.SYSTEM]

ACTION = {
    "action": "labels", "description": "Print labels one by one.", "owner": "csr",
    "due_at": "2999-11-30T12:00:00+01:00",
}  # fmt: skip
RESULT = {"result": "The printer is set so."}
NOTICE = {"informed_at": "2026-11-23T12:00:00Z", "reference": "R-77"}
DECISION = {"reason": "The letter came back unopened."}
CLOSURE = {"root_cause": "Two labels on one envelope.", "changed": "Labels one by one."}
STEPS: dict[str, tuple[str, dict[str, Any]]] = {
    "add_action": ("actions", ACTION),
    "complete_action": ("actions/labels/completion", RESULT),
    "inform_regulator": ("regulator-notice", NOTICE),
    "decide_not_notifiable": ("regulator-decision", DECISION),
    "close_incident": ("closure", CLOSURE),
    "add_note": ("notes", {"text": "It came back."}),
    "assign": ("assignment", {"assignee": "ana"}),
    "acknowledge": ("escalations/breach/1/acknowledgement", {"level": 1}),
}


def breach(**changes: Any) -> dict[str, Any]:
    """Return the body that reports a breach."""
    return {
        "clause": "HOF-5.2",
        "subject": "A letter to the wrong customer",
        "text": "A letter with another customer's account number went out.",
        **changes,
    }


async def opened(caller: Caller, key: str, **changes: Any) -> str:
    """Report a breach; return the incident's id once the CRM has it."""
    answer = await caller.post(INCIDENTS, breach(**changes), key)
    assert answer.status_code == 202, answer.text
    name = str(answer.json()["case_id"])

    async def recorded() -> bool:
        return bool((await caller.get(f"{INCIDENTS}/{name}")).json()["recorded"])

    await eventually(recorded)
    return name


async def do(caller: Caller, name: str, step: str, body: dict[str, Any]) -> dict[str, Any]:
    """Report a step that is accepted; return its receipt."""
    answer = await caller.post(f"{INCIDENTS}/{name}/{step}", body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.clause("HOF-4.3.2")
async def test_a_breach_goes_from_its_report_to_its_end(on_both: Callers) -> None:
    ana, quinn = await on_both.of(Role.CSR), await on_both.of(Role.QUALITY_MANAGER)
    inquiry = await ana.open("letter")
    name = await opened(ana, "letter", case_id=inquiry)
    shown = (await ana.get(f"{INCIDENTS}/{name}")).json()
    assert (shown["stage"], shown["case_id"], shown["actions"]) == ("open", inquiry, [])
    assert shown["text"].startswith("A letter with")
    due = datetime.fromisoformat(shown["regulator_due_at"]["utc"])
    assert due - datetime.fromisoformat(shown["known_at"]["utc"]) == timedelta(hours=72)

    receipt = await do(ana, name, "actions", ACTION)
    assert (receipt["stage"], receipt["missing"]) == ("correcting", ["HOF-6.3"])
    await do(ana, name, "actions/labels/completion", RESULT)
    await do(quinn, name, "regulator-decision", DECISION)
    assert (await do(quinn, name, "closure", CLOSURE))["stage"] == "closed"
    shown = (await ana.get(f"{INCIDENTS}/{name}")).json()
    assert (shown["closed_by"], shown["regulator_decision"]) == (
        "quality_manager", DECISION["reason"],
    )  # fmt: skip
    (action,) = shown["actions"]
    assert (action["done_by"], action["result"]) == ("csr", RESULT["result"])
    entries = (await ana.get(f"{INCIDENTS}/{name}/timeline")).json()["entries"]
    ours = [entry["kind"] for entry in entries if entry["stream"] == name]
    assert ours == [
        "incident.opened", "rung.fired", "action.added", "action.completed",
        "regulator.not_needed", "incident.closed",
    ]  # fmt: skip
    is_problem(await quinn.post(f"{INCIDENTS}/{name}/notes", {"text": "x"}), "case-closed")


async def test_opening_answers_with_the_address_of_the_incident(callers: Callers) -> None:
    ana = await callers.of(Role.CSR)
    answer = await ana.post(INCIDENTS, breach(), "address of an incident")
    opened = answer.json()
    assert answer.headers["Location"] == f"{INCIDENTS}/{opened['case_id']}"
    again = await ana.post(INCIDENTS, breach(), "address of an incident")
    assert (again.json()["case_id"], again.json()["created"]) == (opened["case_id"], False)
    other = await ana.post(INCIDENTS, breach(subject="Other"), "address of an incident")
    is_problem(other, "idempotency-key-reused")
    is_problem(await ana.post(INCIDENTS, breach()), "idempotency-key-missing")
    for link in ("timeline", "escalations", "certificate", "explanation"):
        assert (await ana.get(opened["links"][link])).status_code == 200, link


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"clause": "HOF-99"}, "invalid-value"),
        ({"clause": "nonsense"}, "invalid-request"),
        ({"known_at": "2999-01-01T00:00:00Z"}, "invalid-value"),
        ({"case_id": "inquiry-00000000000000000000"}, "invalid-value"),
        ({"case_id": "incident-00000000000000000000"}, "invalid-request"),
        ({"surprise": 1}, "invalid-request"),
        ({"text": "\x00"}, "invalid-request"),
    ],
)
async def test_a_breach_that_cannot_be_is_refused(
    callers: Callers, changes: dict[str, Any], problem: str
) -> None:
    ana = await callers.of(Role.CSR)
    is_problem(await ana.post(INCIDENTS, breach(**changes), f"cannot be {changes}"[:60]), problem)


async def test_a_refusal_names_the_clause_and_an_action_is_completed_under_its_own_key(
    callers: Callers,
) -> None:
    ana, quinn = await callers.of(Role.CSR), await callers.of(Role.QUALITY_MANAGER)
    name = await opened(quinn, "refused")
    page = f"{INCIDENTS}/{name}"
    is_problem(await quinn.post(f"{page}/closure", CLOSURE), "behind-gate", clause="HOF-6.3")
    own = await quinn.post(f"{page}/regulator-decision", DECISION)
    is_problem(own, "not-allowed", clause="HOF-3.2")
    early = {**NOTICE, "informed_at": "2020-01-01T00:00:00Z"}
    is_problem(await quinn.post(f"{page}/regulator-notice", early), "invalid-value")
    for action in ("one", "two"):
        await do(ana, name, "actions", {**ACTION, "action": action})
    first = await ana.post(f"{page}/actions/one/completion", RESULT, "completed")
    assert first.status_code == 200
    repeated = await ana.post(f"{page}/actions/one/completion", RESULT, "completed")
    assert repeated.json()["seq"] == first.json()["seq"]
    other = await ana.post(f"{page}/actions/two/completion", RESULT, "completed")
    is_problem(other, "idempotency-key-reused")
    is_problem(await ana.post(f"{page}/actions/three/completion", RESULT), "invalid-value")
    is_problem(await ana.post(f"{page}/actions/NO!/completion", RESULT), "case-not-found")


async def test_the_duty_manager_takes_the_escalation(callers: Callers) -> None:
    ana, dora = await callers.of(Role.CSR), await callers.of(Role.DUTY_MANAGER)
    name = await opened(ana, "taken")
    page = f"{INCIDENTS}/{name}/escalations"

    async def paged() -> bool:
        (rung,) = (await ana.get(page)).json()["escalations"]
        return bool(rung["pages"])

    await eventually(paged)
    stale = await dora.post(f"{page}/breach/1/acknowledgement", {"level": 2})
    is_problem(stale, "stale-acknowledgement")
    await do(dora, name, "escalations/breach/1/acknowledgement", {"level": 1})
    (rung,) = (await ana.get(page)).json()["escalations"]
    assert (rung["rung"], rung["clause"], rung["acknowledged_by"]) == (
        "breach", "HOF-6.3", "duty_manager",
    )  # fmt: skip


@pytest.mark.parametrize("role", CALLERS)
async def test_each_role_may_do_about_a_breach_what_the_table_says(
    callers: Callers, role: Role
) -> None:
    caller = await callers.of(role)
    for action, (step, body) in STEPS.items():
        answer = await caller.post(f"{UNKNOWN}/{step}", body)
        assert (answer.status_code == 403) == (role not in PERMITTED[action]), action
        assert answer.status_code in {403, 404}, answer.text
    for action, path in (
        ("read_incident", INCIDENTS),
        ("read_incident", UNKNOWN),
        ("read_incident_reports", REPORTS),
    ):
        answer = await caller.get(path)
        assert (answer.status_code == 403) == (role not in PERMITTED[action]), path
    opens = await caller.post(INCIDENTS, breach(), f"as {role}")
    assert (opens.status_code == 202) == (role in PERMITTED["open_incident"])


async def test_what_does_not_exist_is_not_found(callers: Callers) -> None:
    ana = await callers.of(Role.CSR)
    for path in ("", "/timeline", "/escalations", "/certificate", "/explanation"):
        is_problem(await ana.get(UNKNOWN + path), "case-not-found")
    is_problem(await ana.get(f"{INCIDENTS}/inquiry-00000000000000000000"), "case-not-found")


async def test_incidents_are_listed_by_case_and_page_by_page(on_both: Callers) -> None:
    ana, quinn = await on_both.of(Role.CSR), await on_both.of(Role.QUALITY_MANAGER)
    inquiry = await ana.open("listed")
    names = {await opened(ana, f"listed {n}", case_id=inquiry) for n in range(3)}
    found, query = [], {"case_id": inquiry, "open": "true", "limit": "2"}
    answer = await ana.get(INCIDENTS, **query)
    assert "next" in answer.headers["Link"]
    while True:
        page = answer.json()
        found += [each["incident_id"] for each in page["incidents"]]
        if page["links"]["next"] is None:
            break
        answer = await ana.get(page["links"]["next"])
    assert len(found) == 3
    assert set(found) == names
    done = found[0]
    await do(ana, done, "actions", ACTION)
    await do(ana, done, "actions/labels/completion", RESULT)
    await do(quinn, done, "regulator-decision", DECISION)
    await do(quinn, done, "closure", CLOSURE)
    still = (await ana.get(INCIDENTS, case_id=inquiry, open="true")).json()["incidents"]
    assert {each["incident_id"] for each in still} == names - {done}
    every = (await ana.get(INCIDENTS, case_id=inquiry)).json()["incidents"]
    assert every[-1]["incident_id"] == done  # without a deadline: last
    is_problem(await ana.get(INCIDENTS, cursor="nonsense"), "invalid-value")


@pytest.mark.clause("HOF-7.3")
async def test_reports_are_listed_by_kind_case_and_time_with_their_references(
    on_both: Callers,
) -> None:
    quinn = await on_both.of(Role.QUALITY_MANAGER)
    case_id = "handoff-0000reports0000"
    at = MONDAY - timedelta(days=900)
    written = tuple(
        incident_report(f"{case_id}/{n}", case_id, at=at + timedelta(days=n), kind=kind)
        for n, kind in enumerate(("override", "unacknowledged", "override"))
    )
    batch = FlushBatch(
        stream=case_id, case_id=case_id, outgoing=Outgoing(reports=written), at=datetime.now(UTC)
    )
    await asyncio.to_thread(SqlCrm(on_both.database).flush, batch)
    reference = await asyncio.to_thread(SqlIncidents(on_both.database).file, written[0])

    async def listed(**query: Any) -> list[dict[str, Any]]:
        answer = await quinn.get(REPORTS, case_id=case_id, **query)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["reports"])

    first, second, third = await listed()
    assert (first["reference"], second["reference"]) == (reference, None)
    assert first["filed_at"] is not None
    assert await listed(kind="unacknowledged") == [second]
    span = {"from": second["at"]["utc"], "to": third["at"]["utc"]}
    assert await listed(**span) == [second]
    page = (await quinn.get(REPORTS, case_id=case_id, limit="2")).json()
    assert page["reports"] == [first, second]
    assert (await quinn.get(page["links"]["next"])).json()["reports"] == [third]
    is_problem(await quinn.get(REPORTS, kind="gossip"), "invalid-request")


@pytest.mark.clause("HOF-7.3")
async def test_a_breach_is_among_the_reports_of_the_case_in_which_it_happened(
    callers: Callers,
) -> None:
    ana, auditor = await callers.of(Role.CSR), await callers.of(Role.AUDITOR)
    inquiry = await ana.open("where it happened")
    name = await opened(ana, "where it happened", case_id=inquiry)
    (report,) = (await auditor.get(REPORTS, case_id=inquiry)).json()["reports"]
    assert (report["case_id"], report["kind"], report["clause"]) == (name, "breach", "HOF-5.2")
    assert (await auditor.get(REPORTS, case_id=name)).json()["reports"][0]["kind"] == "breach"


async def test_a_corrective_action_is_among_the_open_tasks(callers: Callers) -> None:
    ana = await callers.of(Role.CSR)
    name = await opened(ana, "task")
    await do(ana, name, "actions", {**ACTION, "owner": "mechanic"})
    (task,) = (await ana.get("/v1/tasks", assignee="mechanic")).json()["tasks"]
    assert (task["kind"], task["links"]["self"]) == ("corrective_action", f"{INCIDENTS}/{name}")
