"""Two that come at the same moment: one wins, always exactly one (HOF-4.1.4, HOF-4.2.5)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta

import pytest
import pytest_asyncio

from adapters.handoff_reads import HandoffReads
from runtime.case_errors import RefusedError
from runtime.devserver import DevServer
from sop import messages as m
from sop.policy import Policy
from tests.bench.handoff_paths import ACCEPTED, PREPARED, TRANSFERRED, identified, opening
from tests.desk import ANNA, LEADER, Desk, a_desk, sqlite_url
from workflows.escalating import escalation_id

MOMENT = timedelta(minutes=1)
BEFORE = timedelta(seconds=3)
"""So long before the moment the clock is no longer turned, and runs as it does."""

HANDOFFS = 24
APPROVED = m.DecideDiscrepancy(actor=LEADER, approve=True, reason="Known in person.")
NOTICED = identified().model_copy(update={"noticed": True})


@pytest_asyncio.fixture(scope="module")
async def hasty(
    server: DevServer, policy: Policy, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    """Run a desk whose offers and approvals end after a minute."""
    url = sqlite_url(tmp_path_factory.mktemp("races"))
    async with a_desk(server, url, "races", _hasty(policy)) as desk:
        yield desk


def _hasty(policy: Policy) -> Policy:
    rules = policy.handoff
    assert rules is not None
    short = rules.model_copy(
        update={
            "handoff": rules.handoff.model_copy(update={"return_after": MOMENT}),
            "identification": rules.identification.model_copy(
                update={"approval_valid_for": MOMENT}
            ),
        }
    )
    return policy.model_copy(update={"handoff": short})


async def opened(desk: Desk, key: str, *steps: m.Command) -> tuple[str, datetime]:
    """Open a handoff, and take steps; return its id, and the moment that it now waits for."""
    done = await desk.cases.open_handoff(opening(), actor=ANNA, key=key, digest=f"digest {key}")
    receipt = await desk.do(done.case_id, *steps)
    assert receipt.next_deadline is not None
    return done.case_id, receipt.next_deadline


def jitter(number: int) -> float:
    """Return how many seconds from the moment: most are close, the first and last beyond doubt."""
    place = 2 * number / (HANDOFFS - 1) - 1
    return place**3 * (BEFORE.total_seconds() if place < 0 else 1)


async def race(desk: Desk, case_id: str, due: datetime, step: m.Command, number: int) -> bool:
    """Send a step around the moment, each handoff at its own; return whether it was taken."""
    left = due - await desk.now(case_id) - BEFORE
    await desk.time_passes(case_id, seconds=left.total_seconds())
    left = due - await desk.now(case_id)
    await asyncio.sleep(max(left.total_seconds() + jitter(number), 0))
    try:
        await desk.do(case_id, step)
    except RefusedError:
        return False
    return True


async def all_at_once(one: Callable[[int], Awaitable[tuple[str, bool]]]) -> dict[str, bool]:
    """Run every handoff's race; return who won, by handoff."""
    return dict(await asyncio.gather(*(one(number) for number in range(HANDOFFS))))


@pytest.mark.clause("HOF-4.2.5")
async def test_an_acknowledgement_and_the_return_of_custody_never_both_hold(hasty: Desk) -> None:
    async def one(number: int) -> tuple[str, bool]:
        steps = (identified(), PREPARED, TRANSFERRED)
        case_id, due = await opened(hasty, f"offer {number}", *steps)
        return case_id, await race(hasty, case_id, due, ACCEPTED, number)

    accepted = await all_at_once(one)
    assert set(accepted.values()) == {True, False}, "no race: all ended on one side of the moment"
    reads = HandoffReads(hasty.database)
    for case_id, taken in accepted.items():
        await hasty.journal_holds(case_id, "custody.passed" if taken else "custody.returned")
        kinds = await hasty.kinds(case_id)
        assert ("custody.passed" in kinds) != ("custody.returned" in kinds)
        assert ("handoff.acknowledged" in kinds) == taken
        row = await asyncio.to_thread(reads.handoff, case_id)
        assert row is not None
        assert row.custody == ("rita" if taken else "anna")
        (confirmation,) = await asyncio.to_thread(reads.confirmations, case_id)
        assert confirmation.outcome == ("accepted" if taken else "unacknowledged")
        (task,) = hasty.reads.tasks(case_id=case_id, open_only=False)
        assert task.outcome == confirmation.outcome
        topics = {message.topic for message in hasty.reads.outbox(case_id=case_id)}
        assert ("handoff_accepted" in topics, "handoff_returned" in topics) == (taken, not taken)


@pytest.mark.clause("HOF-4.1.4")
async def test_the_use_of_an_approval_and_its_end_never_both_hold(hasty: Desk) -> None:
    async def one(number: int) -> tuple[str, bool]:
        case_id, due = await opened(hasty, f"approval {number}", NOTICED, APPROVED)
        # The server turns the clock of no workflow with a running child.
        await hasty.handle(escalation_id(case_id, "discrepancy", 1)).result()
        return case_id, await race(hasty, case_id, due, PREPARED, number)

    used = await all_at_once(one)
    assert set(used.values()) == {True, False}, "no race: all ended on one side of the moment"
    for case_id, taken in used.items():
        await hasty.journal_holds(case_id, "approval.used" if taken else "approval.expired")
        kinds = await hasty.kinds(case_id)
        assert ("approval.used" in kinds) != ("approval.expired" in kinds)
        assert ("items.confirmed" in kinds) == taken
        assert kinds.count("discrepancy.opened") == (1 if taken else 2)
        reads = HandoffReads(hasty.database)
        reasons = [line.reason for line in await asyncio.to_thread(reads.verifications, case_id)]
        assert reasons == ["noticed", "approved", "approved" if taken else "approval_expired"]


@pytest.mark.clause("HOF-3.2", "HOF-4.1.4")
async def test_of_two_supervisors_who_decide_at_once_one_decides(hasty: Desk) -> None:
    async def decides(case_id: str, step: m.DecideDiscrepancy) -> str:
        try:
            await hasty.do(case_id, step)
        except RefusedError as error:
            return error.detail.code
        return "decided"

    async def both(number: int) -> None:
        done = await hasty.cases.open_handoff(
            opening(), actor=ANNA, key=f"two {number}", digest="two"
        )
        await hasty.do(done.case_id, NOTICED)
        rejected = APPROVED.model_copy(update={"approve": False})
        answers = await asyncio.gather(
            decides(done.case_id, APPROVED), decides(done.case_id, rejected)
        )
        assert sorted(answers) == ["decided", "wrong-stage"]
        await hasty.journal_holds(done.case_id, "discrepancy.decided")
        (report,) = HandoffReads(hasty.database).reports(done.case_id)
        assert report.kind == ("override" if answers[0] == "decided" else "identity_rejected")

    await asyncio.gather(*(both(number) for number in range(8)))
