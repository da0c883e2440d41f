"""`handrail recipients`: the certificates to which mail for receiving parties is encrypted."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.table import Table

from adapters.recipient_keys import RecipientKeys
from cli.records import open_records
from runtime.errors import OperatorError
from runtime.settings import load_settings
from sop.errors import InvalidValueError
from sop.handoff.recipients import RecipientKey
from sop.models import Principal
from sop.printable import printable

_PIPE_WIDTH = 200
_PRINCIPAL: TypeAdapter[str] = TypeAdapter(Principal)

app = typer.Typer(no_args_is_help=True, help="Keep the certificates of receiving parties.")

Party = Annotated[str, typer.Argument(help="The receiving party's principal.")]


@app.command()
def add(
    party: Party,
    certificate: Annotated[Path, typer.Argument(help="An X.509 certificate in PEM.")],
    address: Annotated[
        str | None, typer.Option(help="Where mail goes, if not to the address that it names.")
    ] = None,
    by: Annotated[
        str, typer.Option(help="Who has compared the fingerprint with the party's own.")
    ] = "operator",
) -> None:
    """Put a certificate on file: from now on mail for the party is encrypted to it."""
    for principal in (party, by):
        _check(principal)
    with _keys() as keys:
        try:
            key = keys.add(party, _read(certificate), address=address, added_by=by)
        except InvalidValueError as error:
            raise OperatorError(f"{certificate}: {error.message}") from None
    typer.echo(
        f"Mail for {party} goes to {key.address}, encrypted, until {key.expires_at:%Y-%m-%d}. "
        f"Compare the fingerprint with the party's own: SHA-256 {_grouped(key.fingerprint)}",
        err=True,
    )


@app.command(name="list")
def list_certificates() -> None:
    """List the certificates on file, the newest of each party first: only that is used."""
    with _keys() as keys:
        found = keys.list()
    table = Table()
    for heading in ("party", "address", "fingerprint (SHA-256)", "added", "by", "state"):
        table.add_column(heading)
    seen: set[str] = set()
    for key in found:
        added = f"{key.added_at:%Y-%m-%d %H:%M}"
        state = _state(key, newest=key.party not in seen)
        seen.add(key.party)
        table.add_row(
            key.party, printable(key.address), key.fingerprint, added, key.added_by, state
        )
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, _PIPE_WIDTH)
    console.print(table)


@app.command()
def revoke(party: Party) -> None:
    """Let nothing more be encrypted to any certificate of a party."""
    with _keys() as keys:
        if not keys.revoke(party):
            raise OperatorError(
                f"No certificate is on file for {party}: `handrail recipients list` shows all."
            )
    typer.echo(f"The certificates of {party} are revoked: nothing is mailed to it.", err=True)


@contextmanager
def _keys() -> Iterator[RecipientKeys]:
    settings = load_settings()
    with open_records(settings) as database:
        yield RecipientKeys(database)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(
            f"{path} cannot be read ({type(error).__name__}): name a certificate in PEM. "
            "One in DER becomes PEM by `openssl x509 -inform der`."
        ) from None


def _check(principal: str) -> None:
    try:
        _PRINCIPAL.validate_python(principal)
    except ValidationError:
        raise OperatorError(
            f'"{principal}" cannot be a principal: write an id of small letters, digits and '
            ". _ @ -, such as `archive`."
        ) from None


def _grouped(fingerprint: str) -> str:
    """Return a fingerprint as other programs show it: capitals, in pairs."""
    return ":".join(fingerprint[at : at + 2] for at in range(0, len(fingerprint), 2)).upper()


def _state(key: RecipientKey, *, newest: bool) -> str:
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    if not key.valid_at(datetime.now(UTC)):
        return f"expired {key.expires_at:%Y-%m-%d}"
    return f"until {key.expires_at:%Y-%m-%d}" if newest else "replaced"
