"""A case that is to be erased ends in order; one that stands still is terminated (HOF-5.1)."""

from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import WorkflowExecutionStatus

from runtime.devserver import DevServer
from runtime.ending import CaseEnding
from sop.models import Priority
from sop.policy import Policy
from tests.desk import Desk, a_desk, a_worker, desk, policy, server, sqlite_url
from workflows.escalating import escalation_id

__all__ = ["desk", "policy", "server"]
pytestmark = pytest.mark.clause("HOF-5.1")


async def status(desk: Desk, workflow_id: str) -> WorkflowExecutionStatus | None:
    return (await desk.handle(workflow_id).describe()).status


async def test_a_case_ends_in_order_and_its_escalation_with_it(desk: Desk) -> None:
    case_id = await desk.open("to be ended", priority=Priority.URGENT)
    await desk.is_paged(case_id, "team_leader")
    ending = CaseEnding(desk.client)
    assert await ending.end(case_id) is False
    assert await status(desk, case_id) is WorkflowExecutionStatus.COMPLETED
    await desk.handle(escalation_id(case_id, "urgent", 1)).result()
    assert "inquiry.cancelled" in await desk.kinds(case_id)
    assert await ending.end(case_id) is False  # ended before: in order, too


async def test_a_case_that_does_not_end_is_terminated_with_its_escalations(
    server: DevServer, policy: Policy, tmp_path: Path
) -> None:
    async with a_desk(server, sqlite_url(tmp_path), "away", policy, staffed=False) as desk:
        async with a_worker(desk):
            case_id = await desk.open("stands still", priority=Priority.URGENT)
            await desk.is_paged(case_id, "team_leader")
        ending = CaseEnding(desk.client, within=timedelta(seconds=1))  # and no worker runs
        assert await ending.end(case_id) is True
        page = escalation_id(case_id, "urgent", 1)
        for workflow_id in (case_id, page):
            assert await status(desk, workflow_id) is WorkflowExecutionStatus.TERMINATED


async def test_a_case_that_temporal_has_forgotten_counts_as_terminated(desk: Desk) -> None:
    assert await CaseEnding(desk.client).end("inquiry-00000000000000000000") is True
