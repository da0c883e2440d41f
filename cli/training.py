"""`handrail training`: what staff were trained in, and whose training ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.table import Table

from adapters.holidays import holiday_dates
from adapters.staff import TrainingRecords
from cli.records import open_records
from runtime.errors import OperatorError
from runtime.policy import load_policy
from runtime.settings import load_settings
from sop.durations import parse_duration
from sop.errors import SopError
from sop.models import Actor, Principal, Role
from sop.policy import Policy
from sop.training import Standing, TrainingRecord, attest, expiring, standing

_PIPE_WIDTH = 160
_PRINCIPAL: TypeAdapter[str] = TypeAdapter(Principal)

app = typer.Typer(no_args_is_help=True, help="Record trainings, and see whose end.")


@app.command()
def record(
    principal: Annotated[str, typer.Argument(help="Who was trained: the principal of their key.")],
    course: Annotated[str, typer.Argument(help="A course of the policy: inquiry_handling, ...")],
    completed: Annotated[
        str | None,
        typer.Option(help="When it was completed, such as 2026-11-20; now where it is left out."),
    ] = None,
    evidence: Annotated[
        str | None, typer.Option(help="Where that can be looked up: a certificate's number, ...")
    ] = None,
    by: Annotated[str, typer.Option(help="Who attests it: another person.")] = "operator",
) -> None:
    """Record a completed training. Running APIs know of it at once."""
    for name in (principal, by):
        _check(name)
    with _records() as (policy, records):
        now = datetime.now(UTC)
        try:
            made = attest(
                Actor(principal=by, role=Role.OPERATOR),
                principal,
                course,
                completed_at=_moment(completed, policy) if completed is not None else now,
                evidence=evidence or None,
                policy=policy,
                now=now,
            )
        except SopError as error:
            raise OperatorError(error.message) from None
        kept = records.record(made)
    completed_at, until = _moments(kept, policy)
    typer.echo(
        f"{course} of {principal}, completed {completed_at}, counts until {until}.", err=True
    )


@app.command(name="list")
def list_trainings() -> None:
    """List everybody's latest training in each course."""
    with _records() as (policy, records):
        found = records.latest()
    now = datetime.now(UTC)
    _show(policy, [(r, standing((r,), r.course, policy, now).standing) for r in found])


@app.command(name="expiring")
def list_expiring(
    within: Annotated[
        str | None,
        typer.Option(help='How far to look: "30d"; without it as the policy warns before.'),
    ] = None,
) -> None:
    """List the trainings that end soon, the first to end first."""
    with _records() as (policy, records):
        now = datetime.now(UTC)
        span = policy.training_warn_before
        if within is not None:
            try:
                span = parse_duration(within)
            except ValueError as error:
                raise OperatorError(f"{error}.") from None
        found = expiring(records.latest(), policy, now, span)
    _show(policy, [(record, known.standing) for record, known in found])


@contextmanager
def _records() -> Iterator[tuple[Policy, TrainingRecords]]:
    settings = load_settings()
    policy = load_policy(settings.policy_file, datetime.now(UTC), holiday_dates)
    with open_records(settings) as database:
        yield policy, TrainingRecords(database)


def _show(policy: Policy, rows: list[tuple[TrainingRecord, Standing]]) -> None:
    table = Table()
    for heading in ("principal", "course", "completed", "counts until", "state", "recorded by"):
        table.add_column(heading)
    for row, worth in rows:
        moments = _moments(row, policy)
        table.add_row(row.principal, row.course, *moments, worth, row.recorded_by)
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, _PIPE_WIDTH)
    console.print(table)


def _moments(record: TrainingRecord, policy: Policy) -> tuple[str, str]:
    """Return when a training was completed and until when it counts, as the desk reads it."""
    known = standing((record,), record.course, policy, record.completed_at)
    until = known.expires_at or record.completed_at
    return policy.case.desk.local(record.completed_at), policy.case.desk.local(until)


def _check(principal: str) -> None:
    try:
        _PRINCIPAL.validate_python(principal)
    except ValidationError:
        raise OperatorError(
            f'"{principal}" cannot be a principal: write the id of the person\'s key, such as '
            "`ana`."
        ) from None


def _moment(text: str, policy: Policy) -> datetime:
    """Return when a training was completed; in the desk's time zone where it names none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise OperatorError(
            f'"{text}" is no moment: write 2026-11-20, or 2026-11-20T15:00+01:00.'
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=policy.case.desk.zone)
    return moment.astimezone(UTC)
