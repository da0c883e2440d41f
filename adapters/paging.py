"""Lists in pages: the next deadline first, what has none last; a cursor says where to go on."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Select, and_, or_, true, tuple_

from sop.errors import InvalidValueError
from sop.models import Payload
from sop.records import Moment

LONGEST_PAGE = 200

Row = TypeVar("Row", bound=Mapping[str, Any])


class Position(Payload):
    """The last case of a page; the next page begins behind it."""

    next_deadline: Moment | None
    case_id: str


@dataclass(frozen=True, slots=True)
class ByDeadline:
    """The order of a list of cases of one kind, and its pages.

    Attributes:
        deadline: The column of the next deadline.
        case_id: The column of the id, which settles what is due at once.
    """

    deadline: Column[Any]
    case_id: Column[Any]

    def page(self, query: Select[Any], cursor: str | None, limit: int) -> Select[Any]:
        """Return what reads a page, and one row more if there is another page.

        Raises:
            InvalidValueError: The cursor is none of ours.
        """
        behind = self._behind(_position(cursor)) if cursor else true()
        return (
            query.where(behind)
            .order_by(self.deadline.asc().nulls_last(), self.case_id)
            .limit(size_of_page(limit) + 1)
        )

    def cut(self, rows: Sequence[Row], limit: int) -> tuple[Sequence[Row], str | None]:
        """Return the rows of the page, and where the next one begins; None after the last."""
        size = size_of_page(limit)
        page = rows[:size]
        return page, self._cursor(page[-1]) if len(rows) > size else None

    def _behind(self, last: Position) -> ColumnElement[bool]:
        without_deadline = self.deadline.is_(None)
        if last.next_deadline is None:
            return and_(without_deadline, self.case_id > last.case_id)
        position = tuple_(self.deadline, self.case_id)
        return or_(position > (last.next_deadline, last.case_id), without_deadline)

    def _cursor(self, last: Mapping[str, Any]) -> str:
        position = Position(next_deadline=last[self.deadline.name], case_id=last[self.case_id.name])
        return base64.urlsafe_b64encode(position.model_dump_json().encode()).decode().rstrip("=")


def size_of_page(limit: int) -> int:
    """Return how many rows a page has; no more than LONGEST_PAGE."""
    return min(max(limit, 1), LONGEST_PAGE)


def _position(cursor: str) -> Position:
    try:
        return Position.model_validate_json(base64.urlsafe_b64decode(f"{cursor}=="))
    except ValueError:
        raise InvalidValueError(
            "The cursor is not one that a list has returned. Begin again without it."
        ) from None
