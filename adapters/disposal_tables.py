"""What is left of cases of which something was destroyed, and what of them was."""

from sqlalchemy import Column, Index, String, Table

from adapters.tables import PlainText, UtcDateTime, metadata

disposed_cases = Table(
    "disposed_cases",
    metadata,
    # Written when the first class of a case goes. Its classes go at different times, and the
    # case's own row may be the first: the clocks of the others count from here. In the end it is
    # the tombstone, by which an old Idempotency-Key is still known as used.
    Column("case_id", PlainText, primary_key=True),
    Column("kind", String, nullable=False),
    # For holds on the customer, while there is something to hold; then it is emptied.
    Column("customer_id", String),
    Column("closed_at", UtcDateTime, nullable=False),
    # The case that it was opened from, or is about: a hold on that one holds it, too.
    Column("about", PlainText),
    Index(None, "kind", "closed_at", "case_id"),
    Index(None, "customer_id"),
)

disposals = Table(
    "disposals",
    metadata,
    Column("case_id", PlainText, primary_key=True),
    Column("record_class", String, primary_key=True),
    Column("disposed_at", UtcDateTime, nullable=False),
    Column("certificate_id", String, nullable=False),
    Index(None, "certificate_id"),
)
