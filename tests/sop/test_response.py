"""Answers, promises and waits (INQ-4.4), and that everything is on record (INQ-4.5.1)."""

from datetime import datetime, timedelta

import pytest

from sop import messages as m
from sop.errors import BehindGateError, InvalidValueError, WrongStageError
from sop.handoff.messages import OpenHandoff
from sop.models import Role, Stage
from sop.steps import STEPS
from tests.sop.builders import (
    ANNA,
    ANSWERED,
    ATTESTED,
    BEN,
    CONFIRMED,
    DAY,
    DUPLICATE,
    GENERAL_ANSWER,
    HOUR,
    INSTANT,
    LENA,
    MONDAY,
    NOTED,
    REPLIED,
    RESOLVED,
    RESUMED,
    SENT_OFF,
    VERIFIED,
    WAITING,
    WITHDRAWN,
    Handled,
    adopted,
    assigned,
    categorised,
    escalated,
    opened,
    policy_with,
    promised,
    resolved,
)
from tests.sop.handoff.builders import APPROVED, HANDED_OVER, IDENTIFIED, NOTICED

IN_FOUR_HOURS = MONDAY + 4 * HOUR


def with_promise(answer_by: datetime = IN_FOUR_HOURS) -> Handled:
    case = opened()
    case.do(VERIFIED, promised(answer_by))
    return case


@pytest.mark.clause("INQ-4.4.1")
def test_an_answer_is_on_record_as_it_was_sent_and_by_whom() -> None:
    case = opened()
    case.do(VERIFIED)
    assert case.do(ANSWERED).proved == ("INQ-4.4.1",)
    entry = case.entry("response.sent")
    assert (entry.actor, entry.detail["text"]) == (ANNA, "Your payment is on its way.")
    assert entry.detail["promise_kept"] is None
    assert case.case.state.responded_at == MONDAY


@pytest.mark.clause("INQ-4.4.2")
def test_a_resolution_at_once_records_that_the_customer_confirmed_it() -> None:
    case = opened()
    case.do(VERIFIED)
    assert case.do(RESOLVED).proved == ("INQ-4.4.1", "INQ-4.4.2")
    entry = case.entry("inquiry.resolved")
    assert entry.detail["resolution"] == "The charge was paid back."
    assert entry.detail["customer_confirmed"] is True
    assert entry.detail["promise_kept"] is None


@pytest.mark.clause("INQ-4.4.2", "INQ-4.4.3")
def test_a_resolution_that_the_customer_neither_confirmed_nor_was_told_of_is_refused() -> None:
    case = opened()
    case.do(VERIFIED)
    with pytest.raises(BehindGateError, match="record a promise first") as refused:
        case.do(SENT_OFF)
    assert refused.value.clause == "INQ-4.4.2"
    case.do(promised(IN_FOUR_HOURS), SENT_OFF)
    assert case.entry("inquiry.resolved").detail["promise_kept"] is True


@pytest.mark.clause("INQ-4.4.2")
def test_a_customer_who_was_told_when_the_answer_comes_confirms_it_at_the_follow_up() -> None:
    case = with_promise()
    case.do(SENT_OFF)
    assert "INQ-4.4.2" not in case.case.missing
    assert "INQ-4.4.2" in case.do(CONFIRMED).proved


@pytest.mark.clause("INQ-4.4.3")
def test_a_promise_tells_the_customer_by_when_and_whom_to_ask() -> None:
    case = with_promise()
    receipt = case.do(NOTED)
    assert (receipt.stage, receipt.next_deadline) == (Stage.PROMISED, IN_FOUR_HOURS)
    assert receipt.next_deadline_what == "promised answer"
    (message,) = case.messages("promise")
    assert message.recipient == "customer:c-1"
    assert "by Mon 2026-11-23 13:00 CET." in message.body
    assert "reach Anna, extension 12." in message.body
    entry = case.entry("promise.made")
    assert entry.clauses == ("INQ-4.4.3",)
    assert (entry.detail["contact"], entry.detail["answer_by"]) == (
        "Anna, extension 12",
        IN_FOUR_HOURS.isoformat(),
    )


