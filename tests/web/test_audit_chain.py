"""The chain, its anchors and the guards: what is done to a copy of the database behind the workplace's back is found."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forestall.web.audit import anchors, chain, guards, ledger, verify
from forestall.web.audit.models import Event, Operation
from forestall.web.audit.trail import Trail

#: Writes events as the workplace does. ``seal``: whether the last of them are sealed too.
WRITE = """
import sys
from pathlib import Path
from forestall.web import start
start.configure(Path(sys.argv[1])); start.prepare()
from django.db import transaction
from forestall.web.audit import anchors, sealing
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
{before}
for i in range({events}):
    with transaction.atomic():
        Trail.operator().record(Operation.CONSULTATION, "read-signal", f"signal:{{i:04}}", {{"b": i, "a": "Llŷn"}})
        if i % 5 == 0:
            Trail.operator().record(Operation.DISCLOSURE, "export-signals", to="Cyngor Sampl")
{after}
"""
SEAL = "sealing.seal_pending()"


def write(store: Path, *, events: int, before: str = "", after: str = "", wait: bool = True) -> subprocess.Popen:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FORESTALL_", "DJANGO_"))}
    code = WRITE.format(events=events, before=before, after=after)
    process = subprocess.Popen([sys.executable, "-c", code, str(store)], env=kept, stderr=subprocess.PIPE, text=True)
    if wait:
        _, said = process.communicate(timeout=60)
        assert process.returncode in (0, -signal.SIGKILL), said
    return process


def check(folder: Path) -> verify.Verification:
    with ledger.of_file(folder / "workplace.sqlite3") as book:
        return verify.verify(book, lambda: anchors.read(folder / "audit-anchors.jsonl"))


def words(found: verify.Verification) -> str:
    return "; ".join(map(str, found.findings))


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """Seals over events of several batches, and six events that no seal covers."""
    store = tmp_path_factory.mktemp("log")
    rule = "from forestall.catalogue import audit as policy; policy.sealing = lambda: policy.Sealing(20, 60)\n"
    rule += "sealing.policy = policy"
    write(store, events=120, before=rule, after=SEAL)
    write(store, events=5, before="sealing.seal_pending = lambda: None")
    found = check(store)
    assert found.sound, words(found)
    assert found.seals >= 6
    assert (found.events, found.unsealed) == (144, 6)
    return store


@pytest.fixture
def copy(original, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(original, folder)
    return folder


class behind:  # noqa: N801
    """The file opened as somebody opens it who is not the workplace; the guards are taken away and put back."""

    def __init__(self, folder: Path, *, guarded: bool = False) -> None:
        self.folder, self.guarded = folder, guarded

    def __enter__(self) -> sqlite3.Connection:
        self.db = sqlite3.connect(self.folder / "workplace.sqlite3", isolation_level=None)
        if not self.guarded:
            for name in guards.statements("sqlite"):
                self.db.execute(f"DROP TRIGGER {name}")
        return self.db

    def __exit__(self, *problem) -> None:
        if not self.guarded:
            for statement in guards.statements("sqlite").values():
                self.db.execute(statement)
        self.db.close()


#: name -> SQL as somebody runs it, and a word of what is found.
TAMPERINGS = {
    "who": ("UPDATE audit_event SET actor_name = 'somebody' WHERE id = 30", "changed"),
    "whose account": ("UPDATE audit_event SET actor_id = 7 WHERE id = 30", "changed"),
    "when": ("UPDATE audit_event SET at = datetime(at, '-1 day') WHERE id = 30", "changed"),
    "what": ("UPDATE audit_event SET act = 'sign-in' WHERE id = 30", "changed"),
    "operation": ("UPDATE audit_event SET operation = 'access' WHERE id = 30", "changed"),
    "record": ("UPDATE audit_event SET record = '' WHERE id = 30", "changed"),
    "to whom": ("UPDATE audit_event SET recipient = '' WHERE act = 'export-signals'", "changed"),
    "why": ("UPDATE audit_event SET reason = 'ordered' WHERE id = 30", "changed"),
    "from where": ("UPDATE audit_event SET address = '10.0.0.1' WHERE id = 30", "changed"),
    "detail": ("UPDATE audit_event SET detail = '{}' WHERE id = 30", "changed"),
    "the same detail by another hand": (
        "UPDATE audit_event SET detail = replace(detail, ': ', ':') WHERE id = 29",
        "changed",
    ),
    "a row goes": ("DELETE FROM audit_event WHERE id = 30", "1 event was taken out"),
    "rows go": ("DELETE FROM audit_event WHERE id BETWEEN 30 AND 35", "taken out"),
    "the first goes": ("DELETE FROM audit_event WHERE id = 1", "taken out"),
    "all go": ("DELETE FROM audit_event", "taken out"),
    "a row comes": (
        "DELETE FROM audit_event WHERE id = 30; INSERT INTO audit_event SELECT 30, at, actor_name, operation, act, detail, "
        "address, actor_id, reason, recipient, record FROM audit_event WHERE id = 31",
        "changed",
    ),
    "a row before the first": (
        "INSERT INTO audit_event SELECT -5, at, actor_name, operation, act, detail, address, actor_id, reason, recipient, "
        "record FROM audit_event WHERE id = 31",
        "never given",
    ),
    "two rows change places": (
        "UPDATE audit_event SET id = -1 WHERE id = 30; UPDATE audit_event SET id = 30 WHERE id = 31; "
        "UPDATE audit_event SET id = 31 WHERE id = -1",
        "changed",
    ),
    "a seal's hash": ("UPDATE audit_seal SET hash = replace(hash, substr(hash, 1, 1), 'x') WHERE number = 3", "changed"),
    "a seal's moment": ("UPDATE audit_seal SET at = '2020-01-01 00:00:00' WHERE number = 3", "changed"),
    "a seal's end": ('UPDATE audit_seal SET "last" = "last" - 1 WHERE number = 3', "seal 3"),
    "a seal's count": ('UPDATE audit_seal SET "count" = 7 WHERE number = 3', "seal 3"),
    "a seal goes": ("DELETE FROM audit_seal WHERE number = 3", "seal 3 is missing"),
    "the last seal goes": (
        "DELETE FROM audit_seal WHERE number = (SELECT max(number) FROM audit_seal)",
        "the anchors know",
    ),
    "the end is cut off": (
        'DELETE FROM audit_event WHERE id > (SELECT "last" FROM audit_seal WHERE number = 4); '
        "DELETE FROM audit_seal WHERE number > 4; DELETE FROM audit_anchor WHERE seal_id > 4; "
        "UPDATE sqlite_sequence SET seq = (SELECT max(id) FROM audit_event) WHERE name = 'audit_event'",
        "the anchors know",
    ),
    "everything is emptied": (
        "DELETE FROM audit_event; DELETE FROM audit_seal; DELETE FROM audit_anchor; DELETE FROM sqlite_sequence",
        "the anchors know",
    ),
    "an unsealed row goes": ("DELETE FROM audit_event WHERE id = 148", "taken out before"),
    "the unsealed end goes": ("DELETE FROM audit_event WHERE id > 147", "taken out before"),
    "the list of anchored seals": ("DELETE FROM audit_anchor WHERE seal_id = 2", "list of anchored seals"),
    "the count of ids": ("UPDATE sqlite_sequence SET seq = 3 WHERE name = 'audit_event'", "count of the ids"),
    "a word for a number": ("UPDATE audit_seal SET \"last\" = 'x' WHERE number = 3", "seal"),
    "bytes for a word": ("UPDATE audit_event SET act = x'ff00' WHERE id = 30", "changed"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_found(copy, name):
    sql, expected = TAMPERINGS[name]
    with behind(copy) as db:
        db.executescript(sql)
    found = check(copy)
    assert not found.sound
    assert expected in words(found)


def test_a_guard_that_is_taken_away_or_made_harmless_is_found(copy):
    with behind(copy, guarded=True) as db:
        db.execute("DROP TRIGGER audit_event_no_update")
    assert words(check(copy)) == "the guard audit_event_no_update was taken out of the database"
    with behind(copy, guarded=True) as db:
        db.execute("CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event BEGIN SELECT 1; END")
    assert words(check(copy)) == "the guard audit_event_no_update was altered or switched off"


def test_a_chain_that_is_made_anew_after_a_change_differs_from_the_anchors(copy):
    """Who knows the program can make the chain whole again, and not the file that lies elsewhere."""
    with behind(copy) as db:
        db.execute("UPDATE audit_event SET actor_name = 'somebody else' WHERE id = 30")
        db.commit()
        with ledger.of_file(copy / "workplace.sqlite3") as book:
            before, last = chain.NOTHING, 0
            for seal in list(book.seals()):
                events = map(chain.canonical, list(book.events(last, seal.last)))
                before = chain.link(
                    before,
                    number=seal.number,
                    first=seal.first,
                    last=seal.last,
                    count=seal.count,
                    at=seal.at,
                    events=events,
                )
                last = seal.last
                db.execute("UPDATE audit_seal SET hash = ? WHERE number = ?", (before, seal.number))
    found = check(copy)
    assert not found.sound
    assert all("of the anchors says otherwise" in str(m) for m in found.findings)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda lines: lines[:-1], "not in the anchors"),
        (lambda lines: lines[2:], "not in the anchors"),
        (lambda _: [], "not in the anchors"),
        (lambda lines: [*lines[:2], lines[2].replace('"count":', '"count":1'), *lines[3:]], "says otherwise"),
        (lambda lines: [*lines[:2], "rubbish", *lines[2:]], "line 3 of the anchors cannot be read"),
        (lambda lines: [*lines[:2], lines[2][:40], *lines[3:]], "line 3 of the anchors cannot be read"),
        (lambda lines: [*lines, lines[-1].replace('"number":', '"number":9')], "the anchors know"),
    ],
    ids=["cut at the end", "cut at the start", "emptied", "edited", "rubbish", "half a line", "a seal too many"],
)
def test_a_change_of_the_anchors_is_found(copy, change, expected):
    path = copy / "audit-anchors.jsonl"
    lines = change(path.read_text(encoding="ascii").splitlines())
    path.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    assert expected in words(check(copy))
    path.unlink()
    assert "not in the anchors" in words(check(copy))


COLUMN = st.sampled_from([c for c in chain.COLUMNS if c != "id"])
SEALED = st.integers(1, 144)
HOSTILE = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_tampering_with_sealed_events_and_seals_is_found(original, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("tampered")
    for path in original.iterdir():
        if path.name.startswith(("workplace.sqlite3", "audit-")):
            shutil.copy(path, folder)
    act = data.draw(st.sampled_from(["change", "delete", "move", "copy", "seal", "cut"]))
    with behind(folder) as db:

        def dump():
            tables = (("audit_event", "id"), ("audit_seal", "number"))
            return [list(db.execute(f"SELECT * FROM {table} ORDER BY {key}")) for table, key in tables]

        before = dump()
        row = data.draw(SEALED)
        if act == "change":
            column = data.draw(COLUMN)
            value = json.dumps({"x": data.draw(HOSTILE)}) if column == "detail" else data.draw(HOSTILE)
            db.execute("PRAGMA foreign_keys=OFF")
            db.execute(f"UPDATE audit_event SET {column} = ? WHERE id = ?", (value, row))
        elif act == "delete":
            db.execute("DELETE FROM audit_event WHERE id BETWEEN ? AND ?", (row, row + data.draw(st.integers(0, 30))))
        elif act == "move":
            db.execute("UPDATE audit_event SET id = ? WHERE id = ?", (data.draw(st.integers(-9, 0)), row))
            db.execute("UPDATE OR IGNORE audit_event SET id = ? WHERE id = ?", (row, data.draw(SEALED)))
        elif act == "copy":
            columns = "at, actor_name, operation, act, detail, address, actor_id, reason, recipient, record"
            db.execute(
                f"INSERT OR REPLACE INTO audit_event (id, {columns}) SELECT ?, {columns} FROM audit_event WHERE id = ?",
                (data.draw(st.integers(-3, 144)), row),
            )
        elif act == "seal":
            column = data.draw(st.sampled_from(["first", "last", "count", "number"]))
            db.execute(
                f'UPDATE OR IGNORE audit_seal SET "{column}" = ? WHERE number = ?', (data.draw(st.integers(-3, 200)), 3)
            )
        else:
            last = data.draw(st.integers(0, 5))
            db.execute(
                'DELETE FROM audit_event WHERE id > coalesce((SELECT "last" FROM audit_seal WHERE number = ?), 0)', (last,)
            )
            db.execute("DELETE FROM audit_seal WHERE number > ?", (last,))
            db.execute("DELETE FROM audit_anchor WHERE seal_id > ?", (last,))
        altered = dump() != before
    assert check(folder).sound is not altered
    shutil.rmtree(folder)


# Processes that are killed, and several at once.


def test_a_process_that_is_killed_before_it_seals_leaves_a_tail_that_the_next_seal_takes(tmp_path):
    die = "import os\ndef die(): os.kill(os.getpid(), 9)\nsealing.seal_pending = die"
    assert write(tmp_path, events=3, before=die).returncode == -signal.SIGKILL
    found = check(tmp_path)
    assert found.sound
    assert (found.seals, found.unsealed) == (0, 2)
    assert "2 events are not sealed yet" in str(found.notes[0])
    write(tmp_path, events=0, after=SEAL)
    found = check(tmp_path)
    assert found.sound
    assert (found.events, found.unsealed, found.notes) == (2, 0, [])


def test_a_process_that_is_killed_while_it_anchors_leaves_a_line_that_is_written_again(tmp_path):
    write(tmp_path, events=1, after=SEAL)
    die = """
