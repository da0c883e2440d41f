"""A journal with everything in it, and what somebody who owns the database can do to it."""

import json
import random
import secrets
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

from adapters import journal_rows
from adapters.checkpoint_signing import CheckpointSigner, CheckpointVerifier
from adapters.checkpoints import CheckpointFiles
from adapters.crm import SqlCrm
from adapters.database import Database
from adapters.disposal_tables import disposals
from adapters.journal_log import SqlJournalLog
from adapters.journal_purge import PurgeCertificate, file_certificate, purge_journal
from adapters.journal_verify import Kept, Report, verify
from sop.chain import chain, start_of
from sop.journal_check import StoredEntry, Wrong
from tests import batches
from tests.databases import unguarded

CASES, FLUSHES = 6, 3
PURGED = "C-5"
SECRET = "a key of the tests that signs nothing else"
KEY = CheckpointSigner(SECRET).verifier_key
AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)

_CONTENT = ("entry_id", "principal", "role", "kind", "salt", "commitment", "hash", "case_id")
_TEXTS = (*_CONTENT, "clauses", "detail", "purged_by")


@dataclass
class Journal:
    """A journal with its log, and the store of its checkpoints."""

    database: Database
    store: CheckpointFiles

    @property
    def log(self) -> SqlJournalLog:
        return SqlJournalLog(self.database, CheckpointSigner(SECRET))

    def checkpoint(self, at: datetime = AT) -> None:
        """Sign what is new, and hand it on."""
        while self.log.advance(at):
            pass
        for signed in self.log.undelivered():
            self.store.keep(signed)
            self.log.delivered(signed, at)

    def verify(self, case_id: str | None = None) -> Report:
        kept = Kept(list(self.store.notes()), CheckpointVerifier(self.store.verifier_keys()))
        return verify(self.database, kept, case_id)

    def streams(self) -> list[list[StoredEntry]]:
        return self.database.snapshot(
            lambda connection: [rows for rows, _ in journal_rows.streams_of(connection)]
        )

    def tamper(self, work: Callable[[Connection], object]) -> None:
        """Change the database as its owner can: without its guards."""

        def act(connection: Connection) -> None:
            sqlite = connection.dialect.name == "sqlite"
            with nullcontext() if sqlite else unguarded(connection):
                work(connection)

        self.database.write(act)


def fill(database: Database, store: CheckpointFiles) -> Journal:
    """Write cases, an escalation, a lost task and a purged case, with three checkpoints."""
    crm, journal = SqlCrm(database), Journal(database, store)
    for number in range(CASES):
        case_id = f"C-{number}"
        crm.flush(batches.opened(case_id))
        for part in range(FLUSHES):
            told = [
                batches.entry(2 + part * 2 + each, detail={"text": f"{case_id}, {part}, {each}"})
                for each in range(2)
            ]
            crm.flush(batches.flush(*told, case_id=case_id, at=batches.after(10 + part)))
    journal.checkpoint()
    crm.flush(batches.paged(batches.entry(1, "page/1"), at=batches.after(20)))
    crm.flush(
        batches.flush(batches.entry(8, "lost"), batches.entry(9, "ghost"), at=batches.after(30))
    )
    crm.flush(batches.flush(batches.entry(8, "again"), at=batches.after(40)))
    journal.checkpoint()
    database.write(_purge)
    journal.checkpoint()
    return journal


def _purge(connection: Connection) -> None:
    made = PurgeCertificate("certificate-1", "retention", AT, "One case.", frozenset({PURGED}))
    file_certificate(connection, made)
    purge_journal(connection, PURGED, made.certificate_id)
    gone = {"case_id": PURGED, "record_class": "inquiry", "certificate_id": made.certificate_id}
    connection.execute(disposals.insert(), {**gone, "disposed_at": AT})


def unguard_sqlite(connection: Connection) -> None:
    """Drop every trigger, as somebody would before changing the file."""
    names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
    for name in names.scalars().all():
        connection.exec_driver_sql(f"DROP TRIGGER {name}")


