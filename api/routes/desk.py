"""What the desk as a whole has: open tasks, and the policy in force."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool

from api import presenting
from api.dependencies import permitted
from api.openapi import problems
from api.parts import WithParts
from api.schemas.desk import PolicyView, TaskList, TaskQuery
from api.shown_to import shown_to
from sop.access import is_bound
from sop.models import Actor

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
async def list_tasks(
    query: Annotated[TaskQuery, Query()],
    parts: WithParts,
    actor: Annotated[Actor, Depends(permitted("read_tasks"))],
) -> TaskList:
    """List what people must do, by the moment at which it is due. A service sees its own cases'."""
    own = actor.principal if is_bound(actor, "read_tasks") else None
    records = await run_in_threadpool(
        lambda: parts.reads.tasks(assignee=query.assignee, own_of=own)
    )
    return shown_to(actor, presenting.tasks(parts, records))


@router.get("/policy", operation_id="read_policy", summary="Read the policy in force")
async def read_policy(
    parts: WithParts, _: Annotated[Actor, Depends(permitted("read_policy"))]
) -> PolicyView:
    """Read the escalation matrices and the other numbers under which new cases begin."""
    return presenting.policy(parts.cases.policy)
