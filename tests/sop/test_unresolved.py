"""An inquiry that is unresolved (INQ-6.1), taken up again, and what its escalations report."""

from collections.abc import Callable

import pytest

from sop import messages as m
from sop.errors import BehindGateError, WrongStageError
from sop.models import CLOCK, Priority, Role
from sop.policy import Starts
from tests.sop.builders import (
    BEN,
    CONFIRMED,
    DAY,
    DISSATISFIED,
    HOUR,
    INSTANT,
    LENA,
    MONDAY,
    NOTED,
    REPLIED,
    REPORTED_AGAIN,
    RESOLVED,
    SENT_OFF,
    VERIFIED,
    Handled,
    assigned,
    corrected,
    escalated,
    opened,
    policy_with,
    promised,
    resolved,
    rung,
)


def going_on(case: Handled) -> list[str]:
    return [held.key for held in case.case.state.rungs if held.live]


# Four ways to be unresolved


@pytest.mark.clause("INQ-6.1", "INQ-4.4.3")
def test_a_broken_promise_goes_to_the_team_leader_at_once() -> None:
    case = opened()
    case.do(promised(MONDAY + HOUR))
    case.pass_time(HOUR)
    assert case.fired_rungs == {"unresolved-1": MONDAY + HOUR}
    assert case.rung("unresolved-1").role == Role.TEAM_LEADER
    assert case.entry("rung.fired").detail["cause"] == "promise broken"


@pytest.mark.clause("INQ-6.1", "INQ-4.6.2")
def test_a_customer_who_is_dissatisfied_at_the_follow_up_goes_to_the_team_leader_at_once() -> None:
    case = resolved()
    case.pass_time(DAY)
    receipt = case.do(DISSATISFIED)
    assert receipt.stage == "in_progress"
    assert case.fired_rungs == {"unresolved-1": MONDAY + DAY}
    assert case.entry("rung.fired").detail["cause"] == "dissatisfied at follow-up"
    assert case.entry("inquiry.reopened").detail["why"] == "dissatisfied at follow-up"


@pytest.mark.clause("INQ-6.1")
def test_a_problem_that_is_reported_again_goes_to_the_team_leader_at_once() -> None:
    case = resolved()
    case.pass_time(HOUR)
    case.do(REPORTED_AGAIN)
    assert case.fired_rungs == {"unresolved-1": MONDAY + HOUR}
    assert case.entry("rung.fired").detail["cause"] == "reported again"


@pytest.mark.clause("INQ-6.1", "INQ-4.4.4")
@pytest.mark.parametrize("start", [opened, resolved])
def test_a_representative_says_so_and_the_journal_says_who_and_why(
    start: Callable[[], Handled],
) -> None:
    case = start()
    case.do(escalated("unresolved", BEN))
    fired = case.entry("rung.fired")
    assert (fired.actor, fired.detail["reason"]) == (BEN, "It cannot wait.")
    assert (fired.detail["cause"], fired.detail["lateness_ms"]) == ("by hand", 0)
    assert case.fired_rungs == {"unresolved-1": MONDAY}
    assert case.stage != "follow_up"


def test_the_clock_speaks_for_what_nobody_said() -> None:
    case = resolved()
    case.do(REPORTED_AGAIN)
    assert case.entry("rung.fired").actor == CLOCK


def test_a_problem_that_persists_before_any_resolution_is_a_reply_like_any_other() -> None:
    case = opened()
    case.do(REPORTED_AGAIN)
    assert case.fired_rungs == {}
    assert case.entry("customer.replied").detail["problem_persists"] is True


def test_a_customer_who_writes_after_the_resolution_without_complaint_reopens_nothing() -> None:
    case = resolved()
    assert case.do(REPLIED).stage == "follow_up"


# One escalation at a time


@pytest.mark.clause("INQ-6.1")
def test_a_second_fact_during_the_escalation_pages_nobody_anew_and_is_on_record() -> None:
    case = opened()
    case.do(promised(MONDAY + HOUR))
    case.pass_time(HOUR)
    case.begin_escalations()
    case.do(promised(MONDAY + 2 * HOUR))
    case.pass_time(HOUR)
    assert len(case.entries("promise.broken")) == 2
    assert case.case.state.unresolved_facts == 2
    assert list(case.fired_rungs) == ["unresolved-1"]
    with pytest.raises(WrongStageError, match="already escalated on the rung unresolved"):
        case.do(escalated("unresolved"))


@pytest.mark.clause("INQ-6.1")
def test_a_fact_after_the_first_escalation_was_stood_down_pages_again() -> None:
    case = resolved()
    case.do(REPORTED_AGAIN)
    case.begin_escalations()
    case.do(RESOLVED, REPORTED_AGAIN)
    assert going_on(case) == ["unresolved-2"]
    assert [held.key for held in case.case.take_needless_escalations()] == ["unresolved-1"]
    assert [held.key for held in case.case.take_new_escalations()] == ["unresolved-2"]


