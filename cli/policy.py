"""`handrail policy`: check a policy file, and show what it says."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from adapters.holidays import holiday_dates
from cli.policy_words import tables
from runtime.policy import policy_text
from sop.errors import PolicyError
from sop.policy import Policy
from sop.policy_file import canonical_json, read_policy
from sop.policy_tables import MATRICES
from sop.policy_warnings import warnings_about

_PIPE_WIDTH = 160

app = typer.Typer(
    no_args_is_help=True,
    help="Check and show the policy: the escalation matrices and every number.",
)


@app.command()
def check(file: Annotated[Path, typer.Argument(help="The policy file to check.")]) -> None:
    """Say whether a policy file is in order; name every mistake by line and key if not."""
    today = datetime.now(UTC).date()
    policy = _read(file, today)
    rungs = sum(len(matrix.rungs(policy)) for matrix in MATRICES)
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
    """Show the escalation matrix of each procedure as a table, and the other rules below."""
    policy = _read(file, datetime.now(UTC).date())
    if as_json:
        typer.echo(json.dumps(json.loads(canonical_json(policy)), indent=2, ensure_ascii=False))
        return
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, _PIPE_WIDTH)
    for table in tables(policy):
        console.print(table)


def _read(file: Path | None, today: date) -> Policy:
    try:
        return read_policy(policy_text(file), holiday_dates=holiday_dates, this_year=today.year)
    except PolicyError as error:
        for mistake in error.mistakes:
            typer.echo(mistake, err=True)
        raise typer.Exit(1) from None
