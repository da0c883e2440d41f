"""The embedded incident management system: a table that says what was filed, and as what."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Connection

from activities.ports import CrmUnavailableError, IncidentsUnavailableError
from adapters.database import Database
from adapters.incident_tables import filed_reports
from sop.registers import IncidentReport

_now = partial(datetime.now, UTC)


class SqlIncidents:
    """Implements `activities.ports.IncidentPort`."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = _now) -> None:
        """Write to a database; `clock` gives the moment of filing."""
        self._database = database
        self._clock = clock
        self._once = database.insert(filed_reports).on_conflict_do_nothing()

    def file(self, report: IncidentReport) -> str:
        """File a report, once per `report_id`; its reference follows from that.

        Raises:
            IncidentsUnavailableError: The database did not answer; trying again may work.
        """
        mark = hashlib.sha256(report.report_id.encode()).hexdigest()[:12].upper()
        reference = f"INC-{mark}"
        row = {
            "report_id": report.report_id,
            "reference": reference,
            "filed_at": self._clock(),
        }

        def write(connection: Connection) -> None:
            connection.execute(self._once, row)

        try:
            self._database.write(write)
        except CrmUnavailableError as error:
            raise IncidentsUnavailableError(str(error)) from None
        return reference
