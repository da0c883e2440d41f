"""The lists of the Temporal UI: every query runs on a real server, and finds what it says."""

import asyncio
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from temporalio.client import Client
from typer.testing import CliRunner

from cli.main import app
from cli.views import SOON, VIEWS
from runtime.case_errors import NotAnsweredError
from runtime.devserver import DevServer, dev_server
from sop import messages as m
from sop.models import FollowUpOutcome, Priority
from sop.policy import Policy
from tests.desk import (
    ANNA,
    LEADER,
    RESOLVED,
    VERIFIED,
    Desk,
    a_desk,
    eventually,
    sqlite_url,
)
from tests.docs.pages import ROOT, Page
from workflows.escalating import escalation_id
from workflows.search_attributes import SEARCH_ATTRIBUTES

OPERATIONS = Page(ROOT / "docs" / "operations.md")
_IS_QUERY = re.compile(r"(WorkflowType|WorkflowId|ExecutionStatus|Case[A-Z]\w+) (=|<|>|IS|IN)")


async def found(client: Client, query: str) -> list[str]:
    """Return the ids of the workflows that a query finds."""
    return [workflow.id async for workflow in client.list_workflows(query)]


def query_of(name: str, **facts: str) -> str:
    """Return the query of a view as it is run now."""
    view = next(view for view in VIEWS if view.name == name)
    return view.filled(soon=datetime.now(UTC) + SOON, assignee=facts.get("assignee", ""))


async def shows(desk: Desk, name: str, workflow_id: str, *others: str, **facts: str) -> None:
    """Wait until a view shows a workflow; see that it does not show others."""

    async def shown() -> bool:
        return workflow_id in await found(desk.client, query_of(name, **facts))

    await eventually(shown)
    assert set(others).isdisjoint(await found(desk.client, query_of(name, **facts)))


def queries() -> Iterator[str]:
    """Yield every query that the page shows or links to, the moment filled in."""
    linked = (parse_qs(urlsplit(target).query) for target in OPERATIONS.links)
    shown = [span for span in OPERATIONS.spans if _IS_QUERY.match(span)]
    for query in {*shown, *(query for each in linked for query in each.get("query", []))}:
        yield query.replace("{soon}", "2026-11-23T14:05:00Z")


@pytest.mark.parametrize("query", sorted(queries()))
async def test_every_query_of_the_page_is_one_that_the_server_takes(desk: Desk, query: str) -> None:
    await found(desk.client, query)


async def test_the_page_has_queries_and_links(desk: Desk) -> None:
    assert len(list(queries())) >= len(VIEWS)


async def test_a_case_is_in_the_lists_that_fit_its_stage(desk: Desk) -> None:
    waiting, unassigned = await desk.open("view waiting"), await desk.open("view other")
    await desk.do(waiting, m.WaitForCustomer(actor=ANNA, question="Which order?"))
    await desk.do(unassigned, m.Assign(actor=LEADER, assignee="view.bert"))
    await shows(desk, "Open cases", waiting)
    await shows(desk, "Waiting for the customer", waiting, unassigned)
    await shows(desk, "One person's", unassigned, waiting, assignee="view.bert")


async def test_a_case_that_nobody_works_on_is_unassigned(desk: Desk) -> None:
    opening = m.InquiryOpening.model_validate(
        {"customer": {"customer_id": "c-4"}, "channel": "email", "subject": "s", "text": "t"}
    )
    opened = await desk.cases.open(opening, actor=ANNA, key="view unassigned", digest="d")
    await shows(desk, "Unassigned", opened.case_id, await desk.open("view assigned"))


async def test_a_deadline_within_two_hours_is_in_the_list_of_what_breaches(desk: Desk) -> None:
    soon, later = await desk.open("view soon"), await desk.open("view later")
    for case_id, hours in ((soon, 1), (later, 3)):
        answer_by = await desk.now(case_id) + timedelta(hours=hours)
        await desk.do(case_id, m.Promise(actor=ANNA, answer_by=answer_by, contact="the desk"))
    await shows(desk, "Breaching within two hours", soon, later)


