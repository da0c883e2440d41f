"""What people and services report of a handoff: one body for each Update."""

from typing import Annotated

from pydantic import Field

from api.schemas.handoffs import ReceivingPartyIn
from api.schemas.values import NO_NUL, Flag, Request, ShortTextIn, TextIn
from sop.handoff.couriers import CourierStatus
from sop.handoff.models import Answer
from sop.models import Slug


class ItemCheckIn(Request):
    """Whether one item is right (HOF-4.2.1)."""

    item: Slug = Field(description="The item's name.", examples=["contract"])
    correct: Flag = Field(description="It is the right one.")
    complete: Flag = Field(description="Nothing of it is missing.")


class ConfirmItemsIn(Request):
    """The check of the items, some or all of them (HOF-4.2.1)."""

    checks: Annotated[list[ItemCheckIn], Field(min_length=1, max_length=50)] = Field(
        description="One for each item; an item that does not hold is open again."
    )
    brief: TextIn | None = Field(
        None, description="The brief as well, where it is completed along with them (HOF-4.2.2)."
    )


class CompleteBriefIn(Request):
    """The representative's part of the brief (HOF-4.2.2)."""

    brief: TextIn = Field(
        description="What the receiving party must know; the rest is made from the case.",
        examples=["The customer needs an answer before the notice period ends."],
    )


class CustomerNoticeIn(Request):
    """How the customer learned of the handoff (HOF-4.2.3)."""

    said: ShortTextIn | None = Field(
        None, description="What was said. Left out: the policy's message is sent."
    )
    introduced: Flag = Field(description="The receiving party was introduced, by name.")


class TellCustomerIn(Request):
    """The customer is told (HOF-4.2.3)."""

    notice: CustomerNoticeIn = Field(description="How.")


class TransferIn(Request):
    """A transfer (HOF-4.2.4)."""

    channel: Annotated[str, Field(min_length=1, max_length=40, pattern=NO_NUL)] = Field(
        description="A channel that the policy approves. Another one is refused, and reported.",
        examples=["crm", "courier", "encrypted_email"],
    )
    carrier: Slug | None = Field(None, description="The courier.", examples=["dhl"])
    tracking_number: Annotated[str, Field(max_length=40, pattern=NO_NUL)] | None = Field(
        None, description="The courier's number.", examples=["00340434161094021501"]
    )
    notice: CustomerNoticeIn | None = Field(
        None, description="How the customer was told, where it is done along with it (HOF-4.2.3)."
    )


class ReportCourierIn(Request):
    """What the courier says."""

    status: CourierStatus = Field(description="How far it has come.")


class AnswerOfferIn(Request):
    """The receiving party's answer (HOF-4.2.5)."""

    answer: Answer = Field(description="All, part, or not.")
    missing: Annotated[list[Slug], Field(max_length=50)] = Field(
        [], description="What did not arrive; only with an acceptance in part."
    )
    reason: ShortTextIn | None = Field(
        None, description="Why it is refused, or what is wrong with the missing part."
    )


class ChangeReceiverIn(Request):
    """Another receiving party; the customer is told anew."""

    receiving: ReceivingPartyIn = Field(description="Who receives now.")
    reason: ShortTextIn = Field(description="Why.", examples=["The legal desk is closed."])
