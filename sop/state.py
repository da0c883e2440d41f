"""Everything an inquiry knows: the workflow's state, carried whole by continue-as-new."""

from pydantic import AwareDatetime

from sop.calendar import Pause
from sop.handoff.messages import HandoffOrder
from sop.identity import Identification
from sop.messages import InquiryOpening, Receipt
from sop.models import (
    Actor,
    Channel,
    ClosedAs,
    Customer,
    FollowUpOutcome,
    Payload,
    Priority,
    VerificationOutcome,
)
from sop.outgoing import Outgoing
from sop.policy import CasePolicy, Starts
from sop.registers import IncidentReport


class RungState(Payload):
    """One rung of this case, from the fact that started it.

    Attributes:
        occasion: How often the rung has been taken up for a new reason, from 1.
        starts: Which fact that is, whatever a later policy says of the rung.
        base_at: The fact from which the procedure counts.
        armed_at: When the case learned that the rung applies; it cannot be late before.
        due_at: None while a pause keeps it from being known.
        fired_at: When it fired. A fired rung stays as it is, whatever is corrected later.
        met_at: It need not fire: the case was resolved before, or it no longer applies. It waits
            anew when the case is reopened, or when it applies again.
        status: None until its escalation runs; then what it last reported: paging,
            acknowledged or ended.
        stand_down: The case no longer needs the escalation; it is to be told so.
    """

    rung: str
    occasion: int = 1
    starts: Starts = Starts.RECEIPT
    base_at: AwareDatetime
    armed_at: AwareDatetime
    due_at: AwareDatetime | None = None
    warn_at: AwareDatetime | None = None
    warned_at: AwareDatetime | None = None
    fired_at: AwareDatetime | None = None
    met_at: AwareDatetime | None = None
    cause: str = ""
    level: int = 0
    role: str | None = None
    status: str | None = None
    stand_down: bool = False
    acknowledged_by: str | None = None

    @property
    def key(self) -> str:
        """Its name within the case, e.g. `unresolved-2`."""
        return f"{self.rung}-{self.occasion}"

    @property
    def armed(self) -> bool:
        """It has neither fired nor been met."""
        return self.fired_at is None and self.met_at is None

    @property
    def live(self) -> bool:
        """Its escalation is going on, and the case needs it."""
        return self.fired_at is not None and self.status != "ended" and not self.stand_down


class CaseState(Payload):
    """What every case knows, whichever procedure it follows.

    Attributes:
        opened_by: Who opened it; with the others in `handled_by`, nobody who decides about it.
        handled_by: Who has done a step in it: nobody approves their own case (HOF-3.2).
        unfiled: Reports that the incident management system does not have yet.
        pauses, reopened_at: What moves a rung's time; only an inquiry has them.
    """

    case_id: str
    received_at: AwareDatetime
    opened_by: str
    handled_by: tuple[str, ...] = ()
    assignee: str | None = None
    rungs: tuple[RungState, ...] = ()
    pauses: tuple[Pause, ...] = ()
    reopened_at: AwareDatetime | None = None
    unfiled: tuple[IncidentReport, ...] = ()
    closed_at: AwareDatetime | None = None
    proofs: dict[str, int] = {}
    seq: int = 0
    seen: dict[str, Receipt] = {}
    pending: Outgoing = Outgoing()


class IdentifiedState(CaseState):
    """What a case with a customer knows besides."""

    customer: Customer
    identification: Identification = Identification()


class PromiseState(Payload):
    """A response time told to the customer, not yet kept or broken."""

    made_at: AwareDatetime
    answer_by: AwareDatetime
    warn_at: AwareDatetime | None = None
    warned_at: AwareDatetime | None = None


class HandoffNote(Payload):
    """A handoff that was opened from the inquiry, as it last reported itself.

    Attributes:
        waits: The inquiry does not close before it has ended.
        stage: Of the handoff; `closed_as` once it has ended.
    """

    handoff_id: str
    waits: bool = True
    stage: str = "identifying"
    custody: str = ""
    closed_as: str | None = None


class FollowUpState(Payload):
    """The contact after a resolution, counted from `since`. `opened_at`: its task is open."""

    attempt: int
    since: AwareDatetime
    due_at: AwareDatetime
    opened_at: AwareDatetime | None = None
    task_id: str


class InquiryState(IdentifiedState):
    """The facts of one inquiry. Stage, holder and what is missing are derived from them."""

    channel: Channel

    category: str | None = None
    priority: Priority | None = None
    complex: bool = False
    general_information: bool = False

    verification: VerificationOutcome | None = None
    handoffs: tuple[HandoffNote, ...] = ()
    handoffs_to_start: tuple[HandoffOrder, ...] = ()

    responded_at: AwareDatetime | None = None
    promise: PromiseState | None = None
    promises: int = 0
    waiting_since: AwareDatetime | None = None

    unresolved_facts: int = 0

    resolutions: int = 0
    resolved_at: AwareDatetime | None = None
    resolution: str | None = None
    responsible: str | None = None
    follow_up: FollowUpState | None = None
    follow_up_outcome: FollowUpOutcome | None = None
    follow_up_done_at: AwareDatetime | None = None
    feedback: str | None = None
    satisfaction: int | None = None

    closed_as: ClosedAs | None = None
    duplicate_of: str | None = None


class InquiryStart(Payload):
    """The input of an inquiry's workflow.

    Attributes:
        opening: What the caller said; None when the case was continued as new.
        received_at: When the API took the request; the server's start time where that is earlier.
        policy: The policy in force when the case began; it stays pinned.
        digest: Fingerprint of the request.
        state: The whole case, when it was continued as new.
    """

    case_id: str
    policy: CasePolicy
    opened_by: Actor
    received_at: AwareDatetime
    opening: InquiryOpening | None = None
    digest: str = ""
    state: InquiryState | None = None


class InquiryOutcome(Payload):
    """How an inquiry ended."""

    case_id: str
    closed_as: ClosedAs
    entries: int
