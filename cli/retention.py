"""`handrail retention` and `handrail certificates`: what goes at its time, and what went."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from temporalio.client import Client, ScheduleActionExecutionStartWorkflow
from temporalio.service import RPCError, RPCStatusCode

from adapters.certificate_reads import CertificateReads, Filed
from adapters.database import Database, Limits
from adapters.disposal import SqlRecords
from adapters.holidays import holiday_dates
from adapters.migrate import is_current
from cli.moments import moment
from runtime.errors import OperatorError
from runtime.places import locate
from runtime.policy import load_policy
from runtime.schedules import RETENTION
from runtime.settings import Settings, load_settings
from runtime.temporal import NoKeys, connect
from sop.disposal import ENTRIES, Cursor, Disposable, DueQuestion
from sop.keys import RecordClass
from sop.policy import Policy
from sop.printable import printable
from sop.retention import rules_of

_PIPE_WIDTH = 160
_PAGE = 500
_PAUSE_S = 0.2

app = typer.Typer(no_args_is_help=True, help="Show and dispose of what need not be kept.")


@app.command()
def due(
    at: Annotated[
        str | None,
        typer.Option(help="As of a moment such as 2027-01-01; now without it.", show_default=False),
    ] = None,
) -> None:
    """Show what is due by the policy, and dispose of nothing. Holds are seen when it goes."""
    settings = load_settings()
    policy, now = _policy(settings), datetime.now(UTC)
    when = now if at is None else moment(at)
    cases, oldest = Counter[RecordClass](), dict[RecordClass, datetime]()
    with _database(settings) as database:
        records = SqlRecords(database)
        for item in _due(records, policy, when):
            cases[item.record_class] += 1
            oldest.setdefault(item.record_class, item.due_at)
        entries, since = records.entries_due(rules_of(policy), when)
    desk = policy.case.desk
    rows: list[tuple[str, ...]] = [
        (each.value, str(cases[each]), desk.local(oldest[each]) if each in oldest else "")
        for each in RecordClass
    ]
    rows.append(("access_log", str(entries), desk.local(since) if since else ""))
    _print(("class", "cases or entries due", "due since"), rows)
    typer.echo(f"By policy {policy.version}, as of {desk.local(when)}.", err=True)


@app.command()
def run() -> None:
    """Let the schedule fire now, wait until the run is over, and show its certificate."""
    settings = load_settings()
    with _database(settings) as database:
        reads = CertificateReads(database)
        before = {each.certificate_id for each in _runs(reads)}
        asyncio.run(_fire(settings))
        new = [each for each in _runs(reads) if each.certificate_id not in before]
    if not new:
        raise OperatorError(
            "The run left no certificate: see it in the Temporal UI, its id begins with"
            f" {RETENTION}."
        )
    _show(new[0])


def certificates(
    certificate_id: Annotated[
        str | None, typer.Argument(help="One of them, whole.", show_default=False)
    ] = None,
    batches: Annotated[
        bool, typer.Option("--batches", help="List those of the batches of each run, too.")
    ] = False,
) -> None:
    """Show what was destroyed: the certificates of retention and erasure."""
    settings = load_settings()
    with _database(settings) as database:
        reads = CertificateReads(database)
        if certificate_id is None:
            found = reads.certificates(parts=batches)
            _print(("certificate", "kind", "at", "destroyed", "state"), list(map(_line, found)))
            return
        filed = reads.certificate(certificate_id)
    if filed is None:
        raise OperatorError(
            f"There is no certificate {printable(certificate_id)}: `handrail certificates` lists"
            " them."
        )
    _show(filed)


def _due(records: SqlRecords, policy: Policy, at: datetime) -> Iterator[Disposable]:
    cursor: Cursor | None = None
    while True:
        question = DueQuestion(rules=rules_of(policy), at=at, after=cursor, limit=_PAGE)
        found = records.due(question)
        yield from found.items
        cursor = found.behind
        if cursor is None:
            return


async def _fire(settings: Settings) -> None:
    """Trigger the schedule, and wait until what it has started is over."""
    client = await connect(NoKeys(), address=locate(settings.state_dir).address)
    schedule = client.get_schedule_handle(RETENTION)
    try:
        before = (await schedule.describe()).info.num_actions
        await schedule.trigger()
        while (await schedule.describe()).info.num_actions <= before:
            await asyncio.sleep(_PAUSE_S)
        action = (await schedule.describe()).info.recent_actions[-1].action
        if isinstance(action, ScheduleActionExecutionStartWorkflow):
            await _until_over(client, action.workflow_id)
    except RPCError as error:
        advice = "check TEMPORAL_NAMESPACE and the rights of the credentials in use"
        if error.status is RPCStatusCode.NOT_FOUND:
            advice = "run `handrail bootstrap`, which makes the schedule"
        raise OperatorError(
            f"Temporal does not start the run ({error.status.name}): {advice}."
        ) from error


async def _until_over(client: Client, workflow_id: str) -> None:
    handle = client.get_workflow_handle(workflow_id)
    while (await handle.describe()).close_time is None:
        await asyncio.sleep(_PAUSE_S)


def _runs(reads: CertificateReads) -> list[Filed]:
    return [each for each in reads.certificates() if each.kind == "retention_run"]


def _line(filed: Filed) -> tuple[str, ...]:
    said = json.loads(filed.body)
    gone = said.get("gone", {})
    classes = Counter(each["record_class"] for each in gone) if isinstance(gone, list) else gone
    parts = [f"{count} {name}" for name, count in sorted(classes.items())]
    entries = said.get("entries") or said.get("counts", {}).get(ENTRIES)
    if entries:
        parts.append(f"{entries} entries of the access log")
    customers = said.get("customers_gone", 0)
    if customers:
        parts.append(f"{customers} customers")
    state = "intact" if filed.intact else "ALTERED: run `handrail verify`"
    at = f"{filed.made_at:%Y-%m-%d %H:%M} UTC"
    return filed.certificate_id, filed.kind, at, ", ".join(parts) or "nothing", state


def _show(filed: Filed) -> None:
    state = "intact" if filed.intact else "ALTERED: run `handrail verify`"
    typer.echo(
        f"{filed.certificate_id} ({filed.kind}), {filed.made_at:%Y-%m-%d %H:%M} UTC, {state}"
    )
    if filed.case_ids:
        typer.echo(f"Journals purged: {', '.join(map(printable, filed.case_ids))}")
    typer.echo(printable(json.dumps(json.loads(filed.body), indent=2)))


def _policy(settings: Settings) -> Policy:
    return load_policy(settings.policy_file, datetime.now(UTC), holiday_dates)


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database, Limits(pool_size=1))
    try:
        if not is_current(database):
            raise OperatorError("The database is not up to date: run `handrail migrate` first.")
        yield database
    finally:
        database.close()


def _print(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    table = Table(*headings)
    for row in rows:
        table.add_row(*map(printable, row))
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, _PIPE_WIDTH)
    console.print(table)