@pytest.mark.clause("INQ-4.4.3")
@pytest.mark.parametrize(
    ("answer_by", "accepted"),
    [
        (MONDAY - HOUR, False),
        (MONDAY, False),
        (MONDAY + INSTANT, True),
        (MONDAY + 10 * DAY, True),
        (MONDAY + 10 * DAY + INSTANT, False),
    ],
)
def test_a_promise_lies_in_the_future_and_not_beyond_what_the_policy_allows(
    answer_by: datetime, accepted: bool
) -> None:
    case = opened()
    if accepted:
        assert case.do(promised(answer_by)).stage == Stage.PROMISED
        return
    with pytest.raises(InvalidValueError, match="not after Thu 2026-12-03 09:00 CET") as refused:
        case.do(promised(answer_by))
    assert refused.value.clause == "INQ-4.4.3"


@pytest.mark.clause("INQ-4.4.3")
def test_the_holder_is_warned_when_three_quarters_of_the_promised_time_have_passed() -> None:
    case = with_promise()
    case.turn_to(MONDAY + 3 * HOUR - INSTANT)
    assert case.messages("warning") == []
    case.turn_to(MONDAY + 3 * HOUR)
    (warning,) = case.messages("warning")
    assert warning.recipient == "principal:anna"
    assert warning.body.endswith("the promised answer is due Mon 2026-11-23 13:00 CET.")
    case.turn_to(IN_FOUR_HOURS)
    assert len(case.messages("warning")) == len(case.entries("promise.warned")) == 1


@pytest.mark.clause("INQ-4.4.3", "INQ-6.1")
def test_a_promise_is_broken_at_its_moment_and_not_before() -> None:
    case = with_promise()
    case.turn_to(IN_FOUR_HOURS - INSTANT)
    assert (case.stage, case.fired_rungs) == (Stage.PROMISED, {})
    case.turn_to(IN_FOUR_HOURS)
    assert case.entry("promise.broken").detail["answer_by"] == IN_FOUR_HOURS.isoformat()
    assert case.fired_rungs == {"unresolved-1": IN_FOUR_HOURS}
    assert case.rung("unresolved-1").role == Role.TEAM_LEADER
    assert (case.stage, case.case.state.promise) == (Stage.IN_PROGRESS, None)


@pytest.mark.clause("INQ-4.4.3")
@pytest.mark.parametrize("answer", [ANSWERED, GENERAL_ANSWER, RESOLVED])
def test_a_promise_is_kept_by_an_answer_up_to_its_moment(answer: m.Command) -> None:
    case = with_promise()
    case.turn_to(IN_FOUR_HOURS - INSTANT)
    case.pass_time_without_worker(INSTANT)
    case.do(answer)
    assert case.journal[-1].detail["promise_kept"] is True
    case.pass_time(9 * HOUR)
    assert case.entries("promise.broken") == []
    assert case.fired_rungs == {}


@pytest.mark.clause("INQ-4.4.3")
def test_an_answer_that_comes_after_the_promise_was_broken_does_not_undo_it() -> None:
    case = with_promise()
    case.turn_to(IN_FOUR_HOURS + HOUR)
    case.do(ANSWERED)
    assert case.entry("response.sent").detail["promise_kept"] is None
    assert case.rung("unresolved-1").live


@pytest.mark.clause("INQ-4.4.3", "INQ-6.1")
def test_a_worker_that_returns_late_does_not_escalate_an_answered_case() -> None:
    case = with_promise()
    case.pass_time_without_worker(5 * HOUR)
    case.do(ANSWERED)
    assert case.entry("response.sent").detail["promise_kept"] is False
    case.pass_time(2 * DAY - 6 * HOUR)
    assert (case.entries("promise.broken"), case.fired_rungs) == ([], {})


