"""What becomes of a duty: done in time, overdue, refused to whom it is not for."""

from datetime import timedelta

import pytest

from sop.duty.duty import Duty
from sop.duty.messages import AddDutyNote, AssignDuty, CompleteDuty
from sop.duty.models import DutyOrder, DutyOutcome
from sop.duty.state import DutyStart
from sop.errors import CaseClosedError, HiddenCaseError, InvalidValueError, NotAllowedError
from sop.models import Actor, Role
from sop.registers import ReportKind
from tests.sop.builders import BEN, DAY, DORA, LENA, MONDAY, QUINN
from tests.sop.duty.builders import AUDIT, POLICY, REMINDER, REVIEW, begin

DONE = CompleteDuty(actor=QUINN, outcome=DutyOutcome.DONE)
CLEAN = CompleteDuty(actor=QUINN, outcome=DutyOutcome.NO_FINDING)
BREACH = CompleteDuty(
    actor=QUINN, outcome=DutyOutcome.BREACH, findings="It was sent by ordinary mail."
)


@pytest.mark.clause("INQ-8.1")
def test_a_review_is_told_to_its_role_and_done_in_time() -> None:
    play = begin(REVIEW)
    assert [message.recipient for message in play.messages] == ["role:quality_manager"]
    assert play.row.next_deadline == REVIEW.due_at
    receipt = play.do(DONE)
    assert (receipt.stage, receipt.proved, receipt.missing) == ("closed", ("INQ-8.1",), ())
    assert play.entries[-1].detail["in_time"] is True
    assert (play.row.done_by, play.row.outcome) == ("quinn", DutyOutcome.DONE)
    assert play.duty.next_deadline() is None
    with pytest.raises(CaseClosedError):
        play.do(DONE)


@pytest.mark.clause("INQ-8.1", "HOF-6.2")
@pytest.mark.parametrize("order", [REVIEW, AUDIT])
def test_what_nobody_has_done_is_escalated_once_at_its_moment(order: DutyOrder) -> None:
    play = begin(order)
    play.wait(order.due_at - MONDAY - timedelta(seconds=1))
    assert play.row.stage == "open"
    play.wait(timedelta(seconds=1))
    assert play.kinds[1:] == ["duty.overdue", "rung.fired"]
    assert [rung.rung for rung in play.duty.take_new_escalations()] == ["duty_overdue"]
    play.wait(30 * DAY)
    assert play.kinds[1:] == ["duty.overdue", "rung.fired"]
    assert play.row.stage == "overdue"


@pytest.mark.clause("INQ-8.1")
def test_a_duty_that_is_done_late_says_so_and_needs_no_escalation_any_more() -> None:
    play = begin(REVIEW)
    play.wait(31 * DAY)
    play.duty.take_new_escalations()
    play.do(DONE)
    assert play.entries[-1].detail["in_time"] is False
    assert [rung.rung for rung in play.duty.take_needless_escalations()] == ["duty_overdue"]


@pytest.mark.clause("HOF-6.2")
def test_nobody_audits_a_case_that_they_handled() -> None:
    play = begin(AUDIT)
    manager = Actor(principal="anna", role=Role.QUALITY_MANAGER)
    with pytest.raises(NotAllowedError, match="a case that they handled") as refused:
        play.do(CLEAN.model_copy(update={"actor": manager}))
    assert refused.value.clause == "HOF-6.2"
    with pytest.raises(NotAllowedError, match="a case that they handled"):
        play.do(AssignDuty(actor=LENA, assignee="anna"))
    assert play.kinds == ["duty.opened"]
    play.do(CLEAN)


@pytest.mark.clause("HOF-6.2")
def test_who_is_neither_asked_nor_named_does_not_complete_a_duty() -> None:
    play = begin(AUDIT)
    with pytest.raises(NotAllowedError, match="duty_manager, quality_manager"):
        play.do(CLEAN.model_copy(update={"actor": LENA}))
    with pytest.raises(HiddenCaseError):
        play.do(CLEAN.model_copy(update={"actor": BEN}))
    play.do(AssignDuty(actor=LENA, assignee="ben"))
    assert play.messages[-1].recipient == "principal:ben"
    play.do(CLEAN.model_copy(update={"actor": BEN}))
    assert play.row.done_by == "ben"


@pytest.mark.clause("HOF-6.2")
def test_the_duty_manager_may_audit_what_the_quality_manager_handled() -> None:
    play = begin(AUDIT.model_copy(update={"excluded": ("quinn",)}))
    with pytest.raises(NotAllowedError):
        play.do(CLEAN)
    play.do(CLEAN.model_copy(update={"actor": DORA}))


@pytest.mark.clause("HOF-6.2", "HOF-7.3")
@pytest.mark.parametrize("outcome", [DutyOutcome.FINDING, DutyOutcome.BREACH])
def test_what_an_audit_finds_is_said_in_words_and_reported(outcome: DutyOutcome) -> None:
    play = begin(AUDIT)
    with pytest.raises(InvalidValueError, match="findings"):
        play.do(CompleteDuty(actor=QUINN, outcome=outcome, findings="  "))
    play.do(CompleteDuty(actor=QUINN, outcome=outcome, findings="The brief came late."))
    (report,) = play.reports
    assert (report.kind, report.reported_by) == (ReportKind.AUDIT_FINDING, "quinn")
    assert (report.reason, report.clause) == ("The brief came late.", "HOF-6.2")
    assert play.entries[-1].detail["report"] == report.report_id
    assert report.entry == play.entries[-1].seq
    assert play.duty.reports_to_file() == (report,)


