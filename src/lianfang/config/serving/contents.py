"""What a database holds: its tables with row counts and checksums, and the roles that its objects name."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from lianfang.config.serving.archive import Role, TableState

# A row's text depends on these; both sides of a comparison set them.
ROW_TEXT_SETTINGS = (
    "SET search_path = pg_catalog",
    "SET timezone = 'UTC'",
    "SET datestyle = 'ISO, YMD'",
    "SET intervalstyle = 'postgres'",
    "SET extra_float_digits = 1",
    "SET bytea_output = 'hex'",
)

# A sum over rows does not depend on their order; md5 is the same in every version of PostgreSQL.
_STATE = "SELECT count(*)::text, coalesce(sum(('x' || left(md5(t::text), 15))::bit(60)::bigint), 0)::text FROM {} AS t"

_TABLES = """
SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1, 2
"""

# Owners, grantees and those whom policies name; roles of the server itself are left out.
_ROLES = """
WITH RECURSIVE named AS (
    SELECT refobjid AS oid FROM pg_catalog.pg_shdepend
    WHERE refclassid = 'pg_catalog.pg_authid'::regclass
      AND dbid IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
      AND (dbid <> 0 OR objid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
  UNION SELECT datdba FROM pg_catalog.pg_database WHERE datname = current_database()
), related AS (
    SELECT oid FROM named
  UNION SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN related r ON m.member = r.oid
)
SELECT r.oid, r.rolname, r.rolcanlogin, r.rolinherit, r.rolcreaterole, coalesce(s.setconfig, '{}')
FROM related JOIN pg_catalog.pg_roles r USING (oid)
LEFT JOIN pg_catalog.pg_db_role_setting s ON s.setrole = r.oid AND s.setdatabase = 0
WHERE r.rolname NOT LIKE 'pg\\_%' AND NOT r.rolsuper ORDER BY r.rolname
"""

_MEMBERSHIPS = """
SELECT DISTINCT m.roleid::regrole::text, m.member::regrole::text FROM pg_catalog.pg_auth_members m
WHERE m.roleid = ANY(%(oids)s) AND m.member = ANY(%(oids)s) ORDER BY 1, 2
"""


def tables_of(connection: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    """Schema and name of every ordinary table and partition that is not PostgreSQL's own."""
    return list(connection.execute(_TABLES).fetchall())


def state_query(schema: str, name: str) -> sql.Composed:
    """The query for rows and checksum of one table, both as text."""
    return sql.SQL(_STATE).format(sql.Identifier(schema, name))


def states_of(connection: psycopg.Connection[Any]) -> list[TableState]:
    """Rows and checksum of each table, as the connection's transaction sees them.

    Raises psycopg.Error, among others where row-level security would hide rows.
    """
    for setting in (*ROW_TEXT_SETTINGS, "SET row_security = off"):
        connection.execute(setting)
    found = []
    for schema, name in tables_of(connection):
        rows, checksum = connection.execute(state_query(schema, name)).fetchall()[0]
        found.append(TableState(schema, name, int(rows), checksum))
    return found


def roles_of(connection: psycopg.Connection[Any]) -> tuple[list[Role], list[tuple[str, str]]]:
    """The roles that the database needs, and who belongs to whom."""
    found = connection.execute(_ROLES).fetchall()
    roles = [
        Role(name, login, inherits, creates, list(settings)) for _, name, login, inherits, creates, settings in found
    ]
    oids = [oid for oid, *_ in found]
    memberships = connection.execute(_MEMBERSHIPS, {"oids": oids}).fetchall()
    return roles, [(role, member) for role, member in memberships]
