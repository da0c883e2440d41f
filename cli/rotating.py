"""`handrail keys init`, `rotate`, `status`: the key-encryption key, which wraps the data keys."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from time import monotonic
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from adapters.database import Database, Limits
from adapters.key_wrapping import KeyWrapper
from adapters.local_wrapper import LocalWrapper
from adapters.migrate import keys_are_current
from adapters.rewrapping import Rewrapping
from adapters.wrappers import open_wrapper
from cli.reconciling import reconciling
from runtime.errors import OperatorError
from runtime.key_place import key_encryption, new_local_file
from runtime.settings import load_settings

_PIPE_WIDTH = 160


def init() -> None:
    """Make the file that HANDRAIL_KEY_ENCRYPTION names as local:FILE, once for all machines."""
    path = new_local_file(load_settings())
    LocalWrapper(path).close()
    typer.echo(
        f"{path} holds the first key-encryption key. Copy it to each machine that runs Handrail,"
        " and keep a copy apart from the backups of the key store.",
        err=True,
    )


def rotate(
    *,
    only_rewrap: Annotated[
        bool, typer.Option(help="Make no new version: go on where a rotation was interrupted.")
    ] = False,
) -> None:
    """Make a new version of the key-encryption key, and wrap every data key anew with it.

    Nothing stands still for it. Interrupted, it is gone on with by --only-rewrap.
    """
    with _opened() as (rewrapping, wrapper):
        version = wrapper.current_version() if only_rewrap else wrapper.rotate()
        left = rewrapping.standing().old
        typer.echo(f"{version} wraps new keys; {left} keys are to be wrapped anew.", err=True)
        began = monotonic()
        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("wrapping anew", total=left)
            came = rewrapping.run(lambda done: progress.update(task, completed=done))
        took = monotonic() - began
        typer.echo(f"{came.done} keys are wrapped with {came.version} ({took:.1f} s).", err=True)
        if came.refused:
            raise OperatorError(
                f"{len(came.refused)} keys did not open and stay as they are, since they were"
                " altered or are another store's: "
                + ", ".join(came.refused[:20])
                + ". Look for them in a backup of the key store."
            )


def status() -> None:
    """Show what wraps the data keys, how many keys each version has wrapped, what is amiss."""
    with _opened() as (rewrapping, _):
        standing = rewrapping.standing()
    table = Table()
    for heading in ("key-encryption key", "data keys", "state"):
        table.add_column(heading)
    for version in sorted({*standing.versions, standing.current}):
        state = "wraps new keys" if version == standing.current else "only opens"
        table.add_row(version, str(standing.versions.get(version, 0)), state)
    table.add_row("none", str(standing.destroyed), "destroyed")
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, _PIPE_WIDTH)
    console.print(table)
    if standing.old:
        typer.echo(
            f"{standing.old} keys are wrapped with older versions:"
            " `handrail keys rotate --only-rewrap` wraps them anew.",
            err=True,
        )
    with reconciling(load_settings()) as work:
        back = work.run(datetime.now(UTC), dry_run=True).back
    if back:
        typer.echo(
            f"{back} keys were destroyed, and work again: a backup of the key store was restored."
            " `handrail keys reconcile` destroys them again.",
            err=True,
        )


@contextmanager
def _opened() -> Iterator[tuple[Rewrapping, KeyWrapper]]:
    settings = load_settings()
    given = key_encryption(settings)
    with ExitStack() as stack:
        database = Database(settings.key_database, Limits(pool_size=1))
        stack.callback(database.close)
        if not keys_are_current(database):
            raise OperatorError("The key store is not up to date: run `handrail migrate` first.")
        wrapper = open_wrapper(given)
        stack.callback(wrapper.close)
        yield Rewrapping(database, wrapper), wrapper
