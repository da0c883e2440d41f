"""The system of record on SQL: a flush is one transaction, behind a fence.

`docs/adr/0003-journal-flush-by-local-activity.md` says which fence, and why.
"""

from collections.abc import Iterator
from contextlib import nullcontext, suppress
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, case, func, or_, select

from activities.ports import FlushReceipt
from adapters.database import Database, Upsert
from adapters.handoff_tables import handoffs
from adapters.incident_tables import incidents
from adapters.journal_chain import ChainMovedError, Head, chained, head_of, heads, noticing_moves
from adapters.privacy_tables import privacy_requests
from adapters.registers import Registers, columns_of, whose_registers
from adapters.sealing import Seals
from adapters.staff_tables import duties
from adapters.tables import cases, customers, journal_entries, streams
from sop.duty.models import DutyRow
from sop.handoff.models import HandoffRow
from sop.incident.models import IncidentRow
from sop.models import CaseRecord, Customer, Entry, Opening, Payload
from sop.outgoing import FlushBatch
from sop.privacy.models import PrivacyRow

Row = HandoffRow | IncidentRow | DutyRow | PrivacyRow

_CASE_COLUMNS = tuple(column.name for column in cases.columns)

# A flush that waited for another one of its stream begins anew. A stream has one writer, and at
# times a late attempt of an earlier one; more than that at once try again by the activity's retry.
_ATTEMPTS = 5

_OPENED = frozenset({"case_id", "opened_at"})
_TOLD_ONCE = frozenset({"subject", "text", "request_digest"})


class SqlCrm:
    """Writes batches of cases and escalations."""

    def __init__(self, database: Database) -> None:
        """Build the statements, once for all flushes."""
        self._database = database
        self._registers = Registers(database)
        self._opening = heads(_case_upsert(database.insert(cases), kept=_OPENED))
        self._case = heads(_case_upsert(database.insert(cases), kept=_OPENED | _TOLD_ONCE))
        self._stream = heads(_stream_upsert(database.insert(streams)))
        self._customer = _customer_upsert(database.insert(customers))
        self._rows = {
            table: _row_upsert(table, database.insert(table))
            for table in (handoffs, incidents, duties, privacy_requests)
        }
        self._entries = database.insert(journal_entries).returning(journal_entries.c.seq)

    def flush(self, batch: FlushBatch) -> FlushReceipt:
        """Write a batch in one transaction; repeating it writes nothing.

        Raises:
            CrmUnavailableError: The database did not answer, or another flush of the stream was
                sooner each time; trying again may work.
            StatementRefusedError: It answered, and refused.
        """
        seals = self._database.sealing.seals(_whose(batch))

        def write(*, first: bool = False) -> FlushReceipt:
            return self._database.write(
                lambda connection: self._flush(connection, batch, seals, first=first)
            )

        for attempt in range(_ATTEMPTS - 1):
            with suppress(ChainMovedError):
                return write(first=attempt == 0)
        return write()

    def _flush(
        self, connection: Connection, batch: FlushBatch, seals: Seals, *, first: bool
    ) -> FlushReceipt:
        with noticing_moves() if first else nullcontext():
            head = self._claim(connection, batch, seals)
        if head is None:
            return FlushReceipt()
        if batch.outgoing.opening is not None:
            customer = _customer_row(batch.outgoing.opening.customer, batch)
            connection.execute(self._customer, seals.seal(customers, customer))
        for table, row in _rows_of(batch):
            if row is not None:
                connection.execute(self._rows[table], seals.seal(table, _row_of(row, batch)))
        written, superseded = self._append(connection, batch, head, seals)
        if written < len(batch.outgoing.entries):
            self._registers.forget_lost(connection, batch)
        self._registers.put(connection, batch, seals)
        return FlushReceipt(written=written, superseded=superseded)

    def _claim(self, connection: Connection, batch: FlushBatch, seals: Seals) -> Head | None:
        """Move the fence, and lock it until the commit; return the chain's head.

        None: a later task has moved it.
        """
        if batch.case is None:
            entries = batch.outgoing.entries
            row = {"version": entries[-1].seq if entries else 0, **_fence(batch)}
            return head_of(batch.stream, connection.execute(self._stream, row).first())
        opening = batch.outgoing.opening
        upsert = self._opening if opening else self._case
        row = seals.seal(cases, _case_row(batch.case, opening, batch))
        return head_of(batch.stream, connection.execute(upsert, row).first())

    def _append(
        self, connection: Connection, batch: FlushBatch, head: Head, seals: Seals
    ) -> tuple[int, int]:
        """Write the entries; return how many were new, and how many replaced a lost one."""
        entries = batch.outgoing.entries
        if not entries:
            return 0, 0
        stored = self._stored(connection, batch) if entries[0].seq <= head.seq else {}
        new = [_entry_row(batch, entry, seals) for entry in entries if entry.seq not in stored]
        replacing = [
            _entry_row(batch, entry, seals, revision=stored[entry.seq][0] + 1)
            for entry in entries
            if entry.seq in stored and stored[entry.seq][1] != entry.entry_id
        ]
        if rows := chained(head, new + replacing):
            with noticing_moves():
                connection.execute(self._entries, rows)
        return len(new), len(replacing)

    def _stored(self, connection: Connection, batch: FlushBatch) -> dict[int, tuple[int, str]]:
        """Return the newest revision that is stored for each seq, with its entry's id."""
        entries, table = batch.outgoing.entries, journal_entries
        rows = connection.execute(
            select(table.c.seq, table.c.revision, table.c.entry_id)
            .where(table.c.stream == batch.stream)
            .where(table.c.seq.between(entries[0].seq, entries[-1].seq))
            .order_by(table.c.seq, table.c.revision)
        )
        return {seq: (revision, entry_id) for seq, revision, entry_id in rows}


