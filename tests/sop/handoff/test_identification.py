"""Who the customer is (HOF-4.1): two forms, what they are worth, attempts, and when it ends."""

import pytest

from sop.errors import BehindGateError, InvalidValueError, NotAllowedError, WrongStageError
from sop.identity import Form
from sop.messages import Command, Identify
from tests.sop.builders import ANNA, BEN, HOUR, INSTANT, MONDAY
from tests.sop.handoff.builders import (
    APPROVED,
    BRIEFED,
    CONFIRMED,
    DIFFERS,
    EXHAUSTED,
    IDENTIFIED,
    MAILED,
    MATCHED,
    MISMATCHED,
    NOTED,
    PREPARED,
    REJECTED,
    RITA,
    RON,
    SENT,
    TOLD,
    HandedOver,
    approved,
    forms,
    handed,
    handoff_policy,
    offered,
    prepared,
    verified,
)

PASSPORT, LICENCE, CARD = Form.PASSPORT, Form.DRIVING_LICENCE, Form.NATIONAL_CARD
ACCOUNT, RECENT, QUESTION = Form.ACCOUNT_NUMBER, Form.RECENT_TRANSACTION, Form.SECURITY_QUESTION


def presenting(*presented: Form) -> Identify:
    return IDENTIFIED.model_copy(update={"forms": forms(*presented)})


def refuse(case: HandedOver, step: Identify, error: type[Exception]) -> Exception:
    """See a step refused, and that nothing has changed; return the refusal."""
    before = case.state
    with pytest.raises(error) as refused:
        case.do(step)
    assert case.state == before
    return refused.value


@pytest.mark.clause("HOF-4.1.2", "HOF-4.1.3")
@pytest.mark.parametrize("primary", [PASSPORT, LICENCE, CARD])
@pytest.mark.parametrize(
    ("secondary", "level"), [(ACCOUNT, "standard"), (RECENT, "standard"), (QUESTION, "low")]
)
def test_one_form_of_each_group_verifies_and_the_security_question_counts_lowest(
    primary: Form, secondary: Form, level: str
) -> None:
    case = handed()
    receipt = case.do(presenting(primary, secondary))
    assert (receipt.verification, receipt.stage) == ("verified", "preparing")
    assert {"HOF-4.1.2", "HOF-4.1.3"} <= set(receipt.proved)
    identity = case.state.identification.identity
    assert identity is not None
    assert (identity.level, identity.verified_by) == (level, "anna")
    assert (identity.verified_at, identity.expires_at) == (MONDAY, MONDAY + HOUR)


@pytest.mark.clause("HOF-4.1.2")
@pytest.mark.parametrize(
    "presented",
    [
        *((), (PASSPORT,), (ACCOUNT,), (PASSPORT, LICENCE), (ACCOUNT, RECENT)),
        *((PASSPORT, LICENCE, ACCOUNT), (PASSPORT, ACCOUNT, RECENT)),
    ],
)
def test_anything_but_one_form_of_each_group_is_refused_and_is_no_attempt(
    presented: tuple[Form, ...],
) -> None:
    case = handed()
    silent = presenting(*presented).model_copy(
        update={"need_explained": False, "confidentiality_assured": False}
    )
    refused = refuse(case, silent, InvalidValueError)
    assert isinstance(refused, InvalidValueError)
    assert refused.clause == "HOF-4.1.2"
    assert refused.message.startswith("Two forms are needed: one of driving_licence, ")
    assert case.state.identification.attempts == 0


@pytest.mark.clause("HOF-4.1.2")
def test_two_facts_of_one_document_are_one_form() -> None:
    case = handed()
    for presented in ((PASSPORT, PASSPORT), (PASSPORT, PASSPORT, ACCOUNT)):
        refused = refuse(case, presenting(*presented), InvalidValueError)
        assert "Two facts of one document are one form" in str(refused)
    assert case.do(presenting(PASSPORT, ACCOUNT)).verification == "verified"


@pytest.mark.clause("HOF-4.1.2")
def test_the_policy_can_switch_the_security_question_off() -> None:
    case = handed(policy=handoff_policy(identification={"security_question": False}))
    refused = refuse(case, presenting(PASSPORT, QUESTION), InvalidValueError)
    assert "does not accept security_question" in str(refused)
    assert case.do(presenting(PASSPORT, ACCOUNT)).verification == "verified"


