"""Random handoffs on the real workflows: steps allowed and not, leaps of time, two at once.

What each of them has done is then read from the CRM, and must be a lawful story: the same checks
as for the pure rules in tests/sop/handoff/test_machine.py.
"""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from adapters.handoff_reads import HandoffReads
from runtime.case_errors import CaseEndedError, RefusedError
from runtime.devserver import DevServer
from sop import messages as m
from sop.handoff import messages as h
from sop.handoff.models import Answer
from sop.handoff.state import HandoffState
from sop.models import Entry
from sop.policy import Policy
from tests.bench.handoff_paths import ACCEPTED, PREPARED, TRANSFERRED, identified, opening
from tests.desk import ANNA, LEADER, QUALITY, RITA, Desk, a_desk, sqlite_url
from tests.sop.handoff.invariants import check_journal

SEEDS = range(24)
STEPS = 14
CHECKS = h.ConfirmItems(actor=ANNA, checks=PREPARED.checks)
MATCHES, DIFFERS = identified(), identified(matched=False)
NOTICED = MATCHES.model_copy(update={"noticed": True})
APPROVED = m.DecideDiscrepancy(actor=LEADER, approve=True, reason="Known in person.")
BY_MAIL = TRANSFERRED.model_copy(update={"channel": "encrypted_email"})
REFUSED = h.AnswerOffer(actor=RITA, answer=Answer.REFUSE, reason="Not ours.")
IN_PART = h.AnswerOffer(actor=RITA, answer=Answer.ACCEPT_IN_PART, missing=("card",))
CHANCES: tuple[tuple[m.Command, int], ...] = (
    (MATCHES, 6),
    (DIFFERS, 2),
    (NOTICED, 2),
    (APPROVED, 4),
    (APPROVED.model_copy(update={"actor": QUALITY, "approve": False}), 1),
    (APPROVED.model_copy(update={"actor": ANNA}), 1),
    (PREPARED, 6),
    (CHECKS, 1),
    (
        h.ConfirmItems(
            actor=ANNA, checks=(h.ItemCheck(item="card", correct=True, complete=False),)
        ),
        1,
    ),
    (TRANSFERRED, 6),
    (BY_MAIL, 2),
    (TRANSFERRED.model_copy(update={"channel": "fax"}), 1),
    (ACCEPTED, 3),
    (IN_PART, 1),
    (REFUSED, 3),
    (h.Conclude(actor=ANNA, reason="We keep it."), 1),
    (h.WithdrawHandoff(actor=ANNA, reason="Not needed."), 1),
    (h.AssignHandoff(actor=LEADER, assignee="ben"), 1),
)
LEAPS = (1, 600, 3_600, 4 * 3_600, 24 * 3_600)


@pytest_asyncio.fixture(scope="module")
async def quiet_desk(
    server: DevServer, policy: Policy, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    """A desk that pages nobody: while an escalation runs, the server skips no time."""
    handoff = policy.handoff
    assert handoff is not None
    quiet = policy.model_copy(update={"handoff": handoff.model_copy(update={"escalation": ()})})
    url = sqlite_url(tmp_path_factory.mktemp("machine"))
    async with a_desk(server, url, "machine", quiet) as desk:
        yield desk


async def tried(desk: Desk, case_id: str, step: m.Command) -> str:
    """Report a step; return its stage, or the code with which it was refused."""
    try:
        return str((await desk.do(case_id, step)).stage)
    except RefusedError as error:
        return error.detail.code
    except CaseEndedError:
        return "case-closed"


async def live(desk: Desk, dice: random.Random, key: str) -> tuple[str, list[str]]:
    """Open a handoff and let it live through random steps; return its id, and what was said."""
    opened = await desk.cases.open_handoff(opening(), actor=ANNA, key=key, digest=key)
    said: list[str] = []
    steps, weights = zip(*CHANCES, strict=True)
    while len(said) < STEPS and "closed" not in said:
        together = dice.choices(steps, weights, k=dice.choice((1, 1, 1, 2)))
        said += await asyncio.gather(*(tried(desk, opened.case_id, step) for step in together))
        if "closed" not in said and dice.random() < 0.15:
            await desk.time_passes(opened.case_id, seconds=dice.choice(LEAPS))
    return opened.case_id, said


@pytest.mark.clause("HOF-4.1.2", "HOF-4.1.4", "HOF-4.2.4", "HOF-4.2.5", "HOF-4.2.6")
async def test_whatever_happens_to_a_handoff_its_records_tell_a_lawful_story(
    quiet_desk: Desk,
) -> None:
    desk = quiet_desk
    dice = [random.Random(seed) for seed in SEEDS]  # noqa: S311 # repeats itself, hides nothing
    lived = await asyncio.gather(*(live(desk, d, f"random {n}") for n, d in enumerate(dice)))
    for case_id, _ in lived:
        await at_rest(desk, case_id)
        view = await desk.handle(case_id).query("state")
        check_records(desk, HandoffState.model_validate(view["state"]))
    answers = [answer for _, said in lived for answer in said]
    assert {"closed", "offered", "stopped", "behind-gate", "wrong-stage"} <= set(answers)


def check_records(desk: Desk, state: HandoffState) -> None:
    """See that journal, row and registers agree with the workflow, and with each other."""
    reads, case_id = HandoffReads(desk.database), state.case_id
    timeline = [entry for entry in desk.reads.timeline(case_id) if entry.stream == case_id]
    journal = [Entry.model_validate(dict(entry)) for entry in timeline]
    check_journal(journal, state)
    row = reads.handoff(case_id)
    assert row is not None
    assert (row.version, row.custody, row.closed_as) == (state.seq, state.custody, state.closed_as)
    kinds = [entry.kind for entry in journal]
    confirmed = reads.confirmations(case_id)
    assert len(confirmed) == kinds.count("handoff.confirmed")
    assert len({said.confirmation_id for said in confirmed}) == len(confirmed)
    reports = reads.reports(case_id)
    expected = kinds.count("channel.refused") + kinds.count("discrepancy.decided")
    expected += kinds.count("custody.returned") + (state.closed_as == "accepted_in_part")
    assert len(reports) == expected
    checks = ("identity.checked", "discrepancy.decided", "approval.used", "approval.expired")
    assert len(reads.verifications(case_id)) == sum(kinds.count(kind) for kind in checks)
    still_open = {task.kind for task in desk.reads.tasks(case_id=case_id)}
    discrepancy = state.identification.discrepancy
    waits = {"discrepancy_decision"} if discrepancy and not discrepancy.decided_at else set()
    offered = state.offer is not None and state.offer.sent_at is not None
    assert still_open == waits | ({"handoff_acknowledgement"} if offered else set())


async def at_rest(desk: Desk, case_id: str) -> None:
    """Wait until the CRM has everything and no mail is under way."""
    while True:
        view = await desk.handle(case_id).query("state")
        timeline = desk.reads.timeline(case_id)
        if view["stage"] != "sending" and len(timeline) == view["state"]["seq"]:
            return
        await asyncio.sleep(0.02)
