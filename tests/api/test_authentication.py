"""Who may call, and as whom: the key says it, and the table in sop says what it opens."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from activities.ports import CrmUnavailableError
from adapters.api_keys import ApiKeys
from adapters.database import Database, Limits
from api.authentication import KEPT, KEPT_IN_OUTAGE, KeyRing
from sop.access import PERMITTED
from sop.models import Actor, Role
from tests.api.callers import BILLING, CONFIRMED, RECEPTION, RESOLVED, VERIFIED, Callers, inquiry
from tests.api.test_problems import UNKNOWN, is_problem
from tests.databases import watch
from tests.desk import Desk
from tests.keyrings import shared_keyring

REASON = {"reason": "The customer asks for it."}
STEPS = {
    "record_reception": ("reception", {"reception": RECEPTION}),
    "categorise": ("classification", {"classification": BILLING}),
    "record_verification": ("verification", VERIFIED),
    "respond": ("responses", {"text": "x"}),
    "promise": ("promises", {"answer_by": "2030-01-01T00:00:00Z", "contact": "Ana"}),
    "customer_replied": ("customer-replies", {"text": "x"}),
    "wait_for_customer": ("waits", {"question": "Which one?"}),
    "resume": ("resumption", REASON),
    "escalate": ("escalations", REASON),
    "assign": ("assignment", {"assignee": "ben"}),
    "add_note": ("notes", {"text": "x"}),
    "resolve": ("resolution", RESOLVED),
    "record_follow_up": ("follow-ups", CONFIRMED),
    "withdraw": ("withdrawal", REASON),
    "mark_duplicate": ("duplicate", {"duplicate_of": UNKNOWN.rpartition("/")[2], **REASON}),
    "adopt_policy": ("policy", REASON),
    "acknowledge": ("escalations/urgent/1/acknowledgement", {"level": 1}),
    "decide_discrepancy": ("discrepancy-decision", {"approve": True, **REASON}),
}
CALLERS = [role for role in Role if role is not Role.SYSTEM]
NOBODYS = f"hr_{'0' * 12}_{'a' * 43}"


@pytest.mark.parametrize("token", [None, "", "hr_", NOBODYS, "x" * 500, "hr_ü"])
async def test_without_a_valid_key_nobody_comes_in(callers: Callers, token: str | None) -> None:
    stranger = await callers.bearing(token)
    for path in ("/v1/inquiries", f"{UNKNOWN}/timeline", "/v1/policy", "/v1/nothing"):
        answer = await stranger.get(path)
        is_problem(answer, "unauthenticated")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    is_problem(await stranger.post("/v1/inquiries", inquiry(), "stranger"), "unauthenticated")


async def test_another_scheme_than_bearer_is_no_key(callers: Callers) -> None:
    stranger = await callers.bearing(None)
    stranger.http.headers["Authorization"] = "Basic YW5hOmFuYQ=="
    is_problem(await stranger.get("/v1/inquiries"), "unauthenticated")


async def test_who_has_no_key_learns_nothing_of_the_body(callers: Callers) -> None:
    stranger = await callers.bearing(NOBODYS)
    answer = await stranger.http.post(
        "/v1/inquiries", content=b"{", headers={"Content-Type": "application/json"}
    )
    is_problem(answer, "unauthenticated")


async def test_an_expired_key_opens_nothing(callers: Callers) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    made = await asyncio.to_thread(callers.keys.create, "old", Role.CSR, past)
    late = await callers.bearing(made.token.get_secret_value())
    is_problem(await late.get("/v1/inquiries"), "unauthenticated")


async def test_the_actor_is_the_owner_of_the_key_whatever_the_body_says(callers: Callers) -> None:
    ana = await callers.of(Role.CSR)
    forged = inquiry(actor={"principal": "boss", "role": "duty_manager"})
    is_problem(await ana.post("/v1/inquiries", forged, "forged"), "invalid-request")
    case_id = await ana.open("mine")
    await ana.do(case_id, "notes", {"text": "x"})
    entries = (await ana.get(f"/v1/inquiries/{case_id}/timeline")).json()["entries"]
    assert entries[-1]["actor"] == {"principal": "csr", "role": "csr"}


@pytest.mark.clause("INQ-3.1", "INQ-3.2")
@pytest.mark.parametrize("role", CALLERS)
async def test_each_role_may_do_what_the_table_says_and_nothing_else(
    callers: Callers, role: Role
) -> None:
    caller = await callers.of(role)
    for action, (step, body) in STEPS.items():
        answer = await caller.post(f"{UNKNOWN}/{step}", body)
        assert (answer.status_code == 403) == (role not in PERMITTED[action]), action
        if answer.status_code == 403:
            is_problem(answer, "not-allowed")
    reads = await caller.get("/v1/inquiries")
    assert (reads.status_code == 200) == (role in PERMITTED["read"])
    opens = await caller.post("/v1/inquiries", inquiry(reception=None), "by role")
    assert (opens.status_code == 202) == (role in PERMITTED["open"])


async def test_a_key_is_looked_up_once_and_then_known_for_a_moment(
    callers: Callers, desk: Desk
) -> None:
    ana = await callers.of(Role.CSR)
    case_id = await ana.open("statements")
    await desk.journal_holds(case_id, "inquiry.opened")
    made = await asyncio.to_thread(callers.keys.create, "counted", Role.CSR)
    caller = await callers.bearing(made.token.get_secret_value())
    with watch(desk.database) as first:
        await caller.get(f"/v1/inquiries/{case_id}")
    with watch(desk.database) as second:
        await caller.get(f"/v1/inquiries/{case_id}")
    with watch(desk.database) as none:
        await caller.get("/v1/policy")
    assert [traffic.counts[0] for traffic in (first, second, none)] == [4, 3, 0]


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now


async def test_a_revoked_key_works_no_longer_than_it_is_kept(desk: Desk) -> None:
    clock, keys = Clock(), ApiKeys(desk.database)
    ring = KeyRing(keys, clock=clock)
    made = await asyncio.to_thread(keys.create, "ana", Role.CSR)
    token = made.token.get_secret_value()
    assert await ring.actor(token) == Actor(principal="ana", role=Role.CSR)
    assert await asyncio.to_thread(keys.revoke, made.key_id)
    clock.now += KEPT
    assert await ring.actor(token) is None
    assert timedelta(seconds=5) >= KEPT


async def test_a_key_that_is_kept_still_ends_at_its_moment(desk: Desk) -> None:
    clock = Clock()
    keys = ApiKeys(desk.database, clock)
    ring = KeyRing(keys, clock=clock)
    until = clock.now + timedelta(seconds=1)
    made = await asyncio.to_thread(keys.create, "ana", Role.CSR, until)
    assert await ring.actor(made.token.get_secret_value()) is not None
    clock.now += timedelta(seconds=1)
    assert await ring.actor(made.token.get_secret_value()) is None


async def test_a_clock_that_was_set_back_keeps_no_key_alive(desk: Desk) -> None:
    clock, keys = Clock(), ApiKeys(desk.database)
    ring = KeyRing(keys, clock=clock)
    made = await asyncio.to_thread(keys.create, "ana", Role.CSR)
    assert await ring.actor(made.token.get_secret_value()) is not None
    await asyncio.to_thread(keys.revoke, made.key_id)
    clock.now -= timedelta(hours=1)
    assert await ring.actor(made.token.get_secret_value()) is None


async def test_a_key_that_was_seen_lately_opens_while_the_crm_is_away(desk: Desk) -> None:
    impatient = Limits(pool_size=1, wait=timedelta(seconds=0.05))
    database = Database(desk.database.engine.url, impatient, shared_keyring())
    clock, keys = Clock(), ApiKeys(database)
    ring = KeyRing(keys, clock=clock)
    seen, unseen = [
        (await asyncio.to_thread(keys.create, name, Role.CSR)).token.get_secret_value()
        for name in ("seen", "unseen")
    ]
    assert await ring.actor(seen) is not None
    with database.engine.connect():  # the pool's only connection: nobody else gets one
        clock.now += KEPT
        assert await ring.actor(seen) == Actor(principal="seen", role=Role.CSR)
        with pytest.raises(CrmUnavailableError):
            await ring.actor(unseen)
        clock.now += KEPT_IN_OUTAGE
        with pytest.raises(CrmUnavailableError):
            await ring.actor(seen)
    assert await ring.actor(seen) is not None
    database.close()
