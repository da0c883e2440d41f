"""Reads a whole story through a codec server that listens, as Temporal's UI would."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

import httpx2
import uvicorn
from temporalio.api.common.v1 import Payload

from adapters.api_keys import ApiKeys
from adapters.keyring import SqlKeyring
from api.codec.app import create_codec_app
from api.codec.parts import Place
from api.patience import Manner
from api.server import config_of, listen
from cli.codec import assemble_codec
from sop.models import Role
from tests.api.codec.house import UI, asked, texts
from tests.bench.history import payloads_of
from tests.desk import Desk
from tests.proof.canary import canary

AT_ONCE = 200


@asynccontextmanager
async def codec_server(desk: Desk, keyring: SqlKeyring) -> AsyncIterator[httpx2.AsyncClient]:
    """Serve a desk's payloads by uvicorn, in this process, whose log has its lines."""
    with listen("127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        place = Place(url=url, origins=(UI,), namespace=desk.client.namespace)
        parts = assemble_codec(place, desk.database, keyring)
        app = create_codec_app(lambda: nullcontext(parts), place)
        server = uvicorn.Server(config_of(app, Manner()))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            async with httpx2.AsyncClient(base_url=url, timeout=30) as http:
                yield http
        finally:
            server.should_exit = True
            await serving


async def read_all(desk: Desk, keyring: SqlKeyring) -> list[str]:
    """Return what an auditor is shown of every payload of the desk; send what is refused, too."""
    made = await asyncio.to_thread(ApiKeys(desk.database).create, "ada", Role.AUDITOR)
    bearer = {"Authorization": f"Bearer {made.token.get_secret_value()}"}
    payloads = [payload async for payload in _payloads(desk)]
    shown: list[str] = []
    async with codec_server(desk, keyring) as codec:
        for first in range(0, len(payloads), AT_ONCE):
            batch = payloads[first : first + AT_ONCE]
            answer = await codec.post("/decode", json=asked(*batch), headers=bearer)
            shown += (text for text in texts(answer) if text is not None)
        await _mistakes(codec, bearer, payloads[0])
    return [str(each) for each in shown]


async def _payloads(desk: Desk) -> AsyncIterator[Payload]:
    async for run in desk.client.list_workflows():
        history = await desk.client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history()
        for event in history.events:
            for payload in payloads_of(event):
                yield payload


async def _mistakes(codec: httpx2.AsyncClient, bearer: dict[str, str], sealed: Payload) -> None:
    text = canary("codec")
    damaged = Payload(metadata=sealed.metadata, data=sealed.data[:-1] + text.encode())
    origin = {"Origin": str(codec.base_url).rstrip("/")}
    as_json = {"Content-Type": "application/json"}
    for answer, status in (
        (await codec.post("/decode", json=asked(damaged), headers=bearer), 200),
        (await codec.post("/decode", json={"payloads": text}, headers=bearer), 422),
        (await codec.post("/decode", content=text, headers=bearer | as_json), 400),
        (await codec.post(f"/{text}/decode", json=asked(sealed), headers=bearer), 200),
        (await codec.post("/decode", json={}, headers={"Authorization": f"Bearer {text}"}), 401),
        (await codec.post("/login", data={"key": text}, headers=origin), 401),
        (await codec.get(f"/{text}", params={text: text}), 404),
    ):
        assert answer.status_code == status, f"{answer.url} {answer.text}"
