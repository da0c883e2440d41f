"""A server whose cases continue as new after a few steps."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from runtime.devserver import DevServer, dev_server
from tests.databases import fresh_postgres, fresh_sqlite, own_database_url
from workflows.search_attributes import SEARCH_ATTRIBUTES

__all__ = ["fresh_postgres", "fresh_sqlite", "own_database_url"]

LONG = 60


@pytest_asyncio.fixture(scope="session")
async def forgetful_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[DevServer]:
    """Run a server that asks for continue-as-new after LONG events instead of 4,096."""
    state = tmp_path_factory.mktemp("forgetful")
    async with dev_server(
        state,
        time_skipping=True,
        search_attributes=SEARCH_ATTRIBUTES,
        dynamic_config={"limit.historyCount.suggestContinueAsNew": str(LONG)},
    ) as up:
        yield up
