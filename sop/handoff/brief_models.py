"""What a brief is made of."""

from pydantic import AwareDatetime

from sop.handoff.models import HandoffStage
from sop.identity import IdentityLevel
from sop.models import Payload


class BriefLine(Payload):
    """One thing that was done, in a sentence."""

    at: AwareDatetime
    what: str


class BriefDeadline(Payload):
    """Something that is due."""

    at: AwareDatetime
    what: str


class BriefItem(Payload):
    """One thing that is handed over.

    Attributes:
        state: `confirmed`, `not_confirmed`, or `missing`: it did not arrive.
    """

    item: str
    description: str
    state: str


class BriefPromise(Payload):
    """A response time that the customer was told.

    Attributes:
        state: `open`, `kept`, `kept_late`, `broken` or `replaced`.
    """

    answer_by: AwareDatetime
    contact: str
    state: str = "open"


class BriefInquiry(Payload):
    """What the brief says of the inquiry that the handoff was opened from."""

    inquiry_id: str
    subject: str
    stage: str
    received_at: AwareDatetime
    key_points: str | None = None
    resolution: str | None = None
    promises: tuple[BriefPromise, ...] = ()
    done: tuple[BriefLine, ...] = ()


class Brief(Payload):
    """What the receiving party reads.

    Attributes:
        as_of: When the workflow wrote what it was made from.
        complete: The representative has completed it.
        identity: How far the customer is verified, in words.
        summary: The representative's part.
    """

    handoff_id: str
    as_of: AwareDatetime
    stage: HandoffStage
    complete: bool
    company: str
    contact: str
    customer_id: str
    customer_name: str
    subject: str
    asked: str
    identity: str
    identity_level: IdentityLevel | None = None
    identity_expires_at: AwareDatetime | None = None
    sender: str
    custody: str
    receiving_party: str
    receiving_party_name: str
    receiving_party_contact: str
    summary: str | None = None
    items: tuple[BriefItem, ...] = ()
    done: tuple[BriefLine, ...] = ()
    open: tuple[str, ...] = ()
    deadlines: tuple[BriefDeadline, ...] = ()
    inquiry: BriefInquiry | None = None
