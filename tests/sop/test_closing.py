"""How an inquiry ends (INQ-4.5.2, INQ-4.6.2): the closing gate, and what may not outlive a case."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from sop import messages as m
from sop.closing import GATING
from sop.errors import CaseClosedError, InvalidValueError, SopError
from sop.inquiry import Inquiry
from sop.models import ClosedAs, Priority, Stage, VerificationOutcome
from sop.stages import TRANSITIONS
from sop.steps import STEPS
from tests.sop.builders import (
    ATTESTED,
    CONFIRMED,
    DAY,
    DISSATISFIED,
    DUPLICATE,
    GENERAL_ANSWER,
    HOUR,
    MONDAY,
    NOT_REACHED,
    NOT_VERIFIED,
    NOTED,
    REPORTED_AGAIN,
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
    corrected,
    escalated,
    opened,
    policy_with,
    promised,
    resolved,
)
from tests.sop.handoff.builders import APPROVED, HANDED_OVER, IDENTIFIED, NOTICED

PROMISED = promised(MONDAY + HOUR)


def at(stage: Stage, *, escalating: bool = False) -> Handled:
    """Return an inquiry at a stage; with a rung that fired and one that waits where asked."""
    priority = Priority.URGENT if escalating else Priority.STANDARD
    case = opened(category=None if stage == Stage.RECEIVED else "complaint", priority=priority)
    case.begin_escalations()
    steps: dict[Stage, tuple[m.Command, ...]] = {
        Stage.IN_PROGRESS: (VERIFIED,),
        Stage.PROMISED: (PROMISED,),
        Stage.WAITING_FOR_CUSTOMER: (WAITING,),
        Stage.FOLLOW_UP: (VERIFIED, RESOLVED),
        Stage.CLOSED: (WITHDRAWN,),
    }
    for step in steps.get(stage, ()):
        case.do(step)
    assert case.stage == stage
    return case


OPEN = [stage for stage in Stage if stage != Stage.CLOSED]


# The closing gate


@pytest.mark.clause("INQ-4.5.2", "INQ-4.6.2")
def test_a_case_closes_when_every_clause_is_proved_and_not_before() -> None:
    case = opened(category=None, reception=None)
    steps = (ATTESTED, categorised(), VERIFIED, GENERAL_ANSWER, RESOLVED, CONFIRMED)
    missing = [set(case.case.missing)]
    for step in steps:
        assert case.stage != "closed"
        missing.append(set(case.do(step).missing))
    assert missing[0] == set(GATING)
    assert all(after < before for before, after in pairwise(missing))
    assert (case.stage, missing[-1]) == ("closed", set())


@pytest.mark.clause("INQ-4.5.2")
def test_a_closed_case_names_resolution_responsible_employee_feedback_and_outcome() -> None:
    case = resolved()
    case.do(CONFIRMED)
    row = case.case.row()
    assert (row.closed_as, row.closed_at) == (ClosedAs.RESOLVED, MONDAY)
    assert (row.resolution, row.responsible) == ("The charge was paid back.", "anna")
    assert (row.feedback, row.follow_up_outcome) == ("All well.", "confirmed")
    assert case.entry("inquiry.closed").detail["closed_as"] == "resolved"
    outcome = case.case.outcome()
    assert (outcome.closed_as, outcome.entries) == (ClosedAs.RESOLVED, len(case.journal))


@pytest.mark.clause("INQ-4.5.2")
@pytest.mark.parametrize("said", [{"feedback": "All well."}, {"satisfaction": 4}])
def test_a_confirmation_without_the_customers_feedback_is_refused(said: dict[str, Any]) -> None:
    case = resolved()
    mute = CONFIRMED.model_copy(update={"feedback": None, "satisfaction": None})
    with pytest.raises(InvalidValueError, match="`feedback`, `satisfaction` or both") as refused:
        case.do(mute)
    assert refused.value.clause == "INQ-4.5.2"
    assert case.do(mute.model_copy(update=said)).stage == "closed"


@pytest.mark.clause("INQ-4.6.2")
def test_a_customer_who_was_not_reached_leaves_no_feedback_and_the_case_closes() -> None:
    case = resolved()
    for _ in range(3):
        case.pass_time(DAY)
        case.do(NOT_REACHED)
    assert (case.stage, case.case.row().feedback) == ("closed", None)


def test_a_case_that_is_open_has_no_outcome() -> None:
    with pytest.raises(ValueError, match="open"):
        opened().case.outcome()


@pytest.mark.clause("INQ-4.5.2")
@pytest.mark.parametrize(
    ("lacking", "clauses", "made_good"),
    [
        ({"reception": None}, ("INQ-4.1.1", "INQ-4.1.2", "INQ-4.1.3", "INQ-5.3"), ATTESTED),
        ({"category": None}, ("INQ-4.2.1", "INQ-4.2.2", "INQ-4.2.3"), categorised()),
    ],
)
def test_the_holder_is_told_what_is_missing_when_the_follow_up_is_done(
    lacking: dict[str, Any], clauses: tuple[str, ...], made_good: m.Command
) -> None:
    case = opened(**lacking)
    case.do(VERIFIED, RESOLVED)
    receipt = case.do(CONFIRMED)
    assert (receipt.stage, receipt.missing) == (Stage.FOLLOW_UP, clauses)
    assert (receipt.next_deadline, case.entries("inquiry.closed")) == (case.now + DAY, [])
    (warning,) = case.messages("warning")
    assert warning.recipient == "principal:anna"
    assert warning.body.endswith(f"Missing for closing: {', '.join(clauses)}.")
    assert case.do(made_good).stage == "closed"
    assert case.entry("inquiry.closed").actor == made_good.actor


def test_a_case_that_lacks_nothing_warns_nobody_when_the_follow_up_is_done() -> None:
    case = resolved()
    case.do(CONFIRMED)
    assert case.messages("warning") == []


# Withdrawn, duplicate


@pytest.mark.parametrize("stage", OPEN)
@pytest.mark.parametrize(
    ("step", "closed_as"),
    [(WITHDRAWN, ClosedAs.WITHDRAWN), (DUPLICATE, ClosedAs.DUPLICATE)],
)
def test_a_case_is_withdrawn_or_a_duplicate_at_every_stage_and_nothing_outlives_it(
    stage: Stage, step: m.Command, closed_as: ClosedAs
) -> None:
    case = at(stage, escalating=stage not in {Stage.RECEIVED, Stage.FOLLOW_UP})
    fired = set(case.fired_rungs)
    receipt = case.do(step)
    assert (receipt.stage, receipt.missing, receipt.next_deadline) == ("closed", (), None)
    state = case.case.state
    assert (state.closed_as, state.closed_at) == (closed_as, MONDAY)
    assert (state.promise, state.waiting_since, state.follow_up) == (None, None, None)
    assert all(pause.end is not None for pause in state.pauses)
    assert case.waiting_rungs == {}
    assert (case.case.level, case.case.holder) == (0, "anna")
    assert {held.key for held in case.case.take_needless_escalations()} == fired
    seq = state.seq
    case.pass_time(30 * DAY)
    assert case.case.state.seq == seq


def test_a_withdrawal_and_a_duplicate_say_why_and_of_what() -> None:
    case, copy = opened(), opened()
    case.do(WITHDRAWN)
    copy.do(DUPLICATE)
    assert case.entry("inquiry.withdrawn").detail["reason"] == "The customer found the receipt."
    assert copy.entry("inquiry.marked_duplicate").detail == {
        "duplicate_of": "inquiry-00000001",
        "reason": "Same order.",
    }
    assert copy.case.row().duplicate_of == "inquiry-00000001"


def test_a_case_is_no_duplicate_of_itself() -> None:
    case = opened()
    itself = DUPLICATE.model_copy(update={"duplicate_of": "inquiry-4f1c2a77"})
    with pytest.raises(InvalidValueError, match="itself"):
        case.do(itself)
    assert case.stage != "closed"


def test_a_case_that_is_withdrawn_while_it_waits_ends_the_wait_on_record() -> None:
    case = at(Stage.WAITING_FOR_CUSTOMER)
    case.pass_time(HOUR)
    case.do(WITHDRAWN)
    assert case.entry("wait.ended").detail["why"] == "withdrawn"


def test_a_case_that_was_withdrawn_before_the_worker_returned_escalates_nothing() -> None:
    case = at(Stage.PROMISED)
    case.pass_time_without_worker(3 * DAY)
    case.do(WITHDRAWN)
    assert (case.fired_rungs, case.entries("promise.broken")) == ({}, [])


EVERY_STEP: tuple[m.Command, ...] = (
    ATTESTED,
    corrected("technical"),
    VERIFIED,
    IDENTIFIED,
    APPROVED,
    HANDED_OVER,
    GENERAL_ANSWER,
    PROMISED,
    REPORTED_AGAIN,
    WAITING,
    RESUMED,
    escalated(),
    assigned("ben"),
    NOTED,
    RESOLVED,
    CONFIRMED,
    WITHDRAWN,
    DUPLICATE,
    adopted(policy_with()),
)


def test_every_step_is_among_those_that_a_closed_case_is_tried_with() -> None:
    assert {type(step) for step in EVERY_STEP} == set(STEPS)


@pytest.mark.parametrize("step", EVERY_STEP, ids=lambda step: step.step)
def test_nothing_can_be_added_to_a_closed_case(step: m.Command) -> None:
    case = at(Stage.CLOSED)
    before = case.case.state
    with pytest.raises(CaseClosedError, match=r"closed \(withdrawn\)"):
        case.do(step)
    assert case.case.state == before


# Stages


def after(case: Handled, step: m.Command) -> Handled | None:
    """Return what becomes of a copy of the case; None where the step is refused."""
    copy = Handled(Inquiry(case.case.policy, case.case.state), case.now, case.steps)
    try:
        copy.do(step)
    except SopError:
        return None
    return copy


def after_promise(case: Handled) -> Handled | None:
    """Return what becomes of the case when the promised time passes."""
    promise = case.case.state.promise
    if promise is None:
        return None
    copy = Handled(Inquiry(case.case.policy, case.case.state), case.now, case.steps)
    copy.turn_to(promise.answer_by)
    return copy


def what_counts(case: Handled) -> tuple[object, ...]:
    """Return the facts on which the stages to come depend."""
    state = case.case.state
    return (
        case.stage,
        state.category is None,
        state.verification == VerificationOutcome.VERIFIED,
        state.identification.discrepancy is None,
        state.identification.discrepancy is not None
        and state.identification.discrepancy.approved is not None,
        state.promise is None,
        state.waiting_since is None,
        state.resolutions > 0,
        state.follow_up is None,
        "INQ-4.4.3" in state.proofs,
    )


def reachable_transitions() -> Iterator[tuple[str, str]]:
    """Yield each pair of stages that a step or a promise's deadline leads through."""
    first = opened(category=None)
    known, waiting = {what_counts(first)}, [first]
    while waiting:
        case = waiting.pop()
        steps = (*EVERY_STEP, categorised(), NOT_VERIFIED, NOTICED, SENT_OFF, DISSATISFIED)
        others = [after(case, step) for step in (*steps, promised(case.now + HOUR))]
        for other in filter(None, (*others, after_promise(case))):
            yield case.stage, other.stage
            if what_counts(other) not in known:
                known.add(what_counts(other))
                waiting.append(other)


def test_the_table_of_transitions_holds_what_can_happen_and_nothing_else() -> None:
    allowed = {(before, after) for before, row in TRANSITIONS.items() for after in row}
    stays_closed = (Stage.CLOSED, Stage.CLOSED)
    assert {*reachable_transitions(), stays_closed} == allowed
