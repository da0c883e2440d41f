"""What decides who sees a case, and who may do what in it, read from the row of its kind."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Column, CompoundSelect, Select, Table, or_, select, union_all

from adapters.handoff_tables import handoffs
from adapters.incident_tables import incidents
from adapters.privacy_tables import privacy_requests
from adapters.staff_tables import duties
from adapters.tables import cases
from sop.object_rules import ObjectFacts, ObjectKind

_ROWS: Mapping[ObjectKind, tuple[Table, Column[Any]]] = {
    ObjectKind.INQUIRY: (cases, cases.c.case_id),
    ObjectKind.HANDOFF: (handoffs, handoffs.c.handoff_id),
    ObjectKind.INCIDENT: (incidents, incidents.c.incident_id),
    ObjectKind.DUTY: (duties, duties.c.duty_id),
    ObjectKind.PRIVACY: (privacy_requests, privacy_requests.c.request_id),
}


def facts_query(kind: ObjectKind, case_id: str) -> Select[Any]:
    """Return what reads a case's facts; a column that its kind lacks is left out."""
    _, key = _ROWS[kind]
    return select(*_facts(kind)).where(key == case_id)


def facts_of_many(kind: ObjectKind, case_ids: Collection[str]) -> Select[Any]:
    """Return what reads the facts of some cases of a kind, each with its id as `owner`."""
    _, key = _ROWS[kind]
    return select(key.label("owner"), *_facts(kind)).where(key.in_(case_ids))


def to_facts(kind: ObjectKind, row: Mapping[str, Any]) -> ObjectFacts:
    """Return a row of `facts_query` as a value."""
    roles = (row["role"],) if kind is ObjectKind.DUTY else ()
    return ObjectFacts.model_validate({**row, "kind": kind, "for_roles": roles})


def _facts(kind: ObjectKind) -> list[Column[Any]]:
    table, _ = _ROWS[kind]
    known = [column for column in table.columns if column.name in ObjectFacts.model_fields]
    role = [table.c.role] if kind is ObjectKind.DUTY else []
    return [column for column in known if column.name != "kind"] + role


def opened_by(principal: str) -> CompoundSelect[Any]:
    """Return what reads the ids of the cases that a principal opened, or carries."""
    of_theirs = or_(handoffs.c.opened_by == principal, handoffs.c.carrier == principal)
    return union_all(
        select(cases.c.case_id).where(cases.c.opened_by == principal),
        select(handoffs.c.handoff_id).where(of_theirs),
    )
