"""Privacy requests, disposals and their certificates."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

CLOSED = (
    ("cases", "closed_at", "case_id"),
    ("handoffs", "closed_at", "handoff_id"),
    ("incidents", "closed_at", "incident_id"),
    ("duties", "done_at", "duty_id"),
)


def upgrade() -> None:
    """Apply the change."""
    _create_disposals()


def downgrade() -> None:
    """Take the change back."""
    _drop_disposals()


def _create_disposals() -> None:
    op.create_table(
        "disposed_cases",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_disposed_cases")),
    )
    op.create_index(
        op.f("ix_disposed_cases_kind_closed_at_case_id"),
        "disposed_cases",
        ["kind", "closed_at", "case_id"],
    )
    op.create_index(op.f("ix_disposed_cases_customer_id"), "disposed_cases", ["customer_id"])
    op.create_table(
        "disposals",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("record_class", sa.String(), nullable=False),
        sa.Column("disposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("certificate_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "record_class", name=op.f("pk_disposals")),
    )
    op.create_index(op.f("ix_disposals_certificate_id"), "disposals", ["certificate_id"])
    for table, *columns in CLOSED:
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns)


def _drop_disposals() -> None:
    for table, *columns in CLOSED:
        op.drop_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table)
    op.drop_table("disposals")
    op.drop_table("disposed_cases")