@pytest.mark.clause("HOF-6.3")
def test_a_breach_found_by_an_audit_asks_for_an_incident() -> None:
    play = begin(AUDIT)
    receipt = play.do(BREACH)
    assert receipt.missing == ("HOF-6.3",)
    assert receipt.advice is not None
    assert "Open an incident about inquiry-0123456789" in receipt.advice


@pytest.mark.clause("HOF-6.2")
@pytest.mark.parametrize(
    ("order", "outcome"),
    [
        (AUDIT, DutyOutcome.DONE),
        (REVIEW, DutyOutcome.BREACH),
        (REMINDER, DutyOutcome.FINDING),
    ],
)
def test_each_kind_ends_in_its_own_ways(order: DutyOrder, outcome: DutyOutcome) -> None:
    play = begin(order)
    with pytest.raises(InvalidValueError, match="This duty ends as"):
        play.do(CompleteDuty(actor=QUINN, outcome=outcome, findings="x"))


@pytest.mark.clause("INQ-8.2", "HOF-6.1")
def test_a_reminder_goes_to_the_person_and_to_a_supervisor() -> None:
    play = begin(REMINDER)
    recipients = {message.recipient for message in play.messages}
    assert recipients == {"role:quality_manager", "principal:anna"}
    assert play.row.next_deadline == REMINDER.due_at
    assert play.row.next_deadline_what == "training ends"


@pytest.mark.clause("INQ-8.2", "HOF-6.1")
def test_a_reminder_ends_by_itself_when_the_training_was_recorded() -> None:
    play = begin(REMINDER)
    play.wait(5 * DAY)
    assert play.row.stage == "open"
    play.wait(DAY, renewed=True)
    assert play.kinds == ["duty.opened", "duty.completed"]
    assert play.entries[-1].detail["because"] == "the training was recorded"


@pytest.mark.clause("INQ-8.2", "HOF-6.1")
def test_a_training_recorded_on_its_last_day_makes_no_reminder_overdue() -> None:
    play = begin(REMINDER.model_copy(update={"due_at": MONDAY + 2.5 * DAY}))
    play.wait(2.4 * DAY)
    play.wait(DAY, renewed=True)
    assert play.kinds == ["duty.opened", "duty.completed"]


@pytest.mark.clause("INQ-8.2", "HOF-6.1")
def test_a_training_that_ended_is_escalated_and_still_ends_when_it_is_recorded() -> None:
    play = begin(REMINDER)
    play.wait(30 * DAY)
    assert play.kinds == ["duty.opened", "duty.overdue", "rung.fired"]
    assert play.entries[1].at == REMINDER.due_at
    play.duty.take_new_escalations()
    play.wait(3 * DAY)
    assert play.row.stage == "overdue"
    play.wait(DAY, renewed=True)
    assert play.kinds[-1] == "duty.completed"
    assert play.duty.take_needless_escalations()


@pytest.mark.clause("INQ-8.2")
def test_nobody_ends_the_reminder_of_their_own_training_by_hand() -> None:
    play = begin(REMINDER)
    manager = Actor(principal="anna", role=Role.QUALITY_MANAGER)
    with pytest.raises(NotAllowedError, match="when your training in inquiry_handling is recorded"):
        play.do(DONE.model_copy(update={"actor": manager}))
    play.do(DONE)


def test_a_late_answer_about_a_training_changes_nothing() -> None:
    play = begin(REMINDER)
    play.duty.look(play.now)
    play.do(DONE)
    before = play.duty.state
    play.duty.looked(play.now, renewed=True)
    assert play.duty.state == before


def test_a_note_is_written_down_and_a_cancelled_duty_says_so() -> None:
    play = begin(AUDIT)
    play.do(AddDutyNote(actor=LENA, text="The file is in the cabinet."))
    play.duty.cancel(play.now)
    play.wait(timedelta(0))
    assert play.kinds == ["duty.opened", "note.added", "duty.cancelled"]
    assert play.duty.outcome().outcome is None
    assert play.row.done_at == play.now


def test_a_duty_goes_on_as_it_was_and_needs_something_to_begin_with() -> None:
    play = begin(AUDIT)
    assert POLICY.duty is not None
    start = DutyStart(case_id=AUDIT.duty_id, policy=POLICY.duty, order=AUDIT)
    again = Duty.begin(play.duty.to_continue(start), MONDAY + DAY)
    assert again.state == play.duty.state
    with pytest.raises(ValueError, match="order or a state"):
        Duty.begin(start.model_copy(update={"order": None}), MONDAY)


@pytest.mark.parametrize("order", [REVIEW, AUDIT, REMINDER])
def test_the_card_says_what_to_do(order: DutyOrder) -> None:
    play = begin(order)
    assert "What to do now" in play.duty.details()
    play.wait(order.due_at - MONDAY)
    play.duty.take_new_escalations()
    assert "Acknowledge the escalation (quality manager)" in play.duty.details()
    play.duty.cancel(play.now)
    assert "Nothing: the duty has ended." in play.duty.details()
