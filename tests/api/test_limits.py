"""What a request may hold, and that nothing it holds makes the server fail."""

import json
from collections.abc import AsyncIterator

import httpx2
import pytest

from api.limits import BODY, HEADERS, TARGET
from sop.models import Role
from tests.api.callers import Caller, Callers, inquiry
from tests.api.test_problems import is_problem

JSON = {"Content-Type": "application/json", "Idempotency-Key": "limits"}
NOTE = "/v1/inquiries/inquiry-00000000000000000000/notes"
LONE_SURROGATE = "\ud800"


@pytest.fixture
async def ana(callers: Callers) -> Caller:
    """Return a representative."""
    return await callers.of(Role.CSR)


async def send(caller: Caller, content: bytes, path: str = "/v1/inquiries") -> httpx2.Response:
    """Send raw bytes as JSON."""
    return await caller.http.post(path, content=content, headers=JSON)


class NotedBody(httpx2.AsyncByteStream):
    """A body that notes whether it was read."""

    read = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body."""
        self.read = True
        yield b"{}"


async def in_chunks(size: int) -> AsyncIterator[bytes]:
    """Yield a body without a Content-Length."""
    for _ in range(0, size, 4096):
        yield b" " * 4096


async def test_a_body_of_64_kib_is_read_and_one_byte_more_is_not(ana: Caller) -> None:
    is_problem(await send(ana, b"{" + b" " * (BODY - 2) + b"}"), "invalid-request")
    is_problem(await send(ana, b"{" + b" " * (BODY - 1) + b"}"), "body-too-large")


@pytest.mark.parametrize("path", ["/v1/inquiries", NOTE])
async def test_a_body_in_chunks_is_counted(ana: Caller, path: str) -> None:
    answer = await ana.http.post(path, content=in_chunks(BODY + 4096), headers=JSON)
    is_problem(answer, "body-too-large")


async def test_a_body_that_is_longer_than_announced_is_counted(ana: Caller) -> None:
    headers = {**JSON, "Content-Length": "2"}
    answer = await ana.http.post("/v1/inquiries", content=b" " * (BODY + 1), headers=headers)
    is_problem(answer, "body-too-large")


@pytest.mark.parametrize("path", ["/v1/inquiries", "/v1/nothing", "/livez"])
async def test_a_body_that_announces_too_much_is_refused_unread(ana: Caller, path: str) -> None:
    headers, body = {**JSON, "Content-Length": str(10**15)}, NotedBody()
    answer = await ana.http.post(path, content=body, headers=headers)
    is_problem(answer, "body-too-large")
    assert not body.read


async def test_a_path_and_query_that_are_too_long_are_refused(ana: Caller) -> None:
    is_problem(await ana.get("/v1/inquiries?cursor=" + "a" * TARGET), "uri-too-long")
    is_problem(await ana.get("/" + "a" * TARGET), "uri-too-long")


async def test_headers_that_are_too_large_are_refused(ana: Caller) -> None:
    answer = await ana.http.get("/v1/inquiries", headers={"X-Much": "a" * HEADERS})
    is_problem(answer, "headers-too-large")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00",
        b"{",
        b"\xff\xfe\xfd",
        b'{"subject": "\xc3\x28"}',
        b"[" * 30_000,
        b'{"a":' * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"limit": ' + b"9" * 5_000 + b"}",
        b"nul",
        b"'single'",
        b'{"a": 1,}',
    ],
)
async def test_what_is_no_json_is_a_problem(ana: Caller, content: bytes) -> None:
    answer = await send(ana, content)
    assert answer.status_code in {400, 422}
    is_problem(answer, "malformed-json" if answer.status_code == 400 else "invalid-request")


@pytest.mark.parametrize(
    "value",
    [
        True, 0, 1.5, -1, 10**400, float("nan"), float("inf"), "", [], {}, [[]], "\x00",
        "a\x00b", LONE_SURROGATE, "a" + LONE_SURROGATE, "X" * 60_000, [None], {"": None},
        {"$ref": "#"}, {"__proto__": {}}, {LONE_SURROGATE: 1}, {"\x00": 1},
    ],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
async def test_a_nasty_value_in_any_field_is_a_problem(ana: Caller, value: object) -> None:
    for field in (*inquiry(), "assignee", "more"):
        answer = await send(ana, json.dumps({**inquiry(), field: value}).encode())
        is_problem(answer, "invalid-request")


@pytest.mark.parametrize("text", ["\x00", LONE_SURROGATE, "ok\x00"])
@pytest.mark.parametrize(
    ("step", "body"),
    [
        ("notes", {"text": None}),
        ("responses", {"text": None}),
        ("customer-replies", {"text": None}),
        ("resolution", {"resolution": None}),
        ("waits", {"question": None}),
        ("withdrawal", {"reason": None}),
        ("promises", {"contact": None, "answer_by": "2030-01-01T00:00:00Z"}),
        ("follow-ups", {"outcome": "confirmed", "feedback": None}),
    ],
)
async def test_text_that_no_database_keeps_is_refused_in_every_step(
    ana: Caller, step: str, body: dict[str, object], text: str
) -> None:
    said = {name: text if value is None else value for name, value in body.items()}
    path = NOTE.replace("notes", step)
    is_problem(await send(ana, json.dumps(said).encode(), path), "invalid-request")


@pytest.mark.parametrize(
    "moment",
    [
        "", "now", "2026-11-23", "2026-11-23T12:00:00", "1763900000", 1763900000, 1e300, None,
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-13-01T00:00:00Z",
        "2026-11-23T25:00:00Z", "2026-11-23T12:00:00+99:99", "-1-01-01T00:00:00Z",
    ],
)  # fmt: skip
async def test_a_moment_that_is_none_is_refused(ana: Caller, moment: object) -> None:
    promise = {"answer_by": moment, "contact": "Ana"}
    is_problem(await ana.post(NOTE.replace("notes", "promises"), promise), "invalid-request")
    if isinstance(moment, str):
        listed = await ana.http.get("/v1/inquiries", params={"due_before": moment})
        is_problem(listed, "invalid-request")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=201", "limit=" + "9" * 3000, "limit=x", "limit=", "open=maybe",
        "stage=nowhere", "category=%00", "assignee=%00", "assignee=%ED%A0%80", "cursor=%00",
        "cursor=", "cursor=!!!", "priority=", "%00=1", "%ED%A0%80=1", "limit=1&limit=x",
    ],
)  # fmt: skip
async def test_a_query_that_does_not_fit_is_refused(ana: Caller, query: str) -> None:
    is_problem(await ana.get(f"/v1/inquiries?{query}"), "invalid-request")


@pytest.mark.parametrize(
    "media_type",
    [
        "", "text/plain", "application/xml", "multipart/form-data; boundary=x", "json",
        "application/x-www-form-urlencoded", "application/json/x", "text/json", ";",
    ],
)  # fmt: skip
async def test_any_other_media_type_is_refused(ana: Caller, media_type: str) -> None:
    answer = await ana.http.post(
        "/v1/inquiries", content=b"{}", headers={**JSON, "Content-Type": media_type}
    )
    is_problem(answer, "unsupported-media-type")


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON"]
)
async def test_json_is_json_however_it_is_written(ana: Caller, media_type: str) -> None:
    answer = await ana.http.post(
        "/v1/inquiries", content=b"{}", headers={**JSON, "Content-Type": media_type}
    )
    is_problem(answer, "invalid-request")
