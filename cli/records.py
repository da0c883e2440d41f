"""The CRM as a command opens it: up to date, and with the keys that open its records."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from adapters.database import Database, Limits
from adapters.keyring import open_keyring
from adapters.migrate import is_current
from runtime.errors import OperatorError
from runtime.key_place import key_encryption
from runtime.settings import Settings


@contextmanager
def open_records(settings: Settings) -> Iterator[Database]:
    """Open the database that the settings name, with its key store, until the block ends.

    Raises:
        OperatorError: One of them is not up to date.
        KeysUnavailableError: What wraps the keys cannot be opened.
        CrmUnavailableError: The database did not answer.
    """
    with ExitStack() as stack:
        keyring = open_keyring(settings.key_database, key_encryption(settings), pool_size=1)
        stack.callback(keyring.close)
        database = Database(settings.database, Limits(pool_size=1), keyring)
        stack.callback(database.close)
        if not is_current(database) or not keyring.is_current():
            raise OperatorError("The database is not up to date: run `handrail migrate` first.")
        yield database
