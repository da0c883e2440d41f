"""`handrail certificate` and `handrail explain`: what a case proves, and how it reads."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from adapters.crm_reads import CrmReads
from adapters.holidays import holiday_dates
from cli.records import open_records
from runtime.errors import OperatorError
from runtime.policy import load_policy
from runtime.settings import Settings, load_settings
from sop.certificate import Certificate, certify
from sop.certificate_rules import RULES
from sop.certificate_text import HEADINGS, cells, heading, markdown, verdict
from sop.explain import Explanation, explain
from sop.policy import Desk
from sop.printable import printable
from sop.records import TimelineEntry
from sop.standing import CaseKind, Standing, kind_of

_PIPE_WIDTH = 240
_KINDS = ", ".join(f"{kind}-..." for kind in CaseKind)

CaseArgument = Annotated[
    str, typer.Argument(metavar="CASE", help=f"The case's id: {_KINDS}", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


@dataclass(frozen=True, slots=True)
class _Told:
    """A case as the CRM has it, and the desk whose people read it."""

    standing: Standing
    timeline: tuple[TimelineEntry, ...]
    desk: Desk

    def certificate(self) -> Certificate:
        return certify(self.standing, self.timeline, RULES[self.standing.kind])

    def explanation(self) -> Explanation:
        missing = self.certificate().missing
        return explain(self.standing, self.timeline, self.desk, missing)


def certificate(
    case: CaseArgument,
    as_json: AsJson = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print it as a page in Markdown.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with 1 if something is missing.")
    ] = False,
) -> None:
    """Print each clause with who, when and which journal entry proves it, or what is missing."""
    if as_json and as_markdown:
        raise OperatorError("Choose one of --json and --markdown.")
    told = _read(case)
    made = told.certificate()
    if as_json:
        typer.echo(made.model_dump_json(indent=2))
    elif as_markdown:
        typer.echo(printable(markdown(made, told.desk)), nl=False)
    else:
        _print(made, told.desk)
    if strict and not made.complete:
        raise typer.Exit(1)


def explain_case(case: CaseArgument, as_json: AsJson = False) -> None:
    """Tell a case in plain language from its journal. It may quote the customer."""
    said = _read(case).explanation()
    if as_json:
        typer.echo(said.model_dump_json(indent=2))
        return
    for entry in said.entries:
        proves = f" [{', '.join(entry.clauses)}]" if entry.clauses else ""
        typer.echo(printable(f"{entry.local}  {entry.sentence}{proves}"))
    typer.echo()
    for line in said.standing:
        typer.echo(printable(line))


def _read(case_id: str) -> _Told:
    """Read a case from the CRM.

    Raises:
        OperatorError: The id is no case's, or the CRM has none of it.
    """
    if kind_of(case_id) is None:
        raise OperatorError(f"A case's id begins with its kind: {_KINDS}.")
    settings = load_settings()
    with open_records(settings) as database:
        reads = CrmReads(database)
        timeline, standing = reads.timeline(case_id), reads.standing(case_id)
    if standing is None:
        raise OperatorError(
            f"The CRM has no case {case_id}. See that the id is whole, that "
            "HANDRAIL_DATABASE_URL or HANDRAIL_STATE_DIR names the right database, and that a "
            "worker runs: it writes a new case there."
        )
    return _Told(standing, timeline, _desk(settings))


def _desk(settings: Settings) -> Desk:
    policy = load_policy(settings.policy_file, datetime.now(UTC), holiday_dates)
    return policy.case.desk


def _print(made: Certificate, desk: Desk) -> None:
    table = Table(title=heading(made, desk))
    for name in HEADINGS:
        table.add_column(name, overflow="fold")
    for line in made.lines:
        table.add_row(*map(printable, cells(line, desk)))
    console = Console(markup=False, emoji=False)
    if not console.is_terminal:
        console.width = max(console.width, _PIPE_WIDTH)
    console.print(table)
    console.print(verdict(made), highlight=False)
