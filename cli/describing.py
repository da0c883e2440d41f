"""`handrail openapi` and `handrail version`: what this is."""

from typing import Annotated

import typer

from api.app import create_app, parts_from
from api.openapi import COMMITTED, text
from runtime.settings import load_settings
from runtime.version import handrail_version


def openapi(
    check: Annotated[
        bool, typer.Option("--check", help="Say whether the committed description is up to date.")
    ] = False,
) -> None:
    """Print the API's description (OpenAPI 3.1)."""
    described = text(create_app(lambda: parts_from(load_settings())))
    if not check:
        typer.echo(described, nl=False)
        return
    committed = COMMITTED.read_text(encoding="utf-8") if COMMITTED.exists() else ""
    if committed != described:
        typer.echo(
            "The committed description is out of date: run "
            "`handrail openapi > api/openapi.json`, and read what has changed.",
            err=True,
        )
        raise typer.Exit(1)
    typer.echo("The committed description is up to date.", err=True)


def version() -> None:
    """Print the version."""
    typer.echo(handrail_version())
