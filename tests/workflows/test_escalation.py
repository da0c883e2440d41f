"""The clocks and the escalation on a real server, with skipped time (INQ-6)."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runtime.case_errors import RefusedError
from runtime.devserver import DevServer
from sop import messages as m
from sop.models import Priority
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
@pytest.mark.parametrize("facts", [{"category": "technical"}, {"complex": True}])
async def test_an_untouched_technical_or_complex_case_reaches_the_expert_at_24_hours(
    desk: Desk, facts: dict[str, object]
) -> None:
    case_id = await desk.open(f"untouched {facts}", **facts)  # type: ignore[arg-type]
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
    unhappy = m.RecordFollowUp(actor=ANNA, outcome="dissatisfied", feedback="Still wrong.")
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
async def test_a_representative_escalates_sooner_by_hand_and_the_rung_does_not_fire_again(
    desk: Desk,
) -> None:
    case_id = await desk.open("by hand", category="technical")
    step = m.Escalate(actor=ANNA, rung="technical", reason="Needs the network people.")
    await desk.do(case_id, step)
    await desk.is_paged(case_id, "subject_matter_expert")
    with pytest.raises(RefusedError, match="wrong-stage"):
        await desk.do(case_id, step)
    await desk.time_passes(case_id, hours=25)
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

    await desk.do(case_id, m.AddNote(actor=QUALITY, text="Looking into it."))
    await eventually(held)
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
async def test_an_escalation_outlives_no_case_that_was_terminated(desk: Desk) -> None:
    case_id = await desk.open("terminated", priority=Priority.URGENT)
    await desk.is_paged(case_id, "team_leader")
    await desk.handle(case_id).terminate("by an operator")
    await desk.handle(escalation_id(case_id, "urgent", 1)).result()
    assert "escalation.ended" in await desk.kinds(case_id)


@pytest.mark.clause("INQ-6.3")
async def test_an_answered_case_is_not_escalated_when_its_worker_returns_late(
    server: DevServer, policy: Policy, tmp_path: Path
) -> None:
    url = sqlite_url(tmp_path)
    async with a_desk(server, url, "late worker", policy, staffed=False) as desk:
        async with a_worker(desk):
            case_id = await desk.open("late worker", category="complaint")
            await desk.do(case_id, VERIFIED)
        passing = asyncio.create_task(desk.time_passes(case_id, hours=13))
        answer = asyncio.create_task(desk.do(case_id, RESOLVED))

        async def overdue() -> bool:
            return await desk.now(case_id) > datetime.now(UTC) + timedelta(hours=11)

        await eventually(overdue)
        async with a_worker(desk):
            assert (await answer).stage == "follow_up"
            await passing
            assert "rung.fired" not in await desk.kinds(case_id)
            assert await desk.paged(case_id) == []
            resolved = next(e for e in desk.reads.timeline(case_id) if e.kind == "inquiry.resolved")
            assert resolved.detail["overdue"] == ["complaint-1"]


@pytest.mark.clause("INQ-6.3")
async def test_a_rung_that_fell_due_while_no_worker_ran_fires_once_and_says_how_late(
    server: DevServer, policy: Policy, tmp_path: Path
) -> None:
    async with a_desk(server, sqlite_url(tmp_path), "away", policy, staffed=False) as desk:
        async with a_worker(desk):
            case_id = await desk.open("worker away", category="complaint")
            await desk.journal_holds(case_id, "inquiry.opened")
        passing = asyncio.create_task(desk.time_passes(case_id, hours=13))
        async with a_worker(desk):
            await desk.is_paged(case_id, "quality_manager")
            await passing
        fired = await _fired(desk, case_id, "complaint")
        assert fired.lateness is not None
        assert fired.lateness >= timedelta(0)


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


async def _fired(desk: Desk, case_id: str, rung: str):  # type: ignore[no-untyped-def]
    records = await asyncio.to_thread(desk.reads.escalations, case_id)
    return next(r for r in records if r.rung == rung)
