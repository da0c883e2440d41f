"""The whole schema: importing this module is what makes `metadata` complete."""

from adapters import (
    access_tables,
    disposal_tables,
    handoff_tables,
    identity_tables,
    incident_tables,
    privacy_tables,
    proof_tables,
    staff_tables,
)
from adapters.tables import metadata

TABLE_MODULES = (
    access_tables,
    disposal_tables,
    handoff_tables,
    identity_tables,
    incident_tables,
    privacy_tables,
    proof_tables,
    staff_tables,
)

__all__ = ["TABLE_MODULES", "metadata"]
