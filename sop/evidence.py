"""What a customer presents to be identified: in one spelling, and enough of it (HOF-4.1.2).

Values pass through here on their way to the comparison, and no further: none stands in an error,
in what is printed of these objects, or in a workflow.
"""

import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime

from pydantic import AwareDatetime

from sop.errors import InvalidValueError
from sop.identity import Form, FormResult
from sop.models import Payload
from sop.policy import IdentificationRule

CLAUSE = "HOF-4.1.2"

MOST_OF_A_FORM = 20
"""So many values of one form are kept for a customer: accounts, recent transactions."""


@dataclass(frozen=True, slots=True, repr=False)
class Transaction:
    """A recent transaction: its amount in minor units (cents), and its day."""

    amount: int
    on: date


@dataclass(frozen=True, slots=True)
class Presented:
    """One form that a customer presents; `value` is in the spelling in which it is compared."""

    form: Form
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Factor:
    """A form that a customer is compared with; from `expires_at` on it counts no more."""

    presented: Presented
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """An identity check as it arrives.

    Attributes:
        attempt_id: The same for a repeated request.
        representative: The principal who checks.
    """

    attempt_id: str
    customer_id: str
    case_id: str
    representative: str
    presented: tuple[Presented, ...]


@dataclass(frozen=True, slots=True)
class AttemptCounts:
    """The attempts before one that did not match: within the policy's time, each as it is named."""

    in_case: int
    of_customer: int
    by_representative: int


class Checked(Payload):
    """What an identity check found.

    Attributes:
        number: Which attempt it is in its case.
        forms: Whether each form matched; empty where the attempt was no longer allowed.
    """

    number: int
    exhausted: bool
    forms: tuple[FormResult, ...] = ()


NOT_COMPARED = Checked(number=1, exhausted=False)
"""Of a check at which nothing was presented: it is no attempt."""


class FormOnRecord(Payload):
    """A form that a customer can be compared with, and nothing of its values.

    Attributes:
        count: How many values are kept.
        expires_at: When the last of them ends; None where one does not end.
        usable: False: kept under another key than the one in use, so that nothing matches it.
    """

    form: Form
    count: int
    updated_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    usable: bool = True


def present(form: Form, value: str | Transaction) -> Presented:
    """Return a form with its value in one spelling.

    Raises:
        InvalidValueError: The value is not one of this form, or holds nothing to compare.
    """
    if isinstance(value, Transaction) != (form == Form.RECENT_TRANSACTION):
        raise _refusal(f"A value of {form} is made of other parts.")
    if isinstance(value, Transaction):
        return Presented(form, f"{value.amount}/{value.on.isoformat()}")
    spelt = spell_answer(value) if form == Form.SECURITY_QUESTION else spell_number(value)
    if not any(character.isalnum() for character in spelt) or not _is_text(spelt):
        raise _refusal(f"The value of {form} is no text with a letter or a digit in it.")
    return Presented(form, spelt)


def spell_number(number: str) -> str:
    """Return a document's or account's number without blanks and dashes, in upper case."""
    upper = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", number).upper())
    kept = (c for c in upper if not c.isspace() and unicodedata.category(c) != "Pd")
    return unicodedata.normalize("NFKC", "".join(kept))


def spell_answer(answer: str) -> str:
    """Return an answer without regard to case, to forms of a letter, and to blanks."""
    folded = unicodedata.normalize("NFKC", answer).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def accepted_forms(rule: IdentificationRule) -> tuple[frozenset[Form], frozenset[Form]]:
    """Return the primary and the secondary forms that the policy accepts."""
    off = frozenset() if rule.security_question else {Form.SECURITY_QUESTION}
    return frozenset(rule.primary), frozenset(rule.secondary) - off


def check_forms(
    rule: IdentificationRule, forms: tuple[Form, ...], *, noticed: bool = False
) -> None:
    """Refuse forms that are not one primary and one secondary form (HOF-4.1.2).

    Args:
        rule: Which forms the policy accepts.
        forms: What is presented; two facts of one document are one form, presented once.
        noticed: The representative noticed a discrepancy; then nothing need be presented.

    Raises:
        InvalidValueError: They are not one of each group.
    """
    if noticed and not forms:
        return
    primary, secondary = accepted_forms(rule)
    if len(set(forms)) < len(forms):
        raise _refusal("Two facts of one document are one form: present each form once.")
    wrong = sorted(set(forms) - primary - secondary)
    groups = f"one of {', '.join(sorted(primary))}, and one of {', '.join(sorted(secondary))}"
    if wrong:
        raise _refusal(f"The policy does not accept {', '.join(wrong)}. Present {groups}.")
    if (len(primary & set(forms)), len(secondary & set(forms))) != (1, 1):
        raise _refusal(f"Two forms are needed: {groups}.")


def check_factors(factors: tuple[Factor, ...]) -> None:
    """Refuse what cannot be kept to compare customers with.

    Raises:
        InvalidValueError: There are too many values of a form, or a transaction does not end.
    """
    counts = Counter(factor.presented.form for factor in factors)
    if counts[Form.SECURITY_QUESTION] > 1:
        raise _refusal("A customer has one security question.")
    for form, count in counts.items():
        if count > MOST_OF_A_FORM:
            raise _refusal(f"A customer has at most {MOST_OF_A_FORM} values of {form}.")
    for factor in factors:
        if factor.presented.form == Form.RECENT_TRANSACTION and factor.expires_at is None:
            raise _refusal("A transaction does not stay recent: say when it ends to count.")


def exhausted(rule: IdentificationRule, before: AttemptCounts) -> bool:
    """Return whether one more attempt is not allowed: a supervisor decides then (HOF-4.1.4)."""
    return (
        before.in_case >= rule.attempts_per_call
        or before.of_customer >= rule.attempts_per_customer
        or before.by_representative >= rule.attempts_per_representative
    )


def _is_text(value: str) -> bool:
    """Return whether a value is Unicode text; half a character of two is none."""
    return not any(unicodedata.category(character) == "Cs" for character in value)


def _refusal(message: str) -> InvalidValueError:
    return InvalidValueError(message, clause=CLAUSE)