@pytest.mark.clause("HOF-4.1.2")
def test_the_policy_says_which_documents_are_accepted() -> None:
    case = handed(policy=handoff_policy(identification={"primary": (PASSPORT,)}))
    refuse(case, presenting(LICENCE, ACCOUNT), InvalidValueError)
    assert case.do(presenting(PASSPORT, ACCOUNT)).verification == "verified"


@pytest.mark.clause("HOF-4.1.3")
@pytest.mark.parametrize("wrong", [PASSPORT, ACCOUNT])
def test_whichever_part_differs_the_answer_is_the_same(wrong: Form) -> None:
    case = handed()
    receipt = case.do(IDENTIFIED.model_copy(update={"forms": forms(PASSPORT, ACCOUNT, but=wrong)}))
    assert (receipt.verification, receipt.stage) == ("not_verified", "identifying")
    entry = case.entry("identity.checked")
    assert entry.detail["forms_asked"] == ["passport", "account_number"]
    assert "matched" not in str(entry.detail)
    assert "HOF-4.1.2" not in entry.clauses


@pytest.mark.clause("HOF-4.1.3", "HOF-4.1.4")
def test_the_third_attempt_that_does_not_match_needs_a_supervisor() -> None:
    case = handed()
    said = [case.do(MISMATCHED).verification for _ in range(3)]
    assert said == ["not_verified", "not_verified", "needs_supervisor"]
    assert [entry.detail["attempt"] for entry in case.entries("identity.checked")] == [1, 2, 3]
    assert case.entry("discrepancy.opened").detail["cause"] == "attempts_exhausted"
    assert case.stage == "stopped"


@pytest.mark.clause("HOF-4.1.3")
def test_the_third_attempt_may_still_match() -> None:
    case = handed(MISMATCHED, MISMATCHED)
    assert case.do(IDENTIFIED).verification == "verified"


@pytest.mark.clause("HOF-4.1.4")
def test_attempts_are_counted_anew_a_day_after_the_last_one() -> None:
    case = handed(MISMATCHED, MISMATCHED)
    case.pass_time(24 * HOUR - INSTANT)
    assert case.do(MISMATCHED).verification == "needs_supervisor"
    case = handed(MISMATCHED, MISMATCHED)
    case.pass_time(24 * HOUR)
    assert case.do(MISMATCHED).verification == "not_verified"
    assert case.state.identification.attempts == 1


@pytest.mark.clause("HOF-4.1.4")
@pytest.mark.parametrize("tried", [IDENTIFIED, MISMATCHED, EXHAUSTED])
def test_tries_after_the_last_attempt_do_not_keep_a_case_shut(tried: Identify) -> None:
    case = handed(MISMATCHED, MISMATCHED, MISMATCHED, REJECTED)
    case.pass_time(23 * HOUR)
    assert case.do(tried).verification == "needs_supervisor"
    assert case.log[-1].attempt == 4
    assert case.state.identification.attempted_at == MONDAY
    case.do(REJECTED)
    case.pass_time(HOUR)
    assert case.do(IDENTIFIED).verification == "verified"


@pytest.mark.clause("HOF-4.1.2", "HOF-4.1.4")
def test_whoever_was_identified_is_no_attempt_nearer_to_a_supervisor() -> None:
    case = handed(*[IDENTIFIED] * 4, MISMATCHED, MISMATCHED, IDENTIFIED)
    said = [case.do(MISMATCHED).verification for _ in range(3)]
    assert said == ["not_verified", "not_verified", "needs_supervisor"]


@pytest.mark.clause("HOF-4.1.4")
def test_attempts_begin_anew_after_an_approval_was_used() -> None:
    case = handed(MISMATCHED, MISMATCHED, MISMATCHED, APPROVED, CONFIRMED)
    assert case.state.identification.attempts == 0
    assert case.do(MISMATCHED).verification == "not_verified"


@pytest.mark.clause("HOF-4.1.4")
def test_what_is_noticed_counts_only_where_a_form_did_not_match() -> None:
    noticed = {"noticed": True}
    case = handed(IDENTIFIED.model_copy(update=noticed))
    assert case.state.identification.attempts == 0
    case = handed(MISMATCHED.model_copy(update=noticed))
    assert case.state.identification.attempts == 1


