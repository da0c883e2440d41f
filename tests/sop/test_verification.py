"""Information verification (INQ-4.3): what stands behind the gate, and who is exempt."""

import pytest

from sop import messages as m
from sop.errors import BehindGateError, InvalidValueError
from sop.models import ClosedAs, Stage, VerificationOutcome
from sop.policy_rules import VerificationRule
from tests.sop.builders import (
    ANNA,
    ANSWERED,
    CONFIRMED,
    GENERAL_ANSWER,
    NOT_VERIFIED,
    RESOLVED,
    VERIFIED,
    Handled,
    adopted,
    corrected,
    opened,
    policy_with,
    resolved,
    shipped_policy,
)

NONE_EXEMPT = VerificationRule(forms=("passport", "account_number"))


def with_outcome(outcome: VerificationOutcome | None) -> Handled:
    case = opened()
    if outcome is not None:
        case.do(VERIFIED.model_copy(update={"outcome": outcome}))
    return case


@pytest.mark.clause("INQ-4.3.2")
@pytest.mark.parametrize("outcome", [None, VerificationOutcome.NOT_VERIFIED])
@pytest.mark.parametrize("step", [ANSWERED, RESOLVED])
def test_nothing_is_disclosed_or_resolved_before_the_customer_is_verified(
    outcome: VerificationOutcome | None, step: m.Command
) -> None:
    case = with_outcome(outcome)
    before = case.case.state
    with pytest.raises(BehindGateError, match="Record the verification first") as refused:
        case.do(step)
    assert refused.value.clause == "INQ-4.3.2"
    assert case.case.state == before
    case.do(VERIFIED, step)
    assert case.case.state.seq > before.seq


@pytest.mark.clause("HOF-4.1.4", "INQ-4.3.2")
@pytest.mark.parametrize("step", [ANSWERED, RESOLVED, VERIFIED])
def test_what_is_recorded_as_needing_a_supervisor_is_decided_by_one(step: m.Command) -> None:
    case = with_outcome(VerificationOutcome.NEEDS_SUPERVISOR)
    assert case.entry("discrepancy.opened").detail["cause"] == "attested"
    assert [rung.rung for rung in case.case.state.rungs if rung.fired_at] == ["discrepancy"]
    before = case.case.state
    with pytest.raises(BehindGateError, match="supervisor") as refused:
        case.do(step)
    assert (refused.value.clause, case.case.state) == ("HOF-4.1.4", before)


@pytest.mark.clause("HOF-4.1.2")
def test_one_form_of_identification_is_not_attested_as_verified() -> None:
    with pytest.raises(InvalidValueError) as refused:
        opened().do(VERIFIED.model_copy(update={"forms_asked": ("security_question",)}))
    assert refused.value.clause == "HOF-4.1.2"


@pytest.mark.clause("HOF-4.1.3")
def test_a_policy_may_take_no_attestation_of_an_identity_check() -> None:
    rule = shipped_policy().verification.model_copy(update={"attested": False})
    with pytest.raises(BehindGateError) as refused:
        opened(policy=policy_with(verification=rule)).do(VERIFIED)
    assert refused.value.clause == "HOF-4.1.3"


@pytest.mark.clause("INQ-4.3.2")
def test_an_answer_that_tells_nothing_of_the_account_needs_no_verification() -> None:
    case = opened()
    case.do(GENERAL_ANSWER)
    assert case.entry("response.sent").detail["discloses_account"] is False


@pytest.mark.clause("INQ-4.3.1")
def test_the_forms_that_were_asked_for_are_on_record_and_nothing_of_their_content() -> None:
    case = opened()
    receipt = case.do(VERIFIED)
    assert receipt.proved == ("INQ-4.3.1", "INQ-4.3.2")
    entry = case.entry("verification.recorded")
    assert entry.detail == {
        "forms_asked": ["passport", "account_number"],
        "outcome": "verified",
        "exempt_from_verification": False,
    }
    assert entry.actor == ANNA


@pytest.mark.clause("INQ-4.3.1")
def test_a_form_that_the_policy_lacks_is_refused() -> None:
    case = opened()
    library_card = VERIFIED.model_copy(update={"forms_asked": ("library_card",)})
    with pytest.raises(InvalidValueError, match="no form library_card; it has passport") as refused:
        case.do(library_card)
    assert refused.value.clause == "INQ-4.3.1"


