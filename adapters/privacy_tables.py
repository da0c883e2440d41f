"""Privacy requests, and the documents of exports: sealed, and kept for a while (HOF-5.1)."""

from sqlalchemy import JSON, Column, Index, Integer, LargeBinary, String, Table

from adapters.tables import PlainText, UtcDateTime, metadata

privacy_requests = Table(
    "privacy_requests",
    metadata,
    # The fence of its writer is the row of `streams`.
    Column("request_id", PlainText, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("kind", String, nullable=False),
    Column("law", String, nullable=False),
    # No foreign key: a request outlives the customer's record that it erases.
    Column("customer_id", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("stage", String, nullable=False),
    Column("cases", JSON, nullable=False),
    Column("hold_reason", String),
    Column("review_at", UtcDateTime),
    Column("opened_by", String, nullable=False),
    Column("holder", String),
    Column("escalation_level", Integer, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("received_local", String, nullable=False),
    Column("due_at", UtcDateTime),
    Column("extended_at", UtcDateTime),
    Column("extension_reason", String),
    Column("overdue_at", UtcDateTime),
    Column("verified_at", UtcDateTime),
    Column("verified_by", String),
    Column("verification", String),
    Column("approved_at", UtcDateTime),
    Column("approved_by", String),
    Column("released_at", UtcDateTime),
    Column("released_by", String),
    Column("refusal", String),
    Column("answered_at", UtcDateTime),
    Column("told_by", String),
    Column("executed_at", UtcDateTime),
    Column("counts", JSON, nullable=False),
    Column("withheld", JSON, nullable=False),
    Column("remaining", JSON, nullable=False),
    Column("certificates", JSON, nullable=False),
    Column("export_until", UtcDateTime),
    Column("next_deadline", UtcDateTime),
    Column("next_deadline_what", String),
    Column("closed_at", UtcDateTime),
    Column("closed_as", String),
    Column("closed_by", String),
    Column("policy_version", String, nullable=False),
    Column("request_digest", String, nullable=False),
    Index(None, "next_deadline", "request_id"),
    Index(None, "customer_id"),
)

restrictions = Table(
    "restrictions",
    metadata,
    # What an erasure had to leave, for the law's sake: kept, and read by nobody at the desk.
    Column("case_id", PlainText, primary_key=True),
    Column("request_id", PlainText, nullable=False),
    Column("since", UtcDateTime, nullable=False),
)

privacy_exports = Table(
    "privacy_exports",
    metadata,
    Column("request_id", PlainText, primary_key=True),
    # A key of the request's own, which is destroyed with the document: a backup opens neither.
    Column("key_id", String, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
)
