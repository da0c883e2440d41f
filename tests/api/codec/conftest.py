"""A codec server on either database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.database import Database
from adapters.keyring import SqlKeyring
from tests.api.codec.house import House, fill, open_house
from tests.databases import (
    connect,
    copied_sqlite,
    database,
    database_url,
    emptied_postgres,
    fresh_postgres,
    fresh_sqlite,
    shared_postgres,
)
from tests.keyrings import a_keyring

__all__ = [
    "connect", "copied_sqlite", "database", "database_url", "emptied_postgres", "fresh_postgres",
    "fresh_sqlite", "shared_postgres",
]  # fmt: skip


@pytest.fixture
def keyring(tmp_path: Path) -> SqlKeyring:
    return a_keyring(tmp_path)


@pytest_asyncio.fixture
async def house(database: Database, keyring: SqlKeyring) -> AsyncIterator[House]:
    """A codec server with a case of each kind in its CRM."""
    fill(database)
    async with open_house(database, keyring) as house:
        yield house
