"""Fixtures: a fresh database of either kind, its schema made by the migrations.

A conftest imports the fixtures. A test that asks for `database_url` or `database` runs twice, on
SQLite and on PostgreSQL; one that changes the schema or leaves something running asks for
`own_database_url`. `fresh_sqlite` and `fresh_postgres` open databases of one kind.
"""

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

import psycopg
import pytest
from sqlalchemy import URL, Connection, event, make_url

from adapters import migrate
from adapters.access_tables import access_log, access_log_purges
from adapters.database import Database, Limits
from adapters.proof_tables import APPEND_ONLY
from adapters.schema import metadata
from adapters.tables import journal_entries
from tests.keyrings import shared_keyring

Fresh = Callable[[], AbstractContextManager[URL]]
"""Opens a migrated, empty database and removes it in the end."""

PATIENT = Limits(
    connect=timedelta(seconds=30), wait=timedelta(seconds=30), statement=timedelta(seconds=30)
)
"""A machine that is busy with other things is no outage: what waits for its turn gets it."""


class Connect(Protocol):
    """Opens a pool that is closed when the test is over."""

    def __call__(self, url: URL | str, limits: Limits = PATIENT) -> Database: ...


@contextmanager
def _new_postgres(server: str, template: str) -> Iterator[URL]:
    name = f"handrail_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        yield make_url(server).set(database=name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="session")
def fresh_postgres(postgres_url: str) -> Iterator[Fresh]:
    """Copies of one migrated template."""
    with _new_postgres(postgres_url, "template1") as template:
        migrate.upgrade(template)
        yield lambda: _new_postgres(postgres_url, str(template.database))


@pytest.fixture(scope="session")
def fresh_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    """Copies of one migrated file."""
    directory = tmp_path_factory.mktemp("sqlite")
    template = directory / "template.sqlite"
    migrate.upgrade(f"sqlite:///{template}")

    @contextmanager
    def copy() -> Iterator[URL]:
        path = directory / f"{uuid.uuid4().hex}.sqlite"
        shutil.copy(template, path)
        yield make_url(f"sqlite:///{path}")
        for leftover in directory.glob(f"{path.name}*"):
            leftover.unlink()

    return copy


@pytest.fixture(scope="session")
def shared_postgres(fresh_postgres: Fresh) -> Iterator[URL]:
    """One database for all tests that leave nothing running behind them."""
    with fresh_postgres() as url:
        yield url


@pytest.fixture
def emptied_postgres(shared_postgres: URL) -> Iterator[URL]:
    """The shared database, empty: ten times faster than a new one."""
    yield shared_postgres
    database = Database(shared_postgres)
    database.write(_delete_all)
    database.close()


def _delete_all(connection: Connection) -> None:
    """Delete every row, as only the owner of the tables can: evidence is guarded."""
    with unguarded(connection):
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())


@contextmanager
def unguarded(connection: Connection) -> Iterator[None]:
    """Take PostgreSQL's guards from the evidence, on purpose, and put them back."""
    for verb in ("DISABLE", "ENABLE"):
        for table in (journal_entries, access_log, access_log_purges, *APPEND_ONLY):
            connection.exec_driver_sql(f"ALTER TABLE {table.name} {verb} TRIGGER USER")
        if verb == "DISABLE":
            yield


@pytest.fixture
def copied_sqlite(fresh_sqlite: Fresh) -> Iterator[URL]:
    """A file of its own."""
    with fresh_sqlite() as url:
        yield url


@pytest.fixture(params=("copied_sqlite", "emptied_postgres"), ids=("sqlite", "postgresql"))
def database_url(request: pytest.FixtureRequest) -> URL:
    """The address of an empty, migrated database; each test runs on both kinds."""
    url: URL = request.getfixturevalue(request.param)
    return url


@pytest.fixture(params=("fresh_sqlite", "fresh_postgres"), ids=("sqlite", "postgresql"))
def own_database_url(request: pytest.FixtureRequest) -> Iterator[URL]:
    """The address of a database that no other test uses; each test runs on both kinds."""
    fresh: Fresh = request.getfixturevalue(request.param)
    with fresh() as url:
        yield url


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Opens pools, and closes them when the test is over."""
    with ExitStack() as stack:

        def opened(url: URL | str, limits: Limits = PATIENT) -> Database:
            return stack.enter_context(closing(Database(url, limits, shared_keyring())))

        yield opened


@pytest.fixture
def database(database_url: URL, connect: Connect) -> Database:
    """A pool on an empty, migrated database."""
    return connect(database_url)


@dataclass
class Traffic:
    """What was sent to a database: the statements, and how many transactions they made."""

    statements: list[str] = field(default_factory=list)
    commits: int = 0

    @property
    def counts(self) -> tuple[int, int]:
        """Statements without BEGIN and COMMIT, and transactions."""
        return len(self.statements), self.commits


@contextmanager
def watch(database: Database) -> Iterator[Traffic]:
    """Watch what is sent to a database."""
    traffic = Traffic()

    def executed(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            traffic.statements.append(statement)

    def committed(_connection: Any) -> None:
        traffic.commits += 1

    event.listen(database.engine, "before_cursor_execute", executed)
    event.listen(database.engine, "commit", committed)
    yield traffic
    event.remove(database.engine, "before_cursor_execute", executed)
    event.remove(database.engine, "commit", committed)
