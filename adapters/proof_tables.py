"""The tables that prove the journal: the global log, its checkpoints, certificates of purges.

Rows are added only. The database refuses to change or delete them (migration 0003), but for the
queue, which is no evidence: it says which entries the log does not have yet.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from adapters.tables import PlainText, UtcDateTime, metadata

log_leaves = Table(
    "log_leaves",
    metadata,
    Column("leaf_index", BigInteger, primary_key=True, autoincrement=False),
    # An entry of the journal; or a certificate, under its id and the position 0.
    Column("stream", String, nullable=False),
    Column("position", Integer, nullable=False),
    Column("hash", String, nullable=False),
    Index(None, "stream", "position", unique=True),
)

log_queue = Table(
    "log_queue",
    metadata,
    # Filled by a trigger, in the transaction of the entry or the certificate.
    Column("stream", String, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("hash", String, nullable=False),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("tree_size", BigInteger, primary_key=True, autoincrement=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("root", String, nullable=False),
    # The hashes of the complete subtrees, the largest first: what the next root grows from.
    Column("frontier", Text, nullable=False),
    # The signed note, as it is handed to another administrator.
    Column("note", Text, nullable=False),
)

checkpoint_deliveries = Table(
    "checkpoint_deliveries",
    metadata,
    Column("tree_size", ForeignKey(checkpoints.c.tree_size), primary_key=True, autoincrement=False),
    Column("delivered_at", UtcDateTime, nullable=False),
)

certificates = Table(
    "certificates",
    metadata,
    Column("certificate_id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("body", Text, nullable=False),
    # `sop.chain.certificate_digest`, over all of the row and the cases that it lists.
    Column("digest", String, nullable=False),
)

certificate_cases = Table(
    "certificate_cases",
    metadata,
    # What a certificate lists: of these cases the journal's content may be purged.
    Column("certificate_id", ForeignKey(certificates.c.certificate_id), primary_key=True),
    Column("case_id", PlainText, primary_key=True),
    Index(None, "case_id"),
)

APPEND_ONLY = (log_leaves, checkpoints, checkpoint_deliveries, certificates, certificate_cases)
"""Beside `journal_entries`, of which the content may be purged, and nothing else be changed."""