@dataclass(frozen=True)
class Expected:
    """What a mutation must be found as.

    Attributes:
        places: Streams and positions, of which the first finding names one; empty: anywhere.
        wrong: What it may be called; empty: anything.
    """

    places: frozenset[tuple[str, int]] = frozenset()
    wrong: frozenset[Wrong] = frozenset()


Mutation = Callable[[Journal, random.Random], Expected]


def at(row: StoredEntry) -> dict[str, Any]:
    place = row.place
    return {"stream": place.stream, "seq": place.seq, "revision": place.revision}


def place(row: StoredEntry) -> tuple[str, int]:
    return row.place.stream, row.place.position


def pick(journal: Journal, chance: random.Random) -> tuple[list[StoredEntry], StoredEntry]:
    rows = chance.choice(journal.streams())
    return rows, chance.choice(rows)


_HERE = "WHERE stream = :stream AND seq = :seq AND revision = :revision"


def alter(journal: Journal, chance: random.Random) -> Expected:
    """Change one column of one entry."""
    _, row = pick(journal, chance)
    name = chance.choice((*_TEXTS, "at", "position", "seq"))
    value: object = chance.choice(("x", secrets.token_hex(8)))
    json_too = name in {"clauses", "detail"}
    if json_too:
        value = json.dumps({"text": secrets.token_hex(4)})
    if name == "at":
        value = "2026-11-23 10:00:00.000000+00" if chance.random() < 0.5 else "2020-01-01 00:00:00"
    if name in {"position", "seq"}:
        value = chance.randint(1000, 2000)
    kind = {"clauses": "json", "detail": "json", "at": "timestamptz"}.get(name)
    sqlite = journal.database.engine.dialect.name == "sqlite"
    new = ":value" if sqlite or kind is None else f"CAST(:value AS {kind})"
    statement = text(f"UPDATE journal_entries SET {name} = {new} {_HERE}")
    journal.tamper(lambda c: c.execute(statement, {**at(row), "value": value}))
    if name == "position":
        return Expected(frozenset({place(row)}))
    return Expected(frozenset({place(row)}), frozenset({Wrong.ALTERED, Wrong.CERTIFICATE}))


def delete(journal: Journal, chance: random.Random) -> Expected:
    """Remove one entry."""
    _, row = pick(journal, chance)
    journal.tamper(lambda c: c.execute(text(f"DELETE FROM journal_entries {_HERE}"), at(row)))
    return Expected(frozenset({place(row)}), frozenset({Wrong.MISSING}))


def close_the_gap(journal: Journal, chance: random.Random) -> Expected:
    """Remove one entry, and let those behind it move up."""
    rows, row = pick(journal, chance)
    behind = [each for each in rows if each.place.position > row.place.position]

    def act(connection: Connection) -> None:
        connection.execute(text(f"DELETE FROM journal_entries {_HERE}"), at(row))
        for each in behind:
            up = {**at(each), "position": each.place.position - 1}
            connection.execute(text(f"UPDATE journal_entries SET position = :position {_HERE}"), up)

    journal.tamper(act)
    return Expected(frozenset({place(row)}), frozenset({Wrong.MISSING, Wrong.ALTERED}))


def truncate(journal: Journal, chance: random.Random) -> Expected:
    """Remove the end of a stream, with or without the fence that says how far it counts."""
    _, row = pick(journal, chance)
    too = chance.random() < 0.5

    def act(connection: Connection) -> None:
        values = {"stream": row.place.stream, "position": row.place.position}
        connection.execute(
            text("DELETE FROM journal_entries WHERE stream = :stream AND position >= :position"),
            values,
        )
        for table in ("cases", "streams") if too else ():
            connection.execute(
                text(f"UPDATE {table} SET version = :seq WHERE stream = :stream"),
                {**values, "seq": row.place.seq - 1},
            )

    journal.tamper(act)
    return Expected(frozenset({place(row)}), frozenset({Wrong.MISSING}))


