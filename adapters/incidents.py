"""The embedded incident management system: a table that says what was filed, and as what."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select

from activities.ports import CrmUnavailableError, IncidentsUnavailableError
from adapters.database import Database
from adapters.incident_tables import filed_reports
from sop.registers import IncidentReport

_now = partial(datetime.now, UTC)


class FiledReports:
    """Which reports were filed, and what each is called where it was."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = _now) -> None:
        """Write to a database; `clock` gives the moment of filing."""
        self._database = database
        self._clock = clock
        self._once = database.insert(filed_reports).on_conflict_do_nothing()

    def find(self, report_id: str) -> str | None:
        """Return a report's reference; None where it was not filed.

        Raises:
            IncidentsUnavailableError: The database did not answer; trying again may work.
        """
        try:
            return _reference(self._database.rows(_filed_as(report_id)))
        except CrmUnavailableError as error:
            raise IncidentsUnavailableError(str(error)) from None

    def note(self, report_id: str, reference: str) -> str:
        """Note a report as filed, once; return the reference that stands.

        Raises:
            IncidentsUnavailableError: The database did not answer; trying again may work.
        """
        row = {"report_id": report_id, "reference": reference, "filed_at": self._clock()}
        query = _filed_as(report_id)
        try:
            sealed = self._database.sealing.seal(filed_reports, row)

            def write(connection: Connection) -> Sequence[RowMapping]:
                connection.execute(self._once, sealed)
                return connection.execute(query).mappings().all()

            found = self._database.sealing.open(query, self._database.write(write))
            return _reference(found) or reference
        except CrmUnavailableError as error:
            raise IncidentsUnavailableError(str(error)) from None


class SqlIncidents:
    """Implements `activities.ports.IncidentPort`."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = _now) -> None:
        """Write to a database; `clock` gives the moment of filing."""
        self._filed = FiledReports(database, clock)

    def file(self, report: IncidentReport) -> str:
        """File a report, once per `report_id`; its reference follows from that.

        Raises:
            IncidentsUnavailableError: The database did not answer; trying again may work.
        """
        mark = hashlib.sha256(report.report_id.encode()).hexdigest()[:12].upper()
        return self._filed.note(report.report_id, f"INC-{mark}")


def _filed_as(report_id: str) -> Select[Any]:
    return select(filed_reports).where(filed_reports.c.report_id == report_id)


def _reference(rows: Sequence[Mapping[str, Any]]) -> str | None:
    return next((str(row["reference"]) for row in rows), None)
