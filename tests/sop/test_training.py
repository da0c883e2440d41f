"""Training (INQ-8.2, HOF-6.1): what it is worth, which steps ask for it, who records it."""

from datetime import date, datetime, timedelta
from functools import cache

import pytest

from sop.errors import InvalidValueError, NotAllowedError
from sop.models import Actor, Role
from sop.policy import Policy
from sop.training import (
    CourseStanding,
    Standing,
    TrainingRecord,
    UntrainedError,
    attest,
    courses_for,
    expiring,
    require_trained,
    standing,
)
from tests.sop.builders import ANNA, DAY, INSTANT, LENA, MONDAY, OPERATOR, WEB_FORM
from tests.sop.policy_files import SHIPPED, read

INQUIRIES, HANDOFFS = "inquiry_handling", "identification_and_handoff"
INQUIRY, HANDOFF = "inquiry-0123456789", "handoff-0123456789"
YEAR = timedelta(days=365)
RECEIVER = Actor(principal="bank", role=Role.RECEIVING_PARTY)


@cache
def policy() -> Policy:
    """Return the policy as it is shipped."""
    return read(SHIPPED)


def revised(on: date) -> Policy:
    """Return the policy whose course on inquiries was revised on a day."""
    courses = [
        course.model_copy(update={"revised_on": on}) if course.course == INQUIRIES else course
        for course in policy().courses
    ]
    return policy().model_copy(update={"courses": tuple(courses)})


def completed(course: str = INQUIRIES, at: datetime = MONDAY, who: Actor = ANNA) -> TrainingRecord:
    """Return a training on record."""
    return TrainingRecord(
        principal=who.principal, course=course, completed_at=at, recorded_at=at, recorded_by="lena"
    )


def asked(step: str, case_id: str, actor: Actor = ANNA) -> list[str]:
    """Return the names of the courses that a step asks for."""
    return [course.course for course in courses_for(actor, step, case_id, policy())]


def step(now: datetime, *records: TrainingRecord, case_id: str = INQUIRY) -> None:
    """Report a resolution as somebody with these trainings."""
    courses = courses_for(ANNA, "resolve", case_id, policy())
    require_trained(courses, records, ANNA, policy(), now)


@pytest.mark.clause("INQ-8.2", "HOF-6.1")
def test_a_training_counts_for_a_year_and_not_an_instant_longer() -> None:
    step(MONDAY, completed())
    step(MONDAY + YEAR - INSTANT, completed())
    with pytest.raises(UntrainedError):
        step(MONDAY + YEAR, completed())
    step(MONDAY + YEAR, completed(), completed(at=MONDAY + YEAR))


@pytest.mark.clause("INQ-8.2", "HOF-6.1")
@pytest.mark.parametrize(
    ("case_id", "course", "clause"),
    [(INQUIRY, INQUIRIES, "INQ-8.2"), (HANDOFF, HANDOFFS, "HOF-6.1")],
)
def test_a_missing_training_is_named_with_what_to_do(
    case_id: str, course: str, clause: str
) -> None:
    other = completed(HANDOFFS if course == INQUIRIES else INQUIRIES)
    with pytest.raises(UntrainedError) as refused:
        step(MONDAY, other, case_id=case_id)
    assert (refused.value.code, refused.value.clause) == ("untrained", clause)
    said = refused.value.message
    assert f"Your training in {course} is missing. Complete {course}" in said
    assert f"handrail training record anna {course}" in said
    assert f"PUT /v1/staff/anna/training/{course}" in said
    with pytest.raises(UntrainedError, match="counts no more"):
        step(MONDAY + YEAR, completed(course), case_id=case_id)


@pytest.mark.clause("INQ-8.2")
def test_training_before_the_course_was_revised_counts_until_that_day() -> None:
    tuesday = date(2026, 11, 24)
    midnight = datetime(2026, 11, 23, 23, tzinfo=MONDAY.tzinfo)  # in Berlin
    before = [completed()]
    found = standing(before, INQUIRIES, revised(tuesday), MONDAY)
    assert (found.standing, found.expires_at) == (Standing.CURRENT, midnight)
    assert found.expires_soon
    late = standing(before, INQUIRIES, revised(tuesday), midnight)
    assert late.standing is Standing.EXPIRED
    anew = [*before, completed(at=midnight)]
    found = standing(anew, INQUIRIES, revised(tuesday), midnight)
    assert (found.standing, found.expires_at) == (Standing.CURRENT, midnight + YEAR)


