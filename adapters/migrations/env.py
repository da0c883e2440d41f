"""Run by Alembic, inside the transaction that `adapters.migrate` opened."""

from typing import Literal

from alembic import context
from sqlalchemy import Connection, TypeDecorator, func, select

from adapters.key_tables import key_metadata
from adapters.migrate import KEYS_VERSION_TABLE
from adapters.schema import metadata

_KEY_STORE = {KEYS_VERSION_TABLE, *key_metadata.tables}

ONE_AT_A_TIME = 0x48414E44
"""The advisory lock of PostgreSQL; on SQLite the transaction holds the write lock already."""


def plain_type(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write a column's own type into a migration: that must not change with the code."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


def not_the_key_store(name: str | None, kind: str, _parents: object) -> bool:
    """Leave the key store alone, where it shares the database."""
    return kind != "table" or name not in _KEY_STORE


def migrate(connection: Connection) -> None:
    """Run the migrations, after those that another process is running."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(ONE_AT_A_TIME)))
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transactional_ddl=True,
        render_as_batch=True,
        render_item=plain_type,
        include_name=not_the_key_store,
    )
    context.run_migrations()


migrate(context.config.attributes["connection"])
