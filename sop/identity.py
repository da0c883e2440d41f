"""Who the customer is, as far as it was checked: forms, outcomes, the capability (HOF-4.1).

No document number, answer, date of birth or image is a value of these: what a customer presents is
compared where it arrives, and only whether each form matched comes this far.
"""

from enum import StrEnum

from pydantic import AwareDatetime

from sop.models import Payload, Principal, VerificationOutcome


class Form(StrEnum):
    """A form of identification. Two facts from one document are one form."""

    PASSPORT = "passport"
    DRIVING_LICENCE = "driving_licence"
    NATIONAL_CARD = "national_card"
    ACCOUNT_NUMBER = "account_number"
    RECENT_TRANSACTION = "recent_transaction"
    SECURITY_QUESTION = "security_question"


PRIMARY = frozenset({Form.PASSPORT, Form.DRIVING_LICENCE, Form.NATIONAL_CARD})
"""Government photo ID; every other form is a secondary one (HOF-4.1.2)."""


class IdentityLevel(StrEnum):
    """How much a verified identity is worth, the least first.

    A supervisor's approval stands in for a form that did not match; the security question is
    knowledge that others may have.
    """

    SUPERVISED = "supervised"
    LOW = "low"
    STANDARD = "standard"


class FormResult(Payload):
    """Whether one form matched the customer record."""

    form: Form
    matched: bool


class Identity(Payload):
    """A verified identity: a capability that ends.

    Attributes:
        approved_by: The supervisor, where one decided a discrepancy.
    """

    level: IdentityLevel
    verified_at: AwareDatetime
    expires_at: AwareDatetime
    verified_by: Principal
    approved_by: Principal | None = None


class Discrepancy(Payload):
    """What differed from the records, or what a person noticed: a supervisor decides (HOF-4.1.4).

    Attributes:
        number: 1, 2, ... within the case.
        cause: `attempts_exhausted`, `noticed`, or `approval_expired`.
        approved_until: The approval must be used by then.
    """

    number: int
    opened_at: AwareDatetime
    cause: str
    decided_at: AwareDatetime | None = None
    decided_by: Principal | None = None
    approved: bool | None = None
    approved_until: AwareDatetime | None = None


class Identification(Payload):
    """What a case knows of its customer's identity.

    Attributes:
        attempts: That did not match in this call, 0, 1, 2 ...; whoever is verified ends the call,
            and one that comes long after the last begins another.
        attempted_at: When the last of them was made.
        outcome: Of the last attempt, or of the supervisor's decision.
        identity: What was verified; it may have expired since.
        discrepancy: The one that waits for a decision, or whose approval waits to be used.
        discrepancies: How many there were.
    """

    attempts: int = 0
    attempted_at: AwareDatetime | None = None
    outcome: VerificationOutcome | None = None
    identity: Identity | None = None
    discrepancy: Discrepancy | None = None
    discrepancies: int = 0
