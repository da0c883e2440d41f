"""The schema comes from the migrations, and is the one that the tables describe."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import URL, inspect

from adapters import migrate
from adapters.database import Database
from adapters.tables import metadata

VERSIONS = Path(migrate.__file__).parent / "migrations" / "versions"


def test_the_migrated_schema_is_the_one_that_the_tables_describe(database: Database) -> None:
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    assert differences == []


def test_every_migration_can_be_taken_back_and_done_again(database_url: URL) -> None:
    database = Database(database_url)
    migrate.downgrade(database_url, "base")
    with database.engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) == {"alembic_version"}
    assert migrate.current(database) is None
    migrate.upgrade(database_url)
    assert migrate.is_current(database)
    database.close()