async def test_an_escalation_is_in_one_list_until_it_is_taken_and_in_the_other_then(
    desk: Desk,
) -> None:
    case_id = await desk.open("view urgent", priority=Priority.URGENT)
    page = escalation_id(case_id, "urgent", 1)
    await desk.is_paged(case_id, "team_leader")
    await shows(desk, "Urgent", case_id, page)
    await shows(desk, "Escalated cases", case_id, page)
    await shows(desk, "Escalated, not acknowledged", page, case_id)
    await desk.cases.acknowledge(
        case_id, "urgent", 1, m.Acknowledge(actor=LEADER, level=1), key=None
    )
    await shows(desk, "Escalated, acknowledged", page, case_id)
    await shows(desk, "Urgent", case_id)
    assert page not in await found(desk.client, query_of("Escalated, not acknowledged"))


@pytest.mark.clause("INQ-4.6.1")
async def test_a_follow_up_is_in_the_list_of_due_ones_when_it_is_due_and_not_before(
    desk: Desk,
) -> None:
    due, planned = await desk.open("view due"), await desk.open("view planned")
    for case_id in (due, planned):
        await desk.do(case_id, VERIFIED, RESOLVED)
    await desk.time_passes(due, days=1, seconds=1)
    await desk.journal_holds(due, "follow_up.due")
    await shows(desk, "Follow-up due", due, planned)
    not_reached = m.RecordFollowUp(actor=ANNA, outcome=FollowUpOutcome.NOT_REACHED)
    await desk.do(due, not_reached)

    async def gone() -> bool:
        return due not in await found(desk.client, query_of("Follow-up due"))

    await eventually(gone)


async def test_a_case_whose_code_fails_is_listed_as_standing_still(
    policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that says so after one failure instead of five, since each takes longer."""
    once = {"system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute": "1"}
    async with (
        dev_server(tmp_path, search_attributes=SEARCH_ATTRIBUTES, dynamic_config=once) as server,
        a_desk(server, sqlite_url(tmp_path), "failing", policy) as desk,
    ):
        unreadable = {"case_id": "an input that no version understands"}
        failing = await desk.client.start_workflow(
            "InquiryWorkflow", unreadable, id="inquiry-failing", task_queue="failing"
        )
        await shows(desk, "Standing still", failing.id, await desk.open("view sound"))
        monkeypatch.setattr("runtime.cases.ANSWER_WITHIN", timedelta(seconds=1))
        with pytest.raises(NotAnsweredError):
            await desk.do(failing.id, VERIFIED)


@pytest.fixture
def printed(
    server: DevServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., list[str]]:
    """Run `handrail views` beside a configured Temporal, and return its lines."""
    monkeypatch.setenv("HANDRAIL_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("HANDRAIL_TEMPORAL_UI_URL", server.ui_url)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "night desk")

    def run(*arguments: str) -> list[str]:
        result = CliRunner().invoke(app, ["views", *arguments])
        assert result.exit_code == 0, result.output
        return result.stdout.splitlines()

    return run


async def test_the_links_that_are_printed_hold_queries_that_the_server_takes(
    desk: Desk, server: DevServer, printed: Callable[..., list[str]]
) -> None:
    lines = await asyncio.to_thread(printed, "--assignee", "anna")
    links = [urlsplit(line.strip()) for line in lines[1::2]]
    assert len(links) == len(VIEWS)
    for link in links:
        assert f"{link.scheme}://{link.netloc}" == server.ui_url
        assert link.path == "/namespaces/night%20desk/workflows"
        await found(desk.client, parse_qs(link.query)["query"][0])


def test_without_an_assignee_one_list_is_left_out(printed: Callable[..., list[str]]) -> None:
    assert len(printed()) == 2 * (len(VIEWS) - 1)


def test_an_assignee_that_is_none_is_refused(printed: Callable[..., list[str]]) -> None:
    result = CliRunner().invoke(app, ["views", "--assignee", "Anna O'Neill"])
    assert result.exit_code == 1
    assert "cannot be an assignee" in str(result.exception)
