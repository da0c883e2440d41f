"""The procedures' vocabulary: values that cross a boundary. No behaviour beyond validation."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Payload(BaseModel):
    """A value in a workflow history or message.

    Frozen. Unknown fields are ignored, and every field added later has a default, because
    histories live for months and an older or newer process must still read them.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")


Principal = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9._@-]*$")]
"""Who acts: the id of a credential's owner; never a person's name."""

Slug = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
"""An identifier that the policy defines: a category, a rung, a calendar."""

ShortText = Annotated[str, Field(min_length=1, max_length=500)]
Text = Annotated[str, Field(min_length=1, max_length=20_000)]


class Channel(StrEnum):
    """How the customer reached the desk (INQ-2)."""

    PHONE = "phone"
    EMAIL = "email"
    CHAT = "chat"
    IN_PERSON = "in_person"


class Priority(StrEnum):
    """How soon the inquiry needs an answer (INQ-4.2.2)."""

    URGENT = "urgent"
    STANDARD = "standard"
    LOW = "low"


class Role(StrEnum):
    """What a principal is to the procedures (INQ-3, HOF-3)."""

    CSR = "csr"
    TEAM_LEADER = "team_leader"
    SUBJECT_MATTER_EXPERT = "subject_matter_expert"
    QUALITY_MANAGER = "quality_manager"
    DUTY_MANAGER = "duty_manager"
    RECEIVING_PARTY = "receiving_party"
    SERVICE = "service"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    PRIVACY_OFFICER = "privacy_officer"
    SYSTEM = "system"


class Stage(StrEnum):
    """Where an inquiry stands; derived from the facts by `sop.stages.stage_of`."""

    RECEIVED = "received"
    CATEGORISED = "categorised"
    IN_PROGRESS = "in_progress"
    PROMISED = "promised"
    WAITING_FOR_CUSTOMER = "waiting_for_customer"
    FOLLOW_UP = "follow_up"
    CLOSED = "closed"


class ClosedAs(StrEnum):
    """How an inquiry ended."""

    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"
    DUPLICATE = "duplicate"


class VerificationOutcome(StrEnum):
    """What the identity check found (INQ-4.3.2); never which part failed."""

    VERIFIED = "verified"
    NOT_VERIFIED = "not_verified"
    NEEDS_SUPERVISOR = "needs_supervisor"


class FollowUpOutcome(StrEnum):
    """What the contact after resolution found (INQ-4.6.2)."""

    CONFIRMED = "confirmed"
    DISSATISFIED = "dissatisfied"
    NOT_REACHED = "not_reached"


class Actor(Payload):
    """Who did it: always from the credential, never from the body."""

    principal: Principal
    role: Role


CLOCK = Actor(principal="handrail", role=Role.SYSTEM)
"""The actor of everything that a deadline caused."""


class Customer(Payload):
    """The person who asks. `technical_terms` lifts the ban on jargon (INQ-5.2)."""

    customer_id: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
    name: Annotated[str, Field(max_length=200)] = ""
    email: Annotated[str, Field(max_length=320)] = ""
    phone: Annotated[str, Field(max_length=40)] = ""
    technical_terms: bool = False


class Reception(Payload):
    """What the representative attests of the reception (INQ-4.1, INQ-5.3).

    Attributes:
        greeting: The greeting as sent or spoken, with the speaker's and company's name (INQ-4.1.1).
        listened: The customer was heard out (INQ-4.1.2).
        key_points: The inquiry in the representative's words (INQ-4.1.3).
        key_points_confirmed: The customer confirmed them (INQ-4.1.3).
        courteous: The tone stayed courteous and patient (INQ-5.3).
    """

    greeting: ShortText
    listened: bool
    key_points: Text
    key_points_confirmed: bool
    courteous: bool


class Classification(Payload):
    """Category and priority (INQ-4.2), and the two facts that the ladder and the gate need.

    Attributes:
        category: One of the policy's categories.
        complex: Needs an expert whatever its category is (INQ-6.2).
        general_information: Touches no account; may be exempt from verification (INQ-4.3.2).
    """

    category: Slug
    priority: Priority
    complex: bool = False
    general_information: bool = False


