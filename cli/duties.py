"""`handrail duties` and `handrail schedules`: what is to be done beside the cases, and when."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from temporalio.service import RPCError

from adapters.duty_reads import DutyReads
from adapters.holidays import holiday_dates
from cli.records import open_records
from runtime.errors import OperatorError
from runtime.places import locate
from runtime.policy import load_policy
from runtime.schedules import ScheduleView, show_schedules
from runtime.settings import Settings, load_settings
from runtime.temporal import NoKeys, connect
from sop.duty.records import DutyFilter, DutyRecord
from sop.policy import Desk
from sop.printable import printable

_PIPE_WIDTH = 160


def duties() -> None:
    """List the open duties of the schedules: reviews, training reminders, audits."""
    settings = load_settings()
    desk = _desk(settings)
    with _reads(settings) as reads:
        rows = list(_open(reads))
    _print(
        ("duty", "kind", "about", "for", "held by", "due", "stage"),
        [
            (
                each.duty_id,
                str(each.kind),
                each.about or "",
                str(each.role),
                each.holder or "",
                desk.local(each.due_at),
                str(each.stage),
            )
            for each in rows
        ],
    )


def schedules() -> None:
    """Show the schedules that open duties, with their next times."""
    settings = load_settings()
    desk = _desk(settings)
    found = asyncio.run(_schedules(settings))
    _print(
        ("schedule", "opens", "state", "last", "next"),
        [
            (
                each.schedule_id,
                each.opens,
                _state(each),
                desk.local(each.last_at) if each.last_at else "",
                desk.local(each.next_at[0]) if each.next_at else "",
            )
            for each in found
        ],
    )


async def _schedules(settings: Settings) -> tuple[ScheduleView, ...]:
    client = await connect(NoKeys(), address=locate(settings.state_dir).address)
    try:
        return await show_schedules(client)
    except RPCError as error:
        raise OperatorError(
            f"Temporal does not show its schedules ({error.status.name}): check TEMPORAL_NAMESPACE "
            "and the rights of the credentials in use."
        ) from error


def _state(schedule: ScheduleView) -> str:
    if not schedule.exists:
        return "missing: the policy does not ask for it, or run `handrail bootstrap`"
    return "paused" if schedule.paused else "on"


def _open(reads: DutyReads) -> Iterator[DutyRecord]:
    cursor: str | None = None
    while True:
        page = reads.duties(DutyFilter(open_only=True), cursor=cursor)
        yield from page.duties
        cursor = page.next_cursor
        if cursor is None:
            return


def _desk(settings: Settings) -> Desk:
    return load_policy(settings.policy_file, datetime.now(UTC), holiday_dates).case.desk


@contextmanager
def _reads(settings: Settings) -> Iterator[DutyReads]:
    with open_records(settings) as database:
        yield DutyReads(database)


def _print(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    table = Table(*headings)
    for row in rows:
        table.add_row(*map(printable, row))
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, _PIPE_WIDTH)
    console.print(table)
