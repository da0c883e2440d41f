"""What operations read in the Temporal UI: the card, the lists, and what is waited for."""

from typing import Any

from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.common import SearchAttributeKey
from temporalio.converter import WorkflowSerializationContext

from sop import messages as m
from tests.desk import ANNA, QUALITY, RESOLVED, VERIFIED, Desk, eventually
from workflows import search_attributes as index
from workflows.escalating import escalation_id


async def card(desk: Desk, workflow_id: str) -> str:
    """Return what the UI shows beside a workflow."""
    query = "__temporal_workflow_metadata"
    metadata: WorkflowMetadata = await desk.handle(workflow_id).query(
        query, result_type=WorkflowMetadata
    )
    return str(metadata.current_details)


async def listed(desk: Desk, workflow_id: str, key: SearchAttributeKey[Any]) -> Any:
    """Return what the lists show of a workflow."""
    return (await desk.handle(workflow_id).describe()).typed_search_attributes.get(key)


async def summaries(desk: Desk, workflow_id: str) -> dict[str, str]:
    """Return the summary of the last event of each kind that has one."""
    history = await desk.handle(workflow_id).fetch_history()
    context = WorkflowSerializationContext(namespace=desk.client.namespace, workflow_id=workflow_id)
    converter = desk.client.data_converter.with_context(context)
    told = {}
    for event in history.events:
        if event.user_metadata.HasField("summary"):
            kind = str(event.WhichOneof("attributes")).removesuffix("_event_attributes")
            [told[kind]] = await converter.decode([event.user_metadata.summary], [str])
    return told


async def test_the_card_of_a_case_says_what_it_waits_for_until_when_and_what_to_do(
    desk: Desk,
) -> None:
    case_id = await desk.open("card", category="complaint")
    await desk.do(case_id, m.AddNote(actor=ANNA, text="Called back."))
    case = desk.reads.case(case_id)
    assert case is not None
    assert case.next_deadline is not None
    due = desk.cases.policy.case.desk.local(case.next_deadline)
    said = await card(desk, case_id)
    assert f"**Next deadline:** complaint: to the quality manager, {due}" in said
    assert "**Held by:** anna" in said
    assert "Verify the customer" in said
    assert "INQ-4.3.2" in said
    waits = await summaries(desk, case_id)
    assert waits["timer_started"] == "complaint: warning to the holder"
    assert waits["workflow_execution_started"].startswith("Inquiry by phone, received ")


async def test_the_lists_follow_a_case_from_its_opening_to_its_escalation(desk: Desk) -> None:
    case_id = await desk.open("listed", category="complaint")
    assert await listed(desk, case_id, index.CASE_STAGE) == "categorised"
    assert await listed(desk, case_id, index.CASE_ASSIGNEE) == "anna"
    assert await listed(desk, case_id, index.CASE_ESCALATION_LEVEL) == 0
    first = await listed(desk, case_id, index.CASE_NEXT_DEADLINE)

    await desk.do(case_id, VERIFIED, m.Assign(actor=ANNA, assignee="ben"))

    async def moved() -> bool:
        return bool(await listed(desk, case_id, index.CASE_ASSIGNEE) == "ben")

    await eventually(moved)
    assert await listed(desk, case_id, index.CASE_STAGE) == "in_progress"
    await desk.time_passes(case_id, hours=12)
    await desk.is_paged(case_id, "quality_manager")

    async def escalated() -> bool:
        return bool(await listed(desk, case_id, index.CASE_ESCALATION_LEVEL) == 1)

    await eventually(escalated)
    assert await listed(desk, case_id, index.CASE_NEXT_DEADLINE) > first
    await desk.do(case_id, RESOLVED)

    async def over() -> bool:
        return bool(await listed(desk, case_id, index.CASE_ESCALATION_LEVEL) == 0)

    await eventually(over)


async def test_an_escalation_says_whom_it_pages_and_what_its_timer_means(desk: Desk) -> None:
    case_id = await desk.open("escalation shown", category="complaint")
    await desk.time_passes(case_id, hours=12)
    await desk.is_paged(case_id, "quality_manager")
    page = escalation_id(case_id, "complaint", 1)
    taken = m.Acknowledge(actor=QUALITY, level=1)
    assert "Acknowledge it as quality manager, level 1." in await card(desk, page)
    shown = await summaries(desk, page)
    assert shown["workflow_execution_started"] == "complaint: to the quality manager"
    assert shown["activity_task_scheduled"] == "Page 1 to the quality manager"
    assert shown["timer_started"] == "page the quality manager again, or go up the chain"
    await desk.cases.acknowledge(case_id, "complaint", 1, taken, key=None)
    assert "**Held by:** quinn" in await card(desk, page)
