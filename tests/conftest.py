"""What every test may use, and the end of the test session."""

from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

from runtime.logging import configure_structlog
from runtime.process import leave
from runtime.temporal_command import find_temporal
from tests.keyrings import name_the_places

# How long an example takes says how busy the machine is: timing claims live in benchmarks.
settings.register_profile("handrail", deadline=None)
settings.load_profile("handrail")

pytest_plugins = ["tests.postgres", "tests.desk", "tests.keepers"]


@pytest.fixture(scope="session")
def temporal_binary() -> Path:
    """The `temporal` command; one that is too old to skip time would hang, and is refused."""
    return find_temporal().path


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(
    config: pytest.Config,
) -> Generator[None, int | pytest.ExitCode | None, int | pytest.ExitCode | None]:
    """End the process with the session's code, whatever the SDK's threads make of the exit.

    Log lines go the way that they go in a process of ours, so that `caplog` has them all; what a
    test reads of them does not depend on which test was the first to configure logging.
    """
    name_the_places()
    configure_structlog()
    code = yield
    if config.option.collectonly:  # no test ran, and the caller wants the list
        return code
    leave(int(code or 0))
