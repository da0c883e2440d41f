"""What the CRM knows of the cases to which keys belong: whether there are such, and whose."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import RowMapping, Select

from adapters.access_facts import facts_of_many, to_facts
from adapters.database import Database
from sop.object_rules import ObjectFacts, ObjectKind, object_kind


class KeyOwners:
    """Tells what is known of keys' owners."""

    def __init__(self, database: Database) -> None:
        """Read from a database."""
        self._database = database

    def facts(self, owners: Collection[str]) -> Mapping[str, ObjectFacts]:
        """Return what is known of each case; those of which nothing is known are left out.

        One statement for each kind of case.

        Raises:
            CrmUnavailableError: There was no answer.
        """
        by_kind: dict[ObjectKind, list[str]] = defaultdict(list)
        for owner in owners:
            kind = object_kind(owner)
            if kind is not None:
                by_kind[kind].append(owner)
        known: dict[str, ObjectFacts] = {}
        for kind, ids in by_kind.items():
            rows = self._rows(facts_of_many(kind, ids))
            known |= {row["owner"]: to_facts(kind, dict(row)) for row in rows}
        return known

    def _rows(self, query: Select[Any]) -> list[RowMapping]:
        return self._database.read(lambda connection: list(connection.execute(query).mappings()))
