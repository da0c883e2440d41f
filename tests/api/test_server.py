"""`handrail api` as a process: what comes over the wire, what it logs, and how it ends."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from adapters.api_keys import ApiKeys
from api.limits import BODY, HEADERS
from api.server import listen
from runtime.devserver import DevServer
from sop.models import Actor, Role
from tests.api.callers import inquiry
from tests.desk import Desk, train
from tests.fuzz import CONFIG, FEWER, OFF, fuzz, served
from tests.issuer import AUDIENCE, Issuer, an_issuer
from tests.processes import Running, run, running

CANARY = "Carla-Canary-4-Sesame-Street"


@dataclass(frozen=True)
class Api:
    """A running API, and a key that opens it."""

    process: Running
    port: int
    token: str
    environment: dict[str, str]
    issuer: Issuer

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def send(self, *parts: bytes) -> bytes:
        """Send raw bytes; return all that comes back until the server closes or falls silent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
        except ConnectionError:
            pass  # the server has heard enough
        answer = b""
        try:
            async with asyncio.timeout(10):
                while chunk := await reader.read(65_536):
                    answer += chunk
                    if b"\r\n\r\n" in answer and answer.endswith(b"}"):
                        break
        except ConnectionError:
            pass
        writer.close()
        return answer

    def head(self, *headers: str, path: str = "/v1/inquiries") -> bytes:
        """Return the head of a POST."""
        lines = [
            f"POST {path} HTTP/1.1", "Host: handrail.test", f"Authorization: Bearer {self.token}",
            "Content-Type: application/json", "Idempotency-Key: wire", *headers, "", "",
        ]  # fmt: skip
        return "\r\n".join(lines).encode("latin-1")


@pytest_asyncio.fixture(scope="module")
async def api(
    desk: Desk, server: DevServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Api]:
    """Run `handrail api` on the desk's server and database."""
    wire = Actor(principal="wire", role=Role.DUTY_MANAGER)
    await asyncio.to_thread(train, desk.database, desk.cases.policy, wire)
    made = await asyncio.to_thread(ApiKeys(desk.database).create, wire.principal, wire.role)
    environment = {
        "TEMPORAL_ADDRESS": server.address,
        "HANDRAIL_STATE_DIR": str(tmp_path_factory.mktemp("state")),
        "HANDRAIL_DATABASE_URL": str(desk.database.engine.url),
        "HANDRAIL_TASK_QUEUE": desk.task_queue,
        "HANDRAIL_TEMPORAL_UI_URL": server.ui_url,
        "HANDRAIL_API_PORT": "0",
        "HANDRAIL_REQUEST_TIMEOUT": "5",
        **OFF,
    }
    with an_issuer() as issuer:
        environment |= {
            "HANDRAIL_OIDC_ISSUER": issuer.name,
            "HANDRAIL_OIDC_AUDIENCE": AUDIENCE,
            "HANDRAIL_OIDC_JWKS_URL": issuer.url,
        }
        async with running("api", ready="api.listening", **environment) as process:
            port = process.event("api.listening")["port"]
            yield Api(process, port, made.token.get_secret_value(), environment, issuer)


async def test_what_is_sent_over_the_wire_is_answered(api: Api) -> None:
    async with httpx2.AsyncClient(base_url=api.url) as http:
        http.headers["Authorization"] = f"Bearer {api.token}"
        answer = await http.post(
            "/v1/inquiries", json=inquiry(), headers={"Idempotency-Key": "over the wire"}
        )
        assert answer.status_code == 202
        assert (await http.get("/readyz")).status_code == 200


async def test_a_token_of_the_issuer_that_the_settings_name_opens_it(api: Api) -> None:
    token = api.issuer.token(sub="over-the-wire", roles=["auditor"])
    async with httpx2.AsyncClient(base_url=api.url) as http:
        for shown, status in ((token, 200), (token[:-4], 401)):
            answer = await http.get("/v1/policy", headers={"Authorization": f"Bearer {shown}"})
            assert answer.status_code == status
    line = api.process.event("auth.accepted")
    assert (line["actor"], line["role"], line["credential"]) == (
        "over-the-wire", "auditor", "token",
    )  # fmt: skip
    assert api.process.event("auth.refused")["reason_code"] == "signature"
    assert token not in "".join(api.process.lines)


async def test_an_announced_flood_is_refused_before_it_comes(api: Api) -> None:
    answer = await api.send(api.head(f"Content-Length: {10**12}"))
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"/problems/body-too-large" in answer


