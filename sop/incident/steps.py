"""The steps of an incident: actions, the regulator, closing (HOF-6.3)."""

from datetime import datetime

from sop.errors import BehindGateError, InvalidValueError, NotAllowedError, WrongStageError
from sop.incident import messages as m
from sop.incident.case import IncidentCase
from sop.incident.clock import note_regulator_overdue
from sop.incident.models import CorrectiveAction
from sop.incident.stages import CLAUSE, what_is_missing
from sop.models import Actor, Role

MOST_ACTIONS = 50
"""In one incident: its row and its workflow carry them all."""

ON_BEHALF = frozenset({Role.TEAM_LEADER, Role.QUALITY_MANAGER, Role.DUTY_MANAGER})
"""Who may complete another person's corrective action."""


def add_action(case: IncidentCase, step: m.AddAction, now: datetime) -> None:
    """Take up a corrective action: its owner has a task, and a date."""
    if any(action.action == step.action for action in case.state.actions):
        raise InvalidValueError(
            f"The incident has an action {step.action} already; give this one another name.",
            clause=CLAUSE,
        )
    if len(case.state.actions) >= MOST_ACTIONS:
        raise InvalidValueError(
            f"The incident has {MOST_ACTIONS} actions, and takes no more.", clause=CLAUSE
        )
    if step.due_at <= now:
        raise InvalidValueError("`due_at` must lie in the future.", clause=CLAUSE)
    action = CorrectiveAction(
        action=step.action,
        description=step.description,
        owner=step.owner,
        due_at=step.due_at,
        opened_at=now,
    )
    case.put_action(action)
    case.record(
        "action.added",
        step.actor,
        now,
        [CLAUSE],
        action=step.action,
        description=step.description,
        owner=step.owner,
        due_at=step.due_at.isoformat(),
    )
    case.put_action_task(action)
    until = case.policy.desk.local(step.due_at)
    body = f"{case.state.case_id}: the corrective action {step.action} is yours, due {until}."
    case.send("action", f"action/{step.action}", f"principal:{step.owner}", body, now)


def complete_action(case: IncidentCase, step: m.CompleteAction, now: datetime) -> None:
    """Note what came of a corrective action, in time or late."""
    action = _action(case, step.action)
    if action.done_at is not None:
        raise WrongStageError(f"{step.action} was completed by {action.done_by}.", clause=CLAUSE)
    _require_owner(action, step.actor)
    done = {"done_at": now, "done_by": step.actor.principal, "result": step.result}
    case.put_action(action.model_copy(update=done))
    case.record(
        "action.completed",
        step.actor,
        now,
        [CLAUSE],
        action=step.action,
        result=step.result,
        in_time=now <= action.due_at,
    )
    case.put_action_task(action, now, "completed")
    case.calm(now)


def inform_regulator(case: IncidentCase, step: m.InformRegulator, now: datetime) -> None:
    """Note that the regulator was told, when, and under which reference."""
    state = case.state
    if state.regulator_informed_at is not None:
        raise WrongStageError(
            f"The regulator was informed before, under {state.regulator_reference}.", clause=CLAUSE
        )
    if not state.known_at <= step.informed_at <= now:
        known = case.policy.desk.local(state.known_at)
        raise InvalidValueError(
            f"`informed_at` must lie between {known}, when the breach was known, and now.",
            clause=CLAUSE,
        )
    late = step.informed_at > state.regulator_due_at
    if late and state.regulator_overdue_at is None and state.regulator_decision is None:
        note_regulator_overdue(case, now)  # nobody could be paged: the worker was away
    case.set(regulator_informed_at=step.informed_at, regulator_reference=step.reference)
    case.record(
        "regulator.informed",
        step.actor,
        now,
        [CLAUSE],
        informed_at=step.informed_at.isoformat(),
        reference=step.reference,
        due_at=state.regulator_due_at.isoformat(),
        in_time=not late,
    )
    case.calm(now)


def decide_not_notifiable(case: IncidentCase, step: m.DecideNotNotifiable, now: datetime) -> None:
    """Decide that the regulator need not be told; never by who opened the incident."""
    state = case.state
    if step.actor.principal == state.opened_by:
        raise NotAllowedError(
            "Whoever opened an incident does not decide that the regulator need not be told: "
            "somebody else with the role must.",
            clause="HOF-3.2",
        )
    if state.regulator_informed_at is not None:
        raise WrongStageError("The regulator was informed already.", clause=CLAUSE)
    if state.regulator_decision is not None:
        raise WrongStageError("That was decided before.", clause=CLAUSE)
    case.set(regulator_decision=step.reason)
    case.record(
        "regulator.not_needed",
        step.actor,
        now,
        [CLAUSE],
        reason=step.reason,
        due_at=state.regulator_due_at.isoformat(),
        in_time=now <= state.regulator_due_at,
    )
    case.calm(now)


def close_incident(case: IncidentCase, step: m.CloseIncident, now: datetime) -> None:
    """End the incident, with what caused it and what changed."""
    first = what_is_missing(case.state)
    if first is not None:
        raise BehindGateError(
            f"Closing an incident stands behind its corrective actions and the regulator: {first}.",
            clause=CLAUSE,
        )
    outcome = f"Root cause: {step.root_cause}\nChanged: {step.changed}"
    case.close(outcome, step.actor, now, root_cause=step.root_cause, changed=step.changed)


def add_note(case: IncidentCase, step: m.AddIncidentNote, now: datetime) -> None:
    """Add a note to the journal (HOF-4.3.2)."""
    case.record("note.added", step.actor, now, ["HOF-4.3.2"], text=step.text)


def assign(case: IncidentCase, step: m.AssignIncident, now: datetime) -> None:
    """Say who sees to the incident; warnings go there."""
    before = case.state.assignee
    case.set(assignee=step.assignee)
    case.record(
        "incident.assigned",
        step.actor,
        now,
        [CLAUSE],
        from_assignee=before,
        to_assignee=step.assignee,
        reason=step.reason,
    )


def _action(case: IncidentCase, name: str) -> CorrectiveAction:
    for action in case.state.actions:
        if action.action == name:
            return action
    known = ", ".join(action.action for action in case.state.actions) or "none"
    raise InvalidValueError(f"The incident has no action {name}; it has {known}.", clause=CLAUSE)


def _require_owner(action: CorrectiveAction, actor: Actor) -> None:
    if actor.principal != action.owner and actor.role not in ON_BEHALF:
        raise NotAllowedError(
            f"{action.action} is {action.owner}'s; its owner says what came of it, or a manager.",
            clause=CLAUSE,
        )
