"""The contact after resolution (INQ-4.6): due, attempted, overdue, and what it found."""

import pytest

from sop.calendar import Calendar
from sop.errors import WrongStageError
from sop.models import ClosedAs, FollowUpOutcome, Role, TaskKind
from sop.policy_rules import FollowUpRule
from tests.sop.builders import (
    CONFIRMED,
    DAY,
    DISSATISFIED,
    HOUR,
    INSTANT,
    MONDAY,
    NOT_REACHED,
    REPORTED_AGAIN,
    RESOLVED,
    VERIFIED,
    WEB_FORM,
    WITHDRAWN,
    adopted,
    opened,
    policy_with,
    resolved,
    rung,
    shipped_policy,
)

EARLY = FollowUpRule(after=2 * HOUR, every=DAY, attempts=1)


@pytest.mark.clause("INQ-4.6.1")
def test_the_customer_is_contacted_a_day_after_the_resolution_and_not_before() -> None:
    case = resolved(assignee="ben")
    case.turn_to(MONDAY + DAY - INSTANT)
    assert (case.tasks, case.messages("follow_up")) == ((), [])
    case.turn_to(MONDAY + DAY)
    (task,) = case.tasks
    assert (task.kind, task.assignee) == (TaskKind.FOLLOW_UP_CALL, "ben")
    assert (task.opened_at, task.due_at, task.done_at) == (MONDAY + DAY, MONDAY + DAY, None)
    (message,) = case.messages("follow_up")
    assert message.recipient == "customer:c-1"
    assert case.entry("follow_up.due").at == MONDAY + DAY


@pytest.mark.clause("INQ-4.6.1")
def test_the_follow_up_is_the_deadline_that_a_resolved_case_waits_for() -> None:
    receipt = resolved().do(REPORTED_AGAIN, RESOLVED)
    assert receipt.next_deadline == MONDAY + DAY
    assert receipt.next_deadline_what == "follow-up contact due"


@pytest.mark.clause("INQ-4.6.2", "INQ-4.5.2")
def test_a_confirmed_follow_up_closes_the_case_and_ends_its_task() -> None:
    case = resolved()
    case.pass_time(DAY + HOUR)
    receipt = case.do(CONFIRMED)
    assert set(receipt.proved) >= {"INQ-4.4.2", "INQ-4.5.2", "INQ-4.6.1", "INQ-4.6.2"}
    assert case.case.state.closed_as == ClosedAs.RESOLVED
    opened_task, ended = case.tasks
    assert opened_task.task_id == ended.task_id
    assert (ended.done_at, ended.outcome) == (case.now, "confirmed")
    row = case.case.row()
    assert (row.follow_up_outcome, row.feedback, row.satisfaction) == ("confirmed", "All well.", 5)


@pytest.mark.clause("INQ-4.6.2")
def test_a_customer_who_confirms_before_the_contact_is_due_needs_no_call() -> None:
    case = resolved(actor=WEB_FORM)
    case.do(CONFIRMED.model_copy(update={"actor": WEB_FORM}))
    assert case.stage == "closed"
    assert case.tasks == ()
    assert case.case.next_deadline() is None


@pytest.mark.clause("INQ-4.6.2")
def test_after_three_attempts_the_outcome_is_that_the_customer_was_not_reached() -> None:
    case = resolved()
    for attempt in (1, 2, 3):
        assert case.case.state.follow_up_outcome is None
        case.pass_time(DAY)
        case.do(NOT_REACHED)
        assert case.entries("follow_up.recorded")[-1].detail["attempt"] == attempt
    assert case.stage == "closed"
    assert case.case.state.follow_up_outcome == FollowUpOutcome.NOT_REACHED
    assert len(case.messages("follow_up")) == 3
    assert len({task.task_id for task in case.tasks}) == 3
    assert [task.outcome for task in case.tasks if task.done_at] == ["not_reached"] * 3


@pytest.mark.clause("INQ-4.6.2")
def test_an_attempt_that_reached_nobody_proves_nothing_yet() -> None:
    case = resolved()
    case.pass_time(DAY)
    assert case.do(NOT_REACHED).proved == ()
    assert {"INQ-4.6.1", "INQ-4.6.2", "INQ-4.5.2"} <= set(case.case.missing)


@pytest.mark.clause("INQ-4.6.1")
def test_the_next_attempt_is_due_a_day_after_the_one_that_reached_nobody() -> None:
    case = resolved()
    case.pass_time(DAY + 3 * HOUR)
    assert case.do(NOT_REACHED).next_deadline == MONDAY + 2 * DAY + 3 * HOUR


