"""The staff's training over HTTP: who records it, who sees it, and what a refusal says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sop.access import PERMITTED
from sop.models import Role
from tests.api.callers import RECEPTION, Caller, Callers, inquiry
from tests.api.test_problems import is_problem

COURSE = "inquiry_handling"
LONG_AGO = "2020-02-01T10:00:00Z"


def path(principal: str, course: str = COURSE) -> str:
    """Return where a training is recorded."""
    return f"/v1/staff/{principal}/training/{course}"


async def put(caller: Caller, where: str, completed_at: str, **more: Any) -> Any:
    """Record a training."""
    return await caller.http.put(where, json={"completed_at": completed_at, **more})


async def a_newcomer(callers: Callers, principal: str) -> Caller:
    """Return a representative without any training."""
    made = callers.keys.create(principal, Role.CSR)
    return await callers.bearing(made.token.get_secret_value())


def days_ago(days: float) -> str:
    """Return a moment before now."""
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


@pytest.mark.clause("INQ-8.2")
async def test_a_step_without_training_is_refused_until_the_training_is_recorded(
    on_both: Callers,
) -> None:
    leader, new = await on_both.of(Role.TEAM_LEADER), await a_newcomer(on_both, "first-day")
    answer = await new.post("/v1/inquiries", inquiry(), "first day")
    is_problem(answer, "untrained", clause="INQ-8.2")
    assert COURSE in answer.json()["detail"]
    case_id = await leader.open("somebody else's")
    step = await new.post(f"/v1/inquiries/{case_id}/reception", {"reception": RECEPTION})
    is_problem(step, "untrained", clause="INQ-8.2")

    is_problem(await new.post("/v1/inquiries", inquiry(), "first day"), "untrained")
    assert (await put(leader, path("first-day"), days_ago(0.01))).status_code == 200
    await new.open("first day")


@pytest.mark.clause("INQ-8.2", "HOF-6.1")
async def test_an_expired_training_is_refused_as_well(callers: Callers) -> None:
    operator, old = await callers.of(Role.OPERATOR), await a_newcomer(callers, "long-away")
    answer = await put(operator, path("long-away"), LONG_AGO, evidence="a paper file")
    assert answer.status_code == 200
    standing = {course["course"]: course["standing"] for course in answer.json()["courses"]}
    assert standing == {COURSE: "expired", "identification_and_handoff": "missing"}
    refused = await old.post("/v1/inquiries", inquiry(), "long away")
    is_problem(refused, "untrained", clause="INQ-8.2")
    assert "counts no more" in refused.json()["detail"]


async def test_the_same_training_again_changes_nothing(on_both: Callers) -> None:
    leader, manager = await on_both.of(Role.TEAM_LEADER), await on_both.of(Role.DUTY_MANAGER)
    first = await put(leader, path("twice"), LONG_AGO, evidence="certificate 7")
    again = await put(manager, path("twice"), LONG_AGO)
    assert first.json() == again.json()
    (record,) = again.json()["records"]
    assert (record["recorded_by"], record["evidence"]) == ("team_leader", "certificate 7")


@pytest.mark.clause("INQ-8.2", "HOF-6.1")
async def test_nobody_records_their_own_training(callers: Callers) -> None:
    for role in PERMITTED["record_training"]:
        caller = await callers.of(role)
        is_problem(await put(caller, path(role), LONG_AGO), "not-allowed", clause="INQ-8.2")


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SYSTEM])
async def test_who_records_and_who_sees_training_is_what_the_table_says(
    callers: Callers, role: Role
) -> None:
    caller = await callers.of(role)
    asked = {
        "record_training": await put(caller, path("table"), LONG_AGO),
        "list_expiring_training": await caller.get("/v1/staff/table/training"),
        "read_training": await caller.get(f"/v1/staff/{role}/training"),
    }
    for action, answer in asked.items():
        assert (answer.status_code == 200) == (role in PERMITTED[action]), action
        if answer.status_code != 200:
            is_problem(answer, "not-allowed")
    listed = await caller.get("/v1/staff/training/expiring")
    assert (listed.status_code == 200) == (role in PERMITTED["list_expiring_training"])


@pytest.mark.clause("INQ-8.2", "HOF-6.1")
async def test_supervisors_see_who_expires_within_thirty_days(on_both: Callers) -> None:
    leader = await on_both.of(Role.TEAM_LEADER)
    for principal, days in (("later", 334), ("second", 340), ("first", 360), ("over", 366)):
        await put(leader, path(principal), days_ago(days))
    names = ["later", "second", "first", "over"]

    async def listed(**query: str) -> list[str]:
        answer = await leader.get("/v1/staff/training/expiring", **query)
        assert answer.status_code == 200, answer.text
        found = [each["principal"] for each in answer.json()["expiring"]]
        return [name for name in found if name in names]

    assert await listed() == await listed(within="30d") == ["first", "second"]
    assert await listed(within="10d") == ["first"]
    assert await listed(within="9999d") == ["first", "second", "later"]
    await put(leader, path("first"), days_ago(1))
    assert await listed() == ["second"]


async def test_what_cannot_be_recorded_is_told(callers: Callers) -> None:
    leader = await callers.of(Role.TEAM_LEADER)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    is_problem(await put(leader, path("nobody-yet"), tomorrow), "invalid-value")
    is_problem(await put(leader, path("nobody-yet", "juggling"), LONG_AGO), "invalid-value")
    is_problem(await put(leader, path("nobody-yet"), "yesterday"), "invalid-request")
    is_problem(await put(leader, path("Anna%20Schmidt"), LONG_AGO), "invalid-request")
    is_problem(await put(leader, path("nobody-yet", "1"), LONG_AGO), "invalid-request")
    is_problem(await put(leader, path("nobody-yet"), LONG_AGO, grade="A"), "invalid-request")
    is_problem(await leader.get("/v1/staff/training/expiring", within="a month"), "invalid-request")
    assert (await leader.get("/v1/staff/nobody-yet/training")).json()["records"] == []
