"""What the API and the command line read of incidents and reports. A read wakes no workflow.

Timelines and escalations are those of every case: `adapters.crm_reads` has them.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select

from adapters.database import Database
from adapters.incident_tables import filed_reports, incident_reports, incidents
from adapters.paging import LONGEST_PAGE, ByDeadline
from adapters.restrictions import unrestricted
from sop.incident.records import (
    FiledReport,
    IncidentDetail,
    IncidentFilter,
    IncidentPage,
    ReportFilter,
    ReportPage,
)

_INCIDENTS = ByDeadline(incidents.c.next_deadline, incidents.c.incident_id)
_REPORTS = ByDeadline(incident_reports.c.at, incident_reports.c.report_id)


class IncidentReads:
    """Incidents and reports as values; every method raises CrmUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Read from a database."""
        self._database = database

    def incident(self, incident_id: str) -> IncidentDetail | None:
        """Return an incident; None if there is none."""
        query = select(incidents).where(incidents.c.incident_id == incident_id)
        return next(map(_incident, self._rows(query)), None)

    def incidents(
        self, wanted: IncidentFilter, *, cursor: str | None = None, limit: int = LONGEST_PAGE
    ) -> IncidentPage:
        """Return a page of incidents: the next deadline first, those without one last.

        Args:
            wanted: Which incidents.
            cursor: `next_cursor` of the page before.
            limit: Incidents on the page; no more than LONGEST_PAGE.

        Raises:
            InvalidValueError: The cursor is none of ours.
        """
        query = select(incidents).where(*_wanted_incidents(wanted))
        rows, following = _INCIDENTS.cut(self._rows(_INCIDENTS.page(query, cursor, limit)), limit)
        return IncidentPage(incidents=tuple(map(_incident, rows)), next_cursor=following)

    def reports(
        self, wanted: ReportFilter, *, cursor: str | None = None, limit: int = LONGEST_PAGE
    ) -> ReportPage:
        """Return a page of reports with their references, the oldest first (HOF-7.3).

        Args:
            wanted: Which reports.
            cursor: `next_cursor` of the page before.
            limit: Reports on the page; no more than LONGEST_PAGE.

        Raises:
            InvalidValueError: The cursor is none of ours.
        """
        query = (
            select(incident_reports, filed_reports)
            .outerjoin(filed_reports, filed_reports.c.report_id == incident_reports.c.report_id)
            .where(*_wanted_reports(wanted))
        )
        rows, following = _REPORTS.cut(self._rows(_REPORTS.page(query, cursor, limit)), limit)
        return ReportPage(reports=tuple(map(_report, rows)), next_cursor=following)

    def _rows(self, query: Select[Any]) -> list[dict[str, Any]]:
        return self._database.rows(query)


def _incident(row: Mapping[str, Any]) -> IncidentDetail:
    return IncidentDetail.model_validate(dict(row))


def _report(row: Mapping[str, Any]) -> FiledReport:
    return FiledReport.model_validate(dict(row))


def _wanted_incidents(wanted: IncidentFilter) -> list[ColumnElement[bool]]:
    conditions = [unrestricted(incidents.c.incident_id)]
    if wanted.case_id is not None:
        conditions.append(incidents.c.case_id == wanted.case_id)
    if wanted.open_only:
        conditions.append(incidents.c.closed_at.is_(None))
    return conditions


def _wanted_reports(wanted: ReportFilter) -> list[ColumnElement[bool]]:
    report, conditions = incident_reports.c, [unrestricted(incident_reports.c.case_id)]
    if wanted.kind is not None:
        conditions.append(report.kind == str(wanted.kind))
    if wanted.case_id is not None:
        # A breach is reported by its incident, which says in which case it happened.
        breaches = select(incidents.c.incident_id).where(incidents.c.case_id == wanted.case_id)
        conditions.append(or_(report.case_id == wanted.case_id, report.case_id.in_(breaches)))
    if wanted.at_from is not None:
        conditions.append(report.at >= wanted.at_from)
    if wanted.at_before is not None:
        conditions.append(report.at < wanted.at_before)
    return conditions
