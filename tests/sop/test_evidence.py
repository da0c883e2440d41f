"""What a customer presents: in one spelling, one of each group, and not too often (HOF-4.1)."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sop.errors import InvalidValueError
from sop.evidence import (
    MOST_OF_A_FORM,
    AttemptCounts,
    Factor,
    Transaction,
    check_factors,
    check_forms,
    exhausted,
    present,
    spell_answer,
    spell_number,
)
from sop.identity import PRIMARY, Form
from sop.policy import IdentificationRule
from tests.desk import shipped_policy

CANARY = "C01X0006H"
SECONDARY = tuple(form for form in Form if form not in PRIMARY)


@pytest.fixture(scope="module")
def rule() -> IdentificationRule:
    """Return the rule as it is shipped."""
    shipped = shipped_policy().case.identification
    assert shipped is not None
    return shipped


def test_a_number_is_the_same_however_it_is_written() -> None:
    spelt = {
        spell_number(way) for way in ("c01x 0006-h", " C01X0006H", "\uff2301X\u20130006\u2014h\t")
    }
    assert spelt == {CANARY}


def test_an_answer_is_the_same_however_it_is_said() -> None:
    said = ("Straße  Am Ring", "STRASSE am\tring ", "\uff53trasse\xa0am ring")
    assert {spell_answer(way) for way in said} == {"strasse am ring"}
    assert spell_answer("Ångström") == spell_answer("A\u030angstro\u0308m")


def test_a_blank_in_an_answer_counts_and_one_in_a_number_does_not() -> None:
    assert spell_answer("new port") != spell_answer("newport")
    assert spell_number("12 34") == spell_number("1234")


@given(st.text())
def test_what_is_in_one_spelling_stays_as_it_is(text: str) -> None:
    assert spell_number(spell_number(text)) == spell_number(text)
    assert spell_answer(spell_answer(text)) == spell_answer(text)


def test_a_transaction_is_its_amount_and_its_day() -> None:
    day = Transaction(1999, date(2026, 11, 20))
    assert present(Form.RECENT_TRANSACTION, day).value == "1999/2026-11-20"


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (Form.PASSPORT, "-- --"),
        (Form.PASSPORT, ""),
        (Form.PASSPORT, f"\ud800{CANARY}"),
        (Form.SECURITY_QUESTION, " ? "),
        (Form.RECENT_TRANSACTION, CANARY),
        (Form.PASSPORT, Transaction(1999, date(2026, 11, 20))),
    ],
)
@pytest.mark.clause("HOF-4.1.2")
def test_a_value_with_nothing_to_compare_is_refused_and_not_repeated(
    form: Form, value: str | Transaction
) -> None:
    with pytest.raises(InvalidValueError) as refused:
        present(form, value)
    assert refused.value.clause == "HOF-4.1.2"
    assert CANARY not in refused.value.message
    assert "1999" not in refused.value.message


def test_nothing_that_is_presented_is_printed() -> None:
    answer = present(Form.SECURITY_QUESTION, CANARY)
    day = Transaction(424242, date(2026, 11, 20))
    printed = f"{answer!r} {Factor(answer)!r} {day!r} {present(Form.RECENT_TRANSACTION, day)!r}"
    assert CANARY.casefold() not in printed.casefold()
    assert "424242" not in printed


@pytest.mark.parametrize("primary", sorted(PRIMARY))
@pytest.mark.parametrize("secondary", SECONDARY)
@pytest.mark.clause("HOF-4.1.2")
def test_one_primary_and_one_secondary_form_are_enough(
    rule: IdentificationRule, primary: Form, secondary: Form
) -> None:
    check_forms(rule, (primary, secondary))
    check_forms(rule, (secondary, primary))


@pytest.mark.parametrize(
    ("forms", "said"),
    [
        ((), "Two forms are needed"),
        ((Form.PASSPORT,), "Two forms are needed"),
        ((Form.ACCOUNT_NUMBER,), "Two forms are needed"),
        ((Form.PASSPORT, Form.DRIVING_LICENCE), "Two forms are needed"),
        ((Form.ACCOUNT_NUMBER, Form.SECURITY_QUESTION), "Two forms are needed"),
        ((Form.PASSPORT, Form.NATIONAL_CARD, Form.ACCOUNT_NUMBER), "Two forms are needed"),
        ((Form.PASSPORT, Form.PASSPORT), "Two facts of one document are one form"),
        ((Form.PASSPORT, Form.PASSPORT, Form.ACCOUNT_NUMBER), "Two facts of one document"),
    ],
)
@pytest.mark.clause("HOF-4.1.2")
def test_what_is_not_one_of_each_group_is_refused(
    rule: IdentificationRule, forms: tuple[Form, ...], said: str
) -> None:
    with pytest.raises(InvalidValueError, match=said) as refused:
        check_forms(rule, forms)
    assert refused.value.clause == "HOF-4.1.2"


@pytest.mark.clause("HOF-4.1.2")
def test_a_security_question_that_the_policy_has_switched_off_is_refused(
    rule: IdentificationRule,
) -> None:
    off = rule.model_copy(update={"security_question": False})
    with pytest.raises(InvalidValueError, match="does not accept security_question"):
        check_forms(off, (Form.PASSPORT, Form.SECURITY_QUESTION))
    check_forms(off, (Form.PASSPORT, Form.ACCOUNT_NUMBER))


@pytest.mark.clause("HOF-4.1.2")
def test_a_document_that_the_policy_does_not_name_is_refused(rule: IdentificationRule) -> None:
    strict = rule.model_copy(update={"primary": (Form.PASSPORT,)})
    with pytest.raises(InvalidValueError, match="does not accept driving_licence"):
        check_forms(strict, (Form.DRIVING_LICENCE, Form.ACCOUNT_NUMBER))


@pytest.mark.clause("HOF-4.1.4")
def test_what_a_person_noticed_needs_no_forms(rule: IdentificationRule) -> None:
    check_forms(rule, (), noticed=True)
    with pytest.raises(InvalidValueError):
        check_forms(rule, (Form.PASSPORT,), noticed=True)


@pytest.mark.parametrize(
    ("before", "over"),
    [
        (AttemptCounts(0, 0, 0), False),
        (AttemptCounts(2, 4, 49), False),
        (AttemptCounts(3, 3, 3), True),
        (AttemptCounts(0, 5, 5), True),
        (AttemptCounts(0, 0, 50), True),
    ],
)
@pytest.mark.clause("HOF-4.1.4")
def test_the_attempts_of_a_case_a_customer_and_a_representative_are_limited(
    rule: IdentificationRule, before: AttemptCounts, over: bool
) -> None:
    assert exhausted(rule, before) is over


def test_a_transaction_that_does_not_end_is_not_kept() -> None:
    day = present(Form.RECENT_TRANSACTION, Transaction(1999, date(2026, 11, 20)))
    check_factors((Factor(day, datetime(2026, 12, 20, tzinfo=UTC)),))
    with pytest.raises(InvalidValueError, match="does not stay recent"):
        check_factors((Factor(day),))


def test_there_is_one_security_question_and_no_list_without_end() -> None:
    accounts = [Factor(present(Form.ACCOUNT_NUMBER, str(n))) for n in range(MOST_OF_A_FORM + 1)]
    check_factors(tuple(accounts[1:]))
    with pytest.raises(InvalidValueError, match="at most 20 values of account_number"):
        check_factors(tuple(accounts))
    answers = tuple(Factor(present(Form.SECURITY_QUESTION, word)) for word in ("rex", "bello"))
    with pytest.raises(InvalidValueError, match="one security question"):
        check_factors(answers)
