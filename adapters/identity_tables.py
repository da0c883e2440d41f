"""What customers are compared with, as hashes only, and how often it was tried (HOF-4.1)."""

from sqlalchemy import JSON, Boolean, Column, Index, Integer, String, Table

from adapters.tables import UtcDateTime, metadata

identity_factors = Table(
    "identity_factors",
    metadata,
    # A customer may have several of a kind: accounts, recent transactions.
    Column("customer_id", String, primary_key=True),
    Column("form", String, primary_key=True),
    Column("digest", String, primary_key=True),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
)

identity_attempts = Table(
    "identity_attempts",
    metadata,
    # The key follows from caller and Idempotency-Key: a repetition is no second attempt.
    Column("attempt_id", String, primary_key=True),
    Column("customer_id", String, nullable=False),
    Column("case_id", String, nullable=False),
    Column("representative", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("number", Integer, nullable=False),
    Column("exhausted", Boolean, nullable=False),
    # Each form did: such an attempt is no guess that failed, and counts towards no limit.
    Column("matched", Boolean, nullable=False),
    # Whether each form matched, of this attempt for good: another value under the same key is no
    # second guess. Empty where the attempt was no longer allowed.
    Column("forms", JSON, nullable=False),
    Index(None, "customer_id", "at"),
    Index(None, "representative", "at"),
    Index(None, "case_id", "at"),
)
