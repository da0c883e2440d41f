"""A breach: escalated at once, mended, told to the regulator in time, closed (HOF-6.3)."""

from datetime import datetime, timedelta

import pytest

from sop.errors import (
    BehindGateError,
    CaseClosedError,
    InvalidValueError,
    NotAllowedError,
    SopError,
    WrongStageError,
)
from sop.incident.incident import Incident
from sop.incident.models import IncidentStage
from sop.incident.state import IncidentStart
from sop.messages import Command
from sop.models import Actor, Role, TaskKind
from sop.registers import ReportKind
from tests.sop.builders import ANNA, BEN, DAY, DORA, EMIL, HOUR, INSTANT, LENA, MONDAY, QUINN
from tests.sop.incident.breaches import (
    ASSIGNED,
    CLOSED,
    CONCERNS,
    INCIDENT_ID,
    NOT_NEEDED,
    NOTED,
    Breach,
    completed,
    incident_policy,
    informed,
    mended,
    opened,
    order,
)

WITHIN = timedelta(hours=72)
pytestmark = pytest.mark.clause("HOF-6.3")


def warned(breach: Breach) -> list[tuple[str, str]]:
    """Return to whom warnings of the regulator's clock went, and of which share."""
    regulator = [w for w in breach.warnings() if "of the time to inform" in w.body]
    shares = [w.body.removeprefix(f"{INCIDENT_ID}: ").partition("%")[0] for w in regulator]
    return list(zip([w.recipient for w in regulator], shares, strict=True))


def test_a_breach_is_escalated_at_the_moment_at_which_it_is_reported() -> None:
    breach = opened()
    (rung,) = breach.fired()
    assert (rung.fired_at, rung.role, rung.cause) == (MONDAY, "duty_manager", "opened")
    assert breach.kinds() == ["incident.opened", "rung.fired"]
    assert all("HOF-6.3" in entry.clauses for entry in breach.told.entries)
    assert breach.told.escalations[0].lateness == timedelta(0)


@pytest.mark.clause("HOF-7.3")
def test_a_breach_writes_a_report_that_names_the_clause_and_no_words_of_the_opening() -> None:
    breach = opened()
    (report,) = breach.reports
    assert (report.kind, report.clause, report.case_id) == (
        ReportKind.BREACH,
        "HOF-5.2",
        INCIDENT_ID,
    )
    assert report.text == f"Breach of HOF-5.2 in {CONCERNS}."
    assert report.manager == "duty_manager"
    assert breach.entry("incident.opened").detail["report"] == report.report_id
    assert breach.incident.reports_to_file() == (report,)


def test_the_regulators_clock_counts_from_when_the_breach_was_known() -> None:
    breach = opened(known_at=MONDAY - 10 * HOUR)
    row = breach.incident.row()
    assert row.regulator_due_at == MONDAY - 10 * HOUR + WITHIN
    assert row.next_deadline == row.regulator_due_at
    assert row.next_deadline_what == "regulator to be informed"


def test_a_breach_that_will_be_known_tomorrow_is_refused() -> None:
    with pytest.raises(InvalidValueError) as refused:
        opened(known_at=MONDAY + INSTANT)
    assert refused.value.clause == "HOF-6.3"


def test_a_breach_of_no_clause_is_refused() -> None:
    with pytest.raises(InvalidValueError):
        opened(clause="HOF-99")


@pytest.mark.parametrize("role", [Role.SERVICE, Role.RECEIVING_PARTY, Role.AUDITOR, Role.OPERATOR])
def test_only_staff_open_incidents(role: Role) -> None:
    with pytest.raises(NotAllowedError):
        opened(opened_by=Actor(principal="x", role=role))


def test_the_holder_is_warned_at_each_share_of_the_regulators_time_and_not_before() -> None:
    breach = opened()
    breach.do(ASSIGNED)
    breach.at(MONDAY + WITHIN / 2 - INSTANT)
    assert warned(breach) == []
    breach.at(MONDAY + WITHIN / 2)
    assert warned(breach) == [("principal:anna", "50")]
    breach.at(MONDAY + WITHIN * 0.75)
    breach.at(MONDAY + WITHIN * 0.9)
    assert [share for _, share in warned(breach)] == ["50", "75", "90"]
    assert breach.kinds().count("regulator.warned") == 3


