"""The races of a handoff at the server: exactly one wins, always (HOF-4.1.4, HOF-4.2.5).

Offers and approvals end after a minute here, of which most is skipped; the last seconds are real.
Many handoffs each have their step sent about the moment at which the clock acts.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
import pytest_asyncio

from adapters.handoff_reads import HandoffReads
from runtime.case_errors import CaseEndedError, RefusedError
from runtime.devserver import DevServer
from sop import messages as m
from sop.handoff import messages as h
from sop.policy import HandoffPolicy, Policy
from sop.records import TimelineEntry
from tests.bench.handoff_paths import ACCEPTED, PREPARED, TRANSFERRED, identified, opening
from tests.desk import ANNA, LEADER, Desk, a_desk, sqlite_url

HANDOFFS = 24
BOUND = timedelta(minutes=1)
REAL = timedelta(seconds=2)
NOTICED = identified().model_copy(update={"noticed": True})
APPROVED = m.DecideDiscrepancy(actor=LEADER, approve=True, reason="Known in person.")
CONFIRMED = h.ConfirmItems(actor=ANNA, checks=PREPARED.checks)


def hurried(policy: Policy) -> Policy:
    """Return a policy whose offers and approvals end after a minute, and that pages nobody."""
    handoff: HandoffPolicy | None = policy.handoff
    assert handoff is not None
    rule = handoff.handoff.model_copy(update={"return_after": BOUND})
    identification = handoff.identification.model_copy(update={"approval_valid_for": BOUND})
    changed = {"handoff": rule, "identification": identification, "escalation": ()}
    return policy.model_copy(update={"handoff": handoff.model_copy(update=changed)})


@pytest_asyncio.fixture(scope="module")
async def hurried_desk(
    server: DevServer, policy: Policy, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    """A desk whose offers and approvals end after a minute."""
    url = sqlite_url(tmp_path_factory.mktemp("races"))
    async with a_desk(server, url, "races", hurried(policy)) as desk:
        yield desk


async def opened(desk: Desk, key: str, *steps: m.Command) -> str:
    said = opening()
    found = await desk.cases.open_handoff(said, actor=ANNA, key=key, digest=key)
    await desk.do(found.case_id, *steps)
    return found.case_id


async def at_about(desk: Desk, case_id: str, moment: datetime, jitter: float) -> None:
    """Come to about a moment of the workflow's clock: this places the race."""
    await desk.time_passes(case_id, seconds=(BOUND - REAL).total_seconds())
    left = (moment - await desk.now(case_id)).total_seconds() + jitter
    await asyncio.sleep(max(left, 0))


async def tried(desk: Desk, case_id: str, step: m.Command) -> str:
    """Report a step; return `done`, or the code with which it was refused."""
    try:
        await desk.do(case_id, step)
    except RefusedError as error:
        return error.detail.code
    except CaseEndedError:  # the other of the two has closed it
        return "case-closed"
    return "done"


def journal(desk: Desk, case_id: str) -> tuple[TimelineEntry, ...]:
    return desk.reads.timeline(case_id)


def jitters(seed: int) -> list[float]:
    """Return when to send, in seconds beside the bound: some well before it, some after."""
    dice = random.Random(seed)  # noqa: S311 # places the race, protects nothing
    close = [dice.uniform(-0.2, 0.1) for _ in range(HANDOFFS - 4)]
    return [-1.8, -1.2, *close, 0.5, 0.8]


@pytest.mark.clause("HOF-4.2.5", "HOF-4.2.6")
async def test_an_acknowledgement_and_the_return_of_custody_never_both_happen(
    hurried_desk: Desk,
) -> None:
    desk = hurried_desk

    async def race(number: int, jitter: float) -> tuple[str, bool]:
        case_id = await opened(desk, f"ack {number}", identified(), PREPARED)
        offered = await desk.do(case_id, TRANSFERRED)
        assert offered.next_deadline is not None
        await at_about(desk, case_id, offered.next_deadline, jitter)
        answers = await asyncio.gather(*(tried(desk, case_id, ACCEPTED) for _ in range(2)))
        assert sorted(answers) in (["case-closed", "done"], ["stale-answer"] * 2)
        return case_id, "done" in answers

    raced = await asyncio.gather(*(race(n, j) for n, j in enumerate(jitters(1))))
    for case_id, won in raced:
        await check_acknowledgement(desk, case_id, won=won)