def test_a_row_for_unresolved_inquiries_of_some_kind_concerns_only_those() -> None:
    policy = policy_with(
        rung("complaint", rung="dear", starts=Starts.UNRESOLVED, after=HOUR, warn_at=None)
    )
    for category, waiting in (("complaint", True), ("billing", False)):
        case = resolved(category=category, policy=policy)
        case.do(REPORTED_AGAIN)
        assert ("dear-1" in case.waiting_rungs) is waiting
        case.pass_time(HOUR)
        assert ("dear-1" in case.fired_rungs) is waiting


def test_an_unresolved_rung_with_a_delay_is_fired_by_hand_before_it_is_due() -> None:
    policy = policy_with(rung("unresolved", after=HOUR))
    case = resolved(policy=policy)
    case.do(REPORTED_AGAIN)
    assert case.waiting_rungs["unresolved-1"] == MONDAY + HOUR
    case.do(escalated("unresolved"))
    assert case.fired_rungs == {"unresolved-1": MONDAY}


# Resolved, and open again


@pytest.mark.clause("INQ-4.4.4")
def test_a_resolution_stands_down_what_was_paged_and_meets_what_waited() -> None:
    case = opened(category="complaint", priority=Priority.URGENT)
    case.do(VERIFIED)
    case.begin_escalations()
    case.pass_time(HOUR)
    case.do(RESOLVED)
    assert going_on(case) == []
    assert case.waiting_rungs == {}
    assert case.rung("complaint-1").met_at == case.now
    assert [held.key for held in case.case.take_needless_escalations()] == ["urgent-1"]
    assert case.case.take_needless_escalations() == ()
    assert case.case.level == 0


def test_an_escalation_that_has_not_begun_never_begins_once_it_is_needless() -> None:
    case = opened(priority=Priority.URGENT)
    case.do(VERIFIED, RESOLVED)
    assert case.case.take_new_escalations() == case.case.take_needless_escalations() == ()
    fired, ended = case.case.state.pending.escalations
    assert (fired.fired_at, fired.ended_at) == (MONDAY, None)
    assert (ended.rung, ended.occasion, ended.ended_at) == ("urgent", 1, MONDAY)
    assert ended.ended_because == "the case no longer needs it"


@pytest.mark.clause("INQ-6.3")
def test_a_reopened_case_is_under_its_rungs_again_counted_from_the_receipt() -> None:
    case = resolved(category="complaint")
    case.pass_time(5 * HOUR)
    case.do(REPORTED_AGAIN)
    moved = {entry.detail["rung"]: entry.detail for entry in case.entries("rung.moved")}
    assert moved["complaint-1"]["to_due"] == (MONDAY + 12 * HOUR).isoformat()
    assert moved["complaint-1"]["cause"] == "reopened"
    case.turn_to(MONDAY + 12 * HOUR - INSTANT)
    assert "complaint-1" not in case.fired_rungs
    case.turn_to(MONDAY + 12 * HOUR)
    assert case.fired_rungs["complaint-1"] == MONDAY + 12 * HOUR


@pytest.mark.clause("INQ-6.3")
def test_a_case_that_is_reopened_after_a_rungs_time_escalates_at_once_and_is_not_late() -> None:
    case = resolved(category="complaint")
    case.pass_time(20 * HOUR)
    case.do(REPORTED_AGAIN)
    assert set(case.fired_rungs) == {"unresolved-1", "complaint-1"}
    fired = case.entry("rung.fired", rung="complaint-1")
    assert fired.detail["due_at"] == case.now.isoformat()
    assert fired.detail["lateness_ms"] == 0


def test_a_rung_that_fired_before_the_resolution_does_not_fire_again_after_it() -> None:
    case = opened(category="complaint")
    case.do(VERIFIED)
    case.pass_time(12 * HOUR)
    case.do(RESOLVED, REPORTED_AGAIN)
    case.pass_time(DAY)
    assert [entry.detail["rung"] for entry in case.entries("rung.fired")] == [
        "complaint-1",
        "unresolved-1",
    ]


@pytest.mark.clause("INQ-6.3", "INQ-4.2.1")
def test_a_category_that_was_corrected_during_the_follow_up_counts_when_the_case_reopens() -> None:
    case = resolved(category="billing")
    case.do(corrected("complaint"))
    assert case.waiting_rungs == {}
    case.pass_time(HOUR)
    case.do(REPORTED_AGAIN)
    assert case.waiting_rungs["complaint-1"] == MONDAY + 12 * HOUR


def test_a_rung_that_ceased_to_apply_during_the_follow_up_does_not_come_back() -> None:
    case = resolved(category="complaint")
    case.do(corrected("billing"), REPORTED_AGAIN)
    assert "complaint-1" not in case.waiting_rungs
    case.pass_time(DAY)
    assert "complaint-1" not in case.fired_rungs
    case.do(corrected("complaint"))
    assert "complaint-1" in case.fired_rungs


