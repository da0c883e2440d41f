import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sop.calendar import Window
from sop.handoff.models import TransferChannel
from sop.identity import Form
from sop.models import Channel, Role
from sop.policy import Policy, Starts
from sop.policy_file import canonical_json, policy_digest
from sop.policy_tables import MATRICES
from tests.sop.policy_files import COMPANY, OF_0_1_0, SHIPPED, changed, line_of, outcome, read


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
    for text in (COMPANY, SHIPPED, OF_0_1_0):
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


OPTIONAL = {
    r"calendars\.office\.subdivision": "the holidays are then those of the whole country",
    r"calendars\.office\.(mon|tue|wed|thu|fri)": "the desk is then closed on that day",
    r"verification\.attested": "a check that was made elsewhere may then be recorded",
    r"verification\.general_information_exempt": "nothing is then exempt from the check",
    r"(escalation\.\w+|promise|incident|privacy)\.warn_at": "nobody is then warned before",
    r"((handoff|incident|duty|privacy)\.)?escalation\.\w+\.chain": "nobody is above the first role",
    r"identification\.security_question": "it is then accepted where secondary names it",
    r"retention\.history_days": "histories are then kept for 30 days",
    r"retention\.access_log": "entries are then kept for 36 months",
    r"retention\.legal_basis\.\w+": "the shipped basis then holds",
    r"review\.within": "the review is then not called overdue",
    r"language\.jargon\+": "those words are then none",
    r"messages\.promise\.technical": "those who know the terms then read the plain text",
}
"""The lines of the shipped policy that a policy needs not have, and what their absence means."""


def keys_by_line(text: str) -> list[str]:
    """Return for each line the key that it says, as `handoff.escalation.returned.to`.

    A header is its table, a line within a list its key with `+`, a comment or blank line nothing.
    """
    keys: list[str] = []
    table = key = ""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if header := re.match(r"\[+([\w.]+)\]+", line):
            rung = re.match(r'rung = "(\w+)"', lines[number + 1])
            table = f"{header[1]}.{rung[1]}" if rung else header[1]
            keys.append(f"[{table}]")
        elif said := re.match(r"(\w+) = ", line):
            key = f"{table}.{said[1]}" if table else said[1]
            keys.append(key)
        elif line and not line.startswith("#"):
            keys.append(f"{key}+" if line != "]" else f"end of {key}")
        else:
            keys.append("")
    return keys


SHIPPED_KEYS = keys_by_line(SHIPPED)


@pytest.mark.parametrize(
    "number", range(len(SHIPPED_KEYS)), ids=[f"{n}-{key}" for n, key in enumerate(SHIPPED_KEYS, 1)]
)
def test_a_policy_that_lost_a_line_is_refused_unless_the_line_was_optional(number: int) -> None:
    lines, key = SHIPPED.splitlines(), SHIPPED_KEYS[number]
    del lines[number]
    policy, named = outcome("\n".join(lines))

    optional = not key or any(re.fullmatch(pattern, key) for pattern in OPTIONAL)
    assert (policy is not None) == optional
    assert all(1 <= line_of(mistake) <= len(lines) for mistake in named)


def test_no_line_is_called_optional_that_the_shipped_policy_does_not_have() -> None:
    unused = [p for p in OPTIONAL if not any(re.fullmatch(p, key) for key in SHIPPED_KEYS)]

    assert unused == []


@pytest.mark.clause("HOF-8")
def test_a_policy_of_0_1_0_is_read_as_it_was() -> None:
    old = read(OF_0_1_0)

    assert (old.version, len(old.case.escalation)) == ("2026.1", 6)
    assert old.case.identification is None
    assert (old.handoff, old.incident, old.duty, old.audit) == (None, None, None, None)
    assert (old.courses, old.review_within) == ((), None)
    assert old.case.messages.keys() == {"promise", "resolution", "follow_up"}


@pytest.mark.clause("HOF-8")
def test_whatever_begins_under_a_policy_says_which_version_it_was() -> None:
    policy = read(COMPANY)

    pinned = (policy.case, policy.handoff, policy.incident, policy.duty)
    assert [part and part.version for part in pinned] == ["2026.2"] * 4


def test_an_inquiry_carries_nothing_of_the_other_procedures() -> None:
    policy = read(SHIPPED)
    assert policy.handoff is not None
    carried = policy.case.model_dump_json()

    assert policy.case.messages.keys().isdisjoint(policy.handoff.messages)
    matrices = [matrix.rungs(policy) for matrix in MATRICES[1:]]
    others = {rung.rung for rungs in matrices for rung in rungs}
    for word in others - {"discrepancy"} | {"carriers", "regulator_within", "sample", "courses"}:
        assert f'"{word}"' not in carried
    without = read(without_sections(SHIPPED, "handoff", "incident", "audit", "duty"))
    assert without.case.model_dump_json() == carried


def without_sections(text: str, *names: str) -> str:
    """Return a policy without these tables, and without those below them."""
    blocks = re.split(r"(?m)^(?=\[)", text)
    gone = re.compile(rf"\[+({'|'.join(names)})[.\]]")
    return "".join(block for block in blocks if not gone.match(block))


def test_each_case_carries_the_calendars_that_its_own_clocks_run_on() -> None:
    shop = '\n[calendars.shop]\ntime_zone = "Europe/Vienna"\nsat = ["09:00-12:00"]\n'
    policy = read(changed({67: "", 148: 'calendar = "shop"'}) + shop)

    assert policy.handoff is not None
    assert policy.incident is not None
    assert policy.case.calendars.keys() == {"office"}
    assert policy.handoff.calendars.keys() == {"shop"}
    assert policy.incident.calendars == {}


@pytest.mark.clause("HOF-4.1.2", "HOF-4.2.4", "HOF-4.2.5", "HOF-6.2", "HOF-6.3")
def test_the_sections_of_the_handoff_procedure_become_what_they_say() -> None:
    policy = read(COMPANY)
    assert policy.handoff is not None
    assert policy.incident is not None
    assert policy.duty is not None
    assert policy.audit is not None
    identification = policy.handoff.identification

    assert policy.case.identification == identification
    assert identification.primary == (Form.PASSPORT, Form.NATIONAL_CARD)
    assert not identification.security_question
    assert policy.handoff.handoff.channels == tuple(TransferChannel)
    assert policy.handoff.handoff.return_after == timedelta(hours=24)
    assert [rung.starts for rung in policy.handoff.escalation] == [
        Starts.DISCREPANCY,
        Starts.TRANSFER,
        Starts.RETURN,
    ]
    assert policy.incident.incident.regulator_within == timedelta(hours=72)
    assert policy.duty.escalation[0].roles == (Role.QUALITY_MANAGER,)
    assert (policy.audit.sample, policy.audit.within) == (5, timedelta(days=14))
    assert [course.course for course in policy.courses] == ["inquiries", "handoffs"]
