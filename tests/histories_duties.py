"""The duties' part of the recorded histories: each kind, and the workflows of the schedules."""

import asyncio
from datetime import UTC, datetime, timedelta

from sop.duty import messages as d
from sop.duty.models import DutyKind, DutyOrder, DutyOutcome, Renewal
from sop.duty.state import DutyStart
from sop.models import Actor, Role
from tests.desk import LEADER, QUALITY, Desk, train
from workflows.escalating import escalation_id
from workflows.opening import ScheduledStart

DAY = timedelta(days=1)


async def audit(desk: Desk, key: str) -> tuple[str, ...]:
    """Audit a case too late, and find something."""
    duty_id = await _begin_duty(desk, key, DutyKind.AUDIT)
    await desk.time_passes(duty_id, days=14, seconds=1)
    await desk.is_paged(duty_id, "quality_manager")
    steps = (
        d.AssignDuty(actor=LEADER, assignee="quinn"),
        d.AddDutyNote(actor=QUALITY, text="The brief came late."),
        d.CompleteDuty(actor=QUALITY, outcome=DutyOutcome.FINDING, findings="Told too late."),
    )
    await desk.do(duty_id, *steps)
    page = escalation_id(duty_id, "duty_overdue", 1)
    for workflow_id in (duty_id, page):
        await desk.handle(workflow_id).result()
    return duty_id, page


async def reminder(desk: Desk, key: str) -> tuple[str, ...]:
    """Remind of a training that is recorded a day later."""
    renewal = Renewal(
        principal="rose", course="inquiry_handling", renewed_from=datetime.now(UTC) - DAY
    )
    duty_id = await _begin_duty(desk, key, DutyKind.TRAINING_REMINDER, renewal=renewal)
    await desk.time_passes(duty_id, days=1)
    rose = Actor(principal="rose", role=Role.CSR)
    await asyncio.to_thread(train, desk.database, desk.cases.policy, rose)
    await desk.time_passes(duty_id, days=1, seconds=1)
    await desk.handle(duty_id).result()
    return (duty_id,)


async def review(desk: Desk, key: str) -> tuple[str, ...]:
    """Cancel a review in Temporal."""
    duty_id = await _begin_duty(desk, key, DutyKind.PROCEDURE_REVIEW)
    await desk.journal_holds(duty_id, "duty.opened")
    await desk.handle(duty_id).cancel()
    await desk.handle(duty_id).result()
    return (duty_id,)


async def scheduled(desk: Desk, key: str) -> tuple[str, ...]:
    """Let the schedules' workflows open what is due: reminders of trainings that end soon."""
    del key
    start = ScheduledStart(
        policy=desk.cases.policy.model_copy(update={"training_warn_before": 365 * DAY})
    )
    ran = []
    for name in ("OpenTrainingReminders", "OpenReviews", "OpenAudits"):
        handle = await desk.client.start_workflow(
            name, start, id=f"history-{name}", task_queue=desk.task_queue
        )
        await handle.result()
        ran.append(handle.id)
    return tuple(ran)


async def _begin_duty(
    desk: Desk, key: str, kind: DutyKind, *, renewal: Renewal | None = None
) -> str:
    policy = desk.cases.policy.duty
    if policy is None:
        raise ValueError("the policy has no duties")
    order = DutyOrder(
        duty_id=f"duty-{key}-history",
        kind=kind,
        clause="HOF-6.2",
        subject="See to it.",
        about="inquiry-0123456789",
        role=Role.QUALITY_MANAGER,
        due_at=datetime.now(UTC) + 14 * DAY,
        excluded=("anna",),
        renewal=renewal,
    )
    start = DutyStart(case_id=order.duty_id, policy=policy, order=order)
    await desk.client.start_workflow(
        "DutyWorkflow", start, id=order.duty_id, task_queue=desk.task_queue
    )
    return order.duty_id


DUTY_STORIES = {
    "audit": audit,
    "reminder": reminder,
    "review": review,
    "scheduled": scheduled,
}
