"""The schedules that open duties (INQ-8, HOF-6) and dispose of records: kept up to date, and shown.

A schedule carries the policy in force to the workflow that it starts, so it is updated when the
policy changes. Repeating that changes nothing.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleDescription,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from sop.policy import Policy
from workflows.opening import ScheduledStart

TRAINING_REMINDERS = "handrail-training-reminders"
PROCEDURE_REVIEW = "handrail-procedure-review"
AUDIT = "handrail-audit"
RETENTION = "handrail-retention"
CHECKPOINTS = "handrail-checkpoints"

CATCH_UP = timedelta(days=31)
"""A firing that an outage has swallowed is made up for so long: an audit comes once a month."""

CHECKPOINT_EVERY = timedelta(minutes=5)
"""So long a rewritten chain could go unnoticed. Not the procedures' business, so no policy's:
`HANDRAIL_CHECKPOINT_EVERY` says otherwise."""

_NOT_OURS_TO_DO = {RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED}
_PAUSE_S = 0.2
_HOUR = 6  # at the desk: before its people begin


@dataclass(frozen=True, slots=True)
class Plan:
    """One schedule.

    Attributes:
        opens: What it opens, for a person.
        when: The calendar, in the desk's time zone.
        wanted: Whether the policy has what it needs.
        carries_policy: Whether what it starts gets the policy in force; it has no input otherwise.
        catch_up: For how long a firing is made up that an outage has swallowed.
    """

    schedule_id: str
    workflow: str
    opens: str
    when: ScheduleCalendarSpec | ScheduleIntervalSpec
    wanted: Callable[[Policy], bool]
    carries_policy: bool = True
    catch_up: timedelta = CATCH_UP


_DAILY = ScheduleCalendarSpec(hour=[ScheduleRange(_HOUR)], comment="every day")

# Every day, and twice: one run that an outage swallows, or that takes hours, makes nothing late.
_DISPOSALS = ScheduleCalendarSpec(
    hour=[ScheduleRange(3), ScheduleRange(15)], comment="every day, at night and in the afternoon"
)

PLANS = (
    Plan(
        TRAINING_REMINDERS,
        "OpenTrainingReminders",
        "training reminders",
        _DAILY,
        lambda policy: policy.duty is not None and bool(policy.courses),
    ),
    # Every day, although a review is due once a year: so none is missed, and a change is noticed.
    Plan(
        PROCEDURE_REVIEW,
        "OpenReviews",
        "the review of the procedure",
        _DAILY,
        lambda policy: policy.duty is not None and policy.review_within is not None,
    ),
    Plan(
        AUDIT,
        "OpenAudits",
        "audits of last month's closed cases",
        ScheduleCalendarSpec(
            day_of_month=[ScheduleRange(1)],
            hour=[ScheduleRange(_HOUR)],
            comment="the first of every month",
        ),
        lambda policy: policy.duty is not None and policy.audit is not None,
    ),
    Plan(
        RETENTION,
        "RetentionWorkflow",
        "the disposal of records whose time is over",
        _DISPOSALS,
        lambda _policy: True,
    ),
    # One firing makes up for all before it.
    Plan(
        CHECKPOINTS,
        "CheckpointJournal",
        "a checkpoint of the journal",
        ScheduleIntervalSpec(every=CHECKPOINT_EVERY),
        lambda _policy: True,
        carries_policy=False,
        catch_up=CHECKPOINT_EVERY,
    ),
)


class SchedulesReport(BaseModel):
    """What was done about the schedules, and what must be left to somebody else."""

    model_config = ConfigDict(frozen=True)

    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    left_to_do: tuple[str, ...] = ()


class ScheduleView(BaseModel):
    """One schedule as it stands. `next_at` is empty while it is paused or missing."""

    model_config = ConfigDict(frozen=True)

    schedule_id: str
    opens: str
    exists: bool
    paused: bool = False
    note: str | None = None
    last_at: datetime | None = None
    next_at: tuple[datetime, ...] = ()


async def ensure_schedules(
    client: Client,
    policy: Policy,
    *,
    task_queue: str,
    checkpoint_every: timedelta = CHECKPOINT_EVERY,
) -> SchedulesReport:
    """Create, update or remove the schedules, so that they are what the policy in force says.

    One that an operator has paused stays paused. What the credentials may not do is named.

    Args:
        client: Names the namespace.
        policy: In force.
        task_queue: Where the workers listen that do what is scheduled.
        checkpoint_every: How often a checkpoint of the journal is signed.

    Raises:
        RPCError: Temporal did not answer, or refused for another reason.
    """
    done: dict[str, list[str]] = {"created": [], "updated": [], "removed": [], "left_to_do": []}
    for plan in _plans(checkpoint_every):
        try:
            what = await _ensure(client, plan, policy, task_queue)
        except RPCError as error:
            if error.status not in _NOT_OURS_TO_DO:
                raise
            done["left_to_do"].append(f"create or update schedule {plan.schedule_id}")
        else:
            if what is not None:
                done[what].append(plan.schedule_id)
    return SchedulesReport(**{name: tuple(ids) for name, ids in done.items()})


async def show_schedules(client: Client) -> tuple[ScheduleView, ...]:
    """Return the schedules with their next times.

    Raises:
        RPCError: Temporal did not answer, or refused.
    """
    return tuple([await _view(client, plan) for plan in PLANS])


def _plans(checkpoint_every: timedelta) -> tuple[Plan, ...]:
    when = ScheduleIntervalSpec(every=checkpoint_every)
    return tuple(
        replace(plan, when=when, catch_up=checkpoint_every)
        if plan.schedule_id == CHECKPOINTS
        else plan
        for plan in PLANS
    )


async def _ensure(client: Client, plan: Plan, policy: Policy, task_queue: str) -> str | None:
    """Return what was done: `created`, `updated`, `removed`, or nothing."""
    wanted, known = plan.wanted(policy), await _describe(client, plan.schedule_id)
    handle = client.get_schedule_handle(plan.schedule_id)
    if known is None:
        return await _create(client, plan, policy, task_queue) if wanted else None
    if not wanted:
        await handle.delete()
        return "removed"
    schedule = _schedule(plan, policy, task_queue)
    if known.schedule.state.note == schedule.state.note:
        return None

    def update(held: ScheduleUpdateInput) -> ScheduleUpdate:
        schedule.state.paused = held.description.schedule.state.paused
        return ScheduleUpdate(schedule=schedule)

    await handle.update(update)
    return "updated"


async def _create(client: Client, plan: Plan, policy: Policy, task_queue: str) -> str | None:
    """Create a schedule; a namespace that is new needs a moment to be known everywhere."""
    while True:
        try:
            await client.create_schedule(plan.schedule_id, _schedule(plan, policy, task_queue))
        except ScheduleAlreadyRunningError:  # somebody else has done it meanwhile
            return None
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            await asyncio.sleep(_PAUSE_S)
        else:
            return "created"


async def _describe(client: Client, schedule_id: str) -> ScheduleDescription | None:
    try:
        return await client.get_schedule_handle(schedule_id).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise


def _schedule(plan: Plan, policy: Policy, task_queue: str) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            plan.workflow,
            args=[ScheduledStart(policy=policy)] if plan.carries_policy else [],
            id=plan.schedule_id,
            task_queue=task_queue,
            static_summary=f"Open {plan.opens}",
        ),
        spec=ScheduleSpec(
            calendars=[plan.when] if isinstance(plan.when, ScheduleCalendarSpec) else [],
            intervals=[plan.when] if isinstance(plan.when, ScheduleIntervalSpec) else [],
            time_zone_name=policy.case.desk.time_zone if plan.carries_policy else None,
        ),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=plan.catch_up),
        state=ScheduleState(note=_note(plan, policy, task_queue)),
    )


def _note(plan: Plan, policy: Policy, task_queue: str) -> str:
    """Return what the schedule is for, with a mark of all that it carries: the same, no update."""
    carried = policy.model_dump_json() if plan.carries_policy else ""
    said = (carried, task_queue, repr(plan.when), str(plan.catch_up))
    mark = hashlib.sha256("\n".join(said).encode()).hexdigest()[:12]
    version = f"Policy {policy.version}, " if plan.carries_policy else ""
    return f"Opens {plan.opens}. {version}{mark}."


async def _view(client: Client, plan: Plan) -> ScheduleView:
    known = await _describe(client, plan.schedule_id)
    if known is None:
        return ScheduleView(schedule_id=plan.schedule_id, opens=plan.opens, exists=False)
    recent = known.info.recent_actions
    return ScheduleView(
        schedule_id=plan.schedule_id,
        opens=plan.opens,
        exists=True,
        paused=known.schedule.state.paused,
        note=known.schedule.state.note,
        last_at=recent[-1].started_at if recent else None,
        next_at=() if known.schedule.state.paused else tuple(known.info.next_action_times[:3]),
    )
