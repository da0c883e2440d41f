"""What keeps the database from changing or deleting evidence: triggers, the same on both kinds.

Used by migrations: by 0003, and by a later one that rebuilds a guarded table on SQLite (a batch
change makes a new table, and the triggers go with the old one): `unguard`, change, `guard`.

Nobody changes a row by mistake or with the application's rights. Whoever owns the database can
take the guards away; that it was done is what the chain and the checkpoints tell.
"""

from collections.abc import Iterator

from sqlalchemy import Connection, func, select

EVIDENCE = (
    "log_leaves",
    "checkpoints",
    "checkpoint_deliveries",
    "certificates",
    "certificate_cases",
)

_PLACE = ("stream", "seq", "revision", "case_id", "position", "commitment", "hash")

_ERASED = " AND ".join(
    [f"NEW.{name} = ''" for name in ("entry_id", "principal", "role", "kind", "salt")]
    + ["CAST(NEW.clauses AS TEXT) = '[]'", "CAST(NEW.detail AS TEXT) = '{}'"]
)

_IS_A_PURGE = f"""
    OLD.purged_by IS NULL AND NEW.purged_by IS NOT NULL AND NEW.at = OLD.at
    AND {" AND ".join(f"NEW.{name} = OLD.{name}" for name in _PLACE)}
    AND {_ERASED}
    AND EXISTS (
        SELECT 1 FROM certificate_cases AS listed
        WHERE listed.certificate_id = NEW.purged_by AND listed.case_id = OLD.case_id
    )
"""  # noqa: S608 - constants of this module

_SQLITE = (
    *(
        f"""CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}
        BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"""
        for table in EVIDENCE
        for verb in ("UPDATE", "DELETE")
    ),
    f"""CREATE TRIGGER journal_entries_no_update BEFORE UPDATE ON journal_entries
    WHEN NOT ({_IS_A_PURGE})
    BEGIN SELECT RAISE(ABORT, 'journal_entries is append-only'); END""",
    """CREATE TRIGGER journal_entries_no_delete BEFORE DELETE ON journal_entries
    BEGIN SELECT RAISE(ABORT, 'journal_entries is append-only'); END""",
    """CREATE TRIGGER journal_entries_queue AFTER INSERT ON journal_entries
    BEGIN INSERT INTO log_queue VALUES (NEW.stream, NEW.position, NEW.hash); END""",
    """CREATE TRIGGER certificates_queue AFTER INSERT ON certificates
    BEGIN INSERT INTO log_queue VALUES (NEW.certificate_id, 0, NEW.digest); END""",
)

_REFUSE = """RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only',
    ERRCODE = 'insufficient_privilege', TABLE = TG_TABLE_NAME;"""

_TRIGGER_FUNCTIONS = (
    f"""CREATE FUNCTION handrail_refuse() RETURNS trigger LANGUAGE plpgsql {{path}} AS $$
    BEGIN {_REFUSE} END $$""",
    f"""CREATE FUNCTION handrail_only_purge() RETURNS trigger LANGUAGE plpgsql {{path}} AS $$
    BEGIN IF {_IS_A_PURGE} THEN RETURN NEW; END IF; {_REFUSE} END $$""",
    """CREATE FUNCTION handrail_queue_entry() RETURNS trigger LANGUAGE plpgsql {path} AS $$
    BEGIN INSERT INTO log_queue VALUES (NEW.stream, NEW.position, NEW.hash); RETURN NULL; END $$""",
    """CREATE FUNCTION handrail_queue_certificate() RETURNS trigger LANGUAGE plpgsql {path} AS $$
    BEGIN INSERT INTO log_queue VALUES (NEW.certificate_id, 0, NEW.digest); RETURN NULL; END $$""",
)

_PURGE = """CREATE FUNCTION purge_journal(of_case text, certificate text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER {path} AS $$
    DECLARE purged integer;
    BEGIN
        IF NOT EXISTS (
            SELECT 1 FROM certificate_cases
            WHERE certificate_id = certificate AND case_id = of_case
        ) THEN
            RAISE EXCEPTION USING MESSAGE = 'no such certificate lists the case',
                ERRCODE = 'insufficient_privilege', TABLE = 'certificate_cases';
        END IF;
        UPDATE journal_entries
        SET entry_id = '', principal = '', role = '', kind = '', clauses = '[]', detail = '{}',
            salt = '', purged_by = certificate
        WHERE case_id = of_case AND purged_by IS NULL;
        GET DIAGNOSTICS purged = ROW_COUNT;
        RETURN purged;
    END $$"""

_GUARDED = ("journal_entries", *EVIDENCE)
_FUNCTIONS = (
    "handrail_refuse()",
    "handrail_only_purge()",
    "handrail_queue_entry()",
    "handrail_queue_certificate()",
    "purge_journal(text, text)",
)


def guard(connection: Connection) -> None:
    """Put the guards into place.

    On PostgreSQL `purge_journal(case id, certificate id)` is the one door to a purge; it acts
    with its owner's rights, so that the application needs none to change the journal.
    """
    if connection.dialect.name == "sqlite":
        statements = iter(_SQLITE)
    else:
        schema = connection.execute(select(func.quote_ident(func.current_schema()))).scalar_one()
        statements = _postgresql(schema)
    for statement in statements:
        connection.exec_driver_sql(statement)


def unguard(connection: Connection) -> None:
    """Take the guards away."""
    if connection.dialect.name == "sqlite":
        for table in EVIDENCE:
            for verb in ("update", "delete"):
                connection.exec_driver_sql(f"DROP TRIGGER {table}_no_{verb}")
        for name in ("no_update", "no_delete", "queue"):
            connection.exec_driver_sql(f"DROP TRIGGER journal_entries_{name}")
        connection.exec_driver_sql("DROP TRIGGER certificates_queue")
        return
    for function in _FUNCTIONS:
        connection.exec_driver_sql(f"DROP FUNCTION {function} CASCADE")


def _postgresql(schema: str) -> Iterator[str]:
    """Yield the functions and triggers.

    Each function names its schema, and looks among temporary tables last: nobody slips it another
    table of the same name.
    """
    for function in (*_TRIGGER_FUNCTIONS, _PURGE):
        yield function.replace("{path}", f"SET search_path = {schema}, pg_temp")
    yield "REVOKE EXECUTE ON FUNCTION purge_journal(text, text) FROM PUBLIC"
    for table in _GUARDED:
        yield f"""CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION handrail_refuse()"""
        yield f"""CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION handrail_refuse()"""
        does = "only_purge" if table == "journal_entries" else "refuse"
        yield f"""CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
        FOR EACH ROW EXECUTE FUNCTION handrail_{does}()"""
    yield """CREATE TRIGGER journal_entries_queue AFTER INSERT ON journal_entries
    FOR EACH ROW EXECUTE FUNCTION handrail_queue_entry()"""
    yield """CREATE TRIGGER certificates_queue AFTER INSERT ON certificates
    FOR EACH ROW EXECUTE FUNCTION handrail_queue_certificate()"""