async def check_acknowledgement(desk: Desk, case_id: str, *, won: bool) -> None:
    """See that journal, row and registers agree about who won."""
    await desk.journal_holds(case_id, "custody.passed" if won else "custody.returned")
    kinds = [entry.kind for entry in journal(desk, case_id)]
    ended = (kinds.count("handoff.acknowledged"), kinds.count("custody.passed"))
    assert (*ended, kinds.count("custody.returned")) == ((1, 1, 0) if won else (0, 0, 1))
    reads = HandoffReads(desk.database)
    row, confirmations = reads.handoff(case_id), reads.confirmations(case_id)
    assert row is not None
    assert (row.custody, row.stage) == (("rita", "closed") if won else ("anna", "returned"))
    assert [said.outcome for said in confirmations] == ["accepted" if won else "unacknowledged"]
    (task,) = desk.reads.tasks(case_id=case_id, open_only=False)
    assert task.outcome == confirmations[0].outcome
    topics = {message.topic for message in desk.reads.outbox(case_id=case_id)}
    assert ("handoff_accepted" in topics, "handoff_returned" in topics) == (won, not won)
    (entry,) = (e for e in journal(desk, case_id) if e.kind == "handoff.confirmed")
    assert (entry.at < bound_of(desk, case_id)) == won


def bound_of(desk: Desk, case_id: str) -> datetime:
    """Return when custody was to return."""
    (sent,) = (e for e in journal(desk, case_id) if e.kind == "handoff.transferred")
    return datetime.fromisoformat(str(sent.detail["acknowledge_by"]))


@pytest.mark.clause("HOF-4.1.4")
async def test_an_approval_is_used_or_has_run_out_and_never_both(hurried_desk: Desk) -> None:
    desk = hurried_desk

    async def race(number: int, jitter: float) -> tuple[str, bool]:
        case_id = await opened(desk, f"approval {number}", NOTICED)
        approved = await desk.do(case_id, APPROVED)
        assert approved.next_deadline is not None
        await at_about(desk, case_id, approved.next_deadline, jitter)
        answers = await asyncio.gather(*(tried(desk, case_id, CONFIRMED) for _ in range(2)))
        assert set(answers) <= {"done", "behind-gate"}
        return case_id, "done" in answers

    raced = await asyncio.gather(*(race(n, j) for n, j in enumerate(jitters(2))))
    for case_id, won in raced:
        await check_approval(desk, case_id, won=won)


async def check_approval(desk: Desk, case_id: str, *, won: bool) -> None:
    """See that the approval was used in time, or has run out and stopped the case anew."""
    await desk.journal_holds(case_id, "approval.used" if won else "approval.expired")
    entries = journal(desk, case_id)
    kinds = [entry.kind for entry in entries]
    assert kinds.count("approval.used") + kinds.count("approval.expired") == 1
    assert kinds.count("discrepancy.opened") == (1 if won else 2)
    (decided,) = (e for e in entries if e.kind == "discrepancy.decided")
    until = datetime.fromisoformat(str(decided.detail["approved_until"]))
    (ended,) = (e for e in entries if e.kind in {"approval.used", "approval.expired"})
    assert (ended.at < until) == won
    reads = HandoffReads(desk.database)
    row = reads.handoff(case_id)
    assert row is not None
    assert (row.identity_level, row.stage) == (
        ("supervised", "preparing") if won else (None, "stopped")
    )
    reasons = [line.reason for line in reads.verifications(case_id)]
    assert reasons == ["noticed", "approved", "approved" if won else "approval_expired"]
    open_tasks = desk.reads.tasks(case_id=case_id)
    assert [task.attempt for task in open_tasks] == ([] if won else [2])


@pytest.mark.clause("HOF-3.2", "HOF-4.1.4")
async def test_of_two_supervisors_who_decide_at_once_one_decides(hurried_desk: Desk) -> None:
    desk = hurried_desk
    rejected = APPROVED.model_copy(update={"approve": False})

    async def race(number: int) -> str:
        case_id = await opened(desk, f"two {number}", NOTICED)
        answers = await asyncio.gather(
            tried(desk, case_id, APPROVED), tried(desk, case_id, rejected)
        )
        assert sorted(answers) == ["done", "wrong-stage"]
        return case_id

    for case_id in await asyncio.gather(*(race(n) for n in range(8))):
        await desk.journal_holds(case_id, "discrepancy.decided")
        (report,) = HandoffReads(desk.database).reports(case_id)
        assert report.kind in {"override", "identity_rejected"}
