"""Deleting what has gone: the statements of one disposal, and its certificate."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from sqlalchemy import Connection, delete, exists, func, insert, select, update

from activities.ports import CrmUnavailableError
from adapters.disposal_sources import OWN, deletions
from adapters.disposal_tables import disposals, disposed_cases
from adapters.handoff_tables import handoffs
from adapters.identity_tables import identity_factors
from adapters.journal_purge import PurgeCertificate, file_certificate, purge_journals
from adapters.privacy_tables import restrictions
from adapters.proof_tables import certificates
from adapters.tables import cases, customers, journal_entries
from sop.disposal import Disposable, Disposal, DisposalOrder, Gone
from sop.keys import RecordClass
from sop.retention import CLASSES

_ALONE = (
    ~exists().where(cases.c.customer_id == customers.c.customer_id),
    ~exists().where(handoffs.c.customer_id == customers.c.customer_id),
)


def carry_out(
    connection: Connection, order: DisposalOrder, let_go: Callable[[str], bool]
) -> Disposal:
    """Delete what an order names, and file its certificate; repeating it changes nothing.

    The certificate says, too, what went before under certificates of its parts.
    """
    known = certified(connection, order.certificate_id)
    if known is not None:
        return known
    items = _not_gone(connection, order.items)
    _bury(connection, order, items)
    counts = _delete(connection, items)
    own = [item for item in items if OWN[item.kind] is item.record_class]
    journals = _written(connection, [item.case_id for item in own])
    for item in own:
        counts[f"{item.record_class}.journal_entries"] += journals.get(item.case_id, 0)
    gone = 0
    if order.customer_id is not None:
        gone = dispose_of_customer(connection, order.customer_id, let_go)
    # An erasure finds nothing any more of what went in parts; a batch finds all that it named.
    in_parts = order.kind == "erasure" or len(items) < len(order.items)
    parts = _parts(connection, order.certificate_id) if in_parts else []
    disposal = Disposal(
        certificate_id=order.certificate_id,
        at=order.at,
        policy_version=order.policy_version,
        gone=(
            *(each for part in parts for each in part.gone),
            *(Gone(case_id=each.case_id, record_class=each.record_class) for each in items),
        ),
        kept=order.kept,
        counts=dict(sorted(sum((Counter(part.counts) for part in parts), counts).items())),
        customers_gone=gone,
    )
    cases_listed = frozenset(item.case_id for item in own)
    file_certificate(connection, certificate_of(order, disposal, cases_listed))
    if purge_journals(connection, cases_listed, order.certificate_id) != sum(journals.values()):
        raise CrmUnavailableError("the journal was written to meanwhile")
    return disposal


def part_of(certificate_id: str, item: Disposable) -> str:
    """Return the id of the certificate under which an item goes by itself."""
    return f"{certificate_id}.{item.case_id}.{item.record_class}"


def certificate_of(
    order: DisposalOrder, disposal: Disposal, case_ids: frozenset[str] = frozenset()
) -> PurgeCertificate:
    """Return the certificate of what was done; it lists the cases whose journal is purged."""
    return PurgeCertificate(
        order.certificate_id, order.kind, order.at, disposal.model_dump_json(), case_ids
    )


def file_once(connection: Connection, certificate: PurgeCertificate) -> None:
    """File a certificate, unless it is there."""
    of_it = certificates.c.certificate_id == certificate.certificate_id
    if connection.execute(select(certificates.c.digest).where(of_it)).first() is None:
        file_certificate(connection, certificate)


def certified(connection: Connection, certificate_id: str) -> Disposal | None:
    """Return what an order's certificate says; None if there is none."""
    of_it = certificates.c.certificate_id == certificate_id
    body = connection.execute(select(certificates.c.body).where(of_it)).scalar()
    return None if body is None else Disposal.model_validate_json(body)


def without_cases(connection: Connection, after: str, limit: int) -> list[str]:
    """Return customers of whom no inquiry and no handoff is left, in the order of their ids."""
    query = select(customers.c.customer_id).where(customers.c.customer_id > after, *_ALONE)
    return list(connection.execute(query.order_by(customers.c.customer_id).limit(limit)).scalars())


def _parts(connection: Connection, certificate_id: str) -> list[Disposal]:
    """Return what the certificates of an order's parts say, in the order of their names."""
    row = certificates.c
    of_parts = row.certificate_id.startswith(f"{certificate_id}.", autoescape=True)
    query = select(row.body).where(of_parts)
    bodies = connection.execute(query.order_by(row.certificate_id)).scalars()
    return [Disposal.model_validate_json(body) for body in bodies]


