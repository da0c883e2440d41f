"""What people and services report about a handoff: one frozen model per Update."""

from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from sop.handoff.couriers import CourierStatus
from sop.handoff.models import Answer, HandoffOpening, ReceivingParty
from sop.identity import Identity
from sop.messages import Command
from sop.models import Actor, Payload, Principal, ShortText, Slug, Text
from sop.policy import HandoffPolicy


class ItemCheck(Payload):
    """Whether one item is correct and complete (HOF-4.2.1)."""

    item: Slug
    correct: bool
    complete: bool


class ConfirmItems(Command):
    """Confirm items one by one; those that do not hold are open again (HOF-4.2.1).

    Attributes:
        brief: The representative's part of the brief, where it is done along with them.
    """

    step: ClassVar[str] = "confirm_items"
    checks: Annotated[tuple[ItemCheck, ...], Field(min_length=1, max_length=50)]
    brief: Text | None = None


class CompleteBrief(Command):
    """Complete the summary for the receiving party (HOF-4.2.2)."""

    step: ClassVar[str] = "complete_brief"
    brief: Text


class CustomerNotice(Payload):
    """How the customer learned of the handoff (HOF-4.2.3).

    Attributes:
        said: What was said; None: the policy's message is sent.
        introduced: The receiving party was introduced.
    """

    said: ShortText | None = None
    introduced: bool


class TellCustomer(Command):
    """Tell the customer about the handoff, and introduce who receives (HOF-4.2.3)."""

    step: ClassVar[str] = "tell_customer"
    notice: CustomerNotice


class Transfer(Command):
    """Transfer over a channel, and offer to the receiving party (HOF-4.2.4).

    Attributes:
        channel: One that the policy approves; the attempt to use another is an incident.
        notice: How the customer was told, where it is done along with it.
        recipient_has_key: False: the party has no certificate on file, so nothing can be mailed.
    """

    step: ClassVar[str] = "transfer"
    channel: Annotated[str, Field(min_length=1, max_length=40)]
    carrier: Slug | None = None
    tracking_number: Annotated[str, Field(max_length=40)] | None = None
    notice: CustomerNotice | None = None
    recipient_has_key: bool = True


class ReportCourier(Command):
    """Say how far the courier has come."""

    step: ClassVar[str] = "report_courier"
    status: CourierStatus


class AnswerOffer(Command):
    """Acknowledge the offer as the receiving party: all, part, or not (HOF-3.3, HOF-4.2.5).

    Attributes:
        missing: Items that did not arrive; only with an acceptance in part.
        reason: Why it is refused, or what is wrong with the missing part.
    """

    step: ClassVar[str] = "answer_offer"
    answer: Answer
    missing: Annotated[tuple[Slug, ...], Field(max_length=50)] = ()
    reason: ShortText | None = None


class ChangeReceiver(Command):
    """Hand over to another party than first meant; the customer is told anew."""

    step: ClassVar[str] = "change_receiver"
    receiving: ReceivingParty
    reason: ShortText


class Conclude(Command):
    """End a handoff that came back: the sender keeps what was to be handed over."""

    step: ClassVar[str] = "conclude"
    reason: ShortText


class AssignHandoff(Command):
    """Give the handoff to another representative; what is still the sender's goes along."""

    step: ClassVar[str] = "assign"
    assignee: Principal
    reason: ShortText | None = None


class AddHandoffNote(Command):
    """Add a note to the journal (HOF-4.3.2)."""

    step: ClassVar[str] = "add_note"
    text: Text


class WithdrawHandoff(Command):
    """Give the handoff up before anything was transferred."""

    step: ClassVar[str] = "withdraw"
    reason: ShortText


class AdoptHandoffPolicy(Command):
    """Move an open handoff to another policy version (HOF-8)."""

    step: ClassVar[str] = "adopt_policy"
    policy: HandoffPolicy
    reason: ShortText


class HandoffOrder(Payload):
    """A handoff that is to begin: the input of its workflow, as far as it is new.

    Attributes:
        identity: What the inquiry has verified: the handoff carries it on, with its end.
        identity_proofs: The clauses of HOF-4.1 that the inquiry's journal proves.
        handled_by: Who has worked on the inquiry: nobody of them decides about the handoff.
    """

    case_id: str
    policy: HandoffPolicy
    opened_by: Actor
    received_at: AwareDatetime
    opening: HandoffOpening
    digest: str = ""
    identity: Identity | None = None
    identity_proofs: tuple[str, ...] = ()
    handled_by: tuple[str, ...] = ()


class OpenHandoff(Command):
    """Open a handoff from an inquiry (HOF-2)."""

    step: ClassVar[str] = "open_handoff"
    order: HandoffOrder


class HandoffReport(Payload):
    """What a handoff tells the inquiry that it was opened from."""

    handoff_id: str
    stage: str
    custody: str
    closed_as: str | None = None
