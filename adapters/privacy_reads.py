"""What the API and the command line read of privacy requests. A read wakes no workflow."""

from typing import Any

from sqlalchemy import ColumnElement, Select, select

from adapters.database import Database
from adapters.paging import LONGEST_PAGE, ByDeadline
from adapters.privacy_tables import privacy_requests
from sop.privacy.records import PrivacyDetail, PrivacyFilter, PrivacyPage

_REQUESTS = ByDeadline(privacy_requests.c.next_deadline, privacy_requests.c.request_id)


class PrivacyReads:
    """Privacy requests as values; every method raises CrmUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Read from a database."""
        self._database = database

    def request(self, request_id: str) -> PrivacyDetail | None:
        """Return a request; None if there is none."""
        query = select(privacy_requests).where(privacy_requests.c.request_id == request_id)
        return next(map(_detail, self._rows(query)), None)

    def requests(
        self, wanted: PrivacyFilter, *, cursor: str | None = None, limit: int = LONGEST_PAGE
    ) -> PrivacyPage:
        """Return a page of requests: the next deadline first, those without one last.

        Args:
            wanted: Which requests.
            cursor: `next_cursor` of the page before.
            limit: Requests on the page; no more than LONGEST_PAGE.

        Raises:
            InvalidValueError: The cursor is none of ours.
        """
        query = select(privacy_requests).where(*_wanted(wanted))
        rows, following = _REQUESTS.cut(self._rows(_REQUESTS.page(query, cursor, limit)), limit)
        return PrivacyPage(requests=tuple(map(_detail, rows)), next_cursor=following)

    def _rows(self, query: Select[Any]) -> list[dict[str, Any]]:
        return self._database.rows(query)


def _detail(row: dict[str, Any]) -> PrivacyDetail:
    return PrivacyDetail.model_validate(row)


def _wanted(wanted: PrivacyFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.kind is not None:
        conditions.append(privacy_requests.c.kind == str(wanted.kind))
    if wanted.customer_id is not None:
        conditions.append(privacy_requests.c.customer_id == wanted.customer_id)
    if wanted.open_only:
        conditions.append(privacy_requests.c.closed_at.is_(None))
    return conditions
