"""When which class of a closed case goes: calendar months at the desk, and never early."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sop.disposal import (
    MOST_NAMED,
    Because,
    Cursor,
    Disposal,
    Gone,
    Kept,
    RetentionRules,
    RetentionRun,
    closed_and_kept,
)
from sop.keys import RecordClass, class_of
from sop.policy_rules import LegalBasis, Retention
from sop.retention import (
    CLASSES,
    basis_of,
    due_at,
    entries_not_before,
    entry_due_at,
    kinds_with,
    not_before,
)
from tests.desk import shipped_policy

KEPT = Retention(inquiry=12, verification=36, handoff=36, incident=60)
BERLIN = RetentionRules(policy_version="1", retention=KEPT, time_zone="Europe/Berlin")
ZONES = ("Europe/Berlin", "America/New_York", "Pacific/Apia", "Asia/Kolkata", "UTC")


def at_the_desk(*moment: int, fold: int = 0) -> datetime:
    local = datetime(*moment, tzinfo=ZoneInfo("Europe/Berlin"), fold=fold)  # type: ignore[arg-type, misc]
    return local.astimezone(UTC)


@pytest.mark.clause("INQ-7.1", "HOF-7.1", "HOF-7.2", "HOF-7.3")
@pytest.mark.parametrize(
    ("record_class", "due"),
    [
        (RecordClass.HISTORY, at_the_desk(2027, 4, 14, 11, 0)),  # 30 times 24 h; summer time began
        (RecordClass.INQUIRY, at_the_desk(2028, 3, 15, 10, 0)),
        (RecordClass.VERIFICATION, at_the_desk(2030, 3, 15, 10, 0)),
        (RecordClass.HANDOFF, at_the_desk(2030, 3, 15, 10, 0)),
        (RecordClass.INCIDENT, at_the_desk(2032, 3, 15, 10, 0)),
    ],
)
def test_each_class_is_kept_as_long_as_the_policy_says(
    record_class: RecordClass, due: datetime
) -> None:
    assert due_at(record_class, at_the_desk(2027, 3, 15, 10, 0), BERLIN) == due


@pytest.mark.clause("INQ-7.1")
@pytest.mark.parametrize(
    ("closed", "due"),
    [
        # A leap day has no anniversary in the year after: the end of February is not early.
        (at_the_desk(2028, 2, 29, 10, 0), at_the_desk(2029, 3, 1, 0, 0)),
        (at_the_desk(2027, 2, 28, 23, 59), at_the_desk(2028, 2, 28, 23, 59)),
        # 02:30 is missing in the night in which summer time begins, and comes twice when it ends.
        (at_the_desk(2027, 3, 26, 2, 30), at_the_desk(2028, 3, 26, 3, 30)),
        (at_the_desk(2027, 10, 29, 2, 30), at_the_desk(2028, 10, 29, 2, 30, fold=1)),
        # It is still New Year's Eve in UTC.
        (at_the_desk(2027, 1, 1, 0, 30), at_the_desk(2028, 1, 1, 0, 30)),
    ],
)
def test_a_day_or_time_that_is_missing_or_comes_twice_makes_nothing_early(
    closed: datetime, due: datetime
) -> None:
    assert due_at(RecordClass.INQUIRY, closed, BERLIN) == due


@pytest.mark.parametrize(("day", "months"), [(31, 13), (30, 13), (29, 13)])
def test_a_day_that_a_month_lacks_is_over_with_the_month(day: int, months: int) -> None:
    rules = BERLIN.model_copy(update={"retention": KEPT.model_copy(update={"inquiry": months})})
    closed = at_the_desk(2026, 1, day, 10, 0)
    assert due_at(RecordClass.INQUIRY, closed, rules) == at_the_desk(2027, 3, 1)


@given(
    closed=st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1)),  # noqa: DTZ001 - drawn as UTC
    record_class=st.sampled_from(RecordClass),
    zone=st.sampled_from(ZONES),
    inquiry=st.integers(12, 200),
)
@example(datetime(2028, 2, 29, 22, 59), RecordClass.INQUIRY, "Europe/Berlin", 12)  # noqa: DTZ001
def test_nothing_is_due_before_its_time_or_later_than_clocks_change(
    closed: datetime, record_class: RecordClass, zone: str, inquiry: int
) -> None:
    """Told by comparing year, month, day and time as they are read, without any arithmetic."""
    moment = closed.replace(tzinfo=UTC)
    kept = KEPT.model_copy(update={"inquiry": inquiry})
    rules = BERLIN.model_copy(update={"time_zone": zone, "retention": kept})
    due = due_at(record_class, moment, rules)
    assert moment <= not_before(record_class, due, rules)
    if record_class is RecordClass.HISTORY:
        assert due - moment == timedelta(days=30)
        return
    months = getattr(kept, record_class.value)

    def is_over(at: datetime) -> bool:
        then, now = moment.astimezone(ZoneInfo(zone)), at.astimezone(ZoneInfo(zone))
        passed = (now.year - then.year) * 12 + now.month - then.month
        return (passed, now.day, now.time()) >= (months, then.day, then.time())

    assert is_over(due)
    assert not is_over(due - timedelta(hours=2))


@given(
    first=st.datetimes(datetime(2027, 1, 1), datetime(2029, 1, 1)),  # noqa: DTZ001 - drawn as UTC
    later=st.timedeltas(timedelta(0), timedelta(days=5)),
)
def test_what_closed_later_is_not_due_before(first: datetime, later: timedelta) -> None:
    one = first.replace(tzinfo=UTC)
    for record_class in RecordClass:
        assert due_at(record_class, one, BERLIN) <= due_at(record_class, one + later, BERLIN)


@pytest.mark.clause("INQ-7.1", "INQ-7.2")
def test_an_entry_of_the_access_log_counts_from_itself_in_months_at_the_desk() -> None:
    written = at_the_desk(2028, 2, 29, 10, 0)
    assert entry_due_at(written, BERLIN) == at_the_desk(2031, 3, 1)
    assert written <= entries_not_before(entry_due_at(written, BERLIN), BERLIN)
    longer = BERLIN.model_copy(update={"retention": KEPT.model_copy(update={"access_log": 48})})
    assert entry_due_at(written, longer) == at_the_desk(2032, 2, 29, 10, 0)


def test_months_beyond_the_end_of_the_calendar_are_never_over() -> None:
    kept = KEPT.model_copy(update={"inquiry": 100_000})
    rules = BERLIN.model_copy(update={"retention": kept})
    assert due_at(RecordClass.INQUIRY, at_the_desk(2027, 1, 1), rules).year == 9999
    assert not_before(RecordClass.INQUIRY, at_the_desk(2027, 1, 1), rules).year == 1


def test_every_kind_of_case_has_its_history_and_the_class_of_its_own_record() -> None:
    for kind, classes in CLASSES.items():
        assert RecordClass.HISTORY in classes
        assert class_of(f"{kind}-1") in classes
    assert kinds_with(RecordClass.INQUIRY) == ("inquiry",)


@pytest.mark.clause("HOF-5.1")
def test_the_policy_says_what_the_law_keeps_and_old_policies_have_the_shipped_bases() -> None:
    assert shipped_policy().retention == KEPT
    bases = {each: basis_of(each, BERLIN) for each in RecordClass}
    assert bases == {
        RecordClass.HISTORY: LegalBasis.NONE,
        RecordClass.INQUIRY: LegalBasis.NONE,
        RecordClass.VERIFICATION: LegalBasis.LEGAL_CLAIMS,
        RecordClass.HANDOFF: LegalBasis.LEGAL_CLAIMS,
        RecordClass.INCIDENT: LegalBasis.LEGAL_OBLIGATION,
    }


def test_a_run_counts_all_and_names_a_bounded_number() -> None:
    now = at_the_desk(2028, 1, 1)
    run = RetentionRun(certificate_id="retention-1", policy_version="1", began_at=now)

    def kept(number: int, because: Because, *holds: str) -> Kept:
        return Kept(
            case_id=f"inquiry-{number}",
            record_class=RecordClass.INQUIRY,
            because=because,
            holds=holds,
        )

    batch = Disposal(
        certificate_id="retention-1.1",
        at=now,
        gone=(Gone(case_id="inquiry-0", record_class=RecordClass.INQUIRY),),
        kept=(
            *(kept(n, Because.HOLD, "h-1", "h-2") for n in range(MOST_NAMED + 1)),
            kept(7000, Because.RUNNING),
            kept(8000, Because.LEGAL_BASIS),
        ),
        counts={"inquiry.cases": 1},
    )
    cursor = Cursor(record_class=RecordClass.INQUIRY, closed_at=now, case_id="inquiry-0")
    after = run.after(batch, cursor).after(batch.model_copy(update={"gone": ()}), None)
    assert (after.tried, after.certified, after.cursor) == (2, 1, None)
    assert after.gone == {"inquiry": 1}
    assert after.counts == {"inquiry.cases": 2}
    assert after.held == {"h-1": 2 * MOST_NAMED + 2, "h-2": 2 * MOST_NAMED + 2}
    assert len(after.held_cases) == MOST_NAMED
    assert after.failures == {"running": 2}
    assert [each.case_id for each in after.failed] == ["inquiry-7000"] * 2


@pytest.mark.clause("HOF-5.1", "HOF-7.3")
def test_only_what_is_kept_though_it_is_closed_leaves_the_desk() -> None:
    def kept(case_id: str, because: Because) -> Kept:
        return Kept(case_id=case_id, record_class=RecordClass.INQUIRY, because=because)

    found = closed_and_kept(
        (
            kept("inquiry-held", Because.HOLD),
            kept("inquiry-by-law", Because.LEGAL_BASIS),
            kept("incident-open", Because.OPEN),
            kept("inquiry-running", Because.RUNNING),
            kept("inquiry-waits", Because.LEGAL_BASIS),
            kept("inquiry-waits", Because.OPEN),
            kept("inquiry-refused", Because.REFUSED),
        )
    )
    assert found == ("inquiry-by-law", "inquiry-held", "inquiry-refused")
