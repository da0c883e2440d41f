"""What is destroyed, what is kept and why, and the certificate of it (INQ-7.1, HOF-5.1, HOF-7)."""

from enum import StrEnum

from pydantic import AwareDatetime

from sop.keys import RecordClass
from sop.models import Payload
from sop.policy_rules import LegalBasis, Retention


class RetentionRules(Payload):
    """For how long which class is kept: the part of the policy in force that says so."""

    policy_version: str
    retention: Retention
    time_zone: str


class Disposable(Payload):
    """One class of one case that is due.

    Attributes:
        customer_id: Whose case it is, or is about; None where it is nobody's.
        closed_at: When the case closed.
        due_at: From then on it goes.
    """

    case_id: str
    record_class: RecordClass
    customer_id: str | None = None
    closed_at: AwareDatetime
    due_at: AwareDatetime


class Cursor(Payload):
    """How far a run has looked: everything up to here was tried, whatever came of it."""

    due_at: AwareDatetime
    case_id: str
    record_class: RecordClass


class DueQuestion(Payload):
    """What is due at a moment, the oldest first; what stands behind the cursor."""

    rules: RetentionRules
    at: AwareDatetime
    after: Cursor | None = None
    limit: int = 50


class Due(Payload):
    """What is due: a batch. `more`: there may be more behind it."""

    items: tuple[Disposable, ...] = ()
    more: bool = False


class Because(StrEnum):
    """Why something is kept that was to go."""

    HOLD = "hold"
    LEGAL_BASIS = "legal_basis"
    OPEN = "open"
    """The case, or one that was opened from it, is not closed."""
    RUNNING = "running"
    """A workflow of the case has not ended."""
    REFUSED = "refused"
    """The database refused: somebody must look."""
    STILL_OPENS = "still_opens"
    """The check afterwards found a key that works: somebody must look."""


FAILURES = frozenset({Because.RUNNING, Because.REFUSED, Because.STILL_OPENS})
"""Reasons of which an operator is told."""


class Kept(Payload):
    """One class of one case that was to go, and stays.

    Attributes:
        basis: The legal basis, where that is why.
        holds: The legal holds, where they are why.
        until: When its time is over by the policy in force; None while the case is open.
    """

    case_id: str
    record_class: RecordClass
    because: Because
    basis: LegalBasis | None = None
    holds: tuple[str, ...] = ()
    until: AwareDatetime | None = None


class Gone(Payload):
    """One class of one case that was destroyed."""

    case_id: str
    record_class: RecordClass


class Disposal(Payload):
    """What came of an order: also the body of its certificate. No personal data.

    Attributes:
        gone: What was destroyed, its keys first. Nothing of it decrypts: that was checked.
        kept: What stays, and why.
        counts: What was deleted, by class and kind: `inquiry.keys`, `inquiry.cases`,
            `inquiry.journal_entries`, `history.histories`, `customers`, …
        customers_gone: How many customers' own records went with their last case.
    """

    certificate_id: str
    at: AwareDatetime
    policy_version: str = ""
    gone: tuple[Gone, ...] = ()
    kept: tuple[Kept, ...] = ()
    counts: dict[str, int] = {}
    customers_gone: int = 0


class RetentionOrder(Payload):
    """A batch of a retention run; `certificate_id` makes a repetition the same."""

    certificate_id: str
    at: AwareDatetime
    policy_version: str
    items: tuple[Disposable, ...]


class ErasureOrder(Payload):
    """Erase what the law does not keep of a customer: all cases, all classes (HOF-5.1).

    Attributes:
        certificate_id: Such as `erasure-<request>`: a repetition is the same.
        ended: Open cases that were terminated for it: nothing closes them any more, so they count
            as closed at `at`. Other open cases are kept, as `open`.
    """

    certificate_id: str
    customer_id: str
    at: AwareDatetime
    rules: RetentionRules
    ended: tuple[str, ...] = ()


class Hold(Payload):
    """A legal hold on a scope: a case's id, or `customer-<id>`."""

    hold_id: str
    scope: str
    placed_at: AwareDatetime
    released_at: AwareDatetime | None = None
