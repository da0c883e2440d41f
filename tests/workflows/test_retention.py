"""What Temporal forgets after its retention, the CRM still knows."""

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest

from runtime.case_errors import CaseEndedError, KeyReusedError
from sop import messages as m
from sop.models import Channel, Customer
from tests.desk import ANNA, Desk, eventually


async def test_a_case_that_temporal_has_forgotten_is_still_closed_and_its_key_still_used(
    desk: Desk,
) -> None:
    opening = m.InquiryOpening(
        customer=Customer(customer_id="c-3"), channel=Channel.EMAIL, subject="s", text="t"
    )
    first = await desk.cases.open(opening, actor=ANNA, key="forgotten", digest="a")
    await desk.do(first.case_id, m.Withdraw(actor=ANNA, reason="Settled."))
    await desk.handle(first.case_id).result()
    await desk.client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(
            namespace=desk.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=first.case_id),
        )
    )

    async def forgotten() -> bool:
        return not await desk.cases.exists(first.case_id)

    await eventually(forgotten, within=60)
    with pytest.raises(CaseEndedError):
        await desk.do(first.case_id, m.AddNote(actor=ANNA, text="Too late."))
    again = await desk.cases.open(opening, actor=ANNA, key="forgotten", digest="a")
    assert (again.created, again.case_id) == (False, first.case_id)
    with pytest.raises(KeyReusedError):
        await desk.cases.open(opening, actor=ANNA, key="forgotten", digest="b")
