"""What the API and the schedules read of duties from the CRM. A read wakes no workflow."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select, union_all

from adapters.database import Database
from adapters.handoff_tables import handoffs
from adapters.paging import LONGEST_PAGE, ByDeadline
from adapters.restrictions import unrestricted
from adapters.staff import TrainingRecords
from adapters.staff_tables import duties, training_records
from adapters.tables import cases, journal_entries
from sop.duty.records import DutyFilter, DutyPage, DutyRecord
from sop.models import CLOCK, Actor
from sop.training import TrainingRecord

_ORDER = ByDeadline(duties.c.next_deadline, duties.c.duty_id)
_CLOSED = tuple((table, table.c.closed_at) for table in (cases, handoffs))
_UNRESTRICTED = unrestricted(duties.c.duty_id, duties.c.about)
_VERSIONS = tuple(table.c.policy_version for table in (cases, handoffs, duties))


class DutyReads:
    """Duties as values; every method raises CrmUnavailableError without an answer."""

    def __init__(self, database: Database) -> None:
        """Read from a database."""
        self._database = database

    def duty(
        self, duty_id: str, own_of: Actor | None = None, *, restricted: bool = False
    ) -> DutyRecord | None:
        """Return a duty; None if there is none, or none that exists for `own_of`.

        Args:
            duty_id: Which.
            own_of: Who sees no other's.
            restricted: Also one that an erasure left, or that is about such a case (HOF-5.1).
        """
        query = select(duties).where(duties.c.duty_id == duty_id, *_own(own_of))
        if not restricted:
            query = query.where(_UNRESTRICTED)
        return next((_record(row) for row in self._rows(query)), None)

    def duties(
        self, wanted: DutyFilter, *, cursor: str | None = None, limit: int = LONGEST_PAGE
    ) -> DutyPage:
        """Return a page of duties: the next deadline first, those without one last.

        Args:
            wanted: Which duties.
            cursor: `next_cursor` of the page before.
            limit: Duties on the page; no more than LONGEST_PAGE.

        Raises:
            InvalidValueError: The cursor is none of ours.
        """
        query = select(duties).where(*_wanted(wanted))
        rows, following = _ORDER.cut(self._rows(_ORDER.page(query, cursor, limit)), limit)
        return DutyPage(duties=tuple(map(_record, rows)), next_cursor=following)

    def _rows(self, query: Select[Any]) -> list[dict[str, Any]]:
        return self._database.rows(query)


class SqlDutySource:
    """Implements `activities.ports.DutySource`."""

    def __init__(self, database: Database) -> None:
        """Read from a database."""
        self._database = database
        self._trainings = TrainingRecords(database)

    def knows_another_version(self, version: str) -> bool:
        """Return whether a case or a duty was begun under another version of the policy."""
        return any(
            self._column(select(column).where(column.not_in((version, ""))).limit(1))
            for column in _VERSIONS
        )

    def latest_trainings(self) -> tuple[TrainingRecord, ...]:
        """Return the latest training of each person and course."""
        return self._trainings.latest()

    def closed_between(self, begins: datetime, ends: datetime) -> tuple[str, ...]:
        """Return the inquiries and handoffs that closed from `begins` before `ends`.

        What an erasure had to leave is audited no more (HOF-5.1).
        """
        from_, to = begins.astimezone(UTC), ends.astimezone(UTC)
        closed = union_all(
            *(
                select(*table.primary_key.columns).where(at >= from_, at < to)
                for table, at in _CLOSED
            )
        ).subquery()
        return self._column(select(closed.c[0]).where(unrestricted(closed.c[0])))

    def handlers_of(self, case_id: str) -> tuple[str, ...]:
        """Return who has an entry in a case's journal, its escalations' included.

        One that was purged tells nothing any more.
        """
        entry = journal_entries.c
        query = select(entry.principal).distinct().where(entry.case_id == case_id)
        query = query.where(entry.purged_by.is_(None))
        return self._column(query.where(entry.principal != CLOCK.principal))

    def opened_among(self, duty_ids: Collection[str]) -> frozenset[str]:
        """Return which of these duties were opened before."""
        query = select(duties.c.duty_id).where(duties.c.duty_id.in_(duty_ids))
        return frozenset(self._column(query))

    def opened_like(self, prefix: str) -> frozenset[str]:
        """Return the duties that were opened before and whose id begins like this."""
        like = duties.c.duty_id.startswith(prefix, autoescape=True)
        return frozenset(self._column(select(duties.c.duty_id).where(like)))

    def trained_from(self, principal: str, course: str, moment: datetime) -> bool:
        """Return whether a person has a training in a course, completed then or later."""
        record = training_records.c
        query = select(record.course).where(
            record.principal == principal,
            record.course == course,
            record.completed_at >= moment.astimezone(UTC),
        )
        return bool(self._column(query.limit(1)))

    def _column(self, query: Select[Any]) -> tuple[str, ...]:
        return self._database.read(
            lambda connection: tuple(connection.execute(query).scalars().all())
        )


def _record(row: Mapping[str, Any]) -> DutyRecord:
    return DutyRecord.model_validate(dict(row))


def _own(actor: Actor | None) -> list[ColumnElement[bool]]:
    """Say which duties exist for somebody who sees only their own."""
    if actor is None:
        return []
    own = or_(
        duties.c.assignee == actor.principal,
        duties.c.about == actor.principal,
        duties.c.role == str(actor.role),
    )
    return [own]


def _wanted(wanted: DutyFilter) -> list[ColumnElement[bool]]:
    conditions = [_UNRESTRICTED, *_own(wanted.own_of)]
    if wanted.kind is not None:
        conditions.append(duties.c.kind == str(wanted.kind))
    if wanted.assignee is not None:
        conditions.append(duties.c.assignee == wanted.assignee)
    if wanted.open_only:
        conditions.append(duties.c.done_at.is_(None))
    return conditions