def test_without_a_holder_the_manager_is_warned() -> None:
    breach = opened()
    breach.at(MONDAY + WITHIN / 2)
    assert warned(breach) == [("role:duty_manager", "50")]


def test_warnings_that_a_worker_slept_through_are_one() -> None:
    breach = opened()
    breach.wakes(MONDAY + WITHIN * 0.8)
    assert [share for _, share in warned(breach)] == ["75"]
    breach.at(MONDAY + WITHIN * 0.9)
    assert [share for _, share in warned(breach)] == ["75", "90"]


def test_a_worker_that_wakes_after_the_deadline_warns_of_nothing_and_pages() -> None:
    breach = opened()
    breach.wakes(MONDAY + WITHIN + HOUR)
    assert warned(breach) == []
    overdue = breach.entry("regulator.overdue")
    assert overdue.detail["lateness_ms"] == 3_600_000
    assert [rung.key for rung in breach.fired()] == ["breach-1", "breach-2"]


def test_a_regulator_that_nobody_told_in_72_hours_pages_again_once() -> None:
    breach = opened()
    breach.at(MONDAY + WITHIN - INSTANT)
    assert len(breach.fired()) == 1
    breach.at(MONDAY + WITHIN)
    breach.at(MONDAY + 2 * WITHIN)
    assert [rung.cause for rung in breach.fired()] == ["opened", "regulator overdue"]
    assert breach.kinds().count("regulator.overdue") == 1
    assert "HOF-6.3" in breach.entry("regulator.overdue").clauses


def test_a_breach_known_for_longer_than_the_deadline_is_overdue_at_once_and_pages_once() -> None:
    breach = opened(known_at=MONDAY - WITHIN - DAY)
    assert breach.kinds() == ["incident.opened", "regulator.overdue", "rung.fired"]
    assert [rung.key for rung in breach.fired()] == ["breach-1"]


def test_an_informed_regulator_stops_its_clock_and_takes_its_page_back() -> None:
    breach = opened()
    breach.at(MONDAY + WITHIN + HOUR)
    breach.incident.take_new_escalations()
    assert breach.live() == ["breach-1", "breach-2"]
    breach.do(informed(breach.now))
    assert breach.live() == ["breach-1"]
    assert [r.key for r in breach.incident.take_needless_escalations()] == ["breach-2"]
    assert breach.entry("regulator.informed").detail["in_time"] is False


def test_a_regulator_informed_in_time_is_never_overdue() -> None:
    breach = opened()
    breach.at(MONDAY + 10 * HOUR)
    breach.do(informed(MONDAY + 9 * HOUR))
    breach.at(MONDAY + 2 * WITHIN)
    assert "regulator.overdue" not in breach.kinds()
    assert warned(breach) == []
    assert breach.entry("regulator.informed").detail["in_time"] is True


def test_a_notice_in_time_that_is_reported_while_no_worker_ran_is_in_time() -> None:
    breach = opened()
    breach.now = MONDAY + WITHIN + HOUR
    breach.do(informed(MONDAY + WITHIN - HOUR))
    assert "regulator.overdue" not in breach.kinds()


def test_a_late_notice_hides_no_lateness() -> None:
    breach = opened()
    breach.now = MONDAY + WITHIN + HOUR
    breach.do(informed(breach.now))
    assert breach.kinds()[-2:] == ["regulator.overdue", "regulator.informed"]


@pytest.mark.parametrize("at", [MONDAY - INSTANT, MONDAY + HOUR + INSTANT])
def test_a_notice_lies_between_the_knowledge_and_now(at: datetime) -> None:
    breach = opened()
    breach.at(MONDAY + HOUR)
    with pytest.raises(InvalidValueError):
        breach.do(informed(at))


@pytest.mark.clause("HOF-3.2")
def test_whoever_opened_it_does_not_decide_that_the_regulator_need_not_be_told() -> None:
    breach = opened(opened_by=QUINN)
    with pytest.raises(NotAllowedError) as refused:
        breach.do(NOT_NEEDED)
    assert refused.value.clause == "HOF-3.2"
    breach.do(NOT_NEEDED.model_copy(update={"actor": DORA}))
    assert breach.incident.row().regulator_decision == NOT_NEEDED.reason
    breach.at(MONDAY + 2 * WITHIN)
    assert "regulator.overdue" not in breach.kinds()


