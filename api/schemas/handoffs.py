"""Opening a handoff, and what is shown of one."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from api.schemas.inquiries import Cursor, CustomerView, Links, PageLinks
from api.schemas.values import NO_NUL, Flag, InstantIn, Moment, Request, ShortTextIn, TextIn, View
from sop.handoff.models import Answer, HandoffClosedAs, HandoffStage
from sop.identity import Form, IdentityLevel
from sop.models import Principal, Role, Slug, VerificationOutcome
from sop.registers import ReportKind

CustomerIdIn = Annotated[
    str,
    Field(
        description="The customer's id in your systems.",
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9._-]+$",
        examples=["C-1042"],
    ),
]
InquiryIdIn = Annotated[str, Field(pattern=r"^inquiry-[a-z0-9]{8,40}$")]


class HandedOverCustomerIn(Request):
    """The customer whom the handoff is about."""

    customer_id: CustomerIdIn
    name: Annotated[str, Field(description="The name.", max_length=200, pattern=NO_NUL)] = ""
    technical_terms: Flag = Field(default=False, description="Knows technical terms (INQ-5.2).")


class ItemIn(Request):
    """Something that is handed over: an information, a document, a product, an open action."""

    item: Slug = Field(description="Its name within the handoff.", examples=["contract"])
    description: ShortTextIn = Field(description="What it is.", examples=["The signed contract."])


class ReceivingPartyIn(Request):
    """Who receives. Name and contact are what the customer is told (HOF-4.2.3, HOF-4.3.1)."""

    party: Principal = Field(
        description="The principal of the party's API key.", examples=["legal-desk"]
    )
    name: ShortTextIn = Field(description="The name.", examples=["The legal desk"])
    contact: ShortTextIn = Field(
        description="Whom the customer can ask.", examples=["legal@example.com"]
    )


class HandoffIn(Request):
    """A new handoff, alone or from an inquiry (HOF-2)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer": {"customer_id": "C-1042"},
                    "subject": "A contract to be checked",
                    "text": "Please check whether I can end my contract.",
                    "items": [{"item": "contract", "description": "The signed contract."}],
                    "receiving": {
                        "party": "legal-desk",
                        "name": "The legal desk",
                        "contact": "legal@example.com",
                    },
                }
            ]
        }
    )

    customer: HandedOverCustomerIn = Field(description="Whom it is about.")
    subject: ShortTextIn = Field(
        description="What is handed over, in a line.", examples=["A contract to be checked"]
    )
    text: TextIn = Field(description="What the customer asked for.")
    items: Annotated[list[ItemIn], Field(min_length=1, max_length=50)] = Field(
        description="What is handed over, each item under a name of its own (HOF-4.2.1)."
    )
    receiving: ReceivingPartyIn = Field(description="Who receives.")
    assignee: Principal | None = Field(
        None, description="Who hands over; else the caller.", examples=["ana"]
    )
    inquiry_id: InquiryIdIn | None = Field(
        None,
        description="The inquiry that it is opened from.",
        examples=["inquiry-5f0c2a9b71d3e84c"],
    )
    inquiry_waits: Flag = Field(
        default=True, description="That inquiry does not close before the handoff has ended."
    )


class HandoffLinks(Links):
    """Where to go from a handoff."""

    brief: str = Field(description="The brief for the receiving party.")
    confirmations: str = Field(description="The written confirmations.")


class HandoffOpened(View):
    """A handoff that was opened, by this request or by an earlier one with the same key."""

    case_id: str = Field(description="The handoff's id.", examples=["handoff-5f0c2a9b71d3e84c"])
    created: bool = Field(description="False: an earlier request with this key opened it.")
    links: HandoffLinks = Field(description="Where to go from here.")


class ItemView(View):
    """Something that is handed over."""

    item: str = Field(description="Its name within the handoff.")
    description: str = Field(description="What it is.")


