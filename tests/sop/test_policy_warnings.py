"""What is allowed in a policy, and said each time that it is checked."""

import pytest

from sop.policy_warnings import warnings_about
from tests.sop.policy_files import COMPANY, OF_0_1_0, SHIPPED, changed, read

COURSE_OF_HANDOFFS = dict.fromkeys(range(185, 189), "")


def test_a_policy_that_keeps_to_the_procedures_needs_no_warning() -> None:
    assert warnings_about(read(COMPANY)) == ()


def test_a_policy_of_0_1_0_needs_no_warning_for_what_it_does_not_do() -> None:
    assert warnings_about(read(OF_0_1_0)) == ()


@pytest.mark.clause("HOF-4.1.2")
def test_the_security_question_is_accepted_with_a_warning_until_it_is_switched_off() -> None:
    shipped = warnings_about(read(SHIPPED))
    assert [warning.split(":")[0] for warning in shipped] == ["the security question is accepted"]
    switched_off = SHIPPED.replace("security_question = true", "security_question = false")
    assert warnings_about(read(switched_off)) == ()
    left_out = SHIPPED.replace(
        '"recent_transaction", "security_question"]\nsec', '"recent_transaction"]\nsec'
    )
    assert warnings_about(read(left_out)) == ()


@pytest.mark.parametrize(
    ("edits", "warning"),
    [
        pytest.param(
            {130: 'channels = ["crm"]'},
            "nothing is handed over by courier, encrypted_email: HOF-4.2.4 approves all three",
            marks=pytest.mark.clause("HOF-4.2.4"),
        ),
        pytest.param(
            COURSE_OF_HANDOFFS,
            "no course covers HOF, so no step of a handoff asks for training: HOF-6.1",
            marks=pytest.mark.clause("HOF-6.1"),
        ),
        pytest.param(
            dict.fromkeys(range(180, 184), ""),
            "no course covers INQ, so no step of an inquiry asks for training: INQ-8.2",
            marks=pytest.mark.clause("INQ-8.2"),
        ),
        pytest.param(
            dict.fromkeys(range(168, 172), ""),
            "there is no [audit], so no closed case is audited: HOF-6.2",
            marks=pytest.mark.clause("HOF-6.2"),
        ),
        pytest.param(
            dict.fromkeys(range(157, 167), ""),
            "there is no [incident], so a breach reaches nobody by itself: HOF-6.3",
            marks=pytest.mark.clause("HOF-6.3"),
        ),
        pytest.param(
            {148: 'calendar = "office"'},
            "rung acknowledgement counts working time on the calendar office: HOF-4.2.5 sends "
            "unacknowledged handoffs to team_leader within 12h, in elapsed hours",
            marks=pytest.mark.clause("HOF-4.2.5"),
        ),
    ],
)
def test_what_a_policy_leaves_out_of_the_handoff_procedure_is_said(
    edits: dict[int, str], warning: str
) -> None:
    assert warnings_about(read(changed(edits))) == (warning,)


def test_a_policy_without_handoffs_is_not_warned_of_what_handoffs_need() -> None:
    without = dict.fromkeys([*range(129, 189)], "")

    assert warnings_about(read(changed(without))) == ()
