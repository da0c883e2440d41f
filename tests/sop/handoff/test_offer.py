"""The offer: reminders, escalation, answers, and custody that comes back (HOF-4.2.5 to HOF-4.3)."""

from datetime import timedelta
from typing import Any

import pytest

from sop.errors import (
    CaseClosedError,
    InvalidValueError,
    NotAllowedError,
    StaleAnswerError,
    WrongStageError,
)
from sop.handoff import messages as h
from sop.handoff.handoff import STEPS, Handoff
from sop.handoff.models import Answer
from sop.handoff.state import HandoffState
from sop.messages import Command
from sop.models import Actor, Role
from tests.sop.builders import ANNA, DAY, HOUR, INSTANT, LENA, MONDAY
from tests.sop.handoff.builders import (
    ACCEPTED,
    APPROVED,
    BRIEFED,
    CHANGED,
    CONCLUDED,
    CONFIRMED,
    FAXED,
    IDENTIFIED,
    IN_PART,
    MAILED,
    NOTED,
    NOTICED,
    POSTED,
    PREPARED,
    REFUSED,
    RITA,
    RON,
    SENT,
    TOLD,
    WITHDRAWN,
    HandedOver,
    adopted,
    assigned,
    came_back,
    handed,
    handoff_policy,
    offered,
    prepared,
)

BACK = MONDAY + DAY


def answer_is_refused(case: HandedOver, step: Command, error: type[Exception]) -> None:
    before = case.state
    with pytest.raises(error):
        case.do(step)
    assert case.state == before


# The wait


@pytest.mark.clause("HOF-4.2.5")
def test_a_party_that_does_not_answer_is_reminded_every_four_hours() -> None:
    case = offered()
    case.turn_to(BACK)
    reminded = [entry.at - MONDAY for entry in case.entries("handoff.reminded")]
    assert reminded == [n * HOUR for n in (4, 8, 12, 16, 20)]
    assert {m.recipient for m in case.messages("handoff.reminder")} == {"principal:rita"}
    assert len(case.messages("handoff.reminder")) == 5


@pytest.mark.clause("HOF-4.2.5")
def test_reminders_that_were_missed_are_given_once() -> None:
    case = offered()
    case.pass_time_without_worker(9 * HOUR)
    case.worker_returns()
    assert len(case.entries("handoff.reminded")) == 1
    case.turn_to(MONDAY + 12 * HOUR - INSTANT)
    assert len(case.entries("handoff.reminded")) == 1
    case.turn_to(MONDAY + 12 * HOUR)
    assert len(case.entries("handoff.reminded")) == 2


@pytest.mark.clause("HOF-4.2.5")
def test_the_team_leader_is_paged_at_twelve_hours_and_not_before() -> None:
    case = offered()
    case.turn_to(MONDAY + 12 * HOUR - INSTANT)
    assert case.fired_rungs == {}
    case.turn_to(MONDAY + 12 * HOUR)
    assert case.fired_rungs == {"acknowledgement-1": MONDAY + 12 * HOUR}
    assert case.entry("rung.fired").detail["role"] == Role.TEAM_LEADER
    assert "HOF-4.2.5" in case.case.missing


@pytest.mark.clause("HOF-4.2.5")
def test_custody_returns_at_twenty_four_hours_not_early_and_once() -> None:
    case = offered()
    case.turn_to(BACK - INSTANT)
    assert (case.stage, case.entries("custody.returned")) == ("offered", [])
    case.turn_to(BACK)
    assert case.stage == "returned"
    entry = case.entry("custody.returned")
    assert (entry.at, entry.clauses) == (BACK, ("HOF-4.2.5",))
    assert entry.detail["to_party"] == "anna"
    assert entry.detail["held_since"] == MONDAY.isoformat()
    case.turn_to(BACK + 7 * DAY)
    assert len(case.entries("custody.returned")) == 1
    assert len(case.confirmations) == 1


