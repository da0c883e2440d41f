"""`handrail keys`: the API keys by which callers say who they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.table import Table

from adapters.api_keys import ApiKey, ApiKeys
from adapters.database import Database, Limits
from adapters.migrate import is_current
from cli.moments import moment_to_come
from runtime.errors import OperatorError
from runtime.settings import load_settings
from sop.models import CLOCK, Principal, Role

_PIPE_WIDTH = 160
_PRINCIPAL: TypeAdapter[str] = TypeAdapter(Principal)

app = typer.Typer(
    no_args_is_help=True,
    help="Make, list and revoke the API's keys; rotate the key that wraps the data keys.",
)


@app.command()
def create(
    role: Annotated[Role, typer.Option(help="As what the owner acts.")],
    principal: Annotated[
        str,
        typer.Option(help="Who acts with it: an id of small letters, digits and . _ @ -, no name."),
    ],
    expires: Annotated[
        str | None,
        typer.Option(help='When it ends: "90d" from now, or a moment such as 2027-01-01.'),
    ] = None,
) -> None:
    """Make a key. It goes to standard output, this once; everything else to standard error."""
    if role is Role.SYSTEM:
        raise OperatorError("The role system is Handrail's own: choose another one.")
    _check(principal)
    until = moment_to_come(expires, datetime.now(UTC)) if expires is not None else None
    with _keys() as keys:
        made = keys.create(principal, role, until)
    typer.echo(made.token.get_secret_value())
    ends = f"until {until:%Y-%m-%d %H:%M} UTC" if until else "until it is revoked"
    typer.echo(
        f"{made.key_id} for {principal} as {role}, {ends}. Keep the key: it is not shown again.",
        err=True,
    )


@app.command(name="list")
def list_keys() -> None:
    """List the keys, the newest first. None can be used by what is shown."""
    with _keys() as keys:
        found = keys.list()
    table = Table()
    for heading in ("id", "ends in", "principal", "role", "made", "state"):
        table.add_column(heading)
    now = datetime.now(UTC)
    for key in found:
        made = f"{key.created_at:%Y-%m-%d %H:%M}"
        table.add_row(key.key_id, key.last_four, key.principal, key.role, made, _state(key, now))
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, _PIPE_WIDTH)
    console.print(table)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="The key's id: key-...")]) -> None:
    """Let a key open nothing any more. Running APIs follow within seconds."""
    with _keys() as keys:
        if not keys.revoke(key_id):
            raise OperatorError(f"There is no key {key_id}: `handrail keys list` shows all.")
    typer.echo(f"{key_id} is revoked.", err=True)


@contextmanager
def _keys() -> Iterator[ApiKeys]:
    settings = load_settings()
    database = Database(settings.database, Limits(pool_size=1))
    try:
        if not is_current(database):
            raise OperatorError("The database is not up to date: run `handrail migrate` first.")
        yield ApiKeys(database)
    finally:
        database.close()


def _check(principal: str) -> None:
    if principal == CLOCK.principal:
        raise OperatorError(f"{principal} is what deadlines act as: choose another principal.")
    try:
        _PRINCIPAL.validate_python(principal)
    except ValidationError:
        raise OperatorError(
            f'"{principal}" cannot be a principal: write an id of small letters, digits and '
            ". _ @ -, such as `ana` or `web-form`."
        ) from None


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at:%Y-%m-%d %H:%M}"
    if key.expires_at is None:
        return "valid"
    return f"{'valid until' if key.valid_at(now) else 'expired'} {key.expires_at:%Y-%m-%d %H:%M}"
