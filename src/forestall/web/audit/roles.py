"""Two roles on PostgreSQL: one that owns the tables and migrates them, and one that the workplace runs as, which may only
add to the log and read it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, connection, transaction

from forestall.errors import ForestallError
from forestall.web import start
from forestall.web.audit.ledger import TABLES


@dataclass(frozen=True)
class Made:
    """``password`` is empty where the application's role was there and keeps its own."""

    owner: str
    app: str
    password: str


def of_workplace(*, app: str, owner: str = "", password: str = "") -> Made:
    """Brings the workplace's own database to this version, and makes its roles."""
    if connection.vendor == "postgresql":
        start.prepare()
    return set_up(connection, app=app, owner=owner, password=password)


def set_up(to: Any, *, app: str, owner: str = "", password: str = "") -> Made:
    """Makes the application's role where it is missing, and gives both roles their rights, those of new tables too. Safe to
    run again: after each migration, above all.

    ``to``: a connection as a role that owns the tables, or may take them over, and may make roles. ``owner``: who is to own
    them (default: who connects). :class:`ForestallError` where the database is no PostgreSQL or refuses.
    """
    if to.vendor != "postgresql":
        raise ForestallError(
            "roles are for a PostgreSQL database: name one in FORESTALL_DATABASE_URL; a SQLite file belongs to whoever may "
            "write it"
        )
    try:
        with transaction.atomic(using=to.alias), to.cursor() as cursor:
            return _set_up(cursor, to.ops.quote_name, app=app, owner=owner, password=password)
    except DatabaseError as error:
        raise ForestallError(
            f"the roles could not be made ({str(error).splitlines()[0]}): connect as a role that owns the tables and may "
            "make roles (CREATEROLE)"
        ) from error


def _set_up(cursor: Any, quote: Any, *, app: str, owner: str, password: str) -> Made:
    cursor.execute("SELECT current_user, current_schema(), current_database()")
    me, schema, database = cursor.fetchone()
    owner = owner or me
    if app == owner:
        raise ForestallError(f"{app} cannot be both roles: who owns the log's tables could take their guards away")
    if owner != me:
        _role(cursor, quote, owner, "")
        _hand_over(cursor, quote, schema, owner)
    new = _role(cursor, quote, app, password)
    o, a, s = quote(owner), quote(app), quote(schema)
    log = ", ".join(f"{s}.{quote(t)}" for t in TABLES)
    for sql in (
        f"GRANT CONNECT, TEMPORARY ON DATABASE {quote(database)} TO {a}",
        f"REVOKE CREATE ON SCHEMA {s} FROM PUBLIC, {a}",
        f"GRANT USAGE ON SCHEMA {s} TO {a}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {s} TO {a}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {s} TO {a}",
        f"REVOKE ALL ON {log} FROM {a}, PUBLIC",
        f"GRANT SELECT, INSERT ON {log} TO {a}",
        f"REVOKE ALL ON {s}.django_migrations FROM {a}",
        f"GRANT SELECT ON {s}.django_migrations TO {a}",
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {o} IN SCHEMA {s} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {a}",
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {o} IN SCHEMA {s} GRANT USAGE, SELECT ON SEQUENCES TO {a}",
    ):
        cursor.execute(sql)
    _refuse_powers(cursor, app, owner)
    return Made(owner, app, new)


def _role(cursor: Any, quote: Any, name: str, password: str) -> str:
    """Makes a role that may sign in, where there is none; returns its password, and nothing where it is there."""
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
    if cursor.fetchone():
        return ""
    password = password or secrets.token_urlsafe(24)
    cursor.execute(f"CREATE ROLE {quote(name)} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT PASSWORD %s", [password])
    return password


def _hand_over(cursor: Any, quote: Any, schema: str, owner: str) -> None:
    """Tables with what belongs to them, and functions, to the role that migrates."""
    s, o = quote(schema), quote(owner)
    cursor.execute(f"GRANT USAGE, CREATE ON SCHEMA {s} TO {o}")
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema])
    for (table,) in cursor.fetchall():
        cursor.execute(f"ALTER TABLE {s}.{quote(table)} OWNER TO {o}")
    cursor.execute("SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = %s::regnamespace", [schema])
    for (function,) in cursor.fetchall():
        cursor.execute(f"ALTER FUNCTION {function} OWNER TO {o}")


def _refuse_powers(cursor: Any, app: str, owner: str) -> None:
    """A role with powers of its own, or that may become the owner, is not bound by any of this."""
    cursor.execute(
        "SELECT rolsuper OR rolcreaterole OR rolreplication OR rolbypassrls OR pg_has_role(rolname, %s, 'MEMBER') "
        "FROM pg_roles WHERE rolname = %s",
        [owner, app],
    )
    if cursor.fetchone()[0]:
        raise ForestallError(
            f"the role {app} is an administrator or may act as {owner}: give the workplace a role of its own with --app"
        )
