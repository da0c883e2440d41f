"""Which columns are sealed, and whose key seals a row: marks for the tables, no cryptography.

A column that holds a person's data or free text is marked with `info=SEALED`, and its table says
by `info=of_...` to whom its rows belong. `docs/adr/0020-sealed-columns.md` has the whole list, and
what stays plain with the reason.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Column, Table

from sop.keys import STAFF, RecordClass, class_of, customer_owner

SEALED = {"sealed": True}
"""The mark of a column: it is stored as `adapters.sealing` writes it, if it is not empty."""

_OWNERSHIP = "ownership"


@dataclass(frozen=True, slots=True)
class Ownership:
    """Whose key seals the rows of a table.

    Attributes:
        column: What of a row says whose it is; None: all rows are the house's own.
        owner: Returns the owner's name in `sop.keys` from that column's value.
        record_class: None: the class of the owner's own record.
        likely_new: The key is likely to be made when a row is written.
    """

    column: str | None
    owner: Callable[[str], str] = str
    record_class: RecordClass | None = None
    likely_new: bool = False

    def of(self, row: Mapping[str, Any]) -> tuple[str, RecordClass]:
        """Return the owner of a row, and the class of its key."""
        owner = STAFF if self.column is None else self.owner(row[self.column])
        return owner, self.record_class or class_of(owner)


def of_case(column: str = "case_id", record_class: RecordClass | None = None) -> dict[str, Any]:
    """Return the mark of a table whose rows belong to the case that a column names."""
    return {_OWNERSHIP: Ownership(column, record_class=record_class)}


def of_report(column: str = "report_id") -> dict[str, Any]:
    """Return the mark of a table about reports, whose ids begin with their case's."""
    return {_OWNERSHIP: Ownership(column, _case_of_report, RecordClass.INCIDENT)}


def of_customer(column: str = "customer_id") -> dict[str, Any]:
    """Return the mark of a table whose rows are customers' own, whatever cases they have."""
    return {_OWNERSHIP: Ownership(column, customer_owner, likely_new=True)}


def of_the_house() -> dict[str, Any]:
    """Return the mark of a table of the staff and of receiving parties, which no case owns."""
    return {_OWNERSHIP: Ownership(None)}


def _case_of_report(report_id: str) -> str:
    return report_id.partition("/")[0]


def ownership(table: Table) -> Ownership:
    """Return to whom the rows of a table with sealed columns belong."""
    found = table.info[_OWNERSHIP]
    if not isinstance(found, Ownership):
        raise TypeError(f"{table.name} does not say whose its rows are")
    return found


def is_sealed(column: Column[Any]) -> bool:
    """Return whether a column's values are sealed."""
    return bool(column.info.get("sealed"))


@cache
def sealed_columns(table: Table) -> tuple[Column[Any], ...]:
    """Return the columns of a table that are sealed; the marks of a table never change."""
    return tuple(filter(is_sealed, table.columns))