async def test_a_flood_in_chunks_is_cut_off(api: Api) -> None:
    chunk = b"1000\r\n" + b" " * 4096 + b"\r\n"
    flood = [chunk] * (4 * BODY // 4096)
    answer = await api.send(api.head("Transfer-Encoding: chunked"), *flood)
    assert answer.startswith(b"HTTP/1.1 413")


async def test_headers_without_end_are_cut_off(api: Api) -> None:
    for size in (HEADERS, 10 * HEADERS):
        answer = await api.send(api.head("X-Much: " + "a" * size, "Content-Length: 2"), b"{}")
        assert answer.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400")) or not answer


async def test_two_hundred_slow_connections_leave_the_others_working_and_are_closed(
    api: Api,
) -> None:
    head = api.head("Content-Length: 100")
    begun = (b"", head[:40], head[:-2], head + b'{"text":')  # nothing, half a head, half a body
    slow = [await asyncio.open_connection("127.0.0.1", api.port) for _ in range(200)]
    for number, (_, writer) in enumerate(slow):
        writer.write(begun[number % len(begun)])
    async with httpx2.AsyncClient(base_url=api.url) as http:
        http.headers["Authorization"] = f"Bearer {api.token}"
        for _ in range(20):
            assert (await http.get("/v1/policy")).status_code == 200
    async with asyncio.timeout(60):
        answers = [await reader.read() for reader, _ in slow]
    for number, answer in enumerate(answers):
        waited_for_a_body = number % len(begun) == 3
        assert (b"/problems/request-timeout" in answer) == waited_for_a_body
        assert answer.startswith(b"HTTP/1.1 408") or not answer
    for _, writer in slow:
        writer.close()


async def test_a_connection_that_is_fed_byte_by_byte_is_closed(api: Api) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    answered = asyncio.create_task(reader.read())
    async with asyncio.timeout(60):
        for byte in 10_000 * b"GET /livez HTTP/1.1 and never an end ":
            if answered.done():
                break
            writer.write(bytes([byte]))
            await asyncio.wait({answered}, timeout=0.05)
    assert answered.done()
    writer.close()


async def test_a_kept_connection_is_not_closed_between_its_requests(api: Api) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    for _ in range(3):
        writer.write(b"GET /livez HTTP/1.1\r\nHost: handrail.test\r\n\r\n")
        assert b"200" in await reader.readuntil(b"}")
    writer.close()


async def test_what_is_no_http_is_a_bad_request(api: Api) -> None:
    for nonsense in (b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", api.head("Content-Length: -1")):
        assert (await api.send(nonsense)).startswith(b"HTTP/1.1 400")


async def test_a_path_that_is_no_utf_8_is_not_found(api: Api) -> None:
    answer = await api.send(api.head("Content-Length: 2", path="/v1/%ff%fe"), b"{}")
    assert answer.startswith(b"HTTP/1.1 404")


async def test_the_log_names_the_request_and_holds_none_of_its_words(api: Api) -> None:
    said = inquiry(subject=CANARY, text=CANARY)
    async with httpx2.AsyncClient(base_url=api.url) as http:
        http.headers["Authorization"] = f"Bearer {api.token}"
        opened = await http.post("/v1/inquiries", json=said, headers={"Idempotency-Key": CANARY})
        page = opened.headers["Location"]
        await http.get(f"/{CANARY}?{CANARY}={CANARY}")
        await http.get(f"/v1/inquiries?assignee={CANARY}")
        await http.post(f"{page}/notes", json={"text": CANARY, CANARY: CANARY})
        last = await http.post(f"{page}/notes", json={"text": CANARY})
        await http.get(page, headers={"X-Request-Id": CANARY, "User-Agent": CANARY})
    line = api.process.event(last.headers["X-Request-Id"])
    assert (line["route"], line["status"]) == ("/v1/inquiries/{case_id}/notes", 200)
    assert (line["actor"], line["method"]) == ("wire", "POST")
    assert CANARY not in "".join(api.process.lines)
    assert api.token not in "".join(api.process.lines)


async def test_a_port_that_is_taken_is_told(api: Api) -> None:
    ended = await run("api", **{**api.environment, "HANDRAIL_API_PORT": str(api.port)})
    assert ended.code == 1
    assert "HANDRAIL_API_PORT" in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.timeout(480)  # it grows with each route, and a busy machine takes its time
async def test_the_contract_holds_under_fuzzing(api: Api, tmp_path: Path) -> None:
    code, said = await fuzz(api.url, api.token, tmp_path, config=CONFIG + FEWER)
    assert code == 0, said
    answers = served(api.process)
    assert answers.total() > 300
    assert max(answers) < 500


def test_an_answer_on_a_kept_connection_does_not_wait_for_more_to_send() -> None:
    with listen("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP  # what asyncio asks before it says NODELAY


async def test_it_ends_with_0_when_it_is_told_to_stop(api: Api) -> None:
    environment = api.environment
    async with running("api", ready="api.listening", **environment) as process:
        assert await process.stop() == 0
