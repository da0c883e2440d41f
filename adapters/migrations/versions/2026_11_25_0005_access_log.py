"""Who looked at what, and what was decoded for whom."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_SQLITE = tuple(
    f"""CREATE TRIGGER access_log_no_{verb.lower()} BEFORE {verb} ON access_log
    BEGIN SELECT RAISE(ABORT, 'access_log is append-only'); END"""
    for verb in ("UPDATE", "DELETE")
)
_POSTGRESQL = (
    """CREATE FUNCTION handrail_access_log_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION USING MESSAGE = 'access_log is append-only',
        ERRCODE = 'insufficient_privilege', TABLE = TG_TABLE_NAME; END $$""",
    """CREATE TRIGGER access_log_no_change BEFORE UPDATE OR DELETE ON access_log
    FOR EACH ROW EXECUTE FUNCTION handrail_access_log_stays()""",
    """CREATE TRIGGER access_log_no_truncate BEFORE TRUNCATE ON access_log
    FOR EACH STATEMENT EXECUTE FUNCTION handrail_access_log_stays()""",
)
_INDEXES = (("at", "entry_id"), ("owner", "at"), ("principal", "at"))


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "access_log",
        sa.Column("entry_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("principal", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("key_id", sa.String(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_access_log")),
    )
    for columns in _INDEXES:
        op.create_index(op.f(f"ix_access_log_{'_'.join(columns)}"), "access_log", list(columns))
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _SQLITE if sqlite else _POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("access_log")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION handrail_access_log_stays()")
