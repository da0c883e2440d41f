"""Nobody is waited for without end: neither for a body, nor for an answer."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.types import Message, Receive, Scope, Send

from api.limits import MOST_HEADERS
from api.patience import Manner, Patience
from api.request_log import RequestLog
from sop.models import Role
from tests.api.callers import Callers, inquiry, serve
from tests.api.test_problems import UNKNOWN, is_problem
from tests.desk import Desk

JSON = {"Content-Type": "application/json", "Idempotency-Key": "patience"}


@pytest.fixture
async def hurried(desk: Desk) -> AsyncIterator[Callers]:
    """Give callers of an application that waits a moment for a body."""
    async with (
        serve(desk, manner=Manner(arrival_s=0.05, answer_s=60)) as app,
        Callers(app, desk.database) as callers,
    ):
        yield callers


async def a_beginning() -> AsyncIterator[bytes]:
    """Yield a part of a body, and never the rest."""
    yield b'{"text":'
    await asyncio.Event().wait()


@pytest.mark.parametrize("path", ["/v1/inquiries", f"{UNKNOWN}/notes"])
async def test_a_body_that_does_not_arrive_is_waited_for_no_longer(
    hurried: Callers, path: str
) -> None:
    ana = await hurried.of(Role.CSR)
    answer = await ana.http.post(path, content=a_beginning(), headers=JSON)
    is_problem(answer, "request-timeout")
    assert answer.headers["Connection"] == "close"


async def test_who_has_no_key_is_refused_without_waiting_for_the_body(hurried: Callers) -> None:
    stranger = await hurried.bearing(None)
    answer = await stranger.http.post("/v1/inquiries", content=a_beginning(), headers=JSON)
    is_problem(answer, "unauthenticated")


async def test_an_answer_may_take_longer_than_the_body(hurried: Callers) -> None:
    ana = await hurried.of(Role.CSR)
    opened = await ana.post("/v1/inquiries", inquiry(), "patience")
    assert opened.status_code == 202


async def silence(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Never answer."""
    await asyncio.Event().wait()


async def half_an_answer(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Begin to answer, and stop."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await asyncio.Event().wait()


async def own_timeout(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Fail by a time limit of one's own."""
    raise TimeoutError


async def test_an_answer_that_does_not_come_is_a_problem() -> None:
    app = RequestLog(Patience(silence, Manner(answer_s=0.05)))
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url="http://handrail.test"
    ) as http:
        is_problem(await http.get("/v1/policy"), "not-answered")


async def test_an_answer_that_has_begun_is_not_answered_again() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "state": {}}
    await Patience(half_an_answer, Manner(answer_s=0.05))(scope, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start"]
    with pytest.raises(TimeoutError):
        await Patience(own_timeout, Manner())(scope, receive, send)


async def test_more_headers_than_anybody_needs_are_refused(hurried: Callers) -> None:
    ana = await hurried.of(Role.CSR)
    many = {f"X-{number}": "1" for number in range(MOST_HEADERS)}
    is_problem(await ana.http.get("/v1/policy", headers=many), "headers-too-large")


async def test_the_description_is_served_only_where_it_is_asked_for(desk: Desk) -> None:
    for manner, status in ((Manner(), 404), (Manner(docs=True), 200)):
        async with serve(desk, manner=manner) as app, Callers(app, desk.database) as callers:
            nobody = await callers.bearing(None)
            for path in ("/docs", "/redoc", "/docs/oauth2-redirect"):
                is_problem(await nobody.get(path), "not-found")
            assert (await nobody.get("/openapi.json")).status_code == status
            assert app.openapi()["paths"]
