"""`handrail incidents`: the open incidents with their clocks."""

from datetime import UTC, datetime, timedelta

import typer
from rich.console import Console
from rich.table import Table

from adapters.holidays import holiday_dates
from adapters.incident_reads import IncidentReads
from cli.records import open_records
from runtime.policy import load_policy
from runtime.settings import Settings, load_settings
from sop.durations import format_duration
from sop.incident.records import IncidentDetail, IncidentFilter
from sop.policy import Desk
from sop.printable import printable

_PIPE_WIDTH = 160
_MINUTE = timedelta(minutes=1)
_COLUMNS = ("incident", "clause", "stage", "held by", "regulator", "actions", "next deadline")


def incidents() -> None:
    """List the open incidents, the next deadline first, each with its clocks."""
    settings = load_settings()
    policy = load_policy(settings.policy_file, datetime.now(UTC), holiday_dates)
    table, now = Table(*_COLUMNS), datetime.now(UTC)
    found = _open_incidents(settings)
    for incident in found:
        table.add_row(*map(printable, _row(incident, policy.case.desk, now)))
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, _PIPE_WIDTH)
    console.print(table)
    typer.echo(f"{len(found)} open", err=True)


def _open_incidents(settings: Settings) -> list[IncidentDetail]:
    found, cursor = list[IncidentDetail](), None
    with open_records(settings) as database:
        reads = IncidentReads(database)
        while True:
            page = reads.incidents(IncidentFilter(open_only=True), cursor=cursor)
            found += page.incidents
            cursor = page.next_cursor
            if cursor is None:
                return found


def _row(incident: IncidentDetail, desk: Desk, now: datetime) -> tuple[str, ...]:
    done = sum(action.done_at is not None for action in incident.actions)
    waits = "nothing"
    if incident.next_deadline is not None:
        waits = f"{incident.next_deadline_what}, {desk.local(incident.next_deadline)}"
    return (
        incident.incident_id,
        incident.clause,
        str(incident.stage),
        incident.holder or "nobody yet",
        _regulator(incident, desk, now),
        f"{done} of {len(incident.actions)} done",
        waits,
    )


def _regulator(incident: IncidentDetail, desk: Desk, now: datetime) -> str:
    if incident.regulator_informed_at is not None:
        return f"informed {desk.local(incident.regulator_informed_at)}"
    if incident.regulator_decision is not None:
        return "need not be told"
    minutes = (incident.regulator_due_at - now) // _MINUTE
    span = format_duration(abs(minutes) * _MINUTE)
    return f"{span} left" if minutes >= 0 else f"overdue for {span}"