def swap(journal: Journal, chance: random.Random) -> Expected:
    """Let two entries of a stream change places: with their links, or their contents alone."""
    rows = chance.choice(
        [rows for rows in journal.streams() if len(rows) > 1 and not rows[0].purged]
    )
    one, other = sorted(chance.sample(rows, 2), key=lambda row: row.place.position)

    def places(connection: Connection) -> None:
        move = text(f"UPDATE journal_entries SET position = :position {_HERE}")
        for row, position in ((one, -1), (other, one.place.position), (one, other.place.position)):
            connection.execute(move, {**at(row), "position": position})

    def contents(connection: Connection) -> None:
        json_ = "CAST(:detail AS json)"
        if connection.dialect.name == "sqlite":
            json_ = ":detail"
        write = text(f"UPDATE journal_entries SET detail = {json_}, entry_id = :entry_id {_HERE}")
        for row, said in ((one, other.content), (other, one.content)):
            values = {"detail": said.detail, "entry_id": said.entry_id}
            connection.execute(write, {**at(row), **values})

    journal.tamper(chance.choice((places, contents)))
    found = {Wrong.SWAPPED}
    if one.content.kind != other.content.kind or one.content.clauses != other.content.clauses:
        found |= {Wrong.ALTERED}
    return Expected(frozenset({place(one)}), frozenset(found))


def _insert(connection: Connection, row: StoredEntry, **changes: Any) -> None:
    values = {**asdict(row.place), **asdict(row.content), **asdict(row.link), **changes}
    json_ = "" if connection.dialect.name == "sqlite" else "::json"
    when = "" if connection.dialect.name == "sqlite" else "::timestamptz"
    values["seen"] = values.pop("at")
    columns = ", ".join(name for name in values if name not in {"clauses", "detail", "seen"})
    named = ", ".join(f":{name}" for name in values if name not in {"clauses", "detail", "seen"})
    cast = {"::json": "CAST(:{} AS json)", "": ":{}"}[json_]
    moment = "CAST(:seen AS timestamptz)" if when else ":seen"
    connection.execute(
        text(
            f"INSERT INTO journal_entries ({columns}, clauses, detail, at) "
            f"VALUES ({named}, {cast.format('clauses')}, {cast.format('detail')}, {moment})"
        ),
        values,
    )


def insert(journal: Journal, chance: random.Random) -> Expected:
    """Put an entry between two others, and let those behind it move down."""
    rows, row = pick(journal, chance)
    here = row.place.position

    def act(connection: Connection) -> None:
        move = text(f"UPDATE journal_entries SET position = :position {_HERE}")
        for each in reversed(rows[here - 1 :]):
            connection.execute(move, {**at(each), "position": each.place.position + 1})
        _insert(connection, row, seq=900, entry_id="invented")

    journal.tamper(act)
    return Expected(frozenset({(row.place.stream, here)}), frozenset({Wrong.INSERTED}))


def append(journal: Journal, chance: random.Random) -> Expected:
    """Put an entry at the end, with links that fit, past the trigger that queues it."""
    rows, _ = pick(journal, chance)
    last = rows[-1]
    made = {"position": last.place.position + 1, "seq": 900, "entry_id": "invented"}
    stands = _replaced(last, **made)
    link = chain(last.link.hash, stands.place, stands.content, secrets.token_hex(16))
    journal.tamper(lambda c: _insert(c, stands, **asdict(link)))
    return Expected(frozenset({place(stands)}), frozenset({Wrong.INSERTED}))


