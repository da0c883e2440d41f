"""The database itself refuses to change or delete evidence, to its owner by mistake as well."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import URL, insert, text

from adapters import grants
from adapters.access_log import AccessLog
from adapters.access_tables import access_log, access_log_purges
from adapters.checkpoint_signing import CheckpointSigner
from adapters.crm import SqlCrm
from adapters.crm_reads import CrmReads
from adapters.database import Database, StatementRefusedError
from adapters.disposal_tables import disposals
from adapters.journal_log import SqlJournalLog
from adapters.journal_purge import PurgeCertificate, file_certificate, purge_journal
from adapters.journal_verify import Kept, verify
from adapters.schema import metadata
from sop.access_log import AccessFilter
from tests.batches import after, entry, flush, message, opened, paged, rung, task
from tests.databases import Connect, Fresh

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
EVIDENCE = sorted(grants.EVIDENCE)
SEEN = {
    "entry_id": "seen", "at": AT, "principal": "ana", "role": "csr", "via": "session",
    "action": "decode", "owner": "C-1", "key_id": "0", "count": 1, "outcome": "opened",
}  # fmt: skip


def certificate(*case_ids: str, certificate_id: str = "certificate-1") -> PurgeCertificate:
    return PurgeCertificate(certificate_id, "retention", AT, "Due.", frozenset(case_ids))


def fill(database: Database) -> None:
    """Put at least one row into every table of the evidence."""
    crm = SqlCrm(database)
    crm.flush(opened("C-1", tasks=(task("t"),), messages=(message("m"),)))
    crm.flush(opened("C-2"))
    crm.flush(flush(entry(2, "lost"), at=after(10)))
    crm.flush(flush(entry(2, "again"), at=after(20)))
    crm.flush(paged(entry(1, "page/1"), at=after(30), escalations=(rung(level=1),)))
    database.write(lambda connection: file_certificate(connection, certificate("C-2")))
    database.write(lambda connection: connection.execute(insert(access_log), SEEN))
    letting_go = {"certificate_id": "certificate-1", "through": AT - timedelta(days=1)}
    database.write(lambda connection: connection.execute(insert(access_log_purges), letting_go))
    gone = {"case_id": "C-2", "record_class": "inquiry", "certificate_id": "certificate-1"}
    row = {**gone, "disposed_at": AT}
    database.write(lambda connection: connection.execute(insert(disposals), row))
    log = SqlJournalLog(database, CheckpointSigner("a key of the tests that opens nothing"))
    assert log.advance(AT) == 6
    log.delivered(log.undelivered()[0], AT)


def do(database: Database, statement: str) -> int:
    return database.write(lambda connection: connection.execute(text(statement)).rowcount)


@pytest.mark.parametrize("table", EVIDENCE)
def test_evidence_is_neither_changed_nor_deleted(database: Database, table: str) -> None:
    fill(database)
    column = metadata.tables[table].columns.keys()[-1]
    refused = [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
    if database.engine.dialect.name == "postgresql":
        refused.append(f"TRUNCATE {table} CASCADE")
    for statement in refused:
        with pytest.raises(StatementRefusedError):
            do(database, statement)
    assert verify(database, Kept()).findings == []


@pytest.mark.clause("INQ-7.1", "HOF-7.1")
def test_a_purge_empties_the_entries_of_the_cases_that_its_certificate_lists(
    database: Database,
) -> None:
    fill(database)
    purged = database.write(lambda connection: purge_journal(connection, "C-2", "certificate-1"))
    assert purged == 1
    assert CrmReads(database).timeline("C-2") == ()
    assert len(CrmReads(database).timeline("C-1")) == 3
    said = "SELECT entry_id || principal || role || kind || salt || clauses || detail AS said"
    where = "FROM journal_entries WHERE case_id = 'C-2'"
    with database.engine.connect() as connection:
        assert connection.execute(text(f"{said} {where}")).scalars().all() == ["[]{}"]
    report = verify(database, Kept())
    assert (report.findings, report.entries, report.purged) == ([], 5, 1)
    again = database.write(lambda connection: purge_journal(connection, "C-2", "certificate-1"))
    assert again == 0


@pytest.mark.parametrize("certificate_id", ["certificate-1", "certificate-2"])
def test_nothing_is_purged_without_a_certificate_that_lists_the_case(
    database: Database, certificate_id: str
) -> None:
    fill(database)
    with pytest.raises(StatementRefusedError):
        database.write(lambda connection: purge_journal(connection, "C-1", certificate_id))
    assert verify(database, Kept()).purged == 0


@pytest.mark.parametrize(
    "changed",
    ["seq = 7", "case_id = 'C-9'", "hash = 'x'", "commitment = 'x'", "position = 9",
     "detail = '{\"a\": 1}'", "principal = 'x'", "purged_by = NULL"],
)  # fmt: skip
def test_a_purge_changes_nothing_else(database: Database, changed: str) -> None:
    fill(database)
    values = {
        "entry_id": "''", "principal": "''", "role": "''", "kind": "''", "salt": "''",
        "clauses": "'[]'", "detail": "'{}'", "purged_by": "'certificate-1'",
    }  # fmt: skip
    name, _, value = changed.partition(" = ")
    values[name] = value
    told = ", ".join(f"{name} = {value}" for name, value in values.items())
    with pytest.raises(StatementRefusedError):
        do(database, f"UPDATE journal_entries SET {told} WHERE case_id = 'C-2'")


@contextmanager
def a_role(owner: URL) -> Iterator[URL]:
    """Make a role that owns nothing; yield the database's address for it."""
    name, secret = f"app_{uuid.uuid4().hex}", uuid.uuid4().hex
    server = owner.render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{secret}'".encode())
        try:
            yield owner.set(username=name, password=secret)
        finally:
            admin.execute(f"DROP OWNED BY {name}".encode())
            admin.execute(f"DROP ROLE {name}".encode())


