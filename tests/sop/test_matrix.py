"""The shipped policy bears the procedure's matrix, and a looser one is refused."""

from datetime import timedelta

import pytest

from sop.calendar import Calendar
from sop.errors import PolicyError
from sop.models import Channel, Priority, Role
from sop.policy import Policy, Rung, Starts
from sop.policy_warnings import warnings_about
from tests.sop.policy_files import SHIPPED, read


def row(name: str, policy: Policy | None = None) -> Rung:
    rung = (policy or read(SHIPPED)).case.rung(name)
    assert rung is not None
    return rung


def with_line(name: str, old: str, new: str) -> str:
    """Return the shipped policy with a line of one rung replaced."""
    before, start, rest = SHIPPED.partition(f'rung = "{name}"\n')
    table, end, after = rest.partition("\n\n")
    assert table.count(old) == 1, table
    return before + start + table.replace(old, new) + end + after


def without(name: str) -> str:
    """Return the shipped policy without a rung."""
    before, _, rest = SHIPPED.partition(f'[[escalation]]\nrung = "{name}"\n')
    return before + rest.partition("\n\n")[2]


def mistakes(text: str) -> tuple[str, ...]:
    with pytest.raises(PolicyError) as refusal:
        read(text)
    return tuple(mistake.split(": ", 1)[1] for mistake in refusal.value.mistakes)


@pytest.mark.clause("INQ-2")
def test_all_four_channels_are_open() -> None:
    assert read(SHIPPED).case.channels == tuple(Channel)


@pytest.mark.clause("INQ-6.1")
def test_urgent_goes_to_the_team_leader_at_once_and_around_the_clock() -> None:
    urgent = row("urgent")

    assert urgent.to == Role.TEAM_LEADER
    assert urgent.after == timedelta(0)
    assert urgent.priorities == (Priority.URGENT,)
    assert urgent.starts == Starts.RECEIPT
    assert read(SHIPPED).case.calendar(urgent.calendar) == Calendar()


@pytest.mark.clause("INQ-6.1")
def test_unresolved_goes_to_the_team_leader_at_once_whatever_the_inquiry_is() -> None:
    unresolved = row("unresolved")

    assert unresolved.to == Role.TEAM_LEADER
    assert unresolved.after == timedelta(0)
    assert unresolved.starts == Starts.UNRESOLVED
    assert (unresolved.categories, unresolved.priorities, unresolved.complex) == ((), (), False)


@pytest.mark.clause("INQ-6.2")
def test_technical_and_complex_go_to_the_expert_within_24_hours() -> None:
    technical = row("technical")

    assert technical.to == Role.SUBJECT_MATTER_EXPERT
    assert technical.after == timedelta(hours=24)
    assert technical.categories == ("technical",)
    assert technical.complex
    assert not technical.pause_while_waiting


@pytest.mark.clause("INQ-6.3")
def test_complaints_go_to_the_quality_manager_within_12_hours() -> None:
    complaint = row("complaint")

    assert complaint.to == Role.QUALITY_MANAGER
    assert complaint.after == timedelta(hours=12)
    assert complaint.categories == ("complaint",)
    assert not complaint.pause_while_waiting


URGENT = "INQ-6.1 sends urgent inquiries to team_leader at once"
UNRESOLVED = "INQ-6.1 sends unresolved inquiries to team_leader at once"
TECHNICAL = "INQ-6.2 sends technical inquiries to subject_matter_expert within 24h"
COMPLEX = "INQ-6.2 sends complex inquiries to subject_matter_expert within 24h"
COMPLAINTS = "INQ-6.3 sends complaints to quality_manager within 12h"