def copy(journal: Journal, chance: random.Random) -> Expected:
    """Copy an entry into another case's stream, behind its end, or in place of one there."""
    _, row = pick(journal, chance)
    others = [rows for rows in journal.streams() if rows[0].place.stream != row.place.stream]
    target = chance.choice(others)
    there = chance.choice(target)

    def act(connection: Connection) -> None:
        position = len(target) + 1
        if in_place:
            connection.execute(text(f"DELETE FROM journal_entries {_HERE}"), at(there))
            position = there.place.position
        case_id = target[0].place.case_id
        _insert(
            connection, row, stream=there.place.stream, case_id=case_id, position=position, seq=901
        )

    in_place = chance.random() < 0.5
    journal.tamper(act)
    where = there.place.position if in_place else len(target) + 1
    return Expected(frozenset({(there.place.stream, where)}))


def rewrite(journal: Journal, chance: random.Random) -> Expected:
    """Change an entry, and chain all behind it anew: only the log knows."""
    rows = chance.choice([rows for rows in journal.streams() if not rows[0].purged])
    row = chance.choice(rows)
    _rechain(journal, rows, row)
    return Expected(frozenset({place(row)}), frozenset({Wrong.ALTERED}))


def rewrite_with_the_log(journal: Journal, chance: random.Random) -> Expected:
    """The same, and the leaves of the log too: only the signed checkpoints know."""
    rows = chance.choice([rows for rows in journal.streams() if not rows[0].purged])
    _rechain(journal, rows, chance.choice(rows))
    journal.tamper(
        lambda c: c.execute(
            text(
                "UPDATE log_leaves SET hash = (SELECT e.hash FROM journal_entries AS e WHERE "
                "e.stream = log_leaves.stream AND e.position = log_leaves.position) "
                "WHERE position > 0"
            )
        )
    )
    return Expected(wrong=frozenset({Wrong.CHECKPOINT}))


def _rechain(journal: Journal, rows: Sequence[StoredEntry], row: StoredEntry) -> None:
    def act(connection: Connection) -> None:
        previous = start_of(row.place.stream)
        for each in rows:
            behind = each.place.position >= row.place.position
            new = _replaced(each, principal="mallory") if each is row else each
            link = chain(previous, new.place, new.content, each.link.salt) if behind else each.link
            previous = link.hash
            connection.execute(
                text(
                    "UPDATE journal_entries SET principal = :principal, salt = :salt, "
                    f"commitment = :commitment, hash = :hash {_HERE}"
                ),
                {**at(each), "principal": new.content.principal, **asdict(link)},
            )

    journal.tamper(act)


def forge_a_purge(journal: Journal, chance: random.Random) -> Expected:
    """Empty an entry as a purge does, under no certificate, or one that lists other cases."""
    rows = chance.choice([rows for rows in journal.streams() if not rows[0].purged])
    row = chance.choice(rows)
    erase = text(
        "UPDATE journal_entries SET entry_id = '', principal = '', role = '', kind = '', "
        f"clauses = '[]', detail = '{{}}', salt = '', purged_by = :by {_HERE}"
    )
    by = chance.choice(("certificate-1", "certificate-2"))
    journal.tamper(lambda c: c.execute(erase, {**at(row), "by": by}))
    return Expected(frozenset({place(row)}), frozenset({Wrong.CERTIFICATE}))


def alter_a_certificate(journal: Journal, chance: random.Random) -> Expected:
    """Change what a certificate says, or let it list a case more, or remove it."""
    how = chance.choice(
        (
            "UPDATE certificates SET body = 'Two cases.'",
            "UPDATE certificates SET kind = 'erasure'",
            "UPDATE certificates SET digest = 'x'",
            "INSERT INTO certificate_cases VALUES ('certificate-1', 'C-1')",
            "DELETE FROM certificate_cases",
        )
    )
    journal.tamper(lambda c: c.execute(text(how)))
    return Expected()


