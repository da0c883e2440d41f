"""The brief for the receiving party, as JSON and as a page that can be printed (HOF-4.2.2)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from api import presenting, presenting_handoffs
from api.dependencies import HandoffId
from api.openapi import problems
from api.pages.rendering import brief_page, content_security_policy
from api.parts import Parts, WithParts
from api.problems import ProblemError
from api.schemas.briefs import BriefView
from api.shown_to import shown_to
from api.sight import on_case
from runtime.briefing import collect_brief
from runtime.case_errors import UnknownCaseError
from sop.handoff.brief_models import Brief
from sop.models import Actor

BriefReader = Annotated[Actor, Depends(on_case("read_brief"))]

router = APIRouter(
    prefix=presenting.HANDOFFS + "/{case_id}",
    tags=["handoffs"],
    responses=problems(
        "unauthenticated", "not-allowed", "case-not-found", "invalid-request", "internal-error",
        "crm-unavailable", "temporal-unavailable",
    ),
)  # fmt: skip


@router.get(
    "/brief",
    operation_id="read_brief",
    summary="Read the brief for the receiving party",
    response_model=BriefView,
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}},
)
async def read_brief(
    case_id: HandoffId, parts: WithParts, actor: BriefReader, request: Request, response: Response
) -> BriefView | HTMLResponse:
    """Read what the receiving party must know: as JSON, or as a page where HTML is preferred."""
    brief = await _brief(parts, case_id)
    if _prefers_html(request.headers.get("accept", "")):
        return _page(parts, brief)
    response.headers["Vary"] = "Accept"
    return shown_to(actor, presenting_handoffs.brief(parts, brief))


@router.get(
    "/brief.html",
    operation_id="print_brief",
    summary="Read the brief as a page that can be printed",
    response_class=HTMLResponse,
)
async def print_brief(case_id: HandoffId, parts: WithParts, _: BriefReader) -> HTMLResponse:
    """Read the same as a page, without scripts, for a phone or for paper."""
    return _page(parts, await _brief(parts, case_id))


async def _brief(parts: Parts, case_id: str) -> Brief:
    brief = await run_in_threadpool(collect_brief, parts.handoffs, parts.reads, parts.desk, case_id)
    if brief is None:
        if not await parts.cases.exists(case_id):
            raise UnknownCaseError(case_id)
        raise ProblemError(
            "crm-unavailable",
            detail="The CRM does not have the handoff yet: repeat the request after a while.",
        )
    return brief


def _page(parts: Parts, brief: Brief) -> HTMLResponse:
    headers = {
        "Content-Security-Policy": content_security_policy(),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept",
    }
    return HTMLResponse(brief_page(brief, parts.desk), headers=headers)


def _prefers_html(accept: str) -> bool:
    """Return whether a caller names HTML, and likes nothing that could be JSON better."""
    liked = dict(map(_weighed, accept.lower().split(",")))
    html = liked.get("text/html", liked.get("text/*", 0.0))
    return html > liked.get("application/json", 0.0)


def _weighed(choice: str) -> tuple[str, float]:
    """Return a media type and its weight; a weight that is none counts as 0."""
    media, *parameters = (part.strip() for part in choice.split(";"))
    weight = next((p.removeprefix("q=") for p in parameters if p.startswith("q=")), "1")
    try:
        return media, float(weight)
    except ValueError:
        return media, 0.0
