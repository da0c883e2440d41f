"""Who sends too much is turned away, told for how long, and nothing is done."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import httpx2
import pytest

from api.problems import PROBLEMS
from api.rates import MOST, Counters, Rates, network
from sop.models import Role
from tests.api.callers import BILLING, Caller, Callers, inquiry, serve
from tests.api.test_problems import UNKNOWN
from tests.desk import Desk, eventually


class Clock:
    """Seconds that a test turns."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


def is_held_back(answer: httpx2.Response, kind: str, rate: int, *, window: int = 60) -> None:
    """Assert that an answer is the problem, with how long to wait."""
    assert answer.status_code == 429
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/too-many-requests"
    wait = answer.headers["Retry-After"]
    assert 1 <= int(wait) <= window
    assert answer.headers["RateLimit-Policy"] == f'"{kind}";q={rate};w={window}'
    assert answer.headers["RateLimit"] == f'"{kind}";r=0;t={wait}'


Held = Callable[..., Any]


@pytest.fixture
async def held(desk: Desk) -> AsyncIterator[Held]:
    """Return what makes callers of an application with rates, and the clock of these."""
    async with AsyncExitStack() as stack:

        async def make(**rates: str) -> tuple[Callers, Clock]:
            clock = Clock()
            app = await stack.enter_async_context(serve(desk, rates=Rates(clock=clock, **rates)))
            return await stack.enter_async_context(Callers(app, desk.database)), clock

        yield make


async def test_a_principal_is_held_to_its_rate_with_whatever_key_it_comes(held: Held) -> None:
    callers, clock = await held(per_principal="3/minute")
    one = await callers.person("hasty", Role.CSR)
    made = await asyncio.to_thread(callers.keys.create, "hasty", Role.CSR)
    other = await callers.bearing(made.token.get_secret_value())
    for caller in (one, other, one):
        assert (await caller.get("/v1/policy")).status_code == 200
    is_held_back(await other.get("/v1/policy"), "principal", 3)
    calm = await callers.person("calm", Role.CSR)
    assert (await calm.get("/v1/policy")).status_code == 200
    clock.now += 60
    assert (await one.get("/v1/policy")).status_code == 200


async def test_a_customer_is_held_to_a_rate_whoever_asks(held: Held) -> None:
    callers, _ = await held(per_customer="2/minute")
    ana, ben = await callers.person("ana-r", Role.CSR), await callers.person("ben-r", Role.CSR)
    carla = {"customer_id": "rated-1"}
    for caller, key in ((ana, "rated one"), (ben, "rated two")):
        opened = await caller.post("/v1/inquiries", inquiry(customer=carla), key)
        assert opened.status_code == 202
    is_held_back(
        await ana.post("/v1/inquiries", inquiry(customer=carla), "rated three"), "customer", 2
    )
    handoff = {
        "customer": carla, "subject": "x", "text": "x",
        "items": [{"item": "contract", "description": "x"}],
        "receiving": {"party": "legal", "name": "x", "contact": "x"},
    }  # fmt: skip
    is_held_back(await ana.post("/v1/handoffs", handoff, "rated handoff"), "customer", 2)
    forms = {"case_id": UNKNOWN.rpartition("/")[2], "noticed": True}
    path = "/v1/customers/rated-1/identifications"
    is_held_back(await ben.post(path, forms, "rated check"), "customer", 2)
    other = await ana.post("/v1/inquiries", inquiry(customer={"customer_id": "rated-2"}), "other")
    assert other.status_code == 202


async def test_a_case_is_held_to_its_customers_rate(held: Held) -> None:
    callers, _ = await held(per_customer="3/minute")
    ana = await callers.person("ana-r", Role.CSR)
    case_id = await ana.open("a rated case", customer={"customer_id": "rated-3"})
    page = f"/v1/inquiries/{case_id}"
    for _ in range(2):
        assert (await ana.post(f"{page}/notes", {"text": "x"})).status_code == 200
    is_held_back(await ana.post(f"{page}/notes", {"text": "x"}), "customer", 3)
    is_held_back(await ana.get(page), "customer", 3)
    assert (await ana.get(UNKNOWN)).status_code == 404


async def test_ten_cases_of_a_customer_have_one_rate_together(held: Held) -> None:
    callers, clock = await held(per_customer="12/minute")
    ana, carla = await callers.person("ana-r", Role.CSR), {"customer_id": "rated-many"}
    pages = [
        f"/v1/inquiries/{await ana.open(f'rated, of ten {n}', customer=carla)}" for n in range(10)
    ]
    asked = {"kind": "export", "customer_id": "rated-many", "channel": "email"}
    opened = await ana.post("/v1/privacy-requests", asked, "rated, of ten")
    assert opened.status_code == 202
    request = f"/v1/privacy-requests/{opened.json()['case_id']}"
    assert (await ana.get(pages[0])).status_code == 200
    for page in (*pages, request, f"{request}/timeline"):
        is_held_back(await ana.get(page), "customer", 12)
    is_held_back(await ana.post("/v1/privacy-requests", asked, "rated, again"), "customer", 12)
    clock.now += 60
    assert (await ana.get(pages[1])).status_code == 200


