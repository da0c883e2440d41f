"""How a case stands, read from the table of its kind."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, Select, Table, select

from adapters.handoff_tables import handoffs
from adapters.incident_tables import incidents
from adapters.privacy_tables import privacy_requests
from adapters.tables import cases
from sop.standing import CaseKind, Standing

_ROWS: Mapping[CaseKind, tuple[Table, Column[Any]]] = {
    CaseKind.INQUIRY: (cases, cases.c.case_id),
    CaseKind.HANDOFF: (handoffs, handoffs.c.handoff_id),
    CaseKind.INCIDENT: (incidents, incidents.c.incident_id),
    CaseKind.PRIVACY: (privacy_requests, privacy_requests.c.request_id),
}


def standing_query(kind: CaseKind, case_id: str) -> Select[Any]:
    """Return what reads how a case stands; a column that its kind lacks is left out."""
    table, key = _ROWS[kind]
    shared = [
        column
        for column in table.columns
        if column.name in Standing.model_fields and column.name not in {"case_id", "kind"}
    ]
    return select(*shared).where(key == case_id)


def to_standing(kind: CaseKind, case_id: str, row: Mapping[str, Any]) -> Standing:
    """Return a row of `standing_query` as a value."""
    return Standing.model_validate({**row, "case_id": case_id, "kind": kind})
