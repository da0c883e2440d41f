"""The bare workflow's activity: one row, one transaction."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import insert
from temporalio import activity

from adapters.database import Database
from adapters.tables import outbox


@dataclass(frozen=True)
class BareActivity:
    """Writes through the same database as the desk does."""

    database: Database

    @activity.defn(name="write")
    def write(self, name: str) -> None:
        """Write one row."""
        row = {
            "message_id": name,
            "case_id": name,
            "recipient": "role:csr",
            "topic": "bare",
            "body": "A row.",
            "created_at": datetime.now(UTC),
        }
        self.database.write(lambda connection: connection.execute(insert(outbox), row))
