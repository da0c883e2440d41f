"""What is destroyed, what is kept and why, and the certificate of it (INQ-7.1, HOF-5.1, HOF-7)."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum

from pydantic import AwareDatetime

from sop.keys import RecordClass
from sop.models import Payload
from sop.policy_rules import LegalBasis, Retention

ENTRIES = "access_log.entries"
"""The count of a run that says how many entries of the access log went."""

MOST_NAMED = 500
"""So many cases a run names at the most; it counts all."""


class RetentionRules(Payload):
    """For how long which class is kept: the part of the policy in force that says so."""

    policy_version: str
    retention: Retention
    time_zone: str


class Disposable(Payload):
    """One class of one case that is due.

    Attributes:
        kind: `inquiry`, `handoff`, `incident`, `duty`, `privacy`.
        customer_id: Whose case it is, or is about; None where it is nobody's.
        about: The case that it was opened from, or is about, and the one that this came from: who
            holds them holds it.
        closed_at: When the case closed.
        due_at: From then on it goes.
        keys: How many keys of it were destroyed; `histories`: how many were deleted.
    """

    case_id: str
    kind: str
    record_class: RecordClass
    customer_id: str | None = None
    about: tuple[str, ...] = ()
    closed_at: AwareDatetime
    due_at: AwareDatetime
    keys: int = 0
    histories: int = 0


class Cursor(Payload):
    """How far a run has looked: everything up to here was tried, whatever came of it.

    Attributes:
        closed_at: Of the last case, with `case_id`; None before the first one of the class.
    """

    record_class: RecordClass
    closed_at: AwareDatetime | None = None
    case_id: str = ""


class DueQuestion(Payload):
    """What is due at a moment, the oldest first; what stands behind the cursor."""

    rules: RetentionRules
    at: AwareDatetime
    after: Cursor | None = None
    limit: int = 50


class Due(Payload):
    """What is due: a batch, and where the next one begins; None: there is no more."""

    items: tuple[Disposable, ...] = ()
    behind: Cursor | None = None


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


_AT_WORK = frozenset({Because.OPEN, Because.RUNNING})


def closed_and_kept(kept: Iterable[Kept]) -> tuple[str, ...]:
    """Return the cases that are kept although they are closed: the desk is to read them no more.

    A case that is kept because somebody still works on it, or on what was opened from it, stays
    with the desk: its clocks run (HOF-7.3).
    """
    kept = tuple(kept)
    at_work = {part.case_id for part in kept if part.because in _AT_WORK}
    return tuple(sorted({part.case_id for part in kept} - at_work))


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
            `inquiry.journal_entries` (their content), `history.histories`, …
        customers_gone: How many customers' own records went: name, contacts, what they are
            identified by.
    """

    certificate_id: str
    at: AwareDatetime
    policy_version: str = ""
    gone: tuple[Gone, ...] = ()
    kept: tuple[Kept, ...] = ()
    counts: dict[str, int] = {}
    customers_gone: int = 0


class DisposalOrder(Payload):
    """What is to go; `certificate_id` makes a repetition the same.

    Attributes:
        kind: `retention` or `erasure`.
        kept: What was decided before to stay; the certificate names it.
        customer_id: Whose own record goes along, whatever is kept of their cases.
    """

    certificate_id: str
    kind: str = "retention"
    at: AwareDatetime
    policy_version: str
    items: tuple[Disposable, ...]
    kept: tuple[Kept, ...] = ()
    customer_id: str | None = None


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


class EntryCursor(Payload):
    """How far a run has looked through the access log: up to this entry."""

    at: AwareDatetime
    entry_id: str


class AccessLogOrder(Payload):
    """The oldest entries of the access log are to go, as far as their time is over (INQ-7.1).

    Attributes:
        certificate_id: A repetition is the same.
        at: As of when.
        after: What stands behind this entry; None: from the first on.
        limit: So many entries are looked at.
    """

    certificate_id: str
    at: AwareDatetime
    rules: RetentionRules
    after: EntryCursor | None = None
    limit: int = 1000