class Entry(Payload):
    """One line of the case's journal: append-only, numbered by the stream's single writer.

    Attributes:
        seq: 1, 2, 3 … within the stream.
        entry_id: The cause, the same when a workflow task is done again: the update's id and a
            counter, or the clock's name. (seq, entry_id) tells a repetition from another entry.
        kind: `noun.verb` in the past tense, e.g. `inquiry.opened`, `rung.fired`.
        clauses: The clauses of which this entry is the proof.
        detail: What happened, as plain values; may hold customer text.
    """

    seq: int
    entry_id: str
    at: AwareDatetime
    actor: Actor
    kind: str
    clauses: tuple[str, ...] = ()
    detail: dict[str, str | int | float | bool | list[str] | None] = {}


class EscalationRecord(Payload):
    """One rung that fired, as the register holds it; (case_id, rung, occasion) is its key.

    The inquiry writes due, fired and cause; the escalation writes level, acknowledgement and end.
    A field that is None leaves the register's value as it is; an empty `acknowledged_by` says
    that nobody holds it any more.
    """

    case_id: str
    rung: str
    occasion: int = 1
    role: str | None = None
    clause: str | None = None
    cause: str | None = None
    due_at: AwareDatetime | None = None
    fired_at: AwareDatetime | None = None
    lateness: timedelta | None = None
    level: int | None = None
    pages: int | None = None
    acknowledged_by: str | None = None
    acknowledged_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    ended_because: str | None = None


class TaskKind(StrEnum):
    """Work that a person must do."""

    FOLLOW_UP_CALL = "follow_up_call"
    DISCREPANCY_DECISION = "discrepancy_decision"
    HANDOFF_ACKNOWLEDGEMENT = "handoff_acknowledgement"
    CORRECTIVE_ACTION = "corrective_action"


class TaskRecord(Payload):
    """A task for staff; `task_id` is its key. `done_at` None means open."""

    task_id: str
    case_id: str
    kind: TaskKind
    assignee: str | None = None
    attempt: int = 1
    opened_at: AwareDatetime
    due_at: AwareDatetime
    done_at: AwareDatetime | None = None
    outcome: str | None = None


class OutboxMessage(Payload):
    """A message or page that leaves the house; `message_id` is its key, so it is written once.

    Attributes:
        recipient: `customer:<id>`, `principal:<id>` or `role:<role>`; the adapter looks the
            address up.
        topic: `page`, `page.cancelled`, `warning`, `follow_up`, `promise`, `resolution`.
        body: Plain text. A page holds no personal data.
    """

    message_id: str
    case_id: str
    recipient: str
    topic: str
    body: str
    created_at: AwareDatetime


class Opening(Payload):
    """What the CRM is told once, when the case is opened."""

    customer: Customer
    subject: str
    text: str
    request_digest: str = ""


class CaseRecord(Payload):
    """The case's row in the CRM as it stands after journal entry `version`."""

    case_id: str
    kind: str = "inquiry"
    version: int
    customer_id: str
    channel: Channel
    stage: Stage
    category: str | None = None
    priority: Priority | None = None
    complex: bool = False
    assignee: str | None = None
    holder: str | None = None
    escalation_level: int = 0
    received_at: AwareDatetime
    received_local: str = ""
    opened_by: str = ""
    promise_due_at: AwareDatetime | None = None
    waiting_since: AwareDatetime | None = None
    next_deadline: AwareDatetime | None = None
    next_deadline_what: str | None = None
    verification: VerificationOutcome | None = None
    resolved_at: AwareDatetime | None = None
    resolution: str | None = None
    responsible: str | None = None
    follow_up_outcome: FollowUpOutcome | None = None
    feedback: str | None = None
    satisfaction: int | None = None
    closed_at: AwareDatetime | None = None
    closed_as: ClosedAs | None = None
    duplicate_of: str | None = None
    policy_version: str = ""


class Deadline(Payload):
    """The next moment at which the case acts by itself."""

    at: AwareDatetime
    what: str
    """For a person: `complaint to the quality manager`, `follow-up call due`."""
