"""The CRM's tables, the same on SQLite and PostgreSQL. The migrations make them; no behaviour here.

Times are UTC. Values of enumerations are kept as text, so that a new one needs no migration.

Rows of the registers and of the journal name a case without a foreign key: an escalation is its
own workflow, and its first flush may arrive before the one of the case that started it.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from adapters.sealed import SEALED, of_case, of_customer

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware in Python, UTC in the database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Refuse a naive value: nobody knows which moment it means."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError("a moment without a time zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Return UTC; SQLite has forgotten the zone that it was given."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Seconds(TypeDecorator[timedelta]):
    """A duration, kept as a number of seconds: SQLite has no interval."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, _dialect: Dialect) -> float | None:
        """Return seconds; exact to the microsecond for the next two centuries."""
        return None if value is None else value.total_seconds()

    def process_result_value(self, value: float | None, _dialect: Dialect) -> timedelta | None:
        """Return the duration."""
        return None if value is None else timedelta(seconds=value)


class PlainText(TypeDecorator[str]):
    """Text from outside. PostgreSQL cannot hold NUL: the replacement character stands for it.

    A refusal here would come too late: the case has accepted the text, and would be stuck.
    A case id with NUL, which somebody asks for, is simply not found.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """Return a text that both databases can hold."""
        return None if value is None else value.replace("\x00", "\N{REPLACEMENT CHARACTER}")


customers = Table(
    "customers",
    metadata,
    Column("customer_id", String, primary_key=True),
    Column("name", PlainText, nullable=False, info=SEALED),
    Column("email", PlainText, nullable=False, info=SEALED),
    Column("phone", PlainText, nullable=False, info=SEALED),
    Column("technical_terms", Boolean, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    info=of_customer(),
)

cases = Table(
    "cases",
    metadata,
    Column("case_id", PlainText, primary_key=True),
    # The writer of the row, and how far its journal counts: entries above `version` are
    # of a lost workflow task. `updated_at` is the fence: an older task writes nothing.
    Column("stream", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("kind", String, nullable=False),
    # Checked at the commit, so that the fence can be the first statement of a flush.
    Column(
        "customer_id",
        ForeignKey(customers.c.customer_id, deferrable=True, initially="DEFERRED"),
        nullable=False,
    ),
    Column("subject", PlainText, nullable=False, info=SEALED),
    Column("text", PlainText, nullable=False, info=SEALED),
    Column("request_digest", String, nullable=False, info=SEALED),
    Column("channel", String, nullable=False),
    Column("stage", String, nullable=False),
    Column("category", String),
    Column("priority", String),
    Column("complex", Boolean, nullable=False),
    Column("assignee", String),
    Column("holder", String),
    Column("escalation_level", Integer, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("received_local", String, nullable=False),
    Column("opened_by", String, nullable=False),
    Column("promise_due_at", UtcDateTime),
    Column("waiting_since", UtcDateTime),
    Column("next_deadline", UtcDateTime),
    Column("next_deadline_what", String),
    Column("verification", String),
    Column("resolved_at", UtcDateTime),
    Column("resolution", PlainText, info=SEALED),
    Column("responsible", String),
    Column("follow_up_outcome", String),
    Column("feedback", PlainText, info=SEALED),
    Column("satisfaction", Integer),
    Column("closed_at", UtcDateTime),
    Column("closed_as", String),
    Column("duplicate_of", PlainText),
    Column("policy_version", String, nullable=False),
    UniqueConstraint("stream"),
    # One for each filter of the list, in the order of its pages.
    Index(None, "next_deadline", "case_id"),
    Index(None, "stage", "next_deadline", "case_id"),
    Index(None, "category", "next_deadline", "case_id"),
    Index(None, "priority", "next_deadline", "case_id"),
    Index(None, "assignee", "next_deadline", "case_id"),
    Index(None, "customer_id"),
    Index(None, "closed_at", "case_id"),
    info=of_case(),
)

streams = Table(
    "streams",
    metadata,
    # What `cases` holds for the case's own workflow, for the writers that have no case row.
    Column("stream", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

journal_entries = Table(
    "journal_entries",
    metadata,
    Column("stream", String, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("case_id", PlainText, nullable=False),
    Column("entry_id", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("principal", String, nullable=False),
    Column("role", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("clauses", JSON, nullable=False),
    Column("detail", JSON, nullable=False, info=SEALED),
    # The chain (`sop/chain.py`): all rows of the stream as they were appended, from 1.
    Column("position", Integer, nullable=False),
    Column("salt", String, nullable=False),
    Column("commitment", String, nullable=False),
    Column("hash", String, nullable=False),
    # The certificate under which the content was erased; salt and content are empty then.
    Column("purged_by", String),
    Index(None, "case_id"),
    Index(None, "stream", "position", unique=True),
    info=of_case(),
)


def written_by() -> tuple[Column[str], Column[int], Column[datetime]]:
    """Return who wrote a row of a register first; what a lost task wrote is found by these."""
    return (
        Column("stream", String),
        Column("version", Integer),
        Column("written_at", UtcDateTime),
    )


escalations = Table(
    "escalations",
    metadata,
    Column("case_id", PlainText, primary_key=True),
    Column("rung", String, primary_key=True),
    Column("occasion", Integer, primary_key=True),
    *written_by(),
    Column("role", String),
    Column("clause", String),
    Column("cause", PlainText, info=SEALED),
    Column("due_at", UtcDateTime),
    Column("fired_at", UtcDateTime),
    Column("lateness", Seconds),
    Column("level", Integer),
    Column("pages", Integer),
    Column("acknowledged_by", String),
    Column("acknowledged_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("ended_because", PlainText, info=SEALED),
    Index(None, "fired_at"),
    info=of_case(),
)

tasks = Table(
    "tasks",
    metadata,
    Column("task_id", String, primary_key=True),
    *written_by(),
    Column("case_id", PlainText, nullable=False),
    Column("kind", String, nullable=False),
    Column("assignee", String),
    Column("attempt", Integer, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    Column("outcome", PlainText, info=SEALED),
    Index(None, "case_id"),
    Index(None, "assignee", "due_at"),
    info=of_case(),
)

outbox = Table(
    "outbox",
    metadata,
    Column("message_id", String, primary_key=True),
    *written_by(),
    Column("case_id", PlainText, nullable=False),
    Column("recipient", String, nullable=False),
    Column("topic", String, nullable=False),
    Column("body", PlainText, nullable=False, info=SEALED),
    Column("created_at", UtcDateTime, nullable=False),
    # When a mail server took it, where Handrail itself delivers.
    Column("delivered_at", UtcDateTime),
    Index(None, "case_id"),
    Index(None, "created_at", "message_id"),
    info=of_case(),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", String, primary_key=True),
    Column("prefix", String, nullable=False, unique=True),
    Column("secret_sha256", String, nullable=False),
    Column("last_four", String, nullable=False),
    Column("principal", String, nullable=False),
    Column("role", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
)
