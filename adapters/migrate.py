"""Brings the schema up to date: from the installed package, without a configuration file."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, event
from sqlalchemy.engine.interfaces import DBAPIConnection

from adapters.database import Database, Limits

MIGRATIONS = "adapters:migrations"
KEY_MIGRATIONS = "adapters:key_migrations"
KEYS_VERSION_TABLE = "keys_version"
"""Where the key store notes its revision; it may share a database with the CRM."""

# A migration that waited long for a table would make every query behind it wait as well.
_LIMITS = Limits(pool_size=1, wait=timedelta(seconds=5), statement=timedelta(minutes=30))


def upgrade(url: str | URL, revision: str = "head") -> None:
    """Bring a database's schema to a revision, in one transaction.

    Raises:
        CrmUnavailableError: The database did not answer, or another process holds a table or
            migrates as well; try again.
        StatementRefusedError: A migration failed; nothing has changed.
    """
    _run(url, lambda config: command.upgrade(config, revision))


def upgrade_keys(url: str | URL, revision: str = "head") -> None:
    """Bring a key store's schema to a revision; raises what `upgrade` raises."""
    _run(url, lambda config: command.upgrade(config, revision), KEY_MIGRATIONS)


def downgrade_keys(url: str | URL, revision: str) -> None:
    """Take a key store's schema back; `base` drops every key, and with them what they sealed."""
    _run(url, lambda config: command.downgrade(config, revision), KEY_MIGRATIONS)


def downgrade(url: str | URL, revision: str) -> None:
    """Take a database's schema back to a revision; `base` drops every table with its rows."""
    _run(url, lambda config: command.downgrade(config, revision))


def draft(url: str | URL, message: str, directory: str = MIGRATIONS) -> None:
    """Write the next migration: what the tables have and an up-to-date database has not.

    For developers, who read it and correct it before they commit it.
    """
    number = len(list(_scripts(directory).walk_revisions())) + 1

    def write(config: Config) -> None:
        command.revision(config, message, autogenerate=True, rev_id=f"{number:04}")

    _run(url, write, directory)


@cache
def head() -> str:
    """Return the revision that this code needs."""
    return _scripts(MIGRATIONS).get_current_head() or "base"


def current(database: Database) -> str | None:
    """Return the revision that a database is at; None before the first one.

    Raises:
        CrmUnavailableError: The database did not answer.
    """
    return database.read(
        lambda connection: MigrationContext.configure(connection).get_current_revision()
    )


@cache
def keys_head() -> str:
    """Return the revision of the key store that this code needs."""
    return _scripts(KEY_MIGRATIONS).get_current_head() or "base"


def keys_are_current(database: Database) -> bool:
    """Return whether a key store is at the revision that this code needs."""
    options = {"version_table": KEYS_VERSION_TABLE}
    return keys_head() == database.read(
        lambda connection: MigrationContext.configure(
            connection, opts=options
        ).get_current_revision()
    )


def is_current(database: Database) -> bool:
    """Return whether a database is at the revision that this code needs."""
    return current(database) == head()


def _run(url: str | URL, work: Callable[[Config], object], directory: str = MIGRATIONS) -> None:
    database = Database(url, _LIMITS)
    if database.engine.dialect.name == "sqlite":
        # To change a table SQLite needs a new one in its place, and that breaks references.
        event.listen(database.engine, "connect", _ignore_foreign_keys)

    def migrate(connection: Connection) -> None:
        config = _config(directory)
        config.attributes["connection"] = connection
        work(config)

    try:
        database.write(migrate)
    finally:
        database.close()


def _ignore_foreign_keys(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=OFF")
    cursor.close()


def _config(directory: str) -> Config:
    config = Config()
    config.set_main_option("script_location", directory)
    # Dated, so that the files stand in the order in which they run.
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(rev)s_%%(slug)s")
    return config


def _scripts(directory: str) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(directory))
