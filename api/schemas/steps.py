"""What a person or service reports of a case: one body for each Update."""

from typing import Annotated, Generic, TypeVar

from pydantic import Field

from api.schemas.inquiries import ClassificationIn, ReceptionIn
from api.schemas.values import (
    Flag,
    InstantIn,
    LevelIn,
    Moment,
    Request,
    SatisfactionIn,
    ShortTextIn,
    TextIn,
    View,
)
from sop.handoff.models import HandoffStage
from sop.incident.models import IncidentStage
from sop.models import FollowUpOutcome, Principal, Slug, Stage, VerificationOutcome
from sop.privacy.models import PrivacyStage


class Reason(Request):
    """Why it is done."""

    reason: ShortTextIn = Field(description="Why.", examples=["The customer called again."])


class RecordReceptionIn(Request):
    """The reception (INQ-4.1)."""

    reception: ReceptionIn = Field(description="What the representative attests.")


class CategoriseIn(Request):
    """Category and priority, set or corrected (INQ-4.2)."""

    classification: ClassificationIn = Field(description="Category and priority.")
    reason: ShortTextIn | None = Field(None, description="Why; a correction needs it.")


class RecordVerificationIn(Request):
    """The identity check (INQ-4.3): what was asked for, and only the outcome."""

    forms_asked: Annotated[list[Slug], Field(min_length=1, max_length=10)] = Field(
        description="The forms that were asked for.", examples=[["passport", "account_number"]]
    )
    outcome: VerificationOutcome = Field(description="What was found; never which part failed.")


class RespondIn(Request):
    """An answer to the customer (INQ-4.4.1)."""

    text: TextIn = Field(description="The answer as it was sent or said.")
    discloses_account: Flag = Field(
        default=True, description="Tells something of the account, so it needs the verification."
    )


class PromiseIn(Request):
    """A response time told to the customer (INQ-4.4.3)."""

    answer_by: InstantIn = Field(
        description="Until when the answer comes.", examples=["2026-11-24T12:00:00Z"]
    )
    contact: ShortTextIn = Field(
        description="Whom the customer can reach until then.", examples=["Ana, service desk"]
    )


class CustomerRepliedIn(Request):
    """What the customer wrote or said."""

    text: TextIn = Field(description="The customer's words.")
    problem_persists: Flag = Field(
        default=False, description="The customer reports the problem again: the case is unresolved."
    )


class WaitForCustomerIn(Request):
    """What the customer was asked."""

    question: ShortTextIn = Field(
        description="The question.", examples=["Which of the two amounts is yours?"]
    )


class EscalateIn(Request):
    """An escalation by hand, sooner than the matrix asks (INQ-4.4.4)."""

    rung: Slug = Field("unresolved", description="The row of the matrix.", examples=["technical"])
    reason: ShortTextIn = Field(description="Why.")


class AssignIn(Request):
    """Who works on the case."""

    assignee: Principal = Field(description="The representative.", examples=["ana"])
    reason: ShortTextIn | None = Field(None, description="Why.")


class AddNoteIn(Request):
    """A note for the journal (INQ-4.5.1)."""

    text: TextIn = Field(description="The note.")


class ResolveIn(Request):
    """The resolution (INQ-4.4, INQ-4.5.2)."""

    resolution: TextIn = Field(description="What solved it, as told to the customer.")
    responsible: Principal | None = Field(
        None, description="The responsible employee; else the assignee, else the caller."
    )
    customer_confirmed: Flag = Field(
        default=False, description="The customer confirmed at once to be satisfied (INQ-4.4.2)."
    )


class RecordFollowUpIn(Request):
    """One contact after resolution (INQ-4.6)."""

    outcome: FollowUpOutcome = Field(description="What was found.")
    feedback: ShortTextIn | None = Field(None, description="What the customer said.")
    satisfaction: SatisfactionIn | None = Field(None, description="From 1 (poor) to 5 (very good).")


class MarkDuplicateIn(Request):
    """The case under which the inquiry is handled."""

    duplicate_of: Annotated[str, Field(pattern=r"^inquiry-[a-z0-9]{8,40}$")] = Field(
        description="The other case's id.", examples=["inquiry-5f0c2a9b71d3e84c"]
    )
    reason: ShortTextIn = Field(description="Why.")


class DecideDiscrepancyIn(Request):
    """A supervisor's decision about the customer's identity (HOF-4.1.4)."""

    approve: Flag = Field(description="True: go on; false: the customer is not verified.")
    reason: ShortTextIn = Field(description="Why.", examples=["Known in person for ten years."])


class AcknowledgeIn(Request):
    """A person takes an escalation."""

    level: LevelIn = Field(description="The level at which it stands, as the page says.")


S = TypeVar("S")


class StepReceipt(View, Generic[S]):
    """What a step did in a case of any kind; `S` are its stages."""

    case_id: str = Field(description="The case's id.")
    recorded: bool = Field(
        description="The CRM has it. False: it is safe in the workflow, and the CRM follows."
    )
    seq: int = Field(description="The number of the journal's last entry.")
    stage: S | None = Field(
        description="Where the case stands now; null: after an acknowledgement."
    )
    proved: list[str] = Field(description="The clauses that the step proved.")
    missing: list[str] = Field(description="The clauses still to be proved before closing.")
    next_deadline: Moment | None = Field(description="When the case acts by itself next.")
    next_deadline_what: str | None = Field(description="What it does then.")


class Receipt(StepReceipt[Stage]):
    """What a step did."""


class HandoffReceipt(StepReceipt[HandoffStage]):
    """What a step did in a handoff."""


class PrivacyReceipt(StepReceipt[PrivacyStage]):
    """What a step did in a privacy request."""


class IncidentReceipt(StepReceipt[IncidentStage]):
    """What a step did in an incident."""