@pytest.mark.clause("HOF-4.1.4")
def test_an_attempt_that_was_no_longer_allowed_needs_a_supervisor_unseen() -> None:
    case = handed()
    receipt = case.do(EXHAUSTED)
    assert (receipt.verification, receipt.stage) == ("needs_supervisor", "stopped")
    assert "HOF-4.1.3" not in receipt.proved
    assert case.log[0].reason == "attempts_exhausted"
    assert case.log[0].forms == ()


@pytest.mark.clause("HOF-4.1.4")
def test_after_the_last_attempt_even_a_match_needs_a_supervisor() -> None:
    case = handed(MISMATCHED, MISMATCHED, MISMATCHED, APPROVED)
    assert case.do(IDENTIFIED).verification == "needs_supervisor"
    assert case.state.identification.identity is None


@pytest.mark.clause("HOF-4.1.4")
def test_what_a_representative_notices_needs_a_supervisor_although_the_forms_match() -> None:
    case = handed()
    receipt = case.do(IDENTIFIED.model_copy(update={"noticed": True}))
    assert (receipt.verification, receipt.stage) == ("needs_supervisor", "stopped")
    assert case.entry("discrepancy.opened").detail["cause"] == "noticed"


@pytest.mark.clause("HOF-4.1.3")
def test_a_case_is_not_identified_with_another_customers_record() -> None:
    case = handed()
    refused = refuse(case, IDENTIFIED.model_copy(update={"customer_id": "c-2"}), InvalidValueError)
    assert isinstance(refused, InvalidValueError)
    assert refused.clause == "HOF-4.1.3"
    own = IDENTIFIED.model_copy(update={"customer_id": "c-1"})
    assert case.do(own).verification == "verified"


@pytest.mark.clause("HOF-4.1.1", "HOF-4.1.5")
@pytest.mark.parametrize(
    ("attestation", "clause"),
    [("need_explained", "HOF-4.1.1"), ("confidentiality_assured", "HOF-4.1.5")],
)
def test_what_the_customer_was_not_told_is_asked_for_before_anything_goes_on(
    attestation: str, clause: str
) -> None:
    case = handed(IDENTIFIED.model_copy(update={attestation: False}))
    before = case.state
    assert clause in case.case.missing
    with pytest.raises(BehindGateError, match=attestation) as refused:
        case.do(CONFIRMED)
    assert (refused.value.clause, case.state) == (clause, before)
    made_good = Identify.model_validate({"actor": ANNA, attestation: True})
    assert case.do(made_good).proved == (clause,)
    assert case.state.identification == before.identification
    case.do(CONFIRMED)


@pytest.mark.clause("HOF-4.1.1", "HOF-4.1.5")
def test_both_attestations_stand_with_who_and_when() -> None:
    case = verified()
    entry = case.entry("identity.checked")
    assert {"HOF-4.1.1", "HOF-4.1.5"} <= set(entry.clauses)
    assert (entry.actor, entry.at) == (ANNA, MONDAY)


@pytest.mark.clause("HOF-4.1.1", "HOF-4.1.4", "HOF-4.1.5")
def test_an_approval_still_holds_when_what_the_customer_is_told_is_made_good() -> None:
    mute = {"need_explained": False, "confidentiality_assured": False}
    case = handed(EXHAUSTED.model_copy(update=mute), APPROVED)
    with pytest.raises(BehindGateError) as refused:
        case.do(CONFIRMED)
    assert refused.value.clause == "HOF-4.1.1"
    case.do(Identify(actor=ANNA, need_explained=True, confidentiality_assured=True))
    assert case.do(CONFIRMED).verification == "verified"


@pytest.mark.clause("HOF-4.1.2")
@pytest.mark.parametrize("ready", [PREPARED, PREPARED[:1], ()])
def test_an_expired_identity_is_asked_for_again(ready: tuple[Command, ...]) -> None:
    case = handed(IDENTIFIED, *ready)
    following = (*PREPARED, SENT)[len(ready)]
    case.turn_to(MONDAY + HOUR)
    before = case.state
    with pytest.raises(BehindGateError, match="has expired: identify the customer again") as it:
        case.do(following)
    assert (it.value.clause, case.state) == ("HOF-4.1.2", before)
    case.do(IDENTIFIED, following)


