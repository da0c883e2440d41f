"""What the desk as a whole has: open tasks, and the policy in force."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool

from api import presenting
from api.dependencies import Reader
from api.openapi import problems
from api.parts import WithParts
from api.schemas.desk import PolicyView, TaskList, TaskQuery

router = APIRouter(
    prefix="/v1",
    tags=["desk"],
    responses=problems("unauthenticated", "not-allowed", "internal-error", "crm-unavailable"),
)


@router.get(
    "/tasks",
    operation_id="list_tasks",
    summary="List the open tasks",
    responses=problems("invalid-request"),
)
async def list_tasks(query: Annotated[TaskQuery, Query()], parts: WithParts, _: Reader) -> TaskList:
    """List the follow-up calls that are to be made, by the moment at which they are due."""
    records = await run_in_threadpool(lambda: parts.reads.tasks(assignee=query.assignee))
    return presenting.tasks(parts, records)


@router.get("/policy", operation_id="read_policy", summary="Read the policy in force")
async def read_policy(parts: WithParts, _: Reader) -> PolicyView:
    """Read the escalation matrices and the other numbers under which new cases begin."""
    return presenting.policy(parts.cases.policy)