@pytest.mark.clause("INQ-6.1", "INQ-6.2", "INQ-6.3")
@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("urgent", '"0s"', '"1m"', [f'escalation[0].after: "1m" is later than "0s": {URGENT}']),
        ("urgent", '"team_leader"', '"duty_manager"\ncalendar = "office"',
         [f'escalation[0].calendar: "office" is not "always": {URGENT}',
          f'escalation[0].to: "duty_manager" is not "team_leader": {URGENT}',
          'escalation[0].chain[0]: "duty_manager" is in the chain already']),
        ("urgent", '["urgent"]', '["standard"]', [f"escalation: lacks a rung: {URGENT}"]),
        ("unresolved", '"0s"', '"15m"',
         [f'escalation[1].after: "15m" is later than "0s": {UNRESOLVED}']),
        ("unresolved", 'after', 'categories = ["billing"]\nafter',
         [f"escalation: lacks a rung: {UNRESOLVED}"]),
        ("unresolved", '"unresolved"', '"follow_up_overdue"',
         [f"escalation: lacks a rung: {UNRESOLVED}"]),
        ("complaint", '"12h"', '"12h 1s"',
         [f'escalation[2].after: "12h 1s" is later than "12h": {COMPLAINTS}']),
        ("complaint", '"quality_manager"', '"team_leader"',
         [f'escalation[2].to: "team_leader" is not "quality_manager": {COMPLAINTS}']),
        ("complaint", '"INQ-6.3"', '"INQ-6.2"',
         [f'escalation[2].clause: "INQ-6.2" is not "INQ-6.3": {COMPLAINTS}']),
        ("technical", '"24h"', '"25h"',
         [f'escalation[3].after: "25h" is later than "24h": {COMPLEX}',
          f'escalation[3].after: "25h" is later than "24h": {TECHNICAL}']),
        ("technical", "complex = true\n", "", [f"escalation: lacks a rung: {COMPLEX}"]),
        ("technical", '["technical"]', '["product"]', [f"escalation: lacks a rung: {TECHNICAL}"]),
    ],
)  # fmt: skip
def test_a_matrix_that_is_looser_than_the_procedure_is_refused_with_the_clause(
    name: str, old: str, new: str, expected: list[str]
) -> None:
    assert sorted(mistakes(with_line(name, old, new))) == sorted(expected)


@pytest.mark.clause("INQ-6.1", "INQ-6.2", "INQ-6.3")
@pytest.mark.parametrize(
    ("name", "lacking"),
    [
        ("urgent", [URGENT]),
        ("unresolved", [UNRESOLVED]),
        ("complaint", [COMPLAINTS]),
        ("technical", [TECHNICAL, COMPLEX]),
    ],
)
def test_a_matrix_that_lacks_a_row_of_the_procedure_is_refused(
    name: str, lacking: list[str]
) -> None:
    assert mistakes(without(name)) == tuple(f"escalation: lacks a rung: {one}" for one in lacking)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("complaint", '"12h"', '"1h"'),
        ("technical", '"24h"', '"30m"'),
        ("complaint", '["complaint"]', '["complaint", "billing"]'),
        ("technical", "complex = true", 'complex = true\npriorities = ["standard"]'),
    ],
)
def test_a_matrix_that_is_stricter_is_accepted_without_a_warning(
    name: str, old: str, new: str
) -> None:
    assert warnings_about(read(with_line(name, old, new))) == ()


def test_rows_of_the_company_beside_those_of_the_procedure_are_free() -> None:
    own = '[[escalation]]\nrung = "own"\nclause = "INQ-4.4.4"\ncategories = ["complaint"]\n'
    text = SHIPPED.replace("[paging]", f'{own}after = "3d"\nto = "duty_manager"\n\n[paging]')

    assert row("own", read(text)).after == timedelta(days=3)
    assert warnings_about(read(text)) == ()


@pytest.mark.parametrize(
    ("name", "old", "new", "warning"),
    [
        ("complaint", 'after = "12h"', 'after = "12h"\ncalendar = "office"',
         f"rung complaint counts working time on the calendar office: {COMPLAINTS}, "
         "in elapsed hours"),
        ("complaint", 'after = "12h"', 'after = "12h"\npause_while_waiting = true',
         f"rung complaint stands still while the customer owes an answer: {COMPLAINTS}, "
         "in elapsed hours"),
    ],
)  # fmt: skip
def test_a_clock_that_stands_still_is_accepted_with_a_warning(
    name: str, old: str, new: str, warning: str
) -> None:
    assert warnings_about(read(with_line(name, old, new))) == (warning,)


@pytest.mark.clause("INQ-2")
def test_a_channel_that_is_left_out_is_accepted_with_a_warning() -> None:
    text = SHIPPED.replace('"email", "chat", "in_person"', '"email"')

    assert warnings_about(read(text)) == (
        "no inquiries are taken by chat, in_person: INQ-2 names all four channels",
    )


def test_the_shipped_policy_needs_no_warning() -> None:
    assert warnings_about(read(SHIPPED)) == ()
