"""Staff: what they were trained in, and the audits of closed cases (HOF-6, INQ-8)."""

from sqlalchemy import Column, Index, Integer, String, Table

from adapters.sealed import SEALED, of_case, of_the_house
from adapters.tables import PlainText, UtcDateTime, metadata

training_records = Table(
    "training_records",
    metadata,
    Column("principal", String, primary_key=True),
    Column("course", String, primary_key=True),
    Column("completed_at", UtcDateTime, primary_key=True),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("recorded_by", String, nullable=False),
    Column("evidence", PlainText, info=SEALED),
    Index(None, "course", "completed_at"),
    info=of_the_house(),
)

duties = Table(
    "duties",
    metadata,
    # What a schedule has opened for a person: a review, a reminder, an audit of a closed case.
    # Its workflow is the only writer; the fence is the row of `streams`.
    Column("duty_id", PlainText, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("stage", String, nullable=False),
    Column("clause", String, nullable=False),
    Column("subject", PlainText, nullable=False, info=SEALED),
    Column("about", PlainText),
    Column("role", String, nullable=False),
    Column("assignee", String),
    Column("holder", String),
    Column("escalation_level", Integer, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("next_deadline", UtcDateTime),
    Column("next_deadline_what", String),
    Column("done_at", UtcDateTime),
    Column("done_by", String),
    Column("outcome", String),
    Column("findings", PlainText, info=SEALED),
    Column("policy_version", String, nullable=False),
    Index(None, "kind", "due_at"),
    Index(None, "assignee", "due_at"),
    Index(None, "about"),
    Index(None, "done_at", "duty_id"),
    info=of_case("duty_id"),
)
