"""The schedules on a real server: triggered by hand, each opens its duties, and none twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import ScheduleActionExecutionStartWorkflow

from adapters.crm import SqlCrm
from adapters.duty_reads import DutyReads
from adapters.staff import TrainingRecords
from runtime import schedules
from runtime.devserver import DevServer
from runtime.schedules import ensure_schedules, show_schedules
from sop.duty.opening import last_month
from sop.duty.records import DutyFilter, DutyRecord
from sop.models import ClosedAs, Stage
from sop.policy import Policy
from sop.training import TrainingRecord
from tests import batches
from tests.databases import Fresh, fresh_sqlite
from tests.desk import Desk, a_desk, eventually, without_schedules
from workflows.opening import Opened

__all__ = ["fresh_sqlite"]

ALL = tuple(plan.schedule_id for plan in schedules.PLANS)
OF_THE_POLICY = tuple(plan.schedule_id for plan in schedules.PLANS if plan.carries_policy)


@pytest_asyncio.fixture
async def house(server: DevServer, policy: Policy, fresh_sqlite: Fresh) -> AsyncIterator[Desk]:
    """Run a desk of its own whose policy came into force long ago, with its schedules."""
    today = datetime.now(UTC).date()
    old = policy.model_copy(update={"effective_from": today - timedelta(days=400)})
    with fresh_sqlite() as url:
        async with a_desk(server, str(url), "scheduled", old) as desk:
            await without_schedules(desk.client)
            await ensure_schedules(desk.client, old, task_queue=desk.task_queue)
            yield desk
            await without_schedules(desk.client)


async def fire(desk: Desk, schedule_id: str) -> Opened:
    """Let a schedule fire now; return what it opened."""
    schedule = desk.client.get_schedule_handle(schedule_id)
    before = (await schedule.describe()).info.num_actions
    await schedule.trigger()

    async def fired() -> bool:
        return (await schedule.describe()).info.num_actions > before

    await eventually(fired)
    action = (await schedule.describe()).info.recent_actions[-1].action
    assert isinstance(action, ScheduleActionExecutionStartWorkflow)
    handle = desk.client.get_workflow_handle(
        action.workflow_id, run_id=action.first_execution_run_id, result_type=Opened
    )
    result: Opened = await handle.result()
    return result


async def opened(desk: Desk, *duty_ids: str) -> dict[str, DutyRecord]:
    """Wait until the CRM has these duties; return all that it has."""
    reads = DutyReads(desk.database)

    async def there() -> bool:
        page = await asyncio.to_thread(reads.duties, DutyFilter())
        return {duty.duty_id for duty in page.duties} >= set(duty_ids)

    await eventually(there)
    page = await asyncio.to_thread(reads.duties, DutyFilter())
    return {duty.duty_id: duty for duty in page.duties}


def version(policy: Policy, name: str, **changes: Any) -> Policy:
    """Return another version of a policy."""
    case = policy.case.model_copy(update={"version": name})
    return policy.model_copy(update={"version": name, "case": case, **changes})


def closed_case(desk: Desk, case_id: str, at: datetime, **changes: Any) -> None:
    """Write a case that anna worked on, and that closed at a moment."""
    row = batches.case(
        1, case_id, stage=Stage.CLOSED, closed_at=at, closed_as=ClosedAs.RESOLVED, **changes
    )
    SqlCrm(desk.database).flush(batches.opened(case_id, row=row))


@pytest.mark.clause("INQ-8.2", "HOF-6.1")
async def test_trainings_that_end_soon_are_reminded_of_once(house: Desk) -> None:
    soon = datetime.now(UTC) - house.cases.policy.training_valid_for + timedelta(days=9)
    record = TrainingRecord(
        principal="ending-soon",
        course="inquiry_handling",
        completed_at=soon,
        recorded_at=soon,
        recorded_by="lena",
    )
    await asyncio.to_thread(TrainingRecords(house.database).record, record)
    first = await fire(house, schedules.TRAINING_REMINDERS)
    (duty_id,) = first.duties
    duty = (await opened(house, duty_id))[duty_id]
    assert (duty.kind, duty.about) == ("training_reminder", "ending-soon")
    assert duty.due_at == soon + house.cases.policy.training_valid_for
    assert await fire(house, schedules.TRAINING_REMINDERS) == Opened()
    assert await house.runs(duty_id) == 1
    messages = await asyncio.to_thread(house.reads.outbox)
    assert {"principal:ending-soon", "role:quality_manager"} <= {m.recipient for m in messages}


@pytest.mark.clause("INQ-8.1")
async def test_the_review_of_the_year_is_opened_once(house: Desk) -> None:
    policy = house.cases.policy
    duty_id = f"duty-review-{policy.version}-1"
    assert (await fire(house, schedules.PROCEDURE_REVIEW)).duties == (duty_id,)
    assert (await opened(house, duty_id))[duty_id].kind == "procedure_review"
    assert await fire(house, schedules.PROCEDURE_REVIEW) == Opened()


@pytest.mark.clause("INQ-8.1")
async def test_a_new_version_of_the_policy_is_reviewed_when_it_is_in_force(house: Desk) -> None:
    await asyncio.to_thread(closed_case, house, "inquiry-before", datetime.now(UTC),
                            policy_version="earlier")  # fmt: skip
    today = datetime.now(UTC).date()
    new = version(house.cases.policy, "later", effective_from=today)
    report = await ensure_schedules(house.client, new, task_queue=house.task_queue)
    assert report.updated == OF_THE_POLICY
    assert (await fire(house, schedules.PROCEDURE_REVIEW)).duties == ("duty-review-later-0",)


@pytest.mark.clause("HOF-6.2")
async def test_last_months_closed_cases_are_sampled_into_audits_once(house: Desk) -> None:
    policy = house.cases.policy
    assert policy.audit is not None
    month = last_month(policy, datetime.now(UTC))
    for number in range(policy.audit.sample + 4):
        at = month.begins + timedelta(hours=number)
        await asyncio.to_thread(closed_case, house, f"inquiry-in-{number}", at)
    just_outside = (month.begins - timedelta(seconds=1), month.ends)
    for number, at in enumerate(just_outside):
        await asyncio.to_thread(closed_case, house, f"inquiry-out-{number}", at)
    first = await fire(house, schedules.AUDIT)
    assert len(first.duties) == policy.audit.sample
    duties = await opened(house, *first.duties)
    for duty in duties.values():
        assert (duty.about or "").startswith("inquiry-in-")
        (entry,) = await asyncio.to_thread(house.reads.timeline, duty.duty_id)
        assert entry.detail["excluded"] == ["anna"]
    assert await fire(house, schedules.AUDIT) == Opened()
    newer = version(policy, "newer")
    await ensure_schedules(house.client, newer, task_queue=house.task_queue)
    assert await fire(house, schedules.AUDIT) == Opened()
    assert len(await opened(house)) == policy.audit.sample


@pytest.mark.clause("INQ-8.1", "HOF-6.2")
async def test_the_schedules_are_kept_up_to_date_and_change_no_more_than_they_must(
    house: Desk,
) -> None:
    policy, queue = house.cases.policy, house.task_queue
    assert await ensure_schedules(house.client, policy, task_queue=queue) == (
        schedules.SchedulesReport()
    )
    audit = house.client.get_schedule_handle(schedules.AUDIT)
    await audit.pause(note="away")
    await ensure_schedules(house.client, policy, task_queue=queue)
    view = {each.schedule_id: each for each in await show_schedules(house.client)}
    assert view[schedules.AUDIT].paused
    assert not view[schedules.AUDIT].next_at
    assert view[schedules.PROCEDURE_REVIEW].next_at
    first = (await audit.describe()).schedule
    assert first.policy.catchup_window == timedelta(days=31)
    without = policy.model_copy(update={"audit": None, "review_within": None})
    report = await ensure_schedules(house.client, without, task_queue=queue)
    assert report.removed == (schedules.PROCEDURE_REVIEW, schedules.AUDIT)
    assert report.updated == (schedules.TRAINING_REMINDERS, schedules.RETENTION)
    nothing = policy.model_copy(update={"duty": None})
    await ensure_schedules(house.client, nothing, task_queue=queue)
    left = [each.schedule_id for each in await show_schedules(house.client) if each.exists]
    assert left == [schedules.RETENTION, schedules.CHECKPOINTS]
    again = await ensure_schedules(house.client, policy, task_queue=queue)
    assert again.created == tuple(each for each in OF_THE_POLICY if each != schedules.RETENTION)
