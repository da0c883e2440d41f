"""The records that the procedures ask for by name (HOF-7), each with its retention class."""

from enum import StrEnum
from typing import ClassVar

from pydantic import AwareDatetime

from sop.identity import FormResult, IdentityLevel
from sop.models import Payload, Role, VerificationOutcome


class RetentionClass(StrEnum):
    """How long a record is kept: a value of the policy's `[retention]`."""

    INQUIRY = "inquiry"
    VERIFICATION = "verification"
    HANDOFF = "handoff"
    INCIDENT = "incident"


class RegisterRecord(Payload):
    """What a register holds of one journal entry, and is written with in one transaction.

    Attributes:
        entry: The entry's number in the case's journal.
    """

    entry: int = 0


class VerificationRecord(RegisterRecord):
    """One line of the customer verification log (HOF-7.1): who checked what, and how it ended.

    Attributes:
        verification_id: Its key: the case's id and a counter.
        attempt: Which one of its call a check was; in other lines, how many did not match by then.
        reason: A code: `matched`, `mismatch`, `attempts_exhausted`, `noticed`, `approved`,
            `rejected`, `approval_expired`.
    """

    retention_class: ClassVar[RetentionClass] = RetentionClass.VERIFICATION

    verification_id: str
    case_id: str
    customer_id: str
    at: AwareDatetime
    representative: str
    role: Role
    attempt: int
    forms: tuple[FormResult, ...] = ()
    outcome: VerificationOutcome
    reason: str
    level: IdentityLevel | None = None
    expires_at: AwareDatetime | None = None
    decided_by: str | None = None
    policy_version: str = ""


class HandoffConfirmation(RegisterRecord):
    """The confirmation of a handoff (HOF-4.2.6, HOF-7.2): date, time, parties, specifics, custody.

    Attributes:
        confirmation_id: Its key: the handoff's id and the number of the transfer.
        outcome: `accepted`, `accepted_in_part`, `refused`, `unacknowledged` or `cancelled`.
        items: Names of what was transferred.
        missing: Names of what the receiving party did not get.
        custody_from: When the receiving party had custody, where it accepted anything.
        custody_until: When it ended there; None where it lasts.
    """

    retention_class: ClassVar[RetentionClass] = RetentionClass.HANDOFF

    confirmation_id: str
    case_id: str
    customer_id: str
    outcome: str
    sender: str
    receiving_party: str
    receiving_party_name: str
    channel: str
    carrier: str | None = None
    tracking_number: str | None = None
    items: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    identity_level: IdentityLevel | None = None
    transferred_at: AwareDatetime
    sender_custody_from: AwareDatetime
    sender_custody_until: AwareDatetime | None = None
    custody_from: AwareDatetime | None = None
    acknowledged_by: str | None = None
    acknowledged_at: AwareDatetime | None = None
    reason: str | None = None
    confirmed_at: AwareDatetime
    policy_version: str = ""


class ReportKind(StrEnum):
    """What an exception or incident report is about (HOF-7.3)."""

    OVERRIDE = "override"
    IDENTITY_REJECTED = "identity_rejected"
    CHANNEL_NOT_APPROVED = "channel_not_approved"
    REFUSED_BY_RECEIVER = "refused_by_receiver"
    ACCEPTED_IN_PART = "accepted_in_part"
    UNACKNOWLEDGED = "unacknowledged"
    BREACH = "breach"
    AUDIT_FINDING = "audit_finding"


class IncidentReport(RegisterRecord):
    """An exception or incident report (HOF-7.3); written with its journal entry, then filed.

    Attributes:
        report_id: Its key: the case's id, the kind and a counter.
        text: What happened, in codes and roles; nothing of the customer's own.
        reference: What the incident management system calls it, once it has it.
    """

    retention_class: ClassVar[RetentionClass] = RetentionClass.INCIDENT

    report_id: str
    case_id: str
    kind: ReportKind
    clause: str
    at: AwareDatetime
    reported_by: str
    manager: Role
    text: str
    reason: str | None = None
    policy_version: str = ""
