"""Handoffs, identities, incidents, staff."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = (
    "duties",
    "filed_reports",
    "handoff_confirmations",
    "identity_attempts",
    "identity_factors",
    "incident_reports",
    "incidents",
    "recipient_keys",
    "training_records",
    "verification_log",
    "handoffs",
)


def upgrade() -> None:
    """Apply the change."""
    _create_duties()
    _create_filed_reports()
    _create_handoff_confirmations()
    _create_identity_attempts()
    _create_identity_factors()
    _create_incident_reports()
    _create_incidents()
    _create_recipient_keys()
    _create_training_records()
    _create_verification_log()
    _create_handoffs()
    op.add_column("outbox", sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("outbox", "delivered_at")
    for table in reversed(TABLES):
        op.drop_table(table)


def _create_duties() -> None:
    op.create_table(
        "duties",
        sa.Column("duty_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("clause", sa.String(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("assignee", sa.String(), nullable=True),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("escalation_level", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_deadline_what", sa.String(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("findings", sa.Text(), nullable=True),
        sa.Column("policy_version", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("duty_id", name=op.f("pk_duties")),
    )
    op.create_index(op.f("ix_duties_about"), "duties", ["about"])
    op.create_index(op.f("ix_duties_assignee_due_at"), "duties", ["assignee", "due_at"])
    op.create_index(op.f("ix_duties_kind_due_at"), "duties", ["kind", "due_at"])


def _create_filed_reports() -> None:
    op.create_table(
        "filed_reports",
        sa.Column("report_id", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_filed_reports")),
    )


def _create_handoff_confirmations() -> None:
    op.create_table(
        "handoff_confirmations",
        sa.Column("confirmation_id", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retention_class", sa.String(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("receiving_party", sa.String(), nullable=False),
        sa.Column("receiving_party_name", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=True),
        sa.Column("tracking_number", sa.String(), nullable=True),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("missing", sa.JSON(), nullable=False),
        sa.Column("identity_level", sa.String(), nullable=True),
        sa.Column("transferred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sender_custody_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sender_custody_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("custody_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.String(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("policy_version", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("confirmation_id", name=op.f("pk_handoff_confirmations")),
    )
    op.create_index(op.f("ix_handoff_confirmations_case_id"), "handoff_confirmations", ["case_id"])


def _create_identity_attempts() -> None:
    op.create_table(
        "identity_attempts",
        sa.Column("attempt_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("representative", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("exhausted", sa.Boolean(), nullable=False),
        sa.Column("matched", sa.Boolean(), nullable=False),
        sa.Column("forms", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_identity_attempts")),
    )
    op.create_index(op.f("ix_identity_attempts_case_id_at"), "identity_attempts", ["case_id", "at"])
    op.create_index(
        op.f("ix_identity_attempts_customer_id_at"), "identity_attempts", ["customer_id", "at"]
    )
    op.create_index(
        op.f("ix_identity_attempts_representative_at"),
        "identity_attempts",
        ["representative", "at"],
    )


def _create_identity_factors() -> None:
    op.create_table(
        "identity_factors",
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "form", "digest", name=op.f("pk_identity_factors")),
    )


def _create_incident_reports() -> None:
    op.create_table(
        "incident_reports",
        sa.Column("report_id", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retention_class", sa.String(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("clause", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_by", sa.String(), nullable=False),
        sa.Column("manager", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("policy_version", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_incident_reports")),
    )
    op.create_index(op.f("ix_incident_reports_at"), "incident_reports", ["at"])
    op.create_index(op.f("ix_incident_reports_case_id"), "incident_reports", ["case_id"])


def _create_incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=True),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("clause", sa.String(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("escalation_level", sa.Integer(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("regulator_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("regulator_informed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("regulator_reference", sa.Text(), nullable=True),
        sa.Column("regulator_decision", sa.Text(), nullable=True),
        sa.Column("actions", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_local", sa.String(), nullable=False),
        sa.Column("next_deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_deadline_what", sa.String(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("policy_version", sa.String(), nullable=False),
        sa.Column("request_digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_incidents")),
    )
    op.create_index(op.f("ix_incidents_case_id"), "incidents", ["case_id"])
    op.create_index(
        op.f("ix_incidents_next_deadline_incident_id"),
        "incidents",
        ["next_deadline", "incident_id"],
    )


def _create_recipient_keys() -> None:
    op.create_table(
        "recipient_keys",
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("material", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_recipient_keys")),
    )
    op.create_index(
        op.f("ix_recipient_keys_party_added_at"), "recipient_keys", ["party", "added_at"]
    )


def _create_training_records() -> None:
    op.create_table(
        "training_records",
        sa.Column("principal", sa.String(), nullable=False),
        sa.Column("course", sa.String(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint(
            "principal", "course", "completed_at", name=op.f("pk_training_records")
        ),
    )
    op.create_index(
        op.f("ix_training_records_course_completed_at"),
        "training_records",
        ["course", "completed_at"],
    )


def _create_verification_log() -> None:
    op.create_table(
        "verification_log",
        sa.Column("verification_id", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retention_class", sa.String(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("representative", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("forms", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("policy_version", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("verification_id", name=op.f("pk_verification_log")),
    )
    op.create_index(op.f("ix_verification_log_case_id"), "verification_log", ["case_id"])
    op.create_index(
        op.f("ix_verification_log_customer_id_at"), "verification_log", ["customer_id", "at"]
    )


def _create_handoffs() -> None:
    op.create_table(
        "handoffs",
        sa.Column("handoff_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("inquiry_id", sa.Text(), nullable=True),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("confirmed_items", sa.JSON(), nullable=False),
        sa.Column("missing_items", sa.JSON(), nullable=False),
        sa.Column("brief", sa.Text(), nullable=True),
        sa.Column("assignee", sa.String(), nullable=True),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("receiving_party", sa.String(), nullable=False),
        sa.Column("receiving_party_name", sa.Text(), nullable=False),
        sa.Column("receiving_party_contact", sa.Text(), nullable=False),
        sa.Column("offered_to", sa.String(), nullable=True),
        sa.Column("verification", sa.String(), nullable=True),
        sa.Column("identity_level", sa.String(), nullable=True),
        sa.Column("identity_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("customer_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("carrier", sa.String(), nullable=True),
        sa.Column("tracking_number", sa.String(), nullable=True),
        sa.Column("courier_status", sa.String(), nullable=True),
        sa.Column("transferred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.String(), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("custody", sa.String(), nullable=False),
        sa.Column("custody_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("escalation_level", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_local", sa.String(), nullable=False),
        sa.Column("next_deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_deadline_what", sa.String(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_as", sa.String(), nullable=True),
        sa.Column("policy_version", sa.String(), nullable=False),
        sa.Column("request_digest", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.customer_id"],
            name=op.f("fk_handoffs_customer_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("handoff_id", name=op.f("pk_handoffs")),
    )
    op.create_index(op.f("ix_handoffs_customer_id"), "handoffs", ["customer_id"])
    op.create_index(op.f("ix_handoffs_inquiry_id"), "handoffs", ["inquiry_id"])
    op.create_index(
        op.f("ix_handoffs_next_deadline_handoff_id"), "handoffs", ["next_deadline", "handoff_id"]
    )
    op.create_index(
        op.f("ix_handoffs_offered_to_next_deadline_handoff_id"),
        "handoffs",
        ["offered_to", "next_deadline", "handoff_id"],
    )
    op.create_index(
        op.f("ix_handoffs_receiving_party_next_deadline_handoff_id"),
        "handoffs",
        ["receiving_party", "next_deadline", "handoff_id"],
    )