class HandoffSummary(View):
    """A handoff as a list shows it."""

    resource = "handoff"

    recorded: Literal[True] = Field(default=True, description="The CRM has the handoff.")
    case_id: str = Field(description="The handoff's id.")
    version: int = Field(description="The number of the last journal entry that is shown here.")
    customer_id: str = Field(description="The customer's id.")
    inquiry_id: str | None = Field(description="The inquiry that it was opened from.")
    subject: str | None = Field(
        description="What is handed over, in a line; null: not for your role."
    )
    stage: HandoffStage = Field(description="Where the handoff stands.")
    items: list[ItemView] | None = Field(
        description="What is handed over; null: not for your role."
    )
    confirmed_items: list[str] | None = Field(
        description="The items found correct and complete; null: not for your role."
    )
    missing_items: list[str] | None = Field(
        description="The items that did not arrive; null: not for your role."
    )
    assignee: str | None = Field(description="Who hands over; null: who opened it.")
    holder: str | None = Field(description="Who has it now: who took the highest escalation.")
    opened_by: str = Field(description="Who opened it.")
    receiving_party: str = Field(description="Who receives: a principal.")
    receiving_party_name: str | None = Field(
        description="What the customer knows that party as; null: not for your role."
    )
    receiving_party_contact: str | None = Field(
        description="Whom the customer can ask; null: not for your role."
    )
    verification: VerificationOutcome | None = Field(description="What the identity check found.")
    identity_level: IdentityLevel | None = Field(description="What the identity is worth.")
    identity_expires_at: Moment | None = Field(description="Until when it holds.")
    customer_told_at: Moment | None = Field(description="When the customer was told.")
    channel: str | None = Field(description="Over which channel it was transferred.")
    carrier: str | None = Field(description="The courier.")
    tracking_number: str | None = Field(description="The courier's number.")
    courier_status: str | None = Field(description="What the courier last said.")
    transferred_at: Moment | None = Field(description="When it was offered.")
    acknowledged_at: Moment | None = Field(description="When the receiving party answered.")
    acknowledged_by: str | None = Field(description="Who answered.")
    answer: Answer | None = Field(description="What the answer was.")
    custody: str = Field(description="Whose it is: always exactly one party's.")
    custody_since: Moment = Field(description="Since when.")
    escalation_level: int = Field(description="The highest level that is escalated to; 0: none.")
    received_at: Moment = Field(description="When it was received.")
    next_deadline: Moment | None = Field(description="When the handoff acts by itself next.")
    next_deadline_what: str | None = Field(description="What it does then.")
    closed_at: Moment | None = Field(description="When it was closed.")
    closed_as: HandoffClosedAs | None = Field(description="How it ended.")
    policy_version: str = Field(description="The policy version that it is pinned to.")
    opened_at: Moment = Field(description="When its workflow began.")
    updated_at: Moment = Field(description="When the workflow wrote what is shown here.")
    links: HandoffLinks = Field(description="Where to go from here.")


class HandoffDetail(HandoffSummary):
    """A handoff, whole."""

    text: str | None = Field(description="What the customer asked for; null: not for your role.")
    brief: str | None = Field(
        description="The representative's part of the brief; null: not for your role."
    )
    customer: CustomerView | None = Field(description="Whom it is about; null: not for your role.")


class UnrecordedHandoff(View):
    """A handoff that is safe in its workflow, while the CRM does not have it yet."""

    recorded: Literal[False] = Field(
        default=False, description="The CRM will have the handoff shortly."
    )
    case_id: str = Field(description="The handoff's id.")
    links: HandoffLinks = Field(description="Where to go from here.")


class HandoffQuery(Request):
    """Which handoffs a list shows."""

    stage: HandoffStage | None = Field(None, description="Only this stage.")
    receiving_party: Principal | None = Field(None, description="Only those to this party.")
    assignee: Principal | None = Field(None, description="Only what this person hands over.")
    inquiry_id: InquiryIdIn | None = Field(None, description="Only those from this inquiry.")
    customer_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")] | None = Field(
        None, description="Only this customer's."
    )
    due_before: InstantIn | None = Field(
        None,
        description="Only handoffs whose next deadline is earlier. Write + in an offset as %2B.",
        examples=["2026-11-23T14:05:00Z"],
    )
    open: bool = Field(default=False, description="true: without the closed ones.")
    cursor: Cursor | None = Field(None, description="`next_cursor` of the page before.")
    limit: int = Field(50, ge=1, le=200, description="Handoffs on a page.")