@pytest.mark.clause("INQ-4.4.3", "INQ-6.1")
def test_a_worker_that_returns_late_finds_the_promise_broken_and_says_how_late() -> None:
    case = with_promise()
    case.pass_time_without_worker(5 * HOUR)
    case.worker_returns()
    fired = case.entry("rung.fired")
    assert fired.detail["due_at"] == IN_FOUR_HOURS.isoformat()
    assert fired.detail["lateness_ms"] == 3_600_000
    assert fired.detail["cause"] == "promise broken"
    assert case.messages("warning") == []


@pytest.mark.clause("INQ-4.4.3")
def test_another_promise_replaces_the_first_and_has_a_clock_of_its_own() -> None:
    case = with_promise()
    case.pass_time(HOUR)
    case.do(promised(MONDAY + 8 * HOUR))
    assert case.entries("promise.made")[1].detail["replaces"] == IN_FOUR_HOURS.isoformat()
    case.turn_to(MONDAY + 8 * HOUR - INSTANT)
    assert case.entries("promise.broken") == []
    warned = case.entry("promise.warned")
    assert warned.at == MONDAY + HOUR + 0.75 * 7 * HOUR
    case.turn_to(MONDAY + 8 * HOUR)
    case.entry("promise.broken")
    assert len(case.messages("promise")) == 2


@pytest.mark.clause("INQ-4.4.3", "INQ-6.1")
@pytest.mark.parametrize("late_by", [timedelta(0), HOUR])
def test_another_promise_is_no_answer_to_one_that_has_passed(late_by: timedelta) -> None:
    case = with_promise()
    case.pass_time_without_worker(4 * HOUR + late_by)
    case.do(promised(case.now + HOUR))
    assert case.kinds[-3:] == ["promise.broken", "promise.made", "rung.fired"]
    assert case.stage == Stage.PROMISED
    assert case.entry("promise.made", replaces=None).detail["answer_by"] != ""
    case.pass_time(HOUR)
    assert len(case.entries("promise.broken")) == 2


@pytest.mark.clause("INQ-4.4.3")
def test_a_promise_goes_on_while_the_customer_owes_an_answer() -> None:
    case = with_promise()
    case.do(WAITING)
    assert case.stage == Stage.WAITING_FOR_CUSTOMER
    case.turn_to(IN_FOUR_HOURS)
    case.entry("promise.broken")
    assert case.stage == Stage.WAITING_FOR_CUSTOMER


@pytest.mark.clause("INQ-4.5.1")
def test_a_wait_ends_with_the_customers_answer_or_by_hand_and_both_are_on_record() -> None:
    case = opened()
    case.do(VERIFIED, WAITING)
    case.pass_time(HOUR)
    assert case.do(REPLIED).stage == Stage.IN_PROGRESS
    case.do(WAITING)
    case.pass_time(HOUR)
    assert case.do(RESUMED).stage == Stage.IN_PROGRESS
    assert [entry.detail["why"] for entry in case.entries("wait.ended")] == [
        "customer replied",
        "Found the order without the customer.",
    ]
    assert [(pause.start, pause.end) for pause in case.case.state.pauses] == [
        (MONDAY, MONDAY + HOUR),
        (MONDAY + HOUR, MONDAY + 2 * HOUR),
    ]


def test_a_case_waits_once_and_resumes_only_from_a_wait() -> None:
    case = opened()
    with pytest.raises(WrongStageError, match="nothing to resume"):
        case.do(RESUMED)
    case.do(WAITING)
    with pytest.raises(WrongStageError, match="already waits"):
        case.do(WAITING)


def test_a_resolution_ends_the_wait() -> None:
    case = opened()
    case.do(VERIFIED, WAITING)
    case.pass_time(HOUR)
    assert case.do(RESOLVED).stage == Stage.FOLLOW_UP
    assert case.entry("wait.ended").detail["why"] == "resolved"
    assert case.case.state.waiting_since is None


