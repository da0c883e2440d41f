"""Data keys and legal holds."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "data_keys",
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("record_class", sa.String(), nullable=False),
        sa.Column("wrapped", sa.Text(), nullable=True),
        sa.Column("kek_version", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("destroyed_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_data_keys")),
        sa.UniqueConstraint("owner", "record_class", name=op.f("uq_data_keys_owner_record_class")),
    )
    op.create_index(op.f("ix_data_keys_kek_version"), "data_keys", ["kek_version"])
    op.create_table(
        "legal_holds",
        sa.Column("hold_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("hold_id", "scope", name=op.f("pk_legal_holds")),
    )
    op.create_index(op.f("ix_legal_holds_scope"), "legal_holds", ["scope"])


def downgrade() -> None:
    """Take it back."""
    op.drop_table("legal_holds")
    op.drop_table("data_keys")
