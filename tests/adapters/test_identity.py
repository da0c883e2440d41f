"""Customers' factors and attempts: kept as hashes, compared with the same work, counted once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type
from pydantic import SecretStr
from sqlalchemy import URL, Connection, insert, select

from adapters.database import Database
from adapters.identity import IdentityRecords
from adapters.identity_hashes import IdentityHashes
from adapters.identity_tables import identity_attempts, identity_factors
from adapters.schema import metadata
from adapters.tables import customers
from sop.errors import InvalidValueError
from sop.evidence import Attempt, Checked, Factor, Presented, Transaction, present
from sop.identity import Form
from sop.policy import IdentificationRule
from tests.batches import MONDAY
from tests.databases import Connect, watch
from tests.desk import shipped_policy

KEY = SecretStr("a key of the tests that opens nothing")
PASSPORT = present(Form.PASSPORT, "C01X-0006H")
ACCOUNT = present(Form.ACCOUNT_NUMBER, "DE02 1203 0000 0000 2020 51")
ANSWER = present(Form.SECURITY_QUESTION, "Quillfeather")
PAID = present(Form.RECENT_TRANSACTION, Transaction(424_242, date(2026, 11, 20)))
WRONG = present(Form.PASSPORT, "X99999999")
FAILING = (WRONG, ACCOUNT)
CANARIES = ("C01X0006H", "0006H", "DE02120300000000202051", "202051", "quillfeather", "424242")
MONTH = timedelta(days=30)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> datetime:
        return self.now


class CountingHashes(IdentityHashes):
    """Hashes as they are, and counts them."""

    def __init__(self) -> None:
        super().__init__(KEY)
        self.done: list[str] = []

    def keyed(self, customer_id: str, presented: Presented) -> str:
        self.done.append("keyed")
        return super().keyed(customer_id, presented)

    def same(self, keyed: str, stored: Sequence[str]) -> bool:
        self.done.append("same")
        return super().same(keyed, stored)

    def same_answer(self, keyed: str, stored: str | None) -> bool:
        self.done.append("argon2id")
        return super().same_answer(keyed, stored)


@pytest.fixture(scope="module")
def rule() -> IdentificationRule:
    shipped = shipped_policy().case.identification
    assert shipped is not None
    return shipped


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hashes() -> CountingHashes:
    return CountingHashes()


@pytest.fixture
def records(database: Database, clock: Clock, hashes: CountingHashes) -> IdentityRecords:
    kept = IdentityRecords(database, hashes, clock)
    transaction = Factor(PAID, MONDAY + MONTH)
    kept.replace("c-1", [Factor(PASSPORT), Factor(ACCOUNT), Factor(ANSWER), transaction])
    hashes.done.clear()
    return kept


def an_attempt(
    *presented: Presented,
    number: int = 1,
    customer_id: str = "c-1",
    case_id: str = "inquiry-1",
    representative: str = "anna",
) -> Attempt:
    name = f"{customer_id}/{case_id}/{representative}/{number}"
    return Attempt(name, customer_id, case_id, representative, presented or (PASSPORT, ACCOUNT))


def matched(checked: Checked) -> dict[Form, bool]:
    return {result.form: result.matched for result in checked.forms}


def everything(database: Database) -> str:
    """Return all rows of all tables."""

    def read(connection: Connection) -> list[object]:
        return [connection.execute(select(table)).all() for table in metadata.sorted_tables]

    return repr(database.read(read))


@pytest.mark.parametrize("secondary", [ACCOUNT, ANSWER, PAID], ids=lambda p: p.form)
@pytest.mark.clause("HOF-4.1.3")
def test_each_form_is_compared_with_the_customers_record(
    records: IdentityRecords, rule: IdentificationRule, secondary: Presented
) -> None:
    right = records.attempt(an_attempt(PASSPORT, secondary), rule)
    assert matched(right) == {Form.PASSPORT: True, secondary.form: True}
    wrong = records.attempt(an_attempt(WRONG, secondary, number=2), rule)
    assert matched(wrong) == {Form.PASSPORT: False, secondary.form: True}
    assert (right.number, wrong.number) == (1, 2)


@pytest.mark.clause("HOF-4.1.3")
def test_a_value_of_another_form_or_another_customer_does_not_match(
    records: IdentityRecords, rule: IdentificationRule
) -> None:
    licence = present(Form.DRIVING_LICENCE, "C01X0006H")
    assert not matched(records.attempt(an_attempt(licence), rule))[Form.DRIVING_LICENCE]
    records.replace("c-2", [Factor(WRONG)])
    theirs = records.attempt(an_attempt(PASSPORT, customer_id="c-2"), rule)
    assert not matched(theirs)[Form.PASSPORT]
    wrong = present(Form.SECURITY_QUESTION, "Featherquill")
    assert not matched(records.attempt(an_attempt(wrong, number=2), rule))[wrong.form]


@pytest.mark.clause("HOF-4.1.3")
def test_one_of_several_accounts_is_enough(
    records: IdentityRecords, rule: IdentificationRule
) -> None:
    accounts = [present(Form.ACCOUNT_NUMBER, f"100{number}") for number in range(5)]
    records.replace("c-1", [Factor(account) for account in accounts], only=Form.ACCOUNT_NUMBER)
    third = records.attempt(an_attempt(PASSPORT, accounts[2]), rule)
    assert matched(third) == {Form.PASSPORT: True, Form.ACCOUNT_NUMBER: True}
    old = records.attempt(an_attempt(PASSPORT, ACCOUNT, number=2), rule)
    assert not matched(old)[Form.ACCOUNT_NUMBER]


@pytest.mark.clause("HOF-4.1.3")
def test_a_transaction_counts_until_it_is_no_longer_recent(
    records: IdentityRecords, rule: IdentificationRule, clock: Clock
) -> None:
    clock.now += MONTH - timedelta(microseconds=1)
    assert matched(records.attempt(an_attempt(PAID), rule))[PAID.form]
    clock.now += timedelta(microseconds=1)
    assert not matched(records.attempt(an_attempt(PAID, number=2), rule))[PAID.form]


def test_what_is_on_record_is_told_without_values(records: IdentityRecords, clock: Clock) -> None:
    shown = {form.form: form for form in records.on_record("c-1")}
    assert shown.keys() == {f.form for f in (PASSPORT, ACCOUNT, ANSWER, PAID)}
    assert shown[PAID.form].expires_at == MONDAY + MONTH
    assert all(form.updated_at == MONDAY and form.usable for form in shown.values())
    clock.now += MONTH
    left = records.replace("c-1", [], only=Form.PASSPORT)
    assert {form.form for form in left} == {ACCOUNT.form, ANSWER.form, PAID.form}
    assert records.replace("c-1", []) == ()
    assert records.on_record("nobody") == ()


def test_a_value_that_comes_twice_is_kept_once(records: IdentityRecords) -> None:
    again = present(Form.PASSPORT, "c01x 0006h")
    (kept,) = records.replace("c-1", [Factor(PASSPORT), Factor(again)])
    assert kept.count == 1


def test_what_cannot_be_kept_changes_nothing(records: IdentityRecords) -> None:
    before = records.on_record("c-1")
    with pytest.raises(InvalidValueError):
        records.replace("c-1", [Factor(PAID)])
    assert records.on_record("c-1") == before


def test_under_another_key_nothing_matches_and_the_record_says_so(
    records: IdentityRecords, rule: IdentificationRule, database: Database
) -> None:
    lost = IdentityRecords(database, IdentityHashes(SecretStr("another key of the tests, as long")))
    assert not any(form.usable for form in lost.on_record("c-1"))
    assert set(matched(lost.attempt(an_attempt(PASSPORT, ANSWER), rule)).values()) == {False}


def test_hashes_bear_their_key_and_an_answers_the_parameters_of_argon2id(
    records: IdentityRecords, database: Database, hashes: CountingHashes
) -> None:
    rows = database.read(lambda connection: connection.execute(select(identity_factors)).all())
    kept = {row.form: row.digest for row in rows}
    assert all(digest.startswith(f"{hashes.key_id}:") for digest in kept.values())
    assert len(kept["passport"].partition(":")[2]) == 64
    used = extract_parameters(kept["security_question"].partition(":")[2])
    assert (used.type, used.time_cost, used.memory_cost, used.parallelism) == (
        Type.ID,
        1,
        46 * 1024,
        1,
    )


def test_the_hash_that_stands_in_for_an_answer_costs_as_much() -> None:
    dummy = extract_parameters(IdentityHashes(KEY)._no_answer)
    real = extract_parameters(IdentityHashes(KEY).answer("x").partition(":")[2])
    assert dummy == real


@pytest.mark.clause("HOF-4.1.3")
def test_the_work_is_the_same_for_every_outcome(
    records: IdentityRecords, rule: IdentificationRule, hashes: CountingHashes
) -> None:
    def work(*presented: Presented, number: int, customer_id: str = "c-1") -> list[str]:
        hashes.done.clear()
        records.attempt(an_attempt(*presented, number=number, customer_id=customer_id), rule)
        return sorted(hashes.done)

    wrong_answer = present(Form.SECURITY_QUESTION, "Featherquill")
    done = {
        "right": work(PASSPORT, ACCOUNT, number=1),
        "right, with the question": work(PASSPORT, ANSWER, number=2),
        "primary wrong": work(WRONG, ACCOUNT, number=3),
        "question wrong": work(PASSPORT, wrong_answer, number=4),
        "both wrong": work(WRONG, wrong_answer, number=5),
        "exhausted": work(PASSPORT, ACCOUNT, number=6),
        "exhausted, with the question": work(PASSPORT, ANSWER, number=7),
        "unknown": work(PASSPORT, ACCOUNT, number=1, customer_id="nobody"),
        "unknown, with the question": work(PASSPORT, ANSWER, number=2, customer_id="nobody"),
        "repeated": work(PASSPORT, ACCOUNT, number=1),
    }
    assert set(map(tuple, done.values())) == {("argon2id", "keyed", "keyed", "same", "same")}


@pytest.mark.clause("HOF-4.1.4")
def test_a_case_has_three_attempts_a_day_and_the_fourth_tells_nothing(
    records: IdentityRecords, rule: IdentificationRule, clock: Clock
) -> None:
    made = [records.attempt(an_attempt(*FAILING, number=n), rule) for n in range(1, 6)]
    assert [checked.exhausted for checked in made] == [False, False, False, True, True]
    assert [checked.number for checked in made] == [1, 2, 3, 4, 5]
    assert [bool(checked.forms) for checked in made] == [True, True, True, False, False]
    clock.now += timedelta(hours=24)
    assert not records.attempt(an_attempt(number=6), rule).exhausted


@pytest.mark.clause("HOF-4.1.4")
def test_a_customer_has_five_attempts_a_day_over_all_cases(
    records: IdentityRecords, rule: IdentificationRule, clock: Clock
) -> None:
    cases = [f"inquiry-{number}" for number in range(7)]
    made = [records.attempt(an_attempt(*FAILING, case_id=case), rule).exhausted for case in cases]
    assert made == [False] * 5 + [True] * 2
    other = an_attempt(case_id="inquiry-8", customer_id="c-2")
    assert not records.attempt(other, rule).exhausted
    # The attempts that were not allowed are no guesses: they do not keep the customer out longer.
    clock.now += timedelta(hours=24)
    assert not records.attempt(an_attempt(case_id="inquiry-9"), rule).exhausted


@pytest.mark.clause("HOF-4.1.4")
def test_a_representative_has_a_number_of_attempts_over_all_customers(
    records: IdentityRecords, rule: IdentificationRule, clock: Clock
) -> None:
    few = rule.model_copy(update={"attempts_per_representative": 4})
    people = [f"c-{number}" for number in range(6)]

    def made(who: str) -> list[bool]:
        tries = (
            an_attempt(*FAILING, customer_id=p, case_id=f"{who}-{p}", representative=who)
            for p in people
        )
        return [records.attempt(attempt, few).exhausted for attempt in tries]

    assert made("anna") == [False] * 4 + [True] * 2
    assert made("ben") == [False] * 4 + [True] * 2


@pytest.mark.clause("HOF-4.1.2", "HOF-4.1.4")
def test_attempts_that_matched_count_towards_no_limit(
    records: IdentityRecords, rule: IdentificationRule
) -> None:
    few = rule.model_copy(update={"attempts_per_representative": 5})
    made = [records.attempt(an_attempt(number=number), few) for number in range(12)]
    assert not any(checked.exhausted for checked in made)
    assert [checked.number for checked in made] == list(range(1, 13))
    wrong = [records.attempt(an_attempt(*FAILING, number=n), few) for n in range(12, 16)]
    assert [checked.exhausted for checked in wrong] == [False, False, False, True]


@pytest.mark.parametrize("distinct", ["case", "customer"])
@pytest.mark.clause("HOF-4.1.4")
def test_parallel_attempts_never_exceed_the_limit(
    records: IdentityRecords, rule: IdentificationRule, distinct: str
) -> None:
    def attempt(number: int) -> Checked:
        if distinct == "case":
            return records.attempt(an_attempt(*FAILING, number=number), rule)
        return records.attempt(an_attempt(*FAILING, case_id=f"inquiry-{number}"), rule)

    with ThreadPoolExecutor(5) as threads:
        made = list(threads.map(attempt, range(10)))
    assert [checked.exhausted for checked in made].count(False) == (3 if distinct == "case" else 5)
    if distinct == "case":
        assert sorted(checked.number for checked in made) == list(range(1, 11))


def test_a_repeated_attempt_is_one_and_finds_what_it_found(
    records: IdentityRecords, rule: IdentificationRule, database: Database
) -> None:
    first = records.attempt(an_attempt(WRONG, ACCOUNT), rule)
    guesses = [records.attempt(an_attempt(PASSPORT, ACCOUNT), rule) for _ in range(5)]
    assert set(guesses) == {first}
    with ThreadPoolExecutor(5) as threads:
        same = set(threads.map(lambda _: records.attempt(an_attempt(number=2), rule), range(5)))
    assert [checked.number for checked in same] == [2]
    count = select(identity_attempts)
    assert len(database.read(lambda connection: connection.execute(count).all())) == 2


def test_records_that_are_replaced_at_once_are_replaced_one_after_the_other(
    records: IdentityRecords,
) -> None:
    factors = [Factor(PASSPORT), Factor(ACCOUNT)]
    with ThreadPoolExecutor(5) as threads:
        done = list(threads.map(lambda _: records.replace("c-1", factors), range(10)))
    assert {form.form for form in done[-1]} == {Form.PASSPORT, Form.ACCOUNT_NUMBER}


@pytest.mark.clause("HOF-4.1.3", "HOF-5.2")
def test_no_table_and_no_statement_holds_what_a_customer_presents(
    records: IdentityRecords, rule: IdentificationRule, database: Database
) -> None:
    control = {"customer_id": "c-1", "name": "Carla-Control", "email": "", "phone": ""}
    values = {**control, "technical_terms": False, "updated_at": MONDAY}
    database.write(lambda connection: connection.execute(insert(customers), values))
    with watch(database) as traffic:
        records.attempt(an_attempt(PASSPORT, ANSWER), rule)
        records.attempt(an_attempt(WRONG, PAID, number=2), rule)
        records.replace("c-1", [Factor(PASSPORT), Factor(ACCOUNT), Factor(ANSWER)])
    kept = (everything(database) + repr(traffic.statements)).casefold()
    assert "carla-control" in kept
    found = [canary for canary in (*CANARIES, "X99999999") if canary.casefold() in kept]
    assert found == []


@pytest.mark.clause("HOF-4.1.3", "HOF-5.2")
def test_no_byte_of_the_database_file_holds_what_a_customer_presents(
    rule: IdentificationRule, copied_sqlite: URL, connect: Connect
) -> None:
    records = IdentityRecords(connect(copied_sqlite), IdentityHashes(KEY))
    records.replace("c-control", [Factor(PASSPORT), Factor(ACCOUNT), Factor(ANSWER)])
    records.attempt(an_attempt(PASSPORT, ANSWER, customer_id="c-control"), rule)
    path = Path(str(copied_sqlite.database))
    raw = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*")).lower()
    assert b"c-control" in raw
    assert [canary for canary in CANARIES if canary.lower().encode() in raw] == []
