"""`handrail policy`: check a policy file, and show what it says."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from adapters.holidays import holiday_dates
from runtime.policy import policy_text
from sop.durations import format_duration
from sop.errors import PolicyError
from sop.policy import CasePolicy, Policy, Rung
from sop.policy_file import canonical_json, read_policy
from sop.policy_matrix import warnings_about

_PIPE_WIDTH = 160

app = typer.Typer(
    no_args_is_help=True, help="Check and show the policy: the escalation matrix and every number."
)


@app.command()
def check(file: Annotated[Path, typer.Argument(help="The policy file to check.")]) -> None:
    """Say whether a policy file is in order; name every mistake by line and key if not."""
    today = datetime.now(UTC).date()
    policy = _read(file, today)
    rungs = len(policy.case.escalation)
    typer.echo(
        f"policy {policy.version} is in order: {rungs} rungs, effective from "
        f"{policy.effective_from}, SHA-256 {policy.digest[:12]}"
    )
    for warning in warnings_about(policy):
        typer.echo(f"warning: {warning}")
    if policy.effective_from > today:
        typer.echo(f"warning: it takes effect on {policy.effective_from}, not yet")


@app.command()
def show(
    file: Annotated[
        Path | None, typer.Argument(help="The policy file; the one that comes along if left out.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the whole policy as JSON.")
    ] = False,
) -> None:
    """Show the escalation matrix as a table, and the other rules below it."""
    policy = _read(file, datetime.now(UTC).date())
    if as_json:
        typer.echo(json.dumps(json.loads(canonical_json(policy)), indent=2, ensure_ascii=False))
        return
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, _PIPE_WIDTH)
    console.print(_matrix(policy.case))
    console.print(_rules(policy))


def _read(file: Path | None, today: date) -> Policy:
    try:
        return read_policy(policy_text(file), holiday_dates=holiday_dates, this_year=today.year)
    except PolicyError as error:
        for mistake in error.mistakes:
            typer.echo(mistake, err=True)
        raise typer.Exit(1) from None


def _matrix(case: CasePolicy) -> Table:
    table = Table(title="Escalation matrix")
    for heading in (
        "rung", "clause", "applies to", "counted from", "after",
        "calendar", "pauses", "warning", "to, then",
    ):  # fmt: skip
        table.add_column(heading, overflow="fold")
    for rung in case.escalation:
        table.add_row(
            rung.rung,
            rung.clause,
            _applies_to(rung),
            rung.starts.replace("_", " "),
            format_duration(rung.after) if rung.after else "at once",
            rung.calendar,
            "while the customer owes an answer" if rung.pause_while_waiting else "never",
            _share(rung.warn_at),
            ", ".join(role.replace("_", " ") for role in rung.roles),
        )
    return table


def _applies_to(rung: Rung) -> str:
    conditions = [*rung.categories, *rung.priorities, *(["complex"] if rung.complex else [])]
    return " or ".join(conditions) or "every inquiry"


def _share(warn_at: float | None) -> str:
    return f"at {warn_at:.0%}" if warn_at is not None else "none"


def _rules(policy: Policy) -> Table:
    table = Table(show_header=False)
    for name, rule in _sentences(policy):
        table.add_row(name, rule)
    return table


def _sentences(policy: Policy) -> Iterator[tuple[str, str]]:
    case, kept = policy.case, policy.retention
    paging, follow_up = case.paging, case.follow_up
    yield "policy", f"{policy.version}, effective from {policy.effective_from}"
    yield "SHA-256", policy.digest
    yield "desk", f"{case.desk.name}, {case.desk.company}, {case.desk.time_zone}"
    yield "channels", ", ".join(case.channels)
    yield "categories", ", ".join(case.categories)
    yield "priorities", ", ".join(case.priorities)
    yield (
        "paging",
        f"every {format_duration(paging.repeat_every)}, the next role after "
        f"{format_duration(paging.climb_after)}; an acknowledgement holds for "
        f"{format_duration(paging.acknowledged_for)}",
    )
    longest = format_duration(case.promise.longest)
    yield "promise", f"{longest} at most; warning: {_share(case.promise.warn_at)}"
    yield (
        "follow-up",
        f"{format_duration(follow_up.after)} after the resolution, then every "
        f"{format_duration(follow_up.every)}, {follow_up.attempts} attempts, "
        f"calendar {follow_up.calendar}",
    )
    yield (
        "retention",
        f"months after closing: inquiry {kept.inquiry}, verification {kept.verification}, "
        f"handoff {kept.handoff}, incident {kept.incident}",
    )
    yield (
        "training",
        f"valid for {format_duration(policy.training_valid_for)}, warning "
        f"{format_duration(policy.training_warn_before)} before",
    )
    yield "review", f"every {format_duration(policy.review_every)}"
