"""`handrail verify`: whether the journal is as it was written. It needs no key to any content."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from adapters.checkpoint_signing import CheckpointSigner, CheckpointVerifier
from adapters.checkpoints import CheckpointFiles
from adapters.database import Database, Limits
from adapters.journal_verify import Kept, Report
from adapters.journal_verify import verify as verify_journal
from adapters.migrate import is_current
from runtime.checkpoint_key import checkpoint_key
from runtime.errors import OperatorError
from runtime.settings import Settings, load_settings
from sop.journal_check import Finding, Wrong
from sop.printable import printable

MOST_SHOWN = 20
LATE = 3
"""An entry that waits for more checkpoints was missed by more than one."""

_LONG = Limits(pool_size=1, statement=timedelta(hours=1))


def verify(
    checkpoints: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Checkpoints, as their store has them; HANDRAIL_CHECKPOINT_STORE if it is one.",
            show_default=False,
        ),
    ] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Public keys, one a line; else those beside the checkpoints and of the settings.",
            show_default=False,
        ),
    ] = None,
    case: Annotated[
        str | None,
        typer.Option(metavar="CASE", help="Only this case's entries.", show_default=False),
    ] = None,
    show_key: Annotated[
        bool, typer.Option("--show-key", help="Print the public key that belongs to this place.")
    ] = False,
) -> None:
    """Verify the journal: name the first entry that was altered, removed, swapped or inserted.

    Ends with 1 if anything is wrong.
    """
    settings = load_settings()
    if show_key:
        typer.echo(CheckpointSigner(checkpoint_key(settings).get_secret_value()).verifier_key)
        return
    kept = _kept(settings, checkpoints, public_key)
    report = _verify(settings, kept, case)
    _tell(report, _warnings(report, kept, LATE * settings.checkpoint_every))
    if report.findings:
        raise typer.Exit(1)


def _kept(settings: Settings, directory: Path | None, public_key: Path | None) -> Kept:
    """Read the checkpoints and the public keys.

    Raises:
        OperatorError: What was named cannot be read.
    """
    here = Path(settings.checkpoint_store)
    if directory is None and here.is_dir():
        directory = here
    try:
        notes = list(CheckpointFiles(directory).notes()) if directory is not None else None
        keys: tuple[str, ...] = ()
        if public_key is not None:
            lines = public_key.read_text(encoding="utf-8").splitlines()
            keys = tuple(line for line in lines if line.strip())
        else:
            keys = _settings_keys(settings)
            keys += CheckpointFiles(directory).verifier_keys() if directory is not None else ()
        return Kept(notes, CheckpointVerifier(keys) if keys else None)
    except (OSError, ValueError) as error:
        raise OperatorError(
            f"The checkpoints or the public keys cannot be read ({type(error).__name__}): let "
            "--checkpoints name their directory, and --public-key a file of public keys."
        ) from error


def _settings_keys(settings: Settings) -> tuple[str, ...]:
    """Return the public keys that the settings tell of; none is made where there is none."""
    older = tuple(settings.checkpoint_older_keys.split())
    if settings.checkpoint_key is None:
        return older
    return (CheckpointSigner(settings.checkpoint_key.get_secret_value()).verifier_key, *older)


def _verify(settings: Settings, kept: Kept, case: str | None) -> Report:
    database = Database(settings.database, _LONG)
    try:
        if not is_current(database):
            raise OperatorError("The database is not up to date: run `handrail migrate` first.")
        report = verify_journal(database, kept, case)
    finally:
        database.close()
    if case is not None and not report.entries:
        raise OperatorError("The journal has no entry of that case.")
    return report


def _tell(report: Report, warnings: list[str]) -> None:
    if report.findings:
        typer.echo(f"First: {printable(_sentence(report.findings[0], report))}")
        for found in report.findings[1:MOST_SHOWN]:
            typer.echo(f"       {printable(_sentence(found, report))}")
        if (more := len(report.findings) - MOST_SHOWN) > 0:
            typer.echo(f"       and {more} more")
    purged = f", {report.purged} of them purged" if report.purged else ""
    typer.echo(
        f"{report.entries} entries in {report.streams} streams{purged}; {report.certificates} "
        f"certificates; {report.leaves} leaves in the log; {report.waiting} wait for a checkpoint."
    )
    if report.last is not None:
        made_at = f"{report.last.made_at:%Y-%m-%d %H:%M:%S} UTC"
        typer.echo(f"Last signed checkpoint: {report.last.size} leaves, {made_at}.")
    for warning in warnings:
        typer.echo(f"Warning: {warning}", err=True)
    typer.echo("The journal is NOT as it was written." if report.findings else "All is in order.")


def _sentence(found: Finding, report: Report) -> str:
    """Say what is wrong, and where, without anything of what an entry says."""
    if found.stream:
        seq = f" (number {found.seq})" if found.seq is not None else ""
        what = "entry" if found.position else "certificate"
        place = f", position {found.position}{seq}" if found.position else ""
        return f"{what} {found.stream}{place}: {found.wrong}"
    if found.wrong is Wrong.LOG:
        return f"leaf {found.position} of the log: missing or altered"
    sound = f"; leaves from {report.sound} on are not proved" if report.sound else ""
    return f"checkpoint of {found.position} leaves: {found.wrong}{sound}"


def _warnings(report: Report, kept: Kept, late: timedelta) -> list[str]:
    warnings = []
    if kept.notes is None:
        warnings.append(
            "no store of checkpoints was looked at: who rewrites the whole database is not "
            "found. Name a copy of the store with --checkpoints."
        )
    if kept.verifier is None:
        warnings.append("no public key is known: no signature was checked. See --public-key.")
    since = report.waiting_since
    if since is not None and datetime.now(UTC) - since > late:
        warnings.append(
            f"entries wait for a checkpoint since {since:%Y-%m-%d %H:%M:%S} UTC: see that a "
            "worker runs, and `handrail schedules`."
        )
    return warnings
