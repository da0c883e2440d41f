"""The databases of the adapters' tests."""

from tests.databases import (
    connect,
    copied_sqlite,
    database,
    database_url,
    emptied_postgres,
    fresh_postgres,
    fresh_sqlite,
    own_database_url,
    shared_postgres,
)

__all__ = [
    "connect",
    "copied_sqlite",
    "database",
    "database_url",
    "emptied_postgres",
    "fresh_postgres",
    "fresh_sqlite",
    "own_database_url",
    "shared_postgres",
]
