"""Incidents and reports as the API shows them."""

from urllib.parse import urlencode

from fastapi import Request

from api import presenting
from api.parts import Parts
from api.schemas import incidents as s
from api.schemas.inquiries import PageLinks
from api.schemas.steps import IncidentReceipt
from api.schemas.values import shown
from sop import messages
from sop.incident import records


def detail(parts: Parts, record: records.IncidentDetail) -> s.IncidentDetail:
    """Return an incident, whole."""
    return s.IncidentDetail.model_validate(_shown(parts, record))


def unrecorded(parts: Parts, incident_id: str) -> s.UnrecordedIncident:
    """Return an incident that the CRM does not have yet."""
    links = presenting.links(parts, incident_id)
    return s.UnrecordedIncident(incident_id=incident_id, links=links)


def page(parts: Parts, request: Request, found: records.IncidentPage) -> s.IncidentPage:
    """Return a page of incidents with the way to the next one."""
    return s.IncidentPage(
        incidents=[
            s.IncidentSummary.model_validate(_shown(parts, each)) for each in found.incidents
        ],
        next_cursor=found.next_cursor,
        links=_next(request, presenting.INCIDENTS, found.next_cursor),
    )


def reports(parts: Parts, request: Request, found: records.ReportPage) -> s.FiledReportPage:
    """Return a page of reports with the way to the next one."""
    return s.FiledReportPage(
        reports=[s.FiledReportView.model_validate(shown(r, parts.desk)) for r in found.reports],
        next_cursor=found.next_cursor,
        links=_next(request, presenting.INCIDENT_REPORTS, found.next_cursor),
    )


def receipt(parts: Parts, answer: messages.Receipt) -> IncidentReceipt:
    """Return what a step did."""
    return IncidentReceipt.model_validate(shown(answer, parts.desk))


def _next(request: Request, path: str, cursor: str | None) -> PageLinks:
    query = {**request.query_params, "cursor": cursor} if cursor else {}
    return PageLinks(next=f"{path}?{urlencode(query)}" if cursor else None)


def _shown(parts: Parts, record: records.IncidentDetail) -> dict[str, object]:
    return {
        **shown(record, parts.desk),
        "actions": [shown(action, parts.desk) for action in record.actions],
        "links": presenting.links(parts, record.incident_id),
    }
