"""`handrail keys seal`: seals what version 0.2 wrote; `handrail migrate` does so by itself."""

from contextlib import closing

import typer

from adapters.database import Database, Limits
from adapters.keyring import open_keyring
from adapters.migrate import current, upgrade
from adapters.old_rows import Sealed, seal_old_rows
from cli.records import open_records
from runtime.errors import OperatorError
from runtime.key_place import key_encryption
from runtime.settings import Settings, load_settings

_UNCHAINED = ("0001", "0002")
"""The schemas whose journal is not chained yet, and can be sealed."""


def seal() -> None:
    """Seal every row that is not sealed: of version 0.2, or from a backup of it.

    Repeating it changes nothing. `handrail migrate` has done it for the rows that it found.
    """
    with open_records(load_settings()) as database:
        done = seal_old_rows(database)
    _tell(done)
    if done.refused:
        raise OperatorError(
            f"Rows of {', '.join(done.refused)} are not sealed, and the database lets nobody "
            "change them: the journal is chained. Restore the backup of version 0.2, and run "
            "`handrail migrate` on it: that seals the journal first."
        )


def seal_before_the_chain(settings: Settings) -> None:
    """Seal the rows of version 0.2 while the journal can still be changed.

    Raises:
        CrmUnavailableError: The database or the key store did not answer; what was done stays,
            and the next time goes on from there.
        KeyPlaceError: Nothing says what wraps the keys.
    """
    with closing(Database(settings.database, Limits(pool_size=1))) as database:
        if current(database) not in _UNCHAINED:
            return
    upgrade(settings.database, _UNCHAINED[-1])
    with (
        closing(open_keyring(settings.key_database, key_encryption(settings))) as keyring,
        closing(Database(settings.database, Limits(pool_size=1), keyring)) as database,
    ):
        _tell(seal_old_rows(database))


def _tell(done: Sealed) -> None:
    told = ", ".join(f"{count} of {name}" for name, count in done.rows.items())
    typer.echo(f"Rows sealed: {told or 'none, all were'}.", err=True)