async def test_whose_case_it_is_is_learned_from_the_look_who_may_see_it(
    held: Held, callers: Callers
) -> None:
    """A process that has not opened the cases: no statement is made to count them."""
    elsewhere = await callers.of(Role.CSR)
    carla = {"customer_id": "rated-there"}
    ids = [await elsewhere.open(f"rated there {n}", customer=carla) for n in range(4)]
    for case_id in ids:  # one that the CRM does not have yet, has the rate for itself
        await eventually(partial(_recorded, elsewhere, case_id))
    here, _ = await held(per_customer="4/minute")
    ana = await here.of(Role.CSR)
    for case_id in ids:
        assert (await ana.get(f"/v1/inquiries/{case_id}")).status_code == 200
    for case_id in ids:
        is_held_back(await ana.get(f"/v1/inquiries/{case_id}/timeline"), "customer", 4)


async def _recorded(caller: Caller, case_id: str) -> bool:
    return bool((await caller.get(f"/v1/inquiries/{case_id}")).json()["recorded"])


async def test_an_incident_and_a_duty_have_a_rate_each(held: Held) -> None:
    callers, _ = await held(per_customer="1/minute")
    ana = await callers.person("ana-r", Role.TEAM_LEADER)
    for page in ("/v1/incidents/incident-" + "0" * 20, "/v1/duties/duty-" + "0" * 20):
        assert (await ana.get(page)).status_code == 404
        is_held_back(await ana.get(page), "customer", 1)


def test_no_more_cases_are_remembered_than_may_be() -> None:
    rates = Rates(per_customer="1/minute")
    for number in range(MOST + 5):
        rates.remember_case(f"inquiry-{number}", "one")
    assert len(rates._customers) == MOST
    off = Rates()
    off.remember_case("inquiry-1", "one")
    assert not off._customers


async def test_a_request_that_is_held_back_has_no_effect(held: Held, desk: Desk) -> None:
    callers, clock = await held(per_customer="2/minute")
    ana = await callers.person("ana-r", Role.CSR)
    case_id = await ana.open("held back", customer={"customer_id": "rated-4"})
    page = f"/v1/inquiries/{case_id}"
    assert (await ana.post(f"{page}/notes", {"text": "the first"})).status_code == 200
    is_held_back(
        await ana.post(f"{page}/classification", {"classification": BILLING}), "customer", 2
    )
    kinds = await desk.kinds(case_id)
    refused = await ana.post(
        "/v1/inquiries", inquiry(customer={"customer_id": "rated-4"}), "held back too"
    )
    is_held_back(refused, "customer", 2)
    clock.now += 60
    opened = await ana.post(
        "/v1/inquiries", inquiry(customer={"customer_id": "rated-4"}), "held back too"
    )
    assert opened.json()["created"] is True
    assert await desk.kinds(case_id) == kinds


async def test_who_shows_nothing_valid_is_held_to_the_rate_of_an_address(held: Held) -> None:
    callers, _ = await held(per_address="2/minute")
    ana = await callers.person("ana-r", Role.CSR)
    assert (await ana.get("/v1/policy")).status_code == 200
    stranger, nobody = (
        await callers.bearing(f"hr_{'0' * 12}_{'a' * 43}"),
        await callers.bearing(None),
    )
    assert (await stranger.get("/v1/policy")).status_code == 401
    assert (await nobody.get("/v1/policy")).status_code == 401
    for caller, path in ((stranger, "/v1/policy"), (nobody, "/v1/policy"), (nobody, "/problems")):
        is_held_back(await caller.get(path), "address", 2)
    assert (await nobody.get("/livez")).status_code == 200
    assert (await nobody.get("/readyz")).status_code == 200
    # Who was let in a moment ago is not locked out by a stranger behind the same address.
    assert (await ana.get("/v1/policy")).status_code == 200


async def test_without_a_rate_nobody_is_held_back(callers: Callers) -> None:
    nobody = await callers.bearing(None)
    for _ in range(50):
        assert (await nobody.get("/version")).status_code == 200


def test_counters_take_no_more_memory_than_they_may() -> None:
    clock = Clock()
    counters = Counters(most=100, clock=clock)
    for number in range(100_000):
        counters.incr(f"name-{number}", 60)
    assert len(counters) == 100
    assert counters.get("name-99999") == 1
    assert counters.get("name-0") == 0


def test_a_counter_ends_with_its_time() -> None:
    clock = Clock()
    counters = Counters(clock=clock)
    assert [counters.incr("a", 60) for _ in range(3)] == [1, 2, 3]
    assert counters.get_expiry("a") == clock.now + 60
    clock.now += 60
    assert counters.get("a") == 0
    assert counters.incr("a", 60) == 1
    counters.clear("a")
    assert counters.get("a") == 0
    counters.incr("b", 60)
    assert (counters.reset(), len(counters)) == (1, 0)
    assert counters.check()


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_one_stranger_holds_a_whole_network_of_ipv6(address: str, counted: str) -> None:
    assert network(address) == counted


def test_the_problem_says_that_it_may_be_tried_again() -> None:
    assert PROBLEMS["too-many-requests"].retry_after is not None
