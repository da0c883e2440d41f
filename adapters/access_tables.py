"""Who was shown what. Entries come and stay: the migration puts guards on the table."""

from sqlalchemy import Column, Index, Integer, String, Table

from adapters.tables import PlainText, UtcDateTime, metadata

access_log = Table(
    "access_log",
    metadata,
    Column("entry_id", String, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("principal", String, nullable=False),
    Column("role", String, nullable=False),
    Column("via", String, nullable=False),
    Column("action", String, nullable=False),
    Column("owner", PlainText),
    Column("key_id", String),
    Column("count", Integer, nullable=False),
    Column("outcome", String, nullable=False),
    Index(None, "at", "entry_id"),
    Index(None, "owner", "at"),
    Index(None, "principal", "at"),
)