@pytest.mark.clause("HOF-4.2.5", "HOF-4.3.1", "HOF-7.3")
def test_custody_that_comes_back_is_told_to_the_customer_and_pages_the_duty_manager() -> None:
    case = offered()
    case.turn_to(BACK)
    (message,) = case.messages("handoff_returned")
    assert message.recipient == "customer:c-1"
    assert case.case.policy.desk.contact in message.body
    assert case.entry("customer.told", what="handoff_returned").clauses == ("HOF-4.3.1",)
    assert case.rung("returned-1").role == Role.DUTY_MANAGER
    assert case.fired_rungs["returned-1"] == BACK
    assert case.rung("acknowledgement-1").stand_down
    (report,) = case.reports
    assert (report.kind, report.reported_by) == ("unacknowledged", "handrail")
    assert case.tasks[-1].outcome == "unacknowledged"


@pytest.mark.clause("HOF-4.2.5")
def test_a_worker_that_was_away_returns_custody_late_and_reminds_nobody_of_what_is_over() -> None:
    case = offered()
    case.pass_time_without_worker(3 * DAY)
    case.worker_returns()
    assert case.entry("custody.returned").at == MONDAY + 3 * DAY
    assert case.entries("handoff.reminded") == []


@pytest.mark.clause("HOF-4.2.5")
@pytest.mark.parametrize("late", [timedelta(0), INSTANT, HOUR])
def test_an_answer_at_the_very_moment_of_the_return_is_refused(late: timedelta) -> None:
    case = offered()
    case.pass_time_without_worker(DAY + late)
    with pytest.raises(StaleAnswerError) as refused:
        case.do(ACCEPTED)
    assert refused.value.clause == "HOF-4.2.5"
    case.worker_returns()
    answer_is_refused(case, ACCEPTED, StaleAnswerError)
    assert (case.stage, case.state.custody) == ("returned", "anna")


@pytest.mark.clause("HOF-4.2.5")
def test_an_answer_just_before_the_return_is_heard_and_nothing_returns() -> None:
    case = offered()
    case.pass_time_without_worker(DAY - INSTANT)
    assert case.do(ACCEPTED).stage == "closed"
    case.pass_time(DAY)
    assert (case.entries("custody.returned"), case.state.custody) == ([], "rita")


@pytest.mark.clause("HOF-4.2.5")
def test_the_policy_says_when_custody_returns() -> None:
    case = offered(policy=handoff_policy(return_after=3 * HOUR, remind_every=HOUR))
    case.pass_time(3 * HOUR)
    assert [entry.at - MONDAY for entry in case.entries("handoff.reminded")] == [HOUR, 2 * HOUR]
    case.entry("custody.returned")


@pytest.mark.clause("HOF-8")
def test_an_offer_keeps_the_times_that_it_was_told_under_another_policy() -> None:
    case = offered()
    case.do(adopted(handoff_policy(return_after=3 * HOUR)))
    case.turn_to(BACK - INSTANT)
    assert case.stage == "offered"
    case.do(IDENTIFIED)
    case.turn_to(BACK)
    assert case.stage == "returned"


# Accepted


@pytest.mark.clause("HOF-3.3", "HOF-4.2.5", "HOF-4.2.6", "HOF-4.3.1")
def test_an_acceptance_passes_custody_tells_the_customer_confirms_and_closes() -> None:
    case = offered()
    case.pass_time(HOUR)
    receipt = case.do(ACCEPTED)
    assert (receipt.stage, receipt.missing, receipt.next_deadline) == ("closed", (), None)
    assert {"HOF-3.3", "HOF-4.2.5", "HOF-4.2.6", "HOF-4.3.1", "HOF-4.3.2"} <= set(receipt.proved)
    passed = case.entry("custody.passed")
    assert (passed.detail["from_party"], passed.detail["to_party"]) == ("anna", "rita")
    assert (passed.detail["held_since"], passed.at) == (MONDAY.isoformat(), MONDAY + HOUR)
    (message,) = case.messages("handoff_accepted")
    assert message.recipient == "customer:c-1"
    assert "Workshop North" in message.body
    assert "extension 12" in message.body
    assert case.tasks[-1].outcome == "accepted"
    outcome = case.case.outcome()
    assert (outcome.closed_as, outcome.custody, outcome.entries) == (
        "accepted",
        "rita",
        case.state.seq,
    )


