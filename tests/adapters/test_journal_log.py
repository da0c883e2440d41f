"""The log grows with the journal, is signed, and is handed on; its store keeps what it has."""

import base64
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import text

from activities.proof_ports import (
    CheckpointConflictError,
    CheckpointsUnavailableError,
    LogDamagedError,
)
from activities.proving import Checkpointed, CheckpointOrder, ProofActivities
from adapters import journal_log
from adapters.checkpoint_signing import CheckpointSigner, CheckpointVerifier
from adapters.checkpoints import CheckpointFiles, HttpCheckpoints
from adapters.crm import SqlCrm
from adapters.database import Database
from adapters.journal_log import SqlJournalLog
from adapters.journal_verify import Kept, verify
from sop.checkpoint import Checkpoint, NoCheckpointError, SignedCheckpoint
from sop.journal_check import Finding, Wrong
from tests.batches import after, entry, flush, opened
from tests.databases import unguarded, watch

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SIGNER = CheckpointSigner("a key of the tests that opens nothing")
VERIFIER = CheckpointVerifier([SIGNER.verifier_key])


@pytest.fixture
def log(database: Database) -> SqlJournalLog:
    return SqlJournalLog(database, SIGNER)


def test_what_is_new_is_taken_up_once_and_signed(database: Database, log: SqlJournalLog) -> None:
    assert log.advance(AT) == 0
    assert log.undelivered() == ()
    SqlCrm(database).flush(opened())
    SqlCrm(database).flush(flush(entry(2), entry(3), at=after(10)))
    assert log.advance(AT) == 3
    assert log.advance(AT) == 0
    SqlCrm(database).flush(flush(entry(4), at=after(20)))
    later = AT + timedelta(minutes=5)
    assert log.advance(later) == 1
    first, second = map(VERIFIER.open, [signed.note for signed in log.undelivered()])
    assert (first.size, first.made_at, second.size, second.made_at) == (3, AT, 4, later)
    assert first.root != second.root


def test_a_repeated_flush_adds_nothing_to_chain_and_log(
    database: Database, log: SqlJournalLog
) -> None:
    crm, batch = SqlCrm(database), flush(entry(2), entry(3), at=after(10))
    crm.flush(opened())
    crm.flush(batch)
    crm.flush(batch)
    assert log.advance(AT) == 3
    report = verify(database, Kept())
    assert (report.findings, report.entries) == ([], 3)


def test_a_flush_costs_no_statement_for_its_chain(database: Database) -> None:
    crm = SqlCrm(database)
    with watch(database) as traffic:
        crm.flush(opened())
        crm.flush(flush(entry(2), at=after(10)))
    told = [statement.split("(")[0].strip() for statement in traffic.statements]
    assert told == ["INSERT INTO cases", "INSERT INTO customers", "INSERT INTO journal_entries",
                    "INSERT INTO cases", "INSERT INTO journal_entries"]  # fmt: skip


