"""Run by Alembic, inside the transaction that `adapters.migrate` opened, for the key store."""

from alembic import context
from sqlalchemy import Connection, func, select

from adapters.key_tables import key_metadata
from adapters.migrate import KEYS_VERSION_TABLE

ONE_AT_A_TIME = 0x48414E4B
"""The advisory lock of PostgreSQL; on SQLite the transaction holds the write lock already."""


def migrate(connection: Connection) -> None:
    """Run the migrations, after those that another process is running."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(ONE_AT_A_TIME)))
    context.configure(
        connection=connection,
        target_metadata=key_metadata,
        transactional_ddl=True,
        render_as_batch=True,
        version_table=KEYS_VERSION_TABLE,
    )
    context.run_migrations()


migrate(context.config.attributes["connection"])
