"""A breach on a real server: escalated at once, with the regulator's clock (HOF-6.3)."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from adapters.incident_reads import IncidentReads
from runtime.case_errors import CaseEndedError, KeyReusedError, RefusedError
from runtime.devserver import DevServer
from sop.incident import messages as i
from sop.incident.models import IncidentOpening
from sop.incident.records import IncidentDetail, ReportFilter
from sop.messages import Acknowledge
from sop.models import Actor, Role
from sop.policy import Policy
from tests.desk import ANNA, QUALITY, Desk, a_desk, eventually, sqlite_url
from workflows.escalating import escalation_id

pytestmark = pytest.mark.clause("HOF-6.3")

DORA = Actor(principal="dora", role=Role.DUTY_MANAGER)
OPENING = IncidentOpening(
    clause="HOF-5.2",
    subject="A letter to the wrong customer",
    text="A letter with another customer's account number went out.",
)
NOT_NEEDED = i.DecideNotNotifiable(actor=QUALITY, reason="The letter came back unopened.")
CLOSED = i.CloseIncident(
    actor=QUALITY, root_cause="Two labels on one envelope.", changed="Labels one by one."
)
COMPLETED = i.CompleteAction(actor=ANNA, action="labels", result="The printer is set so.")


async def opened(desk: Desk, key: str, **changes: object) -> str:
    """Open an incident; return its id."""
    opening = OPENING.model_copy(update=changes)
    done = await desk.cases.open_incident(opening, actor=ANNA, key=key, digest=f"digest of {key}")
    return done.case_id


async def mended(desk: Desk, case_id: str, **within: float) -> i.AddAction:
    """Return a corrective action that is due after a while."""
    due_at = await desk.now(case_id) + timedelta(**within)
    return i.AddAction(
        actor=QUALITY, action="labels", description="Print labels.", owner="anna", due_at=due_at
    )


async def row(desk: Desk, case_id: str) -> IncidentDetail:
    found = await asyncio.to_thread(IncidentReads(desk.database).incident, case_id)
    assert found is not None
    return found


async def unpaged(desk: Desk, case_id: str, occasion: int = 1) -> None:
    """End an escalation: the server turns the clock of no workflow with a running child."""
    page = desk.handle(escalation_id(case_id, "breach", occasion))
    await page.cancel()
    await page.result()

    async def known() -> bool:
        return (await row(desk, case_id)).escalation_level == 0

    await eventually(known)


async def turned_to(desk: Desk, case_id: str, moment: datetime) -> None:
    """Turn the clock to a moment and no further: beyond a page, it would run in real time."""
    left = moment - await desk.now(case_id)
    await desk.time_passes(case_id, seconds=left.total_seconds())


async def shares(desk: Desk, case_id: str) -> list[object]:
    timeline = await asyncio.to_thread(desk.reads.timeline, case_id)
    return [entry.detail["share"] for entry in timeline if entry.kind == "regulator.warned"]


@pytest.mark.clause("HOF-7.3")
async def test_a_breach_is_paged_in_its_first_workflow_task_and_its_report_is_filed(
    desk: Desk,
) -> None:
    case_id = await opened(desk, "breach")
    await desk.is_paged(case_id, "duty_manager")
    events = await desk.events(case_id)
    child = events.index("start_child_workflow_execution_initiated")
    assert events[:child].count("workflow_task_completed") == 1
    reads = IncidentReads(desk.database)

    async def filed() -> bool:
        page = await asyncio.to_thread(reads.reports, ReportFilter(case_id=case_id))
        return [report.reference is not None for report in page.reports] == [True]

    await eventually(filed)
    assert (await row(desk, case_id)).stage == "open"
    taken = await desk.cases.acknowledge(
        case_id, "breach", 1, Acknowledge(actor=DORA, level=1), key=None
    )
    assert taken.recorded


async def test_the_regulators_clock_warns_three_times_and_pages_when_it_has_passed(
    desk: Desk,
) -> None:
    case_id = await opened(desk, "72 hours")
    await desk.is_paged(case_id, "duty_manager")
    await unpaged(desk, case_id)
    due = (await row(desk, case_id)).regulator_due_at
    for number, share in enumerate((0.5, 0.75, 0.9)):
        at = due - timedelta(hours=72) * (1 - share)
        await turned_to(desk, case_id, at - timedelta(minutes=1))
        assert len(await shares(desk, case_id)) == number
        await turned_to(desk, case_id, at)
        await desk.journal_holds(case_id, "regulator.warned", number + 1)
    assert await shares(desk, case_id) == [0.5, 0.75, 0.9]
    await turned_to(desk, case_id, due - timedelta(minutes=1))
    assert "regulator.overdue" not in await desk.kinds(case_id)
    await turned_to(desk, case_id, due)
    await desk.journal_holds(case_id, "regulator.overdue")
    await desk.is_paged(case_id, "duty_manager", "duty_manager")
    late = i.InformRegulator(
        actor=DORA, informed_at=await desk.now(case_id) - timedelta(seconds=1), reference="R-77"
    )
    await desk.do(case_id, late)
    await desk.handle(escalation_id(case_id, "breach", 2)).result()
    found = await row(desk, case_id)
    assert (found.regulator_reference, found.regulator_informed_at) == ("R-77", late.informed_at)


async def test_an_overdue_action_is_noted_once_and_pages_until_it_is_completed(
    desk: Desk,
) -> None:
    case_id = await opened(desk, "overdue action")
    await desk.is_paged(case_id, "duty_manager")
    await unpaged(desk, case_id)
    step = await mended(desk, case_id, hours=4)
    await desk.do(case_id, NOT_NEEDED, step)
    await turned_to(desk, case_id, step.due_at)
    await desk.is_paged(case_id, "duty_manager", "duty_manager")
    assert (await desk.kinds(case_id)).count("action.overdue") == 1
    (task,) = await asyncio.to_thread(lambda: desk.reads.tasks(case_id=case_id))
    assert (task.kind, task.assignee) == ("corrective_action", "anna")
    await desk.do(case_id, COMPLETED)
    await desk.handle(escalation_id(case_id, "breach", 2)).result()
    assert await asyncio.to_thread(lambda: desk.reads.tasks(case_id=case_id)) == ()


async def test_an_incident_closes_behind_its_gates_and_takes_its_pages_back(desk: Desk) -> None:
    case_id = await opened(desk, "closing")
    await desk.is_paged(case_id, "duty_manager")
    for step in (await mended(desk, case_id, days=7), COMPLETED, NOT_NEEDED):
        with pytest.raises(RefusedError) as refused:
            await desk.do(case_id, CLOSED)
        assert (refused.value.detail.code, refused.value.detail.clause) == (
            "behind-gate",
            "HOF-6.3",
        )
        await desk.do(case_id, step)
    assert (await desk.do(case_id, CLOSED)).stage == "closed"
    outcome = await desk.handle(case_id).result()
    assert outcome["closed_by"] == "quinn"
    await desk.handle(escalation_id(case_id, "breach", 1)).result()
    found = await row(desk, case_id)
    assert (found.stage, found.closed_by, found.next_deadline) == ("closed", "quinn", None)
    with pytest.raises(CaseEndedError):
        await desk.do(case_id, CLOSED)


@pytest.mark.clause("HOF-4.3.2")
async def test_an_incident_cancelled_in_temporal_ends_in_order(desk: Desk) -> None:
    case_id = await opened(desk, "cancelled incident")
    await desk.is_paged(case_id, "duty_manager")
    await desk.do(case_id, await mended(desk, case_id, days=7))
    await desk.handle(case_id).cancel()
    outcome = await desk.handle(case_id).result()
    assert outcome["closed_by"] == "handrail"
    await desk.handle(escalation_id(case_id, "breach", 1)).result()
    kinds = [kind for kind in await desk.kinds(case_id) if kind.startswith("incident")]
    assert kinds == ["incident.opened", "incident.cancelled", "incident.closed"]
    assert await asyncio.to_thread(lambda: desk.reads.tasks(case_id=case_id)) == ()
    assert (await row(desk, case_id)).stage == "closed"


async def test_the_same_key_opens_one_incident_and_another_body_is_noticed(desk: Desk) -> None:
    first = await desk.cases.open_incident(OPENING, actor=ANNA, key="once", digest="d")
    again = await desk.cases.open_incident(OPENING, actor=ANNA, key="once", digest="d")
    assert (again.case_id, first.created, again.created) == (first.case_id, True, False)
    await desk.journal_holds(first.case_id, "incident.opened")
    with pytest.raises(KeyReusedError):
        await desk.cases.open_incident(OPENING, actor=ANNA, key="once", digest="other")


async def test_an_incident_that_cannot_be_starts_no_workflow(
    desk: Desk, server: DevServer, policy: Policy, tmp_path: Path
) -> None:
    outsider = Actor(principal="web-form", role=Role.SERVICE)
    with pytest.raises(RefusedError, match="not-allowed"):
        await desk.cases.open_incident(OPENING, actor=outsider, key="k", digest="d")
    tomorrow = {"known_at": await desk.now(await opened(desk, "now")) + timedelta(days=1)}
    with pytest.raises(RefusedError, match="invalid-value"):
        await opened(desk, "tomorrow", **tomorrow)
    without = policy.model_copy(update={"incident": None})
    async with a_desk(server, sqlite_url(tmp_path), "none", without, staffed=False) as other:
        with pytest.raises(RefusedError, match="invalid-value"):
            await opened(other, "no policy")


async def test_a_due_date_in_a_far_century_does_not_stop_the_incident(desk: Desk) -> None:
    case_id = await opened(desk, "far away")
    await desk.is_paged(case_id, "duty_manager")
    await desk.do(case_id, NOT_NEEDED, await mended(desk, case_id, days=365 * 6900))
    assert (await desk.do(case_id, COMPLETED)).recorded
    assert (await desk.do(case_id, CLOSED)).stage == "closed"
    events = await desk.events(case_id)
    assert "workflow_task_failed" not in events
