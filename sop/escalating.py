"""A rung fires, the case is stated to be unresolved, or no longer needs anybody (INQ-6)."""

from datetime import datetime, timedelta

from sop.case import Case
from sop.case_file import AnyCase
from sop.closing import LEAVES_OPEN, proved_by_escalating
from sop.follow_up import end_follow_up
from sop.ladder import applies, arm
from sop.messages import EscalationReport
from sop.models import Actor, EscalationRecord
from sop.policy import Starts
from sop.state import RungState


def fire(
    case: AnyCase, rung: RungState, now: datetime, actor: Actor, *, by_hand: str | None = None
) -> None:
    """Escalate: the rung fires once and for good, and the register says how late (INQ-6).

    `by_hand` says why a person escalates before the matrix asks for it; one that comes after the
    matrix asked hides no lateness.
    """
    row = case.policy.rung(rung.rung)
    if row is None or not rung.armed:
        return
    due = min(rung.due_at or now, now)
    lateness = max(now - max(due, rung.armed_at), timedelta(0))
    cause = "by hand" if by_hand is not None else rung.cause
    role = str(row.to)
    case.put_rung(
        rung.model_copy(
            update={"fired_at": now, "due_at": due, "cause": cause, "level": 1, "role": role}
        )
    )
    case.record(
        "rung.fired",
        actor,
        now,
        proved_by_escalating(row.clause, *case.escalated),
        entry_id=f"rung/{rung.key}/fired",
        rung=rung.key,
        role=role,
        due_at=due.isoformat(),
        armed_at=rung.armed_at.isoformat(),
        fired_at=now.isoformat(),
        lateness_ms=round(lateness.total_seconds() * 1000),
        cause=cause,
        reason=by_hand,
    )
    case.put_escalation(
        EscalationRecord(
            case_id=case.state.case_id,
            rung=rung.rung,
            occasion=rung.occasion,
            role=role,
            clause=row.clause,
            cause=cause,
            due_at=due,
            fired_at=now,
            lateness=lateness,
            level=1,
        )
    )


def unresolved(case: Case, actor: Actor, now: datetime, *, since: datetime, why: str) -> None:
    """State the fact that the case is unresolved: to the team leader, at once (INQ-6.1).

    A case whose earlier `unresolved` escalation is still going on is not escalated again: the
    same people are being paged, or hold it.
    """
    if case.state.resolved_at is not None:
        _reopen(case, actor, now, why)
    case.set(unresolved_facts=case.state.unresolved_facts + 1)
    for row in case.policy.escalation:
        if row.starts != Starts.UNRESOLVED or not applies(row, case.state):
            continue
        going_on = any(r.rung == row.rung and (r.live or r.armed) for r in case.state.rungs)
        if not going_on:
            case.put_rung(arm(case.policy, row, case.state, base=since, now=since, cause=why))


def _reopen(case: Case, actor: Actor, now: datetime, why: str) -> None:
    end_follow_up(case, now, outcome="reopened")
    case.set(
        resolved_at=None,
        reopened_at=now,
        resolution=None,
        follow_up_outcome=None,
        follow_up_done_at=None,
    )
    case.unprove(LEAVES_OPEN)
    case.record("inquiry.reopened", actor, now, why=why)
    case.rearm(now, actor, "reopened")


def stand_down(case: AnyCase, now: datetime) -> None:
    """End what waits for an unresolved case: armed rungs are met, escalations not needed."""
    for rung in case.state.rungs:
        case.spare(rung, now)


def report(case: AnyCase, said: EscalationReport) -> None:
    """Note what an escalation says of itself; its own journal stream holds the proof."""
    before = (case.holder, case.level)
    for rung in case.state.rungs:
        known = (rung.rung, rung.occasion) == (said.rung, said.occasion)
        if known and rung.live and rung.status is not None:
            case.put_rung(
                rung.model_copy(
                    update={
                        "level": said.level,
                        "role": said.role,
                        "status": said.status,
                        "acknowledged_by": said.acknowledged_by,
                    }
                )
            )
    if (case.holder, case.level) != before:
        case.put_row()
