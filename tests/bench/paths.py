"""The two paths that are counted. Each step waits until the case rests after the one before.

Without that wait a count is luck: an Update that comes early shares the workflow task of what
happened before it. The first Update together with the opening saves six events, and the page of an
escalation may or may not meet its case awake.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import Client, WorkflowHistory

from activities.ports import OnCallPort, Page
from sop.models import Role
from tests.api.callers import BILLING, CONFIRMED, RESOLVED, VERIFIED, Callers
from tests.bench.history import children_of, kinds_of, rests
from tests.desk import Desk, eventually

RUNG = "complaint"

BEYOND = timedelta(seconds=3)
"""Time is skipped a little beyond each deadline. The end of a skip is an event; one that comes in
the middle of a workflow task causes another task, which no real case has."""


@dataclass(frozen=True)
class PatientOnCall:
    """Pages when the case rests, so that the two workflows never meet by luck."""

    on_call: OnCallPort
    rest: Callable[[str], None]

    def page(self, page: Page) -> None:
        """Page the role."""
        self.rest(page.case_id)
        self.on_call.page(page)

    def cancel(self, page: Page) -> None:
        """Take the page back."""
        self.rest(page.case_id)
        self.on_call.cancel(page)


@dataclass(frozen=True)
class House:
    """The desk, and the HTTP API in front of it."""

    desk: Desk
    callers: Callers

    @property
    def client(self) -> Client:
        """The client of Temporal."""
        return self.desk.client


async def plain(house: House, key: str, category: str = "billing") -> str:
    """Open with reception and category, verify, resolve, confirm: the case closes."""
    anna = await house.callers.of(Role.CSR)
    case_id = await anna.open(key, classification={**BILLING, "category": category})
    await _work(house, case_id)
    return case_id


async def plain_technical(house: House, key: str) -> str:
    """Do the same with a technical inquiry: its first warning comes before its follow-up."""
    return await plain(house, key, category="technical")


async def escalated(house: House, key: str) -> str:
    """Leave a complaint until the quality manager has it at 12 h; then work it to its end."""
    anna = await house.callers.of(Role.CSR)
    quinn = await house.callers.of(Role.QUALITY_MANAGER)
    case_id = await anna.open(key, classification={**BILLING, "category": RUNG})
    await at_rest(house.client, case_id)
    rung = house.desk.cases.policy.case.rung(RUNG)
    assert rung is not None
    assert rung.warn_at is not None
    assert rung.to == Role.QUALITY_MANAGER
    warned_after = rung.after * rung.warn_at
    for rings, span in enumerate((warned_after + BEYOND, rung.after - warned_after), start=1):
        await house.desk.time_passes(case_id, seconds=span.total_seconds())
        await _has_rung(house.desk, case_id, rings)
        await at_rest(house.client, case_id)
    await quinn.do(case_id, f"escalations/{RUNG}/1/acknowledgement", {"level": 1})
    await _work(house, case_id)
    return case_id


async def at_rest(client: Client, case_id: str) -> None:
    """Wait until nothing is under way in a case and its escalations, nor between them."""
    before: list[int] = []

    async def resting() -> bool:
        nonlocal before
        histories = await family(client, case_id)
        seen, before = before, [len(history.events) for history in histories]
        ended = sum(kinds_of(h)["workflow_execution_completed"] for h in histories[1:])
        told = kinds_of(histories[0])["child_workflow_execution_completed"]
        return before == seen and ended == told and all(map(rests, histories))

    await eventually(resting)


def rest_of_one(client: Client, loop: asyncio.AbstractEventLoop) -> Callable[[str], None]:
    """Return how a thread waits until one workflow rests."""

    async def resting(workflow_id: str) -> None:
        handle = client.get_workflow_handle(workflow_id)

        async def holds() -> bool:
            return rests(await handle.fetch_history())

        await eventually(holds)

    def wait(workflow_id: str) -> None:
        asyncio.run_coroutine_threadsafe(resting(workflow_id), loop).result()

    return wait


async def family(client: Client, case_id: str) -> list[WorkflowHistory]:
    """Return the history of a case, and those of its escalations."""
    case = await client.get_workflow_handle(case_id).fetch_history()
    escalations = map(client.get_workflow_handle, children_of(case))
    return [case, *[await escalation.fetch_history() for escalation in escalations]]


async def _has_rung(desk: Desk, case_id: str, times: int) -> None:
    """Wait until the case's timer has fired so often: a skip ends a moment before it does."""

    async def rang() -> bool:
        return (await desk.events(case_id)).count("timer_fired") >= times

    await eventually(rang)


async def _work(house: House, case_id: str) -> None:
    anna = await house.callers.of(Role.CSR)
    steps = {"verification": VERIFIED, "resolution": RESOLVED, "follow-ups": CONFIRMED}
    for route, body in steps.items():
        await at_rest(house.client, case_id)
        await anna.do(case_id, route, body)
    await at_rest(house.client, case_id)


Path = Callable[[House, str], Awaitable[str]]
PATHS: dict[str, Path] = {
    "plain": plain,
    "plain, technical": plain_technical,
    "escalated": escalated,
}
