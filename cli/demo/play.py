"""What the acts share: the house, the screen, the cases at hand, and how a step is reported."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, TypeVar

from temporalio.service import RPCError

from cli.demo.complaints import Complaint
from cli.demo.door import DemoError, Receipt, Request
from cli.demo.house import House
from cli.demo.screen import Screen
from sop.models import Actor, EscalationRecord
from sop.records import CaseDetail

T = TypeVar("T")

AT_ONCE = 8
"""Cases in flight at a time."""

_MOMENT = timedelta(milliseconds=100)
_BEYOND = timedelta(minutes=1)
_SEEN_WITHIN_S = 30.0
_LOOK_EVERY_S = 0.1


@dataclass
class Tally:
    """What this run did."""

    opened: list[str] = field(default_factory=list)
    found: int = 0
    extra: int = 0
    worked: list[str] = field(default_factory=list)
    """The cases that the acts chose, in order."""

    handoffs: list[str] = field(default_factory=list)
    """The handoffs of this run, in order."""

    showcase: str = ""
    """A case in whose history there is something to see."""


@dataclass
class Play:
    """One run of the demo."""

    run: str
    complaints: tuple[Complaint, ...]
    """All that the file holds."""

    sample: tuple[Complaint, ...]
    """Those that this run sends."""

    house: House
    screen: Screen
    tally: Tally = field(default_factory=Tally)
    at_hand: list[str] = field(default_factory=list)
    """Case ids as they were touched, for the table."""

    _numbers: Any = field(default_factory=itertools.count)

    def request(
        self, who: Actor, case_id: str, step: str, *, under: str = "", **body: object
    ) -> Request:
        """Return a step with a key of its own; sent again, it is the same step."""
        key = f"{self.run}-{next(self._numbers)}"
        return Request(who=who, case_id=case_id, step=step, body=body, key=key, under=under)

    async def report(
        self, who: Actor, case_id: str, step: str, *, under: str = "", **body: object
    ) -> Receipt:
        """Report a step to a case."""
        self.at_hand.append(case_id)
        return await self.house.door.report(self.request(who, case_id, step, under=under, **body))

    async def send(
        self, who: Actor, case_id: str, step: str, body: Mapping[str, Any], *, under: str
    ) -> Receipt:
        """Report a step whose body names the case as well."""
        key = f"{self.run}-{next(self._numbers)}"
        request = Request(who=who, case_id=case_id, step=step, body=body, key=key, under=under)
        return await self.house.door.report(request)

    async def skip(self, workflow_id: str, length: timedelta, beyond: timedelta = _BEYOND) -> None:
        """Let time pass for one workflow: its timers fire as if it had.

        Args:
            workflow_id: Which one.
            length: How long.
            beyond: How much more, so that what is due at the end is done. Were it shorter than
                that takes, the server would skip on to the next timer.
        """
        handle = self.house.client.get_workflow_handle(workflow_id)
        try:
            open_still = await self.house.skipper.fast_forward(handle, length + beyond)
        except RPCError as error:
            raise DemoError(f"the time of {workflow_id} cannot be skipped: {error}") from None
        if not open_still:
            raise DemoError(f"{workflow_id} ended while its time was skipped")

    async def skip_to_escalation(self, case_id: str, due_at: datetime) -> None:
        """Let time pass for a case, of which none was skipped before, until it escalates.

        From then on it has a running child, and no more of its time is skipped: what lay beyond
        would pass in earnest.
        """
        await self.skip(case_id, due_at - datetime.now(UTC), beyond=_MOMENT)

    def local(self, moment: datetime | None) -> str:
        """Return a moment as the desk reads it."""
        return self.house.policy.case.desk.local(moment) if moment else "never"

    async def read_case(self, case_id: str) -> CaseDetail:
        """Return a case as the CRM has it.

        Raises:
            DemoError: The CRM has no such case.
        """
        case = await asyncio.to_thread(self.house.crm.case, case_id)
        if case is None:
            raise DemoError(f"the CRM does not have {case_id}")
        return case

    async def escalation(
        self,
        case_id: str,
        rung: str,
        fits: Callable[[EscalationRecord], bool] = lambda _: True,
    ) -> EscalationRecord:
        """Return an escalation as soon as somebody was paged and the register holds it so.

        Raises:
            DemoError: It does not, in time.
        """

        def find() -> EscalationRecord | None:
            records = self.house.crm.escalations(case_id=case_id)
            return next((r for r in records if r.rung == rung and r.pages and fits(r)), None)

        self.at_hand.append(case_id)
        return await seen(find, f"the escalation {rung} of {case_id}")


async def seen(find: Callable[[], T | None], what: str) -> T:
    """Return what `find` returns as soon as it returns anything.

    Raises:
        DemoError: It does not, in time.
    """
    until = monotonic() + _SEEN_WITHIN_S
    while monotonic() < until:
        found = await asyncio.to_thread(find)
        if found is not None:
            return found
        await asyncio.sleep(_LOOK_EVERY_S)
    raise DemoError(f"{what} did not show within {_SEEN_WITHIN_S:g} s")


async def each(
    work: Callable[[T], Coroutine[Any, Any, None]], things: Iterable[T], at_once: int = AT_ONCE
) -> None:
    """Do work for each thing, a few at a time; the first failure ends them all."""
    waiting = iter(things)

    async def take() -> None:
        for thing in waiting:
            await work(thing)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(take())
    except* DemoError as errors:
        raise errors.exceptions[0] from None


@asynccontextmanager
async def alongside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do work while the block runs, and wait for it at the end; a failure of one ends both."""
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(work)
            yield
    except* DemoError as errors:
        raise errors.exceptions[0] from None