@pytest.mark.clause("INQ-4.4.3", "INQ-4.5.2")
def test_a_reopened_case_has_to_be_answered_promised_or_confirmed_anew() -> None:
    case = opened()
    case.do(VERIFIED, promised(MONDAY + HOUR), SENT_OFF, REPORTED_AGAIN)
    assert {"INQ-4.4.1", "INQ-4.4.2", "INQ-4.5.2", "INQ-4.6.1"} <= set(case.case.missing)
    with pytest.raises(BehindGateError):
        case.do(SENT_OFF)
    case.do(promised(MONDAY + HOUR), SENT_OFF)
    assert case.do(CONFIRMED).stage == "closed"


def test_a_reopened_case_has_no_resolution_and_no_follow_up() -> None:
    case = resolved()
    case.pass_time(DAY)
    case.do(DISSATISFIED)
    state = case.case.state
    assert (state.resolved_at, state.resolution, state.follow_up) == (None, None, None)
    assert [task.outcome for task in case.tasks] == [None, "dissatisfied"]


# What an escalation reports


@pytest.mark.clause("INQ-3.2")
def test_who_takes_an_escalation_holds_the_case_until_it_is_over() -> None:
    case = opened(priority=Priority.URGENT)
    case.begin_escalations()
    assert (case.case.holder, case.case.level) == ("anna", 1)
    case.escalation_says("urgent-1", "paging", level=2)
    assert (case.case.holder, case.case.level) == ("anna", 2)
    case.escalation_says("urgent-1", "acknowledged", level=2, by="dora")
    assert case.case.holder == "dora"
    assert [held.key for held in case.case.held_escalations()] == ["urgent-1"]
    case.escalation_says("urgent-1", "paging", level=2)
    assert (case.case.holder, case.case.held_escalations()) == ("anna", ())
    case.escalation_says("urgent-1", "acknowledged", level=2, by="dora")
    case.do(VERIFIED, RESOLVED)
    assert (case.case.holder, case.case.level, case.case.held_escalations()) == ("anna", 0, ())


@pytest.mark.clause("INQ-3.2")
def test_of_several_escalations_who_took_the_highest_holds_the_case() -> None:
    case = opened(priority=Priority.URGENT, category="complaint")
    case.pass_time(12 * HOUR)
    case.begin_escalations()
    case.escalation_says("urgent-1", "acknowledged", level=1, by="lena")
    case.escalation_says("complaint-1", "acknowledged", level=2, by="dora")
    assert case.case.holder == "dora"
    assert case.case.row().holder == "dora"
    case.do(assigned("ben"))
    assert case.case.holder == "dora"
    assert case.case.row().assignee == "ben"


def test_the_crm_is_told_who_holds_the_case_although_no_entry_says_it() -> None:
    case = opened(priority=Priority.URGENT)
    case.begin_escalations()
    case.case.take_pending()
    told = []
    for _ in range(2):
        case.escalation_says("urgent-1", "acknowledged", by="lena")
        told.append((case.case.has_pending, case.case.take_pending().row_changed))
    assert told == [(True, True), (False, False)]


def test_what_is_told_beside_an_entry_is_told_with_it() -> None:
    case = opened(priority=Priority.URGENT)
    case.begin_escalations()
    case.escalation_says("urgent-1", "acknowledged", by="lena")
    case.do(NOTED)
    pending = case.case.take_pending()
    assert pending.row_changed
    assert pending.entries[-1].kind == "note.added"


def test_a_report_of_an_escalation_that_is_over_or_never_began_is_not_heard() -> None:
    case = opened(priority=Priority.URGENT, category="complaint")
    for key in ("urgent-1", "complaint-1"):
        case.escalation_says(key, "acknowledged", level=2, by="dora")
    assert case.case.holder == "anna"
    assert [held.key for held in case.case.take_new_escalations()] == ["urgent-1"]
    case.do(VERIFIED, RESOLVED)
    case.case.take_needless_escalations()
    case.escalation_says("urgent-1", "acknowledged", level=2, by="dora")
    assert (case.case.holder, case.case.level) == ("anna", 0)
    unknown = m.EscalationReport(
        rung="gossip", occasion=1, level=1, status="paging", role="team_leader"
    )
    before = case.case.state
    case.case.hear(unknown)
    assert case.case.state == before


def test_an_escalation_that_has_begun_begins_once() -> None:
    case = opened(priority=Priority.URGENT)
    assert [held.key for held in case.case.take_new_escalations()] == ["urgent-1"]
    assert case.case.take_new_escalations() == ()
    assert case.rung("urgent-1").status == "paging"


@pytest.mark.clause("INQ-3.2")
def test_a_team_leader_may_act_on_every_case_of_the_desk() -> None:
    case = opened()
    for step in (VERIFIED, assigned("ben"), escalated(), RESOLVED, CONFIRMED):
        case.do(step.model_copy(update={"actor": LENA}))
    assert case.stage == "closed"
