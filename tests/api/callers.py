"""Callers of the API, each with a key, and the bodies that they send."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any, Self

import httpx2
from fastapi import FastAPI
from pydantic import SecretStr

from activities.token_ports import TokenVerifier
from adapters.api_keys import ApiKeys
from adapters.database import Database
from adapters.keyring import SqlKeyring
from api.app import assemble, create_app
from api.authentication import Credentials, KeyRing
from api.parts import Parts
from api.patience import Manner
from api.rates import Rates
from sop.models import Actor, Role
from tests.desk import Desk, train
from tests.keyrings import shared_keyring

RECEPTION = {
    "greeting": "Good morning, this is Anna of Example Company.",
    "listened": True,
    "key_points": "The invoice was charged twice.",
    "key_points_confirmed": True,
    "courteous": True,
}
BILLING = {"category": "billing", "priority": "standard"}
VERIFIED = {"forms_asked": ["passport", "account_number"], "outcome": "verified"}
RESOLVED = {"resolution": "The charge was paid back.", "customer_confirmed": True}
IDENTITY_KEY = SecretStr("the key of the tests, which opens nothing")
CONFIRMED = {"outcome": "confirmed", "feedback": "All well.", "satisfaction": 5}


def inquiry(**changes: Any) -> dict[str, Any]:
    """Return the body that opens an inquiry."""
    return {
        "customer": {"customer_id": "c-1", "name": "Carla Client", "email": "carla@example.org"},
        "channel": "phone",
        "subject": "Charged twice",
        "text": "My card was charged twice for one order.",
        "reception": RECEPTION,
        "classification": BILLING,
        **changes,
    }


@asynccontextmanager
async def serve(
    desk: Desk,
    *,
    tokens: TokenVerifier | None = None,
    rates: Rates | None = None,
    manner: Manner | None = None,
    keyring: SqlKeyring | None = None,
) -> AsyncIterator[FastAPI]:
    """Run the application on a desk, as its server would; without rates, unless they are given."""

    @asynccontextmanager
    async def open_parts() -> AsyncIterator[Parts]:
        parts = assemble(
            desk.cases.policy,
            desk.database,
            desk.client,
            keyring=keyring or shared_keyring(),
            identity_key=IDENTITY_KEY,
            task_queue=desk.task_queue,
            ui="http://ui.example",
        )
        credentials = Credentials(KeyRing(ApiKeys(desk.database)), tokens)
        yield replace(parts, credentials=credentials, rates=rates or Rates())

    app = create_app(open_parts, manner or Manner(docs=True))
    async with app.router.lifespan_context(app):
        yield app


class Caller:
    """One caller with a key. Desks share a server, so each marks its idempotency keys."""

    def __init__(self, http: httpx2.AsyncClient, desk: str) -> None:
        self.http = http
        self.desk = desk

    async def get(self, path: str, **query: Any) -> httpx2.Response:
        """Read."""
        return await self.http.get(path, params=query or None)

    async def put(self, path: str, body: Any) -> httpx2.Response:
        """Send JSON in the place of what is there."""
        return await self.http.put(path, json=body)

    async def post(self, path: str, body: Any, key: str | None = None) -> httpx2.Response:
        """Send JSON."""
        headers = {"Idempotency-Key": f"{self.desk} {key}"} if key is not None else {}
        return await self.http.post(path, json=body, headers=headers)

    async def open(self, key: str, **changes: Any) -> str:
        """Open an inquiry; return its id."""
        answer = await self.post("/v1/inquiries", inquiry(**changes), key)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["case_id"])

    async def do(self, case_id: str, step: str, body: Any) -> dict[str, Any]:
        """Report a step that is accepted; return its receipt."""
        answer = await self.post(f"/v1/inquiries/{case_id}/{step}", body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


class Callers:
    """One trained caller of each role; the principal bears the role's name."""

    def __init__(self, app: FastAPI, database: Database) -> None:
        self.app = app
        self.database = database
        self.keys = ApiKeys(database)
        self.desk = database.engine.dialect.name
        self.watch: Callable[[httpx2.AsyncBaseTransport], httpx2.AsyncBaseTransport] = _unwatched
        self._stack = AsyncExitStack()
        self._known: dict[str, Caller] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def of(self, role: Role) -> Caller:
        """Return the caller of a role."""
        return await self.person(str(role), role)

    async def person(self, principal: str, role: Role) -> Caller:
        """Return a trained caller of a role under a name of their own."""
        if principal not in self._known:
            person = Actor(principal=principal, role=role)
            await asyncio.to_thread(train, self.database, self.app.state.parts.cases.policy, person)
            made = await asyncio.to_thread(self.keys.create, principal, role)
            self._known[principal] = await self.bearing(made.token.get_secret_value())
        return self._known[principal]

    async def bearing(self, token: str | None) -> Caller:
        """Return a caller that shows a token, or none."""
        headers = {} if token is None else {b"Authorization": f"Bearer {token}".encode()}
        http = httpx2.AsyncClient(
            transport=self.watch(httpx2.ASGITransport(app=self.app, raise_app_exceptions=False)),
            base_url="http://handrail.test",
            headers=headers,
        )
        return Caller(await self._stack.enter_async_context(http), self.desk)


def _unwatched(transport: httpx2.AsyncBaseTransport) -> httpx2.AsyncBaseTransport:
    return transport
