"""The databases of the adapters' tests."""

from tests.databases import (
    copied_sqlite,
    database,
    database_url,
    emptied_postgres,
    fresh_postgres,
    fresh_sqlite,
    shared_postgres,
)

__all__ = [
    "copied_sqlite",
    "database",
    "database_url",
    "emptied_postgres",
    "fresh_postgres",
    "fresh_sqlite",
    "shared_postgres",
]
