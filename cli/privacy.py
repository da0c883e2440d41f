"""`handrail privacy`: requests for erasure and export, legal holds, and an export's document."""

import os
import secrets
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from adapters.access_log import AccessLog
from adapters.crm_reads import CrmReads
from adapters.exports import SealedExports
from adapters.holidays import holiday_dates
from adapters.keyring import open_keyring
from adapters.privacy_reads import PrivacyReads
from cli.records import open_records
from runtime.errors import OperatorError
from runtime.key_place import key_encryption
from runtime.policy import load_policy
from runtime.settings import Settings, load_settings
from sop.access_log import Via, fetched
from sop.explain import told
from sop.models import Actor, Role
from sop.policy import Desk
from sop.printable import printable
from sop.privacy.records import PrivacyDetail, PrivacyFilter

app = typer.Typer(help="Requests for erasure and export, and legal holds.", no_args_is_help=True)

_PIPE_WIDTH = 160
_COLUMNS = ("request", "kind", "law", "customer", "stage", "answer by", "next deadline")
_MODE = 0o600

RequestId = Annotated[str, typer.Argument(help="The request's id, `privacy-…`.")]


@app.command(name="list")
def list_requests(
    every: Annotated[bool, typer.Option("--all", help="The closed ones, too.")] = False,
) -> None:
    """List the open requests and holds, the next deadline first."""
    settings = load_settings()
    desk, table = _desk(settings), Table(*_COLUMNS)
    with open_records(settings) as database:
        found = list(_requests(PrivacyReads(database), open_only=not every))
    for request in found:
        table.add_row(*map(printable, _row(request, desk)))
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, _PIPE_WIDTH)
    console.print(table)
    typer.echo(f"{len(found)} {'in all' if every else 'open'}", err=True)


@app.command()
def show(request_id: RequestId) -> None:
    """Show a request: how it stands, what remains, and everything that happened."""
    settings = load_settings()
    desk = _desk(settings)
    with open_records(settings) as database:
        request = PrivacyReads(database).request(request_id)
        timeline = CrmReads(database).timeline(request_id)
    if request is None:
        raise OperatorError("The CRM has no such privacy request.")
    for name, value in zip(_COLUMNS, _row(request, desk), strict=True):
        typer.echo(printable(f"{name}: {value}"))
    for part in request.remaining:
        why = part.basis or part.because
        typer.echo(printable(f"remains: {part.case_id}, {part.record_class}: {why}"))
    for certificate in request.certificates:
        typer.echo(printable(f"certificate: {certificate}"))
    for entry in timeline:
        one = told(entry, desk)
        typer.echo(f"{one.local}  {one.sentence}")


@app.command()
def export(
    request_id: RequestId,
    file: Annotated[Path, typer.Argument(help="Where the document goes; must not be there.")],
    by: Annotated[str, typer.Option(help="Who fetches it: stands in the access log.")] = "operator",
) -> None:
    """Write an export's document to a new file that only you can read."""
    settings, actor = load_settings(), _operator(by)
    with (
        open_records(settings) as database,
        closing(open_keyring(settings.key_database, key_encryption(settings))) as keyring,
    ):
        document = SealedExports(database, keyring).fetch(request_id)
        if document is None:
            raise OperatorError(
                "There is no document: it is not made yet, or was destroyed when its time was over."
            )
        entry_id, now = secrets.token_hex(16), datetime.now(UTC)
        AccessLog(database).record([fetched(entry_id, request_id, actor, Via.COMMAND, now)])
    _write(file, document)
    typer.echo(f"{len(document)} bytes written. Destroy the file when it is handed over.", err=True)


def _operator(name: str) -> Actor:
    try:
        return Actor(principal=name, role=Role.OPERATOR)
    except ValidationError:
        raise OperatorError(f'"{printable(name)}" is no name of a person: see --by.') from None


def _write(file: Path, document: bytes) -> None:
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    except FileExistsError:
        raise OperatorError("The file is there already: name another one.") from None
    except OSError as error:
        raise OperatorError(f"The file cannot be written: {error.strerror}.") from None
    with os.fdopen(handle, "wb") as opened:
        opened.write(document)


def _requests(reads: PrivacyReads, *, open_only: bool) -> Iterator[PrivacyDetail]:
    cursor = None
    while True:
        page = reads.requests(PrivacyFilter(open_only=open_only), cursor=cursor)
        yield from page.requests
        cursor = page.next_cursor
        if cursor is None:
            return


def _row(request: PrivacyDetail, desk: Desk) -> tuple[str, ...]:
    waits = "nothing"
    if request.next_deadline is not None:
        waits = f"{request.next_deadline_what}, {desk.local(request.next_deadline)}"
    due = desk.local(request.due_at) if request.due_at else "nobody waits"
    if request.answered_at is not None:
        due = f"answered {desk.local(request.answered_at)}"
    return (
        request.request_id,
        str(request.kind),
        str(request.law),
        request.customer_id,
        str(request.stage).replace("_", " "),
        due,
        waits,
    )


def _desk(settings: Settings) -> Desk:
    return load_policy(settings.policy_file, datetime.now(UTC), holiday_dates).case.desk
