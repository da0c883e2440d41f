"""The access log: who was shown what (INQ-7.2, HOF-5.3)."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.dependencies import permitted
from api.openapi import problems
from api.parts import WithParts
from api.schemas import access_log as s
from api.schemas.inquiries import PageLinks
from api.schemas.values import shown
from api.shown_to import shown_to
from sop.access_log import AccessFilter
from sop.models import Actor

PATH = "/v1/access-log"

router = APIRouter(
    tags=["access log"],
    responses=problems(
        "unauthenticated", "not-allowed", "invalid-request", "invalid-value", "internal-error",
        "crm-unavailable",
    ),
)  # fmt: skip


@router.get(PATH, operation_id="read_access_log", summary="Read who was shown what")
async def read_access_log(
    query: Annotated[s.AccessLogQuery, Query()],
    parts: WithParts,
    actor: Annotated[Actor, Depends(permitted("read_access_log"))],
    request: Request,
    response: Response,
) -> s.AccessLogPage:
    """List whose payloads the codec server has shown to whom, and who fetched which export."""
    wanted = AccessFilter(
        owner=query.case_id, principal=query.principal, since=query.since, before=query.before
    )
    found = await run_in_threadpool(
        parts.access_log.page, wanted, cursor=query.cursor, limit=query.limit
    )
    following = None
    if found.next_cursor is not None:
        following = f"{PATH}?{urlencode({**request.query_params, 'cursor': found.next_cursor})}"
        response.headers["Link"] = f'<{following}>; rel="next"'
    page = s.AccessLogPage(
        entries=[s.AccessEntryView.model_validate(shown(e, parts.desk)) for e in found.entries],
        next_cursor=found.next_cursor,
        links=PageLinks(next=following),
    )
    return shown_to(actor, page)