@pytest.mark.parametrize("actor", [ANNA, LENA, EMIL])
def test_only_the_managers_speak_for_the_regulator_and_close(actor: Actor) -> None:
    breach = opened(opened_by=BEN)
    for step in (NOT_NEEDED, informed(MONDAY), CLOSED):
        with pytest.raises(NotAllowedError):
            breach.do(step.model_copy(update={"actor": actor}))
    assert breach.kinds() == ["incident.opened", "rung.fired"]


def test_what_was_settled_with_the_regulator_is_not_settled_again() -> None:
    breach = opened()
    breach.do(NOT_NEEDED)
    with pytest.raises(WrongStageError):
        breach.do(NOT_NEEDED)
    breach.do(informed(MONDAY))  # it had to be told after all
    for step in (NOT_NEEDED, informed(MONDAY)):
        with pytest.raises(WrongStageError):
            breach.do(step)


def test_a_corrective_action_is_its_owners_task_with_a_date() -> None:
    breach = opened()
    receipt = breach.do(mended(owner="ben", due_at=MONDAY + DAY))
    assert receipt.stage == IncidentStage.CORRECTING
    task = breach.tasks()["action/labels"]
    assert (task.kind, task.assignee, task.due_at, task.done_at) == (
        TaskKind.CORRECTIVE_ACTION,
        "ben",
        MONDAY + DAY,
        None,
    )
    (told,) = (x for x in breach.told.messages if x.topic == "action")
    assert told.recipient == "principal:ben"
    breach.do(completed(actor=BEN))
    assert breach.tasks()["action/labels"].done_at == MONDAY


def test_an_overdue_action_is_noted_once_warns_its_owner_and_pages_the_manager() -> None:
    breach = opened()
    breach.do(NOT_NEEDED, mended(due_at=MONDAY + DAY))
    breach.at(MONDAY + DAY - INSTANT)
    assert breach.warnings() == []
    breach.at(MONDAY + DAY)
    breach.at(MONDAY + 30 * DAY)
    assert [w.recipient for w in breach.warnings()] == ["principal:ben"]
    assert breach.kinds().count("action.overdue") == 1
    assert [rung.cause for rung in breach.fired()] == ["opened", "action overdue"]
    breach.incident.take_new_escalations()
    breach.do(completed(actor=BEN))
    assert breach.live() == ["breach-1"]
    assert breach.entry("action.completed").detail["in_time"] is False


def test_actions_that_are_overdue_at_one_moment_page_once() -> None:
    breach = opened()
    breach.do(NOT_NEEDED, *(mended(f"a{n}", due_at=MONDAY + DAY) for n in range(3)))
    breach.at(MONDAY + DAY)
    assert breach.kinds().count("action.overdue") == 3
    assert len(breach.fired()) == 2


def test_a_page_stays_while_anything_is_overdue() -> None:
    breach = opened()
    breach.do(NOT_NEEDED, *(mended(f"a{n}", due_at=MONDAY + DAY) for n in range(2)))
    breach.at(MONDAY + DAY)
    breach.incident.take_new_escalations()
    breach.do(completed("a0"))
    assert breach.live() == ["breach-1", "breach-2"]
    breach.do(completed("a1"))
    assert breach.live() == ["breach-1"]


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (mended("labels"), InvalidValueError),
        (mended("other", due_at=MONDAY), InvalidValueError),
        (completed("unknown"), InvalidValueError),
        (completed("labels", actor=EMIL), NotAllowedError),
    ],
)
def test_an_action_that_makes_no_sense_is_refused_and_changes_nothing(
    step: Command, error: type[SopError]
) -> None:
    breach = opened()
    breach.do(mended("labels"))
    before = breach.incident.state
    with pytest.raises(error) as refused:
        breach.do(step)
    assert refused.value.clause == "HOF-6.3"
    assert breach.incident.state == before


def test_an_incident_takes_no_more_actions_than_it_can_carry() -> None:
    breach = opened()
    breach.do(*(mended(f"a{n}") for n in range(50)))
    with pytest.raises(InvalidValueError, match="50"):
        breach.do(mended("one_more"))


