"""`handrail keys reconcile`: what a restored key store brings back is destroyed again."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from adapters.database import Database, Limits
from adapters.key_disposal import KeyDisposal
from adapters.key_reconciling import KeyReconciling, Reconciled
from adapters.keyring import SqlKeyring
from adapters.migrate import is_current, keys_are_current
from adapters.wrappers import open_wrapper
from runtime.errors import OperatorError
from runtime.key_place import key_encryption
from runtime.settings import Settings, load_settings
from sop.keys import RecordClass
from sop.printable import printable

_PIPE_WIDTH = 160


def reconcile(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
) -> None:
    """Destroy again the keys that a backup of the key store has brought back.

    The certificates in the CRM say which. Legal holds are made to stand as the CRM has them. Do it
    after each restore of the key store, before API and workers start. Repeating it changes nothing.
    """
    with reconciling(load_settings()) as work:
        done = work.run(datetime.now(UTC), dry_run=dry_run)
    _show(done)
    would, had = ("would be", "have") if dry_run else ("are", "had")
    typer.echo(f"{done.back} keys {had} come back, and {would} destroyed again.", err=True)
    if done.never:
        typer.echo(
            f"{done.never} classes of cases without a key {would} marked as destroyed.", err=True
        )
    for what, holds in (("placed", done.placed), ("released", done.released)):
        if holds:
            named = ", ".join(map(printable, holds))
            typer.echo(f"Holds that {would} {what} again: {named}.", err=True)
    if done.altered:
        raise OperatorError(
            "Nothing was destroyed by these certificates, since they are not what was filed: "
            + ", ".join(map(printable, done.altered))
            + ". Run `handrail verify`."
        )


@contextmanager
def reconciling(settings: Settings) -> Iterator[KeyReconciling]:
    """Open the CRM and the key store, until the block ends.

    Raises:
        OperatorError: One of them is not up to date.
        KeysUnavailableError: What wraps the keys cannot be opened.
    """
    with ExitStack() as stack:
        records = Database(settings.database, Limits(pool_size=1))
        stack.callback(records.close)
        keys = Database(settings.key_database, Limits(pool_size=1))
        stack.callback(keys.close)
        if not is_current(records) or not keys_are_current(keys):
            raise OperatorError("The database is not up to date: run `handrail migrate` first.")
        wrapper = open_wrapper(key_encryption(settings))
        stack.callback(wrapper.close)
        yield KeyReconciling(records, keys, KeyDisposal(keys, SqlKeyring(keys, wrapper)))


def _show(done: Reconciled) -> None:
    table = Table("keys of", "had come back")
    for which in RecordClass:
        table.add_row(f"cases, {which.value}", str(done.keys[which.value]))
    table.add_row("exports", str(done.exports))
    table.add_row("customers", str(done.customers))
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, _PIPE_WIDTH)
    console.print(table)
