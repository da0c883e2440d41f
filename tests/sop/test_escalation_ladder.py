"""The escalation matrix (INQ-6): what is due when, to whom, once, and never early."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from sop import messages as m
from sop.calendar import Calendar
from sop.errors import InvalidValueError, WrongStageError
from sop.models import CLOCK, Priority, Role
from sop.policy import CasePolicy, Starts
from tests.sop.builders import (
    ANNA,
    ANSWERED,
    BEN,
    DAY,
    HOUR,
    INSTANT,
    MONDAY,
    REPLIED,
    RESOLVED,
    RESUMED,
    VERIFIED,
    WAITING,
    Handled,
    adopted,
    assigned,
    categorised,
    corrected,
    escalated,
    opened,
    policy_with,
    rung,
    shipped_policy,
)

URGENT = Priority.URGENT


def fires_at(case: Handled, key: str, due: datetime) -> None:
    """See that a rung fires at its moment and not one microsecond before."""
    case.turn_to(due - INSTANT)
    assert key not in case.fired_rungs
    case.turn_to(due)
    assert case.fired_rungs[key] == due


@pytest.mark.clause("INQ-6.3", "INQ-4.4.4")
def test_an_untouched_complaint_reaches_the_quality_manager_at_12_hours() -> None:
    case = opened(category="complaint")
    fires_at(case, "complaint-1", MONDAY + 12 * HOUR)
    assert case.rung("complaint-1").role == Role.QUALITY_MANAGER


@pytest.mark.clause("INQ-6.2", "INQ-4.4.4")
@pytest.mark.parametrize("facts", [{"category": "technical"}, {"complex": True}])
def test_a_technical_or_complex_inquiry_reaches_the_expert_at_24_hours(
    facts: dict[str, Any],
) -> None:
    case = opened(**facts)
    fires_at(case, "technical-1", MONDAY + 24 * HOUR)
    assert case.rung("technical-1").role == Role.SUBJECT_MATTER_EXPERT


@pytest.mark.clause("INQ-6.1")
def test_an_urgent_inquiry_reaches_the_team_leader_at_its_reception() -> None:
    case = opened(priority=URGENT)
    assert case.fired_rungs == {"urgent-1": MONDAY}
    assert case.rung("urgent-1").role == Role.TEAM_LEADER
    fired = case.entry("rung.fired")
    assert (fired.clauses, fired.actor) == (("INQ-6.1", "INQ-4.4.4"), CLOCK)


def test_an_inquiry_that_nobody_attends_to_reaches_the_team_leader_at_two_days() -> None:
    fires_at(opened(category=None), "unattended-1", MONDAY + 2 * DAY)


@pytest.mark.clause("INQ-6.1", "INQ-6.2", "INQ-6.3")
def test_an_inquiry_can_be_under_several_rungs_and_each_fires_once() -> None:
    case = opened(category="complaint", priority=URGENT, complex=True)
    case.pass_time(10 * DAY)
    assert case.fired_rungs == {
        "urgent-1": MONDAY,
        "complaint-1": MONDAY + 12 * HOUR,
        "technical-1": MONDAY + 24 * HOUR,
        "unattended-1": MONDAY + 48 * HOUR,
    }
    assert len(case.entries("rung.fired")) == 4


def test_the_ladder_is_journaled_with_its_due_times_at_the_opening() -> None:
    entry = opened(category="complaint").entry("ladder.armed")
    assert entry.detail["rungs"] == [
        "complaint-1 2026-11-23T20:00:00+00:00",
        "unattended-1 2026-11-25T08:00:00+00:00",
    ]


@pytest.mark.clause("INQ-6.3")
def test_the_register_is_told_when_a_rung_was_due_when_it_fired_and_how_late() -> None:
    case = opened(category="complaint")
    case.pass_time_without_worker(13 * HOUR)
    case.worker_returns()
    (record,) = case.case.state.pending.escalations
    assert (record.rung, record.occasion, record.clause) == ("complaint", 1, "INQ-6.3")
    assert (record.due_at, record.fired_at) == (MONDAY + 12 * HOUR, MONDAY + 13 * HOUR)
    assert (record.lateness, record.level, record.role) == (HOUR, 1, "quality_manager")
    fired = case.entry("rung.fired")
    assert fired.detail["due_at"] == (MONDAY + 12 * HOUR).isoformat()
    assert fired.detail["fired_at"] == (MONDAY + 13 * HOUR).isoformat()
    assert fired.detail["lateness_ms"] == 3_600_000


@pytest.mark.clause("INQ-6.1")
def test_an_urgent_inquiry_that_waited_for_a_worker_is_late_by_as_much() -> None:
    case = opened(priority=URGENT, worker_away=HOUR)
    assert case.entry("rung.fired").detail["lateness_ms"] == 3_600_000
    assert case.fired_rungs == {"urgent-1": MONDAY + HOUR}


def test_what_is_due_together_fires_in_the_order_in_which_it_was_due() -> None:
    case = opened(category="complaint", complex=True, priority=URGENT, worker_away=3 * DAY)
    fired = [entry.detail["rung"] for entry in case.entries("rung.fired")]
    assert fired == ["urgent-1", "complaint-1", "technical-1", "unattended-1"]


# Warnings


def test_the_holder_is_warned_when_three_quarters_of_the_time_have_passed() -> None:
    case = opened(category="complaint")
    case.do(assigned("ben"))
    case.turn_to(MONDAY + 9 * HOUR - INSTANT)
    assert case.messages("warning") == []
    case.turn_to(MONDAY + 9 * HOUR)
    (warning,) = case.messages("warning")
    assert warning.recipient == "principal:ben"
    assert warning.body == "inquiry-4f1c2a77: complaint escalates Mon 2026-11-23 21:00 CET."
    case.turn_to(MONDAY + 12 * HOUR)
    assert len(case.messages("warning")) == len(case.entries("rung.warned")) == 1


def test_a_case_that_nobody_holds_warns_the_representatives() -> None:
    case = opened(category="complaint", assignee=None)
    case.pass_time(9 * HOUR)
    assert [warning.recipient for warning in case.messages("warning")] == ["role:csr"]


def test_a_warning_that_comes_together_with_the_escalation_is_not_given() -> None:
    case = opened(category="complaint")
    case.pass_time_without_worker(12 * HOUR)
    case.worker_returns()
    assert "complaint-1" in case.fired_rungs
    assert case.messages("warning") == []


# Corrections


@pytest.mark.clause("INQ-6.3", "INQ-4.2.1")
def test_a_category_corrected_after_5_hours_counts_from_the_receipt() -> None:
    case = opened(category="billing")
    case.pass_time(5 * HOUR)
    case.do(corrected("complaint"))
    moved = case.entry("rung.moved")
    assert moved.detail == {
        "rung": "complaint-1",
        "from_due": None,
        "to_due": (MONDAY + 12 * HOUR).isoformat(),
        "cause": "corrected",
    }
    fires_at(case, "complaint-1", MONDAY + 12 * HOUR)
    assert case.entry("rung.fired").detail["lateness_ms"] == 0


@pytest.mark.clause("INQ-6.3", "INQ-4.2.1")
def test_a_category_corrected_after_13_hours_fires_at_once_and_is_late_from_then_on() -> None:
    case = opened(category="billing")
    case.pass_time(13 * HOUR)
    case.do(corrected("complaint"))
    fired = case.entry("rung.fired")
    assert fired.detail["due_at"] == (MONDAY + 12 * HOUR).isoformat()
    assert fired.detail["armed_at"] == fired.detail["fired_at"] == case.now.isoformat()
    assert fired.detail["lateness_ms"] == 0
    assert case.messages("warning") == []


@pytest.mark.clause("INQ-6.1", "INQ-4.2.2")
def test_a_priority_corrected_to_urgent_reaches_the_team_leader_at_once() -> None:
    case = opened()
    case.pass_time(5 * HOUR)
    case.do(corrected("billing", URGENT))
    assert case.fired_rungs == {"urgent-1": MONDAY + 5 * HOUR}


def test_a_rung_that_no_longer_applies_does_not_fire_and_is_journaled() -> None:
    case = opened(category="complaint")
    case.pass_time(5 * HOUR)
    case.do(corrected("billing"))
    moved = case.entry("rung.moved")
    assert (moved.detail["rung"], moved.detail["to_due"]) == ("complaint-1", None)
    case.pass_time(24 * HOUR)
    assert case.fired_rungs == {}


@pytest.mark.clause("INQ-6.3")
def test_a_correction_back_and_forth_fires_a_rung_once() -> None:
    case = opened(category="complaint")
    case.pass_time(12 * HOUR)
    for category in ("billing", "complaint", "technical", "complaint"):
        case.pass_time(HOUR)
        case.do(corrected(category))
    case.pass_time(DAY)
    assert [entry.detail["rung"] for entry in case.entries("rung.fired")] == ["complaint-1"]
    assert case.rung("complaint-1").live


def test_a_correction_back_and_forth_before_the_deadline_warns_once() -> None:
    case = opened(category="complaint")
    case.pass_time(10 * HOUR)
    case.do(corrected("billing"), corrected("complaint"))
    assert len(case.messages("warning")) == 1
    fires_at(case, "complaint-1", MONDAY + 12 * HOUR)
    assert len(case.entries("rung.warned")) == 1


def test_an_escalation_that_is_going_on_goes_on_after_a_correction() -> None:
    case = opened(category="complaint")
    case.pass_time(12 * HOUR)
    case.do(corrected("billing"))
    assert case.rung("complaint-1").live


# Sooner, by hand


@pytest.mark.clause("INQ-4.4.4", "INQ-6.2")
def test_a_representative_escalates_sooner_and_the_rung_does_not_fire_again() -> None:
    case = opened(category="technical")
    case.pass_time(HOUR)
    case.do(escalated("technical", BEN))
    fired = case.entry("rung.fired")
    assert (fired.actor, fired.detail["reason"]) == (BEN, "It cannot wait.")
    assert (fired.detail["cause"], fired.detail["lateness_ms"]) == ("by hand", 0)
    assert fired.detail["due_at"] == fired.detail["fired_at"] == case.now.isoformat()
    with pytest.raises(WrongStageError, match="already escalated on the rung technical"):
        case.do(escalated("technical"))
    case.pass_time(25 * HOUR)
    assert len(case.entries("rung.fired")) == 1


@pytest.mark.clause("INQ-4.4.4")
def test_a_rung_that_does_not_apply_can_be_taken_by_hand_and_then_counts_as_fired() -> None:
    case = opened(category="billing")
    case.do(escalated("complaint"))
    assert case.fired_rungs == {"complaint-1": MONDAY}
    case.do(corrected("complaint"))
    case.pass_time(DAY)
    assert len(case.entries("rung.fired")) == 1


@pytest.mark.clause("INQ-4.4.4")
def test_a_rung_taken_by_hand_after_it_ceased_to_apply_does_not_fire_again_either() -> None:
    case = opened(category="complaint")
    case.do(corrected("billing"), escalated("complaint"), corrected("complaint"))
    case.pass_time(DAY)
    assert [entry.detail["rung"] for entry in case.entries("rung.fired")] == ["complaint-2"]


@pytest.mark.clause("INQ-4.4.4")
def test_an_escalation_by_hand_hides_no_lateness() -> None:
    case = opened(category="complaint")
    case.pass_time_without_worker(14 * HOUR)
    case.do(escalated("complaint"))
    fired = case.entry("rung.fired")
    assert fired.detail["due_at"] == (MONDAY + 12 * HOUR).isoformat()
    assert fired.detail["lateness_ms"] == 2 * 3_600_000


@pytest.mark.parametrize("name", ["gossip", "follow_up_overdue"])
def test_what_the_matrix_lacks_or_leaves_to_the_clock_is_not_escalated_by_hand(name: str) -> None:
    with pytest.raises(InvalidValueError, match="it has urgent, unresolved, complaint") as refused:
        opened().do(escalated(name))
    assert refused.value.clause == "INQ-4.4.4"
    assert "follow_up_overdue," not in refused.value.message


# Calendars and pauses


OFFICE = Calendar.model_validate(
    {"name": "office", "time_zone": "Europe/Berlin", "weekly": {"mon": ["09:00-17:00"]}}
)


def test_a_rung_on_business_hours_counts_only_those() -> None:
    policy = policy_with(rung("complaint", calendar="office"), calendars={"office": OFFICE})
    case = opened(category="complaint", policy=policy)
    fires_at(case, "complaint-1", MONDAY + 7 * DAY + 4 * HOUR)
    (warned,) = case.entries("rung.warned", rung="complaint-1")
    assert warned.at == MONDAY + 7 * DAY + HOUR


@pytest.mark.parametrize("end", [REPLIED, RESUMED])
def test_a_rung_stands_still_while_the_customer_owes_an_answer_where_the_policy_says_so(
    end: m.Command,
) -> None:
    policy = policy_with(rung("unattended", pause_while_waiting=True))
    case = opened(policy=policy, category="complaint")
    case.pass_time(HOUR)
    case.do(WAITING)
    paused = case.entry("rung.moved")
    assert (paused.detail["rung"], paused.detail["to_due"]) == ("unattended-1", None)
    assert paused.detail["cause"] == "waiting for the customer"
    assert case.waiting_rungs == {
        "complaint-1": MONDAY + 12 * HOUR,
        "unattended-1": None,
    }
    case.pass_time(5 * DAY)
    assert list(case.fired_rungs) == ["complaint-1"]
    case.do(end)
    again = case.entries("rung.moved")[-1]
    assert (again.detail["from_due"], again.detail["cause"]) == (None, "wait ended")
    fires_at(case, "unattended-1", MONDAY + 7 * DAY)
    assert case.entries("rung.fired")[-1].detail["lateness_ms"] == 0


def test_a_rung_that_was_due_before_the_wait_began_fires_though_the_worker_was_away() -> None:
    case = opened()
    case.pass_time_without_worker(2 * DAY)
    case.do(WAITING)
    assert case.fired_rungs == {"unattended-1": MONDAY + 2 * DAY}


def test_a_rung_that_is_due_at_once_fires_in_a_wait_too() -> None:
    policy = policy_with(rung("urgent", pause_while_waiting=True))
    case = opened(policy=policy)
    case.do(WAITING, corrected("billing", URGENT))
    assert case.fired_rungs == {"urgent-1": MONDAY}


# A worker that was away


@pytest.mark.clause("INQ-6.3")
def test_a_case_that_was_resolved_before_the_worker_returned_is_not_escalated() -> None:
    case = opened(category="complaint")
    case.do(VERIFIED)
    case.pass_time_without_worker(13 * HOUR)
    case.do(RESOLVED)
    assert case.entry("inquiry.resolved").detail["overdue"] == ["complaint-1"]
    assert case.fired_rungs == {}
    assert case.rung("complaint-1").met_at == case.now


def test_a_resolution_is_overdue_from_the_moment_of_the_deadline_on() -> None:
    for left, overdue in ((INSTANT, []), (0 * INSTANT, ["complaint-1"])):
        case = opened(category="complaint")
        case.do(VERIFIED)
        case.pass_time_without_worker(12 * HOUR - left)
        case.do(RESOLVED)
        assert case.entry("inquiry.resolved").detail["overdue"] == overdue


@pytest.mark.clause("INQ-6.3")
def test_an_answer_that_resolves_nothing_does_not_stop_the_ladder() -> None:
    case = opened(category="complaint")
    case.do(VERIFIED)
    case.pass_time_without_worker(13 * HOUR)
    case.do(ANSWERED)
    assert case.fired_rungs == {"complaint-1": MONDAY + 13 * HOUR}


# Another policy


@pytest.mark.clause("HOF-8")
def test_a_policy_that_is_adopted_moves_each_deadline_and_journals_it() -> None:
    case = opened(category="complaint", complex=True)
    case.pass_time(2 * HOUR)
    later = policy_with(rung("complaint", after=6 * HOUR), rung("technical", after=30 * HOUR))
    case.do(adopted(later))
    adoption = case.entry("policy.adopted")
    assert (adoption.detail["from_version"], adoption.detail["to_version"]) == ("2026.1", "2026.2")
    moved = {entry.detail["rung"]: entry.detail for entry in case.entries("rung.moved")}
    assert moved.keys() == {"complaint-1", "technical-1"}
    assert moved["complaint-1"]["from_due"] == (MONDAY + 12 * HOUR).isoformat()
    assert moved["complaint-1"]["to_due"] == (MONDAY + 6 * HOUR).isoformat()
    assert moved["complaint-1"]["cause"] == "policy 2026.2"
    assert case.case.row().policy_version == "2026.2"
    fires_at(case, "complaint-1", MONDAY + 6 * HOUR)


@pytest.mark.clause("HOF-8")
def test_a_case_stays_with_the_policy_under_which_it_began() -> None:
    sooner = policy_with(rung("complaint", after=6 * HOUR))
    began_before = opened(category="complaint", policy=shipped_policy())
    began_after = opened(category="complaint", policy=sooner)
    assert began_before.waiting_rungs["complaint-1"] == MONDAY + 12 * HOUR
    assert began_after.waiting_rungs["complaint-1"] == MONDAY + 6 * HOUR


def test_a_policy_under_which_a_rung_is_already_due_fires_it_at_once() -> None:
    case = opened(category="complaint")
    case.pass_time(8 * HOUR)
    case.do(adopted(policy_with(rung("complaint", after=6 * HOUR))))
    assert case.fired_rungs == {"complaint-1": MONDAY + 8 * HOUR}
    assert case.entry("rung.fired").detail["due_at"] == (MONDAY + 6 * HOUR).isoformat()


def test_a_policy_that_lacks_a_rung_lets_it_go_and_journals_that() -> None:
    case = opened(category="complaint")
    case.do(adopted(policy_with(without="complaint")))
    moved = case.entry("rung.moved")
    assert (moved.detail["rung"], moved.detail["to_due"]) == ("complaint-1", None)
    case.pass_time(DAY)
    assert case.fired_rungs == {}
    case.do(adopted(shipped_policy()))
    assert case.fired_rungs == {"complaint-1": MONDAY + DAY}


def test_a_policy_that_counts_a_rung_from_another_fact_lets_the_old_one_go() -> None:
    case = opened(category="complaint")
    case.do(adopted(policy_with(rung("complaint", starts=Starts.UNRESOLVED))))
    case.pass_time(DAY)
    assert case.fired_rungs == {}


def test_an_escalation_that_is_going_on_outlives_a_policy_that_lacks_its_rung() -> None:
    case = opened(category="complaint")
    case.pass_time(12 * HOUR)
    case.begin_escalations()
    case.do(adopted(policy_with(without="complaint")))
    assert case.rung("complaint-1").live
    case.do(VERIFIED, RESOLVED)
    assert [r.key for r in case.case.take_needless_escalations()] == ["complaint-1"]


def test_a_rung_that_fired_in_the_task_in_which_its_row_went_away_begins_no_escalation() -> None:
    case = opened(category="complaint")
    case.pass_time(12 * HOUR)
    case.do(adopted(policy_with(without="complaint")))
    assert case.case.take_new_escalations() == ()
    assert case.case.state.pending.escalations[-1].ended_at == case.now


def test_a_matrix_without_an_applying_row_leaves_nothing_waiting() -> None:
    bare = shipped_policy().model_copy(update={"escalation": ()})
    case = opened(category="complaint", priority=URGENT, policy=bare)
    assert case.case.next_deadline() is None


def test_a_rung_without_conditions_applies_to_every_inquiry_and_any_condition_is_enough() -> None:
    policy: CasePolicy = policy_with(
        rung("complaint", categories=("complaint", "billing"), priorities=(Priority.LOW,))
    )
    for category, priority in (("billing", Priority.STANDARD), ("product", Priority.LOW)):
        case = opened(policy=policy, category=category, priority=priority)
        assert "complaint-1" in case.waiting_rungs
    other = opened(policy=policy, category="product")
    assert other.waiting_rungs.keys() == {"unattended-1"}
    other.do(corrected("product", Priority.LOW))
    assert "complaint-1" in other.waiting_rungs


def test_time_that_passes_in_small_steps_fires_what_a_great_leap_fires() -> None:
    leap, steps = (opened(category="complaint", complex=True) for _ in range(2))
    leap.pass_time(3 * DAY)
    for _ in range(72 * 4):
        steps.pass_time_without_worker(timedelta(minutes=15))
        steps.worker_returns()
    assert steps.fired_rungs == leap.fired_rungs
    assert [entry.entry_id for entry in steps.journal] == [e.entry_id for e in leap.journal]


def test_an_uncategorised_inquiry_is_under_the_rungs_for_every_inquiry_only() -> None:
    case = opened(category=None)
    assert case.waiting_rungs.keys() == {"unattended-1"}
    case.pass_time(HOUR)
    case.do(categorised("technical"))
    assert case.waiting_rungs["technical-1"] == MONDAY + 24 * HOUR
    assert case.rung("technical-1").armed_at == MONDAY + HOUR
    assert case.entry("inquiry.categorised").actor == ANNA
