"""What is kept for the law's sake only: the desk reads it no more (HOF-5.1, HOF-5.3)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, select

from adapters.database import Database
from adapters.privacy_tables import restrictions


def unrestricted(case_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether a list may show a case: it is not restricted."""
    return ~exists().where(restrictions.c.case_id == case_id)


class Restrictions:
    """Implements `activities.privacy_ports.RestrictPort`, and answers the API."""

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

    def is_restricted(self, case_id: str) -> bool:
        """Return whether the desk may not read a case.

        Raises:
            CrmUnavailableError: Nobody can say now.
        """
        query = select(restrictions.c.case_id).where(restrictions.c.case_id == case_id)
        return self._database.read(lambda connection: connection.execute(query).first() is not None)
