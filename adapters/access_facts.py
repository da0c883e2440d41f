"""What decides who sees a case, and who may do what in it, read from the row of its kind."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Select,
    String,
    Table,
    exists,
    literal,
    or_,
    select,
    union_all,
)

from adapters.disposal_tables import disposed_cases
from adapters.handoff_tables import handoffs
from adapters.incident_tables import incidents
from adapters.privacy_tables import privacy_requests
from adapters.restrictions import restricted
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
    """Return what reads a case's facts; a column that its kind lacks is left out.

    There is a row for what is restricted, too, of which the case's own row has gone.
    """
    table, key = _ROWS[kind]
    asked = select(literal(case_id, String).label("case_id")).subquery("asked")
    hidden = restricted(asked.c.case_id, *_about(kind))
    return (
        select(key.label("owner"), hidden.label("restricted"), *_facts(kind))
        .select_from(asked.outerjoin(table, key == asked.c.case_id))
        .where(or_(key.is_not(None), hidden))
    )


def presence_query(kind: ObjectKind, case_id: str) -> Select[Any]:
    """Return what reads whether the CRM knows a case, and whether that is restricted."""
    table, key = _ROWS[kind]
    asked = select(literal(case_id, String).label("case_id")).subquery("asked")
    gone = exists().where(disposed_cases.c.case_id == asked.c.case_id)
    said: tuple[ColumnElement[Any], ...] = (
        or_(key.is_not(None), gone).label("recorded"),
        restricted(asked.c.case_id, *_about(kind)).label("restricted"),
    )
    return select(*said).select_from(asked.outerjoin(table, key == asked.c.case_id))


def facts_of_many(kind: ObjectKind, case_ids: Collection[str]) -> Select[Any]:
    """Return what reads the facts of some cases of a kind, each with its id as `owner`."""
    _, key = _ROWS[kind]
    hidden = restricted(key, *_about(kind)).label("restricted")
    return select(key.label("owner"), hidden, *_facts(kind)).where(key.in_(case_ids))


def to_facts(kind: ObjectKind, row: Mapping[str, Any]) -> ObjectFacts:
    """Return a row of `facts_query` as a value."""
    if row["owner"] is None:
        return ObjectFacts(kind=kind, restricted=True)
    roles = (row["role"],) if kind is ObjectKind.DUTY else ()
    said = {**row, "restricted": bool(row["restricted"])}
    return ObjectFacts.model_validate({**said, "kind": kind, "for_roles": roles})


def _facts(kind: ObjectKind) -> list[Column[Any]]:
    table, _ = _ROWS[kind]
    known = [column for column in table.columns if column.name in ObjectFacts.model_fields]
    role = [table.c.role] if kind is ObjectKind.DUTY else []
    return [column for column in known if column.name != "kind"] + role


def _about(kind: ObjectKind) -> tuple[Column[Any], ...]:
    """Return what hides an object besides itself: the case that a duty is about."""
    return (duties.c.about,) if kind is ObjectKind.DUTY else ()


def opened_by(principal: str) -> CompoundSelect[Any]:
    """Return what reads the ids of the cases that a principal opened, or carries."""
    of_theirs = or_(handoffs.c.opened_by == principal, handoffs.c.carrier == principal)
    return union_all(
        select(cases.c.case_id).where(cases.c.opened_by == principal),
        select(handoffs.c.handoff_id).where(of_theirs),
    )
