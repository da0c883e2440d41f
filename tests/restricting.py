"""Which cases the CRM holds for the law's sake only, as tests ask for it."""

from sqlalchemy import select

from adapters.database import Database
from adapters.privacy_tables import restrictions


def is_restricted(database: Database, case_id: str) -> bool:
    """Return whether an erasure has left a case to the law."""
    query = select(restrictions.c.case_id).where(restrictions.c.case_id == case_id)
    return bool(database.read(lambda connection: connection.execute(query).all()))
