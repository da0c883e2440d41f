"""The steps of a duty: completing it, assigning it, noting something."""

from datetime import datetime

from sop.duty import messages as m
from sop.duty.case import DutyCase
from sop.duty.models import OUTCOMES, TOLD_IN_WORDS, DutyKind, DutyOutcome
from sop.errors import InvalidValueError, NotAllowedError
from sop.models import Actor


def complete(case: DutyCase, step: m.CompleteDuty, now: datetime) -> None:
    """End the duty with what came of it (INQ-8.1, HOF-6.2)."""
    _require_doer(case, step.actor)
    order = case.order
    possible = OUTCOMES[order.kind]
    if step.outcome not in possible:
        raise InvalidValueError(
            f"This duty ends as {', '.join(possible)}, not as {step.outcome}.", clause=order.clause
        )
    if step.outcome in TOLD_IN_WORDS and not (step.findings or "").strip():
        raise InvalidValueError("Say in `findings` what was found.", clause=order.clause)
    case.end(step.outcome, step.findings, step.actor, now)


def assign(case: DutyCase, step: m.AssignDuty, now: datetime) -> None:
    """Say who sees to the duty; they are told."""
    _refuse_excluded(case, step.assignee)
    _refuse_own_training(case, step.assignee)
    before = case.state.assignee
    case.set(assignee=step.assignee)
    case.record(
        "duty.assigned",
        step.actor,
        now,
        [case.order.clause],
        from_assignee=before,
        to_assignee=step.assignee,
        reason=step.reason,
    )
    due = case.policy.desk.local(case.order.due_at)
    body = f"{case.state.case_id}: {case.order.subject} It is yours, due {due}."
    name = f"assigned/{case.state.seq}"
    case.send("duty", name, f"principal:{step.assignee}", body, now)


def add_note(case: DutyCase, step: m.AddDutyNote, now: datetime) -> None:
    """Add a note to the journal."""
    case.record("note.added", step.actor, now, text=step.text)


def advice(case: DutyCase) -> str | None:
    """Return what must be done now that the duty has ended."""
    if case.state.outcome != DutyOutcome.BREACH:
        return None
    return f"Open an incident about {case.order.about}: a breach is mended at once (HOF-6.3)."


def _require_doer(case: DutyCase, actor: Actor) -> None:
    _refuse_excluded(case, actor.principal)
    _refuse_own_training(case, actor.principal)
    if actor.principal != case.state.assignee and actor.role not in case.doers:
        roles = ", ".join(sorted(case.doers))
        raise NotAllowedError(
            f"This duty is for {roles}, or for whom it is assigned to.", clause=case.order.clause
        )


def _refuse_excluded(case: DutyCase, principal: str) -> None:
    """Let nobody audit a case that they handled (HOF-6.2)."""
    if principal in case.order.excluded:
        raise NotAllowedError(
            "Nobody audits a case that they handled: let somebody else do it.", clause="HOF-6.2"
        )


def _refuse_own_training(case: DutyCase, principal: str) -> None:
    """Let nobody end the reminder of their own training but by having it recorded."""
    renewal = case.order.renewal
    if case.order.kind == DutyKind.TRAINING_REMINDER and renewal is not None:
        if principal != renewal.principal:
            return
        raise NotAllowedError(
            f"The reminder ends when your training in {renewal.course} is recorded; only somebody "
            "else may end it before.",
            clause=case.order.clause,
        )
