"""Customers' factors and the attempts to match them (HOF-4.1): kept as hashes, counted once.

A check finds first and counts after it, in one transaction: what was found is nobody's before its
attempt is on record, and belongs to that attempt for good.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    and_,
    delete,
    false,
    func,
    insert,
    select,
)

from adapters.database import Database
from adapters.identity_hashes import IdentityHashes
from adapters.identity_tables import identity_attempts, identity_factors
from sop.evidence import (
    Attempt,
    AttemptCounts,
    Checked,
    Factor,
    FormOnRecord,
    check_factors,
    exhausted,
)
from sop.identity import Form, FormResult
from sop.policy import IdentificationRule

ONE_AT_A_TIME = 0x48414E46
"""The advisory lock of PostgreSQL under which attempts are counted and records replaced."""

_now = partial(datetime.now, UTC)
_attempt = identity_attempts.c
_factor = identity_factors.c


class IdentityRecords:
    """Keeps factors and checks customers; each method raises CrmUnavailableError unanswered."""

    def __init__(
        self, database: Database, hashes: IdentityHashes, clock: Callable[[], datetime] = _now
    ) -> None:
        """Keep records in a database; `clock` tells what has expired, and when an attempt is."""
        self._database = database
        self._hashes = hashes
        self._clock = clock

    def replace(
        self, customer_id: str, factors: Sequence[Factor], *, only: Form | None = None
    ) -> tuple[FormOnRecord, ...]:
        """Put these factors in the place of a customer's; return which forms are on record now.

        Args:
            customer_id: Whose.
            factors: None at all: nothing is kept.
            only: Leave all other forms as they are.

        Raises:
            InvalidValueError: There are too many of a form, or a transaction does not end.
        """
        check_factors(tuple(factors))
        now = self._clock()
        rows = {
            (row["form"], row["digest"]): row
            for row in (self._row(customer_id, factor, now) for factor in factors)
        }
        old = delete(identity_factors).where(_factor.customer_id == customer_id)
        if only is not None:
            old = old.where(_factor.form == only)

        def write(connection: Connection) -> None:
            self._database.take_turns(connection, ONE_AT_A_TIME)
            connection.execute(old)
            if rows:
                connection.execute(insert(identity_factors), list(rows.values()))

        self._database.write(write)
        return self.on_record(customer_id)

    def on_record(self, customer_id: str) -> tuple[FormOnRecord, ...]:
        """Return the forms that a customer can be compared with, expired ones included."""
        query = select(identity_factors).where(_factor.customer_id == customer_id)
        kept: dict[Form, list[RowMapping]] = defaultdict(list)
        for row in self._rows(query.order_by(_factor.form)):
            kept[Form(row["form"])].append(row)
        return tuple(self._shown(form, rows) for form, rows in kept.items())

    def attempt(self, attempt: Attempt, rule: IdentificationRule) -> Checked:
        """Compare what a customer presents, and count that once per attempt id.

        The work is the same whether the customer is known, whether anything matches, and whether
        the attempt was still allowed. A repeated attempt finds what it found the first time.
        """
        now = self._clock()
        since = now - rule.attempts_within
        found = self._compare(attempt, now)

        def count(connection: Connection) -> Checked:
            self._database.take_turns(connection, ONE_AT_A_TIME)
            known = select(identity_attempts).where(_attempt.attempt_id == attempt.attempt_id)
            earlier = connection.execute(known).mappings().first()
            if earlier is not None:
                return Checked.model_validate(dict(earlier))
            made = connection.execute(_made_before(attempt, since)).one()
            before = AttemptCounts(made.in_case, made.of_customer, made.by_representative)
            over = exhausted(rule, before)
            checked = Checked(number=made.so_far + 1, exhausted=over, forms=() if over else found)
            connection.execute(insert(identity_attempts), _attempt_row(attempt, checked, now))
            return checked

        return self._database.write(count)

    def is_counted(self, attempt_id: str) -> bool:
        """Return whether an attempt is on record."""
        return bool(self._rows(select(_attempt.number).where(_attempt.attempt_id == attempt_id)))

    def _compare(self, attempt: Attempt, now: datetime) -> tuple[FormResult, ...]:
        """Return what matches: a keyed hash for each form, and always one of argon2id."""
        stored = self._digests(attempt.customer_id, now)
        keyed = {p.form: self._hashes.keyed(attempt.customer_id, p) for p in attempt.presented}
        answers = stored.get(Form.SECURITY_QUESTION, [])
        answered = self._hashes.same_answer(
            keyed.get(Form.SECURITY_QUESTION, ""), answers[0] if answers else None
        )
        same = {form: self._hashes.same(said, stored.get(form, [])) for form, said in keyed.items()}
        return tuple(
            FormResult(form=form, matched=answered if form == Form.SECURITY_QUESTION else matched)
            for form, matched in same.items()
        )

    def _digests(self, customer_id: str, now: datetime) -> Mapping[Form, list[str]]:
        """Return the hashes of a customer that still count."""
        query = select(_factor.form, _factor.digest).where(
            _factor.customer_id == customer_id,
            (_factor.expires_at.is_(None)) | (_factor.expires_at > now),
        )
        digests: dict[Form, list[str]] = defaultdict(list)
        for row in self._rows(query):
            digests[Form(row["form"])].append(row["digest"])
        return digests

    def _row(self, customer_id: str, factor: Factor, now: datetime) -> dict[str, Any]:
        form = factor.presented.form
        keyed = self._hashes.keyed(customer_id, factor.presented)
        is_answer = form == Form.SECURITY_QUESTION
        return {
            "customer_id": customer_id,
            "form": str(form),
            "digest": self._hashes.answer(keyed) if is_answer else keyed,
            "updated_at": now,
            "expires_at": factor.expires_at,
        }

    def _shown(self, form: Form, rows: Sequence[RowMapping]) -> FormOnRecord:
        ends = [row["expires_at"] for row in rows]
        return FormOnRecord(
            form=form,
            count=len(rows),
            updated_at=max(row["updated_at"] for row in rows),
            expires_at=None if None in ends else max(ends),
            usable=any(self._hashes.is_usable(row["digest"]) for row in rows),
        )

    def _rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        return self._database.read(lambda connection: connection.execute(query).mappings().all())


def _made_before(attempt: Attempt, since: datetime) -> Select[Any]:
    """Return the query that counts the attempts before one: all of the case, and the failed ones.

    An attempt that was not allowed is no guess, and one that matched is none that failed: neither
    keeps anybody waiting longer.
    """
    in_case = _attempt.case_id == attempt.case_id
    failed = and_(_attempt.exhausted == false(), _attempt.matched == false())
    in_time = and_(failed, _attempt.at > since)
    of_customer = and_(_attempt.customer_id == attempt.customer_id, in_time)
    by_representative = and_(_attempt.representative == attempt.representative, in_time)
    count = select(func.count()).select_from(identity_attempts)
    return select(
        count.where(in_case).scalar_subquery().label("so_far"),
        count.where(in_case, in_time).scalar_subquery().label("in_case"),
        count.where(of_customer).scalar_subquery().label("of_customer"),
        count.where(by_representative).scalar_subquery().label("by_representative"),
    )


def _attempt_row(attempt: Attempt, checked: Checked, now: datetime) -> dict[str, Any]:
    return {
        "attempt_id": attempt.attempt_id,
        "customer_id": attempt.customer_id,
        "case_id": attempt.case_id,
        "representative": attempt.representative,
        "at": now,
        "number": checked.number,
        "exhausted": checked.exhausted,
        "matched": bool(checked.forms) and all(result.matched for result in checked.forms),
        "forms": [result.model_dump(mode="json") for result in checked.forms],
    }
