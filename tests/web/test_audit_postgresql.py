"""What only PostgreSQL has: roles, and transactions that commit in another order than they drew their ids."""

from __future__ import annotations

import secrets
import threading

import pytest
from django.conf import settings as django_settings
from django.db import DatabaseError, connection, transaction

from forestall.errors import ForestallError
from forestall.web.audit import anchors, guards, ledger, roles, sealing, verify
from forestall.web.audit.models import Event, Operation, Seal
from forestall.web.audit.trail import Trail

pytestmark = pytest.mark.django_db(transaction=True)

FORBIDDEN = (
    "UPDATE audit_event SET act = 'x'",
    "DELETE FROM audit_event",
    "TRUNCATE audit_event",
    "UPDATE audit_seal SET count = 1",
    "DELETE FROM audit_seal",
    "DELETE FROM audit_anchor",
    "INSERT INTO audit_event SELECT * FROM audit_event ON CONFLICT (id) DO UPDATE SET act = 'x'",
)
ONLY_THE_OWNERS = (
    "DROP TRIGGER audit_event_no_change ON audit_event",
    "ALTER TABLE audit_event DISABLE TRIGGER ALL",
    "DROP TABLE audit_anchor",
    "CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end'",
    "UPDATE django_migrations SET name = 'x'",
)


@pytest.fixture(autouse=True)
def postgresql(settings, tmp_path):
    if connection.vendor != "postgresql":
        pytest.skip(
            f"these tests need PostgreSQL and run on {connection.vendor}: name a cluster in FORESTALL_TEST_DATABASE_URL"
        )
    settings.AUDIT_ANCHORS = tmp_path / "anchors.jsonl"


def write(act: str = "test") -> Event:
    with transaction.atomic():
        return Trail.operator().record(Operation.ACCESS, act, detail={"b": 1.5, "a": "Llŷn"})


def run(cursor, sql: str) -> None:
    with transaction.atomic():
        cursor.execute(sql)


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_even_the_owner_is_refused_by_the_guards(sql):
    event = write()
    with pytest.raises(DatabaseError, match="never changed"), connection.cursor() as cursor:
        run(cursor, sql)
    assert Event.objects.get().pk == event.pk


def test_the_applications_role_may_only_add_and_read():
    app, password = f"app_{secrets.token_hex(4)}", secrets.token_hex(8)
    assert roles.set_up(connection, app=app, password=password) == roles.Made(
        django_settings.DATABASES["default"]["USER"], app, password
    )
    assert roles.set_up(connection, app=app).password == ""
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {app}")
            write()
            sealing.seal_pending()
            assert Seal.objects.get().count == 1
            for sql in (*FORBIDDEN, *ONLY_THE_OWNERS):
                with pytest.raises(DatabaseError, match=r"permission denied|must be owner"):
                    run(cursor, sql)
            found = verify.verify(ledger.of_django(connection), lambda: anchors.read(django_settings.AUDIT_ANCHORS))
            assert found.sound, found.findings
            assert (found.events, found.unsealed, found.notes) == (1, 0, [])
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute(f"DROP OWNED BY {app}")
            cursor.execute(f"DROP ROLE {app}")


def test_one_role_cannot_be_both_and_an_administrator_is_no_application():
    me = django_settings.DATABASES["default"]["USER"]
    with pytest.raises(ForestallError, match="cannot be both"):
        roles.set_up(connection, app=me)
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE forestall_test_boss SUPERUSER")
        try:
            with pytest.raises(ForestallError, match="is an administrator"):
                roles.set_up(connection, app="forestall_test_boss")
        finally:
            cursor.execute("DROP ROLE forestall_test_boss")


def test_an_event_that_commits_late_is_not_passed_over():
    """It drew its id first: sealing waits for it, and does not call it put in afterwards."""
    drawn, may_end = threading.Event(), threading.Event()

    def late() -> None:
        try:
            with transaction.atomic():
                Trail.operator().record(Operation.ACCESS, "late")
                drawn.set()
                may_end.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=late)
    thread.start()
    assert drawn.wait(10)
    quick = write("quick")
    assert sealing.seal_pending() == 0, "an event that is on its way has a lower id"
    may_end.set()
    thread.join(10)
    sealing.seal_pending()
    assert Event.objects.get(act="late").pk < quick.pk
    found = verify.verify(ledger.of_django(connection), lambda: anchors.read(django_settings.AUDIT_ANCHORS))
    assert found.sound, found.findings
    assert (found.events, found.unsealed) == (2, 0)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("ALTER TABLE audit_event DISABLE TRIGGER audit_event_no_change", "altered or switched off"),
        ("DROP TRIGGER audit_event_announce ON audit_event", "taken out"),
        (
            "CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'begin return null; end'",
            "altered or switched off",
        ),
        (
            "CREATE OR REPLACE TRIGGER audit_event_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event "
            "FOR EACH STATEMENT WHEN (current_user <> 'owner') EXECUTE FUNCTION audit_refuse_change()",
            "altered or switched off",
        ),
        (
            "CREATE OR REPLACE TRIGGER audit_event_no_change BEFORE UPDATE OF address OR DELETE OR TRUNCATE ON audit_event "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()",
            "altered or switched off",
        ),
        (
            "CREATE OR REPLACE TRIGGER audit_event_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_announce()",
            "altered or switched off",
        ),
        (
            "ALTER TRIGGER audit_event_no_change ON audit_event RENAME TO x; "
            "CREATE TRIGGER audit_event_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seal "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()",
            "taken out",
        ),
    ],
)
def test_a_guard_that_its_owner_weakens_is_found(sql, said):
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
        assert said in " ".join(map(str, guards.missing(ledger.of_django(connection))))
    finally:
        guards.install(connection)
        with connection.cursor() as cursor:
            cursor.execute(
                "DROP TRIGGER IF EXISTS x ON audit_event; DROP TRIGGER IF EXISTS audit_event_no_change ON audit_seal"
            )
    assert guards.missing(ledger.of_django(connection)) == []


def test_what_is_done_without_the_guards_is_found():
    for _ in range(3):
        write()
    sealing.seal_pending()
    guards.remove(connection)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_event SET detail = '{\"b\": 2}' WHERE id = (SELECT min(id) FROM audit_event)")
    guards.install(connection)
    found = verify.verify(ledger.of_django(connection), lambda: anchors.read(django_settings.AUDIT_ANCHORS))
    assert "changed" in str(found.findings[0])