@pytest.mark.clause("INQ-4.6.1")
def test_the_first_contact_and_the_ones_after_it_have_times_of_their_own() -> None:
    rule = FollowUpRule(after=2 * HOUR, every=5 * HOUR, attempts=3)
    case = resolved(policy=policy_with(follow_up=rule))
    for due in (2, 7, 12):
        waits_for = case.case.next_deadline()
        assert waits_for is not None
        assert waits_for.at == MONDAY + due * HOUR
        case.turn_to(waits_for.at)
        case.do(NOT_REACHED)
    assert case.stage == "closed"


@pytest.mark.clause("INQ-4.6.1")
def test_an_attempt_before_its_time_does_not_count() -> None:
    case = resolved()
    case.turn_to(MONDAY + DAY - INSTANT)
    with pytest.raises(WrongStageError, match="due Tue 2026-11-24 09:00 CET") as refused:
        case.do(NOT_REACHED)
    assert refused.value.clause == "INQ-4.6.1"
    case.turn_to(MONDAY + DAY)
    case.do(NOT_REACHED)
    with pytest.raises(WrongStageError, match="due Wed 2026-11-25 09:00 CET"):
        case.do(NOT_REACHED)


@pytest.mark.clause("INQ-4.6.1")
def test_an_attempt_at_its_moment_counts_although_the_worker_comes_to_it_first() -> None:
    case = resolved()
    case.pass_time_without_worker(DAY)
    case.do(NOT_REACHED)
    assert [task.outcome for task in case.tasks] == [None, "not_reached"]
    assert len(case.messages("follow_up")) == 1
    case.pass_time(DAY)
    assert len(case.messages("follow_up")) == 2


@pytest.mark.clause("INQ-4.6.1")
def test_there_is_nothing_to_follow_up_before_the_resolution_or_after_the_outcome() -> None:
    with pytest.raises(WrongStageError, match="nothing to follow up"):
        opened().do(CONFIRMED)
    case = resolved(reception=None)
    case.do(CONFIRMED)
    with pytest.raises(WrongStageError, match="already recorded"):
        case.do(CONFIRMED)


@pytest.mark.clause("INQ-4.6.2", "INQ-6.1")
def test_a_dissatisfied_customer_makes_the_case_unresolved_and_the_feedback_is_on_record() -> None:
    case = resolved()
    case.pass_time(DAY)
    receipt = case.do(DISSATISFIED)
    assert receipt.stage == "in_progress"
    entry = case.entry("follow_up.recorded")
    assert (entry.detail["feedback"], entry.detail["satisfaction"]) == ("Still wrong.", 1)
    assert case.case.row().feedback == "Still wrong."
    assert {"INQ-4.5.2", "INQ-4.6.1", "INQ-4.6.2"} <= set(receipt.missing)
    assert case.entry("rung.fired").detail["rung"] == "unresolved-1"


@pytest.mark.clause("INQ-4.6.1", "INQ-6.1")
def test_a_problem_that_is_reported_again_ends_the_contact_that_was_open() -> None:
    case = resolved()
    case.pass_time(2 * DAY)
    case.begin_escalations()
    case.do(REPORTED_AGAIN)
    assert [task.outcome for task in case.tasks] == [None, "reopened"]
    assert [held.key for held in case.case.take_needless_escalations()] == ["follow_up_overdue-1"]
    assert case.case.state.follow_up is None


@pytest.mark.clause("INQ-4.6.1")
def test_every_resolution_has_a_follow_up_of_its_own() -> None:
    case = resolved()
    case.pass_time(DAY)
    case.do(DISSATISFIED, RESOLVED)
    case.pass_time(DAY)
    case.do(NOT_REACHED)
    assert [task.task_id.rpartition("/")[2] for task in case.tasks if task.done_at is None] == [
        "1.1",
        "2.1",
    ]


@pytest.mark.clause("INQ-4.6.1")
def test_a_follow_up_that_nobody_makes_goes_to_the_team_leader_after_a_day() -> None:
    case = resolved()
    case.turn_to(MONDAY + 2 * DAY - INSTANT)
    assert case.fired_rungs == {}
    case.turn_to(MONDAY + 2 * DAY)
    assert case.fired_rungs == {"follow_up_overdue-1": MONDAY + 2 * DAY}
    assert case.rung("follow_up_overdue-1").role == Role.TEAM_LEADER
    assert case.stage == "follow_up"


@pytest.mark.clause("INQ-4.6.1")
def test_that_a_contact_is_overdue_does_not_prove_that_it_was_made() -> None:
    case = resolved()
    case.pass_time(2 * DAY)
    assert case.entry("rung.fired").clauses == ("INQ-4.4.4",)
    assert "INQ-4.6.1" in case.case.missing


@pytest.mark.clause("INQ-4.6.1")
def test_an_attempt_meets_or_stands_down_what_waited_for_it() -> None:
    in_time, overdue = resolved(), resolved()
    in_time.pass_time(DAY)
    in_time.do(NOT_REACHED)
    assert in_time.waiting_rungs == {}
    overdue.pass_time(2 * DAY)
    overdue.begin_escalations()
    overdue.do(NOT_REACHED)
    assert [held.key for held in overdue.case.take_needless_escalations()] == [
        "follow_up_overdue-1"
    ]
    overdue.pass_time(2 * DAY)
    assert list(overdue.fired_rungs) == ["follow_up_overdue-1", "follow_up_overdue-2"]