@pytest.mark.clause("HOF-4.2.6", "HOF-7.2")
def test_the_confirmation_has_date_time_parties_specifics_and_custody() -> None:
    case = prepared()
    case.do(POSTED)
    case.pass_time(HOUR)
    case.do(ACCEPTED)
    (said,) = case.confirmations
    assert said.confirmation_id == "handoff-4f1c2a77/1"
    assert (said.outcome, said.sender, said.receiving_party, said.receiving_party_name) == (
        "accepted",
        "anna",
        "rita",
        "Workshop North",
    )
    assert (said.channel, said.carrier, said.tracking_number) == (
        "courier",
        "ups",
        "1Z999AA10123456784",
    )
    assert (said.items, said.missing, said.identity_level) == (("file", "card"), (), "standard")
    assert (said.transferred_at, said.acknowledged_at, said.confirmed_at) == (
        MONDAY,
        MONDAY + HOUR,
        MONDAY + HOUR,
    )
    assert (said.sender_custody_from, said.sender_custody_until) == (MONDAY, MONDAY + HOUR)
    assert (said.custody_from, said.acknowledged_by) == (MONDAY + HOUR, "rita")
    assert case.entry("handoff.confirmed").detail["confirmation"] == said.confirmation_id


@pytest.mark.clause("HOF-4.2.5", "HOF-7.3")
def test_an_acceptance_in_part_names_what_is_missing_and_is_reported() -> None:
    case = offered(assignee="anna")
    receipt = case.do(IN_PART)
    row = case.case.row()
    assert (receipt.stage, row.closed_as, row.missing_items) == (
        "closed",
        "accepted_in_part",
        ("card",),
    )
    assert (row.answer, row.acknowledged_by) == ("accept_in_part", "rita")
    (confirmation,) = case.confirmations
    assert (confirmation.outcome, confirmation.missing) == ("accepted_in_part", ("card",))
    assert confirmation.reason == "The envelope was empty."
    (report,) = case.reports
    assert (report.kind, report.reported_by) == ("accepted_in_part", "rita")
    assert case.messages("warning")[-1].recipient == "principal:anna"


# Refused


@pytest.mark.clause("HOF-4.2.5", "HOF-7.3")
def test_a_refusal_with_its_reason_leaves_custody_with_the_sender() -> None:
    case = offered()
    receipt = case.do(REFUSED)
    assert (receipt.stage, case.state.custody) == ("returned", "anna")
    assert case.entry("handoff.acknowledged").detail["answer"] == "refuse"
    (confirmation,) = case.confirmations
    assert (confirmation.outcome, confirmation.reason) == ("refused", "This is not ours.")
    assert (confirmation.custody_from, confirmation.sender_custody_until) == (None, None)
    assert confirmation.acknowledged_by == "rita"
    assert case.reports[0].kind == "refused_by_receiver"
    assert case.fired_rungs == {"returned-1": MONDAY}
    assert len(case.messages("handoff_returned")) == 1


WRONG: tuple[dict[str, Any], ...] = (
    {"answer": Answer.REFUSE, "reason": None},
    {"answer": Answer.REFUSE, "missing": ("card",)},
    {"answer": Answer.ACCEPT, "missing": ("card",)},
    {"answer": Answer.ACCEPT_IN_PART, "missing": ()},
    {"answer": Answer.ACCEPT_IN_PART, "missing": ("card", "file")},
    {"answer": Answer.ACCEPT_IN_PART, "missing": ("key",)},
)


