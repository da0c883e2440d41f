"""What the demo leaves behind: links to look at, and how to stop."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from cli.demo.door import INQUIRIES
from cli.demo.house import House
from cli.demo.people import REPRESENTATIVES

_SOON = timedelta(hours=2)
_INQUIRIES = "WorkflowType = 'InquiryWorkflow'"
_RUNNING = "ExecutionStatus = 'Running'"


def views(ui: str, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield the lists of the Temporal UI, each with its name."""
    soon = (now + _SOON).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    queries = (
        ("all cases", _INQUIRIES),
        (
            "escalated, not acknowledged",
            f"WorkflowType = 'EscalationWorkflow' AND {_RUNNING} AND CaseStage = 'paging'",
        ),
        (
            "breaching within two hours",
            f"{_INQUIRIES} AND {_RUNNING} AND CaseNextDeadline < '{soon}'",
        ),
    )
    for name, query in queries:
        yield name, f"{ui}/namespaces/default/workflows?query={quote(query)}"


def farewell(house: House, example: str) -> Iterator[str]:
    """Yield the lines for the person who goes on from here."""
    ui, key = house.server.ui_url, house.keys[REPRESENTATIVES[0].principal].get_secret_value()
    yield "In the Temporal UI:"
    for name, link in views(ui, datetime.now(UTC)):
        yield f"  {name}: {link}"
    yield f"  one case: {ui}/namespaces/default/workflows/{example}"
    yield "Over HTTP, as a representative:"
    yield f"  curl -H 'Authorization: Bearer {key}' '{house.door.url}{INQUIRIES}?open=true&limit=5'"
    yield f"  the API's description: {house.door.url}/docs"
    yield f"State and logs: {house.state_dir} (demo.log, worker.log, api.log, temporal.log)"
    yield "Stop with Ctrl-C. The cases stay: the next start finds them."
    yield f"To start afresh: stop, delete {house.state_dir}, and start again."
