"""What a step answers, what a refusal leaves behind, and a case that continues as new."""

import pytest

from sop import messages as m
from sop.errors import NotAllowedError, SopError
from sop.inquiry import Inquiry
from sop.models import Actor, Priority, Role
from sop.outgoing import Outgoing
from sop.procedure import REMEMBERED_RECEIPTS
from sop.state import InquiryStart, InquiryState
from tests.sop.builders import (
    ANNA,
    ANSWERED,
    CONFIRMED,
    DAY,
    HOUR,
    MONDAY,
    NOTED,
    RESOLVED,
    VERIFIED,
    WEB_FORM,
    Handled,
    adopted,
    corrected,
    opened,
    opening,
    policy_with,
    promised,
    resolved,
    rung,
    shipped_policy,
)


@pytest.mark.clause("INQ-4.5.1")
def test_a_step_that_was_answered_before_is_answered_from_memory() -> None:
    case = opened()
    receipt = case.case.apply(NOTED, case.now, cause="update-7")
    assert case.case.answered("update-7") == receipt
    assert case.case.answered("update-8") is None
    assert [entry.entry_id for entry in case.entries("note.added")] == ["update-7#0"]


@pytest.mark.clause("INQ-4.5.1")
def test_what_one_step_causes_is_told_apart_by_number_and_what_the_clock_causes_by_name() -> None:
    case = opened(category="complaint")
    known = len(case.journal)
    case.case.apply(corrected("technical"), case.now, cause="update-7")
    case.pass_time(DAY)
    names = [entry.entry_id for entry in case.journal[known:]]
    assert names == [
        "update-7#0",
        "update-7#1",
        "update-7#2",
        "rung/technical-1/warned",
        "rung/technical-1/fired",
    ]


def test_the_latest_answers_are_remembered_and_older_ones_give_way() -> None:
    case = opened()
    first = case.do(NOTED)
    for _ in range(REMEMBERED_RECEIPTS - 1):
        case.do(NOTED)
    assert case.case.answered("step-1") == first
    last = case.do(NOTED)
    assert len(case.case.state.seen) == REMEMBERED_RECEIPTS
    assert case.case.answered("step-1") is None
    assert case.case.answered("step-2") is not None
    assert case.case.answered(f"step-{case.steps}") == last
    assert last.seq == first.seq + REMEMBERED_RECEIPTS


def test_a_receipt_says_where_the_case_stands_what_was_proved_and_what_is_missing() -> None:
    case = opened(category="complaint")
    receipt = case.do(VERIFIED)
    assert (receipt.seq, receipt.stage) == (len(case.journal), "in_progress")
    assert receipt.proved == ("INQ-4.3.1", "INQ-4.3.2")
    assert receipt.missing == (
        "INQ-4.4.1",
        "INQ-4.4.2",
        "INQ-4.5.2",
        "INQ-4.6.1",
        "INQ-4.6.2",
    )
    assert receipt.next_deadline == MONDAY + 12 * HOUR
    assert receipt.next_deadline_what == "complaint: to the quality manager"


def test_a_receipt_tells_deadlines_and_not_the_warnings_before_them() -> None:
    case = opened(category="complaint")
    due = case.case.next_deadline()
    assert due is not None
    assert (due.at, due.what) == (MONDAY + 9 * HOUR, "complaint: warning to the holder")
    assert case.do(NOTED).next_deadline == MONDAY + 12 * HOUR


@pytest.mark.parametrize(
    "step",
    [
        RESOLVED,
        CONFIRMED,
        corrected("gossip"),
        promised(MONDAY),
        ANSWERED,
        NOTED.model_copy(update={"actor": Actor(principal="ada", role=Role.AUDITOR)}),
    ],
)
def test_a_refused_step_changes_nothing_and_is_not_remembered(step: m.Command) -> None:
    case = opened()
    before, policy = case.case.state, case.case.policy
    with pytest.raises(SopError):
        case.case.check(step, case.now)
    with pytest.raises(SopError):
        case.do(step)
    assert (case.case.state, case.case.policy) == (before, policy)


def test_a_check_changes_nothing_whatever_it_says() -> None:
    case = opened()
    before, policy = case.case.state, case.case.policy
    case.case.check(VERIFIED, case.now)
    lenas = adopted(policy_with())
    case.case.check(lenas, case.now)
    assert (case.case.state, case.case.policy) == (before, policy)


@pytest.mark.clause("INQ-3.1")
def test_a_step_that_the_role_may_not_do_is_refused_before_anything_else() -> None:
    case = resolved()
    case.do(CONFIRMED)
    with pytest.raises(NotAllowedError, match="service may not resolve"):
        case.do(RESOLVED.model_copy(update={"actor": WEB_FORM}))


def test_what_is_written_to_the_crm_is_handed_over_once() -> None:
    case = opened()
    assert (case.case.has_pending, case.case.unwritten_from) == (True, 1)
    first = case.case.take_pending()
    assert [entry.seq for entry in first.entries] == [1, 2, 3, 4]
    assert (case.case.take_pending(), case.case.unwritten_from) == (Outgoing(), 5)
    case.do(NOTED)
    assert [entry.seq for entry in case.case.take_pending().entries] == [5]


def test_a_case_that_continues_as_new_goes_on_as_if_it_had_not() -> None:
    other = policy_with(rung("complaint", after=14 * HOUR))
    start = InquiryStart(
        case_id="inquiry-4f1c2a77",
        policy=shipped_policy(),
        opened_by=ANNA,
        received_at=MONDAY,
        opening=opening(category="complaint", priority=Priority.URGENT),
    )
    case = Handled(Inquiry.begin(start, MONDAY), MONDAY)
    case.do(VERIFIED, promised(MONDAY + 4 * HOUR), adopted(other))
    case.begin_escalations()
    case.pass_time(HOUR)
    carried = case.case.to_continue(start).model_dump_json()
    again = InquiryStart.model_validate_json(carried)
    assert (again.opening, again.policy) == (None, other)
    new = Handled(Inquiry.begin(again, case.now), case.now, case.steps)
    for run in (case, new):
        run.pass_time(DAY)
        run.do(RESOLVED, CONFIRMED)
    assert new.case.state == case.case.state
    assert new.case.answered("step-1") == case.case.answered("step-1") is not None
    assert new.fired_rungs["complaint-1"] == MONDAY + 14 * HOUR


def test_the_state_ignores_what_a_newer_process_wrote_into_it() -> None:
    written = opened().case.state.model_dump(mode="json") | {"invented_later": True}
    assert InquiryState.model_validate(written) == opened().case.state


def test_a_fact_that_does_not_exist_is_a_mistake_and_not_a_new_fact() -> None:
    case = opened().case
    with pytest.raises(AttributeError, match="no such fact: stagee"):
        case.set(stagee="closed")


def test_the_clock_is_no_persons_role() -> None:
    case = opened()
    with pytest.raises(NotAllowedError):
        case.do(NOTED.model_copy(update={"actor": ANNA.model_copy(update={"role": Role.SYSTEM})}))
