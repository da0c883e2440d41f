"""Opening the duties that are due: what the scheduled workflows have in common."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from activities.duties import DutyActivities, DutyOrders, DutyQuestion
from sop.duty.describe import summary
from sop.duty.duty import Duty
from sop.duty.models import DutyOrder
from sop.duty.state import DutyStart
from sop.models import Payload
from sop.policy import DutyPolicy, Policy
from temporalio import workflow
from temporalio.common import SearchAttributeKey, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

from workflows.indexing import of_case
from workflows.options import ASK_WHAT_IS_DUE

SCHEDULED_AT = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
"""Set by the server: a firing that is made up late still belongs to its own month."""


class ScheduledStart(Payload):
    """The input of a scheduled workflow: the policy in force, which its schedule carries."""

    policy: Policy


class Opened(Payload):
    """Which duties a firing opened; those that ran already are left out."""

    duties: tuple[str, ...] = ()


async def open_duties(
    what_is_due: Callable[[DutyActivities, DutyQuestion], DutyOrders], start: ScheduledStart
) -> Opened:
    """Ask what is due, and start a workflow for each; what runs already is not opened twice."""
    policy = start.policy.duty
    if policy is None:
        return Opened()
    found = await workflow.execute_activity_method(
        what_is_due,
        DutyQuestion(policy=start.policy, at=_fired_at()),
        summary="Ask the CRM what is due",
        **ASK_WHAT_IS_DUE,
    )
    begun = await asyncio.gather(*(_start(order, policy) for order in found.orders))
    pairs = zip(found.orders, begun, strict=True)
    return Opened(duties=tuple(order.duty_id for order, new in pairs if new))


async def _start(order: DutyOrder, policy: DutyPolicy) -> bool:
    start = DutyStart(case_id=order.duty_id, policy=policy, order=order)
    try:
        await workflow.start_child_workflow(
            "DutyWorkflow",
            start,
            id=order.duty_id,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            static_summary=summary(order.kind),
            search_attributes=of_case(Duty.begin(start, workflow.now())),
            parent_close_policy=ParentClosePolicy.ABANDON,
        )
    except WorkflowAlreadyStartedError:
        return False
    return True


def _fired_at() -> datetime:
    return workflow.info().typed_search_attributes.get(SCHEDULED_AT) or workflow.now()
