"""What the API and the command line read of handoffs from the CRM. A read wakes no workflow.

Timelines and escalations are those of every case: `adapters.crm_reads` has them.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select

from adapters.database import Database
from adapters.handoff_tables import handoff_confirmations, handoffs, verification_log
from adapters.incident_tables import incident_reports
from adapters.paging import LONGEST_PAGE, ByDeadline
from adapters.restrictions import unrestricted
from adapters.tables import customers
from sop.handoff.records import HandoffDetail, HandoffFilter, HandoffPage, HandoffSummary
from sop.models import Customer
from sop.registers import HandoffConfirmation, IncidentReport, VerificationRecord

_SHOWN_IN_LISTS = [column for column in handoffs.columns if column.name not in {"text", "brief"}]
_ORDER = ByDeadline(handoffs.c.next_deadline, handoffs.c.handoff_id)
_EQUAL = ("stage", "receiving_party", "assignee", "inquiry_id", "customer_id")


class HandoffReads:
    """Handoffs and their registers as values; every method raises CrmUnavailableError.

    The registers are those of any case: an inquiry has a verification log and reports, too.
    """

    def __init__(self, database: Database) -> None:
        """Read from a database."""
        self._database = database

    def handoff(self, handoff_id: str) -> HandoffDetail | None:
        """Return a handoff with its texts and customer; None if there is none."""
        query = select(handoffs, customers).join(customers)
        found = self._rows(query.where(handoffs.c.handoff_id == handoff_id))
        return next(map(_detail, found), None)

    def receiving_party(self, handoff_id: str) -> str | None:
        """Return whose handoff it is now; None if the CRM has none of this id."""
        query = select(handoffs.c.receiving_party).where(handoffs.c.handoff_id == handoff_id)
        return next((row["receiving_party"] for row in self._rows(query)), None)

    def handoffs(
        self, wanted: HandoffFilter, *, cursor: str | None = None, limit: int = LONGEST_PAGE
    ) -> HandoffPage:
        """Return a page of handoffs: the next deadline first, those without one last.

        Args:
            wanted: Which handoffs.
            cursor: `next_cursor` of the page before.
            limit: Handoffs on the page; no more than LONGEST_PAGE.

        Raises:
            InvalidValueError: The cursor is none of ours.
        """
        query = select(*_SHOWN_IN_LISTS).where(*_wanted(wanted))
        rows, following = _ORDER.cut(self._rows(_ORDER.page(query, cursor, limit)), limit)
        return HandoffPage(handoffs=tuple(map(_summary, rows)), next_cursor=following)

    def of_inquiry(self, inquiry_id: str) -> tuple[HandoffSummary, ...]:
        """Return the handoffs that were opened from an inquiry, the oldest first."""
        query = select(*_SHOWN_IN_LISTS).where(handoffs.c.inquiry_id == inquiry_id)
        query = query.where(unrestricted(handoffs.c.handoff_id))
        order = (handoffs.c.received_at, handoffs.c.handoff_id)
        return tuple(map(_summary, self._rows(query.order_by(*order))))

    def confirmations(self, case_id: str) -> tuple[HandoffConfirmation, ...]:
        """Return the confirmations of a handoff, one for each transfer that ended (HOF-7.2)."""
        line = handoff_confirmations.c
        query = select(handoff_confirmations).where(line.case_id == case_id)
        rows = self._rows(query.order_by(line.confirmed_at, line.confirmation_id))
        return tuple(HandoffConfirmation.model_validate(dict(row)) for row in rows)

    def verifications(self, case_id: str) -> tuple[VerificationRecord, ...]:
        """Return the customer verification log of a case, the oldest line first (HOF-7.1)."""
        line = verification_log.c
        query = select(verification_log).where(line.case_id == case_id)
        rows = self._rows(query.order_by(line.at, line.version, line.verification_id))
        return tuple(VerificationRecord.model_validate(dict(row)) for row in rows)

    def reports(self, case_id: str) -> tuple[IncidentReport, ...]:
        """Return the exception and incident reports of a case, the oldest first (HOF-7.3)."""
        line = incident_reports.c
        query = select(incident_reports).where(line.case_id == case_id)
        rows = self._rows(query.order_by(line.at, line.report_id))
        return tuple(IncidentReport.model_validate(dict(row)) for row in rows)

    def _rows(self, query: Select[Any]) -> list[dict[str, Any]]:
        return self._database.rows(query)


def _summary(row: Mapping[str, Any]) -> HandoffSummary:
    return HandoffSummary.model_validate(dict(row))


def _detail(row: Mapping[str, Any]) -> HandoffDetail:
    customer = Customer.model_validate(dict(row))
    return HandoffDetail.model_validate({**row, "customer": customer})


def _wanted(wanted: HandoffFilter) -> list[ColumnElement[bool]]:
    conditions = [
        handoffs.c[name] == value for name in _EQUAL if (value := getattr(wanted, name)) is not None
    ]
    conditions.append(unrestricted(handoffs.c.handoff_id))
    if wanted.visible_to is not None:
        conditions.append(handoffs.c.offered_to == wanted.visible_to)
    if wanted.own_of is not None:
        own = (handoffs.c.opened_by == wanted.own_of, handoffs.c.carrier == wanted.own_of)
        conditions.append(or_(*own))
    if wanted.due_before is not None:
        conditions.append(handoffs.c.next_deadline < wanted.due_before)
    if wanted.open_only:
        conditions.append(handoffs.c.closed_at.is_(None))
    return conditions
