"""The databases of the adapters' tests."""

from tests.databases import (
    database,
    database_url,
    fresh_postgres,
    fresh_sqlite,
    postgres_server,
)

__all__ = ["database", "database_url", "fresh_postgres", "fresh_sqlite", "postgres_server"]
