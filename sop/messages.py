"""What people and services report about an inquiry: one frozen model per Update.

Each command carries its actor, taken from the credential by the gateway. `digest` is the
fingerprint of the request, so that the same id with another body is noticed.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from sop.identity import FormResult
from sop.models import (
    Actor,
    Channel,
    Classification,
    Customer,
    FollowUpOutcome,
    Payload,
    Principal,
    Reception,
    ShortText,
    Slug,
    Text,
    VerificationOutcome,
)
from sop.policy import CasePolicy


class Command(Payload):
    """A step reported by a person or service.

    Attributes:
        step: The step's name: the Update's name, the action in the table of access, and
            the last part of the route.
    """

    step: ClassVar[str]

    actor: Actor
    digest: str = ""


class RecordReception(Command):
    """Attest the reception (INQ-4.1)."""

    step: ClassVar[str] = "record_reception"
    reception: Reception


class Categorise(Command):
    """Set or correct category and priority (INQ-4.2). A correction needs a reason."""

    step: ClassVar[str] = "categorise"
    classification: Classification
    reason: ShortText | None = None


class RecordVerification(Command):
    """Record which forms were asked for, and only the outcome (INQ-4.3)."""

    step: ClassVar[str] = "record_verification"
    forms_asked: Annotated[tuple[Slug, ...], Field(min_length=1, max_length=10)]
    outcome: VerificationOutcome


class Respond(Command):
    """Record an answer as it was sent (INQ-4.4.1).

    Attributes:
        discloses_account: The answer tells something about the customer's account, so it
            stands behind the verification gate (INQ-4.3.2).
    """

    step: ClassVar[str] = "respond"
    text: Text
    discloses_account: bool = True


class Promise(Command):
    """Record the response time and contact told to the customer (INQ-4.4.3)."""

    step: ClassVar[str] = "promise"
    answer_by: AwareDatetime
    contact: ShortText


class CustomerReplied(Command):
    """The customer wrote, called or came again.

    Attributes:
        problem_persists: The customer reports the problem again: the case is unresolved.
    """

    step: ClassVar[str] = "customer_replied"
    text: Text
    problem_persists: bool = False


class WaitForCustomer(Command):
    """The customer owes an answer."""

    step: ClassVar[str] = "wait_for_customer"
    question: ShortText


class Resume(Command):
    """The case goes on although the customer has not answered."""

    step: ClassVar[str] = "resume"
    reason: ShortText


class Escalate(Command):
    """Escalate by hand, sooner than the matrix asks (INQ-4.4.4).

    Attributes:
        rung: A row of the matrix; `unresolved` states that the case is unresolved.
    """

    step: ClassVar[str] = "escalate"
    rung: Slug = "unresolved"
    reason: ShortText


class Assign(Command):
    """Assign or reassign the case to a representative."""

    step: ClassVar[str] = "assign"
    assignee: Principal
    reason: ShortText | None = None


class AddNote(Command):
    """Add a note to the journal (INQ-4.5.1)."""

    step: ClassVar[str] = "add_note"
    text: Text


class Resolve(Command):
    """Record the resolution (INQ-4.4, INQ-4.5.2).

    Attributes:
        resolution: What solved it, as told to the customer.
        responsible: The responsible employee; the actor where not given.
        customer_confirmed: The customer confirmed at once to be satisfied (INQ-4.4.2).
    """

    step: ClassVar[str] = "resolve"
    resolution: Text
    responsible: Principal | None = None
    customer_confirmed: bool = False


class RecordFollowUp(Command):
    """Record one contact after resolution (INQ-4.6)."""

    step: ClassVar[str] = "record_follow_up"
    outcome: FollowUpOutcome
    feedback: ShortText | None = None
    satisfaction: Annotated[int, Field(ge=1, le=5)] | None = None


class Withdraw(Command):
    """The customer, or the desk for them, withdraws the inquiry."""

    step: ClassVar[str] = "withdraw"
    reason: ShortText


class MarkDuplicate(Command):
    """The inquiry is handled under another case."""

    step: ClassVar[str] = "mark_duplicate"
    duplicate_of: Annotated[str, Field(pattern=r"^inquiry-[a-z0-9]{8,40}$")]
    reason: ShortText


class AdoptPolicy(Command):
    """Move an open case to another policy version; each moved deadline is journaled."""

    step: ClassVar[str] = "adopt_policy"
    policy: CasePolicy
    reason: ShortText


class Identify(Command):
    """An identity check, compared with the customer record where it arrived (HOF-4.1).

    Attributes:
        customer_id: With whose record it was compared; the case must be theirs.
        forms: Whether each form matched; empty when an attempt was no longer allowed.
        attempt: Which attempt it is in this case, counted where the check arrives.
        exhausted: The policy's attempts are used up: a supervisor decides.
        noticed: The representative noticed a discrepancy, such as a photo of somebody else.
        need_explained: The customer was greeted, and told why identity is checked (HOF-4.1.1).
        confidentiality_assured: The customer was assured of confidentiality (HOF-4.1.5).
    """

    step: ClassVar[str] = "identify"
    customer_id: str = ""
    forms: Annotated[tuple[FormResult, ...], Field(max_length=10)] = ()
    attempt: Annotated[int, Field(ge=1)] = 1
    exhausted: bool = False
    noticed: bool = False
    need_explained: bool = False
    confidentiality_assured: bool = False


class DecideDiscrepancy(Command):
    """A supervisor decides a discrepancy, never on their own case (HOF-3.2, HOF-4.1.4)."""

    step: ClassVar[str] = "decide_discrepancy"
    approve: bool
    reason: ShortText


class Refusal(Payload):
    """A step that was refused and is on record all the same: its attempt is an incident."""

    code: str
    message: str
    clause: str | None = None


class Receipt(Payload):
    """The answer to a command.

    Attributes:
        stage: Of the case; None in the answer to an acknowledgement.
        recorded: The CRM has it. False: it is safe in the workflow, and the CRM follows as
            soon as its database answers.
        verification: What an identity check found; never which part failed.
        refused: The step was refused, and that is on record; the gateway raises it.
        digest: Of the request that was accepted under this id.
        advice: What must be done besides.
    """

    case_id: str
    seq: int
    stage: str | None = None
    proved: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    next_deadline: AwareDatetime | None = None
    next_deadline_what: str | None = None
    recorded: bool = True
    digest: str = ""
    verification: VerificationOutcome | None = None
    refused: Refusal | None = None
    advice: str | None = None


class InquiryOpening(Payload):
    """What a caller says when an inquiry is opened."""

    customer: Customer
    channel: Channel
    subject: ShortText
    text: Text
    reception: Reception | None = None
    classification: Classification | None = None
    assignee: Principal | None = None


class Acknowledge(Command):
    """A person takes an escalation, at the level at which it stands."""

    step: ClassVar[str] = "acknowledge"
    level: Annotated[int, Field(ge=1)]


class EscalationReport(Payload):
    """What an escalation tells its case when something changed."""

    rung: str
    occasion: int
    level: int
    status: Literal["paging", "acknowledged", "ended"]
    role: str
    acknowledged_by: str | None = None