@pytest.mark.clause("INQ-4.6.1")
def test_an_overdue_follow_up_is_stood_down_whatever_policy_came_since() -> None:
    case = resolved()
    case.pass_time(2 * DAY)
    case.begin_escalations()
    case.do(adopted(policy_with(without="follow_up_overdue")), NOT_REACHED)
    assert [held.key for held in case.case.take_needless_escalations()] == ["follow_up_overdue-1"]


def test_a_policy_moves_the_moment_from_which_an_open_contact_is_overdue() -> None:
    case = resolved()
    case.pass_time(DAY)
    case.do(adopted(policy_with(rung("follow_up_overdue", after=3 * HOUR))))
    moved = case.entry("rung.moved", rung="follow_up_overdue-1")
    assert moved.detail["to_due"] == (MONDAY + DAY + 3 * HOUR).isoformat()
    case.turn_to(MONDAY + DAY + 3 * HOUR)
    assert list(case.fired_rungs) == ["follow_up_overdue-1"]


def test_a_policy_with_the_overdue_rung_watches_over_a_contact_that_was_open_before() -> None:
    case = resolved(policy=policy_with(without="follow_up_overdue"))
    case.pass_time(DAY + HOUR)
    case.do(adopted(shipped_policy()))
    assert case.waiting_rungs == {"follow_up_overdue-1": MONDAY + 2 * DAY}
    case.do(adopted(shipped_policy()))
    assert list(case.waiting_rungs) == ["follow_up_overdue-1"]


def test_a_policy_without_the_overdue_rung_lets_the_follow_up_wait() -> None:
    case = resolved()
    case.pass_time(DAY)
    case.do(adopted(policy_with(without="follow_up_overdue")))
    case.pass_time(5 * DAY)
    assert case.fired_rungs == {}
    assert case.case.next_deadline() is None


@pytest.mark.clause("INQ-4.6.1", "HOF-8")
def test_a_policy_that_is_adopted_moves_the_planned_contact_and_journals_it() -> None:
    case = resolved()
    case.do(adopted(policy_with(follow_up=EARLY)))
    moved = case.entry("follow_up.moved")
    assert moved.detail["from_due"] == (MONDAY + DAY).isoformat()
    assert moved.detail["to_due"] == (MONDAY + 2 * HOUR).isoformat()
    assert moved.detail["cause"] == "policy 2026.2"
    case.turn_to(MONDAY + 2 * HOUR - INSTANT)
    assert case.entries("follow_up.due") == []
    case.turn_to(MONDAY + 2 * HOUR)
    assert len(case.tasks) == 1
    assert case.do(NOT_REACHED).stage == "closed"


def test_a_policy_moves_neither_an_open_task_nor_a_contact_that_stays_where_it_is() -> None:
    case = resolved()
    case.do(adopted(policy_with()))
    case.pass_time(DAY)
    case.do(adopted(policy_with(follow_up=EARLY)))
    assert case.entries("follow_up.moved") == []
    assert len(case.tasks) == 1


@pytest.mark.clause("INQ-4.6.1")
def test_a_follow_up_keeps_to_the_calendar_of_the_policy() -> None:
    tuesdays = Calendar.model_validate(
        {"name": "tuesdays", "time_zone": "Europe/Berlin", "weekly": {"tue": ["10:00-12:00"]}}
    )
    rule = FollowUpRule(after=HOUR, every=HOUR, attempts=2, calendar="tuesdays")
    case = resolved(policy=policy_with(follow_up=rule, calendars={"tuesdays": tuesdays}))
    due = case.case.next_deadline()
    assert due is not None
    assert due.at == MONDAY + DAY + 2 * HOUR


@pytest.mark.clause("INQ-4.6.2")
def test_a_case_that_is_withdrawn_during_the_follow_up_ends_its_task() -> None:
    case = resolved()
    case.pass_time(DAY)
    case.do(WITHDRAWN)
    assert [task.outcome for task in case.tasks] == [None, "withdrawn"]
    assert case.case.next_deadline() is None


@pytest.mark.clause("INQ-4.6.1", "INQ-4.5.2")
def test_the_task_is_the_responsible_employees_and_keeps_its_opening_when_it_ends() -> None:
    case = opened(assignee=None)
    case.do(VERIFIED, RESOLVED.model_copy(update={"responsible": "lena"}))
    case.pass_time(DAY)
    case.pass_time(HOUR)
    case.do(CONFIRMED)
    first, last = case.tasks
    assert (first.assignee, last.assignee) == ("lena", "lena")
    assert last.opened_at == first.opened_at == MONDAY + DAY
