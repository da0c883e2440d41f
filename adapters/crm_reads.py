"""What the API and the command line read from the CRM. A read never wakes a workflow.

Only the confirmed journal is shown: of each entry the newest revision, and none above the
version that its writer last reached.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    exists,
    func,
    select,
    true,
)

from adapters.access_facts import facts_query, opened_by, presence_query, to_facts
from adapters.database import Database
from adapters.disposal_tables import disposed_cases
from adapters.handoff_tables import handoffs
from adapters.incident_tables import incidents
from adapters.paging import LONGEST_PAGE, ByDeadline
from adapters.privacy_tables import privacy_requests
from adapters.restrictions import unrestricted
from adapters.staff_tables import duties
from adapters.standings import standing_query, to_standing
from adapters.tables import cases, customers, escalations, journal_entries, outbox, streams, tasks
from sop.models import Actor, Customer, EscalationRecord, OutboxMessage, TaskRecord
from sop.object_rules import ObjectFacts, Presence, object_kind
from sop.records import (
    CaseDetail,
    CaseFilter,
    CasePage,
    CaseSummary,
    CrmCounts,
    Moment,
    TimelineEntry,
)
from sop.standing import Standing, kind_of

GONE = "disposed of"
"""Stands for the digest of a request whose case has gone: no request has this one."""

_SHOWN_IN_LISTS = [column for column in cases.columns if column.name != "text"]
_ORDER = ByDeadline(cases.c.next_deadline, cases.c.case_id)


class CrmReads:
    """The cases and registers as values; every method raises CrmUnavailableError like `ping`."""

    def __init__(self, database: Database) -> None:
        """Read from a database."""
        self._database = database

    def ping(self) -> None:
        """Ask the database for an answer.

        Raises:
            CrmUnavailableError: There was none.
        """
        self._rows(select(1))

    def case(self, case_id: str) -> CaseDetail | None:
        """Return a case with its text and customer; None if there is none."""
        query = select(cases, customers).join(customers).where(cases.c.case_id == case_id)
        return next(map(_case_detail, self._rows(query)), None)

    def standing(self, case_id: str) -> Standing | None:
        """Return how an inquiry, a handoff or an incident stands; None if there is none."""
        kind = kind_of(case_id)
        if kind is None:
            return None
        rows = self._rows(standing_query(kind, case_id))
        return next((to_standing(kind, case_id, row) for row in rows), None)

    def facts(self, case_id: str) -> ObjectFacts | None:
        """Return what decides who may do what in a case of any kind; None if there is none."""
        kind = object_kind(case_id)
        if kind is None:
            return None
        rows = self._rows(facts_query(kind, case_id))
        return next((to_facts(kind, row) for row in rows), None)

    def presence(self, case_id: str) -> Presence:
        """Return whether there is a case of any kind, or was, and whether it is restricted."""
        kind = object_kind(case_id)
        if kind is None:
            return Presence.UNKNOWN
        (found,) = self._rows(presence_query(kind, case_id))
        if found["restricted"]:
            return Presence.RESTRICTED
        return Presence.RECORDED if found["recorded"] else Presence.UNKNOWN

    def find_case_digest(self, case_id: str) -> str | None:
        """Return the digest of the request that opened a case; None if there is none."""
        table: Table = cases
        if case_id.startswith("handoff-"):
            table = handoffs
        elif case_id.startswith("incident-"):
            table = incidents
        elif case_id.startswith("privacy-"):
            table = privacy_requests
        elif case_id.startswith("duty-"):  # no request opens one: known, and of no digest
            query = select(duties.c.duty_id).where(duties.c.duty_id == case_id)
            return "" if self._rows(query) else None
        (key,) = table.primary_key.columns
        query = select(key, table.c.request_digest).where(key == case_id)
        for row in self._rows(query):
            digest: str = row["request_digest"]
            return digest
        # Of a case that has gone the key stays used: its data keys are destroyed for good.
        gone = select(disposed_cases.c.case_id).where(disposed_cases.c.case_id == case_id)
        return GONE if self._rows(gone) else None

    def cases(
        self, wanted: CaseFilter, *, cursor: str | None = None, limit: int = LONGEST_PAGE
    ) -> CasePage:
        """Return a page of cases: the next deadline first, those without one last.

        Args:
            wanted: Which cases.
            cursor: `next_cursor` of the page before.
            limit: Cases on the page; no more than LONGEST_PAGE.

        Raises:
            InvalidValueError: The cursor is none of ours.
        """
        query = select(*_SHOWN_IN_LISTS).where(*_wanted(wanted))
        rows, following = _ORDER.cut(self._rows(_ORDER.page(query, cursor, limit)), limit)
        page = tuple(CaseSummary.model_validate(dict(row)) for row in rows)
        return CasePage(cases=page, next_cursor=following)

    def timeline(self, case_id: str) -> tuple[TimelineEntry, ...]:
        """Return everything that happened in a case, its escalations included, in order.

        A stream's own order is kept where the entry of a lost task was taken over with its time.
        """
        entry = journal_entries.c
        at = func.max(entry.at).over(partition_by=entry.stream, order_by=entry.seq)
        query = _confirmed().where(entry.case_id == case_id).order_by(at, entry.stream, entry.seq)
        return tuple(map(_timeline_entry, self._rows(query)))

    def escalations(
        self,
        case_id: str | None = None,
        *,
        fired_from: Moment | None = None,
        fired_before: Moment | None = None,
    ) -> tuple[EscalationRecord, ...]:
        """Return the rungs that fired, of one case or in a span of time, in that order."""
        rung = escalations.c
        query = (
            select(escalations)
            .where(rung.case_id == case_id if case_id is not None else true())
            .where(rung.fired_at >= fired_from if fired_from is not None else true())
            .where(rung.fired_at < fired_before if fired_before is not None else true())
            .order_by(rung.fired_at, rung.case_id, rung.rung, rung.occasion)
        )
        return tuple(EscalationRecord.model_validate(dict(row)) for row in self._rows(query))

    def tasks(
        self,
        *,
        open_only: bool = True,
        assignee: str | None = None,
        case_id: str | None = None,
        own_of: str | None = None,
    ) -> tuple[TaskRecord, ...]:
        """Return the tasks for staff, by the moment at which they are due.

        Args:
            open_only: Without those that are done.
            assignee: Only this person's.
            case_id: Only those of this case.
            own_of: Only those of cases that this principal opened.
        """
        task = tasks.c
        query = (
            select(tasks)
            .where(unrestricted(task.case_id))
            .where(task.done_at.is_(None) if open_only else true())
            .where(task.assignee == assignee if assignee is not None else true())
            .where(task.case_id == case_id if case_id is not None else true())
            .where(task.case_id.in_(opened_by(own_of)) if own_of is not None else true())
            .order_by(task.due_at, task.task_id)
        )
        return tuple(TaskRecord.model_validate(dict(row)) for row in self._rows(query))

    def outbox(
        self, *, case_id: str | None = None, topic: str | None = None
    ) -> tuple[OutboxMessage, ...]:
        """Return the messages that left the house, the oldest first."""
        message = outbox.c
        query = (
            select(outbox)
            .where(message.case_id == case_id if case_id is not None else true())
            .where(message.topic == topic if topic is not None else true())
            .order_by(message.created_at, message.message_id)
        )
        return tuple(OutboxMessage.model_validate(dict(row)) for row in self._rows(query))

    def counts(self) -> CrmCounts:
        """Return how much the CRM holds."""
        return self._database.read(_counts)

    def _rows(self, query: Select[Any]) -> list[dict[str, Any]]:
        return self._database.rows(query)


def _case_detail(row: Mapping[str, Any]) -> CaseDetail:
    customer = Customer.model_validate(dict(row))
    return CaseDetail.model_validate({**row, "customer": customer})


def _timeline_entry(row: Mapping[str, Any]) -> TimelineEntry:
    actor = Actor(principal=row["principal"], role=row["role"])
    return TimelineEntry.model_validate({**row, "actor": actor})


def _confirmed() -> Select[Any]:
    entry, newer = journal_entries.c, journal_entries.alias("newer")
    replaced = exists().where(
        newer.c.stream == entry.stream,
        newer.c.seq == entry.seq,
        newer.c.revision > entry.revision,
    )
    return (
        select(journal_entries)
        .outerjoin(cases, cases.c.stream == entry.stream)
        .outerjoin(streams, streams.c.stream == entry.stream)
        .where(entry.seq <= func.coalesce(cases.c.version, streams.c.version), ~replaced)
        .where(entry.purged_by.is_(None))
    )


def _wanted(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    conditions = [
        cases.c[name] == value
        for name in ("stage", "category", "priority", "assignee", "opened_by")
        if (value := getattr(wanted, name)) is not None
    ]
    conditions.append(unrestricted(cases.c.case_id))
    if wanted.due_before is not None:
        conditions.append(cases.c.next_deadline < wanted.due_before)
    if wanted.open_only:
        conditions.append(cases.c.closed_at.is_(None))
    return conditions


def _counts(connection: Connection) -> CrmCounts:
    def number(query: Select[Any]) -> int:
        return int(connection.execute(query).scalar_one())

    def by(column: ColumnElement[str]) -> dict[str, int]:
        rows = connection.execute(select(column, func.count()).group_by(column).order_by(column))
        return dict(rows.all())

    entries = number(select(func.count()).select_from(_confirmed().subquery()))
    return CrmCounts(
        cases=number(select(func.count(cases.c.case_id))),
        closed=number(select(func.count(cases.c.closed_at))),
        stages=by(cases.c.stage),
        entries=entries,
        replaced=number(select(func.count(journal_entries.c.seq))) - entries,
        escalations=by(escalations.c.rung),
        open_tasks=number(select(func.count(tasks.c.task_id)).where(tasks.c.done_at.is_(None))),
        messages=number(select(func.count(outbox.c.message_id))),
    )
