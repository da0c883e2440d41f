"""Compares what was purged of the journal with what a disposal leaves, for `handrail verify`.

The application's role may file a certificate and purge under it, as retention does. What it
does not do by accident is to leave all that a disposal leaves, and to spare what is held.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from sop.journal_check import Finding, Wrong

RUN = timedelta(days=1)
"""A run's certificate bears the moment at which the run began: a hold that was released within
this time after it was perhaps over when the case's turn came."""

_MOMENT = {
    "sqlite": "{}",
    "postgresql": "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
}

_PURGED = """
    SELECT e.stream, MIN(e.position), e.case_id, {made_at}, MAX(d.case_id),
        gone.customer_id, gone.about
    FROM journal_entries AS e
    JOIN certificates AS c ON c.certificate_id = e.purged_by
    LEFT JOIN disposals AS d ON d.case_id = e.case_id AND d.certificate_id = e.purged_by
    LEFT JOIN disposed_cases AS gone ON gone.case_id = e.case_id
    WHERE e.purged_by IS NOT NULL {which}
    GROUP BY e.stream, e.case_id, e.purged_by, c.made_at, gone.customer_id, gone.about
    ORDER BY e.stream, MIN(e.position)
"""

_HOLDS = """
    SELECT request.customer_id, CAST(request.cases AS TEXT), {placed}, {released}
    FROM privacy_requests AS request
    JOIN journal_entries AS placed
        ON placed.stream = request.request_id AND placed.kind = 'hold.placed'
    LEFT JOIN journal_entries AS over
        ON over.stream = request.request_id AND over.kind = 'hold.released'
    WHERE request.kind = 'hold'
"""


@dataclass(frozen=True, slots=True)
class _Hold:
    """A hold as its journal tells it, with what it covers."""

    scope: frozenset[str]
    placed_at: datetime
    released_at: datetime | None

    def forbids(self, owners: Collection[object], at: datetime) -> bool:
        over = self.released_at is not None and self.released_at <= at + RUN
        return self.placed_at < at and not over and not self.scope.isdisjoint(owners)


def doubtful_purges(connection: Connection, case_id: str | None = None) -> Iterator[Finding]:
    """Yield the purges of which no disposal is on record, or whose case was held at that time.

    Raises nothing, whatever was done to a row. Holds are those whose request the CRM still has;
    one on a customer reaches the cases of which something else is left.
    """
    holds = list(_holds(connection))
    which = "AND e.case_id = :case_id" if case_id is not None else ""
    query = _PURGED.format(made_at=_moment(connection, "c.made_at"), which=which)
    values = {"case_id": case_id} if case_id is not None else {}
    for row in connection.execute(text(query), values):
        stream, position, purged, made_at, disposed, customer, about = tuple(row)
        place = (stream, position) if isinstance(position, int) else (stream, 1)
        at = _at(made_at)
        if disposed is None:
            yield Finding(*place, Wrong.NOT_DISPOSED)
        elif at and any(hold.forbids((purged, about, _customer(customer)), at) for hold in holds):
            yield Finding(*place, Wrong.HELD)


def _holds(connection: Connection) -> Iterator[_Hold]:
    moments = {name: _moment(connection, f"{name}.at") for name in ("placed", "over")}
    query = _HOLDS.format(placed=moments["placed"], released=moments["over"])
    for customer_id, cases, placed, released in connection.execute(text(query)):
        placed_at = _at(placed)
        if placed_at is not None:
            yield _Hold(_scope(customer_id, cases), placed_at, _at(released))


def _scope(customer_id: object, cases: object) -> frozenset[str]:
    try:
        named = json.loads(str(cases))
    except ValueError:
        named = None
    if isinstance(named, list) and named:
        return frozenset(map(str, named))
    return frozenset({_customer(customer_id)})


def _customer(customer_id: object) -> str:
    """Name a customer so that no case has the same name."""
    return f"customer {customer_id}"


def _moment(connection: Connection, column: str) -> str:
    return _MOMENT[connection.dialect.name].format(column)


def _at(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)).replace(tzinfo=UTC)
    except ValueError:
        return None
