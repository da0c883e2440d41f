"""The registers beside the journal: escalations, tasks for staff, messages that leave the house."""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, not_, update

from adapters.database import Database, Upsert
from adapters.handoff_tables import handoff_confirmations, verification_log
from adapters.incident_tables import incident_reports
from adapters.sealing import Seals
from adapters.tables import escalations, outbox, tasks
from sop.models import EscalationRecord, Payload, TaskRecord
from sop.outgoing import FlushBatch

_ONCE = ("cause", "due_at", "fired_at", "lateness")
"""What happened when a rung fired stays as it was first told."""

_PROOFS = frozenset({verification_log, handoff_confirmations, incident_reports})
"""Registers whose records are written once and never changed (HOF-7)."""


def columns_of(record: Payload) -> dict[str, Any]:
    """Return a record's fields as values for its columns."""
    return {name: value.value if isinstance(value, StrEnum) else value for name, value in record}


class Registers:
    """Writes a batch's part of each register: one statement for each one concerned."""

    def __init__(self, database: Database) -> None:
        """Build the statements, once for all flushes."""
        self._upserts = {
            escalations: _escalation_upsert(database.insert(escalations)),
            tasks: _task_upsert(database.insert(tasks)),
            **{
                table: database.insert(table).on_conflict_do_nothing()
                for table in (outbox, *_PROOFS)
            },
        }

    def put(self, connection: Connection, batch: FlushBatch, seals: Seals) -> None:
        """Write the registers' rows; a repetition changes nothing."""
        for table, records in _records(batch):
            if records:
                written_by = _written_by(batch)
                rows = [seals.seal(table, _values(record) | written_by) for record in records]
                connection.execute(self._upserts[table], rows)

    def forget_lost(self, connection: Connection, batch: FlushBatch) -> None:
        """Delete what a lost workflow task of this writer registered and this batch does not.

        Without it a page, a task or a message of which the history knows nothing would stand
        there for ever. A lost task's rows are older than this flush, yet of no earlier entry;
        those that the batch repeats are the history's from now on. A record that is a proof is
        written anew with them: under the same key the lost task may have told something else.
        """
        first = batch.outgoing.entries[0].seq
        for table, records in _records(batch):
            lost = and_(
                table.c.case_id == batch.case_id,
                table.c.stream == batch.stream,
                table.c.version >= first,
                table.c.written_at < batch.at,
            )
            repeated = [] if table in _PROOFS else [_is(table, record) for record in records]
            connection.execute(delete(table).where(lost, *map(not_, repeated)))
            if repeated:
                connection.execute(update(table).where(lost).values(_written_by(batch)))


def whose_registers(batch: FlushBatch) -> Iterator[tuple[Table, dict[str, Any]]]:
    """Yield what a batch's part of the registers seals: of each row whose it is."""
    for table, records in _records(batch):
        for record in records:
            yield table, {"case_id": columns_of(record)["case_id"]}


def _records(batch: FlushBatch) -> tuple[tuple[Table, Sequence[Payload]], ...]:
    out = batch.outgoing
    last_of_each_task = {task.task_id: task for task in out.tasks}
    return (
        (escalations, _merged(out.escalations)),
        (tasks, tuple(last_of_each_task.values())),
        (outbox, out.messages),
        (verification_log, out.verifications),
        (handoff_confirmations, out.confirmations),
        (incident_reports, out.reports),
    )


def _values(record: Payload) -> dict[str, Any]:
    """Return a record's values, with its retention class where it has one (HOF-7)."""
    values = columns_of(record)
    kept = getattr(record, "retention_class", None)
    if kept is None:
        return values
    lists = record.model_dump(mode="json", include={"forms", "items", "missing"})
    return {**values, **lists, "retention_class": str(kept)}


def _merged(records: Iterable[EscalationRecord]) -> tuple[EscalationRecord, ...]:
    """Return one record for each rung: one statement cannot write the same row twice."""
    merged: dict[tuple[str, str, int], EscalationRecord] = {}
    for record in records:
        key = (record.case_id, record.rung, record.occasion)
        known = merged.setdefault(key, record)
        merged[key] = known.model_copy(
            update={
                name: value
                for name, value in record
                if value is not None and (name not in _ONCE or getattr(known, name) is None)
            }
        )
    return tuple(merged.values())


def _written_by(batch: FlushBatch) -> dict[str, Any]:
    entries = batch.outgoing.entries
    version = entries[-1].seq if entries else 0
    return {"stream": batch.stream, "version": version, "written_at": batch.at}


def _is(table: Table, record: Payload) -> ColumnElement[bool]:
    return and_(*(column == getattr(record, column.name) for column in table.primary_key))


def _escalation_upsert(statement: Upsert) -> Upsert:
    """A field that is not given leaves the stored one; what happens once stays as first told."""
    new, key = statement.excluded, escalations.primary_key.columns
    told = [name for name in EscalationRecord.model_fields if name not in key]
    return statement.on_conflict_do_update(
        index_elements=list(key),
        set_={
            name: func.coalesce(escalations.c[name], new[name])
            if name in _ONCE
            else func.coalesce(new[name], escalations.c[name])
            for name in told
        },
    )


def _task_upsert(statement: Upsert) -> Upsert:
    told = [name for name in TaskRecord.model_fields if name != "task_id"]
    return statement.on_conflict_do_update(
        index_elements=[tasks.c.task_id], set_={name: statement.excluded[name] for name in told}
    )
