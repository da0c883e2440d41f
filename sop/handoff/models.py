"""The vocabulary of a handoff: what is handed over, to whom, by which channel, and its row."""

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from sop.identity import IdentityLevel
from sop.models import Payload, Principal, ShortText, Slug, Text, VerificationOutcome


class HandoffStage(StrEnum):
    """Where a handoff stands; derived from the facts by `sop.handoff.stages.stage_of`."""

    IDENTIFYING = "identifying"
    STOPPED = "stopped"
    PREPARING = "preparing"
    READY = "ready"
    SENDING = "sending"
    OFFERED = "offered"
    RETURNED = "returned"
    CLOSED = "closed"


class HandoffClosedAs(StrEnum):
    """How a handoff ended."""

    ACCEPTED = "accepted"
    ACCEPTED_IN_PART = "accepted_in_part"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


class Answer(StrEnum):
    """What the receiving party says to an offer (HOF-4.2.5)."""

    ACCEPT = "accept"
    ACCEPT_IN_PART = "accept_in_part"
    REFUSE = "refuse"


class TransferChannel(StrEnum):
    """The secure channels that the software can use; the policy approves them (HOF-4.2.4)."""

    CRM = "crm"
    COURIER = "courier"
    ENCRYPTED_EMAIL = "encrypted_email"


class Item(Payload):
    """Something that is handed over: an information, a document, a product, an open action."""

    item: Slug
    description: ShortText


class ReceivingParty(Payload):
    """Who receives. `name` and `contact` are what the customer is told (HOF-4.2.3, HOF-4.3.1)."""

    party: Principal
    name: ShortText
    contact: ShortText


class HandoffOpening(Payload):
    """What a caller says when a handoff is opened.

    Attributes:
        subject: What is handed over, in a line.
        text: What the customer asked for.
        inquiry_id: The inquiry that it was opened from.
        inquiry_waits: That inquiry does not close before the handoff has ended.
    """

    customer_id: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
    customer_name: Annotated[str, Field(max_length=200)] = ""
    technical_terms: bool = False
    subject: ShortText
    text: Text
    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=50)]
    receiving: ReceivingParty
    assignee: Principal | None = None
    inquiry_id: str | None = None
    inquiry_waits: bool = True


class HandoffRow(Payload):
    """The handoff's row in the CRM as it stands after journal entry `version`.

    Attributes:
        custody: Whose the items are: a principal. Always exactly one party's.
        offered_to: The party that it is offered to now, or that has accepted it; for no other
            receiving party it exists (HOF-5.3).
    """

    handoff_id: str
    version: int
    customer_id: str
    inquiry_id: str | None = None
    stage: HandoffStage
    subject: str
    text: str
    items: tuple[Item, ...] = ()
    confirmed_items: tuple[str, ...] = ()
    missing_items: tuple[str, ...] = ()
    brief: str | None = None
    assignee: str | None = None
    holder: str | None = None
    opened_by: str
    receiving_party: str
    receiving_party_name: str
    receiving_party_contact: str
    offered_to: str | None = None
    verification: VerificationOutcome | None = None
    identity_level: IdentityLevel | None = None
    identity_expires_at: AwareDatetime | None = None
    customer_told_at: AwareDatetime | None = None
    channel: str | None = None
    carrier: str | None = None
    tracking_number: str | None = None
    courier_status: str | None = None
    transferred_at: AwareDatetime | None = None
    acknowledged_at: AwareDatetime | None = None
    acknowledged_by: str | None = None
    answer: Answer | None = None
    custody: str
    custody_since: AwareDatetime
    escalation_level: int = 0
    received_at: AwareDatetime
    received_local: str = ""
    next_deadline: AwareDatetime | None = None
    next_deadline_what: str | None = None
    closed_at: AwareDatetime | None = None
    closed_as: HandoffClosedAs | None = None
    policy_version: str = ""
    request_digest: str = ""