import os
def die(path, seals):
    with open(path, "a") as f: f.write('{"number":2,"fir')
    os.kill(os.getpid(), 9)
anchors.add = die
"""
    assert write(tmp_path, events=3, before=die).returncode == -signal.SIGKILL
    found = check(tmp_path)
    assert found.sound, words(found)
    assert {str(n) for n in found.notes} >= {
        "1 seal is not anchored yet",
        "the last line of the anchors was not written whole",
    }
    write(tmp_path, events=1, after=SEAL)
    found = check(tmp_path)
    assert found.sound, words(found)
    assert found.notes == []


def test_a_process_that_is_killed_between_two_lines_of_anchors_leaves_no_alarm(copy):
    """Several seals wait; the process dies in the second line, and the next one begins again with the first."""
    path = copy / "audit-anchors.jsonl"
    lines = path.read_text(encoding="ascii").splitlines()
    torn = [*lines[:3], lines[3][:25], *lines[2:]]
    path.write_text("".join(f"{line}\n" for line in torn), encoding="ascii")
    found = check(copy)
    assert found.sound, words(found)
    path.write_text("".join(f"{line}\n" for line in [*lines, lines[3][:25]]), encoding="ascii")
    assert "cannot be read" in words(check(copy)), "nothing after it says it whole"


def test_a_seal_of_a_whole_second_raises_no_alarm(tmp_path):
    whole = "sealing.timezone = SimpleNamespace(now=lambda: dt.datetime(2026, 11, 23, 2, 16, tzinfo=dt.UTC))"
    write(tmp_path, events=3, before=f"import datetime as dt\nfrom types import SimpleNamespace\n{whole}", after=SEAL)
    found = check(tmp_path)
    assert found.sound, words(found)
    assert found.sealed_until == "2026-11-23 02:16:00.000000"


def test_events_that_are_written_during_the_check_raise_no_alarm(copy):
    """One more event between any two readings of the check."""
    with sqlite3.connect(copy / "workplace.sqlite3", isolation_level=None) as db:

        def execute(sql, parameters):
            rows = db.execute(sql.replace("%s", "?"), parameters).fetchall()
            columns = "at, actor_name, operation, act, detail, address, actor_id, reason, recipient, record"
            db.execute(f"INSERT INTO audit_event ({columns}) SELECT {columns} FROM audit_event WHERE id = 31")
            return rows

        found = verify.verify(ledger.Ledger(execute, "sqlite"), lambda: anchors.read(copy / "audit-anchors.jsonl"))
    db.close()
    assert found.sound, words(found)
    assert found.unsealed > 6


def test_whoever_seals_the_process_begins_to_count_anew(tmp_path):
    """The server's own thread seals every few seconds; the next act has not to seal again."""
    after = f"sealing._waiting.events, sealing._waiting.sealed_at = 10_000, 0\n{SEAL}\nassert not sealing._waiting.due()"
    write(tmp_path, events=1, after=after)