@pytest.mark.clause("HOF-4.2.5")
@pytest.mark.parametrize("wrong", WRONG)
def test_an_answer_that_says_too_little_or_too_much_is_refused(wrong: dict[str, Any]) -> None:
    case = offered()
    step = h.AnswerOffer.model_validate({"actor": RITA, "reason": "So it is."} | wrong)
    answer_is_refused(case, step, InvalidValueError)


@pytest.mark.clause("HOF-3.3")
@pytest.mark.parametrize("actor", [RON, ANNA, LENA, Actor(principal="rita", role=Role.SERVICE)])
def test_only_the_receiving_party_acknowledges(actor: Actor) -> None:
    answer_is_refused(offered(), ACCEPTED.model_copy(update={"actor": actor}), NotAllowedError)


@pytest.mark.clause("HOF-3.3")
def test_a_colleague_can_be_the_receiving_party() -> None:
    case = offered(receiving={"party": "lena", "name": "The leader", "contact": "extension 1"})
    case.do(ACCEPTED.model_copy(update={"actor": LENA}))
    assert case.state.custody == "lena"


@pytest.mark.clause("HOF-4.2.5")
@pytest.mark.parametrize("case", [prepared(), came_back(), handed()])
def test_there_is_nothing_to_answer_without_an_offer(case: HandedOver) -> None:
    answer_is_refused(case, ACCEPTED, StaleAnswerError)
    with pytest.raises(StaleAnswerError) as refused:
        case.do(ACCEPTED)
    assert refused.value.clause == "HOF-4.2.5"


@pytest.mark.clause("HOF-4.2.5")
def test_an_item_is_missing_once() -> None:
    twice = IN_PART.model_copy(update={"missing": ("card", "card")})
    answer_is_refused(offered(), twice, InvalidValueError)


# After the return


@pytest.mark.clause("HOF-4.2.5")
def test_what_came_back_can_go_out_again_and_its_acknowledgement_is_asked_for_anew() -> None:
    case = came_back()
    case.case.take_new_escalations()
    case.pass_time(HOUR / 2)
    receipt = case.do(SENT)
    assert (receipt.stage, case.offer.number) == ("offered", 2)
    assert receipt.missing == ("HOF-4.2.5", "HOF-4.2.6", "HOF-4.3.1")
    assert case.rung("returned-1").stand_down
    case.do(ACCEPTED)
    assert [c.confirmation_id[-2:] for c in case.confirmations] == ["/1", "/2"]
    assert case.state.custody == "rita"


@pytest.mark.clause("HOF-4.2.5")
def test_a_second_offer_has_clocks_of_its_own() -> None:
    case = offered()
    case.turn_to(BACK)
    case.do(IDENTIFIED, SENT)
    case.turn_to(BACK + 12 * HOUR)
    assert case.fired_rungs["acknowledgement-2"] == BACK + 12 * HOUR
    case.turn_to(BACK + DAY)
    assert len(case.entries("custody.returned")) == 2
    assert case.fired_rungs["returned-2"] == BACK + DAY


@pytest.mark.clause("HOF-4.2.5")
def test_what_came_back_is_concluded_with_a_reason_and_its_last_offer_stays_in_the_row() -> None:
    case = came_back()
    receipt = case.do(CONCLUDED)
    assert (receipt.stage, receipt.missing) == ("closed", ())
    row = case.case.row()
    assert (row.closed_as, row.custody, row.answer, row.channel) == (
        "returned",
        "anna",
        "refuse",
        "crm",
    )
    assert row.acknowledged_by == "rita"
    assert case.entry("handoff.concluded").detail["reason"] == CONCLUDED.reason
    assert not any(held.live for held in case.state.rungs)


@pytest.mark.clause("HOF-4.2.5")
@pytest.mark.parametrize("case", [prepared(), offered(), handed()])
def test_only_what_came_back_is_concluded(case: HandedOver) -> None:
    answer_is_refused(case, CONCLUDED, WrongStageError)


