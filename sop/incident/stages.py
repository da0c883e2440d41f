"""Where an incident stands, which follows from its facts; and what its end waits for (HOF-6.3)."""

from sop.incident.models import IncidentStage
from sop.incident.state import IncidentState

CLAUSE = "HOF-6.3"


def regulator_settled(state: IncidentState) -> bool:
    """Return whether the regulator was told, or need not be."""
    return state.regulator_informed_at is not None or state.regulator_decision is not None


def open_actions(state: IncidentState) -> tuple[str, ...]:
    """Return the names of the corrective actions that have no result yet."""
    return tuple(action.action for action in state.actions if action.done_at is None)


def anything_overdue(state: IncidentState) -> bool:
    """Return whether something whose time has passed still waits to be done."""
    regulator = state.regulator_overdue_at is not None and not regulator_settled(state)
    return regulator or any(a.overdue_at is not None and a.done_at is None for a in state.actions)


def what_is_missing(state: IncidentState) -> str | None:
    """Return what must be done before the incident may close, the first thing first."""
    if not state.actions:
        return "say with `add_action` what is mended, by whom and by when"
    if still := open_actions(state):
        return f"complete {', '.join(still)}"
    if not regulator_settled(state):
        return "inform the regulator, or decide that it need not be told"
    return None


def missing_for_closing(state: IncidentState) -> tuple[str, ...]:
    """Return the clauses that still stand between this incident and its end."""
    if state.closed_at is not None or what_is_missing(state) is None:
        return ()
    return (CLAUSE,)


def stage_of(state: IncidentState) -> IncidentStage:
    """Return the stage that follows from the facts."""
    if state.closed_at is not None:
        return IncidentStage.CLOSED
    return IncidentStage.CORRECTING if state.actions else IncidentStage.OPEN
