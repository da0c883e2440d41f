"""What the CRM shows of incidents and reports: values for the API and the command line."""

from pydantic import AwareDatetime

from sop.incident.models import IncidentRow
from sop.models import Payload
from sop.records import Moment
from sop.registers import IncidentReport, ReportKind


class IncidentDetail(IncidentRow):
    """An incident as the CRM has it.

    Attributes:
        opened_at: Workflow time of the flush that opened it.
        updated_at: Workflow time of the flush that wrote what is shown.
    """

    opened_at: AwareDatetime
    updated_at: AwareDatetime


class IncidentFilter(Payload):
    """Which incidents a list shows; None leaves a property open.

    Attributes:
        case_id: Only those that happened in this inquiry or handoff.
        open_only: Without the closed ones.
    """

    case_id: str | None = None
    open_only: bool = False


class IncidentPage(Payload):
    """One page of a list. `next_cursor` is opaque; None after the last page."""

    incidents: tuple[IncidentDetail, ...]
    next_cursor: str | None = None


class FiledReport(IncidentReport):
    """An exception or incident report, and what became of it (HOF-7.3).

    Attributes:
        reference: What the incident management system calls it; None while it is not filed.
    """

    reference: str | None = None
    filed_at: AwareDatetime | None = None


class ReportFilter(Payload):
    """Which reports a list shows; None leaves a property open.

    Attributes:
        case_id: Those of a case, and of the incidents that happened in it.
        at_from, at_before: Written in this span of time.
    """

    kind: ReportKind | None = None
    case_id: str | None = None
    at_from: Moment | None = None
    at_before: Moment | None = None


class ReportPage(Payload):
    """One page of a list. `next_cursor` is opaque; None after the last page."""

    reports: tuple[FiledReport, ...]
    next_cursor: str | None = None