@pytest.mark.parametrize("step", [promised(MONDAY + HOUR), WAITING, escalated("urgent"), RESOLVED])
def test_what_has_no_place_after_the_resolution_is_refused(step: m.Command) -> None:
    case = resolved()
    with pytest.raises(WrongStageError, match="`problem_persists`"):
        case.do(step)


@pytest.mark.clause("INQ-4.5.2")
@pytest.mark.parametrize(
    ("assignee", "responsible", "recorded"),
    [("ben", "lena", "lena"), ("ben", None, "ben"), (None, None, "anna")],
)
def test_the_responsible_employee_is_named_else_the_assignee_else_who_resolved(
    assignee: str | None, responsible: str | None, recorded: str
) -> None:
    case = opened(assignee=assignee)
    case.do(VERIFIED, RESOLVED.model_copy(update={"responsible": responsible}))
    assert case.case.row().responsible == recorded


@pytest.mark.clause("INQ-3.1")
def test_a_case_is_assigned_and_reassigned_with_both_names_on_record() -> None:
    case = opened(assignee=None)
    assert case.case.holder is None
    case.do(assigned("ben"), assigned("anna"))
    first, second = case.entries("inquiry.assigned")
    assert (first.detail["from_assignee"], first.detail["to_assignee"]) == (None, "ben")
    assert (second.detail["from_assignee"], second.detail["to_assignee"]) == ("ben", "anna")
    assert case.case.holder == "anna"


EVERY_STEP: dict[type[m.Command], tuple[m.Command, ...]] = {
    m.RecordReception: (ATTESTED,),
    m.Categorise: (categorised(),),
    m.RecordVerification: (VERIFIED,),
    m.Identify: (IDENTIFIED,),
    m.DecideDiscrepancy: (NOTICED, APPROVED),
    OpenHandoff: (HANDED_OVER,),
    m.Respond: (VERIFIED, ANSWERED),
    m.Promise: (promised(MONDAY + HOUR),),
    m.CustomerReplied: (REPLIED,),
    m.WaitForCustomer: (WAITING,),
    m.Resume: (WAITING, RESUMED),
    m.Escalate: (escalated(),),
    m.Assign: (assigned("ben"),),
    m.AddNote: (NOTED,),
    m.Resolve: (VERIFIED, RESOLVED),
    m.RecordFollowUp: (VERIFIED, RESOLVED, CONFIRMED),
    m.Withdraw: (WITHDRAWN,),
    m.MarkDuplicate: (DUPLICATE,),
    m.AdoptPolicy: (adopted(policy_with()),),
}
"""For each step the steps that lead to it, and itself."""


@pytest.mark.clause("INQ-4.5.1")
@pytest.mark.parametrize("kind", list(STEPS))
def test_every_step_is_on_record_with_who_and_when_and_what_they_said(
    kind: type[m.Command],
) -> None:
    *before, said = EVERY_STEP[kind]
    case = opened(category=None, reception=None, assignee="ben")
    for step in before:
        case.do(step)
    case.pass_time(timedelta(minutes=7))
    known = len(case.journal)
    by = LENA if kind in {m.AdoptPolicy, m.DecideDiscrepancy} else BEN
    receipt = case.do(said.model_copy(update={"actor": by, "digest": "d-1"}))
    new = case.journal[known:]
    assert {entry.at for entry in new} == {MONDAY + timedelta(minutes=7)}
    assert any(entry.actor == by for entry in new)
    assert [entry.seq for entry in case.journal] == list(range(1, receipt.seq + 1))
    assert (receipt.case_id, receipt.digest) == ("inquiry-4f1c2a77", "d-1")
    on_record = [value for entry in new for value in entry.detail.values()]
    for words in said.model_dump(mode="json").values():
        assert not isinstance(words, str) or " " not in words or words in on_record
