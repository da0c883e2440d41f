"""How long opening takes: through the HTTP API, by the gateway, and by a bare start_workflow.

No worker listens, so that nothing but the opening is measured: it answers when the case is safe.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from statistics import median

import httpx2
from temporalio.client import Client

from adapters.api_keys import ApiKeys
from runtime.devserver import DevServer
from sop.models import Role
from tests.api.callers import inquiry
from tests.bench.throughput import opening, payload_of
from tests.desk import ANNA, Desk, a_desk, shipped_policy
from tests.processes import running

QUEUE = "nobody listens"


@dataclass(frozen=True)
class Way:
    """One way to open a case."""

    name: str
    open: Callable[[str], Awaitable[object]]

    async def p50(self, times: int) -> float:
        """Open cases one after the other; return the median in milliseconds."""
        took = []
        for _ in range(times):
            key = uuid.uuid4().hex
            began = time.perf_counter()
            await self.open(key)
            took.append((time.perf_counter() - began) * 1000)
        return median(took)


@asynccontextmanager
async def ways(server: DevServer, url: str) -> AsyncIterator[tuple[Way, ...]]:
    """Open the three ways; the API is `handrail api`, a process of its own."""
    async with AsyncExitStack() as stack:
        desk = await stack.enter_async_context(
            a_desk(server, url, QUEUE, shipped_policy(), staffed=False)
        )
        api = await stack.enter_async_context(
            running(
                "api",
                ready="api.listening",
                HANDRAIL_DATABASE_URL=url,
                HANDRAIL_TASK_QUEUE=QUEUE,
                HANDRAIL_API_PORT="0",
                TEMPORAL_ADDRESS=server.address,
            )
        )
        key = await asyncio.to_thread(ApiKeys(desk.database).create, "anna", Role.CSR)
        http = await stack.enter_async_context(
            httpx2.AsyncClient(
                base_url=f"http://127.0.0.1:{api.event('api.listening')['port']}",
                headers={b"Authorization": f"Bearer {key.token.get_secret_value()}".encode()},
            )
        )
        client = await Client.connect(server.address)
        yield (
            Way("start_workflow", _bare(client, desk)),
            Way("gateway", _by_gateway(desk)),
            Way("HTTP API", _by_http(http)),
        )


def _bare(client: Client, desk: Desk) -> Callable[[str], Awaitable[object]]:
    start = payload_of(desk)
    return lambda key: client.start_workflow(
        "InquiryWorkflow", start, id=f"inquiry-{key[:20]}", task_queue=QUEUE
    )


def _by_gateway(desk: Desk) -> Callable[[str], Awaitable[object]]:
    return lambda key: desk.cases.open(opening(key), actor=ANNA, key=key, digest=key)


def _by_http(http: httpx2.AsyncClient) -> Callable[[str], Awaitable[object]]:
    async def open_inquiry(key: str) -> None:
        body = inquiry(customer={"customer_id": key})
        answer = await http.post("/v1/inquiries", json=body, headers={"Idempotency-Key": key})
        assert answer.status_code == 202, answer.text

    return open_inquiry
