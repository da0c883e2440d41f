"""What the application's role may do on PostgreSQL: everything it needs, and no more.

It owns nothing, changes no schema, and of the evidence it may only read and add. SQLite knows no
roles: there the triggers alone stand guard.
"""

from sqlalchemy import URL, Connection, func, inspect, make_url, select, text

from adapters.access_tables import access_log, access_log_purges
from adapters.database import Database, Limits
from adapters.migrate import KEYS_VERSION_TABLE
from adapters.proof_tables import APPEND_ONLY
from adapters.tables import journal_entries

EVIDENCE = frozenset(
    table.name for table in (journal_entries, *APPEND_ONLY, access_log, access_log_purges)
)
PURGES = ("purge_journal(text, text)", "purge_access_log(text[], text)")
"""What deletes evidence whose time is over, with its owner's rights, and asks for a certificate."""
VERSIONS = frozenset({"alembic_version", KEYS_VERSION_TABLE})


class NoRolesError(Exception):
    """The database knows no roles, or not this one."""


def grant(url: str | URL, role: str) -> None:
    """Give a role what the application needs, and take from it what it must not have.

    Repeating it changes nothing; after a migration it covers the new tables.

    Raises:
        NoRolesError: The database is SQLite, has no such role, or the role is the tables' owner.
        CrmUnavailableError: The database did not answer.
        StatementRefusedError: The role that runs this may not grant.
    """
    if make_url(url).get_backend_name() != "postgresql":
        raise NoRolesError("SQLite knows no roles")
    database = Database(url, Limits(pool_size=1))
    try:
        database.write(lambda connection: _grant(connection, role))
    finally:
        database.close()


def _grant(connection: Connection, role: str) -> None:
    known = "SELECT rolsuper, pg_has_role(:role, current_user, 'MEMBER') FROM pg_roles"
    found = connection.execute(text(f"{known} WHERE rolname = :role"), {"role": role}).first()
    if found is None:
        raise NoRolesError("there is no such role")
    if any(found):
        raise NoRolesError("that role could do what the tables' owner can")
    quote = select(func.quote_ident(role), func.quote_ident(func.current_schema()))
    name, schema = connection.execute(quote).one()
    for statement in _statements(connection, name, schema):
        connection.exec_driver_sql(statement)


def _statements(connection: Connection, role: str, schema: str) -> list[str]:
    tables = set(inspect(connection).get_table_names())
    ordinary = ", ".join(sorted(tables - EVIDENCE - VERSIONS))
    given = [
        f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}",
        f"GRANT USAGE ON SCHEMA {schema} TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {ordinary} TO {role}",
        f"GRANT SELECT ON {', '.join(sorted(tables & VERSIONS))} TO {role}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
    ]
    if evidence := tables & EVIDENCE:  # a key store of its own holds none
        given.append(f"GRANT SELECT, INSERT ON {', '.join(sorted(evidence))} TO {role}")
        given += [f"GRANT EXECUTE ON FUNCTION {function} TO {role}" for function in PURGES]
    return given