def test_the_applications_role_works_and_cannot_touch_evidence(
    fresh_postgres: Fresh, connect: Connect
) -> None:
    with fresh_postgres() as owner, a_role(owner) as url:
        grants.grant(owner, str(url.username))
        grants.grant(owner, str(url.username))  # repeating it changes nothing
        database = connect(url)
        fill(database)
        assert database.write(lambda c: purge_journal(c, "C-2", "certificate-1")) == 1
        purge = "SELECT purge_access_log(ARRAY['seen'], '{}')"
        for certificate_id in ("certificate-1", "certificate-2"):  # too new for it, and none
            assert do(database, purge.format(certificate_id)) == 1
        assert [e.entry_id for e in AccessLog(database).entries(AccessFilter())] == ["seen"]
        reads = CrmReads(database)
        assert {line.entry_id for line in reads.timeline("C-1")} == {"open#0", "again", "page/1"}
        assert reads.counts().cases == 2
        assert verify(database, Kept()).findings == []
        refused = [
            statement.format(table)
            for table in EVIDENCE
            for statement in (
                f"UPDATE {{0}} SET {metadata.tables[table].columns.keys()[-1]} = NULL",
                "DELETE FROM {0}",
                "TRUNCATE {0}",
                "ALTER TABLE {0} DISABLE TRIGGER ALL",
                "DROP TABLE {0}",
            )
        ]  # fmt: skip
        refused += [
            "SET session_replication_role = replica",
            "CREATE TABLE certificate_cases_2 (id int)",
            "DROP FUNCTION purge_journal(text, text)",
            "DROP FUNCTION purge_access_log(text[], text)",
            "CREATE OR REPLACE FUNCTION handrail_access_log_goes() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RETURN OLD; END'",
            "CREATE OR REPLACE FUNCTION handrail_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN RETURN NEW; END'",
            "UPDATE alembic_version SET version_num = 'x'",
        ]
        for statement in refused:
            with pytest.raises(StatementRefusedError):
                do(database, statement)
        assert verify(database, Kept()).entries == 5
        database.close()


def test_a_temporary_table_of_the_same_name_does_not_stand_for_a_certificate(
    fresh_postgres: Fresh, connect: Connect
) -> None:
    with fresh_postgres() as owner, a_role(owner) as url:
        grants.grant(owner, str(url.username))
        database = connect(url)
        fill(database)
        do(database, "CREATE TEMPORARY TABLE certificate_cases AS SELECT 'x'::text AS "
           "certificate_id, 'C-1'::text AS case_id")  # fmt: skip
        with pytest.raises(StatementRefusedError):
            database.write(lambda connection: purge_journal(connection, "C-1", "x"))
        database.close()


def test_a_role_that_could_do_everything_is_no_applications_role(
    fresh_postgres: Fresh, fresh_sqlite: Fresh
) -> None:
    with fresh_postgres() as owner:
        with pytest.raises(grants.NoRolesError, match="could do what"):
            grants.grant(owner, str(owner.username or "postgres"))
        with pytest.raises(grants.NoRolesError, match="no such role"):
            grants.grant(owner, "nobody_of_this_name")
    with fresh_sqlite() as url, pytest.raises(grants.NoRolesError, match="SQLite"):
        grants.grant(url, "handrail")
