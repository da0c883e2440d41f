"""What the CRM knows of the cases to which keys belong: whether there are such, and whose."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Column, RowMapping, Select, select

from adapters.database import Database
from adapters.handoff_tables import handoffs
from adapters.incident_tables import incidents
from adapters.staff_tables import duties
from adapters.tables import cases
from sop.decoding import OwnerFacts

_IDS: Mapping[str, Column[Any]] = {
    "inquiry": cases.c.case_id,
    "handoff": handoffs.c.handoff_id,
    "incident": incidents.c.incident_id,
    "duty": duties.c.duty_id,
}
_OF_A_DUTY = (duties.c.assignee, duties.c.holder, duties.c.about, duties.c.role)


class KeyOwners:
    """Tells what is known of keys' owners."""

    def __init__(self, database: Database) -> None:
        """Read from a database."""
        self._database = database

    def facts(self, owners: Collection[str]) -> Mapping[str, OwnerFacts]:
        """Return what is known of each case; those of which nothing is known are left out.

        One statement for each kind of case.

        Raises:
            CrmUnavailableError: There was no answer.
        """
        known: dict[str, OwnerFacts] = {}
        for kind, column in _IDS.items():
            ids = [owner for owner in owners if owner.partition("-")[0] == kind]
            if not ids:
                continue
            more = _OF_A_DUTY if kind == "duty" else ()
            query = select(column.label("owner"), *more).where(column.in_(ids))
            known |= {row["owner"]: _facts(row) for row in self._rows(query)}
        return known

    def _rows(self, query: Select[Any]) -> list[RowMapping]:
        return self._database.read(lambda connection: list(connection.execute(query).mappings()))


def _facts(row: RowMapping) -> OwnerFacts:
    people = frozenset(
        row[name] for name in ("assignee", "holder", "about") if row.get(name) is not None
    )
    return OwnerFacts(owner=row["owner"], people=people, role=row.get("role"))
