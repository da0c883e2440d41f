"""Which pages may ask, and how a person's session begins, lives and ends."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from adapters.database import Database
from adapters.keyring import SqlKeyring
from api.authentication import KEPT, KeyRing
from api.codec.sessions import IDLE, LONGEST, RENEWED_AFTER, Sessions
from api.rates import Rates
from cli.codec import _ById
from sop.access_log import Via
from sop.models import Role
from tests.api.codec.house import (
    CANARY,
    INQUIRY,
    PLACE,
    UI,
    URL,
    House,
    asked,
    cookies_of,
    fill,
    open_house,
    sealed,
    texts,
)

ORIGINS = {
    UI: True,
    "null": False,
    "*": False,
    "http://127.0.0.1:8234": False,
    "https://127.0.0.1:8233": False,
    "http://localhost:8233": False,
    "http://127.0.0.1:8233.evil.example": False,
    "http://127.0.0.1:8233/": False,
    "HTTP://127.0.0.1:8233": False,
    "http://evil.example": False,
    "": False,
}
SECRET = "the secret of the tests, which opens nothing"


class Clock:
    """Seconds since 1970, to be turned on."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def passes(self, time: timedelta) -> None:
        self.now += time.total_seconds()


@pytest.mark.parametrize(("origin", "allowed"), ORIGINS.items())
async def test_only_the_exact_origin_of_a_listed_page_may_ask(
    house: House, origin: str, allowed: bool
) -> None:
    preflight = await house.http.options(
        "/decode",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,x-namespace,authorization",
        },
    )
    body = asked(await sealed(house.keyring, INQUIRY))
    answer = await house.decode(body, token=house.token(Role.CSR), Origin=origin)
    for told in (preflight, answer):
        assert told.headers.get("access-control-allow-origin") == (origin if allowed else None)
        assert "origin" in told.headers["vary"].lower()
        assert told.headers["cache-control"] == "no-store"
    assert preflight.is_success is allowed
    if allowed:
        assert preflight.headers["access-control-allow-credentials"] == "true"
        assert preflight.headers["access-control-allow-methods"] == "POST"
        assert texts(answer) == [CANARY]
    else:
        assert answer.status_code == 403
        assert not house.entries()


