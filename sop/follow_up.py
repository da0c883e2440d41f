"""The contact after resolution: planned, opened as a task, ended with its outcome (INQ-4.6)."""

from datetime import datetime

from sop.calendar import add_working
from sop.case import Case
from sop.ladder import applies, arm
from sop.models import CLOCK, Actor, TaskKind, TaskRecord
from sop.policy import CasePolicy, Starts
from sop.state import FollowUpState


def plan_follow_up(case: Case, attempt: int, since: datetime) -> None:
    """Plan a contact after resolution: `after` the resolution, then `every` (INQ-4.6.1)."""
    state, due = case.state, _due(case.policy, attempt, since)
    task_id = f"{state.case_id}/follow-up/{state.resolutions}.{attempt}"
    case.set(follow_up=FollowUpState(attempt=attempt, since=since, due_at=due, task_id=task_id))


def move_follow_up(case: Case, actor: Actor, now: datetime, cause: str) -> None:
    """Compute again when a contact is due, and journal it; one that is open is watched over."""
    follow_up, done_at = case.state.follow_up, case.state.follow_up_done_at
    open_since = follow_up.opened_at if follow_up else done_at
    if open_since is not None:
        watch(case, now, since=open_since)
    if follow_up is None or open_since is not None:
        return
    due = _due(case.policy, follow_up.attempt, follow_up.since)
    if due == follow_up.due_at:
        return
    case.set(follow_up=follow_up.model_copy(update={"due_at": due}))
    case.record(
        "follow_up.moved",
        actor,
        now,
        attempt=follow_up.attempt,
        from_due=follow_up.due_at.isoformat(),
        to_due=due.isoformat(),
        cause=cause,
    )


def open_follow_up(case: Case, now: datetime) -> None:
    """Open the task for the responsible employee, and write to the customer (INQ-4.6.1)."""
    follow_up = case.state.follow_up
    if follow_up is None:
        return
    case.set(follow_up=follow_up.model_copy(update={"opened_at": now}))
    name = follow_up.task_id.removeprefix(f"{case.state.case_id}/")
    case.record("follow_up.due", CLOCK, now, entry_id=f"{name}/due", attempt=follow_up.attempt)
    case.put_task(_task(case, follow_up, now))
    case.tell_customer(case.state.customer, "follow_up", f"{name}/message", now)
    watch(case, now, since=now)


def end_follow_up(case: Case, now: datetime, *, outcome: str) -> None:
    """End the follow-up task, and what waited for it to be done."""
    follow_up = case.state.follow_up
    if follow_up is not None and follow_up.opened_at is not None:
        task = _task(case, follow_up, follow_up.opened_at)
        case.put_task(task.model_copy(update={"done_at": now, "outcome": outcome}))
    case.set(follow_up=None)
    for rung in case.state.rungs:
        if rung.starts == Starts.FOLLOW_UP_OVERDUE:
            case.spare(rung, now)


def watch(case: Case, now: datetime, *, since: datetime) -> None:
    """Arm what escalates a contact that nobody makes, unless it waits or goes on already."""
    known = {rung.rung for rung in case.state.rungs if rung.armed or rung.live}
    for row in case.policy.escalation:
        overdue = row.starts == Starts.FOLLOW_UP_OVERDUE and applies(row, case.state)
        if overdue and row.rung not in known:
            case.put_rung(arm(case.policy, row, case.state, base=since, now=now, cause="overdue"))


def _due(policy: CasePolicy, attempt: int, since: datetime) -> datetime:
    rule = policy.follow_up
    wait = rule.after if attempt == 1 else rule.every
    due = add_working(policy.calendar(rule.calendar), since, wait)
    if due is None:  # without pauses there is always a moment
        raise AssertionError("a follow-up without pauses has a moment")
    return due


def _task(case: Case, follow_up: FollowUpState, opened_at: datetime) -> TaskRecord:
    return TaskRecord(
        task_id=follow_up.task_id,
        case_id=case.state.case_id,
        kind=TaskKind.FOLLOW_UP_CALL,
        assignee=case.state.responsible or case.state.assignee,
        attempt=follow_up.attempt,
        opened_at=opened_at,
        due_at=follow_up.due_at,
    )