def _not_older(table: Table, statement: Upsert) -> ColumnElement[bool]:
    """Say that a write is of the stored task or a later one, and does not go back within it."""
    new = statement.excluded
    return or_(
        table.c.updated_at < new.updated_at,
        and_(table.c.updated_at == new.updated_at, table.c.version <= new.version),
    )


def _case_upsert(statement: Upsert, *, kept: frozenset[str]) -> Upsert:
    return statement.on_conflict_do_update(
        index_elements=[cases.c.case_id],
        set_={name: statement.excluded[name] for name in _CASE_COLUMNS if name not in kept},
        where=_not_older(cases, statement),
    )


def _row_upsert(table: Table, statement: Upsert) -> Upsert:
    """The row of a case whose fence is its stream's, which was moved before."""
    kept = {"opened_at", *table.primary_key.columns.keys()}
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={
            column.name: statement.excluded[column.name]
            for column in table.columns
            if column.name not in kept
        },
    )


def _stream_upsert(statement: Upsert) -> Upsert:
    """Without entries (version 0) the journal counts as far as it did before."""
    new = statement.excluded
    none = new.version == 0
    return statement.on_conflict_do_update(
        index_elements=[streams.c.stream],
        set_={
            "version": case((none, streams.c.version), else_=new.version),
            "updated_at": new.updated_at,
        },
        where=or_(
            _not_older(streams, statement), and_(none, streams.c.updated_at == new.updated_at)
        ),
    )


def _customer_upsert(statement: Upsert) -> Upsert:
    """An empty contact field leaves what is known: not every channel asks for all of them."""
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[customers.c.customer_id],
        set_={
            **{
                column.name: func.coalesce(func.nullif(new[column.name], ""), column)
                for column in (customers.c.name, customers.c.email, customers.c.phone)
            },
            "technical_terms": new.technical_terms,
            "updated_at": new.updated_at,
        },
    )


def _fence(batch: FlushBatch) -> dict[str, Any]:
    return {"stream": batch.stream, "updated_at": batch.at, "of_stream": batch.stream}


def _customer_row(customer: Customer, batch: FlushBatch) -> dict[str, Any]:
    return {**columns_of(customer), "updated_at": batch.at}


def _case_row(record: CaseRecord, opening: Opening | None, batch: FlushBatch) -> dict[str, Any]:
    return {
        **columns_of(record),
        **_fence(batch),
        "opened_at": batch.at,
        "subject": opening.subject if opening else "",
        "text": opening.text if opening else "",
        "request_digest": opening.request_digest if opening else "",
    }


def _rows_of(batch: FlushBatch) -> tuple[tuple[Table, Row | None], ...]:
    return (
        (handoffs, batch.handoff),
        (incidents, batch.incident),
        (duties, batch.duty),
        (privacy_requests, batch.privacy),
    )


def _row_of(row: Row, batch: FlushBatch) -> dict[str, Any]:
    """Return a row with what it holds of lists as JSON."""
    values = columns_of(row)
    lists = {
        name: [part.model_dump(mode="json") if isinstance(part, Payload) else part for part in held]
        for name, held in values.items()
        if isinstance(held, tuple)
    }
    return {**values, **lists, "opened_at": batch.at, "updated_at": batch.at}


def _whose(batch: FlushBatch) -> Iterator[tuple[Table, dict[str, Any]]]:
    """Yield what a flush seals: of each kind of row one that says whose it is."""
    yield journal_entries, {"case_id": batch.case_id}
    if batch.outgoing.opening is not None:
        yield customers, {"customer_id": batch.outgoing.opening.customer.customer_id}
    yield from whose_registers(batch)


def _entry_row(
    batch: FlushBatch, entry: Entry, seals: Seals, *, revision: int = 0
) -> dict[str, Any]:
    """Return an entry's row as it is stored; it was sealed for its revision."""
    row = {
        "stream": batch.stream,
        "seq": entry.seq,
        "revision": revision,
        "case_id": batch.case_id,
        "entry_id": entry.entry_id,
        "at": entry.at,
        "principal": entry.actor.principal,
        "role": str(entry.actor.role),
        "kind": entry.kind,
        "clauses": entry.clauses,
        "detail": entry.detail,
    }
    return seals.seal(journal_entries, row)
