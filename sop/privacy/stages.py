"""Where a privacy request stands, which follows from its facts; what its end waits for."""

from sop.disposal import Because
from sop.privacy.models import PrivacyStage, RequestKind, Work
from sop.privacy.state import PrivacyState

CLAUSE = "HOF-5.1"


def held(state: PrivacyState) -> bool:
    """Return whether something of the person waits for the release of a hold."""
    return any(part.because is Because.HOLD for part in state.remaining)


def overdue(state: PrivacyState) -> bool:
    """Return whether something whose time has passed still waits to be done."""
    unanswered = state.overdue_at is not None and state.answered_at is None
    return unanswered or state.review_overdue_at is not None


def missing_for_closing(state: PrivacyState) -> tuple[str, ...]:
    """Return the clauses that still stand between this request and its end."""
    return () if state.closed_at is not None else (CLAUSE,)


def stage_of(state: PrivacyState) -> PrivacyStage:
    """Return the stage that follows from the facts."""
    if state.closed_at is not None:
        return PrivacyStage.CLOSED
    if state.work not in {None, Work.DELETE_EXPORT}:
        return PrivacyStage.EXECUTING
    if state.executed_at is not None:
        return PrivacyStage.PARTLY_EXECUTED if held(state) else PrivacyStage.EXECUTED
    if state.approved_at is not None:
        return PrivacyStage.APPROVED
    if state.kind is RequestKind.HOLD:
        return PrivacyStage.PLACED
    return PrivacyStage.VERIFIED if state.verified_at is not None else PrivacyStage.RECEIVED
