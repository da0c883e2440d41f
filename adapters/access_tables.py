"""Who was shown what. Entries come and stay until a certificate says that their time is over.

The migrations put guards on the tables.
"""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from adapters.proof_tables import certificates
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

access_log_purges = Table(
    "access_log_purges",
    metadata,
    # What lets entries go: those up to a moment, under a certificate.
    Column("certificate_id", ForeignKey(certificates.c.certificate_id), primary_key=True),
    Column("through", UtcDateTime, nullable=False),
    Index(None, "through"),
)
