"""`handrail access-log`: who was shown what."""

from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from adapters.access_log import LONGEST, AccessLog
from adapters.database import Database, Limits
from adapters.migrate import is_current
from cli.moments import moment
from runtime.errors import OperatorError
from runtime.settings import load_settings
from sop.access_log import AccessEntry, AccessFilter
from sop.printable import printable

_PIPE_WIDTH = 240


def access_log(
    case: Annotated[str | None, typer.Option(help="Only this case's entries.")] = None,
    principal: Annotated[str | None, typer.Option(help="Only what this person was shown.")] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="Only from then on, such as 2026-11-25T08:00.")
    ] = None,
    before: Annotated[str | None, typer.Option("--to", help="Only those before.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=LONGEST, help="How many entries.")] = LONGEST,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each.")] = False,
) -> None:
    """Show whose payloads were decoded for whom, and who fetched exports, the newest first."""
    wanted = AccessFilter(
        owner=case, principal=principal, since=_moment(since), before=_moment(before)
    )
    settings = load_settings()
    database = Database(settings.database, Limits(pool_size=1))
    try:
        if not is_current(database):
            raise OperatorError("The database is not up to date: run `handrail migrate` first.")
        found = AccessLog(database).entries(wanted, limit)
    finally:
        database.close()
    if as_json:
        for entry in found:
            typer.echo(entry.model_dump_json())
        return
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, _PIPE_WIDTH)
    console.print(_table(found))


def _table(found: tuple[AccessEntry, ...]) -> Table:
    table = Table()
    for heading in ("at (UTC)", "who", "as", "by", "what", "whose", "outcome", "payloads", "key"):
        table.add_column(heading)
    for entry in found:
        table.add_row(
            f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.principal, entry.role, entry.via, entry.action,
            printable(entry.owner or "-"), entry.outcome, str(entry.count), entry.key_id or "-",
        )  # fmt: skip
    return table


def _moment(text: str | None) -> datetime | None:
    return None if text is None else moment(text)
