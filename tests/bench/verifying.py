"""How long `handrail verify` takes: `python -m tests.bench.verifying [ENTRIES]`, on both databases.

Prints seconds of the clock and of the processor, and whether the clock's are within the limit;
exits with 1 where they are not.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, insert

from activities.proving import CheckpointOrder, ProofActivities
from adapters.checkpoint_signing import CheckpointSigner, CheckpointVerifier
from adapters.checkpoints import CheckpointFiles
from adapters.database import Database, Limits
from adapters.journal_chain import Head, chained
from adapters.journal_log import SqlJournalLog
from adapters.journal_verify import Kept, verify
from adapters.migrate import upgrade
from adapters.tables import journal_entries
from sop.chain import start_of
from tests.bench.limits import judged
from tests.postgres import embedded_postgres

ENTRIES, LIMIT_S = 100_000, 30.0
"""So many entries are to be verified in less than that."""

OF_A_CASE = 20
AT = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def rows(case_id: str) -> list[dict[str, object]]:
    """Return a case's entries, chained, of the size that entries have."""
    plain = [
        {
            "stream": case_id, "seq": seq, "revision": 0, "case_id": case_id,
            "entry_id": f"update-{seq}#0", "at": AT, "principal": "anna", "role": "csr",
            "kind": "note.added", "clauses": ["INQ-4.5.1"], "detail": {"text": "x" * 120},
        }
        for seq in range(1, OF_A_CASE + 1)
    ]  # fmt: skip
    return chained(Head(0, start_of(case_id), 0), plain)


def fill(connection: Connection, entries: int) -> None:
    """Write a journal of so many entries."""
    for number in range(entries // OF_A_CASE):
        connection.execute(insert(journal_entries), rows(f"inquiry-{number:032x}"))


def measure(url: str, entries: int, directory: Path) -> tuple[bool, str]:
    """Fill a database, sign its checkpoints, verify it; say how long that took, and if in time."""
    upgrade(url)
    with closing(Database(url, Limits(pool_size=1, statement=timedelta(hours=1)))) as database:
        database.write(lambda connection: fill(connection, entries))
        signer = CheckpointSigner("a key of the benchmark that opens nothing")
        store = CheckpointFiles(directory, signer.verifier_key)
        begun = time.perf_counter()
        ProofActivities(SqlJournalLog(database, signer), store).checkpoint(CheckpointOrder(at=AT))
        signed = time.perf_counter() - begun
        kept = Kept(list(store.notes()), CheckpointVerifier(store.verifier_keys()))
        begun, used = time.perf_counter(), time.process_time()
        report = verify(database, kept)
        took, used = time.perf_counter() - begun, time.process_time() - used
    if report.findings or report.entries != entries or report.leaves != entries:
        raise SystemExit(f"not in order: {report}")
    within, verdict = judged(took, LIMIT_S)
    return within, (
        f"{entries} entries: signed in {signed:.1f} s, verified in {took:.1f} s "
        f"({used:.1f} s CPU): {verdict}"
    )


def urls(directory: Path) -> Iterator[tuple[str, str]]:
    """Yield a database of each kind."""
    yield "sqlite", f"sqlite:///{directory / 'crm.db'}"
    with embedded_postgres() as server:
        yield "postgresql", server.get_uri()


def main() -> int:
    """Measure both databases; return 1 when one is beyond the limit."""
    entries, passed = int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES, True
    with TemporaryDirectory() as name:
        for kind, url in urls(Path(name)):
            within, said = measure(url, entries, Path(name) / kind)
            print(f"{kind}: {said}", flush=True)
            passed = passed and within
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
