"""The registers of a case of any kind: its verification log and its reports (HOF-7.1, HOF-7.3)."""

from typing import Annotated

from fastapi import Depends
from starlette.concurrency import run_in_threadpool

from api import presenting_handoffs as show
from api.parts import Parts, require_known
from api.schemas.handoffs import Reports, Verifications
from api.shown_to import shown_to
from api.sight import on_case
from sop.models import Actor

LogReader = Annotated[Actor, Depends(on_case("read_verifications"))]
ReportReader = Annotated[Actor, Depends(on_case("read_incident_reports"))]


async def verifications(parts: Parts, actor: Actor, case_id: str) -> Verifications:
    """Return who checked the customer's identity, and how it ended.

    Which form matched is only for those who check nobody: others would learn which part failed.

    Raises:
        UnknownCaseError: There is no such case.
    """
    found = await run_in_threadpool(parts.handoffs.verifications, case_id)
    if not found:
        await require_known(parts, case_id)
    return shown_to(actor, show.verifications(parts, found))


async def reports(parts: Parts, actor: Actor, case_id: str) -> Reports:
    """Return what went another way than the procedure's.

    Raises:
        UnknownCaseError: There is no such case.
    """
    found = await run_in_threadpool(parts.handoffs.reports, case_id)
    if not found:
        await require_known(parts, case_id)
    return shown_to(actor, show.reports(parts, found))