@pytest.mark.clause("INQ-4.3.1", "INQ-4.3.2")
def test_a_failed_check_proves_that_it_was_asked_for_and_not_that_it_holds() -> None:
    case = opened()
    assert case.do(NOT_VERIFIED).proved == ("INQ-4.3.1",)
    assert (case.stage, "INQ-4.3.2" in case.case.missing) == (Stage.CATEGORISED, True)


@pytest.mark.clause("INQ-4.3.2")
def test_a_verification_that_is_taken_back_shuts_the_gate_again() -> None:
    case = opened()
    case.do(VERIFIED)
    assert case.stage == Stage.IN_PROGRESS
    case.do(NOT_VERIFIED)
    assert case.stage == Stage.CATEGORISED
    with pytest.raises(BehindGateError):
        case.do(ANSWERED)


@pytest.mark.clause("INQ-4.3.2")
def test_a_verification_that_is_taken_back_after_the_resolution_keeps_the_case_open() -> None:
    case = resolved()
    last = case.do(NOT_VERIFIED, CONFIRMED)
    assert (last.stage, last.missing) == (Stage.FOLLOW_UP, ("INQ-4.3.2",))
    assert case.do(VERIFIED).stage == Stage.CLOSED


@pytest.mark.clause("INQ-4.3.2")
def test_general_information_is_exempt_where_the_policy_says_so() -> None:
    case = opened(general_information=True)
    assert case.stage == Stage.IN_PROGRESS
    assert case.entry("inquiry.categorised").detail["exempt_from_verification"] is True
    case.do(RESOLVED, CONFIRMED)
    assert case.case.state.closed_as == ClosedAs.RESOLVED


@pytest.mark.clause("INQ-4.3.2")
def test_general_information_is_not_exempt_where_the_policy_does_not_say_so() -> None:
    case = opened(general_information=True, policy=policy_with(verification=NONE_EXEMPT))
    assert case.stage == Stage.CATEGORISED
    with pytest.raises(BehindGateError) as refused:
        case.do(RESOLVED)
    assert "general information" not in refused.value.message


@pytest.mark.clause("INQ-4.3.2")
def test_an_exempt_inquiry_discloses_nothing_of_the_account_either() -> None:
    case = opened(general_information=True)
    with pytest.raises(BehindGateError, match="discloses_account"):
        case.do(ANSWERED)
    case.do(GENERAL_ANSWER)


@pytest.mark.clause("INQ-4.3.2")
def test_a_check_that_failed_does_not_keep_an_exempt_inquiry_from_closing() -> None:
    case = opened(general_information=True)
    assert case.do(NOT_VERIFIED, RESOLVED, CONFIRMED).stage == Stage.CLOSED


@pytest.mark.clause("INQ-4.3.2")
@pytest.mark.parametrize("checked", [True, False])
def test_an_inquiry_that_turns_out_to_touch_the_account_is_exempt_no_longer(checked: bool) -> None:
    case = opened(general_information=True)
    if checked:
        case.do(NOT_VERIFIED)
    case.do(corrected("billing", general_information=False))
    assert case.stage == Stage.CATEGORISED
    assert "INQ-4.3.2" in case.case.missing
    assert ("INQ-4.3.1" in case.case.missing) is not checked


@pytest.mark.clause("INQ-4.3.2")
def test_an_inquiry_that_turns_out_to_be_general_information_becomes_exempt() -> None:
    case = opened()
    case.do(NOT_VERIFIED, corrected("billing", general_information=True))
    assert case.stage == Stage.IN_PROGRESS
    assert case.do(RESOLVED, CONFIRMED).stage == Stage.CLOSED


@pytest.mark.clause("INQ-4.3.2")
def test_a_verified_customer_stays_verified_whatever_the_category_becomes() -> None:
    case = opened()
    case.do(VERIFIED, corrected("billing", general_information=True))
    case.do(corrected("technical", general_information=False))
    assert case.stage == Stage.IN_PROGRESS
    assert {"INQ-4.3.1", "INQ-4.3.2"}.isdisjoint(case.case.missing)


@pytest.mark.clause("INQ-4.3.2")
def test_the_exemption_follows_the_policy_that_the_case_is_moved_to() -> None:
    strict = policy_with(verification=NONE_EXEMPT)
    case = opened(general_information=True, policy=strict)
    case.do(adopted(shipped_policy()))
    assert case.stage == Stage.IN_PROGRESS
    assert "INQ-4.3.2" not in case.case.missing
    case.do(adopted(strict))
    assert case.stage == Stage.CATEGORISED
    assert {"INQ-4.3.1", "INQ-4.3.2"} <= set(case.case.missing)
