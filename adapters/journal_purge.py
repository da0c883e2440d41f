"""Erases the content of a case's journal, and leaves the chain: the one door to that.

The database lets nothing else change an entry (migration 0003).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from adapters.proof_tables import certificate_cases, certificates
from adapters.tables import journal_entries
from sop.chain import certificate_digest, moment


@dataclass(frozen=True, slots=True)
class PurgeCertificate:
    """What says that, and why, the content of cases was erased. For good: it is never changed.

    Attributes:
        certificate_id: No stream's name: `certificate-…`, say.
        kind: Such as `retention` or `erasure`.
        made_at: Aware.
        body: What it says; no personal data.
        case_ids: The cases whose journal may be purged under it.
    """

    certificate_id: str
    kind: str
    made_at: datetime
    body: str
    case_ids: frozenset[str]


def file_certificate(connection: Connection, certificate: PurgeCertificate) -> str:
    """Write a certificate with the cases that it lists; return its digest.

    A trigger queues it for the log, so that checkpoints cover it like an entry.
    """
    digest = certificate_digest(
        certificate.certificate_id,
        certificate.kind,
        moment(certificate.made_at),
        certificate.body,
        certificate.case_ids,
    )
    row = {"certificate_id": certificate.certificate_id, "kind": certificate.kind}
    row |= {"body": certificate.body, "digest": digest}
    connection.execute(insert(certificates), {**row, "made_at": certificate.made_at})
    listed = [
        {"certificate_id": certificate.certificate_id, "case_id": case_id}
        for case_id in sorted(certificate.case_ids)
    ]
    if listed:
        connection.execute(insert(certificate_cases), listed)
    return digest


def purge_journal(connection: Connection, case_id: str, certificate_id: str) -> int:
    """Erase the content of a case's entries, its escalations' included; return how many.

    Those that were purged before stay as they are. The database refuses without a certificate
    that lists the case: on PostgreSQL at once, on SQLite if there is an entry to purge.
    """
    if connection.dialect.name == "postgresql":
        call = select(func.purge_journal(case_id, certificate_id))
        return int(connection.execute(call).scalar_one())
    row = journal_entries.c
    empty = {"entry_id": "", "principal": "", "role": "", "kind": "", "salt": ""}
    erase = (
        update(journal_entries)
        .where(row.case_id == case_id, row.purged_by.is_(None))
        .values(**empty, clauses=[], detail={}, purged_by=certificate_id)
    )
    return connection.execute(erase).rowcount


def purge_journals(connection: Connection, case_ids: Collection[str], certificate_id: str) -> int:
    """Erase the content of several cases' entries; return how many entries."""
    return sum(purge_journal(connection, case_id, certificate_id) for case_id in sorted(case_ids))