@pytest.mark.clause("INQ-8.2", "HOF-6.1")
def test_each_procedure_asks_for_its_own_course() -> None:
    assert asked("open", INQUIRY) == asked("resolve", INQUIRY) == [INQUIRIES]
    assert asked("open", HANDOFF) == asked("transfer", HANDOFF) == [HANDOFFS]
    assert asked("transfer", HANDOFF, RECEIVER) == [HANDOFFS]
    assert asked("identify", INQUIRY) == asked("decide_discrepancy", INQUIRY) == [HANDOFFS]
    assert asked("open", "incident-0123456789") == []


@pytest.mark.clause("INQ-8.2", "HOF-6.1")
@pytest.mark.parametrize("case_id", [INQUIRY, HANDOFF])
def test_services_and_operators_are_no_staff_and_need_no_training(case_id: str) -> None:
    assert asked("categorise", case_id, WEB_FORM) == []
    assert asked("assign", case_id, OPERATOR) == []


@pytest.mark.clause("INQ-8.2")
@pytest.mark.parametrize("case_id", [INQUIRY, HANDOFF])
def test_taking_an_escalation_and_adding_a_note_are_never_held_up(case_id: str) -> None:
    assert asked("acknowledge", case_id, LENA) == []
    assert asked("add_note", case_id) == []


def test_a_policy_without_courses_asks_for_nothing() -> None:
    none = policy().model_copy(update={"courses": ()})
    assert courses_for(ANNA, "resolve", INQUIRY, none) == ()


@pytest.mark.clause("INQ-8.2", "HOF-6.1")
def test_who_expires_within_thirty_days_is_listed_the_first_to_end_first() -> None:
    now = MONDAY + YEAR
    latest = [
        completed(at=MONDAY, who=LENA),  # has just expired
        completed(at=MONDAY + 30 * DAY, who=ANNA),
        completed(at=MONDAY + 2 * DAY, who=OPERATOR),
        completed(at=MONDAY + 30 * DAY + INSTANT, who=RECEIVER),
        completed("a_course_of_old", at=MONDAY + DAY),
    ]
    found = expiring(latest, policy(), now, policy().training_warn_before)
    assert [record.principal for record, _ in found] == ["otto", "anna"]
    assert [known.expires_at for _, known in found] == [now + 2 * DAY, now + 30 * DAY]
    assert all(known.expires_soon for _, known in found)
    assert not standing([latest[3]], INQUIRIES, policy(), now).expires_soon


@pytest.mark.clause("INQ-8.2", "HOF-6.1")
def test_nobody_records_their_own_training() -> None:
    with pytest.raises(NotAllowedError, match="own training"):
        attested(LENA, "lena")
    assert attested(LENA, "anna") == completed().model_copy(update={"recorded_at": MONDAY})


def test_what_is_still_to_come_and_what_the_policy_does_not_know_is_not_recorded() -> None:
    with pytest.raises(InvalidValueError, match="still to come"):
        attested(LENA, "anna", at=MONDAY + INSTANT)
    with pytest.raises(InvalidValueError, match=f"it has: {INQUIRIES}, {HANDOFFS}"):
        attested(LENA, "anna", course="juggling")


def test_without_any_training_the_standing_is_missing() -> None:
    assert standing([], INQUIRIES, policy(), MONDAY) == CourseStanding(
        course=INQUIRIES, standing=Standing.MISSING
    )


def attested(
    actor: Actor, principal: str, *, course: str = INQUIRIES, at: datetime = MONDAY
) -> TrainingRecord:
    """Attest a training on Monday."""
    return attest(
        actor,
        principal,
        course,
        completed_at=at,
        evidence=None,
        policy=policy(),
        now=MONDAY,
    )
