"""The CRM's database: connections, transactions, and what its errors mean. No tables here.

A power cut may cost SQLite its last commits (`synchronous=NORMAL`, as Temporal's embedded
server has it); the crash of a process does not.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import psycopg
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Select,
    Table,
    create_engine,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from activities.key_ports import Keyring
from activities.ports import CrmUnavailableError
from adapters.sealing import Sealing

T = TypeVar("T")

Upsert = postgresql.Insert | sqlite.Insert
"""An INSERT that knows ON CONFLICT, which both databases spell alike."""

_SQLITE_AWAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}
"""Conditions of the file or its locks; another attempt may find them gone."""


class StatementRefusedError(Exception):
    """The database refused a statement: a bug, a missing migration, a value that it cannot hold.

    The text names the constraint, never a value: it ends up in histories and logs.
    """


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process may ask of the database, and how long it waits for it.

    Attributes:
        pool_size: Connections; at least as many as there are threads that flush.
        connect: For a new connection to PostgreSQL; at least two seconds, as libpq has it.
        wait: For a lock, and for a free connection of the pool.
        statement: For one statement on PostgreSQL.
    """

    pool_size: int = 5
    connect: timedelta = timedelta(seconds=2)
    wait: timedelta = timedelta(seconds=1.5)
    statement: timedelta = timedelta(seconds=3)


class Database:
    """Transactions on one database. Opens its first connection when it is first used."""

    def __init__(
        self, url: str | URL, limits: Limits | None = None, keyring: Keyring | None = None
    ) -> None:
        """Prepare the pool.

        Args:
            url: `sqlite:///FILE`, or `postgresql://…` for psycopg.
            limits: Where the defaults do not fit.
            keyring: What seals and opens the records in it; None where nothing of them is used.

        Raises:
            ValueError: Another kind of database, or SQLite in memory.
        """
        self.engine = open_engine(make_url(url), limits or Limits())
        self._reader = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self.sealing = Sealing(keyring)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do work in one transaction; it may be done twice, so it must be idempotent.

        Raises:
            CrmUnavailableError: The database did not answer; trying again may work.
            StatementRefusedError: It answered, and refused.
        """
        return _run(self.engine, work)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Do work that only reads, each statement for itself; errors are those of `write`."""
        return _run(self._reader, work)

    def rows(self, query: Select[Any]) -> list[dict[str, Any]]:
        """Return the rows of a query, with what is sealed in them opened.

        Raises:
            CrmUnavailableError: The database or the key store did not answer, or a sealed value
                was altered.
            StatementRefusedError: The database answered, and refused.
        """
        found = self.read(lambda connection: connection.execute(query).mappings().all())
        return self.sealing.open(query, found)

    def snapshot(self, work: Callable[[Connection], T]) -> T:
        """Do work that only reads, all of it in the view of one moment; no writer waits for it."""

        def read(connection: Connection) -> T:
            sqlite = _is_sqlite(self.engine)
            how = "" if sqlite else " ISOLATION LEVEL REPEATABLE READ READ ONLY"
            connection.exec_driver_sql(f"BEGIN{how}")
            try:
                return work(connection)
            finally:
                connection.exec_driver_sql("ROLLBACK")

        return _run(self._reader, read)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Hold a transaction open around other work, for a lock; errors are those of `write`."""
        with _named_errors(), self.engine.begin() as connection:
            yield connection

    def insert(self, table: Table) -> Upsert:
        """Return an INSERT into a table in this database's dialect."""
        return sqlite.insert(table) if _is_sqlite(self.engine) else postgresql.insert(table)

    def take_turns(self, connection: Connection, lock: int) -> None:
        """Let the transactions that name a lock go one after the other; SQLite's do anyway."""
        if not _is_sqlite(self.engine):
            connection.execute(select(func.pg_advisory_xact_lock(lock)))

    def close(self) -> None:
        """Close the pool's connections."""
        self.engine.dispose()


def open_engine(url: URL, limits: Limits) -> Engine:
    """Return an engine for SQLite or PostgreSQL, with its timeouts set.

    Raises:
        ValueError: Another kind of database, or SQLite in memory.
    """
    wait = limits.wait.total_seconds()
    prepare: Callable[[DBAPIConnection, object], None]
    match url.get_backend_name():
        case "sqlite" if url.database and url.database != ":memory:":
            driver, arguments = "sqlite+pysqlite", {"timeout": wait}
            prepare = _prepare_sqlite
        case "postgresql":
            driver, arguments = "postgresql+psycopg", _postgresql_arguments(limits)
            prepare = _prepare_postgresql(limits)
        case other:
            what = "SQLite in memory" if other == "sqlite" else other
            raise ValueError(
                f"the CRM cannot use {what}: name sqlite:///FILE or postgresql://USER@HOST/NAME"
            )
    engine = create_engine(
        url.set(drivername=driver),
        connect_args=arguments,
        hide_parameters=True,
        pool_size=limits.pool_size,
        max_overflow=0,
        pool_timeout=wait,
        pool_use_lifo=True,
    )
    event.listen(engine, "connect", prepare)
    if _is_sqlite(engine):
        event.listen(engine, "begin", _begin_immediate)
    return engine


def _is_sqlite(engine: Engine) -> bool:
    return engine.dialect.name == "sqlite"


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    """Take the write lock at once: a reader that turns into a writer may not wait for it."""
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _postgresql_arguments(limits: Limits) -> dict[str, float]:
    """Return libpq's settings: a server that vanished from the network is noticed, too."""
    silence = (limits.statement + limits.wait).total_seconds()
    return {
        "connect_timeout": max(int(limits.connect.total_seconds()), 2),
        "keepalives_idle": max(int(silence), 1),
        "keepalives_interval": 1,
        "tcp_user_timeout": round(silence * 1000),
    }


def _prepare_postgresql(limits: Limits) -> Callable[[DBAPIConnection, object], None]:
    settings = (
        f"SET statement_timeout = {round(limits.statement.total_seconds() * 1000)};"
        f"SET lock_timeout = {round(limits.wait.total_seconds() * 1000)};"
        "SET TIME ZONE 'UTC'"
    )

    def prepare(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(settings)
        cursor.close()
        connection.commit()

    return prepare


def _run(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Do work in a transaction; once more if its connection had died in the pool.

    That is what a ping before each transaction would be for, without its round trip.
    """
    with _named_errors():
        try:
            return _transact(engine, work)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        return _transact(engine, work)


def _transact(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.begin() as connection:
        return work(connection)


@contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except PoolTimeoutError:
        raise CrmUnavailableError("every connection to the database is busy") from None
    except DBAPIError as error:
        if error.connection_invalidated or _is_away(error.orig):
            raise CrmUnavailableError(f"the database did not answer: {_name(error)}") from None
        raise StatementRefusedError(f"the database refused: {_name(error)}") from None


def _is_away(cause: BaseException | None) -> bool:
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _SQLITE_AWAY
    # A server that went into recovery or became a standby refuses to write.
    read_only = psycopg.errors.ReadOnlySqlTransaction
    return isinstance(cause, psycopg.OperationalError | read_only)


def _name(error: DBAPIError) -> str:
    """Return what happened without the values that PostgreSQL puts into its sentences."""
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return str(cause)
    if not isinstance(cause, psycopg.Error):
        return type(cause).__name__
    where = (cause.diag.table_name, cause.diag.column_name, cause.diag.constraint_name)
    return " ".join((type(cause).__name__, cause.sqlstate or "", *filter(None, where))).strip()
