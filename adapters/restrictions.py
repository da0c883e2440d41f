"""What is kept for the law's sake only: the desk reads it no more (HOF-5.1, HOF-5.3)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_

from adapters.database import Database
from adapters.privacy_tables import restrictions


def restricted(*case_ids: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether one of these cases is restricted."""
    return or_(*(exists().where(restrictions.c.case_id == case_id) for case_id in case_ids))


def unrestricted(*case_ids: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether a list may show a case: none of these is restricted."""
    return and_(*(~restricted(case_id) for case_id in case_ids))


class Restrictions:
    """Implements `activities.privacy_ports.RestrictPort`."""

    def __init__(self, database: Database) -> None:
        """Work on the CRM's database."""
        self._database = database

    def restrict(self, request_id: str, case_ids: Collection[str], at: datetime) -> None:
        """Restrict cases, once; it ends when nothing is left of a case.

        Raises:
            CrmUnavailableError: Try again.
        """
        rows = [
            {"case_id": case_id, "request_id": request_id, "since": at}
            for case_id in sorted(set(case_ids))
        ]
        if rows:
            insert = self._database.insert(restrictions).on_conflict_do_nothing()
            self._database.write(lambda connection: connection.execute(insert, rows))
