"""The clocks and the escalation on a real server, with skipped time (INQ-6)."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest

from runtime.case_errors import RefusedError
from runtime.devserver import DevServer
from sop import messages as m
from sop.models import EscalationRecord, FollowUpOutcome, Priority
from sop.policy import Policy
from tests.desk import (
    ANNA,
    CONFIRMED,
    EXPERT,
    LEADER,
    QUALITY,
    RESOLVED,
    VERIFIED,
    Desk,
    a_desk,
    a_worker,
    eventually,
    sqlite_url,
)
from workflows.escalating import escalation_id


@pytest.mark.clause("INQ-6.3", "INQ-4.4.4")
async def test_an_untouched_complaint_reaches_the_quality_manager_at_12_hours_and_not_before(
    desk: Desk,
) -> None:
    case_id = await desk.open("untouched complaint", category="complaint")
    await desk.time_passes(case_id, hours=11, minutes=59)
    assert await desk.paged(case_id) == []
    await desk.time_passes(case_id, minutes=1)
    await desk.is_paged(case_id, "quality_manager")
    fired = await _fired(desk, case_id, "complaint")
    assert fired.fired_at is not None
    assert fired.due_at is not None
    assert fired.lateness is not None
    assert timedelta(0) <= fired.lateness < timedelta(minutes=1)


@pytest.mark.clause("INQ-6.2")
@pytest.mark.parametrize(("category", "is_complex"), [("technical", False), ("billing", True)])
async def test_an_untouched_technical_or_complex_case_reaches_the_expert_at_24_hours(
    desk: Desk, category: str, is_complex: bool
) -> None:
    case_id = await desk.open(f"untouched {category}", category=category, complex=is_complex)
    await desk.time_passes(case_id, hours=23, minutes=59)
    assert await desk.paged(case_id) == []
    await desk.time_passes(case_id, minutes=1)
    await desk.is_paged(case_id, "subject_matter_expert")


@pytest.mark.clause("INQ-6.1")
async def test_an_urgent_case_reaches_the_team_leader_in_its_first_workflow_task(
    desk: Desk,
) -> None:
    case_id = await desk.open("urgent", priority=Priority.URGENT)
    await desk.is_paged(case_id, "team_leader")
    events = await desk.events(case_id)
    child = events.index("start_child_workflow_execution_initiated")
    assert events[:child].count("workflow_task_completed") == 1


@pytest.mark.clause("INQ-4.4.3", "INQ-6.1")
async def test_a_promise_that_passes_unanswered_goes_to_the_team_leader_at_once(
    desk: Desk,
) -> None:
    case_id = await desk.open("broken promise")
    now = await desk.now(case_id)
    promise = m.Promise(actor=ANNA, answer_by=now + timedelta(hours=4), contact="the desk")
    assert (await desk.do(case_id, VERIFIED, promise)).stage == "promised"
    await desk.time_passes(case_id, hours=4, seconds=1)
    await desk.is_paged(case_id, "team_leader")
    assert "promise.broken" in await desk.kinds(case_id)


@pytest.mark.clause("INQ-4.4.3")
async def test_a_promise_that_is_kept_escalates_nothing(desk: Desk) -> None:
    case_id = await desk.open("kept promise")
    now = await desk.now(case_id)
    promise = m.Promise(actor=ANNA, answer_by=now + timedelta(hours=4), contact="the desk")
    await desk.do(case_id, VERIFIED, promise, m.Respond(actor=ANNA, text="It is on its way."))
    await desk.time_passes(case_id, hours=5)
    assert "promise.broken" not in await desk.kinds(case_id)
    assert await desk.paged(case_id) == []


@pytest.mark.clause("INQ-4.6.2", "INQ-6.1")
async def test_an_unhappy_follow_up_opens_the_case_again_and_goes_to_the_team_leader(
    desk: Desk,
) -> None:
    case_id = await desk.open("unhappy")
    await desk.do(case_id, VERIFIED, RESOLVED)
    unhappy = m.RecordFollowUp(
        actor=ANNA, outcome=FollowUpOutcome.DISSATISFIED, feedback="Still wrong."
    )
    assert (await desk.do(case_id, unhappy)).stage == "in_progress"
    await desk.is_paged(case_id, "team_leader")
    closed = await desk.do(case_id, RESOLVED, CONFIRMED)
    assert closed.stage == "closed"


@pytest.mark.clause("INQ-6.1")
async def test_a_problem_reported_again_after_resolution_goes_to_the_team_leader(
    desk: Desk,
) -> None:
    case_id = await desk.open("again")
    again = m.CustomerReplied(actor=ANNA, text="It is back.", problem_persists=True)
    await desk.do(case_id, VERIFIED, RESOLVED, again)
    await desk.is_paged(case_id, "team_leader")


@pytest.mark.clause("INQ-4.4.4")
async def test_a_representative_escalates_sooner_by_hand_and_not_twice(
    desk: Desk,
) -> None:
    case_id = await desk.open("by hand", category="technical")
    step = m.Escalate(actor=ANNA, rung="technical", reason="Needs the network people.")
    await desk.do(case_id, step)
    await desk.is_paged(case_id, "subject_matter_expert")
    with pytest.raises(RefusedError, match="wrong-stage"):
        await desk.do(case_id, step)
    assert (await desk.kinds(case_id)).count("rung.fired") == 1


@pytest.mark.clause("INQ-6.3")
async def test_a_page_repeats_climbs_and_stops_when_a_person_takes_it(desk: Desk) -> None:
    case_id = await desk.open("climbing", category="complaint")
    await desk.time_passes(case_id, hours=12)
    await desk.is_paged(case_id, "quality_manager")
    page = escalation_id(case_id, "complaint", 1)
    await desk.time_passes(page, minutes=15)
    await desk.is_paged(case_id, "quality_manager", "quality_manager")
    await desk.time_passes(page, minutes=15)
    await desk.is_paged(case_id, "quality_manager", "quality_manager", "duty_manager")

    stale = m.Acknowledge(actor=QUALITY, level=1)
    with pytest.raises(RefusedError) as refused:
        await desk.cases.acknowledge(case_id, "complaint", 1, stale, key=None)
    assert refused.value.detail.code == "stale-acknowledgement"
    taken = m.Acknowledge(actor=QUALITY, level=2)
    await desk.cases.acknowledge(case_id, "complaint", 1, taken, key=None)
    await desk.time_passes(page, hours=3)
    assert len(await desk.paged(case_id)) == 3

    async def held() -> bool:
        case = await asyncio.to_thread(desk.reads.case, case_id)
        return case is not None and case.holder == "quinn"

    async def renewed() -> bool:
        return "workflow_execution_signaled" in await desk.events(page)

    await eventually(held)
    await desk.do(case_id, m.AddNote(actor=QUALITY, text="Looking into it."))
    await eventually(renewed)
    await desk.time_passes(page, hours=3)  # the note renewed the lease
    assert len(await desk.paged(case_id)) == 3
    await desk.time_passes(page, hours=2)
    await desk.journal_holds(case_id, "acknowledgement.expired")
    assert len(await desk.paged(case_id)) > 3


@pytest.mark.clause("INQ-6.2")
async def test_a_resolved_case_takes_its_page_back(desk: Desk) -> None:
    case_id = await desk.open("stood down", category="technical")
    await desk.time_passes(case_id, hours=24)
    await desk.is_paged(case_id, "subject_matter_expert")
    await desk.do(case_id, VERIFIED, RESOLVED)
    await desk.journal_holds(case_id, "escalation.ended")
    await desk.handle(escalation_id(case_id, "technical", 1)).result()
    topics = [x.topic for x in desk.reads.outbox(case_id=case_id) if x.topic.startswith("page")]
    assert topics == ["page", "page.cancelled"]
    late = m.Acknowledge(actor=EXPERT, level=1)
    with pytest.raises(RefusedError, match="stale-acknowledgement"):
        await desk.cases.acknowledge(case_id, "technical", 1, late, key=None)


@pytest.mark.clause("INQ-6.1")
async def test_an_escalation_whose_case_was_terminated_ends_by_itself(desk: Desk) -> None:
    case_id = await desk.open("terminated", priority=Priority.URGENT)
    await desk.is_paged(case_id, "team_leader")
    await desk.handle(case_id).terminate("by an operator")
    page = escalation_id(case_id, "urgent", 1)
    await desk.time_passes(page, hours=3)
    await desk.handle(page).result()
    assert "escalation.ended" in await desk.kinds(case_id)


async def test_a_case_cancelled_in_temporal_is_withdrawn_in_order(desk: Desk) -> None:
    case_id = await desk.open("cancelled", priority=Priority.URGENT)
    await desk.is_paged(case_id, "team_leader")
    await desk.handle(case_id).cancel()
    outcome = await desk.handle(case_id).result()
    assert outcome["closed_as"] == "withdrawn"
    await desk.handle(escalation_id(case_id, "urgent", 1)).result()
    case = desk.reads.case(case_id)
    assert case is not None
    assert case.stage == "closed"


@pytest.mark.clause("INQ-6.1")
async def test_an_escalation_cancelled_in_temporal_stops_paging_and_its_case_knows(
    desk: Desk,
) -> None:
    case_id = await desk.open("page cancelled", priority=Priority.URGENT)
    await desk.is_paged(case_id, "team_leader")
    page = desk.handle(escalation_id(case_id, "urgent", 1))
    await page.cancel()
    await page.result()

    async def known() -> bool:
        case = await asyncio.to_thread(desk.reads.case, case_id)
        return case is not None and case.escalation_level == 0

    await eventually(known)
    (record,) = desk.reads.escalations(case_id)
    assert record.ended_because == "cancelled by an operator"
    again = m.Escalate(actor=ANNA, rung="urgent", reason="The customer called again.")
    await desk.do(case_id, again)
    await desk.is_paged(case_id, "team_leader", "team_leader")


@pytest.mark.clause("INQ-6.1")
async def test_a_case_that_an_operator_resets_goes_on_with_the_escalation_that_it_has(
    desk: Desk,
) -> None:
    case_id = await desk.open("reset", priority=Priority.URGENT)
    await desk.is_paged(case_id, "team_leader")
    case = await desk.handle(case_id).describe()
    await desk.client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=desk.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=case_id, run_id=case.run_id),
            reason="by an operator",
            workflow_task_finish_event_id=3,
            request_id="reset",
        )
    )
    assert (await desk.do(case_id, VERIFIED, RESOLVED, CONFIRMED)).stage == "closed"
    await desk.handle(escalation_id(case_id, "urgent", 1)).result()
    assert await desk.paged(case_id) == ["team_leader"]


@pytest.mark.clause("INQ-6.3")
async def test_an_answered_case_is_not_escalated_when_its_worker_returns_late(
    server: DevServer, policy: Policy, tmp_path: Path
) -> None:
    async with a_desk(
        server, sqlite_url(tmp_path), "late", _unwarned(policy), staffed=False
    ) as desk:
        async with a_worker(desk):
            case_id = await desk.open("late worker", category="complaint")
            await desk.do(case_id, VERIFIED)
        await desk.time_passes(case_id, hours=12)
        assert "timer_fired" in await desk.events(case_id)
        answer = asyncio.create_task(desk.do(case_id, RESOLVED))
        await _is_admitted(desk, case_id)
        async with a_worker(desk):
            assert (await answer).stage == "follow_up"
        assert "rung.fired" not in await desk.kinds(case_id)
        assert await desk.paged(case_id) == []
        resolved = next(e for e in desk.reads.timeline(case_id) if e.kind == "inquiry.resolved")
        assert resolved.detail["overdue"] == ["complaint-1"]


@pytest.mark.clause("INQ-6.3")
async def test_a_rung_that_fell_due_while_no_worker_ran_fires_once_and_says_how_late(
    server: DevServer, policy: Policy, tmp_path: Path
) -> None:
    async with a_desk(
        server, sqlite_url(tmp_path), "away", _unwarned(policy), staffed=False
    ) as desk:
        async with a_worker(desk):
            case_id = await desk.open("worker away", category="complaint")
            await desk.journal_holds(case_id, "inquiry.opened")
        await desk.time_passes(case_id, hours=12)
        async with a_worker(desk):
            await desk.is_paged(case_id, "quality_manager")
        fired = await _fired(desk, case_id, "complaint")
        assert fired.due_at is not None
        assert fired.fired_at is not None
        assert fired.lateness == fired.fired_at - fired.due_at


@pytest.mark.clause("INQ-4.2.1", "INQ-6.3")
async def test_a_corrected_category_fires_at_once_what_is_already_due_from_receipt(
    desk: Desk,
) -> None:
    case_id = await desk.open("corrected", category="billing")
    await desk.time_passes(case_id, hours=14)
    assert await desk.paged(case_id) == []
    step = m.Categorise.model_validate(
        {
            "actor": LEADER,
            "classification": {"category": "complaint", "priority": "standard"},
            "reason": "The customer complains about the handling.",
        }
    )
    await desk.do(case_id, step)
    await desk.is_paged(case_id, "quality_manager")
    fired = next(e for e in desk.reads.timeline(case_id) if e.kind == "rung.fired")
    due = datetime.fromisoformat(str(fired.detail["due_at"]))
    case = desk.reads.case(case_id)
    assert case is not None
    assert due == case.received_at + timedelta(hours=12)
    assert fired.detail["armed_at"] == fired.detail["fired_at"]


async def _fired(desk: Desk, case_id: str, rung: str) -> EscalationRecord:
    records = await asyncio.to_thread(desk.reads.escalations, case_id=case_id)
    return next(r for r in records if r.rung == rung)


def _unwarned(policy: Policy) -> Policy:
    """Return the policy without warnings: a clock without a worker stops at the first timer."""
    rungs = tuple(r.model_copy(update={"warn_at": None}) for r in policy.case.escalation)
    case = policy.case.model_copy(update={"escalation": rungs})
    return policy.model_copy(update={"case": case})


async def _is_admitted(desk: Desk, case_id: str) -> None:
    """Wait until the server holds a workflow task for the case: the timer's, and the Update's."""

    async def waiting() -> bool:
        described = await desk.handle(case_id).describe()
        return described.raw_description.HasField("pending_workflow_task")

    await eventually(waiting)
