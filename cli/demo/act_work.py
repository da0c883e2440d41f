"""Representatives work cases to their end, and the worker dies in the middle of it."""

import asyncio
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from cli.demo.cast import Cast, anybody
from cli.demo.door import DemoError, Request
from cli.demo.people import REPRESENTATIVES
from cli.demo.play import Play, alongside, each
from cli.demo.screen import Bar
from sop.models import Actor, Stage

_KILLED_AT = 0.3
"""Share of the steps after which the worker is killed."""

_WITHOUT_WORKER_S = 1.5


async def refuse_behind_the_gate(play: Play, cast: Cast) -> None:
    """Show that nothing is resolved before the customer is verified (INQ-4.3.2)."""
    case_id = await cast.take(anybody)
    problem = await play.house.door.expect_refusal(
        play.request(
            REPRESENTATIVES[0], case_id, "resolve", resolution="Done.", customer_confirmed=True
        )
    )
    if (problem.status, problem.clause) != (HTTPStatus.CONFLICT, "INQ-4.3.2"):
        raise DemoError(f"resolving before verification: {problem.status} {problem.clause}")
    play.screen.say(
        f"a resolution before the verification: {problem.status}, {problem.clause}. "
        f"{problem.detail}"
    )
    await work_to_the_end(play, case_id, REPRESENTATIVES[0])
    play.screen.say(f"verified first, the same case goes through, and closes: {case_id}")


async def work_cases(play: Play, cast: Cast, number: int) -> None:
    """Work cases to their end: reception, verification, resolution, follow-up."""
    cases = [await cast.take(anybody) for _ in range(number)]
    with play.screen.progress("cases worked to their end", number) as bar:
        await _work_all(play, cases, bar)
    play.screen.say(
        f"{number} cases closed: received, verified, resolved, the follow-up confirmed by the "
        "customer"
    )


async def kill_the_worker(play: Play, cast: Cast, number: int) -> None:
    """Kill the worker while cases are worked, start another, and find everything done once."""
    screen, worker, traffic = play.screen, play.house.worker, play.house.door.traffic
    cases = [await cast.take(anybody) for _ in range(number)]
    before = (traffic.put_off, traffic.unanswered)
    goal = traffic.accepted + int(_KILLED_AT * number * STEPS)
    with screen.progress("cases worked to their end", number) as bar:
        async with alongside(_work_all(play, cases, bar)):
            await traffic.reached(goal)
            in_flight = tuple(traffic.in_flight)
            await worker.kill()
            screen.say(
                f"worker killed with SIGKILL, {len(in_flight)} requests in flight: they wait"
            )
            await asyncio.sleep(_WITHOUT_WORKER_S)
            await worker.start()
            screen.say(
                f"another worker started as process {worker.pid}: Temporal hands it the open tasks "
                "as soon as the dead one's time for them is over (10 s)"
            )
    put_off, unanswered = traffic.put_off - before[0], traffic.unanswered - before[1]
    screen.say(
        f"all {number} cases closed, after {traffic.longest_wait_s:.1f} s at most. {put_off} "
        f"answers said 503 with Retry-After, {unanswered} requests had none; all were repeated"
    )
    await _repeat(play, in_flight)


STEPS = 5
"""Requests that `work_to_the_end` sends for a case, the promise not counted."""


async def work_to_the_end(play: Play, case_id: str, who: Actor, *, promised: bool = False) -> None:
    """Do everything that the procedure asks of a case until it closes.

    Args:
        play: The run.
        case_id: An untouched case.
        who: The representative.
        promised: The customer is told a time first (INQ-4.4.3), not satisfied at once (INQ-4.4.2).
    """
    await play.report(who, case_id, "assign", assignee=who.principal)
    await play.report(who, case_id, "record_reception", reception=reception(who))
    await verify(play, case_id, who)
    if promised:
        await play.report(
            who, case_id, "promise",
            answer_by=(datetime.now(UTC) + timedelta(days=1)).isoformat(),
            contact="the service desk",
        )  # fmt: skip
    await play.report(
        who, case_id, "resolve",
        resolution="The account was corrected, and the customer was told so.",
        customer_confirmed=not promised,
    )  # fmt: skip
    receipt = await play.report(
        who, case_id, "record_follow_up",
        outcome="confirmed", feedback="All is well now.", satisfaction=5,
    )  # fmt: skip
    if receipt.stage != Stage.CLOSED:
        raise DemoError(f"{case_id} is not closed after its last step, but {receipt.stage}")


async def verify(play: Play, case_id: str, who: Actor) -> None:
    """Record that the customer was verified (INQ-4.3)."""
    await play.report(
        who, case_id, "record_verification",
        forms_asked=["passport", "account_number"], outcome="verified",
    )  # fmt: skip


def reception(who: Actor) -> dict[str, object]:
    """Return what a representative attests (INQ-4.1, INQ-5.3)."""
    return {
        "greeting": f"Good day, this is {who.principal} of Example Company.",
        "listened": True,
        "key_points": "The complaint as the customer wrote it.",
        "key_points_confirmed": True,
        "courteous": True,
    }


async def _work_all(play: Play, cases: list[str], bar: Bar) -> None:
    async def work(numbered: tuple[int, str]) -> None:
        number, case_id = numbered
        who = REPRESENTATIVES[number % len(REPRESENTATIVES)]
        await work_to_the_end(play, case_id, who, promised=number % 2 == 1)
        bar.step()

    await each(work, enumerate(cases))


async def _repeat(play: Play, requests: tuple[Request, ...]) -> None:
    """Send again what was in flight when the worker died: it is answered as before.

    What a case had answered is kept with the case, so a closed one may say that it is closed.
    """
    for request in requests:
        await play.house.door.report(request)
    play.screen.say(
        f"{len(requests)} requests repeated with the same keys: answered as before, done once"
    )
