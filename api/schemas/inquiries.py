"""Opening an inquiry, and what is shown of one."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from api.schemas.values import NO_NUL, Flag, InstantIn, Moment, Request, ShortTextIn, TextIn, View
from sop.handoff.models import HandoffClosedAs, HandoffStage
from sop.models import (
    Channel,
    ClosedAs,
    FollowUpOutcome,
    Principal,
    Priority,
    Role,
    Slug,
    Stage,
    VerificationOutcome,
)

Cursor = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[A-Za-z0-9_-]+$")]
Detail = str | int | float | bool | list[str] | None


class CustomerIn(Request):
    """The customer who asks."""

    customer_id: Annotated[
        str,
        Field(
            description="The customer's id in your systems.",
            min_length=1,
            max_length=64,
            pattern=r"^[A-Za-z0-9._-]+$",
            examples=["C-1042"],
        ),
    ]
    name: Annotated[str, Field(description="The name.", max_length=200, pattern=NO_NUL)] = ""
    email: Annotated[str, Field(description="The address.", max_length=320, pattern=NO_NUL)] = ""
    phone: Annotated[str, Field(description="The number.", max_length=40, pattern=NO_NUL)] = ""
    technical_terms: Flag = Field(default=False, description="Knows technical terms (INQ-5.2).")


class ReceptionIn(Request):
    """What the representative attests of the reception (INQ-4.1, INQ-5.3)."""

    greeting: ShortTextIn = Field(
        description="The greeting as sent or spoken, with name and company (INQ-4.1.1).",
        examples=["Good morning, this is Ana of Example Company."],
    )
    listened: Flag = Field(description="The customer was heard out (INQ-4.1.2).")
    key_points: TextIn = Field(
        description="The inquiry in the representative's words (INQ-4.1.3).",
        examples=["The card was charged twice on 20 November."],
    )
    key_points_confirmed: Flag = Field(description="The customer confirmed them (INQ-4.1.3).")
    courteous: Flag = Field(description="The tone stayed courteous and patient (INQ-5.3).")


class ClassificationIn(Request):
    """Category and priority (INQ-4.2)."""

    category: Slug = Field(description="A category of the policy.", examples=["billing"])
    priority: Priority = Field(description="How soon it needs an answer.")
    complex: Flag = Field(
        default=False, description="Needs an expert, whatever its category (INQ-6.2)."
    )
    general_information: Flag = Field(
        default=False, description="Touches no account; may need no verification (INQ-4.3.2)."
    )


class InquiryIn(Request):
    """A new inquiry. Reception and classification may follow later."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer": {"customer_id": "C-1042", "email": "customer@example.com"},
                    "channel": "email",
                    "subject": "Charged twice",
                    "text": "My card was charged twice on 20 November.",
                    "classification": {"category": "billing", "priority": "standard"},
                }
            ]
        }
    )

    customer: CustomerIn = Field(description="Who asks.")
    channel: Channel = Field(description="How the customer reached the desk (INQ-2).")
    subject: ShortTextIn = Field(description="The inquiry in a line.", examples=["Charged twice"])
    text: TextIn = Field(description="The inquiry in the customer's words.")
    reception: ReceptionIn | None = Field(None, description="The reception, where it is over.")
    classification: ClassificationIn | None = Field(
        None, description="Category and priority, where they are known."
    )
    assignee: Principal | None = Field(None, description="Who works on it.", examples=["ana"])


class Links(View):
    """Where to go from here."""

    self: str = Field(description="The case.", examples=["/v1/inquiries/inquiry-5f0c2a9b71d3e84c"])
    timeline: str = Field(description="Everything that happened in it.")
    escalations: str = Field(description="Its escalations.")
    certificate: str = Field(description="What proves each clause, and what is missing.")
    explanation: str = Field(description="The case in plain language.")
    temporal: str = Field(description="The case in the Temporal UI.")


class Opened(View):
    """A case that was opened, by this request or by an earlier one with the same key."""

    case_id: str = Field(description="The case's id.", examples=["inquiry-5f0c2a9b71d3e84c"])
    created: bool = Field(description="False: an earlier request with this key opened it.")
    links: Links = Field(description="Where to go from here.")


class InquirySummary(View):
    """A case as a list shows it."""

    resource = "inquiry"

    recorded: Literal[True] = Field(default=True, description="The CRM has the case.")
    case_id: str = Field(description="The case's id.")
    version: int = Field(description="The number of the last journal entry that is shown here.")
    customer_id: str = Field(description="The customer's id.")
    subject: str | None = Field(description="The inquiry in a line; null: not for your role.")
    channel: Channel = Field(description="How the customer reached the desk.")
    stage: Stage = Field(description="Where the case stands.")
    category: str | None = Field(description="The category, once it has one.")
    priority: Priority | None = Field(description="The priority, once it has one.")
    complex: bool = Field(description="Needs an expert, whatever its category.")
    assignee: str | None = Field(description="Who works on it.")
    holder: str | None = Field(description="Who has it now: who took the highest escalation.")
    escalation_level: int = Field(description="The highest level that is escalated to; 0: none.")
    received_at: Moment = Field(description="When it was received.")
    opened_by: str = Field(description="Who opened it.")
    promise_due_at: Moment | None = Field(description="The response time told to the customer.")
    waiting_since: Moment | None = Field(description="Since when the customer owes an answer.")
    next_deadline: Moment | None = Field(description="When the case acts by itself next.")
    next_deadline_what: str | None = Field(description="What it does then.")
    verification: VerificationOutcome | None = Field(description="What the identity check found.")
    resolved_at: Moment | None = Field(description="When it was resolved.")
    resolution: str | None = Field(description="What solved it; null: not for your role.")
    responsible: str | None = Field(description="The responsible employee.")
    follow_up_outcome: FollowUpOutcome | None = Field(description="What the follow-up found.")
    feedback: str | None = Field(
        description="What the customer said of it; null: not for your role."
    )
    satisfaction: int | None = Field(description="From 1 to 5; null: not for your role.")
    closed_at: Moment | None = Field(description="When it was closed.")
    closed_as: ClosedAs | None = Field(description="How it ended.")
    duplicate_of: str | None = Field(description="The case under which it is handled.")
    policy_version: str = Field(description="The policy version that the case is pinned to.")
    opened_at: Moment = Field(description="When its workflow began.")
    updated_at: Moment = Field(description="When the workflow wrote what is shown here.")
    links: Links = Field(description="Where to go from here.")