def test_a_long_queue_is_taken_up_in_parts(
    database: Database, log: SqlJournalLog, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(journal_log, "_WAITING", journal_log._WAITING.limit(2))
    SqlCrm(database).flush(opened())
    SqlCrm(database).flush(flush(*map(entry, range(2, 7)), at=after(10)))
    store = CheckpointFiles(tmp_path, SIGNER.verifier_key)
    activities = ProofActivities(log, store)
    assert activities.checkpoint(CheckpointOrder(at=AT)) == Checkpointed(entries=6, delivered=3)
    assert activities.checkpoint(CheckpointOrder(at=AT)) == Checkpointed()
    assert [size for size, _ in store.notes()] == [2, 4, 6]
    kept = Kept(list(store.notes()), CheckpointVerifier(store.verifier_keys()))
    report = verify(database, kept)
    assert (report.findings, report.leaves, report.external) == ([], 6, 3)


def test_nothing_is_signed_over_a_log_that_was_changed(
    database: Database, log: SqlJournalLog
) -> None:
    SqlCrm(database).flush(opened())
    log.advance(AT)
    SqlCrm(database).flush(flush(entry(2), at=after(10)))
    _without_guards(database, "UPDATE checkpoints SET frontier = ''")
    with pytest.raises(LogDamagedError):
        log.advance(AT)
    assert len(log.undelivered()) == 1


def test_nothing_is_signed_over_a_log_that_lost_its_end(
    database: Database, log: SqlJournalLog
) -> None:
    SqlCrm(database).flush(opened())
    log.advance(AT)
    SqlCrm(database).flush(flush(entry(2), at=after(10)))
    _without_guards(database, "DELETE FROM log_leaves")
    with pytest.raises(LogDamagedError):
        log.advance(AT)


def _without_guards(database: Database, statement: str) -> None:
    with database.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            for name in connection.execute(text(query)).scalars().all():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            connection.execute(text(statement))
            return
        with unguarded(connection):
            connection.execute(text(statement))


def test_a_checkpoint_is_the_note_that_other_tools_read() -> None:
    signed = SIGNER.sign(Checkpoint(7, bytes(32), AT))
    body, _, line = signed.note.partition("\n\n")
    assert body == f"handrail-journal\n7\n{'A' * 43}=\n2026-11-25T12:00:00Z"
    name, key_id, encoded = SIGNER.verifier_key.split("+", 2)
    public = base64.b64decode(encoded)
    assert re.fullmatch("— handrail-journal [A-Za-z0-9+/=]+\n", line)
    signature = base64.b64decode(line.split(" ")[2])
    assert (name, public[:1], signature[:4].hex()) == ("handrail-journal", b"\x01", key_id)
    Ed25519PublicKey.from_public_bytes(public[1:]).verify(signature[4:], f"{body}\n".encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [("\n7\n", "\n8\n"), ("handrail-journal\n", "another-log\n"), ("12:00:00", "13:00:00"),
     ("— ", "- "), ("\n\n", "\n"), ("AAAA", "AAAB"), ("2026", "a moment")],
)  # fmt: skip
def test_a_note_that_was_changed_is_refused(old: str, new: str) -> None:
    note = SIGNER.sign(Checkpoint(7, bytes(32), AT)).note
    assert VERIFIER.open(note).size == 7
    with pytest.raises(NoCheckpointError):
        VERIFIER.open(note.replace(old, new, 1))


def test_a_note_of_another_key_is_refused() -> None:
    other = CheckpointSigner("another key of the tests that opens nothing")
    note = other.sign(Checkpoint(7, bytes(32), AT)).note
    with pytest.raises(NoCheckpointError):
        VERIFIER.open(note)
    both = CheckpointVerifier([SIGNER.verifier_key, other.verifier_key])
    assert both.open(note).size == 7


@pytest.mark.parametrize("line", ["", "x", "handrail-journal+00000000+AAAA", "a+b+c"])
def test_a_line_that_is_no_public_key_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="no public key"):
        CheckpointVerifier([line])


def test_a_file_is_written_once_and_never_replaced(tmp_path: Path) -> None:
    store = CheckpointFiles(tmp_path / "kept", SIGNER.verifier_key)
    store.keep(SignedCheckpoint(7, "note\n"))
    store.keep(SignedCheckpoint(7, "note\n"))
    with pytest.raises(CheckpointConflictError):
        store.keep(SignedCheckpoint(7, "another\n"))
    [file] = (tmp_path / "kept").glob("*.checkpoint")
    assert file.read_text() == "note\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o444
    assert store.verifier_keys() == (SIGNER.verifier_key,)
    names = {path.name for path in (tmp_path / "kept").iterdir()}
    assert names == {"000000000007.checkpoint", "public-keys.txt"}


def test_a_directory_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointsUnavailableError):
        CheckpointFiles(tmp_path / "file" / "kept").keep(SignedCheckpoint(7, "note\n"))


@contextmanager
def a_store(token: str) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Run a store of another administrator: it keeps what it has."""
    kept: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            allowed = self.headers["Authorization"] == f"Bearer {token}"
            if allowed and self.headers["If-None-Match"] == "*":
                self._answer(412 if self.path in kept else 201)
                kept.setdefault(self.path, body)
            else:
                self._answer(403)

        def do_GET(self) -> None:
            self._answer(200, kept[self.path])

        def _answer(self, status: int, body: bytes = b"") -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/log", kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_store_elsewhere_keeps_what_it_has() -> None:
    with a_store("t0ken") as (url, kept):
        store = HttpCheckpoints(url, "t0ken")
        store.keep(SignedCheckpoint(7, "note\n"))
        store.keep(SignedCheckpoint(7, "note\n"))
        with pytest.raises(CheckpointConflictError):
            store.keep(SignedCheckpoint(7, "another\n"))
        store.close()
        assert kept == {"/log/7": b"note\n"}


def test_a_store_elsewhere_that_refuses_or_is_away_is_tried_again() -> None:
    with a_store("t0ken") as (url, kept):
        store = HttpCheckpoints(url, "another")
        with pytest.raises(CheckpointsUnavailableError, match="status 403"):
            store.keep(SignedCheckpoint(7, "note\n"))
    with pytest.raises(CheckpointsUnavailableError):
        store.keep(SignedCheckpoint(7, "note\n"))
    store.close()
    assert kept == {}


def test_what_a_store_lacks_although_it_had_taken_it_is_missed(
    database: Database, log: SqlJournalLog, tmp_path: Path
) -> None:
    SqlCrm(database).flush(opened())
    store = CheckpointFiles(tmp_path, SIGNER.verifier_key)
    ProofActivities(log, store).checkpoint(CheckpointOrder(at=AT))
    assert verify(database, Kept([], VERIFIER)).findings == [
        Finding("", 1, Wrong.CHECKPOINT_MISSING)
    ]
