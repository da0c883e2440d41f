"""The steps of ending: resolution, follow-up, withdrawal, duplicate (INQ-4.4 to INQ-4.6)."""

from datetime import datetime

from sop import messages as m
from sop.case import Case
from sop.discrepancy import end_identification
from sop.errors import BehindGateError, InvalidValueError, WrongStageError
from sop.escalating import stand_down, unresolved
from sop.follow_up import end_follow_up, open_follow_up, plan_follow_up, watch
from sop.gates import require_cleared, require_unresolved
from sop.models import Actor, ClosedAs, FollowUpOutcome
from sop.state import FollowUpState
from sop.steps_handling import end_wait, keep_promise


def close(case: Case, closed_as: ClosedAs, actor: Actor, now: datetime) -> None:
    """End the case: nothing that waits may outlive it."""
    if case.state.waiting_since is not None:
        end_wait(case, now, actor, str(closed_as))
    end_follow_up(case, now, outcome=str(closed_as))
    end_identification(case, now)
    stand_down(case, now)
    case.set(closed_as=closed_as, closed_at=now, promise=None)
    case.record("inquiry.closed", actor, now, ["INQ-4.5.1"], closed_as=str(closed_as))


def may_close(case: Case) -> bool:
    """Return whether the follow-up has its outcome and no clause is missing (INQ-4.5.2, 4.6.2)."""
    state = case.state
    return state.closed_as is None and state.follow_up_outcome is not None and not case.missing


def record_follow_up(case: Case, step: m.RecordFollowUp, now: datetime) -> None:
    """Record one contact; the last one decides whether the case may close (INQ-4.6)."""
    follow_up = _present_contact(case, step, now)
    not_reached = step.outcome == FollowUpOutcome.NOT_REACHED
    if not_reached and follow_up.opened_at is None:
        open_follow_up(case, now)  # due just now: the clock has not come to it yet
    attempts = case.policy.follow_up.attempts
    last = not not_reached or follow_up.attempt >= attempts
    end_follow_up(case, now, outcome=str(step.outcome))
    clauses = ["INQ-4.5.2", "INQ-4.6.1", "INQ-4.6.2"] if last else []
    if step.outcome == FollowUpOutcome.CONFIRMED:
        clauses.append("INQ-4.4.2")
    case.set(feedback=step.feedback, satisfaction=step.satisfaction)
    case.record(
        "follow_up.recorded",
        step.actor,
        now,
        clauses,
        outcome=str(step.outcome),
        attempt=follow_up.attempt,
        feedback=step.feedback,
        satisfaction=step.satisfaction,
    )
    if step.outcome == FollowUpOutcome.DISSATISFIED:
        unresolved(case, step.actor, now, since=now, why="dissatisfied at follow-up")
    elif last:
        case.set(follow_up_outcome=step.outcome, follow_up_done_at=now)
        _warn_of_missing(case, now)
    else:
        plan_follow_up(case, follow_up.attempt + 1, now)


def _present_contact(case: Case, step: m.RecordFollowUp, now: datetime) -> FollowUpState:
    """Return the contact that is recorded; refuse what is none, or says too little."""
    follow_up = case.state.follow_up
    if follow_up is None:
        raise WrongStageError(
            "There is nothing to follow up: the inquiry is not resolved, or the outcome of the "
            "follow-up is already recorded.",
            clause="INQ-4.6.1",
        )
    if step.outcome == FollowUpOutcome.NOT_REACHED and now < follow_up.due_at:
        due = case.policy.desk.local(follow_up.due_at)
        raise WrongStageError(
            f"The next attempt is due {due}; an attempt before that does not count.",
            clause="INQ-4.6.1",
        )
    said = step.feedback is not None or step.satisfaction is not None
    if step.outcome == FollowUpOutcome.CONFIRMED and not said:
        raise InvalidValueError(
            "The record lacks what the customer said. Give `feedback`, `satisfaction` or both.",
            clause="INQ-4.5.2",
        )
    return follow_up


def _warn_of_missing(case: Case, now: datetime) -> None:
    """Tell the holder what keeps the case open, and watch that it is done: no other clock would."""
    if case.missing:
        watch(case, now, since=now)
        missing = ", ".join(case.missing)
        body = f"{case.state.case_id}: the follow-up is done. Missing for closing: {missing}."
        case.warn_holder(f"follow-up/{case.state.resolutions}/missing", body, now)


def withdraw(case: Case, step: m.Withdraw, now: datetime) -> None:
    """Close the case as withdrawn."""
    case.record("inquiry.withdrawn", step.actor, now, reason=step.reason)
    close(case, ClosedAs.WITHDRAWN, step.actor, now)


def mark_duplicate(case: Case, step: m.MarkDuplicate, now: datetime) -> None:
    """Close the case as a duplicate."""
    if step.duplicate_of == case.state.case_id:
        raise InvalidValueError("A case cannot be a duplicate of itself.")
    case.set(duplicate_of=step.duplicate_of)
    case.record(
        "inquiry.marked_duplicate",
        step.actor,
        now,
        duplicate_of=step.duplicate_of,
        reason=step.reason,
    )
    close(case, ClosedAs.DUPLICATE, step.actor, now)


def resolve(case: Case, step: m.Resolve, now: datetime) -> None:
    """Record the resolution; what escalated is stood down and the follow-up begins (INQ-4.4)."""
    require_unresolved(case, "a second resolution")
    require_cleared(case, "A resolution", step.actor, now)
    proved = case.state.proofs.keys()
    if not (step.customer_confirmed or "INQ-4.4.3" in proved):
        raise BehindGateError(
            "The customer has neither confirmed the solution at once nor been told when and from "
            "whom the answer comes. Set `customer_confirmed`, or record a promise first.",
            clause="INQ-4.4.2",
        )
    if case.state.waiting_since is not None:
        end_wait(case, now, step.actor, "resolved")
    kept = keep_promise(case, now)
    responsible = step.responsible or case.state.assignee or step.actor.principal
    overdue = [r.key for r in case.state.rungs if r.armed and r.due_at and r.due_at <= now]
    case.set(
        resolved_at=now,
        resolution=step.resolution,
        responsible=responsible,
        resolutions=case.state.resolutions + 1,
    )
    stand_down(case, now)
    case.record(
        "inquiry.resolved",
        step.actor,
        now,
        ["INQ-4.4.1", "INQ-4.4.2"] if step.customer_confirmed else ["INQ-4.4.1"],
        resolution=step.resolution,
        responsible=responsible,
        customer_confirmed=step.customer_confirmed,
        promise_kept=kept,
        overdue=overdue,
    )
    plan_follow_up(case, 1, now)
    case.tell_customer(
        case.state.customer, "resolution", f"resolution/{case.state.resolutions}", now
    )
