"""The shipped policy bears the procedure's matrix, and a looser one is refused."""

from datetime import timedelta

import pytest

from sop.calendar import Calendar
from sop.models import Channel, Priority, Role
from sop.policy import Policy, Rung, Starts
from sop.policy_warnings import warnings_about
from tests.sop.policy_files import SHIPPED, read
from tests.sop.policy_files import mistakes as refused_for


def row(name: str, policy: Policy | None = None) -> Rung:
    rung = (policy or read(SHIPPED)).case.rung(name)
    assert rung is not None
    return rung


def with_line(name: str, old: str, new: str, matrix: str = "escalation") -> str:
    """Return the shipped policy with a line of one rung replaced."""
    before, start, rest = SHIPPED.partition(f'[[{matrix}]]\nrung = "{name}"\n')
    table, end, after = rest.partition("\n\n")
    assert table.count(old) == 1, table
    return before + start + table.replace(old, new) + end + after


def without(name: str, matrix: str = "escalation") -> str:
    """Return the shipped policy without a rung."""
    before, _, rest = SHIPPED.partition(f'[[{matrix}]]\nrung = "{name}"\n')
    return before + rest.partition("\n\n")[2]


def mistakes(text: str) -> tuple[str, ...]:
    return tuple(mistake.split(": ", 1)[1] for mistake in refused_for(text))


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
QUESTION = (
    "the security question is accepted: HOF-4.1.2 names it, "
    "OWASP ASVS 5.0 (6.4.2) and NIST SP 800-63B advise against it"
)
"""The one warning that the shipped policy comes with."""


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


DISCREPANCIES = "HOF-4.1.4 sends discrepancies to team_leader at once"
UNACKNOWLEDGED = "HOF-4.2.5 sends unacknowledged handoffs to team_leader within 12h"
RETURNED = "HOF-4.2.5 sends custody that came back to duty_manager at once"
BREACHES = "HOF-6.3 sends breaches to duty_manager at once"


@pytest.mark.parametrize(
    ("matrix", "name", "old", "new", "expected"),
    [
        pytest.param(*case, marks=pytest.mark.clause(case[-1].rpartition(": ")[2].split()[0]))
        for case in (
            ("escalation", "discrepancy", '"0s"', '"5m"',
             f'[4].after: "5m" is later than "0s": {DISCREPANCIES}'),
            ("escalation", "discrepancy", '"team_leader"', '"quality_manager"',
             f'[4].to: "quality_manager" is not "team_leader": {DISCREPANCIES}'),
            ("escalation", "discrepancy", "after", 'priorities = ["urgent"]\nafter',
             f": lacks a rung: {DISCREPANCIES}"),
            ("handoff.escalation", "discrepancy", '"0s"', '"5m"',
             f'[0].after: "5m" is later than "0s": {DISCREPANCIES}'),
            ("handoff.escalation", "discrepancy", '"HOF-4.1.4"', '"HOF-4.1.3"',
             f'[0].clause: "HOF-4.1.3" is not "HOF-4.1.4": {DISCREPANCIES}'),
            ("handoff.escalation", "acknowledgement", '"12h"', '"13h"',
             f'[1].after: "13h" is later than "12h": {UNACKNOWLEDGED}'),
            ("handoff.escalation", "acknowledgement", '"team_leader"', '"quality_manager"',
             f'[1].to: "quality_manager" is not "team_leader": {UNACKNOWLEDGED}'),
            ("handoff.escalation", "returned", '"0s"', '"1h"',
             f'[2].after: "1h" is later than "0s": {RETURNED}'),
            ("handoff.escalation", "returned", 'to =', 'calendar = "office"\nto =',
             f'[2].calendar: "office" is not "always": {RETURNED}'),
            ("incident.escalation", "breach", '"duty_manager"', '"team_leader"',
             f'[0].to: "team_leader" is not "duty_manager": {BREACHES}'),
            ("incident.escalation", "breach", '"0s"', '"1s"',
             f'[0].after: "1s" is later than "0s": {BREACHES}'),
        )
    ],
)  # fmt: skip
def test_a_matrix_of_the_handoff_procedure_is_not_looser_than_it_either(
    matrix: str, name: str, old: str, new: str, expected: str
) -> None:
    assert mistakes(with_line(name, old, new, matrix)) == (f"{matrix}{expected}",)


@pytest.mark.parametrize(
    ("matrix", "name", "lacking"),
    [
        pytest.param("escalation", "discrepancy", DISCREPANCIES,
                     marks=pytest.mark.clause("HOF-4.1.4")),
        pytest.param("handoff.escalation", "discrepancy", DISCREPANCIES,
                     marks=pytest.mark.clause("HOF-4.1.4")),
        pytest.param("handoff.escalation", "acknowledgement", UNACKNOWLEDGED,
                     marks=pytest.mark.clause("HOF-4.2.5")),
        pytest.param("handoff.escalation", "returned", RETURNED,
                     marks=pytest.mark.clause("HOF-4.2.5")),
    ],
)  # fmt: skip
def test_a_matrix_that_lacks_a_row_of_the_handoff_procedure_is_refused(
    matrix: str, name: str, lacking: str
) -> None:
    assert mistakes(without(name, matrix)) == (f"{matrix}: lacks a rung: {lacking}",)


def test_a_matrix_of_incidents_needs_one_row_that_is_at_once() -> None:
    own = 'rung = "own"\nclause = "HOF-6.3"\nstarts = "breach"\nafter = "1h"\nto = "team_leader"'
    text = SHIPPED.replace("# Closed cases", f"[[incident.escalation]]\n{own}\n\n# Closed cases")

    policy = read(text)
    assert policy.incident is not None
    assert [rung.rung for rung in policy.incident.escalation] == ["breach", "own"]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("complaint", '"12h"', '"1h"'),
        ("technical", '"24h"', '"30m"'),
        ("complaint", '["complaint"]', '["complaint", "billing"]'),
        ("technical", "complex = true", 'complex = true\npriorities = ["standard"]'),
    ],
)
def test_a_matrix_that_is_stricter_is_accepted_without_a_warning_of_its_own(
    name: str, old: str, new: str
) -> None:
    assert warnings_about(read(with_line(name, old, new))) == (QUESTION,)


def test_rows_of_the_company_beside_those_of_the_procedure_are_free() -> None:
    own = '[[escalation]]\nrung = "own"\nclause = "INQ-4.4.4"\ncategories = ["complaint"]\n'
    text = SHIPPED.replace("[paging]", f'{own}after = "3d"\nto = "duty_manager"\n\n[paging]')

    assert row("own", read(text)).after == timedelta(days=3)
    assert warnings_about(read(text)) == (QUESTION,)


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
    assert warnings_about(read(with_line(name, old, new))) == (warning, QUESTION)


@pytest.mark.clause("INQ-2")
def test_a_channel_that_is_left_out_is_accepted_with_a_warning() -> None:
    text = SHIPPED.replace('"email", "chat", "in_person"', '"email"')

    assert warnings_about(read(text)) == (
        "no inquiries are taken by chat, in_person: INQ-2 names all four channels",
        QUESTION,
    )