@pytest.mark.clause("HOF-4.1.2")
def test_an_identity_holds_up_to_its_end_and_not_at_it() -> None:
    case = prepared()
    case.turn_to(MONDAY + HOUR - INSTANT)
    case.case.check(SENT, case.now)
    case.turn_to(MONDAY + HOUR)
    with pytest.raises(BehindGateError):
        case.case.check(SENT, case.now)


@pytest.mark.clause("HOF-4.1.2")
def test_a_later_check_that_fails_takes_the_identity_back_and_the_entry_says_so() -> None:
    case = verified()
    receipt = case.do(MISMATCHED)
    assert (receipt.verification, receipt.stage) == ("not_verified", "identifying")
    assert "HOF-4.1.2" in receipt.missing
    assert case.journal[-1].detail["withdraws"] == ["HOF-4.1.2"]
    with pytest.raises(BehindGateError, match="is missing"):
        case.do(CONFIRMED)


@pytest.mark.clause("HOF-7.1")
def test_every_check_is_a_line_of_the_verification_log() -> None:
    case = handed(MISMATCHED, IDENTIFIED)
    case.pass_time(2 * HOUR)
    case.do(IDENTIFIED.model_copy(update={"actor": BEN, "noticed": True}), APPROVED, CONFIRMED)
    assert [(x.reason, x.outcome, x.attempt, x.level) for x in case.log] == [
        ("mismatch", "not_verified", 1, None),
        ("matched", "verified", 2, "standard"),
        ("noticed", "needs_supervisor", 1, None),
        ("approved", "needs_supervisor", 0, None),
        ("approved", "verified", 0, "supervised"),
    ]
    assert len({x.verification_id for x in case.log}) == 5
    assert [x.representative for x in case.log] == ["anna", "anna", "ben", "lena", "anna"]
    assert [x.decided_by for x in case.log] == [None, None, None, "lena", "lena"]
    assert (case.log[0].forms, case.log[1].forms) == (DIFFERS, MATCHED)
    assert {(x.customer_id, x.policy_version) for x in case.log} == {("c-1", "2026.1")}
    assert (case.log[0].at, case.log[2].at) == (MONDAY, MONDAY + 2 * HOUR)


@pytest.mark.clause("HOF-3.3")
def test_the_receiving_party_may_identify_again_and_only_what_is_its_own() -> None:
    case = offered()
    again = IDENTIFIED.model_copy(update={"actor": RITA})
    assert case.do(again).verification == "verified"
    refused = refuse(case, again.model_copy(update={"actor": RON}), NotAllowedError)
    assert isinstance(refused, NotAllowedError)
    assert refused.clause == "HOF-5.3"


@pytest.mark.clause("HOF-4.2.4")
def test_nobody_is_identified_while_an_encrypted_mail_is_on_its_way() -> None:
    case = prepared()
    case.do(MAILED)
    refuse(case, MISMATCHED, WrongStageError)
    case.case.mail_sent("key-1", case.now)
    assert case.do(MISMATCHED).verification == "not_verified"


@pytest.mark.clause("HOF-4.1.2", "HOF-4.1.4")
def test_a_level_by_a_supervisor_counts_less_than_any_form_and_names_them() -> None:
    case = approved()
    case.do(CONFIRMED)
    row = case.case.row()
    assert (row.identity_level, row.verification) == ("supervised", "verified")
    identity = case.state.identification.identity
    assert identity is not None
    assert (identity.verified_by, identity.approved_by) == ("anna", "lena")


@pytest.mark.parametrize("step", [CONFIRMED, BRIEFED, TOLD, SENT])
@pytest.mark.clause("HOF-4.1.2")
def test_nothing_goes_on_before_somebody_is_identified(step: Command) -> None:
    case = handed()
    with pytest.raises(BehindGateError, match="which is missing") as refused:
        case.do(step)
    assert refused.value.clause == "HOF-4.1.2"


def test_a_note_needs_no_identity() -> None:
    assert handed().do(NOTED).stage == "identifying"
