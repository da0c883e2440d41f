"""A database that is away, locked or slow is an outage to be waited out, and nothing else is."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import URL, Connection, event, make_url, text

from activities.ports import CrmUnavailableError, FlushReceipt
from adapters import migrate
from adapters.crm import SqlCrm
from adapters.crm_reads import CrmReads
from adapters.database import Database, Limits, StatementRefusedError
from tests.batches import after, entry, flush, opened
from tests.databases import Connect, Fresh
from tests.postgres import embedded_postgres

IMPATIENT = Limits(pool_size=1, wait=timedelta(seconds=0.05), statement=timedelta(seconds=0.2))


def dsn(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def lock_sqlite(url: URL) -> Callable[[], None]:
    """Hold the file's write lock from outside; return what lets it go."""
    holder = sqlite3.connect(str(url.database), isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    return holder.close


def lock_postgres(url: URL) -> Callable[[], None]:
    """Hold the case's row from outside; return what lets it go."""
    holder = psycopg.connect(dsn(url))
    holder.execute("SELECT 1 FROM cases WHERE case_id = 'C-1' FOR UPDATE")
    return holder.close


def test_a_locked_database_is_unavailable_until_the_lock_is_gone(
    database_url: URL, connect: Connect
) -> None:
    database = connect(database_url, IMPATIENT)
    crm = SqlCrm(database)
    crm.flush(opened())
    lock = lock_sqlite if database_url.get_backend_name() == "sqlite" else lock_postgres
    unlock = lock(database_url)
    with pytest.raises(CrmUnavailableError):
        crm.flush(flush(entry(2), at=after(1)))
    unlock()
    assert crm.flush(flush(entry(2), at=after(1))) == FlushReceipt(written=1)


def test_a_pool_without_a_free_connection_is_an_outage(database_url: URL, connect: Connect) -> None:
    database = connect(database_url, IMPATIENT)
    with database.engine.connect(), pytest.raises(CrmUnavailableError, match="busy"):
        CrmReads(database).ping()


def test_a_schema_without_migrations_is_a_defect_and_no_outage(
    own_database_url: URL, connect: Connect
) -> None:
    migrate.downgrade(own_database_url, "base")
    database = connect(own_database_url)
    with pytest.raises(StatementRefusedError):
        CrmReads(database).timeline("C-1")


@pytest.mark.parametrize(
    "url",
    ["sqlite:////nowhere/at/all/crm.db", "postgresql://nobody@127.0.0.1:1/crm"],
    ids=["sqlite", "postgresql"],
)
def test_a_database_that_is_not_there_is_an_outage(url: str, connect: Connect) -> None:
    database = connect(url)
    with pytest.raises(CrmUnavailableError):
        CrmReads(database).ping()
    with pytest.raises(CrmUnavailableError):
        migrate.upgrade(url)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/crm"])
def test_another_kind_of_database_is_refused_with_what_to_name_instead(url: str) -> None:
    with pytest.raises(ValueError, match="name sqlite:///FILE or postgresql://"):
        Database(url)


@pytest.fixture
def postgres_only(fresh_postgres: Fresh) -> Iterator[URL]:
    with fresh_postgres() as url:
        yield url


def end_connections(url: URL) -> None:
    """End every other connection to the database, as a server does that shuts down."""
    with psycopg.connect(dsn(url), autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_connections_that_died_in_the_pool_are_replaced_at_once(
    postgres_only: URL, connect: Connect
) -> None:
    database = connect(postgres_only)
    crm = SqlCrm(database)
    crm.flush(opened())
    end_connections(postgres_only)
    assert crm.flush(flush(entry(2), at=after(1))) == FlushReceipt(written=1)
    end_connections(postgres_only)
    CrmReads(database).ping()


def test_a_flush_whose_connection_dies_in_the_middle_is_written_once(
    postgres_only: URL, connect: Connect
) -> None:
    database = connect(postgres_only)
    crm = SqlCrm(database)
    crm.flush(opened())
    ended: list[str] = []

    def end_once(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO journal_entries") and not ended:
            ended.append(statement)
            end_connections(postgres_only)

    event.listen(database.engine, "before_cursor_execute", end_once)
    receipt = crm.flush(flush(entry(2), entry(3), at=after(1)))
    assert ended
    assert receipt == FlushReceipt(written=2)
    assert [line.seq for line in CrmReads(database).timeline("C-1")] == [1, 2, 3]


def test_a_server_that_stops_and_starts_is_used_again_by_the_same_process(connect: Connect) -> None:
    with embedded_postgres() as server:
        url = make_url(server.get_uri())
        migrate.upgrade(url)
        database = connect(url)
        crm = SqlCrm(database)
        crm.flush(opened())
        server.stop()
        for _ in range(2):
            with pytest.raises(CrmUnavailableError):
                crm.flush(flush(entry(2), at=after(1)))
        server.start()
        assert crm.flush(flush(entry(2), at=after(1))) == FlushReceipt(written=1)


def test_a_statement_that_takes_too_long_is_an_outage(postgres_only: URL, connect: Connect) -> None:
    database = connect(postgres_only, IMPATIENT)
    with pytest.raises(CrmUnavailableError, match="QueryCanceled"):
        database.read(lambda connection: connection.execute(text("SELECT pg_sleep(60)")))


def test_a_text_in_the_server_s_own_words_does_not_reach_the_error(
    postgres_only: URL, connect: Connect
) -> None:
    """PostgreSQL shows the failing row, with the customer's text, in what it says."""
    database = connect(postgres_only)
    crm = SqlCrm(database)
    broken = opened().model_copy(update={"stream": None})
    with pytest.raises(StatementRefusedError, match=r"NotNullViolation 23502 .*stream") as refused:
        crm.flush(broken)
    assert "C-1" not in str(refused.value)
    assert refused.value.__cause__ is None
