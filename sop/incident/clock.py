"""What an incident does by itself: the regulator's clock, and overdue actions (HOF-6.3)."""

from collections.abc import Iterator
from datetime import datetime

from sop.deadlines import Due, rung_deadlines
from sop.incident.case import IncidentCase
from sop.incident.models import CorrectiveAction
from sop.incident.stages import CLAUSE, regulator_settled
from sop.models import CLOCK


def incident_deadlines(case: IncidentCase) -> Iterator[Due]:
    """Yield every moment that the incident waits for. A closed one waits for nothing."""
    if case.state.closed_at is not None:
        return
    yield from rung_deadlines(case)
    yield from _regulator_deadlines(case)
    for action in case.state.actions:
        if action.done_at is None and action.overdue_at is None:
            yield _deadline_of(action)


def note_regulator_overdue(case: IncidentCase, now: datetime) -> None:
    """Note that the regulator was neither told in time, nor found not to need it."""
    due = case.state.regulator_due_at
    case.set(regulator_overdue_at=now)
    case.record(
        "regulator.overdue",
        CLOCK,
        now,
        [CLAUSE],
        entry_id="regulator/overdue",
        due_at=due.isoformat(),
        known_at=case.state.known_at.isoformat(),
        lateness_ms=round((now - due).total_seconds() * 1000),
    )


def _regulator_deadlines(case: IncidentCase) -> Iterator[Due]:
    state = case.state
    if regulator_settled(state) or state.regulator_overdue_at is not None:
        return
    warnings = _warnings(case)
    if state.regulator_warnings < len(warnings):
        at = warnings[state.regulator_warnings]
        yield Due(at, "regulator: warning to the holder", _warn_of_regulator, warning=True)
    yield Due(state.regulator_due_at, "regulator to be informed", _regulator_overdue)


def _warnings(case: IncidentCase) -> list[datetime]:
    rule, known_at = case.policy.incident, case.state.known_at
    return [known_at + rule.regulator_within * share for share in sorted(set(rule.warn_at))]


def _warn_of_regulator(case: IncidentCase, now: datetime) -> None:
    """Warn once, whatever number was missed while no worker ran."""
    passed = sum(at <= now for at in _warnings(case))
    share = sorted(set(case.policy.incident.warn_at))[passed - 1]
    case.set(regulator_warnings=passed)
    due = case.state.regulator_due_at
    name = f"regulator/warned/{passed}"
    case.record(
        "regulator.warned",
        CLOCK,
        now,
        [CLAUSE],
        entry_id=name,
        share=share,
        due_at=due.isoformat(),
    )
    body = (
        f"{case.state.case_id}: {share:.0%} of the time to inform the regulator has passed; it "
        f"ends {case.policy.desk.local(due)}. Inform it, or decide that it need not be told."
    )
    case.warn_holder(name, body, now)


def _regulator_overdue(case: IncidentCase, now: datetime) -> None:
    note_regulator_overdue(case, now)
    body = f"{case.state.case_id}: the time to inform the regulator has passed. Do it now."
    case.warn_holder("regulator/overdue", body, now)
    case.escalate(now, "regulator overdue")


def _deadline_of(action: CorrectiveAction) -> Due:
    return Due(
        action.due_at,
        "corrective action due",  # a timer's summary is plain: not the name that a person gave it
        lambda case, now: _action_overdue(case, action, now),
    )


def _action_overdue(case: IncidentCase, action: CorrectiveAction, now: datetime) -> None:
    case.put_action(action.model_copy(update={"overdue_at": now}))
    name = f"action/{action.action}/overdue"
    case.record(
        "action.overdue",
        CLOCK,
        now,
        [CLAUSE],
        entry_id=name,
        action=action.action,
        owner=action.owner,
        due_at=action.due_at.isoformat(),
    )
    body = (
        f"{case.state.case_id}: the corrective action {action.action} was due "
        f"{case.policy.desk.local(action.due_at)}. Complete it, and say what came of it."
    )
    case.send("warning", name, f"principal:{action.owner}", body, now)
    case.escalate(now, "action overdue")
