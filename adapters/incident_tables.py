"""The incident store, in tables of its own: reports and incidents (HOF-7.3)."""

from sqlalchemy import JSON, Column, Index, Integer, String, Table

from adapters.sealed import SEALED, of_case, of_report
from adapters.tables import PlainText, UtcDateTime, metadata, written_by
from sop.keys import RecordClass

incident_reports = Table(
    "incident_reports",
    metadata,
    Column("report_id", String, primary_key=True),
    *written_by(),
    Column("retention_class", String, nullable=False),
    Column("entry", Integer, nullable=False),
    Column("case_id", PlainText, nullable=False),
    Column("kind", String, nullable=False),
    Column("clause", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("reported_by", String, nullable=False),
    Column("manager", String, nullable=False),
    Column("text", PlainText, nullable=False, info=SEALED),
    Column("reason", PlainText, info=SEALED),
    Column("policy_version", String, nullable=False),
    Index(None, "case_id"),
    Index(None, "at"),
    info=of_case(record_class=RecordClass.INCIDENT),
)

incidents = Table(
    "incidents",
    metadata,
    # The fence of its writer is the row of `streams`.
    Column("incident_id", PlainText, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("case_id", PlainText),
    Column("stage", String, nullable=False),
    Column("clause", String, nullable=False),
    Column("subject", PlainText, nullable=False, info=SEALED),
    Column("text", PlainText, nullable=False, info=SEALED),
    Column("opened_by", String, nullable=False),
    Column("holder", String),
    Column("escalation_level", Integer, nullable=False),
    Column("known_at", UtcDateTime, nullable=False),
    Column("regulator_due_at", UtcDateTime, nullable=False),
    Column("regulator_informed_at", UtcDateTime),
    Column("regulator_reference", PlainText, info=SEALED),
    Column("regulator_decision", PlainText, info=SEALED),
    Column("actions", JSON, nullable=False, info=SEALED),
    Column("received_at", UtcDateTime, nullable=False),
    Column("received_local", String, nullable=False),
    Column("next_deadline", UtcDateTime),
    Column("next_deadline_what", String),
    Column("closed_at", UtcDateTime),
    Column("closed_by", String),
    Column("outcome", PlainText, info=SEALED),
    Column("policy_version", String, nullable=False),
    Column("request_digest", String, nullable=False, info=SEALED),
    Index(None, "next_deadline", "incident_id"),
    Index(None, "case_id"),
    Index(None, "closed_at", "incident_id"),
    info=of_case("incident_id"),
)

filed_reports = Table(
    "filed_reports",
    metadata,
    # The embedded incident management system: what was filed there, once for each report.
    Column("report_id", String, primary_key=True),
    # As the other system calls it: whatever that answers.
    Column("reference", String, nullable=False, info=SEALED),
    Column("filed_at", UtcDateTime, nullable=False),
    info=of_report(),
)
