"""What the schedules have to open: reviews, reminders, and audits by lot."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from sop.duty import opening
from sop.models import Role
from sop.training import TrainingRecord
from tests.sop.builders import DAY, INSTANT, MONDAY
from tests.sop.duty.builders import POLICY

BEGINS = datetime.combine(POLICY.effective_from, time(), POLICY.case.desk.zone)
YEAR = POLICY.review_every
MONTH = opening.last_month(POLICY, MONDAY)
CLOSED = [f"inquiry-{number:010}" for number in range(40)]
WITHOUT_DUTIES = POLICY.model_copy(update={"duty": None})


def trained(days_ago: float, course: str = "inquiry_handling") -> TrainingRecord:
    completed_at = MONDAY - timedelta(days=days_ago)
    return TrainingRecord(
        principal="anna",
        course=course,
        completed_at=completed_at,
        recorded_at=completed_at,
        recorded_by="lena",
    )


@pytest.mark.clause("INQ-8.1")
def test_a_review_is_due_every_year_from_the_policys_date() -> None:
    assert opening.reviews(POLICY, BEGINS + YEAR - INSTANT, changed=False) == ()
    (first,) = opening.reviews(POLICY, BEGINS + YEAR, changed=False)
    assert first.duty_id == f"duty-review-{POLICY.version}-1"
    assert POLICY.review_within is not None
    assert first.due_at == BEGINS + YEAR + POLICY.review_within
    (same,) = opening.reviews(POLICY, BEGINS + YEAR + 100 * DAY, changed=False)
    assert same.duty_id == first.duty_id
    (second,) = opening.reviews(POLICY, BEGINS + 2 * YEAR, changed=False)
    assert second.duty_id == f"duty-review-{POLICY.version}-2"


@pytest.mark.clause("INQ-8.1")
def test_a_review_is_due_when_another_version_comes_into_force() -> None:
    (review,) = opening.reviews(POLICY, BEGINS + DAY, changed=True)
    assert review.duty_id == f"duty-review-{POLICY.version}-0"
    assert "it has changed" in review.subject
    assert review.role is Role.QUALITY_MANAGER


@pytest.mark.clause("INQ-8.2", "HOF-6.1")
def test_a_reminder_is_due_when_a_training_ends_soon() -> None:
    valid, warn = POLICY.training_valid_for / DAY, POLICY.training_warn_before / DAY
    assert opening.reminders(POLICY, [trained(valid - warn - 1)], MONDAY) == ()
    assert opening.reminders(POLICY, [trained(valid)], MONDAY) == ()
    (reminder,) = opening.reminders(POLICY, [trained(valid - warn)], MONDAY)
    assert reminder.due_at == MONDAY + POLICY.training_warn_before
    assert (reminder.about, reminder.clause) == ("anna", "INQ-8.2")
    assert "anna" not in reminder.duty_id
    (tomorrow,) = opening.reminders(POLICY, [trained(valid - warn)], MONDAY + DAY)
    assert tomorrow == reminder


@pytest.mark.clause("HOF-6.1")
def test_each_course_is_reminded_of_by_itself() -> None:
    courses = ("inquiry_handling", "identification_and_handoff", "forgotten")
    found = opening.reminders(POLICY, [trained(350, course) for course in courses], MONDAY)
    assert [reminder.clause for reminder in found] == ["HOF-6.1", "INQ-8.2"]
    assert len({reminder.duty_id for reminder in found}) == 2


@pytest.mark.clause("INQ-8.2")
def test_a_revised_course_is_renewed_by_a_training_after_its_revision_only() -> None:
    revised_on = date(2026, 12, 10)
    revised = [course.model_copy(update={"revised_on": revised_on}) for course in POLICY.courses]
    policy = POLICY.model_copy(update={"courses": tuple(revised)})
    (reminder,) = opening.reminders(policy, [trained(100)], MONDAY)
    moment = datetime.combine(revised_on, time(), policy.case.desk.zone)
    assert reminder.renewal is not None
    assert (reminder.due_at, reminder.renewal.renewed_from) == (moment, moment)
    (plain,) = opening.reminders(POLICY, [trained(350)], MONDAY)
    assert plain.renewal is not None
    assert plain.renewal.renewed_from == MONDAY - 350 * DAY + INSTANT


@pytest.mark.clause("HOF-6.2")
def test_an_audit_looks_at_the_calendar_month_before_at_the_desk() -> None:
    assert (MONTH.name, MONTH.begins) == ("2026-10", datetime(2026, 9, 30, 22, tzinfo=UTC))
    assert MONTH.ends == datetime(2026, 10, 31, 23, tzinfo=UTC)
    new_year = opening.last_month(POLICY, datetime(2027, 1, 1, 5, tzinfo=UTC))
    assert new_year.name == "2026-12"


@pytest.mark.clause("HOF-6.2")
def test_the_sample_is_drawn_by_lot_and_drawn_again_alike() -> None:
    assert POLICY.audit is not None
    drawn = opening.audited(POLICY, MONTH, CLOSED, ())
    assert len(drawn) == len(set(drawn)) == POLICY.audit.sample
    assert opening.audited(POLICY, MONTH, reversed(CLOSED), ()) == drawn
    others = MONTH.model_copy(update={"name": "2026-09"})
    assert set(opening.audited(POLICY, others, CLOSED, ())) != set(drawn)
    assert set(drawn) != set(CLOSED[: POLICY.audit.sample])
    assert set(opening.audited(POLICY, MONTH, CLOSED[:3], ())) == set(CLOSED[:3])


@pytest.mark.clause("HOF-6.2")
def test_a_case_that_became_known_late_changes_no_more_than_one_of_the_sample() -> None:
    drawn = set(opening.audited(POLICY, MONTH, CLOSED, ()))
    for number in range(20):
        more = opening.audited(POLICY, MONTH, [*CLOSED, f"handoff-{number:010}"], ())
        assert len(drawn - set(more)) <= 1


@pytest.mark.clause("HOF-6.2")
def test_what_is_audited_already_is_not_audited_again_under_another_version_either() -> None:
    drawn = opening.audited(POLICY, MONTH, CLOSED, ())
    opened = {opening.audit_id(MONTH, case) for case in drawn}
    assert opening.audited(POLICY, MONTH, CLOSED, opened) == ()
    newer = POLICY.model_copy(update={"version": "another"})
    assert opening.audited(newer, MONTH, CLOSED, opened) == ()
    rest = {opening.audit_id(MONTH, case) for case in drawn[1:]}
    assert opening.audited(POLICY, MONTH, CLOSED, rest) == drawn[:1]


@pytest.mark.clause("HOF-6.2")
def test_an_audit_names_who_may_not_do_it_and_until_when_it_is_due() -> None:
    assert POLICY.audit is not None
    order = opening.audit(POLICY, MONTH, CLOSED[0], ["lena", "anna", "lena"], MONDAY)
    assert order.duty_id == f"duty-audit-2026-10-{CLOSED[0]}"
    assert (order.role, order.excluded) == (POLICY.audit.to, ("anna", "lena"))
    assert order.due_at == MONDAY + POLICY.audit.within


@pytest.mark.clause("INQ-8.1", "HOF-6.1", "HOF-6.2")
def test_what_the_policy_lacks_opens_nothing() -> None:
    without_review = POLICY.model_copy(update={"review_within": None})
    without_audit = POLICY.model_copy(update={"audit": None})
    for policy in (WITHOUT_DUTIES, without_review):
        assert opening.reviews(policy, BEGINS + YEAR, changed=True) == ()
    for policy in (WITHOUT_DUTIES, without_audit):
        assert opening.audited(policy, MONTH, CLOSED, ()) == ()
    assert opening.reminders(WITHOUT_DUTIES, [trained(350)], MONDAY) == ()
    with pytest.raises(ValueError, match="audit"):
        opening.audit(without_audit, MONTH, CLOSED[0], (), MONDAY)
