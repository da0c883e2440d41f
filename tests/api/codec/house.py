"""A codec server with cases behind it, and the readers that ask it."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import httpx2
from sqlalchemy import JSON, Column, Connection, String, Table, insert, update
from starlette.applications import Starlette
from temporalio.api.common.v1 import Payload
from temporalio.converter import WorkflowSerializationContext

from adapters.access_log import AccessLog
from adapters.api_keys import ApiKeys
from adapters.database import Database
from adapters.handoff_tables import handoffs
from adapters.incident_tables import incidents
from adapters.key_tables import data_keys
from adapters.keyring import SqlKeyring
from adapters.staff_tables import duties
from adapters.tables import PlainText, UtcDateTime, cases, customers
from api.authentication import Credentials
from api.codec.app import create_codec_app
from api.codec.parts import CodecParts, Place
from cli.codec import assemble_codec
from runtime.codec import CaseCodec
from sop.access_log import AccessEntry, AccessFilter
from sop.models import Role

CANARY = "my card was charged twice"
UI = "http://127.0.0.1:8233"
URL = "http://127.0.0.1:8081"
PLACE = Place(url=URL, origins=(UI,), namespace="default")
INQUIRY, HANDOFF = "inquiry-0000000000000001", "handoff-0000000000000001"
INCIDENT, DUTY = "incident-0000000000000001", "duty-audit-0000000000000001"
PRIVACY, STAFF = "privacy-0000000000000001", "handrail"
STRANGE = "inquiry-of-another-crm-0000000001"
DUTY_OF = "ines"


def row(table: Table, **values: Any) -> dict[str, Any]:
    """Return a row, every column that must hold something filled with nothing in particular."""
    filled = {column.name: _any(column) for column in table.columns if not column.nullable}
    return {**filled, **values}


def _any(column: Column[Any]) -> Any:
    if isinstance(column.type, UtcDateTime):
        return datetime.now(UTC)
    if isinstance(column.type, PlainText | String):
        return ""
    return [] if isinstance(column.type, JSON) else column.type.python_type()


def fill(database: Database) -> None:
    """Put a case of each kind into the CRM."""

    def write(connection: Connection) -> None:
        connection.execute(insert(customers), row(customers, customer_id="c-1"))
        one = row(cases, case_id=INQUIRY, stream=INQUIRY, customer_id="c-1")
        connection.execute(insert(cases), one)
        one = row(handoffs, handoff_id=HANDOFF, customer_id="c-1")
        connection.execute(insert(handoffs), one)
        connection.execute(insert(incidents), row(incidents, incident_id=INCIDENT))
        one = row(duties, duty_id=DUTY, about=DUTY_OF, role="quality_manager")
        connection.execute(insert(duties), one)

    database.write(write)


async def sealed(
    keyring: SqlKeyring, case_id: str, text: str = CANARY, namespace: str = "default"
) -> Payload:
    """Return a payload as Temporal has it."""
    workflow_id = case_id if case_id != STAFF else "handrail-scheduled"
    context = WorkflowSerializationContext(namespace=namespace, workflow_id=workflow_id)
    codec = CaseCodec(keyring, namespace).with_context(context)
    plain = Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(text).encode())
    [payload] = await codec.encode([plain])
    return payload


def erase(keyring: SqlKeyring, owner: str) -> None:
    """Destroy an owner's keys."""
    gone = update(data_keys).where(data_keys.c.owner == owner).values(wrapped=None)
    keyring._database.write(lambda connection: connection.execute(gone))
    keyring.forget([owner])


def asked(*payloads: Payload) -> dict[str, Any]:
    """Return the body that asks for payloads, as Temporal's UI and CLI write it."""
    return {
        "payloads": [
            {
                "metadata": {
                    name: base64.b64encode(value).decode()
                    for name, value in payload.metadata.items()
                },
                "data": base64.b64encode(payload.data).decode(),
            }
            for payload in payloads
        ]
    }


def texts(answer: httpx2.Response) -> list[str | None]:
    """Return what the payloads of an answer say; None for those that are still sealed."""
    assert answer.status_code == 200, answer.text
    said: list[str | None] = []
    for payload in answer.json()["payloads"]:
        encoding = base64.b64decode(payload["metadata"]["encoding"])
        plain = encoding == b"json/plain"
        said.append(json.loads(base64.b64decode(payload["data"])) if plain else None)
    return said


@dataclass
class House:
    """A running codec server."""

    app: Starlette
    parts: CodecParts
    database: Database
    keyring: SqlKeyring
    log: AccessLog
    keys: ApiKeys
    http: httpx2.AsyncClient
    made: dict[str, str] = field(default_factory=dict)

    def token(self, role: Role, principal: str | None = None) -> str:
        """Return an API key of a role."""
        name = principal or str(role)
        if name not in self.made:
            self.made[name] = self.keys.create(name, role).token.get_secret_value()
        return self.made[name]

    def trust(self, credentials: Credentials) -> None:
        """Let others come in."""
        self.app.state.parts = replace(self.parts, credentials=credentials)

    async def decode(
        self,
        body: object,
        *,
        token: str | None = None,
        path: str = "/decode",
        **headers: str,
    ) -> httpx2.Response:
        """Ask for payloads."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        return await self.http.post(path, json=body, headers={"X-Namespace": "default"} | sent)

    async def log_in(self, token: str, **headers: str) -> httpx2.Response:
        """Send the login form."""
        sent = {"Origin": URL} | {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post("/login", data={"key": token}, headers=sent)

    def entries(self, **wanted: Any) -> tuple[AccessEntry, ...]:
        """Return the access log."""
        return self.log.entries(AccessFilter.model_validate(wanted))


@asynccontextmanager
async def open_house(
    database: Database, keyring: SqlKeyring, place: Place = PLACE, **changes: Any
) -> AsyncIterator[House]:
    """Run the application on a CRM and a key store; `changes` are parts in the place of its own."""
    parts = replace(assemble_codec(place, database, keyring), **changes)
    app = create_codec_app(lambda: nullcontext(parts), place)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url=place.url) as http,
    ):
        yield House(app, parts, database, keyring, AccessLog(database), ApiKeys(database), http)


def cookies_of(answer: httpx2.Response) -> Mapping[str, str]:
    """Return the attributes of the cookie that an answer sets, in small letters."""
    parts = (part.strip().partition("=") for part in answer.headers["set-cookie"].split(";"))
    return {name.lower(): value for name, _, value in parts}
