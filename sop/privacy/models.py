"""The vocabulary of privacy requests (HOF-5.1): kinds, laws, codes, and a request's row.

Everything that is said of a request is a code: its journal outlives what it erased, and holds
nothing of the person but the customer id.
"""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from sop.disposal import Kept
from sop.models import Channel, Payload

CustomerId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
HeldCase = Annotated[str, Field(pattern=r"^(inquiry|handoff)-[a-z0-9]{8,40}$")]
REQUEST_ID = re.compile(r"privacy-[a-z0-9]{8,40}")


class RequestKind(StrEnum):
    """What is asked for."""

    ERASURE = "erasure"
    EXPORT = "export"
    HOLD = "hold"


class Law(StrEnum):
    """Whose clock counts: one month and two more, or 45 days and 45 more."""

    GDPR = "gdpr"
    CCPA = "ccpa"


class VerificationMethod(StrEnum):
    """How the requester was verified; what they showed is kept nowhere."""

    TWO_FORMS = "two_forms"
    CODE_TO_KNOWN_ADDRESS = "code_to_known_address"
    SIGNED_IN_ACCOUNT = "signed_in_account"
    IN_PERSON = "in_person"
    AUTHORISED_AGENT = "authorised_agent"


class RefusalReason(StrEnum):
    """Why a request is refused."""

    NOT_VERIFIED = "not_verified"
    MANIFESTLY_UNFOUNDED = "manifestly_unfounded"
    EXCESSIVE = "excessive"
    NOT_THEIR_DATA = "not_their_data"
    WITHDRAWN = "withdrawn"


class ExtensionReason(StrEnum):
    """Why the clock is extended."""

    COMPLEX = "complex"
    MANY_REQUESTS = "many_requests"


class ToldBy(StrEnum):
    """How the requester was told; a record of it that holds no address."""

    EMAIL = "email"
    POST = "post"
    PHONE = "phone"
    PORTAL = "portal"
    IN_PERSON = "in_person"


class HoldReason(StrEnum):
    """Why nothing may be destroyed."""

    LITIGATION = "litigation"
    REGULATOR = "regulator"
    INVESTIGATION = "investigation"
    LEGAL_CLAIM = "legal_claim"


class PrivacyStage(StrEnum):
    """Where a request stands; derived from the facts by `sop.privacy.stages.stage_of`."""

    RECEIVED = "received"
    VERIFIED = "verified"
    APPROVED = "approved"
    EXECUTING = "executing"
    EXECUTED = "executed"
    PARTLY_EXECUTED = "partly_executed"
    PLACED = "placed"
    CLOSED = "closed"


class ClosedPrivacyAs(StrEnum):
    """How a request ended."""

    FULFILLED = "fulfilled"
    REFUSED = "refused"
    RELEASED = "released"
    CANCELLED = "cancelled"


class Work(StrEnum):
    """What the workflow is to have done now."""

    PLACE_HOLD = "place_hold"
    RELEASE_HOLD = "release_hold"
    EXPORT = "export"
    DELETE_EXPORT = "delete_export"
    ERASE = "erase"


class PrivacyOpening(Payload):
    """What a caller says of a request.

    Attributes:
        channel: How it reached the company.
        cases: What a hold covers: these cases; none: everything of the customer.
        reason: Why there is a hold.
        review_at: When somebody sees whether the hold is still needed.
    """

    kind: RequestKind
    customer_id: CustomerId
    law: Law = Law.GDPR
    channel: Channel
    cases: Annotated[tuple[HeldCase, ...], Field(max_length=200)] = ()
    reason: HoldReason | None = None
    review_at: AwareDatetime | None = None


class WorkDone(Payload):
    """What came of a piece of work.

    Attributes:
        counts: Records that an export found, or keys that an erasure destroyed, by name.
        remaining: What an erasure left.
        certificates: The ids of what proves the destruction.
        ended: Cases that were still open, and that the erasure ended.
        refusal: Why it could not be done, and never can.
    """

    work: Work
    counts: dict[str, int] = {}
    withheld: tuple[str, ...] = ()
    remaining: tuple[Kept, ...] = ()
    certificates: tuple[str, ...] = ()
    ended: int = 0
    refusal: RefusalReason | None = None


class PrivacyRow(Payload):
    """The request's row as it stands after journal entry `version`."""

    request_id: str
    version: int
    kind: RequestKind
    law: Law
    customer_id: str
    channel: Channel
    stage: PrivacyStage
    cases: tuple[str, ...] = ()
    hold_reason: HoldReason | None = None
    review_at: AwareDatetime | None = None
    opened_by: str
    holder: str | None = None
    escalation_level: int = 0
    received_at: AwareDatetime
    received_local: str = ""
    due_at: AwareDatetime | None = None
    extended_at: AwareDatetime | None = None
    extension_reason: ExtensionReason | None = None
    overdue_at: AwareDatetime | None = None
    verified_at: AwareDatetime | None = None
    verified_by: str | None = None
    verification: VerificationMethod | None = None
    approved_at: AwareDatetime | None = None
    approved_by: str | None = None
    released_at: AwareDatetime | None = None
    released_by: str | None = None
    refusal: RefusalReason | None = None
    answered_at: AwareDatetime | None = None
    told_by: ToldBy | None = None
    executed_at: AwareDatetime | None = None
    counts: dict[str, int] = {}
    withheld: tuple[str, ...] = ()
    remaining: tuple[Kept, ...] = ()
    certificates: tuple[str, ...] = ()
    export_until: AwareDatetime | None = None
    next_deadline: AwareDatetime | None = None
    next_deadline_what: str | None = None
    closed_at: AwareDatetime | None = None
    closed_as: ClosedPrivacyAs | None = None
    closed_by: str | None = None
    policy_version: str = ""
    request_digest: str = ""
