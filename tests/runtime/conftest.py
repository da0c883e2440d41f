"""An embedded server for the tests of what the processes share."""

import io
import logging
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio import activity, workflow

from runtime.devserver import DevServer, dev_server
from runtime.logging import configure_logging


@pytest.fixture(autouse=True)
def without_temporal_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the developer's own Temporal configuration out of the tests."""
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "temporal.toml"))
    for name in ("ADDRESS", "NAMESPACE", "PROFILE", "API_KEY"):
        monkeypatch.delenv(f"TEMPORAL_{name}", raising=False)


@pytest_asyncio.fixture(scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DevServer]:
    async with dev_server(tmp_path_factory.mktemp("state"), time_skipping=True) as running:
        yield running


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """The process's log as JSON; everything is put back afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, sys.excepthook, threading.excepthook
    out = io.StringIO()
    configure_logging("json", "DEBUG", out)
    yield out
    root.handlers[:], root.level, sys.excepthook, threading.excepthook = before
    logging.captureWarnings(capture=False)
    workflow.logger.workflow_info_on_message = True
    activity.logger.activity_info_on_message = True
