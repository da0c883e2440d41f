"""Entries of the access log go when their time is over, under a certificate, and never before."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_STAYS_ON_SQLITE = tuple(
    f"""CREATE TRIGGER access_log_purges_no_{verb.lower()} BEFORE {verb} ON access_log_purges
    BEGIN SELECT RAISE(ABORT, 'access_log_purges is append-only'); END"""
    for verb in ("UPDATE", "DELETE")
)
_SQLITE = (
    "DROP TRIGGER access_log_no_delete",
    """CREATE TRIGGER access_log_no_delete BEFORE DELETE ON access_log
    WHEN NOT EXISTS (SELECT 1 FROM access_log_purges WHERE through >= OLD.at)
    BEGIN SELECT RAISE(ABORT, 'access_log is append-only'); END""",
    *_STAYS_ON_SQLITE,
)
_BACK_ON_SQLITE = (
    "DROP TRIGGER access_log_no_delete",
    """CREATE TRIGGER access_log_no_delete BEFORE DELETE ON access_log
    BEGIN SELECT RAISE(ABORT, 'access_log is append-only'); END""",
)

_ONLY_UPDATE = """CREATE TRIGGER access_log_no_change BEFORE UPDATE ON access_log
    FOR EACH ROW EXECUTE FUNCTION handrail_access_log_stays()"""
_POSTGRESQL = (
    "DROP TRIGGER access_log_no_change ON access_log",
    _ONLY_UPDATE,
    """CREATE FUNCTION handrail_access_log_goes() RETURNS trigger LANGUAGE plpgsql {path} AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM access_log_purges WHERE through >= OLD.at) THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION USING MESSAGE = 'access_log is append-only',
            ERRCODE = 'insufficient_privilege', TABLE = TG_TABLE_NAME;
    END $$""",
    """CREATE TRIGGER access_log_no_delete BEFORE DELETE ON access_log
    FOR EACH ROW EXECUTE FUNCTION handrail_access_log_goes()""",
    """CREATE TRIGGER access_log_purges_no_change BEFORE UPDATE OR DELETE ON access_log_purges
    FOR EACH ROW EXECUTE FUNCTION handrail_access_log_stays()""",
    """CREATE TRIGGER access_log_purges_no_truncate BEFORE TRUNCATE ON access_log_purges
    FOR EACH STATEMENT EXECUTE FUNCTION handrail_access_log_stays()""",
    # The one door: it acts with its owner's rights, so that the application needs none to delete.
    """CREATE FUNCTION purge_access_log(entries text[], certificate text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER {path} AS $$
    DECLARE purged integer;
    BEGIN
        DELETE FROM access_log
        WHERE entry_id = ANY (entries)
        AND at <= (SELECT through FROM access_log_purges WHERE certificate_id = certificate);
        GET DIAGNOSTICS purged = ROW_COUNT;
        RETURN purged;
    END $$""",
    "REVOKE EXECUTE ON FUNCTION purge_access_log(text[], text) FROM PUBLIC",
)
_BACK_ON_POSTGRESQL = (
    "DROP FUNCTION purge_access_log(text[], text)",
    "DROP FUNCTION handrail_access_log_goes() CASCADE",
    "DROP TRIGGER access_log_no_change ON access_log",
    _ONLY_UPDATE.replace("UPDATE", "UPDATE OR DELETE"),
)


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "access_log_purges",
        sa.Column("certificate_id", sa.String(), nullable=False),
        sa.Column("through", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["certificates.certificate_id"],
            name=op.f("fk_access_log_purges_certificate_id_certificates"),
        ),
        sa.PrimaryKeyConstraint("certificate_id", name=op.f("pk_access_log_purges")),
    )
    op.create_index(op.f("ix_access_log_purges_through"), "access_log_purges", ["through"])
    _run(_SQLITE, _POSTGRESQL)


def downgrade() -> None:
    """Take the change back."""
    _run(_BACK_ON_SQLITE, _BACK_ON_POSTGRESQL)
    op.drop_table("access_log_purges")


def _run(sqlite: tuple[str, ...], postgresql: tuple[str, ...]) -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        statements, path = sqlite, ""
    else:
        quoted = sa.select(sa.func.quote_ident(sa.func.current_schema()))
        # Temporary tables are looked for last: nobody slips in another table of the same name.
        path = f"SET search_path = {connection.execute(quoted).scalar_one()}, pg_temp"
        statements = postgresql
    for statement in statements:
        connection.exec_driver_sql(statement.replace("{path}", path))
