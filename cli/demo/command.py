"""`handrail demo`: the command line of the demo."""

import signal
from pathlib import Path
from typing import Annotated

import typer

from cli.demo.run import Options, run_demo
from runtime.settings import load_settings


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="End after the acts, and print what they found as JSON.")
    ] = False,
    state_dir: Annotated[
        Path | None,
        typer.Option(help="Where server, database and logs are kept [.handrail/demo]."),
    ] = None,
    cases: Annotated[
        int | None, typer.Option(min=1, help="How many of the complaints are sent [all].")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="The API's port; another one if it is taken [8000]."),
    ] = None,
) -> None:
    """Show the procedures at work on a real server with real complaints, and leave it running."""
    settings = load_settings()
    # Whoever ends the demo from elsewhere means the same as Ctrl-C, which a shell's background
    # processes ignore until they say otherwise.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    options = Options(
        state_dir=(state_dir or settings.state_dir / "demo").absolute(),
        port=settings.api_port if port is None else port,
        cases=cases,
        once=once,
    )
    summary = run_demo(options)
    if once:
        typer.echo(summary.model_dump_json(indent=2))
    raise typer.Exit(0 if summary.ok else 1)
