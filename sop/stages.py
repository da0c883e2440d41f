"""Where an inquiry stands, and which steps between stages are legal."""

from sop.models import Stage
from sop.policy import CasePolicy
from sop.state import InquiryState

_OPEN = frozenset(Stage) - {Stage.CLOSED}
_WORKING = frozenset(
    {Stage.CATEGORISED, Stage.IN_PROGRESS, Stage.PROMISED, Stage.WAITING_FOR_CUSTOMER}
)

TRANSITIONS: dict[Stage, frozenset[Stage]] = {
    Stage.RECEIVED: _OPEN | {Stage.CLOSED},
    Stage.CATEGORISED: _OPEN - {Stage.RECEIVED} | {Stage.CLOSED},
    Stage.IN_PROGRESS: _OPEN - {Stage.RECEIVED} | {Stage.CLOSED},
    Stage.PROMISED: _OPEN | {Stage.CLOSED},
    Stage.WAITING_FOR_CUSTOMER: _OPEN | {Stage.CLOSED},
    Stage.FOLLOW_UP: _WORKING | {Stage.FOLLOW_UP, Stage.RECEIVED, Stage.CLOSED},
    Stage.CLOSED: frozenset({Stage.CLOSED}),
}
"""From a stage to the stages that one step may lead to. Nothing leaves CLOSED."""


def cleared(policy: CasePolicy, state: InquiryState) -> bool:
    """Return whether the verification gate is open (INQ-4.3.2)."""
    exempt = state.general_information and policy.verification.general_information_exempt
    return exempt or state.verification == "verified"


def stage_of(policy: CasePolicy, state: InquiryState) -> Stage:
    """Return the stage that follows from the facts."""
    ordered = (
        (state.closed_as is not None, Stage.CLOSED),
        (state.resolved_at is not None, Stage.FOLLOW_UP),
        (state.waiting_since is not None, Stage.WAITING_FOR_CUSTOMER),
        (state.promise is not None, Stage.PROMISED),
        (state.category is not None and cleared(policy, state), Stage.IN_PROGRESS),
        (state.category is not None, Stage.CATEGORISED),
    )
    return next((stage for holds, stage in ordered if holds), Stage.RECEIVED)
