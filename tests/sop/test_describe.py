"""How a case reads in the Temporal UI: what it waits for, who holds it, what to do."""

from typing import Any

import pytest

from sop import messages as m
from sop.describe import details, next_step, summary
from sop.models import Priority
from tests.sop.builders import (
    CONFIRMED,
    DAY,
    HOUR,
    MONDAY,
    RESOLVED,
    VERIFIED,
    WAITING,
    WITHDRAWN,
    Handled,
    opened,
    promised,
    resolved,
)


def card(case: Handled) -> dict[str, str]:
    lines = (line.removeprefix("**").partition(":** ") for line in details(case.case).split("\n\n"))
    return {name: said for name, _, said in lines}


def test_the_card_of_a_complaint_says_what_it_waits_for_and_until_when_at_the_desk() -> None:
    said = card(opened(category="complaint"))
    assert said == {
        "Inquiry": "by phone, received Mon 2026-11-23 09:00 CET",
        "Stage": "categorised",
        "Category": "complaint · **Priority:** standard · **Channel:** phone",
        "Next deadline": "complaint: to the quality manager, Mon 2026-11-23 21:00 CET",
        "Held by": "anna",
        "Escalations": "none",
        "What to do now": "Verify the customer, and record the outcome.",
        "Missing for closing": "INQ-4.3.1, INQ-4.3.2, INQ-4.4.1, INQ-4.4.2, INQ-4.5.2, "
        "INQ-4.6.1, INQ-4.6.2",
        "Policy": "2026.1",
    }


def test_the_card_says_who_took_an_escalation_or_that_nobody_did() -> None:
    case = opened(priority=Priority.URGENT)
    case.begin_escalations()
    said = card(case)
    assert said["Escalations"] == (
        "urgent to the team leader Mon 2026-11-23 09:00 CET (**not acknowledged**, level 1)"
    )
    assert said["What to do now"].startswith("Acknowledge the escalation (team leader). Then: ")
    case.escalation_says("urgent-1", "acknowledged", by="lena")
    said = card(case)
    assert (said["Held by"], said["Escalations"][-15:]) == ("lena", "(taken by lena)")
    assert said["What to do now"] == "Verify the customer, and record the outcome."
    case.do(VERIFIED, RESOLVED)
    assert card(case)["Escalations"].endswith("(over)")


@pytest.mark.parametrize(
    ("facts", "steps", "what_to_do"),
    [
        ({"category": None}, (), "Categorise the inquiry"),
        ({}, (), "Verify the customer"),
        ({}, (VERIFIED,), "Answer or resolve it"),
        ({}, (promised(MONDAY + HOUR),), "Answer before the promised time"),
        ({}, (WAITING,), "Nothing, until the customer answers"),
        ({}, (VERIFIED, RESOLVED), "Contact the customer"),
        ({"reception": None}, (VERIFIED, RESOLVED, CONFIRMED), "Record what is missing"),
        ({}, (WITHDRAWN,), "Nothing: the case is closed."),
    ],
)
def test_every_stage_says_what_to_do_now(
    facts: dict[str, Any], steps: tuple[m.Command, ...], what_to_do: str
) -> None:
    case = opened(**facts)
    for step in steps:
        case.do(step)
    assert next_step(case.case).startswith(what_to_do)


def test_a_case_that_waits_for_nothing_says_so() -> None:
    case = opened(assignee=None)
    case.do(WITHDRAWN)
    said = card(case)
    assert (said["Next deadline"], said["Held by"]) == ("nothing", "nobody yet")
    assert said["Missing for closing"] == "nothing"


def test_a_resolved_case_waits_for_its_follow_up() -> None:
    case = resolved()
    said = card(case)
    assert said["Next deadline"] == "follow-up contact due, Tue 2026-11-24 09:00 CET"
    case.pass_time(DAY)
    said = card(case)
    assert (
        said["Next deadline"] == "follow up overdue: to the team leader, Wed 2026-11-25 09:00 CET"
    )


def test_no_card_bears_anything_personal() -> None:
    case = opened(category="complaint", priority=Priority.URGENT)
    case.do(VERIFIED, promised(MONDAY + HOUR), RESOLVED)
    case.pass_time(DAY)
    for personal in ("Carla", "c-1", "carla@", "invoice", "twice", "paid back", "extension"):
        assert personal not in details(case.case)


def test_a_summary_stays_true_for_ever() -> None:
    assert summary("in_person", "Mon 2026-11-23 09:00 CET") == (
        "Inquiry by in person, received Mon 2026-11-23 09:00 CET"
    )