def change_the_log(journal: Journal, chance: random.Random) -> Expected:
    """Change a leaf, remove one, or let two change places."""
    leaf = chance.randrange(0, 40)
    how = chance.choice(
        (
            f"UPDATE log_leaves SET hash = 'x' WHERE leaf_index = {leaf}",
            f"UPDATE log_leaves SET stream = 'x' WHERE leaf_index = {leaf}",
            f"UPDATE log_leaves SET leaf_index = 9000 WHERE leaf_index = {leaf}",
            f"DELETE FROM log_leaves WHERE leaf_index = {leaf}",
            f"DELETE FROM log_leaves WHERE leaf_index >= {leaf}",
        )
    )
    journal.tamper(lambda c: c.execute(text(how)))
    return Expected()


def change_stored_checkpoints(journal: Journal, chance: random.Random) -> Expected:
    """Change, remove or roll back the checkpoints that stand in the database."""
    how = chance.choice(
        (
            "UPDATE checkpoints SET root = 'x'",
            "UPDATE checkpoints SET note = (SELECT min(note) FROM checkpoints)",
            "DELETE FROM checkpoints WHERE tree_size = (SELECT max(tree_size) FROM checkpoints)",
        )
    )

    def act(connection: Connection) -> None:
        connection.execute(text("DELETE FROM checkpoint_deliveries"))
        connection.execute(text(how))

    journal.tamper(act)
    return Expected(wrong=frozenset({Wrong.CHECKPOINT, Wrong.CHECKPOINT_MISSING}))


def change_kept_checkpoints(journal: Journal, chance: random.Random) -> Expected:
    """Swap two of the store's checkpoints, roll back to an older one, change or remove one."""
    paths = sorted(journal.store.directory.glob("*.checkpoint"))
    one, other = chance.sample(paths, 2)
    held = one.read_text()
    how = chance.randrange(4)
    for path in (one, other):
        path.chmod(0o600)
    if how == 0:
        one.write_text(other.read_text())
        other.write_text(held)
    elif how == 1:
        paths[-1].chmod(0o600)
        paths[-1].write_text(paths[0].read_text())
    elif how == 2:
        one.write_text(held.replace("handrail-journal\n", "handrail-journal\n1", 1))
    else:
        one.unlink()
    return Expected(wrong=frozenset({Wrong.CHECKPOINT, Wrong.CHECKPOINT_MISSING}))


def sign_with_another_key(journal: Journal, chance: random.Random) -> Expected:
    """Empty the log, and let it grow anew over a rewritten journal, signed by somebody else."""
    rows = chance.choice([rows for rows in journal.streams() if not rows[0].purged])
    _rechain(journal, rows, chance.choice(rows))

    def act(connection: Connection) -> None:
        for table in ("checkpoint_deliveries", "checkpoints", "log_leaves", "log_queue"):
            connection.execute(text(f"DELETE FROM {table}"))
        connection.execute(
            text("INSERT INTO log_queue SELECT stream, position, hash FROM journal_entries")
        )
        connection.execute(
            text("INSERT INTO log_queue SELECT certificate_id, 0, digest FROM certificates")
        )

    journal.tamper(act)
    log = SqlJournalLog(journal.database, CheckpointSigner(f"{SECRET}, and another one"))
    while log.advance(AT):
        pass
    return Expected(wrong=frozenset({Wrong.CHECKPOINT}))


def _replaced(row: StoredEntry, **changes: Any) -> StoredEntry:
    def changed(part: Any) -> Any:
        held = asdict(part)
        return type(part)(**{name: changes.get(name, value) for name, value in held.items()})

    return StoredEntry(
        changed(row.place), changed(row.content), row.link, row.purged, None, False, False
    )


NAMED: tuple[Mutation, ...] = (
    alter, delete, close_the_gap, truncate, swap, insert, append, copy, rewrite, forge_a_purge,
)  # fmt: skip
"""Mutations of entries: the place is named."""

OTHERS: tuple[Mutation, ...] = (
    rewrite_with_the_log, alter_a_certificate, change_the_log, change_stored_checkpoints,
    change_kept_checkpoints, sign_with_another_key,
)  # fmt: skip
"""Mutations of the log, the checkpoints and the certificates: they are found."""
