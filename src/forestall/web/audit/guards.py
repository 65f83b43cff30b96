"""What makes the database itself refuse a change of the log: triggers, made by a migration and looked for by the check.

On SQLite they bind our own connections (whoever holds the file can drop them, which the check finds); ``INSERT OR REPLACE``
is refused too because the settings switch ``recursive_triggers`` on. On PostgreSQL they bind everyone but the tables'
owner, and the application's own role may do no more than insert and read (:mod:`forestall.web.audit.roles`).
"""

from __future__ import annotations

from typing import Any

from forestall.text import Message, msg
from forestall.web.audit.ledger import TABLES, Ledger

#: Two numbers that name our advisory lock on PostgreSQL: who writes an event shares it until the transaction ends.
LOCK = (1_179_603_525, 1)

_REFUSE = "audit_refuse_change"
_BODIES = {
    _REFUSE: "BEGIN RAISE EXCEPTION 'the audit log is never changed' USING ERRCODE = 'insufficient_privilege'; END",
    "audit_announce": f"BEGIN PERFORM pg_advisory_xact_lock_shared({LOCK[0]}, {LOCK[1]}); RETURN NULL; END",
}


def _sqlite() -> dict[str, str]:
    """Trigger -> the statement that makes it."""
    return {
        f"{table}_no_{act}": f"CREATE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table} "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END"
        for table in TABLES
        for act in ("update", "delete")
    }


def _postgresql() -> dict[str, str]:
    made = {
        f"{table}_no_change": f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {_REFUSE}()"
        for table in TABLES
    }
    # Before each insert, and so before its id is drawn: a sealer can tell when no lower id can still turn up.
    made["audit_event_announce"] = (
        "CREATE TRIGGER audit_event_announce BEFORE INSERT ON audit_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_announce()"
    )
    return made


def install(connection: Any) -> None:
    """Makes the triggers, anew where they are there. A migration that alters one of these tables on SQLite makes the table
    anew without them, and calls this again at its end."""
    remove(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for name, body in _BODIES.items():
                cursor.execute(
                    f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $guard$ {body} $guard$"
                )
        for statement in statements(connection.vendor).values():
            cursor.execute(statement)


def remove(connection: Any) -> None:
    """Drops the triggers: for a migration back, and for tests that clear their database."""
    with connection.cursor() as cursor:
        for name, statement in statements(connection.vendor).items():
            table = next(t for t in TABLES if name.startswith(t))
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}" + ("" if connection.vendor == "sqlite" else f" ON {table}"))
            del statement


def statements(vendor: str) -> dict[str, str]:
    return _sqlite() if vendor == "sqlite" else _postgresql()


def missing(ledger: Ledger) -> list[Message]:
    """What is wrong with the triggers, a sentence each; empty where all are as they were made."""
    found = _found_sqlite(ledger) if ledger.vendor == "sqlite" else _found_postgresql(ledger)
    out = []
    for name, statement in statements(ledger.vendor).items():
        if name not in found:
            out.append(msg("the guard {name} was taken out of the database", name=name))
        elif " ".join(found[name].split()) != statement:
            out.append(msg("the guard {name} was altered or switched off", name=name))
    return out


def _found_sqlite(ledger: Ledger) -> dict[str, str]:
    return {str(r[0]): str(r[1]) for r in ledger.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'", ())}


def _found_postgresql(ledger: Ledger) -> dict[str, str]:
    """As :func:`statements`; a trigger is told apart by a word where it is off, holds under a condition or for some columns
    alone, stands on another table, or calls another function or another body."""
    sql = """
        SELECT t.tgname, c.relname, t.tgenabled::text, p.proname, trim(p.prosrc), l.lanname, t.tgtype,
        t.tgqual IS NULL AND t.tgattr::text = '' FROM pg_trigger t
        JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_language l ON l.oid = p.prolang JOIN pg_class c ON c.oid = t.tgrelid
        WHERE NOT t.tgisinternal AND pg_table_is_visible(c.oid)
        AND c.relname IN ('audit_event', 'audit_seal', 'audit_anchor')
    """
    made, out = _postgresql(), dict[str, str]()
    for name, table, enabled, function, body, language, kind, always in ledger.execute(sql, ()):
        if not name.startswith(f"{table}_"):
            continue
        own = "audit_announce" if name == "audit_event_announce" else _REFUSE
        right_kind = kind == (6 if own == "audit_announce" else 58)  # statement, before; which acts
        calls = function == own and _BODIES[own] == body and language == "plpgsql"
        sound = enabled in ("O", "A") and calls and right_kind and always
        out[name] = made.get(name, "") if sound else "altered"
    return out
