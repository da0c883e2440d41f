"""Everything an incident knows: its workflow's state, carried whole by continue-as-new."""

from pydantic import AwareDatetime

from sop.incident.messages import IncidentOrder
from sop.incident.models import CorrectiveAction
from sop.models import Actor, Payload
from sop.policy import IncidentPolicy
from sop.state import CaseState


class IncidentState(CaseState):
    """The facts of one incident. Stage, holder and what is missing are derived from them.

    Attributes:
        concerns: The inquiry or handoff in which the breach happened, where there is one.
        known_at: When somebody of the company knew; the regulator's clock counts from it.
        regulator_warnings: How many of the policy's warnings have passed.
        regulator_overdue_at: When the clock noticed that the regulator was not told in time.
        regulator_decision: Why the regulator need not be told, where that was decided.
    """

    concerns: str | None = None
    clause: str
    subject: str
    text: str
    known_at: AwareDatetime
    regulator_due_at: AwareDatetime
    regulator_warnings: int = 0
    regulator_overdue_at: AwareDatetime | None = None
    regulator_informed_at: AwareDatetime | None = None
    regulator_reference: str | None = None
    regulator_decision: str | None = None
    actions: tuple[CorrectiveAction, ...] = ()
    closed_by: str | None = None
    outcome: str | None = None
    digest: str = ""


class IncidentStart(Payload):
    """The input of an incident's workflow.

    Attributes:
        order: What it begins with; None when it was continued as new.
        state: The whole incident, when it was continued as new.
    """

    case_id: str
    policy: IncidentPolicy
    opened_by: Actor
    order: IncidentOrder | None = None
    state: IncidentState | None = None


class IncidentOutcome(Payload):
    """How an incident ended."""

    case_id: str
    closed_by: str
    entries: int