def test_an_incident_closes_only_when_mended_and_settled_with_the_regulator() -> None:
    breach = opened()
    for step in (mended(), completed(), informed(MONDAY)):
        with pytest.raises(BehindGateError) as refused:
            breach.do(CLOSED)
        assert refused.value.clause == "HOF-6.3"
        assert breach.incident.missing == ("HOF-6.3",)
        breach.do(step)
    receipt = breach.do(CLOSED)
    assert (receipt.stage, receipt.missing) == (IncidentStage.CLOSED, ())
    row = breach.incident.row()
    assert (row.closed_by, row.next_deadline) == ("quinn", None)
    assert row.outcome is not None
    assert "Two labels" in row.outcome
    assert "one by one" in row.outcome
    assert breach.live() == []
    assert breach.incident.outcome().entries == receipt.seq


def test_a_closed_incident_takes_nothing_more() -> None:
    breach = opened()
    breach.do(mended(), completed(), NOT_NEEDED, CLOSED)
    with pytest.raises(CaseClosedError):
        breach.do(NOTED)
    assert breach.incident.next_deadline() is None


@pytest.mark.clause("HOF-4.3.2")
def test_every_step_of_an_incident_is_on_record_with_who_did_it() -> None:
    breach = opened()
    breach.do(ASSIGNED, mended(), NOTED, completed(actor=BEN), NOT_NEEDED, CLOSED)
    told = [(entry.kind, entry.actor.principal) for entry in breach.told.entries]
    assert told == [
        ("incident.opened", "anna"),
        ("rung.fired", "handrail"),
        ("incident.assigned", "quinn"),
        ("action.added", "quinn"),
        ("note.added", "anna"),
        ("action.completed", "ben"),
        ("regulator.not_needed", "quinn"),
        ("incident.closed", "quinn"),
    ]
    assert [entry.seq for entry in breach.told.entries] == list(range(1, 9))


def test_an_incident_that_an_operator_cancels_ends_in_order() -> None:
    breach = opened()
    breach.do(mended())
    breach.incident.cancel(MONDAY + HOUR)
    breach.at(MONDAY + HOUR)
    assert breach.kinds()[-2:] == ["incident.cancelled", "incident.closed"]
    assert breach.tasks()["action/labels"].outcome == "not needed"
    assert breach.live() == []


def test_an_incident_that_continues_as_new_knows_everything() -> None:
    breach = opened()
    breach.do(mended())
    start = IncidentStart(
        case_id=INCIDENT_ID, policy=incident_policy(), opened_by=ANNA, order=order()
    )
    again = breach.incident.to_continue(start)
    assert Incident.begin(again, MONDAY + DAY).state == breach.incident.state
    with pytest.raises(ValueError, match="an order or a state"):
        Incident.begin(start.model_copy(update={"order": None}), MONDAY)


def test_the_card_says_what_to_do_and_nothing_of_what_happened() -> None:
    breach = opened()
    texts = [breach.incident.details()]
    breach.do(mended())
    texts.append(breach.incident.details())
    breach.at(MONDAY + WITHIN)
    texts.append(breach.incident.details())
    breach.do(completed(), informed(breach.now))
    texts.append(breach.incident.details())
    breach.do(CLOSED)
    texts.append(breach.incident.details())
    said = [text.partition("**What to do now:** ")[2].partition("\n")[0] for text in texts]
    assert "Say what is mended" in said[0]
    assert "omplete the corrective actions; inform the regulator" in said[1]
    assert "**overdue**" in texts[2]
    assert "lose it: root cause" in said[3]
    assert said[4] == "Nothing: the incident is closed."
    assert not any(
        word in text for text in texts for word in ("letter", "envelope", "printer", "labels")
    )


@pytest.mark.clause("HOF-6.3")
def test_the_api_whose_clock_is_ahead_knows_of_nothing_in_the_future() -> None:
    breach = opened(now=MONDAY - HOUR, known_at=MONDAY)
    state = breach.incident.state
    assert (state.received_at, state.known_at) == (MONDAY - HOUR, MONDAY - HOUR)


def test_an_open_incident_has_no_outcome() -> None:
    with pytest.raises(ValueError, match="open"):
        opened().incident.outcome()
