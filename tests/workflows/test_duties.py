"""Duties on a real server: overdue, escalated, ended by a recorded training, refused."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.duty_reads import DutyReads
from adapters.handoff_reads import HandoffReads
from runtime.case_errors import CaseEndedError, RefusedError, UnknownCaseError
from sop.duty.messages import AddDutyNote, AssignDuty, CompleteDuty
from sop.duty.models import DutyKind, DutyOrder, DutyOutcome, Renewal
from sop.duty.records import DutyRecord
from sop.duty.state import DutyStart
from sop.messages import Acknowledge
from sop.models import Actor, Role
from tests.desk import ANNA, LEADER, QUALITY, Desk, eventually, train

CLEAN = CompleteDuty(actor=QUALITY, outcome=DutyOutcome.NO_FINDING)


async def begin(desk: Desk, duty_id: str, *, days: float, **changes: Any) -> str:
    """Open a duty as a schedule does; its clock is the test's."""
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
            "due_at": datetime.now(UTC) + timedelta(days=days),
            "excluded": ("anna",),
            **changes,
        }
    )
    start = DutyStart(case_id=duty_id, policy=duty, order=order)
    await desk.client.start_workflow("DutyWorkflow", start, id=duty_id, task_queue=desk.task_queue)
    await desk.journal_holds(duty_id, "duty.opened")
    return duty_id


async def row(desk: Desk, duty_id: str) -> DutyRecord:
    found = await asyncio.to_thread(DutyReads(desk.database).duty, duty_id)
    assert found is not None
    return found


@pytest.mark.clause("HOF-6.2", "INQ-8.1")
async def test_an_audit_that_nobody_does_is_escalated_until_it_is_done(desk: Desk) -> None:
    duty_id = await begin(desk, "duty-audit-overdue", days=14)
    await desk.time_passes(duty_id, days=13)
    assert (await row(desk, duty_id)).stage == "open"
    await desk.time_passes(duty_id, days=1)
    await desk.journal_holds(duty_id, "rung.fired")
    await desk.is_paged(duty_id, "quality_manager")
    assert (await row(desk, duty_id)).escalation_level == 1
    taken = Acknowledge(actor=QUALITY, level=1)
    await desk.cases.acknowledge(duty_id, "duty_overdue", 1, taken, key=None)
    receipt = await desk.do(duty_id, CLEAN)
    assert (receipt.stage, receipt.proved) == ("closed", ("HOF-6.2",))
    await desk.journal_holds(duty_id, "escalation.ended")
    done = await row(desk, duty_id)
    assert (done.outcome, done.done_by, done.next_deadline) == ("no_finding", "quinn", None)
    with pytest.raises(CaseEndedError):
        await desk.do(duty_id, CLEAN)


@pytest.mark.clause("HOF-6.2")
async def test_an_audit_by_who_handled_the_case_is_refused_and_leaves_no_event(desk: Desk) -> None:
    duty_id = await begin(desk, "duty-audit-own", days=14, excluded=("quinn",))
    await desk.journal_holds(duty_id, "duty.opened")
    await eventually(lambda: desk.is_idle(duty_id))
    before = await desk.events(duty_id)
    for step in (CLEAN, AssignDuty(actor=LEADER, assignee="quinn")):
        with pytest.raises(RefusedError) as refused:
            await desk.do(duty_id, step)
        assert (refused.value.detail.code, refused.value.detail.clause) == (
            "not-allowed",
            "HOF-6.2",
        )
    assert await desk.events(duty_id) == before
    await desk.do(duty_id, AssignDuty(actor=LEADER, assignee="lena"))
    await desk.do(duty_id, CLEAN.model_copy(update={"actor": LEADER}))


@pytest.mark.clause("HOF-6.2", "HOF-6.3", "HOF-7.3")
async def test_a_breach_that_an_audit_finds_is_reported_and_asks_for_an_incident(
    desk: Desk,
) -> None:
    duty_id = await begin(desk, "duty-audit-breach", days=14)
    breach = CompleteDuty(actor=QUALITY, outcome=DutyOutcome.BREACH, findings="Sent in the open.")
    receipt = await desk.do(duty_id, breach)
    assert receipt.missing == ("HOF-6.3",)
    assert receipt.advice is not None
    assert "Open an incident" in receipt.advice
    (report,) = await asyncio.to_thread(HandoffReads(desk.database).reports, duty_id)
    assert (report.kind, report.reason) == ("audit_finding", "Sent in the open.")


async def remind(desk: Desk, person: Actor, *, days: float) -> str:
    """Open the reminder of somebody's training, which ends in so many days."""
    renewal = Renewal(
        principal=person.principal,
        course="inquiry_handling",
        renewed_from=datetime.now(UTC) - timedelta(days=100),
    )
    return await begin(
        desk,
        f"duty-training-{person.principal}",
        days=days,
        kind=DutyKind.TRAINING_REMINDER,
        clause="INQ-8.2",
        about=person.principal,
        excluded=(),
        renewal=renewal,
    )


@pytest.mark.clause("INQ-8.2", "HOF-6.1")
async def test_a_reminder_ends_by_itself_once_the_training_is_recorded(desk: Desk) -> None:
    person = Actor(principal="ending", role=Role.CSR)
    duty_id = await remind(desk, person, days=30)
    await desk.time_passes(duty_id, days=2)
    assert (await row(desk, duty_id)).stage == "open"
    await asyncio.to_thread(train, desk.database, desk.cases.policy, person)
    await desk.time_passes(duty_id, days=1)
    await desk.journal_holds(duty_id, "duty.completed")
    done = await row(desk, duty_id)
    assert (done.outcome, done.done_by) == ("done", "handrail")


@pytest.mark.clause("INQ-8.2", "HOF-6.1")
async def test_a_training_that_ends_unrenewed_is_escalated(desk: Desk) -> None:
    duty_id = await remind(desk, Actor(principal="ended", role=Role.CSR), days=3)
    await desk.time_passes(duty_id, days=3)
    await desk.is_paged(duty_id, "quality_manager")
    kinds = await desk.kinds(duty_id)
    assert (kinds.count("duty.overdue"), kinds.count("rung.fired")) == (1, 1)


@pytest.mark.clause("INQ-8.2")
async def test_nobody_needs_training_for_a_duty(desk: Desk) -> None:
    untrained = Actor(principal="new-manager", role=Role.QUALITY_MANAGER)
    duty_id = await begin(desk, "duty-audit-untrained", days=14)
    note = AddDutyNote(actor=untrained, text="The file is in the cabinet.")
    await desk.do(duty_id, note)
    with pytest.raises(UnknownCaseError):  # no representative's, and nothing about one
        await desk.do(duty_id, note.model_copy(update={"actor": ANNA}))
    await desk.do(duty_id, CLEAN.model_copy(update={"actor": untrained}))


async def test_a_duty_that_an_operator_cancels_ends_in_order(desk: Desk) -> None:
    duty_id = await begin(desk, "duty-audit-cancelled", days=14)
    await desk.handle(duty_id).cancel()
    await desk.journal_holds(duty_id, "duty.cancelled")

    async def ended() -> bool:
        return (await row(desk, duty_id)).done_at is not None

    await eventually(ended)
