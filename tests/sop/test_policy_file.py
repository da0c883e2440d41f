import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sop.calendar import Window
from sop.models import Channel, Role
from sop.policy import Policy, Starts
from sop.policy_file import canonical_json, policy_digest
from tests.sop.policy_files import COMPANY, SHIPPED, changed, line_of, outcome, read


def test_a_file_in_order_becomes_the_policy_that_it_says() -> None:
    policy = read(COMPANY)

    assert (policy.version, policy.case.version) == ("2026.2", "2026.2")
    assert policy.effective_from == date(2026, 3, 1)
    assert policy.case.desk.time_zone == "Europe/Berlin"
    assert policy.case.channels == tuple(Channel)
    assert policy.case.categories == ("billing", "technical", "complaint")
    technical = policy.case.escalation[3]
    assert technical.starts == Starts.RECEIPT
    assert technical.after == timedelta(hours=24)
    assert technical.roles == (
        Role.SUBJECT_MATTER_EXPERT,
        Role.TEAM_LEADER,
        Role.DUTY_MANAGER,
    )
    assert policy.case.promise.longest == timedelta(days=10)
    assert policy.retention.incident == 60
    assert policy.training_valid_for == timedelta(days=365)
    assert policy.digest == policy_digest(COMPANY)


def test_a_calendar_holds_the_holidays_of_its_region_as_far_as_the_horizon() -> None:
    office = read(COMPANY, this_year=2026, horizon=2).case.calendars["office"]

    assert office.weekly["tue"] == (Window.model_validate("22:00-06:00"),)
    assert date(2026, 6, 4) in office.holidays  # Corpus Christi, in Bavaria
    assert date(2026, 12, 24) in office.holidays  # closed_on
    assert {day.year for day in office.holidays} == {2025, 2026, 2027}
    assert office.holidays_until == date(2027, 12, 31)


def test_the_horizon_begins_in_the_year_in_which_a_policy_takes_effect() -> None:
    later = read(changed({2: "effective_from = 2028-01-01"}), this_year=2026, horizon=2)

    assert later.case.calendars["office"].holidays_until == date(2029, 12, 31)


def test_a_holiday_on_which_the_desk_works_is_none() -> None:
    policy = read(changed({14: "open_on = [2026-06-04]"}))

    assert date(2026, 6, 4) not in policy.case.calendars["office"].holidays


def test_calendars_that_no_clock_runs_on_do_not_travel_with_the_cases() -> None:
    policy = read(changed({67: "", 82: ""}))

    assert policy.case.calendars == {}


def test_a_policy_survives_the_way_through_json() -> None:
    for text in (COMPANY, SHIPPED):
        policy = read(text)
        there = canonical_json(policy)

        assert Policy.model_validate_json(there) == policy
        assert canonical_json(Policy.model_validate_json(there)) == there


def test_the_digest_tells_wordings_apart_and_line_ends_not() -> None:
    assert policy_digest(COMPANY) == policy_digest(COMPANY.replace("\n", "\r\n"))
    assert policy_digest(COMPANY) != policy_digest(COMPANY + "#")


def garbled(line: str) -> st.SearchStrategy[str]:
    """Return ways in which one line goes wrong."""
    middle = st.integers(0, len(line))
    junk = st.one_of(
        st.sampled_from(["[", "]", '"', "'", '"""', "{", "}", "=", "#", ",", "\\", "\x00", "é"]),
        st.text(max_size=8),
    )
    return st.one_of(
        st.just(""),
        middle.map(lambda end: line[:end]),
        st.builds(lambda at, text: line[:at] + text + line[at:], middle, junk),
        st.builds(lambda at, text: line[:at] + text + line[at + 1 :], middle, junk),
        st.sampled_from(SHIPPED.splitlines()),
        st.sampled_from(
            [
                "[escalation]",
                "[[desk]]",
                "escalation = []",
                "messages = 3",
                "x.y = 1",
                "after = nan",
            ]
        ),
    )


@st.composite
def one_line_garbled(draw: st.DrawFn) -> str:
    lines = SHIPPED.splitlines()
    number = draw(st.integers(0, len(lines) - 1))
    lines[number] = draw(garbled(lines[number]))
    return "\n".join(lines)


@given(one_line_garbled())
def test_a_policy_with_a_garbled_line_is_read_or_refused_with_lines_that_exist(text: str) -> None:
    policy, named = outcome(text)

    assert (policy is None) == bool(named)
    assert [m for m in named if not 1 <= line_of(m) <= text.count("\n") + 1] == []
    assert policy is None or Policy.model_validate_json(canonical_json(policy)) == policy


@pytest.mark.parametrize("number", range(len(SHIPPED.splitlines())))
def test_a_policy_that_lost_a_line_is_refused_unless_the_line_was_optional(number: int) -> None:
    lines = SHIPPED.splitlines()
    line = lines.pop(number)
    policy, named = outcome("\n".join(lines))

    assert all(1 <= line_of(mistake) <= len(lines) for mistake in named)
    assert policy is None or OPTIONAL.match(line), line


OPTIONAL = re.compile(
    r"$|#|    |(warn_at|chain|pause_while_waiting|complex|technical|subdivision"
    r"|general_information_exempt|mon|tue|wed|thu|fri) = "
)
