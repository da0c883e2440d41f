"""Everything a handoff knows: its workflow's state, carried whole by continue-as-new."""

from pydantic import AwareDatetime

from sop.handoff.couriers import CourierStatus
from sop.handoff.messages import HandoffOrder
from sop.handoff.models import Answer, HandoffClosedAs, Item, ReceivingParty
from sop.models import Actor, Payload
from sop.policy import HandoffPolicy
from sop.state import IdentifiedState


class Offer(Payload):
    """One transfer, and what became of it.

    Attributes:
        number: 1, 2, ... within the handoff.
        sent_at: The clock of the acknowledgement runs from here; None while a mail is under way.
        remind_at: When the receiving party is reminded next.
        return_at: Custody returns by then (HOF-4.2.5).
    """

    number: int
    channel: str
    carrier: str | None = None
    tracking_number: str | None = None
    courier_status: CourierStatus | None = None
    by: str
    begun_at: AwareDatetime
    sent_at: AwareDatetime | None = None
    remind_at: AwareDatetime | None = None
    reminders: int = 0
    return_at: AwareDatetime | None = None
    answer: Answer | None = None
    answered_at: AwareDatetime | None = None
    answered_by: str | None = None
    missing: tuple[str, ...] = ()


class HandoffState(IdentifiedState):
    """The facts of one handoff. Stage, holder and what is missing are derived from them.

    Attributes:
        custody: Whose the items are: the sender's until the receiving party has acknowledged.
        offer: The transfer at hand; None before the first, and after one that came back.
        last_offer: The one that came back.
        returned_at: Custody came back, and what happens next is not decided.
    """

    inquiry_id: str | None = None
    subject: str
    text: str
    items: tuple[Item, ...]
    confirmed: tuple[str, ...] = ()
    receiving: ReceivingParty
    brief: str | None = None
    customer_told_at: AwareDatetime | None = None
    offer: Offer | None = None
    last_offer: Offer | None = None
    offers: int = 0
    returned_at: AwareDatetime | None = None
    custody: str
    custody_since: AwareDatetime
    closed_as: HandoffClosedAs | None = None
    digest: str = ""

    @property
    def sender(self) -> str:
        """Who hands over: the assignee, else whoever opened it."""
        return self.assignee or self.opened_by


class HandoffStart(Payload):
    """The input of a handoff's workflow.

    Attributes:
        order: What it begins with; None when it was continued as new.
        state: The whole handoff, when it was continued as new.
    """

    case_id: str
    policy: HandoffPolicy
    opened_by: Actor
    order: HandoffOrder | None = None
    state: HandoffState | None = None


class HandoffOutcome(Payload):
    """How a handoff ended."""

    case_id: str
    closed_as: HandoffClosedAs
    custody: str
    entries: int
