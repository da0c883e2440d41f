"""`handrail migrate` and `handrail bootstrap`: what has to be done once before the first start."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import make_url

from adapters.grants import NoRolesError, grant
from adapters.holidays import holiday_dates
from adapters.keyring import open_keyring
from adapters.migrate import head, upgrade, upgrade_keys
from cli.sealing import seal_before_the_chain
from runtime.bootstrap import BootstrapReport
from runtime.bootstrap import bootstrap as prepare
from runtime.errors import OperatorError
from runtime.key_place import key_encryption
from runtime.places import locate
from runtime.policy import load_policy
from runtime.secret_files import make_private_directory, make_private_file
from runtime.settings import Settings, load_settings
from runtime.temporal import connect


def migrate(
    app_role: Annotated[
        str | None,
        typer.Option(
            metavar="ROLE",
            help="On PostgreSQL: the role of API and worker. It gets what it needs, and no more.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Bring the database's schema up to date. Repeating it changes nothing."""
    settings = load_settings()
    make_place(settings)
    upgrade_keys(settings.key_database)
    seal_before_the_chain(settings)
    upgrade(settings.database)
    for url in {settings.database, settings.key_database} if app_role else ():
        try:
            grant(url, str(app_role))
        except NoRolesError as error:
            raise OperatorError(f"--app-role cannot be used: {error}.") from None
    typer.echo(f"The database is up to date (revision {head()}).", err=True)


def bootstrap() -> None:
    """Prepare the Temporal namespace: search attributes, retention, schedules.

    Repeating it changes nothing. Run it again after a change of the policy: the schedules carry it.
    """
    settings = load_settings()
    report = asyncio.run(_bootstrap(settings))
    typer.echo(f"Namespace {report.namespace} is ready ({_done(report)}).", err=True)
    for task in report.left_to_do:
        typer.echo(f"Left for an administrator: {task}.", err=True)
    if report.left_to_do:
        raise typer.Exit(1)


def make_place(settings: Settings) -> None:
    """Make the files and directories of SQLite databases, which nobody else reads.

    SQLite gives the files beside a database its mode.
    """
    for url in map(make_url, (settings.database_url, settings.key_database_url)):
        if url.get_backend_name() == "sqlite" and url.database:
            path = Path(url.database)
            make_private_directory(path.parent)
            make_private_file(path)


async def _bootstrap(settings: Settings) -> BootstrapReport:
    place = locate(settings.state_dir)
    policy = load_policy(settings.policy_file, datetime.now(UTC), holiday_dates)
    keyring = open_keyring(settings.key_database, key_encryption(settings))
    try:
        client = await connect(keyring, address=place.address)
        return await prepare(
            client,
            policy,
            task_queue=settings.task_queue,
            checkpoint_every=settings.checkpoint_every,
        )
    finally:
        keyring.close()


def _done(report: BootstrapReport) -> str:
    done = [f"added {name}" for name in report.search_attributes_added]
    if report.namespace_created:
        done.insert(0, "created")
    if report.retention_raised:
        done.append("retention raised")
    schedules = report.schedules
    for what in ("created", "updated", "removed"):
        done += [f"{what} schedule {name}" for name in getattr(schedules, what)]
    return ", ".join(done) or "nothing to do"