@pytest.mark.parametrize(
    "asking",
    [
        {"Access-Control-Request-Method": "DELETE"},
        {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-other"},
    ],
)
async def test_a_listed_page_may_do_nothing_else(house: House, asking: dict[str, str]) -> None:
    preflight = await house.http.options("/decode", headers={"Origin": UI, **asking})
    assert preflight.status_code == 400


async def test_no_other_page_can_read_the_login(house: House) -> None:
    for path in ("/login", "/healthz"):
        answer = await house.http.get(path, headers={"Origin": UI})
        assert answer.status_code == 200
        assert "access-control-allow-origin" not in answer.headers


async def test_a_refusal_can_be_read_by_the_page_that_asked(house: House) -> None:
    answer = await house.decode({"payloads": []}, Origin=UI)
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == UI


async def test_a_login_begins_a_session_that_decodes(house: House) -> None:
    answer = await house.log_in(house.token(Role.CSR))
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    cookie = cookies_of(answer)
    assert {"httponly", "path", "max-age"} <= cookie.keys()
    assert cookie["samesite"] == "strict"
    assert "secure" not in cookie  # plain HTTP, to this machine alone
    assert house.token(Role.CSR) not in answer.headers["set-cookie"]
    body = asked(await sealed(house.keyring, INQUIRY))
    assert texts(await house.decode(body, Origin=UI)) == [CANARY]
    assert [e.via for e in house.entries()] == [Via.SESSION]
    assert "logged in as <strong>csr</strong>" in (await house.http.get("/login")).text


async def test_by_tls_the_cookie_is_for_tls_and_this_host_alone(
    database: Database, keyring: SqlKeyring
) -> None:
    place = replace(PLACE, url="https://codec.example", origins=("https://ui.example",))
    async with open_house(database, keyring, place) as house:
        answer = await house.log_in(house.token(Role.CSR), Origin="https://codec.example")
    assert answer.headers["set-cookie"].startswith("__Host-handrail-codec=")
    assert cookies_of(answer).keys() >= {"secure", "httponly", "path"}
    assert "strict-transport-security" in answer.headers


@pytest.mark.parametrize("headers", [
    {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": UI},
    {"Origin": "", "Sec_Fetch_Site": "cross-site"},
])  # fmt: skip
async def test_no_other_page_can_log_anybody_in_or_out(
    house: House, headers: dict[str, str]
) -> None:
    answer = await house.log_in(house.token(Role.CSR), **headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert (await house.http.post("/logout", headers={"Origin": UI})).status_code == 403


async def test_a_session_does_not_open_for_a_page_that_is_not_listed(house: House) -> None:
    await house.log_in(house.token(Role.CSR))
    body = asked(await sealed(house.keyring, INQUIRY))
    assert (await house.decode(body, Origin="http://evil.example")).status_code == 403
    assert (await house.decode(body, Sec_Fetch_Site="cross-site")).status_code == 403


@pytest.mark.parametrize(("key", "status"), [
    ("", 401), ("hr_nonsense", 401), ("x" * 5000, 413), ("%00", 401), ("\u00e4", 401),
])  # fmt: skip
async def test_a_key_that_opens_nothing_begins_no_session(
    house: House, key: str, status: int
) -> None:
    answer = await house.log_in(key)
    assert answer.status_code == status
    assert "set-cookie" not in answer.headers


async def test_who_decodes_nothing_cannot_log_in(house: House) -> None:
    answer = await house.log_in(house.token(Role.OPERATOR))
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_whoever_tries_keys_is_slowed_down(database: Database, keyring: SqlKeyring) -> None:
    async with open_house(database, keyring, rates=Rates(per_address="3/minute")) as house:
        answers = [(await house.log_in("hr_nonsense")).status_code for _ in range(5)]
        assert answers == [401] * 3 + [429] * 2
        assert (await house.decode({"payloads": []}, token="hr_nonsense")).status_code == 429


async def test_a_reader_is_held_to_a_rate_by_session_and_by_bearer_together(
    database: Database, keyring: SqlKeyring
) -> None:
    fill(database)
    async with open_house(database, keyring, rates=Rates(per_principal="3/minute")) as house:
        body, token = asked(await sealed(keyring, INQUIRY)), house.token(Role.CSR)
        await house.log_in(token)
        assert (await house.decode(body, Origin=UI)).status_code == 200
        for _ in range(2):
            assert (await house.decode(body, token=token)).status_code == 200
        written = len(house.entries())
        for answer in (await house.decode(body, Origin=UI), await house.decode(body, token=token)):
            assert answer.status_code == 429
            assert int(answer.headers["retry-after"]) >= 1
            assert CANARY not in answer.text
        assert len(house.entries()) == written
        assert (await house.decode(body, token=house.token(Role.TEAM_LEADER))).status_code == 200


@pytest.mark.parametrize("wrong_credential", ["Bearer hr_nonsense", "Basic YTpi", "nonsense"])
async def test_where_a_credential_is_shown_the_session_does_not_count(
    house: House, wrong_credential: str
) -> None:
    await house.log_in(house.token(Role.CSR))
    answer = await house.decode({"payloads": []}, Origin=UI, Authorization=wrong_credential)
    assert answer.status_code == 401


@pytest.mark.clause("INQ-3.1")
async def test_a_revoked_key_ends_its_session_and_its_bearer_within_seconds(
    database: Database, keyring: SqlKeyring
) -> None:
    fill(database)
    async with open_house(database, keyring) as house:
        made = await asyncio.to_thread(house.keys.create, "ana", Role.CSR)
        token, later = made.token.get_secret_value(), Later()
        ring = KeyRing(_ById(house.keys), kept_in_outage=timedelta(0), clock=later)
        house.app.state.parts = replace(house.parts, session_keys=ring)
        await house.log_in(token)
        body = asked(await sealed(keyring, INQUIRY))
        assert texts(await house.decode(body, Origin=UI)) == [CANARY]
        assert await asyncio.to_thread(house.keys.revoke, made.key_id)
        later.ahead = KEPT
        assert (await house.decode(body, Origin=UI)).status_code == 401
        assert (await house.decode(body, token=token)).status_code == 401
        assert 'name="key"' in (await house.http.get("/login")).text


class Later:
    """The clock of a ring, ahead of time."""

    ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


async def test_a_session_ends_when_it_is_not_used_and_at_the_latest_after_a_days_work(
    database: Database, keyring: SqlKeyring
) -> None:
    clock = Clock()
    fill(database)
    async with open_house(database, keyring, sessions=Sessions(SECRET, clock=clock)) as house:
        body = asked(await sealed(keyring, INQUIRY))
        await house.log_in(house.token(Role.CSR))
        clock.passes(IDLE - timedelta(seconds=1))
        used = await house.decode(body, Origin=UI)
        assert texts(used) == [CANARY]
        assert "set-cookie" in used.headers
        clock.passes(IDLE - timedelta(seconds=1))
        assert (await house.decode(body, Origin=UI)).status_code == 200
        clock.passes(IDLE)
        assert (await house.decode(body, Origin=UI)).status_code == 401

        await house.log_in(house.token(Role.CSR))
        for _ in range(int(LONGEST / timedelta(minutes=20))):
            assert (await house.decode(body, Origin=UI)).status_code == 200
            clock.passes(timedelta(minutes=20))
        assert (await house.decode(body, Origin=UI)).status_code == 401


async def test_whoever_logs_out_has_no_session_even_with_the_old_cookie(house: House) -> None:
    await house.log_in(house.token(Role.CSR))
    body = asked(await sealed(house.keyring, INQUIRY))
    old = house.http.cookies["handrail-codec"]
    answer = await house.http.post("/logout", headers={"Origin": URL})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert (await house.decode(body, Origin=UI)).status_code == 401
    house.http.cookies.set("handrail-codec", old)
    assert (await house.decode(body, Origin=UI)).status_code == 401


def test_a_cookie_that_is_not_ours_is_no_session() -> None:
    clock = Clock()
    sessions = Sessions(SECRET, clock=clock)
    session = sessions.begin("key-1")
    cookie = sessions.cookie(session)
    assert sessions.read(cookie) == session
    head, claims, signature = cookie.split(".")
    said: dict[str, Any] = {"sid": "s", "sub": "key-1", "iat": int(clock()), "used": int(clock())}
    key, typ = OctKey.import_key(SECRET), "handrail-session+jwt"
    forged = {
        "another secret": Sessions(SECRET + "!", clock=clock).cookie(session),
        "another process": Sessions(clock=clock).cookie(session),
        "no signature": f"{head}.{claims}.",
        "another's signature": f"{head}.{claims}.{signature[::-1]}",
        "another type": jwt.encode({"alg": "HS256", "typ": "JWT"}, said, key),
        "another algorithm": jwt.encode(
            {"alg": "HS512", "typ": typ}, said, key, algorithms=["HS512"]
        ),
        "used before it began": jwt.encode(
            {"alg": "HS256", "typ": typ}, {**said, "used": said["iat"] - 1}, key
        ),
        "used in the future": jwt.encode(
            {"alg": "HS256", "typ": typ}, {**said, "used": said["iat"] + 3600}, key
        ),
        "no key": jwt.encode({"alg": "HS256", "typ": typ}, {**said, "sub": 1}, key),
        "no claims": jwt.encode({"alg": "HS256", "typ": typ}, {}, key),
        "nothing": "",
        "nonsense": "a.b.c",
        "no text": "\u00e4.\u00e4.\u00e4",
    }
    assert [name for name, told in forged.items() if sessions.read(told) is not None] == []


def test_a_cookie_is_renewed_now_and_then_and_keeps_its_beginning() -> None:
    clock = Clock()
    sessions = Sessions(SECRET, clock=clock)
    session = sessions.begin("key-1")
    assert sessions.renewed(session) is None
    clock.passes(RENEWED_AFTER)
    renewed = sessions.renewed(session)
    assert renewed is not None
    assert (renewed.began, renewed.session_id) == (session.began, session.session_id)
    assert renewed.used == int(clock())


async def test_the_page_loads_nothing_runs_nothing_and_is_framed_by_nobody(house: House) -> None:
    answer = await house.http.get("/login")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert "<script" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