@pytest.mark.clause("HOF-4.2.5")
def test_custody_is_exactly_one_partys_from_the_opening_to_the_end() -> None:
    case = handed(IDENTIFIED, *PREPARED, assigned("ben"), SENT, REFUSED, CHANGED, TOLD, SENT)
    case.do(ACCEPTED.model_copy(update={"actor": RON}))
    chain = [(x.detail["from_party"], x.detail["to_party"]) for x in case.entries("custody.passed")]
    assert chain == [("anna", "ben"), ("ben", "ron")]
    assert case.entry("custody.returned").detail["to_party"] == "ben"
    assert case.entry("handoff.closed").detail["custody"] == case.state.custody == "ron"


# Ended


def test_an_open_handoff_has_no_outcome_and_a_begun_one_needs_something() -> None:
    with pytest.raises(ValueError, match="open"):
        offered().case.outcome()


@pytest.mark.clause("HOF-4.2.5")
@pytest.mark.parametrize(
    ("steps", "closed_as"),
    [
        ((), "withdrawn"),
        ((IDENTIFIED, *PREPARED), "withdrawn"),
        ((IDENTIFIED, *PREPARED, MAILED), "withdrawn"),
        ((IDENTIFIED, *PREPARED, SENT), "returned"),
        ((IDENTIFIED, *PREPARED, SENT, REFUSED), "returned"),
        ((IDENTIFIED, *PREPARED, SENT, NOTICED), "returned"),
    ],
)
def test_a_handoff_that_is_cancelled_ends_in_order_wherever_it_stands(
    steps: tuple[Command, ...], closed_as: str
) -> None:
    case = handed(*steps)
    case.case.cancel(case.now)
    assert case.case.row().closed_as == closed_as
    assert len(case.entries("custody.returned")) == (closed_as == "returned")
    assert len(case.confirmations) == (closed_as == "returned")
    ends = {task.task_id: task.done_at for task in case.tasks}
    assert None not in ends.values()
    assert not any(held.live or held.armed for held in case.state.rungs)
    assert (case.case.next_deadline(), case.state.custody) == (None, "anna")
    seq = case.state.seq
    case.case.cancel(case.now)
    assert case.state.seq == seq


EVERY_STEP: tuple[Command, ...] = (
    IDENTIFIED,
    APPROVED,
    CONFIRMED,
    BRIEFED,
    TOLD,
    CHANGED,
    assigned("ben"),
    NOTED,
    SENT,
    FAXED,
    h.ReportCourier.model_validate({"actor": ANNA, "status": "delivered"}),
    ACCEPTED,
    REFUSED,
    CONCLUDED,
    WITHDRAWN,
    adopted(handoff_policy()),
)


def test_every_step_is_among_those_that_a_closed_handoff_is_tried_with() -> None:
    assert {type(step) for step in EVERY_STEP} == set(STEPS)


@pytest.mark.clause("HOF-4.3.2")
@pytest.mark.parametrize("step", EVERY_STEP, ids=lambda step: step.step)
def test_nothing_can_be_added_to_a_closed_handoff(step: Command) -> None:
    case = handed(WITHDRAWN)
    before = case.state
    with pytest.raises(CaseClosedError, match=r"closed \(withdrawn\)"):
        case.do(step)
    assert case.state == before


@pytest.mark.clause("HOF-4.3.2")
def test_a_handoff_that_continues_as_new_goes_on_as_if_it_had_not() -> None:
    case = offered()
    kept = HandoffState.model_validate_json(case.state.model_dump_json())
    twin = HandedOver(Handoff(case.case.policy, kept), case.now, case.steps)
    for one in (case, twin):
        one.turn_to(BACK)
        one.do(IDENTIFIED, SENT, ACCEPTED)
    assert twin.state == case.state
