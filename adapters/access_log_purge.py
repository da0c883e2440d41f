"""Deletes old entries of the access log, under a certificate: the one door to that.

The database lets nobody delete or change an entry otherwise (migrations 0005 and 0008).
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    String,
    bindparam,
    cast,
    delete,
    func,
    insert,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY

from activities.ports import CrmUnavailableError
from adapters.access_tables import access_log, access_log_purges
from adapters.hold_scopes import scopes_of
from adapters.journal_purge import PurgeCertificate, file_certificate
from adapters.proof_tables import certificates
from sop.disposal import AccessLogDisposal, AccessLogOrder, EntryCursor, RetentionRules
from sop.retention import entries_not_before, entry_due_at

Entry = Row[tuple[datetime, str, str | None]]


def purge_entries(
    connection: Connection,
    order: AccessLogOrder,
    standing: Callable[[], Mapping[str, tuple[str, ...]]],
) -> AccessLogDisposal:
    """Delete the entries of a batch that are due and not held, and file its certificate.

    Repeating it changes nothing.

    Args:
        connection: In a transaction, which nobody else's overlaps.
        order: Which.
        standing: Returns the holds in force, by scope, and lets nobody place another until the
            transaction is over; asked only if something is due.

    Raises:
        CrmUnavailableError: Somebody else deleted meanwhile; try again.
    """
    known = _certified(connection, order.certificate_id)
    if known is not None:
        return known
    due = _due(connection, order)
    if not due:
        return nothing_gone(order)
    go, held = _apart(due, scopes_of(connection, {e.owner for e in due if e.owner}), standing())
    last = due[-1] if len(due) == order.limit else None
    disposal = nothing_gone(order).model_copy(
        update={
            "entries": len(go),
            "through": go[-1].at if go else None,
            "held": held,
            "behind": last and EntryCursor(at=last.at, entry_id=last.entry_id),
        }
    )
    if go:
        _file(connection, disposal, go[-1].at)
        if _delete(connection, [each.entry_id for each in go], order.certificate_id) != len(go):
            raise CrmUnavailableError("the access log was purged meanwhile")
    return disposal


def nothing_gone(order: AccessLogOrder, *, refused: bool = False) -> AccessLogDisposal:
    """Return the disposal of an order of which nothing went."""
    return AccessLogDisposal(
        certificate_id=order.certificate_id,
        at=order.at,
        policy_version=order.rules.policy_version,
        refused=refused,
    )


def count_due(
    connection: Connection, rules: RetentionRules, at: datetime
) -> tuple[int, datetime | None]:
    """Return how many entries are due at a moment, held or not, and since when the oldest is."""
    written = connection.execute(_old_entries(rules, at)).scalars()
    due = list(takewhile(lambda due: due <= at, (entry_due_at(each, rules) for each in written)))
    return len(due), due[0] if due else None


def _old_entries(rules: RetentionRules, at: datetime) -> Select[Any]:
    """Return what reads the entries that may be due, the oldest first."""
    entry = access_log.c
    query = select(entry.at, entry.entry_id, entry.owner)
    return query.where(entry.at <= entries_not_before(at, rules)).order_by(entry.at, entry.entry_id)


def _due(connection: Connection, order: AccessLogOrder) -> Sequence[Entry]:
    query = _old_entries(order.rules, order.at).limit(order.limit)
    if order.after is not None:
        place = tuple_(access_log.c.at, access_log.c.entry_id)
        query = query.where(place > (order.after.at, order.after.entry_id))
    found = connection.execute(query)
    # The others were written later.
    return list(takewhile(lambda e: entry_due_at(e.at, order.rules) <= order.at, found))


def _apart(
    due: Sequence[Entry],
    scopes: Mapping[str, Collection[str]],
    standing: Mapping[str, tuple[str, ...]],
) -> tuple[list[Entry], dict[str, int]]:
    """Return the entries that go, and how many each hold keeps."""
    go, held = list[Entry](), Counter[str]()
    for entry in due:
        holds = {h for scope in scopes.get(entry.owner or "", ()) for h in standing.get(scope, ())}
        held.update(holds)
        if not holds:
            go.append(entry)
    return go, dict(sorted(held.items()))


def _certified(connection: Connection, certificate_id: str) -> AccessLogDisposal | None:
    of_it = certificates.c.certificate_id == certificate_id
    body = connection.execute(select(certificates.c.body).where(of_it)).scalar()
    return None if body is None else AccessLogDisposal.model_validate_json(body)


def _file(connection: Connection, disposal: AccessLogDisposal, through: datetime) -> None:
    certificate = PurgeCertificate(
        disposal.certificate_id,
        "retention_entries",
        disposal.at,
        disposal.model_dump_json(),
        frozenset(),
    )
    file_certificate(connection, certificate)
    row = {"certificate_id": disposal.certificate_id, "through": through}
    connection.execute(insert(access_log_purges), row)


def _delete(connection: Connection, entry_ids: list[str], certificate_id: str) -> int:
    """Delete entries; the database refuses those that no certificate lets go."""
    if connection.dialect.name == "postgresql":
        ids = cast(bindparam("ids", entry_ids), ARRAY(String))
        return int(
            connection.execute(select(func.purge_access_log(ids, certificate_id))).scalar_one()
        )
    gone = delete(access_log).where(access_log.c.entry_id.in_(entry_ids))
    return connection.execute(gone).rowcount
