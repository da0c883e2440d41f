"""One key store and one state directory for all tests, in this process and in those it starts.

The environment names them, so that a command that a test runs opens what the test has sealed, and
leaves nothing in the working directory, whether the test thinks of it or not.
"""

import os
import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import update
from temporalio.client import Client

from activities.disposing import DisposalActivities
from activities.privacy import PrivacyActivities
from adapters.database import Database, Limits
from adapters.key_tables import data_keys
from adapters.keyring import SqlKeyring, open_keyring
from adapters.migrate import upgrade_keys
from workers.destruction import destruction

URL = "HANDRAIL_KEY_DATABASE_URL"
KEY_ENCRYPTION = "HANDRAIL_KEY_ENCRYPTION"
STATE_DIR = "HANDRAIL_STATE_DIR"


def name_the_places() -> None:
    """Let this process and its children use these places; a child finds them named already."""
    if URL not in os.environ:
        directory = Path(tempfile.mkdtemp(prefix="handrail-keys-"))
        os.environ[URL] = f"sqlite:///{directory / 'keys.db'}"
        os.environ[KEY_ENCRYPTION] = f"local:{directory / 'kek.json'}"
        os.environ[STATE_DIR] = str(directory / "state")
        upgrade_keys(os.environ[URL])


@cache
def shared_keyring() -> SqlKeyring:
    """Return the keyring on it."""
    name_the_places()
    return open_keyring(os.environ[URL], os.environ[KEY_ENCRYPTION], pool_size=8)


@cache
def shared_key_store() -> Database:
    """Return connections to it, for holds and for what destroys keys."""
    name_the_places()
    return Database(os.environ[URL], Limits(pool_size=4))


def destroying(database: Database, client: Client) -> tuple[PrivacyActivities, DisposalActivities]:
    """Return what a worker's privacy requests and disposals act with."""
    return destruction(database, shared_key_store(), shared_keyring(), client)


def a_keyring(directory: Path) -> SqlKeyring:
    """Return a keyring on a fresh key store of its own."""
    url = f"sqlite:///{directory / 'keys.db'}"
    upgrade_keys(url)
    return open_keyring(url, f"local:{directory / 'kek.json'}")


def erase(keyring: SqlKeyring, *owners: str) -> None:
    """Destroy the keys of some owners, or of all, at once and for good."""
    gone = update(data_keys).values(wrapped=None)
    if owners:
        gone = gone.where(data_keys.c.owner.in_(owners))
    keyring._database.write(lambda connection: connection.execute(gone))
    keyring._by_id.clear()
    keyring._by_owner.clear()
