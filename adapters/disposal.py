"""The records of closed cases: what is due, and deleting it with a certificate."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Integer, RowMapping, Select, and_, bindparam, or_, select

from activities.disposal_ports import CustomersGone, Standing
from adapters.access_log_purge import count_due, nothing_gone, purge_entries
from adapters.database import Database, StatementRefusedError
from adapters.disposal_sources import belongs_to, undisposed, waits_for_another
from adapters.disposal_writes import (
    carry_out,
    certified,
    dispose_of_customer,
    file_once,
    part_of,
    without_cases,
)
from adapters.journal_purge import PurgeCertificate
from adapters.tables import UtcDateTime
from sop.disposal import (
    AccessLogDisposal,
    AccessLogOrder,
    Because,
    Cursor,
    Disposable,
    Disposal,
    DisposalOrder,
    Due,
    DueQuestion,
    ErasureOrder,
    Kept,
    RetentionRules,
    RetentionRun,
)
from sop.keys import RecordClass
from sop.retention import CLASSES, ORDER, due_at, kinds_with, not_before

T = TypeVar("T")

_FIRST = datetime(1, 1, 2, tzinfo=UTC)  # nothing closed before
CUSTOMERS_AT_ONCE = 100
_TURNS = 0x646973706F73616C  # any number; every disposal names this one


class SqlRecords:
    """Implements `activities.disposal_ports.RecordsPort`."""

    def __init__(self, database: Database) -> None:
        """Work on the CRM's database."""
        self._database = database
        self._pages = {which: _page(which) for which in RecordClass}

    def due(self, question: DueQuestion) -> Due:
        """Return what is due, the oldest first, one class after the other.

        Raises:
            CrmUnavailableError: Try again.
        """
        return self._database.read(lambda connection: self._due(connection, question))

    def of_customer(self, order: ErasureOrder) -> tuple[Disposable, ...]:
        """Return every class of every closed case of a customer that has not gone yet.

        Raises:
            CrmUnavailableError: Try again.
        """
        items: list[Disposable] = []
        for record_class in ORDER:
            found = undisposed(kinds_with(record_class), record_class)
            ended = or_(found.c.closed_at.is_not(None), found.c.case_id.in_(order.ended))
            query = select(found).where(
                found.c.customer_id == order.customer_id,
                ended,
                ~waits_for_another(found.c.case_id, order.ended),
            )
            for row in self._rows(query.order_by(found.c.case_id)):
                closed_at = row["closed_at"] or order.at
                until = due_at(record_class, closed_at, order.rules)
                items.append(_disposable(row, record_class, closed_at, until))
        return tuple(items)

    def open_of_customer(self, order: ErasureOrder) -> tuple[Kept, ...]:
        """Return what must be closed before it can go, or waits for something that is open.

        Raises:
            CrmUnavailableError: Try again.
        """
        kept: list[Kept] = []
        for record_class in ORDER:
            found = undisposed(kinds_with(record_class), record_class)
            still = and_(found.c.closed_at.is_(None), found.c.case_id.not_in(order.ended))
            query = select(found.c.case_id).where(
                found.c.customer_id == order.customer_id,
                or_(still, waits_for_another(found.c.case_id, order.ended)),
            )
            kept += [
                Kept(case_id=row["case_id"], record_class=record_class, because=Because.OPEN)
                for row in self._rows(query.order_by(found.c.case_id))
            ]
        return tuple(kept)

    def open_cases(self) -> frozenset[str]:
        """Return the cases that are not closed, of every kind.

        Raises:
            CrmUnavailableError: Try again.
        """
        found = undisposed(tuple(CLASSES), RecordClass.HISTORY)
        query = select(found.c.case_id).where(found.c.closed_at.is_(None))
        return frozenset(row["case_id"] for row in self._rows(query))

    def certified(self, certificate_id: str) -> Disposal | None:
        """Return what an order's certificate says; None if it was not carried out yet.

        Raises:
            CrmUnavailableError: Try again.
        """
        return self._database.read(lambda connection: certified(connection, certificate_id))

    def dispose(self, order: DisposalOrder, let_go: Callable[[str], bool]) -> Disposal:
        """Delete the records of an order's items and file the certificate, in one transaction.

        Raises:
            CrmUnavailableError: Try again.
        """
        try:
            return self._in_turn(lambda connection: carry_out(connection, order, let_go))
        except StatementRefusedError:
            if not order.items:  # the customer's own record is what is refused
                raise
        return self._in_parts(order, let_go)

    def dispose_of_entries(self, order: AccessLogOrder, standing: Standing) -> AccessLogDisposal:
        """Delete entries of the access log whose time is over, in one transaction: a batch.

        Nobody places a hold before that is committed.

        Raises:
            CrmUnavailableError: Try again.
            KeysUnavailableError: The holds cannot be asked; try again.
        """
        with ExitStack() as until_committed:

            def work(connection: Connection) -> AccessLogDisposal:
                until_committed.close()  # of an attempt before
                return purge_entries(
                    connection, order, lambda: until_committed.enter_context(standing())
                )

            try:
                return self._in_turn(work)
            except StatementRefusedError:
                return nothing_gone(order, refused=True)

    def entries_due(self, rules: RetentionRules, at: datetime) -> tuple[int, datetime | None]:
        """Return how many entries of the access log are due, and since when the oldest is.

        Raises:
            CrmUnavailableError: Try again.
        """
        return self._database.read(lambda connection: count_due(connection, rules, at))

    def dispose_of_customers(self, after: str, let_go: Callable[[str], bool]) -> CustomersGone:
        """Delete own records of customers who have no case any more: a batch behind `after`.

        Raises:
            CrmUnavailableError: Try again.
        """

        def work(connection: Connection) -> CustomersGone:
            ids = without_cases(connection, after, CUSTOMERS_AT_ONCE)
            gone = sum(dispose_of_customer(connection, each, let_go) for each in ids)
            return CustomersGone(
                gone=gone, behind=ids[-1] if len(ids) == CUSTOMERS_AT_ONCE else None
            )

        return self._in_turn(work)

    def file_run(self, run: RetentionRun) -> None:
        """File the certificate of a run, once.

        Raises:
            CrmUnavailableError: Try again.
        """
        certificate = PurgeCertificate(
            run.certificate_id,
            "retention_run",
            run.ended_at or run.began_at,
            run.model_dump_json(exclude={"cursor"}),
            frozenset(),
        )

        self._in_turn(lambda connection: file_once(connection, certificate))

    def _in_parts(self, order: DisposalOrder, let_go: Callable[[str], bool]) -> Disposal:
        """Dispose of each item by itself, so that one that is refused stops no other.

        The whole has its certificate, whatever was refused. A customer's own record goes last, and
        only if nothing was.
        """
        refused = [item for item in order.items if not self._alone(order, item)]
        kept = (*order.kept, *(_refused(item) for item in refused))
        gone = tuple(item for item in order.items if item not in refused)
        own = None if refused else order.customer_id
        whole = order.model_copy(update={"items": gone, "kept": kept, "customer_id": own})
        return self._in_turn(lambda connection: carry_out(connection, whole, let_go))

    def _alone(self, order: DisposalOrder, item: Disposable) -> bool:
        """Dispose of an item under a certificate of its own; return False if it is refused.

        The certificate bears the names of case and class: a repetition after a crash, which finds
        fewer items, takes none for another's.
        """
        part = order.model_copy(
            update={
                "certificate_id": part_of(order.certificate_id, item),
                "items": (item,),
                "kept": (),
                "customer_id": None,
            }
        )
        try:
            self._in_turn(lambda connection: carry_out(connection, part, lambda _: False))
        except StatementRefusedError:
            return False
        return True

    def _due(self, connection: Connection, question: DueQuestion) -> Due:
        items: list[Disposable] = []
        cursor = question.after or Cursor(record_class=ORDER[0])
        for record_class in ORDER[ORDER.index(cursor.record_class) :]:
            after = cursor if record_class is cursor.record_class else None
            wanted = question.limit - len(items)
            found = self._due_of(connection, record_class, question, after, wanted)
            items += found
            if len(found) == wanted:
                last = found[-1]
                behind = Cursor(
                    record_class=record_class, closed_at=last.closed_at, case_id=last.case_id
                )
                return Due(items=tuple(items), behind=behind)
        return Due(items=tuple(items))

    def _due_of(
        self,
        connection: Connection,
        record_class: RecordClass,
        question: DueQuestion,
        after: Cursor | None,
        limit: int,
    ) -> list[Disposable]:
        page = {
            "until": not_before(record_class, question.at, question.rules),
            "after": after.closed_at if after and after.closed_at else _FIRST,
            "behind": after.case_id if after else "",
            "wanted": limit,
        }
        items = []
        for row in connection.execute(self._pages[record_class], page).mappings():
            until = due_at(record_class, row["closed_at"], question.rules)
            if until > question.at:  # the others closed later
                break
            items.append(_disposable(row, record_class, row["closed_at"], until))
        return items

    def _rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        return self._database.read(lambda connection: connection.execute(query).mappings().all())

    def _in_turn(self, work: Callable[[Connection], T]) -> T:
        """Work in a transaction that no other disposal overlaps."""

        def take_turns(connection: Connection) -> T:
            self._database.take_turns(connection, _TURNS)
            return work(connection)

        return self._database.write(take_turns)


def _disposable(
    row: RowMapping, record_class: RecordClass, closed_at: datetime, until: datetime
) -> Disposable:
    return Disposable(
        case_id=row["case_id"],
        kind=row["kind"],
        record_class=record_class,
        customer_id=row["customer_id"],
        about=belongs_to(row),
        closed_at=closed_at,
        due_at=until,
    )


def _refused(item: Disposable) -> Kept:
    return Kept(
        case_id=item.case_id,
        record_class=item.record_class,
        because=Because.REFUSED,
        until=item.due_at,
    )


def _page(record_class: RecordClass) -> Select[Any]:
    """Return the query for cases that closed by then and wait for nothing, the oldest first."""
    found = undisposed(kinds_with(record_class), record_class)
    age, after = found.c.closed_at, bindparam("after", type_=UtcDateTime)
    same = and_(age == after, found.c.case_id > bindparam("behind"))
    return (
        select(found)
        .where(age <= bindparam("until", type_=UtcDateTime), or_(age > after, same))
        .where(~waits_for_another(found.c.case_id))
        .order_by(age, found.c.case_id)
        .limit(bindparam("wanted", type_=Integer))
    )
