"""The journal as a hash chain: links, the global log, checkpoints, certificates, guards.

Entries that are there already are chained in the order of their numbers: what this migration
finds is what the chain says from then on.
"""

import secrets
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from alembic import op

from adapters.migrations.guards import guard, unguard
from sop.chain import Content, Place, chain, start_of

revision = "0003"
down_revision = "0002"

TABLES = (
    "certificate_cases",
    "certificates",
    "checkpoint_deliveries",
    "checkpoints",
    "log_queue",
    "log_leaves",
)

_LINK = ("position", "salt", "commitment", "hash")
_QUEUED = ("stream", "position", "hash")
_NEXT = """
    SELECT stream, seq, revision, case_id, {at}, entry_id, principal, role, kind,
        CAST(clauses AS TEXT), CAST(detail AS TEXT)
    FROM journal_entries WHERE (stream, seq, revision) > (:stream, :seq, :revision)
    ORDER BY stream, seq, revision LIMIT 5000
"""


def upgrade() -> None:
    """Apply the change."""
    _create_log()
    _create_checkpoints()
    _create_certificates()
    with op.batch_alter_table("journal_entries") as table:
        table.add_column(sa.Column("position", sa.Integer(), nullable=True))
        for name in (*_LINK[1:], "purged_by"):
            table.add_column(sa.Column(name, sa.String(), nullable=True))
    _chain_what_is_there(op.get_bind())
    with op.batch_alter_table("journal_entries") as table:
        table.alter_column("position", existing_type=sa.Integer(), nullable=False)
        for name in _LINK[1:]:
            table.alter_column(name, existing_type=sa.String(), nullable=False)
        table.create_index(
            "ix_journal_entries_stream_position", ["stream", "position"], unique=True
        )
    guard(op.get_bind())


def downgrade() -> None:
    """Take it back."""
    unguard(op.get_bind())
    with op.batch_alter_table("journal_entries") as table:
        table.drop_index("ix_journal_entries_stream_position")
        for name in (*_LINK, "purged_by"):
            table.drop_column(name)
    for name in TABLES:
        op.drop_table(name)


def _create_log() -> None:
    op.create_table(
        "log_leaves",
        sa.Column("leaf_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index", name=op.f("pk_log_leaves")),
    )
    op.create_index(
        op.f("ix_log_leaves_stream_position"), "log_leaves", ["stream", "position"], unique=True
    )
    op.create_table(
        "log_queue",
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "position", name=op.f("pk_log_queue")),
    )


def _create_checkpoints() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("tree_size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("frontier", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tree_size", name=op.f("pk_checkpoints")),
    )
    op.create_table(
        "checkpoint_deliveries",
        sa.Column("tree_size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tree_size"],
            ["checkpoints.tree_size"],
            name=op.f("fk_checkpoint_deliveries_tree_size_checkpoints"),
        ),
        sa.PrimaryKeyConstraint("tree_size", name=op.f("pk_checkpoint_deliveries")),
    )


def _create_certificates() -> None:
    op.create_table(
        "certificates",
        sa.Column("certificate_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("certificate_id", name=op.f("pk_certificates")),
    )
    op.create_table(
        "certificate_cases",
        sa.Column("certificate_id", sa.String(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["certificates.certificate_id"],
            name=op.f("fk_certificate_cases_certificate_id_certificates"),
        ),
        sa.PrimaryKeyConstraint("certificate_id", "case_id", name=op.f("pk_certificate_cases")),
    )
    op.create_index(op.f("ix_certificate_cases_case_id"), "certificate_cases", ["case_id"])


def _chain_what_is_there(connection: sa.Connection) -> None:
    """Give every entry its link, in batches: a journal may be larger than the memory."""
    queued = sa.text("INSERT INTO log_queue VALUES (:stream, :position, :hash)")
    linked = sa.text(
        "UPDATE journal_entries SET position = :position, salt = :salt,"
        " commitment = :commitment, hash = :hash"
        " WHERE stream = :stream AND seq = :seq AND revision = :revision"
    )
    last = Place(stream="", position=0, seq=0, revision=0, case_id="", at="")
    head = ""
    while rows := _rows_after(connection, last):
        links = []
        for stream, seq, revision, case_id, at, *said in map(tuple, rows):
            if stream != last.stream:
                last, head = Place(stream, 0, 0, 0, "", ""), start_of(stream)
            last = Place(stream, last.position + 1, seq, revision, case_id, at)
            link = chain(head, last, Content(*said), secrets.token_hex(16))
            head = link.hash
            links.append({"stream": stream, "seq": seq, "revision": revision, **asdict(link)})
        connection.execute(linked, links)
        connection.execute(queued, [{name: link[name] for name in _QUEUED} for link in links])


def _rows_after(connection: sa.Connection, last: Place) -> Sequence[sa.Row[Any]]:
    """Return the next entries with their texts as they are stored."""
    at = "at"
    if connection.dialect.name == "postgresql":
        at = "to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
    query = sa.text(_NEXT.replace("{at}", at))
    place = {"stream": last.stream, "seq": last.seq, "revision": last.revision}
    return connection.execute(query, place).all()
