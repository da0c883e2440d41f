"""Everything a duty knows: its workflow's state, carried whole by continue-as-new."""

from pydantic import AwareDatetime

from sop.duty.models import DutyOrder, DutyOutcome
from sop.models import Payload
from sop.policy import DutyPolicy
from sop.state import CaseState


class DutyState(CaseState):
    """The facts of one duty. Stage, holder and what is missing are derived from them.

    Attributes:
        overdue_at: When the clock noticed that nobody had done it in time.
        look_at: When the training is looked up next; only a reminder does.
        looking: It is to be looked up now.
    """

    order: DutyOrder
    overdue_at: AwareDatetime | None = None
    look_at: AwareDatetime | None = None
    looking: bool = False
    outcome: DutyOutcome | None = None
    findings: str | None = None
    done_by: str | None = None


class DutyStart(Payload):
    """The input of a duty's workflow.

    Attributes:
        order: What it begins with; None when it was continued as new.
        state: The whole duty, when it was continued as new.
    """

    case_id: str
    policy: DutyPolicy
    order: DutyOrder | None = None
    state: DutyState | None = None


class DutyEnd(Payload):
    """How a duty ended; without an outcome, an operator cancelled it."""

    case_id: str
    outcome: DutyOutcome | None
    entries: int
