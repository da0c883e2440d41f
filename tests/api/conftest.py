"""The API as its callers have it: the real application on the desk under test, and their keys."""

from collections.abc import AsyncIterator

import pytest_asyncio
from fastapi import FastAPI

from tests.api.callers import Callers, serve
from tests.desk import Desk


@pytest_asyncio.fixture(scope="session")
async def app(desk: Desk) -> AsyncIterator[FastAPI]:
    """Run the application on the desk."""
    async with serve(desk) as app:
        yield app


@pytest_asyncio.fixture(scope="session")
async def callers(app: FastAPI, desk: Desk) -> AsyncIterator[Callers]:
    """Give each role a caller with a key of its own."""
    async with Callers(app, desk.database) as callers:
        yield callers
