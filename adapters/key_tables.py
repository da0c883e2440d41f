"""The key store's tables. A store of its own: its own migrations, its own backups, or none.

A key is destroyed by emptying `wrapped`. Its row stays, so that nobody makes another one for the
same case; every copy of the old row, in a backup too, undoes the destruction.
"""

from sqlalchemy import Column, Index, MetaData, String, Table, Text, UniqueConstraint

from adapters.tables import PlainText, UtcDateTime
from adapters.tables import metadata as records

key_metadata = MetaData(naming_convention=records.naming_convention)

data_keys = Table(
    "data_keys",
    key_metadata,
    Column("key_id", String, primary_key=True),
    # A case's id, `customer-<id>`, or `handrail`.
    Column("owner", PlainText, nullable=False),
    Column("record_class", String, nullable=False),
    Column("wrapped", Text),
    Column("kek_version", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("destroyed_at", UtcDateTime),
    # The certificate of the erasure or purge that did it.
    Column("destroyed_by", String),
    UniqueConstraint("owner", "record_class"),
    Index(None, "kek_version"),
)

legal_holds = Table(
    "legal_holds",
    key_metadata,
    # Beside the keys, so that one transaction sees the hold and destroys the key.
    Column("hold_id", PlainText, primary_key=True),
    # A case's id or `customer-<id>`: nothing of it is destroyed while the hold stands.
    Column("scope", PlainText, primary_key=True),
    Column("placed_at", UtcDateTime, nullable=False),
    Column("released_at", UtcDateTime),
    Index(None, "scope"),
)
