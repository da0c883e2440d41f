"""What Temporal keeps plain, for people to read, names no customer (INQ-7.2)."""

from collections.abc import AsyncIterator

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata

from sop import messages as m
from sop.models import Channel, Classification, Customer, FollowUpOutcome, Priority, Reception
from tests.desk import ANNA, LEADER, VERIFIED, Desk
from workflows.escalating import escalation_id

CANARY = "Quillfeather"


async def shown(desk: Desk, workflow_id: str) -> AsyncIterator[str]:
    """Yield everything that the server keeps plain, and what people see of the workflow."""
    handle = desk.handle(workflow_id)
    known = await handle.describe()
    yield f"{known.id} {known.typed_search_attributes} {known.memo}"
    yield f"{await known.static_summary()} {await known.static_details()}"
    metadata = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    yield metadata.current_details
    async for event in handle.fetch_history_events():
        yield f"{event.user_metadata}"


@pytest.mark.clause("INQ-7.2")
async def test_ids_search_attributes_summaries_details_and_pages_name_no_customer(
    desk: Desk,
) -> None:
    opening = m.InquiryOpening(
        customer=Customer(customer_id="c-2", name=CANARY, email=f"{CANARY}@example.org"),
        channel=Channel.CHAT,
        subject=CANARY,
        text=CANARY,
        reception=Reception(
            greeting=CANARY,
            listened=True,
            key_points=CANARY,
            key_points_confirmed=True,
            courteous=True,
        ),
        classification=Classification(category="complaint", priority=Priority.URGENT),
    )
    opened = await desk.cases.open(opening, actor=ANNA, key=CANARY, digest="d")
    case_id, page = opened.case_id, escalation_id(opened.case_id, "urgent", 1)
    await desk.is_paged(case_id, "team_leader")
    await desk.cases.acknowledge(
        case_id, "urgent", 1, m.Acknowledge(actor=LEADER, level=1), key=CANARY
    )
    unhappy = m.RecordFollowUp(
        actor=ANNA, outcome=FollowUpOutcome.DISSATISFIED, feedback=CANARY, satisfaction=1
    )
    await desk.do(
        case_id,
        m.AddNote(actor=ANNA, text=CANARY),
        m.WaitForCustomer(actor=ANNA, question=CANARY),
        m.CustomerReplied(actor=ANNA, text=CANARY),
        VERIFIED,
        m.Respond(actor=ANNA, text=CANARY),
        m.Resolve(actor=ANNA, resolution=CANARY, customer_confirmed=True),
        unhappy,
    )
    await desk.is_paged(case_id, "team_leader", "team_leader")
    for workflow_id in (case_id, page, escalation_id(case_id, "unresolved", 1)):
        seen = [text async for text in shown(desk, workflow_id)]
        assert any("team leader" in text for text in seen)
        assert [text for text in seen if CANARY in text] == []
    outbox = desk.reads.outbox(case_id=case_id)
    assert [message for message in outbox if CANARY in message.body] == []
