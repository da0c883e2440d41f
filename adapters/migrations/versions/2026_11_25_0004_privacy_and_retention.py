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
    _create_privacy_requests()
    _create_privacy_exports()
    _create_restrictions()
    _create_disposals()


def downgrade() -> None:
    """Take the change back."""
    _drop_disposals()
    op.drop_table("restrictions")
    op.drop_table("privacy_exports")
    op.drop_table("privacy_requests")


def _create_privacy_requests() -> None:
    op.create_table(
        "privacy_requests",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("law", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("cases", sa.JSON(), nullable=False),
        sa.Column("hold_reason", sa.String(), nullable=True),
        sa.Column("review_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("escalation_level", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_local", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("extended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("extension_reason", sa.String(), nullable=True),
        sa.Column("overdue_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_by", sa.String(), nullable=True),
        sa.Column("verification", sa.String(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.String(), nullable=True),
        sa.Column("refusal", sa.String(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_by", sa.String(), nullable=True),
        sa.Column("executed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("withheld", sa.JSON(), nullable=False),
        sa.Column("remaining", sa.JSON(), nullable=False),
        sa.Column("certificates", sa.JSON(), nullable=False),
        sa.Column("export_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_deadline_what", sa.String(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_as", sa.String(), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("policy_version", sa.String(), nullable=False),
        sa.Column("request_digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_privacy_requests")),
    )
    op.create_index(op.f("ix_privacy_requests_customer_id"), "privacy_requests", ["customer_id"])
    op.create_index(
        op.f("ix_privacy_requests_next_deadline_request_id"),
        "privacy_requests",
        ["next_deadline", "request_id"],
    )


def _create_restrictions() -> None:
    op.create_table(
        "restrictions",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_restrictions")),
    )


def _create_privacy_exports() -> None:
    op.create_table(
        "privacy_exports",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_privacy_exports")),
    )


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