class HandoffPage(View):
    """A page of handoffs: the next deadline first, those without one last."""

    handoffs: list[HandoffSummary] = Field(description="The handoffs.")
    next_cursor: str | None = Field(description="Where the next page begins; null on the last.")
    links: PageLinks = Field(description="Where to go from here.")


class ConfirmationView(View):
    """The confirmation of one transfer (HOF-4.2.6): date, time, parties, specifics, custody."""

    resource = "confirmation"

    confirmation_id: str = Field(description="The handoff's id and the number of the transfer.")
    case_id: str = Field(description="The handoff's id.")
    customer_id: str = Field(description="The customer's id.")
    outcome: str = Field(
        description="`accepted`, `accepted_in_part`, `refused` or `unacknowledged`."
    )
    sender: str = Field(description="Who handed over.")
    receiving_party: str = Field(description="Who received.")
    receiving_party_name: str | None = Field(
        description="What the customer knows that party as; null: not for your role."
    )
    channel: str = Field(description="Over which channel.")
    carrier: str | None = Field(description="The courier.")
    tracking_number: str | None = Field(description="The courier's number.")
    items: list[str] | None = Field(description="What was transferred; null: not for your role.")
    missing: list[str] | None = Field(description="What did not arrive; null: not for your role.")
    identity_level: IdentityLevel | None = Field(description="What the identity was worth.")
    transferred_at: Moment = Field(description="When it was transferred.")
    sender_custody_from: Moment = Field(description="Since when the sender had custody.")
    sender_custody_until: Moment | None = Field(description="Until when; null: it kept it.")
    custody_from: Moment | None = Field(description="Since when the receiving party has custody.")
    acknowledged_by: str | None = Field(description="Who answered.")
    acknowledged_at: Moment | None = Field(description="When.")
    reason: str | None = Field(
        description="What the receiving party gave as its reason; null: not for your role."
    )
    confirmed_at: Moment = Field(description="When this was written.")
    policy_version: str = Field(description="The policy version that applied.")


class Confirmations(View):
    """The confirmations of a handoff, one for each transfer that ended."""

    confirmations: list[ConfirmationView] = Field(description="The oldest first.")


class FormResultView(View):
    """One form of identification."""

    resource = "form_result"

    form: Form = Field(description="The form.")
    matched: bool | None = Field(
        description="It matched the customer's record, for auditors only; null: not for your role."
    )


class VerificationView(View):
    """A line of the customer verification log (HOF-7.1)."""

    verification_id: str = Field(description="Its key.")
    case_id: str = Field(description="The case's id.")
    customer_id: str = Field(description="The customer's id.")
    at: Moment = Field(description="When.")
    representative: str = Field(description="Who checked or decided.")
    role: Role = Field(description="As what.")
    attempt: int = Field(description="Which attempt of the case.")
    forms: list[FormResultView] = Field(description="The forms that were asked for.")
    outcome: VerificationOutcome = Field(description="How it ended.")
    reason: str = Field(description="Why, as a code.", examples=["matched"])
    level: IdentityLevel | None = Field(description="What the identity is worth.")
    expires_at: Moment | None = Field(description="Until when it holds.")
    decided_by: str | None = Field(description="The supervisor who approved.")
    policy_version: str = Field(description="The policy version that applied.")


class Verifications(View):
    """The verification log of a case."""

    verifications: list[VerificationView] = Field(description="The oldest first.")


class ReportView(View):
    """An exception or incident report (HOF-7.3)."""

    report_id: str = Field(description="Its key.")
    case_id: str = Field(description="The case's id.")
    kind: ReportKind = Field(description="What it is about.")
    clause: str = Field(description="The clause that was not kept, or that was overridden.")
    at: Moment = Field(description="When.")
    reported_by: str = Field(description="Who did it, or decided.")
    manager: Role = Field(description="Who is responsible for it.")
    text: str = Field(description="What happened, in codes and roles.")
    reason: str | None = Field(description="What was given as the reason.")
    policy_version: str = Field(description="The policy version that applied.")


class Reports(View):
    """The exception and incident reports of a case."""

    reports: list[ReportView] = Field(description="The oldest first.")
