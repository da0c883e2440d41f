"""An embedded server for the tests of what the processes share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from runtime.devserver import DevServer, dev_server


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
