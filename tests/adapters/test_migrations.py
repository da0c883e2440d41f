"""The schema comes from the migrations, and is the one that the tables describe."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, inspect, text

from adapters import migrate
from adapters.database import Database, StatementRefusedError
from adapters.schema import metadata
from tests.databases import Connect, Fresh

ROOT = Path(__file__).parents[2]
VERSIONS = Path(migrate.__file__).parent / "migrations" / "versions"


def test_the_migrated_schema_is_the_one_that_the_tables_describe(database: Database) -> None:
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    assert differences == []


def test_every_migration_can_be_taken_back_and_done_again(
    own_database_url: URL, connect: Connect
) -> None:
    database = connect(own_database_url)
    migrate.downgrade(own_database_url, "base")
    with database.engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) == {"alembic_version"}
    assert migrate.current(database) is None
    migrate.upgrade(own_database_url)
    assert migrate.is_current(database)


def test_there_is_one_head_and_a_migrated_database_is_at_it(database: Database) -> None:
    scripts = ScriptDirectory(str(VERSIONS.parent))
    assert scripts.get_heads() == [migrate.head()]
    assert migrate.current(database) == migrate.head()


def test_the_files_are_dated_and_stand_in_the_order_in_which_they_run() -> None:
    scripts = ScriptDirectory(str(VERSIONS.parent))
    in_order = [Path(step.path).name for step in reversed(list(scripts.walk_revisions()))]
    assert in_order == sorted(path.name for path in VERSIONS.glob("*.py"))
    assert all(re.match(r"\d{4}_\d{2}_\d{2}_\d{4}_[a-z_]+\.py", name) for name in in_order)


def test_two_processes_that_migrate_at_once_do_it_one_after_the_other(
    own_database_url: URL, connect: Connect
) -> None:
    migrate.downgrade(own_database_url, "base")
    code = "import sys; from adapters import migrate; migrate.upgrade(sys.argv[1])"
    url = own_database_url.render_as_string(hide_password=False)
    both = [subprocess.Popen([sys.executable, "-c", code, url], cwd=ROOT) for _ in range(2)]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    database = connect(own_database_url)
    assert migrate.is_current(database)


def test_a_migration_that_fails_leaves_nothing_behind(
    own_database_url: URL, connect: Connect
) -> None:
    migrate.downgrade(own_database_url, "base")
    database = connect(own_database_url)
    database.write(lambda connection: connection.execute(text("CREATE TABLE outbox (id INT)")))
    with pytest.raises(StatementRefusedError):
        migrate.upgrade(own_database_url)
    with database.engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) == {"alembic_version", "outbox"}
    assert migrate.current(database) is None


def test_a_drafted_migration_holds_plain_types_and_the_next_number(
    fresh_sqlite: Fresh, tmp_path: Path, connect: Connect
) -> None:
    shutil.copytree(VERSIONS.parent, tmp_path / "migrations")
    with fresh_sqlite() as url:
        database = connect(url)
        database.write(lambda connection: connection.execute(text("DROP TABLE streams")))
        migrate.draft(url, "streams again", directory=str(tmp_path / "migrations"))
    number = len(list(VERSIONS.glob("*.py"))) + 1
    [drafted] = (tmp_path / "migrations" / "versions").glob(f"*_{number:04}_streams_again.py")
    text_of_it = drafted.read_text()
    assert "sa.DateTime(timezone=True)" in text_of_it
    assert "UtcDateTime" not in text_of_it
