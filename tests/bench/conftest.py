"""The databases of the adapters' tests, for counting on both."""

from tests.databases import (
    fresh_postgres,
    fresh_sqlite,
    own_database_url,
)

__all__ = ["fresh_postgres", "fresh_sqlite", "own_database_url"]