def dispose_of_customer(
    connection: Connection, customer_id: str, let_go: Callable[[str], bool]
) -> int:
    """Delete a customer's own record, with what they are identified by; return how many: 0 or 1.

    A row that a kept case refers to stays, and says nothing any more. The row is deleted before
    its key is destroyed: a case that is opened meanwhile waits, and then writes a new one.
    """
    of_them = customers.c.customer_id == customer_id
    blank = {"name": "", "email": "", "phone": "", "technical_terms": False}
    held = connection.begin_nested()
    deleted = connection.execute(delete(customers).where(of_them, *_ALONE)).rowcount
    emptied = (
        0
        if deleted
        else connection.execute(update(customers).where(of_them).values(blank)).rowcount
    )
    factors = identity_factors.c.customer_id == customer_id
    hashes = connection.execute(delete(identity_factors).where(factors)).rowcount
    if not let_go(customer_id):
        held.rollback()
        return 0
    held.commit()
    return int(bool(deleted or emptied or hashes))


def _not_gone(connection: Connection, items: Sequence[Disposable]) -> list[Disposable]:
    ids = {item.case_id for item in items}
    gone = select(disposals.c.case_id, disposals.c.record_class).where(disposals.c.case_id.in_(ids))
    pairs = {(case_id, record_class) for case_id, record_class in connection.execute(gone)}
    return [item for item in items if (item.case_id, item.record_class.value) not in pairs]


def _bury(connection: Connection, order: DisposalOrder, items: Sequence[Disposable]) -> None:
    """Write what is left of the cases, and that these classes of them have gone."""
    if not items:
        return
    known = select(disposed_cases.c.case_id).where(
        disposed_cases.c.case_id.in_({item.case_id for item in items})
    )
    buried = set(connection.execute(known).scalars())
    new = {item.case_id: item for item in items if item.case_id not in buried}
    if new:
        connection.execute(
            insert(disposed_cases),
            [
                {
                    "case_id": item.case_id,
                    "kind": item.kind,
                    "customer_id": item.customer_id,
                    "closed_at": item.closed_at,
                    "about": next(iter(item.about), None),
                }
                for item in new.values()
            ],
        )
    connection.execute(
        insert(disposals),
        [
            {
                "case_id": item.case_id,
                "record_class": item.record_class.value,
                "disposed_at": order.at,
                "certificate_id": order.certificate_id,
            }
            for item in items
        ],
    )
    _forget_customers(connection, items)


def _forget_customers(connection: Connection, items: Sequence[Disposable]) -> None:
    """Empty the customer in what is left of cases of which nothing is left to hold.

    Nothing is left to be restricted, either.
    """
    ids = {item.case_id: item.kind for item in items}
    count = func.count()
    gone = select(disposals.c.case_id, count).where(disposals.c.case_id.in_(ids))
    whole = [
        case_id
        for case_id, classes in connection.execute(gone.group_by(disposals.c.case_id))
        if classes >= len(CLASSES[ids[case_id]])
    ]
    if whole:
        emptied = update(disposed_cases).where(disposed_cases.c.case_id.in_(whole))
        connection.execute(emptied.values(customer_id=None))
        connection.execute(delete(restrictions).where(restrictions.c.case_id.in_(whole)))


def _delete(connection: Connection, items: Sequence[Disposable]) -> Counter[str]:
    """Delete the rows, all cases of a kind and class at once; return how many of which table."""
    counts = Counter[str]()
    for item in items:
        counts[f"{item.record_class}.keys"] += item.keys
        counts[f"{item.record_class}.histories"] += item.histories
    in_order = sorted(items, key=_kind_and_class)
    for (kind, record_class), group in groupby(in_order, key=_kind_and_class):
        ids = [item.case_id for item in group]
        for table, which in deletions(kind, record_class, ids):
            deleted = connection.execute(delete(table).where(which)).rowcount
            counts[f"{record_class}.{table.name}"] += deleted
    return +counts


def _kind_and_class(item: Disposable) -> tuple[str, RecordClass]:
    return item.kind, item.record_class


def _written(connection: Connection, case_ids: Iterable[str]) -> dict[str, int]:
    """Return how many entries each journal has that were not purged."""
    row = journal_entries.c
    query = select(row.case_id, func.count()).where(
        row.case_id.in_(list(case_ids)), row.purged_by.is_(None)
    )
    rows = connection.execute(query.group_by(row.case_id)).all()
    return dict(map(tuple, rows))
