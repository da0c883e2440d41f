"""How much may be asked, and that nothing that is sent breaks it."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from api.codec.payloads import BODY, MOST, read_payloads
from api.problems import ProblemError
from sop.models import Role
from tests.api.codec.house import INQUIRY, House, asked, sealed, texts


async def test_a_thousand_payloads_are_decoded_at_once_and_no_more(house: House) -> None:
    payload = await sealed(house.keyring, INQUIRY)
    many = asked(*[payload] * MOST)
    assert None not in texts(await house.decode(many, token=house.token(Role.CSR)))
    assert [e.count for e in house.entries()] == [MOST]
    more = asked(*[payload] * (MOST + 1))
    assert (await house.decode(more, token=house.token(Role.CSR))).status_code == 422


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_that_is_too_large_is_not_read(house: House, announced: bool) -> None:
    async def flood() -> Any:
        for _ in range(BODY // 100_000 + 1):
            yield b" " * 100_000

    token = house.token(Role.CSR)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    content = b" " * (BODY + 1) if announced else flood()
    answer = await house.http.post("/decode", content=content, headers=headers)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400), (b"{", 400), (b"\xff", 400), (b"[" * 100_000, 400), (b"[]", 422),
        (b"null", 422), (b"{}", 422), (b'{"payloads": {}}', 422), (b'{"payloads": [1]}', 422),
        (b'{"payloads": [null]}', 422), (b'{"payloads": [{"data": 1}]}', 422),
        (b'{"payloads": [{"data": "a"}]}', 422), (b'{"payloads": [{"metadata": {"a": 1}}]}', 422),
        (b'{"payloads": [{"metadata": {"\\ud800": "YQ=="}}]}', 422),
        (b'{"payloads": [{"data": NaN}]}', 422),
        (b'{"payloads": ' + b"[" * 900 + b"]" * 900 + b"}", 422),
        (b'{"payloads": [{"unknown": {"a": [1, null]}}]}', 200),
    ],
)  # fmt: skip
async def test_what_is_no_request_is_told_so(house: House, body: bytes, status: int) -> None:
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {house.token(Role.CSR)}",
    }
    answer = await house.http.post("/decode", content=body, headers=headers)
    assert answer.status_code == status, answer.text


async def test_another_media_type_is_refused(house: House) -> None:
    headers = {"Content-Type": "text/plain", "Authorization": f"Bearer {house.token(Role.CSR)}"}
    answer = await house.http.post("/decode", content=b'{"payloads": []}', headers=headers)
    assert answer.status_code == 415


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_PAYLOAD = st.fixed_dictionaries(
    {}, optional={"metadata": st.dictionaries(st.text(), _JSON, max_size=3) | _JSON, "data": _JSON}
)


@given(st.lists(_PAYLOAD | _JSON, max_size=3))
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
async def test_whatever_is_sent_is_read_or_refused(payloads: list[Any]) -> None:
    body = json.dumps({"payloads": payloads}).encode()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    head = [(b"content-type", b"application/json")]
    request = Request({"type": "http", "method": "POST", "headers": head}, receive)
    with suppress(ProblemError):
        assert len(await read_payloads(request)) == len(payloads)
