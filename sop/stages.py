"""Where an inquiry stands, and which steps between stages are legal."""

from sop.models import Stage
from sop.policy import CasePolicy
from sop.state import InquiryState

_ANY = frozenset(Stage)

TRANSITIONS: dict[Stage, frozenset[Stage]] = {
    Stage.RECEIVED: _ANY,
    Stage.CATEGORISED: _ANY - {Stage.RECEIVED},
    Stage.IN_PROGRESS: _ANY - {Stage.RECEIVED},
    Stage.PROMISED: _ANY,
    Stage.WAITING_FOR_CUSTOMER: _ANY,
    Stage.FOLLOW_UP: _ANY - {Stage.PROMISED, Stage.WAITING_FOR_CUSTOMER},
    Stage.CLOSED: frozenset({Stage.CLOSED}),
}
"""From a stage to the stages to which one step may lead, or one deadline. An inquiry that is not
verified is not resolved, unless a supervisor has approved it: the resolution then verifies it. A
resolution ends the promise and the wait, so what is reopened has neither. Nothing leaves CLOSED."""


def cleared(policy: CasePolicy, state: InquiryState) -> bool:
    """Return whether the verification gate is open (INQ-4.3.2)."""
    return exempt(policy, state) or state.verification == "verified"


def exempt(policy: CasePolicy, state: InquiryState) -> bool:
    """Return whether the inquiry is general information, which touches no account."""
    return state.general_information and policy.verification.general_information_exempt


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
