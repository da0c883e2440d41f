"""Opening a case once, and reading the cases as the CRM has them."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from sop.models import Role
from tests.api.callers import BILLING, RESOLVED, VERIFIED, Callers, inquiry
from tests.desk import Desk, eventually

KEYS_OF_A_MOMENT = {"utc", "local"}


async def test_opening_answers_with_the_address_of_the_case_and_of_its_page_in_temporal(
    callers: Callers,
) -> None:
    ana = await callers.of(Role.CSR)
    answer = await ana.post("/v1/inquiries", inquiry(), "address")
    opened = answer.json()
    page = f"/v1/inquiries/{opened['case_id']}"
    assert answer.status_code == 202
    assert answer.headers["Location"] == opened["links"]["self"] == page
    assert answer.headers["Link"] == f'<{opened["links"]["temporal"]}>; rel="monitor"'
    assert opened["links"]["temporal"].endswith(f"/workflows/{opened['case_id']}")


async def test_fifty_parallel_requests_with_one_key_open_one_case(
    callers: Callers, desk: Desk
) -> None:
    ana = await callers.of(Role.CSR)
    answers = await asyncio.gather(
        *(ana.post("/v1/inquiries", inquiry(), "fifty at once") for _ in range(50))
    )
    assert {answer.status_code for answer in answers} == {202}
    (case_id,) = {answer.json()["case_id"] for answer in answers}
    assert [answer.json()["created"] for answer in answers].count(True) == 1
    await desk.journal_holds(case_id, "inquiry.opened")
    assert (await desk.kinds(case_id)).count("inquiry.opened") == 1


async def test_the_same_key_opens_the_same_case_even_when_it_is_closed(on_both: Callers) -> None:
    ana = await on_both.of(Role.CSR)
    case_id = await ana.open("opened and closed")
    await ana.do(case_id, "withdrawal", {"reason": "The customer found the receipt."})
    assert await ana.open("opened and closed") == case_id


async def test_the_same_key_of_another_caller_opens_another_case(callers: Callers) -> None:
    ana, lena = await callers.of(Role.CSR), await callers.of(Role.TEAM_LEADER)
    assert await ana.open("shared key") != await lena.open("shared key")


async def test_spelling_out_a_default_is_the_same_request(callers: Callers) -> None:
    ana = await callers.of(Role.CSR)
    spelt = {**BILLING, "complex": False, "general_information": False}
    assert await ana.open("default") == await ana.open("default", classification=spelt)


async def test_a_step_with_the_same_key_is_done_once(callers: Callers, desk: Desk) -> None:
    ana = await callers.of(Role.CSR)
    case_id = await ana.open("a note once")
    page, note = f"/v1/inquiries/{case_id}/notes", {"text": "Called back at noon."}
    answers = await asyncio.gather(*(ana.post(page, note, "one note") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["seq"] for answer in answers}) == 1
    assert (await desk.kinds(case_id)).count("note.added") == 1


async def test_a_step_without_a_key_is_done_each_time(callers: Callers, desk: Desk) -> None:
    ana = await callers.of(Role.CSR)
    case_id = await ana.open("a note twice")
    for _ in range(2):
        await ana.do(case_id, "notes", {"text": "Called back at noon."})
    assert (await desk.kinds(case_id)).count("note.added") == 2


@pytest.mark.clause("INQ-4.2.3")
async def test_times_are_shown_in_utc_and_as_the_desk_reads_them(on_both: Callers) -> None:
    ana = await on_both.of(Role.CSR)
    case_id = await ana.open("times")
    await ana.do(case_id, "verification", VERIFIED)
    shown = (await ana.get(f"/v1/inquiries/{case_id}")).json()
    for name in ("received_at", "opened_at", "updated_at", "next_deadline"):
        assert shown[name].keys() == KEYS_OF_A_MOMENT, name
        moment = datetime.fromisoformat(shown[name]["utc"])
        assert moment.utcoffset() == timedelta(0)
        assert shown[name]["local"].endswith(("CET", "CEST"))
    assert shown["text"] == inquiry()["text"]
    assert shown["customer"]["name"] == "Carla Client"


async def test_the_list_is_filtered_and_its_pages_follow_one_another(on_both: Callers) -> None:
    ana, leader = await on_both.of(Role.CSR), await on_both.of(Role.TEAM_LEADER)
    mine = {await ana.open(f"listed {number}", assignee="lister") for number in range(5)}
    for case_id in mine:
        await ana.do(case_id, "verification", VERIFIED)
    seen: list[str] = []
    path: str | None = "/v1/inquiries?assignee=lister&limit=2"
    pages = 0
    while path is not None:
        answer = await leader.get(path)
        assert answer.status_code == 200
        assert (answer.links.get("next", {}).get("url")) == answer.json()["links"]["next"]
        cases = answer.json()["cases"]
        due = [case["next_deadline"]["utc"] for case in cases]
        assert all(earlier <= later for earlier, later in pairwise(due))
        seen += [case["case_id"] for case in cases]
        path, pages = answer.json()["links"]["next"], pages + 1
    assert (sorted(seen), pages) == (sorted(mine), 3)


async def test_each_filter_leaves_out_what_it_should(on_both: Callers) -> None:
    ana = await on_both.of(Role.CSR)
    technical = {"category": "technical", "priority": "low"}
    first = await ana.open("filter 1", assignee="filterer", classification=technical)
    second = await ana.open("filter 2", assignee="filterer")
    await ana.do(first, "verification", VERIFIED)
    await ana.do(second, "withdrawal", {"reason": "The customer found the receipt."})
    soon = (datetime.now(UTC) + timedelta(hours=30)).isoformat()

    async def found(**query: str) -> set[str]:
        answer = await ana.get("/v1/inquiries", assignee="filterer", **query)
        assert answer.status_code == 200, answer.text
        return {case["case_id"] for case in answer.json()["cases"]}

    assert await found() == {first, second}
    assert await found(stage="in_progress") == {first}
    assert await found(stage="closed") == {second}
    assert await found(category="technical") == {first}
    assert await found(priority="standard") == {second}
    assert await found(open="true") == {first}
    assert await found(due_before=soon) == {first}
    assert await found(due_before="2020-01-01T00:00:00Z") == set()


@pytest.mark.clause("INQ-4.5.1")
async def test_the_timeline_tells_everything_that_was_accepted(on_both: Callers) -> None:
    ana = await on_both.of(Role.CSR)
    case_id = await ana.open("timeline")
    await ana.do(case_id, "verification", VERIFIED)
    await ana.do(case_id, "waits", {"question": "Which of the two amounts is yours?"})
    await ana.do(case_id, "resumption", {"reason": "The receipt tells."})
    await ana.do(case_id, "assignment", {"assignee": "ben"})
    in_two_days = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    await ana.do(case_id, "promises", {"answer_by": in_two_days, "contact": "Ben"})
    last = await ana.do(case_id, "notes", {"text": "Receipt requested."})
    entries = (await ana.get(f"/v1/inquiries/{case_id}/timeline")).json()["entries"]
    assert [entry["seq"] for entry in entries] == list(range(1, last["seq"] + 1))
    assert {entry["kind"] for entry in entries} >= {
        "inquiry.opened", "verification.recorded", "wait.started", "wait.ended",
        "inquiry.assigned", "promise.made", "note.added",
    }  # fmt: skip
    assert {entry["actor"]["principal"] for entry in entries} == {"csr"}


@pytest.mark.clause("INQ-6.1")
async def test_an_urgent_case_shows_its_escalation_which_a_leader_takes(on_both: Callers) -> None:
    ana, leader = await on_both.of(Role.CSR), await on_both.of(Role.TEAM_LEADER)
    urgent = {**BILLING, "priority": "urgent"}
    case_id = await ana.open("urgent", classification=urgent)
    page = f"/v1/inquiries/{case_id}/escalations"

    async def escalation() -> dict[str, object]:
        found = (await leader.get(page)).json()["escalations"]
        return dict(found[0]) if found else {}

    async def paged() -> bool:
        return (await escalation()).get("pages") == 1

    await eventually(paged)
    taken = await leader.post(f"{page}/urgent/1/acknowledgement", {"level": 1})
    assert taken.status_code == 200, taken.text
    assert (await escalation())["acknowledged_by"] == "team_leader"


@pytest.mark.clause("INQ-4.4.4")
async def test_a_representative_escalates_by_hand(callers: Callers) -> None:
    ana = await callers.of(Role.CSR)
    case_id = await ana.open("by hand")
    reason = "The customer threatens to leave."
    receipt = await ana.do(case_id, "escalations", {"rung": "complaint", "reason": reason})
    assert receipt["recorded"]
    found = (await ana.get(f"/v1/inquiries/{case_id}/escalations")).json()["escalations"]
    assert [(rung["rung"], rung["role"]) for rung in found] == [("complaint", "quality_manager")]


@pytest.mark.clause("INQ-4.6.1")
async def test_a_follow_up_that_is_due_is_an_open_task(callers: Callers, desk: Desk) -> None:
    ana = await callers.of(Role.CSR)
    case_id = await ana.open("task", assignee="caller-back")
    await ana.do(case_id, "verification", VERIFIED)
    await ana.do(case_id, "resolution", RESOLVED)
    await desk.time_passes(case_id, days=1, minutes=1)

    async def opened() -> bool:
        found = await ana.get("/v1/tasks", assignee="caller-back")
        return [task["case_id"] for task in found.json()["tasks"]] == [case_id]

    await eventually(opened)


@pytest.mark.clause("HOF-8")
async def test_a_leader_moves_a_case_to_the_policy_in_force(callers: Callers) -> None:
    ana, leader = await callers.of(Role.CSR), await callers.of(Role.TEAM_LEADER)
    case_id = await ana.open("policy")
    await leader.do(case_id, "policy", {"reason": "The matrix has changed."})
    entries = (await leader.get(f"/v1/inquiries/{case_id}/timeline")).json()["entries"]
    in_force = (await leader.get("/v1/policy")).json()["version"]
    assert entries[-1]["kind"] == "policy.adopted"
    assert entries[-1]["detail"]["to_version"] == in_force


async def test_a_case_is_closed_as_the_duplicate_of_one_that_exists(on_both: Callers) -> None:
    ana = await on_both.of(Role.CSR)
    first, second = await ana.open("original"), await ana.open("duplicate")
    body = {"duplicate_of": first, "reason": "The same e-mail came twice."}
    assert (await ana.do(second, "duplicate", body))["stage"] == "closed"
    assert (await ana.get(f"/v1/inquiries/{second}")).json()["duplicate_of"] == first


async def test_the_policy_shows_the_matrix_in_force(callers: Callers, desk: Desk) -> None:
    auditor = await callers.of(Role.AUDITOR)
    shown = (await auditor.get("/v1/policy")).json()
    assert shown["version"] == desk.cases.policy.version
    matrix = {rung["rung"]: (rung["after"], rung["to"]) for rung in shown["escalation"]}
    assert matrix["complaint"] == ("PT12H", "quality_manager")


@pytest.mark.clause("HOF-4.2.4", "HOF-4.2.5", "HOF-6.2", "HOF-6.3", "HOF-7.1", "HOF-7.2", "HOF-7.3")
async def test_the_policy_shows_the_rules_of_handoffs_and_breaches(callers: Callers) -> None:
    auditor = await callers.of(Role.AUDITOR)
    shown = (await auditor.get("/v1/policy")).json()
    handoff, incident = shown["handoff"], shown["incident"]
    assert handoff["channels"] == ["crm", "courier", "encrypted_email"]
    assert (handoff["remind_every"], handoff["return_after"]) == ("PT4H", "P1D")
    assert [rung["rung"] for rung in handoff["escalation"]] == [
        "discrepancy",
        "acknowledgement",
        "returned",
    ]
    assert shown["identification"]["attempts_per_call"] == 3
    assert (incident["regulator_within"], incident["warn_at"]) == ("P3D", [0.5, 0.75, 0.9])
    assert [rung["to"] for rung in incident["escalation"]] == ["duty_manager"]
    assert [rung["rung"] for rung in shown["duty"]["escalation"]] == ["duty_overdue"]
    assert shown["audit"] == {"sample": 5, "to": "quality_manager", "within": "P14D"}
    assert [course["procedures"] for course in shown["training"]["courses"]] == [["INQ"], ["HOF"]]
    assert shown["review"] == {"every": "P1Y", "within": "P30D"}
    assert shown["retention"] == {
        "inquiry": 12,
        "verification": 36,
        "handoff": 36,
        "incident": 60,
        "history_days": 30,
        "access_log": 36,
        "legal_basis": {
            "inquiry": "none",
            "verification": "legal_claims",
            "handoff": "legal_claims",
            "incident": "legal_obligation",
        },
    }
