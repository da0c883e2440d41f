"""Verifies the journal: chains, log, checkpoints, certificates. Needs no key that opens anything.

One reader's view of one moment: writers go on meanwhile, and are not held up.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, func, select

from adapters import journal_rows
from adapters.checkpoint_signing import CheckpointVerifier
from adapters.database import Database
from adapters.proof_tables import (
    certificate_cases,
    checkpoint_deliveries,
    checkpoints,
    log_leaves,
    log_queue,
)
from adapters.purge_check import doubtful_purges
from adapters.tables import journal_entries
from sop.chain import certificate_digest
from sop.checkpoint import Checkpoint, NoCheckpointError
from sop.journal_check import Finding, Wrong, check_stream
from sop.merkle import Tree, leaf_hash


@dataclass
class Report:
    """What a verification found.

    Attributes:
        findings: The first in each stream, by stream and position; then those of the log.
        entries: Rows of the journal, those of lost workflow tasks included.
        purged: Of these, the ones whose content was erased under a certificate.
        leaves: Entries and certificates in the log.
        sound: How many leaves the checkpoints agree about, up to the first that differs.
        waiting: Those that wait for the next checkpoint, and since when the oldest one does.
        last: The latest checkpoint that a known key has signed.
        external: Checkpoints that were found at their store.
    """

    findings: list[Finding] = field(default_factory=list)
    streams: int = 0
    entries: int = 0
    purged: int = 0
    certificates: int = 0
    leaves: int = 0
    sound: int = 0
    waiting: int = 0
    waiting_since: datetime | None = None
    last: Checkpoint | None = None
    external: int = 0


@dataclass(frozen=True)
class Kept:
    """What is known beside the database.

    Attributes:
        notes: Of the store: the size that each one's name tells, and what it holds; None if
            nobody looked there.
        verifier: Knows the public keys; None if there are none, and signatures are not checked.
    """

    notes: Sequence[tuple[int, str]] | None = None
    verifier: CheckpointVerifier | None = None


def verify(database: Database, kept: Kept, case_id: str | None = None) -> Report:
    """Verify the journal, or one case's part of it; the log is always verified whole.

    Read what the store has before this is called: what it gets meanwhile is not in this view.

    Raises:
        CrmUnavailableError: The database did not answer.
        StatementRefusedError: Its schema is not up to date.
    """
    return database.snapshot(lambda connection: _verify(connection, kept, case_id))


def _verify(connection: Connection, kept: Kept, case_id: str | None) -> Report:
    journal_rows.tolerant(connection)
    report = Report()
    _verify_streams(connection, report, case_id)
    _verify_certificates(connection, report)
    _verify_log(connection, kept, report)
    report.waiting = connection.execute(select(func.count()).select_from(log_queue)).scalar_one()
    if report.waiting and not report.findings:  # a row that was altered may hold no moment
        entry, queued = journal_entries.c, log_queue.c
        oldest = select(func.min(entry.at)).where(
            entry.stream == queued.stream, entry.position == queued.position
        )
        report.waiting_since = connection.execute(oldest).scalar()
    return report


def _verify_streams(connection: Connection, report: Report, case_id: str | None) -> None:
    gone = journal_rows.gone(connection)
    for rows, version in journal_rows.streams_of(connection, case_id):
        report.streams += 1
        report.entries += len(rows)
        report.purged += sum(row.purged for row in rows)
        places = gone.pop(rows[0].place.stream, {})
        if (found := check_stream(rows, version=version, gone=places)) is not None:
            report.findings.append(found)
    _verify_purges(connection, report, case_id)
    if case_id is not None:
        return
    lost = {stream: min(places) for stream, places in gone.items()}
    lost |= dict.fromkeys(journal_rows.without_rows(connection), 1)
    report.findings += [
        Finding(stream, position, Wrong.MISSING) for stream, position in lost.items()
    ]
    report.findings.sort(key=lambda found: (found.stream, found.position))


def _verify_purges(connection: Connection, report: Report, case_id: str | None) -> None:
    """A purge leaves what a disposal leaves, and spares what is held."""
    named = {found.stream for found in report.findings}
    for found in doubtful_purges(connection, case_id):
        if found.stream not in named:
            named.add(found.stream)
            report.findings.append(found)
    report.findings.sort(key=lambda found: (found.stream, found.position))


def _verify_certificates(connection: Connection, report: Report) -> None:
    """A certificate must be what its digest says, and what the log has of it."""
    cases: dict[str, set[str]] = {}
    for certificate_id, case_id in connection.execute(select(certificate_cases)):
        cases.setdefault(certificate_id, set()).add(case_id)
    digests = {}
    for name, kind, made_at, body, stored in journal_rows.certificates_of(connection):
        report.certificates += 1
        listed = frozenset(cases.pop(name, ()))
        digests[name] = certificate_digest(name, kind, made_at, body, listed)
        if digests[name] != stored:
            report.findings.append(Finding(name, 0, Wrong.CERTIFICATE_ALTERED))
    logged: dict[str, str] = {}
    for table in (log_queue, log_leaves):
        query = select(table.c.stream, table.c.hash).where(table.c.position == 0)
        logged |= dict(tuple(row) for row in connection.execute(query))
    strange = {name for name in digests if logged.get(name) != digests[name]}
    strange |= logged.keys() - digests.keys()
    report.findings += [
        Finding(name, 0, Wrong.CERTIFICATE_ALTERED)
        for name in sorted(strange | cases.keys())
        if not any(found.stream == name for found in report.findings)
    ]


def _verify_log(connection: Connection, kept: Kept, report: Report) -> None:
    column, sent = checkpoints.c.tree_size, checkpoint_deliveries.c.tree_size
    stored = connection.execute(
        select(column, checkpoints.c.note, checkpoints.c.root, sent)
        .outerjoin(checkpoint_deliveries)
        .order_by(column)
    ).all()
    notes = {row[0]: str(row[1]) for row in stored if isinstance(row[0], int)}
    at_the_store = {size for size, _ in kept.notes or ()}
    roots = _roots(connection, report, notes.keys() | at_the_store)
    for size, note, root, _ in stored:
        sound = root == roots.get(size, b"").hex()
        if not _check(note, size, kept.verifier, roots, report) or not sound:
            _differs(report, size)
    for size, note in kept.notes or ():
        report.external += 1
        if not _check(note, size, kept.verifier, roots, report) or notes.get(size) != note:
            _differs(report, size)
    if kept.notes is not None:
        delivered = {row[3] for row in stored if isinstance(row[3], int)}
        for size in sorted(delivered - at_the_store):
            report.findings.append(Finding("", size, Wrong.CHECKPOINT_MISSING))
    report.findings.sort(key=lambda found: (not found.stream, found.stream, found.position))


def _check(
    note: str,
    size: int,
    verifier: CheckpointVerifier | None,
    roots: Mapping[int, bytes],
    report: Report,
) -> bool:
    """Check a note against the log; return whether it is as it should be."""
    try:
        if verifier is not None:
            checkpoint = verifier.open(note)
        else:
            checkpoint = Checkpoint.parse(note.partition("\n\n")[0] + "\n")
    except NoCheckpointError:
        return False
    if checkpoint.size != size or roots.get(size) != checkpoint.root:
        return False
    bad = any(found.wrong is Wrong.CHECKPOINT for found in report.findings)
    report.sound = max(report.sound, 0 if bad else size)
    if verifier is not None and (report.last is None or report.last.size < size):
        report.last = checkpoint
    return True


def _differs(report: Report, size: object) -> None:
    found = Finding("", size if isinstance(size, int) else -1, Wrong.CHECKPOINT)
    if found not in report.findings:
        report.findings.append(found)


def _roots(connection: Connection, report: Report, sizes: set[int]) -> dict[int, bytes]:
    """Grow the tree anew from the leaves; return its roots at the sizes that are asked for.

    Every leaf must be under a checkpoint: the two are written together.
    """
    tree, roots = Tree(), dict[int, bytes]()
    for index, stream, position, entry_hash in _leaves(connection):
        if index != tree.size:
            report.findings.append(Finding("", tree.size, Wrong.LOG))
            break
        tree.add(leaf_hash(str(stream), position, str(entry_hash)))
        if tree.size in sizes:
            roots[tree.size] = tree.root()
    report.leaves = tree.size
    if tree.size and tree.size not in sizes:
        report.findings.append(Finding("", tree.size, Wrong.CHECKPOINT_MISSING))
    return roots


def _leaves(connection: Connection) -> Iterator[tuple[int, str, int, str]]:
    options = {"stream_results": True, "yield_per": 5000}
    query = select(log_leaves).order_by(log_leaves.c.leaf_index)
    with connection.execute(query, execution_options=options) as rows:
        for row in rows:
            yield tuple(row)
