"""`make histories`: records one history of every outcome, for the replay tests.

`python -m tests.histories NAME ...` records the named stories alone.

Run it when a workflow's commands change on purpose: with a patch or a version, and a line in the
changelog under *Workflow compatibility*. The earlier recordings stay, so that cases that began
under them are known to go on.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

from temporalio.client import WorkflowHistory

from runtime.devserver import dev_server
from runtime.process import run_and_leave
from sop import messages as m
from sop.models import FollowUpOutcome, Priority, VerificationOutcome
from tests.desk import (
    ANNA,
    CONFIRMED,
    EXPERT,
    LEADER,
    QUALITY,
    RECEPTION,
    RESOLVED,
    VERIFIED,
    Desk,
    a_desk,
    a_worker,
    shipped_policy,
    sqlite_url,
)
from tests.histories_duties import DUTY_STORIES
from tests.histories_handoffs import HANDOFF_STORIES
from tests.histories_privacy import PRIVACY_STORIES
from tests.histories_schedules import SCHEDULE_STORIES, proving
from tests.keyrings import shared_keyring
from tests.opened import opened
from workflows.escalating import escalation_id
from workflows.search_attributes import SEARCH_ATTRIBUTES

RECORDED = Path(__file__).parent / "replay" / "histories"

Story = Callable[[Desk, str], Awaitable[tuple[str, ...]]]
"""Plays a case under a key; returns the workflow ids to record."""


async def confirmed(desk: Desk, key: str) -> tuple[str, ...]:
    """Play the plain path: resolved, confirmed at the follow-up, closed."""
    case_id = await desk.open(key)
    await desk.do(case_id, VERIFIED, RESOLVED)
    await desk.time_passes(case_id, days=1, seconds=1)
    await desk.journal_holds(case_id, "follow_up.due")
    await desk.do(case_id, CONFIRMED)
    return (case_id,)


async def not_reached(desk: Desk, key: str) -> tuple[str, ...]:
    """Close after the last attempt that did not reach the customer."""
    case_id = await desk.open(key, category="product")
    await desk.do(case_id, VERIFIED, RESOLVED)
    for attempt in (1, 2, 3):
        await desk.time_passes(case_id, days=1, seconds=1)
        await desk.journal_holds(case_id, "follow_up.due", attempt)
        await desk.do(case_id, m.RecordFollowUp(actor=ANNA, outcome=FollowUpOutcome.NOT_REACHED))
    return (case_id,)


async def withdrawn(desk: Desk, key: str) -> tuple[str, ...]:
    """Withdraw an urgent case whose page is out."""
    case_id = await desk.open(key, priority=Priority.URGENT)
    await desk.is_paged(case_id, "team_leader")
    await desk.do(case_id, m.Withdraw(actor=ANNA, reason="Settled otherwise."))
    page = escalation_id(case_id, "urgent", 1)
    await desk.handle(page).result()
    return case_id, page


async def duplicate(desk: Desk, key: str) -> tuple[str, ...]:
    """Close a case as the duplicate of another."""
    original = await desk.open(f"{key} original")
    case_id = await desk.open(key)
    await desk.do(case_id, m.MarkDuplicate(actor=ANNA, duplicate_of=original, reason="Same order."))
    return (case_id,)


async def complaint(desk: Desk, key: str) -> tuple[str, ...]:
    """Escalate a complaint at 12 h: paged, climbed, acknowledged, resolved."""
    case_id = await desk.open(key, category="complaint")
    await desk.time_passes(case_id, hours=12)
    await desk.is_paged(case_id, "quality_manager")
    page = escalation_id(case_id, "complaint", 1)
    await desk.time_passes(page, minutes=31)
    await desk.journal_holds(case_id, "escalation.climbed")
    taken = m.Acknowledge(actor=QUALITY, level=2)
    await desk.cases.acknowledge(case_id, "complaint", 1, taken, key=None)
    await desk.do(case_id, VERIFIED, RESOLVED, CONFIRMED)
    await desk.handle(page).result()
    return case_id, page


async def technical(desk: Desk, key: str) -> tuple[str, ...]:
    """Escalate a technical case at 24 h; the lease runs out, and is taken again."""
    case_id = await desk.open(key, category="technical")
    await desk.time_passes(case_id, hours=24)
    await desk.is_paged(case_id, "subject_matter_expert")
    page = escalation_id(case_id, "technical", 1)
    taken = m.Acknowledge(actor=EXPERT, level=1)
    await desk.cases.acknowledge(case_id, "technical", 1, taken, key=None)
    await desk.time_passes(page, hours=5)
    await desk.journal_holds(case_id, "acknowledgement.expired")
    await desk.do(case_id, VERIFIED, RESOLVED, CONFIRMED)
    await desk.handle(page).result()
    return case_id, page


async def unhappy(desk: Desk, key: str) -> tuple[str, ...]:
    """Break a promise, disappoint at the follow-up, reopen, and end well."""
    case_id = await desk.open(key, category=None, reception=None)
    reception = m.RecordReception(actor=ANNA, reception=RECEPTION)
    categorise = m.Categorise.model_validate(
        {"actor": ANNA, "classification": {"category": "billing", "priority": "low"}}
    )
    failed = m.RecordVerification(
        actor=ANNA, forms_asked=("passport",), outcome=VerificationOutcome.NOT_VERIFIED
    )
    promise = m.Promise(
        actor=ANNA, answer_by=await desk.now(case_id) + timedelta(hours=4), contact="the desk"
    )
    await desk.do(case_id, reception, categorise, failed, promise)
    await desk.time_passes(case_id, hours=4, seconds=1)
    await desk.is_paged(case_id, "team_leader")
    steps = (
        m.WaitForCustomer(actor=ANNA, question="Which order?"),
        m.CustomerReplied(actor=ANNA, text="Order 17."),
        m.WaitForCustomer(actor=ANNA, question="Which card?"),
        m.Resume(actor=ANNA, reason="Found it."),
        m.Assign(actor=LEADER, assignee="bert"),
        m.AddNote(actor=LEADER, text="Bert takes it."),
        VERIFIED,
        m.Respond(actor=ANNA, text="We found the order."),
        RESOLVED,
        m.RecordFollowUp(actor=ANNA, outcome=FollowUpOutcome.DISSATISFIED),
    )
    await desk.do(case_id, *steps)
    await desk.journal_holds(case_id, "page.sent", 2)
    await desk.do(case_id, RESOLVED, CONFIRMED)
    pages = tuple(escalation_id(case_id, "unresolved", n) for n in (1, 2))
    for page in pages:
        await desk.handle(page).result()
    return case_id, *pages


async def cancelled(desk: Desk, key: str) -> tuple[str, ...]:
    """Cancel a case in Temporal."""
    case_id = await desk.open(key)
    await desk.journal_holds(case_id, "inquiry.opened")
    await desk.handle(case_id).cancel()
    await desk.handle(case_id).result()
    return (case_id,)


async def corrected(desk: Desk, key: str) -> tuple[str, ...]:
    """Correct a category, escalate by hand, adopt a policy; left open."""
    case_id = await desk.open(key)
    correct = m.Categorise.model_validate(
        {
            "actor": LEADER,
            "classification": {"category": "technical", "priority": "standard"},
            "reason": "It is the application.",
        }
    )
    by_hand = m.Escalate(actor=ANNA, rung="technical", reason="Beyond us.")
    newer = desk.cases.policy.case.model_copy(update={"version": "2026.2"})
    adopt = m.AdoptPolicy(actor=LEADER, policy=newer, reason="New year.")
    await desk.do(case_id, correct, by_hand, adopt)
    await desk.is_paged(case_id, "subject_matter_expert")
    return (case_id,)


STORIES: dict[str, Story] = {
    "confirmed": confirmed,
    "not-reached": not_reached,
    "withdrawn": withdrawn,
    "duplicate": duplicate,
    "complaint": complaint,
    "technical": technical,
    "unhappy": unhappy,
    "cancelled": cancelled,
    "corrected": corrected,
    **HANDOFF_STORIES,
    **DUTY_STORIES,
    **PRIVACY_STORIES,
    **SCHEDULE_STORIES,
}


async def record(names: Collection[str]) -> int:
    """Play stories on a real server, and write their histories."""
    release = version("handrail")
    target = RECORDED / release
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        state = Path(directory)
        async with (
            dev_server(state, time_skipping=True, search_attributes=SEARCH_ATTRIBUTES) as server,
            a_desk(server, sqlite_url(state), "histories", shipped_policy(), staffed=False) as desk,
            a_worker(desk, proof=proving(desk, state)),
        ):
            for name in names:
                histories = [
                    history
                    for workflow_id in await STORIES[name](desk, name)
                    async for history in _runs(desk, workflow_id)
                ]
                for number, history in enumerate(histories):
                    file = target / f"{name}-{number}.json"
                    told = await opened(history, shared_keyring(), desk.client.namespace)
                    file.write_text(json.dumps(told, indent=1) + "\n")
                    sys.stderr.write(f"{file.name}: {len(history.events)} events\n")
    return 0


async def _runs(desk: Desk, workflow_id: str) -> AsyncIterator[WorkflowHistory]:
    """Yield the histories of a workflow's runs: one, and one for each time that it went on anew."""
    last = await desk.handle(workflow_id).fetch_history()
    run_id = last.events[0].workflow_execution_started_event_attributes.first_execution_run_id
    while run_id:
        handle = desk.client.get_workflow_handle(workflow_id, run_id=run_id)
        history = await handle.fetch_history()
        yield history
        ended = history.events[-1].workflow_execution_continued_as_new_event_attributes
        run_id = ended.new_execution_run_id


if __name__ == "__main__":
    run_and_leave(lambda: asyncio.run(record(sys.argv[1:] or STORIES)))