class CustomerView(View):
    """The customer who asks."""

    customer_id: str = Field(description="The customer's id.")
    name: str = Field(description="The name.")
    email: str = Field(description="The address.")
    phone: str = Field(description="The number.")
    technical_terms: bool = Field(description="Knows technical terms.")


class HandoffOfInquiry(View):
    """A handoff that was opened from the inquiry, as the CRM has it."""

    resource = "handoff_of_inquiry"

    case_id: str = Field(description="The handoff's id.")
    subject: str | None = Field(
        description="What is handed over, in a line; null: not for your role."
    )
    stage: HandoffStage = Field(description="Where the handoff stands.")
    receiving_party: str = Field(description="Who receives: a principal.")
    custody: str = Field(description="Whose it is.")
    received_at: Moment = Field(description="When it was received.")
    closed_at: Moment | None = Field(description="When it was closed.")
    closed_as: HandoffClosedAs | None = Field(description="How it ended.")
    page: str = Field(description="The handoff.", examples=["/v1/handoffs/handoff-5f0c2a9b71d3"])


class InquiryDetail(InquirySummary):
    """A case, whole."""

    text: str | None = Field(
        description="The inquiry in the customer's words; null: not for your role."
    )
    customer: CustomerView | None = Field(description="Who asks; null: not for your role.")
    handoffs: list[HandoffOfInquiry] = Field(description="The handoffs from it, the oldest first.")


class UnrecordedInquiry(View):
    """A case that is safe in its workflow, while the CRM does not have it yet."""

    recorded: Literal[False] = Field(
        default=False, description="The CRM will have the case shortly."
    )
    case_id: str = Field(description="The case's id.")
    links: Links = Field(description="Where to go from here.")


class ListQuery(Request):
    """Which cases a list shows."""

    stage: Stage | None = Field(None, description="Only this stage.")
    category: Slug | None = Field(None, description="Only this category.")
    priority: Priority | None = Field(None, description="Only this priority.")
    assignee: Principal | None = Field(None, description="Only what this person works on.")
    due_before: InstantIn | None = Field(
        None,
        description="Only cases whose next deadline is earlier. Write + in an offset as %2B.",
        examples=["2026-11-23T14:05:00Z"],
    )
    open: bool = Field(default=False, description="true: without the closed ones.")
    cursor: Cursor | None = Field(None, description="`next_cursor` of the page before.")
    limit: int = Field(50, ge=1, le=200, description="Cases on a page.")


class PageLinks(View):
    """Where to go from a page."""

    next: str | None = Field(description="The next page; null on the last one.")


class InquiryPage(View):
    """A page of cases: the next deadline first, those without one last."""

    cases: list[InquirySummary] = Field(description="The cases.")
    next_cursor: str | None = Field(description="Where the next page begins; null on the last.")
    links: PageLinks = Field(description="Where to go from here.")


class ActorView(View):
    """Who did it."""

    principal: str = Field(description="The API key's owner, or `handrail` for a deadline.")
    role: Role = Field(description="As what.")


class TimelineEntryView(View):
    """One line of the case's journal."""

    resource = "timeline_entry"

    stream: str = Field(description="The workflow that wrote it.")
    seq: int = Field(description="Its number there.")
    at: Moment = Field(description="When it happened.")
    actor: ActorView = Field(description="Who did it.")
    kind: str = Field(description="What happened.", examples=["inquiry.opened"])
    clauses: list[str] = Field(description="The clauses that it proves.")
    detail: dict[str, Detail] | None = Field(
        description="The particulars; null: not for your role."
    )


class Timeline(View):
    """Everything that happened in a case, its escalations included, in order."""

    entries: list[TimelineEntryView] = Field(description="The entries.")


class EscalationView(View):
    """One rung of the matrix that fired."""

    rung: str = Field(description="The row of the matrix.", examples=["complaint"])
    occasion: int = Field(description="Which time it fired.")
    role: str | None = Field(description="Whom it pages now.")
    clause: str | None = Field(description="The clause that asks for it.")
    cause: str | None = Field(description="Why it fired.")
    due_at: Moment | None = Field(description="When it was due.")
    fired_at: Moment | None = Field(description="When it fired.")
    lateness_s: float | None = Field(description="How many seconds after it was due.")
    level: int | None = Field(description="The level at which it stands: acknowledge this one.")
    pages: int | None = Field(description="How many pages went out.")
    acknowledged_by: str | None = Field(description="Who has taken it.")
    acknowledged_at: Moment | None = Field(description="When.")
    ended_at: Moment | None = Field(description="When it ended.")
    ended_because: str | None = Field(description="Why.")


class Escalations(View):
    """The escalations of a case."""

    escalations: list[EscalationView] = Field(description="The escalations, the oldest first.")
