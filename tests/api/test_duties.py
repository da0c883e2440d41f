"""Duties over HTTP: who sees which, what came of them, and who is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sop.duty.models import DutyKind, DutyOrder
from sop.duty.state import DutyStart
from sop.models import Role
from tests.api.callers import Callers
from tests.api.test_problems import is_problem
from tests.desk import Desk

NOBODYS = "/v1/duties/duty-audit-2026-10-inquiry-0123456789"


async def begin(desk: Desk, duty_id: str, **changes: Any) -> str:
    """Open a duty as a schedule does; return its address."""
    duty = desk.cases.policy.duty
    assert duty is not None
    order = DutyOrder(
        **{
            "duty_id": duty_id,
            "kind": DutyKind.AUDIT,
            "clause": "HOF-6.2",
            "subject": "Audit inquiry-0123456789.",
            "about": "inquiry-0123456789",
            "role": Role.QUALITY_MANAGER,
            "due_at": datetime.now(UTC) + timedelta(days=14),
            **changes,
        }
    )
    start = DutyStart(case_id=duty_id, policy=duty, order=order)
    await desk.client.start_workflow("DutyWorkflow", start, id=duty_id, task_queue=desk.task_queue)
    await desk.journal_holds(duty_id, "duty.opened")
    return f"/v1/duties/{duty_id}"


@pytest.mark.clause("HOF-6.2", "HOF-6.3")
async def test_an_audit_is_assigned_noted_and_ends_with_a_breach(
    callers: Callers, desk: Desk
) -> None:
    page = await begin(desk, "duty-audit-api")
    quality, leader = await callers.of(Role.QUALITY_MANAGER), await callers.of(Role.TEAM_LEADER)
    shown = (await quality.get(page)).json()
    assert (shown["stage"], shown["kind"], shown["outcome"]) == ("open", "audit", None)
    assigned = await leader.post(f"{page}/assignment", {"assignee": "quality_manager"})
    assert assigned.status_code == 200, assigned.text
    assert (await quality.post(f"{page}/notes", {"text": "The brief is missing."})).is_success
    silent = await quality.post(f"{page}/completion", {"outcome": "breach"})
    is_problem(silent, "invalid-value")
    body = {"outcome": "breach", "findings": "It was sent in the open."}
    done = await quality.post(f"{page}/completion", body, "breach")
    assert done.status_code == 200, done.text
    assert (done.json()["stage"], done.json()["missing"]) == ("closed", ["HOF-6.3"])
    assert "Open an incident" in done.json()["advice"]
    assert (await quality.post(f"{page}/completion", body, "breach")).json() == done.json()
    is_problem(await quality.post(f"{page}/completion", body), "case-closed")
    entries = (await quality.get(f"{page}/timeline")).json()["entries"]
    assert [entry["kind"] for entry in entries] == [
        "duty.opened",
        "duty.assigned",
        "note.added",
        "duty.completed",
    ]


@pytest.mark.clause("HOF-6.2")
async def test_nobody_audits_their_own_case_over_http(callers: Callers, desk: Desk) -> None:
    page = await begin(desk, "duty-audit-api-own", excluded=("quality_manager",))
    quality = await callers.of(Role.QUALITY_MANAGER)
    refused = await quality.post(f"{page}/completion", {"outcome": "no_finding"})
    is_problem(refused, "not-allowed")
    assert refused.json()["clause"] == "HOF-6.2"
    manager = await callers.of(Role.DUTY_MANAGER)
    assert (await manager.post(f"{page}/completion", {"outcome": "no_finding"})).is_success


@pytest.mark.clause("HOF-5.3")
async def test_a_representative_sees_no_duties_but_their_own(callers: Callers, desk: Desk) -> None:
    page = await begin(desk, "duty-audit-api-hidden")
    own = await begin(desk, "duty-audit-api-mine", about="csr")
    csr, auditor = await callers.of(Role.CSR), await callers.of(Role.AUDITOR)
    for path in (page, f"{page}/timeline", NOBODYS):
        is_problem(await csr.get(path), "case-not-found")
    is_problem(await csr.post(f"{page}/notes", {"text": "x"}), "case-not-found")
    assert (await csr.get(own)).json()["duty_id"] == "duty-audit-api-mine"
    listed = (await csr.get("/v1/duties", kind="audit", open=True)).json()["duties"]
    seen = {duty["duty_id"] for duty in listed}
    assert "duty-audit-api-mine" in seen
    assert "duty-audit-api-hidden" not in seen
    assert all("csr" in {duty["about"], duty["assignee"]} for duty in listed)
    all_of_them = (await auditor.get("/v1/duties", limit=200)).json()["duties"]
    assert len(all_of_them) > len(listed)
    refused = await csr.post(f"{own}/completion", {"outcome": "no_finding"})
    is_problem(refused, "not-allowed")
    service = await callers.of(Role.SERVICE)
    is_problem(await service.get("/v1/duties"), "not-allowed")
    is_problem(await auditor.post(f"{page}/completion", {"outcome": "done"}), "not-allowed")


async def test_duties_come_in_pages_and_what_is_unknown_is_said_so(
    callers: Callers, desk: Desk
) -> None:
    for number in range(2):
        await begin(desk, f"duty-audit-api-page-{number}")
    manager = await callers.of(Role.DUTY_MANAGER)
    page = (await manager.get("/v1/duties", limit=1)).json()
    following = await manager.get(page["links"]["next"])
    assert following.json()["duties"] != page["duties"]
    is_problem(await manager.get("/v1/duties", cursor="nonsense"), "invalid-value")
    is_problem(await manager.get("/v1/duties", kind="party"), "invalid-request")
    is_problem(await manager.get(NOBODYS), "case-not-found")
    is_problem(
        await manager.post(f"{NOBODYS}/completion", {"outcome": "no_finding"}), "case-not-found"
    )
    is_problem(await manager.post(f"{NOBODYS}/notes", {"text": "x", "more": 1}), "invalid-request")
    acknowledgement = f"{NOBODYS}/escalations/duty_overdue/1/acknowledgement"
    is_problem(await manager.post(acknowledgement, {"level": 1}), "case-not-found")
