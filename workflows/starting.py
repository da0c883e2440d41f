"""Starting the workflow of a handoff from that of an inquiry."""

from sop.handoff.describe import summary
from sop.handoff.handoff import Handoff
from sop.handoff.messages import HandoffOrder
from sop.handoff.state import HandoffStart
from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

from workflows.indexing import of_case

DIGEST_MEMO = "request_digest"
"""Where a workflow keeps the fingerprint of the request that opened it."""

OPENER_MEMO = "opened_by"
"""Where one that the gateway started keeps who opened it; the CRM may not have that yet."""


def handoff_start(order: HandoffOrder) -> HandoffStart:
    """Return the input of a handoff's workflow."""
    return HandoffStart(
        case_id=order.case_id, policy=order.policy, opened_by=order.opened_by, order=order
    )


async def start_handoff(order: HandoffOrder) -> bool:
    """Start a handoff; it may outlive the inquiry that it was opened from.

    Returns:
        Whether it was started. False: this id has run already, because an operator has reset the
        inquiry, or another case had it.
    """
    start = handoff_start(order)
    try:
        await workflow.start_child_workflow(
            "HandoffWorkflow",
            start,
            id=order.case_id,
            static_summary=summary(order.policy.desk.local(order.received_at)),
            search_attributes=of_case(Handoff.begin(start, order.received_at)),
            memo={DIGEST_MEMO: order.digest},
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            parent_close_policy=ParentClosePolicy.ABANDON,
        )
    except WorkflowAlreadyStartedError:
        workflow.logger.info("handoff.already_started", extra={"handoff_id": order.case_id})
        return False
    return True
