"""`handrail identity`: what customers are compared with. Values come in, and never go out."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from adapters.database import Database, Limits
from adapters.identity import IdentityRecords
from adapters.identity_hashes import IdentityHashes
from adapters.migrate import is_current
from cli.moments import moment_to_come
from runtime.errors import OperatorError
from runtime.identity_key import identity_key
from runtime.settings import load_settings
from sop.errors import InvalidValueError
from sop.evidence import Factor, FormOnRecord, Presented, Transaction, present
from sop.identity import Form

_CUSTOMER = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_TRANSACTION = re.compile(r"(-?[0-9]{1,12}) ([0-9]{4}-[0-9]{2}-[0-9]{2})", re.ASCII)

app = typer.Typer(
    no_args_is_help=True, help="Keep, show and remove what customers are identified by."
)
Customer = Annotated[str, typer.Argument(help="The customer's id.")]


@app.command(name="set")
def set_form(
    customer: Customer,
    form: Annotated[Form, typer.Option(help="Which form it is.")],
    expires: Annotated[
        str | None,
        typer.Option(help='When it ends to count: "30d" from now, or a moment.'),
    ] = None,
) -> None:
    """Keep the values of one form in the place of those before.

    They are asked for, or read from standard input, one to a line: the command line would be in
    lists of processes and in a shell's history. A transaction is its amount in minor units and
    its day: 1999 2026-11-20.
    """
    _check(customer)
    now = datetime.now(UTC)
    until = moment_to_come(expires, now) if expires is not None else None
    try:
        factors = [Factor(_presented(form, line), until) for line in _lines(form)]
        if not factors:
            raise OperatorError("There is no value: write one to a line, or remove the form.")
        with _records() as records:
            records.replace(customer, factors, only=form)
    except InvalidValueError as error:
        raise OperatorError(error.message) from None
    typer.echo(f"{form} of {customer} is on record ({len(factors)}).", err=True)


@app.command()
def remove(
    customer: Customer,
    form: Annotated[Form | None, typer.Option(help="Only this form; else all of them.")] = None,
) -> None:
    """Remove what a customer is compared with."""
    _check(customer)
    with _records() as records:
        left = records.replace(customer, [], only=form)
    forms = ", ".join(kept.form for kept in left) or "nothing"
    typer.echo(f"On record of {customer}: {forms}.", err=True)


@app.command()
def show(customer: Customer) -> None:
    """Show which forms are on record of a customer; never a value, nor its hash."""
    _check(customer)
    with _records() as records:
        kept = records.on_record(customer)
    table = Table()
    for heading in ("form", "values", "stored", "until", "state"):
        table.add_column(heading)
    now = datetime.now(UTC)
    for form in kept:
        until = f"{form.expires_at:%Y-%m-%d %H:%M}" if form.expires_at else ""
        stored = f"{form.updated_at:%Y-%m-%d %H:%M}"
        table.add_row(form.form, str(form.count), stored, until, _state(form, now))
    Console().print(table)


def _state(form: FormOnRecord, now: datetime) -> str:
    if not form.usable:
        return "kept under another key: store it again"
    return "expired" if form.expires_at is not None and form.expires_at <= now else "counts"


def _lines(form: Form) -> list[str]:
    """Return the values: hidden at a terminal, else the lines of standard input."""
    if sys.stdin.isatty():
        return [str(typer.prompt(f"{form}", hide_input=True, confirmation_prompt=True))]
    return [line for line in sys.stdin.read().splitlines() if line.strip()]


def _presented(form: Form, line: str) -> Presented:
    if form != Form.RECENT_TRANSACTION:
        return present(form, line)
    parts = _TRANSACTION.fullmatch(line.strip())
    try:
        amount, day = parts.groups() if parts else ("", "")
        return present(form, Transaction(int(amount), date.fromisoformat(day)))
    except ValueError:
        raise OperatorError(
            "A transaction is its amount in minor units and its day, such as: 1999 2026-11-20"
        ) from None


def _check(customer: str) -> None:
    if not _CUSTOMER.fullmatch(customer):
        raise OperatorError(
            "A customer's id is made of letters, digits and . _ -, 64 of them at most."
        )


@contextmanager
def _records() -> Iterator[IdentityRecords]:
    settings = load_settings()
    database = Database(settings.database, Limits(pool_size=1))
    try:
        if not is_current(database):
            raise OperatorError("The database is not up to date: run `handrail migrate` first.")
        yield IdentityRecords(database, IdentityHashes(identity_key(settings)))
    finally:
        database.close()
