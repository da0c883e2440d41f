"""What staff were trained in (INQ-8.2, HOF-6.1): recorded once, and never taken back."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, select

from adapters.database import Database
from adapters.registers import columns_of
from adapters.staff_tables import training_records
from sop.training import TrainingRecord


class TrainingRecords:
    """Records and reads trainings; each method raises CrmUnavailableError without an answer."""

    def __init__(self, database: Database) -> None:
        """Keep the records in a database."""
        self._database = database
        self._insert = database.insert(training_records).on_conflict_do_nothing()

    def record(self, record: TrainingRecord) -> TrainingRecord:
        """Record a training; return what is on record, which an earlier request may have said."""
        columns, row = training_records.c, columns_of(record)
        sealed = self._database.sealing.seal(training_records, row)
        self._database.write(lambda connection: connection.execute(self._insert, sealed))
        (known,) = self._read(
            select(training_records).where(
                columns.principal == record.principal,
                columns.course == record.course,
                columns.completed_at == record.completed_at,
            )
        )
        return known

    def of(self, principal: str) -> tuple[TrainingRecord, ...]:
        """Return one person's trainings, the latest first."""
        columns = training_records.c
        return self._read(
            select(training_records)
            .where(columns.principal == principal)
            .order_by(columns.completed_at.desc(), columns.course)
        )

    def latest(self, *, completed_after: datetime | None = None) -> tuple[TrainingRecord, ...]:
        """Return the latest training of each person and course, by person and course.

        Args:
            completed_after: Without those that were completed by then: they count no more.
        """
        columns = training_records.c
        last = (
            select(
                columns.principal, columns.course, func.max(columns.completed_at).label("last_at")
            )
            .group_by(columns.principal, columns.course)
            .subquery()
        )
        query = select(training_records).join(
            last,
            and_(
                columns.principal == last.c.principal,
                columns.course == last.c.course,
                columns.completed_at == last.c.last_at,
            ),
        )
        if completed_after is not None:
            query = query.where(columns.completed_at > completed_after)
        return self._read(query.order_by(columns.principal, columns.course))

    def _read(self, query: Select[Any]) -> tuple[TrainingRecord, ...]:
        return tuple(map(TrainingRecord.model_validate, self._database.rows(query)))