def test_processes_that_write_and_seal_at_once_make_one_chain(tmp_path):
    write(tmp_path, events=1)
    eager = "from forestall.catalogue import audit as policy\nsealing._waiting.due = lambda: True"
    several = [write(tmp_path, events=60, before=eager, wait=False) for _ in range(3)]
    for process in several:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    write(tmp_path, events=0, after=SEAL)
    found = check(tmp_path)
    assert found.sound, words(found)
    assert (found.events, found.unsealed, found.notes) == (2 + 3 * 72, 0, [])


def test_anchors_that_cannot_be_written_wait_and_stop_nobody(tmp_path):
    (tmp_path / "audit-anchors.jsonl").mkdir()
    write(tmp_path, events=2, after=SEAL)
    (tmp_path / "audit-anchors.jsonl").rmdir()
    found = check(tmp_path)
    assert found.sound
    assert "not anchored yet" in str(found.notes[0])
    write(tmp_path, events=0, after=SEAL)
    assert check(tmp_path).notes == []


# The guards on the workplace's own connection.

REFUSED = (
    "UPDATE audit_event SET act = 'x'",
    "UPDATE OR IGNORE audit_event SET act = 'x'",
    "UPDATE OR REPLACE audit_event SET act = 'x'",
    "DELETE FROM audit_event",
    "DELETE FROM audit_event WHERE id = {id}",
    "REPLACE INTO audit_event SELECT * FROM audit_event",
    "INSERT OR REPLACE INTO audit_event SELECT * FROM audit_event WHERE id = {id}",
    "INSERT INTO audit_event SELECT * FROM audit_event WHERE id = {id} ON CONFLICT (id) DO UPDATE SET act = 'x'",
)


@pytest.mark.django_db
@pytest.mark.parametrize("sql", REFUSED)
def test_our_own_connection_refuses_to_change_the_log(sql):
    if connection.vendor != "sqlite" and (" OR " in sql or sql.startswith("REPLACE")):
        pytest.skip(f"{connection.vendor} has no such statement")
    with transaction.atomic():
        event = Trail.operator().record(Operation.ACCESS, "test")
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.format(id=event.pk))
    assert list(Event.objects.values_list("pk", "act")) == [(event.pk, "test")]


@pytest.mark.django_db
def test_all_migrations_leave_the_guards_in_place():
    assert guards.missing(ledger.of_django(connection)) == []


def test_text_that_is_no_json_and_halves_of_letters_have_a_canonical_form():
    row = [1, "2026-11-24 10:00:00", None, "a", "access", "x", "", "", "", '{"b": 1, "a": 2}', ""]
    same = [*row[:9], '{"a":2,"b":1}', ""]
    same[1] = "2026-11-24 10:00:00.000000"
    assert chain.canonical(row) == chain.canonical(same)
    for detail in ("{", None, b"\xff", "\udcff"):
        assert chain.canonical([*row[:9], detail, ""]) != chain.canonical(row)
