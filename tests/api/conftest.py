"""The API as its callers have it: the real application on a real desk, and their keys."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from fastapi import FastAPI

from runtime.devserver import DevServer
from sop.policy import Policy
from tests.api.callers import Callers, serve
from tests.databases import Fresh, fresh_postgres
from tests.desk import Desk, a_desk

__all__ = ["fresh_postgres"]


@pytest_asyncio.fixture(scope="session")
async def app(desk: Desk) -> AsyncIterator[FastAPI]:
    """Run the application on the desk, whose CRM is on SQLite."""
    async with serve(desk) as app:
        yield app


@pytest_asyncio.fixture(scope="session")
async def callers(app: FastAPI, desk: Desk) -> AsyncIterator[Callers]:
    """Give each role a caller with a key of its own."""
    async with Callers(app, desk.database) as callers:
        yield callers


@pytest_asyncio.fixture(scope="session")
async def postgres_callers(
    server: DevServer, policy: Policy, fresh_postgres: Fresh
) -> AsyncIterator[Callers]:
    """Do the same for a desk whose CRM is on PostgreSQL."""
    with fresh_postgres() as url:
        address = url.render_as_string(hide_password=False)
        async with (
            a_desk(server, address, "postgres-desk", policy) as desk,
            serve(desk) as app,
            Callers(app, desk.database) as callers,
        ):
            yield callers


@pytest.fixture(params=("callers", "postgres_callers"), ids=("sqlite", "postgresql"))
def on_both(request: pytest.FixtureRequest) -> Callers:
    """Return the callers of either desk: the test runs on both databases."""
    callers: Callers = request.getfixturevalue(request.param)
    return callers
