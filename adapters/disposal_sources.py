"""Where closed cases stand in the CRM, which of their rows belong to which class."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    RowMapping,
    Select,
    String,
    Subquery,
    Table,
    cast,
    exists,
    func,
    literal,
    null,
    select,
    union_all,
)

from adapters.disposal_tables import disposals, disposed_cases
from adapters.handoff_tables import handoff_confirmations, handoffs, verification_log
from adapters.identity_tables import identity_attempts
from adapters.incident_tables import filed_reports, incident_reports, incidents
from adapters.privacy_tables import privacy_requests
from adapters.staff_tables import duties
from adapters.tables import cases, escalations, outbox, tasks
from sop.keys import RecordClass


@dataclass(frozen=True)
class Source:
    """The table of one kind of case.

    Attributes:
        own: The class of the row itself, and of the case's journal, tasks, escalations, outbox.
        customer: Whose case it is; None where the case that it is about says so;
            neither: nobody's.
        about: The case that it was opened from, or is about.
    """

    kind: str
    table: Table
    own: RecordClass
    case_id: Column[Any]
    closed_at: Column[Any]
    customer: Column[Any] | None = None
    about: Column[Any] | None = None

    def customer_id(self) -> ColumnElement[str | None]:
        """Return whose case it is, or is about; NULL where it is nobody's."""
        if self.customer is not None:
            return self.customer
        if self.about is None:
            return cast(null(), String)
        known = [
            select(column).where(key == self.about).scalar_subquery()
            for column, key in (
                (cases.c.customer_id, cases.c.case_id),
                (handoffs.c.customer_id, handoffs.c.handoff_id),
                (disposed_cases.c.customer_id, disposed_cases.c.case_id),
            )
        ]
        return func.coalesce(*known)


SOURCES = (
    Source(
        "inquiry",
        cases,
        RecordClass.INQUIRY,
        cases.c.case_id,
        cases.c.closed_at,
        cases.c.customer_id,
    ),
    Source(
        "handoff",
        handoffs,
        RecordClass.HANDOFF,
        handoffs.c.handoff_id,
        handoffs.c.closed_at,
        handoffs.c.customer_id,
        about=handoffs.c.inquiry_id,
    ),
    Source(
        "incident",
        incidents,
        RecordClass.INCIDENT,
        incidents.c.incident_id,
        incidents.c.closed_at,
        about=incidents.c.case_id,
    ),
    Source(
        "duty",
        duties,
        RecordClass.HANDOFF,
        duties.c.duty_id,
        duties.c.done_at,
        about=duties.c.about,
    ),
    # Nobody's on purpose: the proof of an erasure is no part of what it erases.
    Source(
        "privacy",
        privacy_requests,
        RecordClass.INCIDENT,
        privacy_requests.c.request_id,
        privacy_requests.c.closed_at,
    ),
)
OWN = {source.kind: source.own for source in SOURCES}
BY_KIND = {source.kind: source for source in SOURCES}

_OF_ITS_CASE = (tasks, escalations, outbox)
_REGISTERS = {
    RecordClass.HISTORY: (),
    RecordClass.INQUIRY: (),
    RecordClass.HANDOFF: (handoff_confirmations,),
    RecordClass.VERIFICATION: (verification_log, identity_attempts),
    RecordClass.INCIDENT: (incident_reports,),
}


def deletions(
    kind: str, record_class: RecordClass, ids: list[str]
) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """Yield what goes with a class of cases of one kind: a table, and which of its rows."""
    if record_class is RecordClass.INCIDENT:
        reports = select(incident_reports.c.report_id).where(incident_reports.c.case_id.in_(ids))
        yield filed_reports, filed_reports.c.report_id.in_(reports)
    for table in _REGISTERS[record_class]:
        yield table, table.c.case_id.in_(ids)
    source = BY_KIND[kind]
    if record_class is source.own:
        for table in _OF_ITS_CASE:
            yield table, table.c.case_id.in_(ids)
        yield source.table, source.case_id.in_(ids)


def undisposed(kinds: tuple[str, ...], record_class: RecordClass) -> Subquery:
    """Return the cases of some kinds of which a class has not gone: open ones, too.

    A case of which something has gone stands in `disposed_cases`, whatever is left of its row.
    """
    parts: list[Select[Any]] = [
        select(
            source.case_id.label("case_id"),
            literal(source.kind).label("kind"),
            source.customer_id().label("customer_id"),
            source.closed_at.label("closed_at"),
            (cast(null(), String) if source.about is None else source.about).label("about"),
        ).where(~exists().where(disposed_cases.c.case_id == source.case_id))
        for source in SOURCES
        if source.kind in kinds
    ]
    tombstone = disposed_cases.c
    left = (tombstone.case_id, tombstone.kind, tombstone.customer_id, tombstone.closed_at)
    parts.append(select(*left, tombstone.about).where(tombstone.kind.in_(kinds)))
    found = union_all(*parts).subquery("found")
    gone = exists().where(
        disposals.c.case_id == found.c.case_id, disposals.c.record_class == record_class.value
    )
    return select(found, _came_from(found.c.about)).where(~gone).subquery("undisposed")


def belongs_to(row: RowMapping) -> tuple[str, ...]:
    """Return the cases that a row of `undisposed` belongs to, the nearest first."""
    # A duty may be about a person or a policy: what holds these is no hold on a case.
    both = (row["about"], row["came_from"])
    return tuple(each for each in both if each and each.startswith(("inquiry-", "handoff-")))


def _came_from(case_id: ColumnElement[str]) -> ColumnElement[str | None]:
    """Return the inquiry from which a handoff was opened, whatever is left of that."""
    known = (
        select(handoffs.c.inquiry_id).where(handoffs.c.handoff_id == case_id).scalar_subquery(),
        select(disposed_cases.c.about).where(disposed_cases.c.case_id == case_id).scalar_subquery(),
    )
    return func.coalesce(*known).label("came_from")


def waits_for_another(
    case_id: ColumnElement[str], ended: Collection[str] = ()
) -> ColumnElement[bool]:
    """Return whether something that was opened from a case, or is about it, is still open.

    What was terminated never closes: `ended` names what an erasure has just ended, and what was
    terminated before is known by its tombstone.
    """
    return _still_open(BY_KIND["handoff"], handoffs.c.inquiry_id == case_id, ended) | _still_open(
        BY_KIND["incident"], incidents.c.case_id == case_id, ended
    )


def _still_open(
    source: Source, related: ColumnElement[bool], ended: Collection[str]
) -> ColumnElement[bool]:
    return exists().where(
        related,
        source.closed_at.is_(None),
        source.case_id.not_in(ended),
        ~exists().where(disposed_cases.c.case_id == source.case_id),
    )