class AccessLogDisposal(Payload):
    """What came of it: also the body of its certificate. No personal data.

    Attributes:
        entries: How many went.
        through: When the newest of them was written.
        held: How many each hold kept: on the case of an entry, on what that belongs to, or on the
            customer.
        refused: The database refused, and nothing went: somebody must look.
        behind: Where the next batch begins; None: there is no more.
    """

    certificate_id: str
    at: AwareDatetime
    policy_version: str
    entries: int = 0
    through: AwareDatetime | None = None
    held: dict[str, int] = {}
    refused: bool = False
    behind: EntryCursor | None = None


class RetentionRun(Payload):
    """How far a run has come, and in the end its certificate. No personal data.

    Attributes:
        tried: How many batches; the certificate of the nth is `<certificate_id>.<n>`, and names
            the cases. `certified`: those in which something went.
        gone: How many classes of cases went, by class.
        counts: What was deleted, as in `Disposal`.
        held: How many classes of cases each hold kept.
        held_cases: Which; the first MOST_NAMED.
        failures: How many classes could not go, by reason; `failed`: which, the first MOST_NAMED.
        entries_held: How many entries of the access log each hold kept; what went is in `counts`.
        abandoned: How many cases are open in the CRM, and have no workflow that could close them:
            never due. `abandoned_cases`: which, the first MOST_NAMED.
    """

    certificate_id: str
    policy_version: str
    began_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    cursor: Cursor | None = None
    tried: int = 0
    certified: int = 0
    gone: dict[str, int] = {}
    counts: dict[str, int] = {}
    customers_gone: int = 0
    held: dict[str, int] = {}
    held_cases: tuple[str, ...] = ()
    failures: dict[str, int] = {}
    failed: tuple[Kept, ...] = ()
    entries_held: dict[str, int] = {}
    abandoned: int = 0
    abandoned_cases: tuple[str, ...] = ()

    def after_entries(self, batch: AccessLogDisposal) -> "RetentionRun":
        """Return the run after a batch of the access log."""
        failures = {Because.REFUSED.value: 1} if batch.refused else {}
        return self.model_copy(
            update={
                "counts": _plus(self.counts, {ENTRIES: batch.entries}),
                "entries_held": _plus(self.entries_held, batch.held),
                "failures": _plus(self.failures, failures),
            }
        )

    def leaving(self, abandoned: Collection[str]) -> "RetentionRun":
        """Return the run that names cases which nothing will ever close."""
        named = tuple(sorted(abandoned)[:MOST_NAMED])
        return self.model_copy(update={"abandoned": len(abandoned), "abandoned_cases": named})

    def after(self, batch: Disposal, cursor: Cursor | None) -> "RetentionRun":
        """Return the run after a batch."""
        held = [each for each in batch.kept if each.because is Because.HOLD]
        failed = [each for each in batch.kept if each.because in FAILURES]
        cases = dict.fromkeys((*self.held_cases, *(each.case_id for each in held)))
        return self.model_copy(
            update={
                "cursor": cursor,
                "tried": self.tried + 1,
                "certified": self.certified + bool(batch.gone),
                "gone": _plus(self.gone, Counter(each.record_class.value for each in batch.gone)),
                "counts": _plus(self.counts, batch.counts),
                "customers_gone": self.customers_gone + batch.customers_gone,
                "held": _plus(self.held, Counter(hold for each in held for hold in each.holds)),
                "held_cases": tuple(cases)[:MOST_NAMED],
                "failures": _plus(self.failures, Counter(each.because.value for each in failed)),
                "failed": (*self.failed, *failed)[:MOST_NAMED],
            }
        )


def _plus(counts: dict[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted((Counter(counts) + Counter(more)).items()))


class Hold(Payload):
    """A legal hold on a scope: a case's id, or `customer-<id>`."""

    hold_id: str
    scope: str
    placed_at: AwareDatetime
    released_at: AwareDatetime | None = None
