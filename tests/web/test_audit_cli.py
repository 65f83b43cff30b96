"""``forestall audit`` and ``forestall database`` as somebody types them."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import subprocess
import sys

import pytest

from web.test_audit_chain import SEAL, write


@pytest.fixture
def store(tmp_path):
    folder = tmp_path / "a store"
    folder.mkdir()
    write(folder, events=12, after=SEAL)
    return folder


def run(*words, **env):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FORESTALL_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-m", "forestall", *map(str, words)],
        env={**kept, **env},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_verify_says_that_all_is_well_and_changes_nothing(store):
    before = {p.name: p.read_bytes() for p in store.iterdir()}
    done = run("audit", "verify", "--store", store)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "No sign of tampering."
    assert done.stdout.startswith("15 events under 2 seals")
    after = {p.name: p.read_bytes() for p in store.iterdir() if not p.name.endswith(("-wal", "-shm"))}
    assert {k: v for k, v in before.items() if k in after} == after


def test_verify_lists_what_it_found_and_ends_with_1(store):
    db = sqlite3.connect(store / "workplace.sqlite3", isolation_level=None)
    db.execute("DROP TRIGGER audit_event_no_update")
    db.execute("UPDATE audit_event SET actor_name = 'x' WHERE id = 5")
    db.close()
    done = run("audit", "verify", "--store", store)
    assert done.returncode == 1
    assert "The log was tampered with:" in done.stdout
    assert "  - the guard audit_event_no_update was taken out of the database" in done.stdout
    assert "  - seal 2 (events 3 to 15): an event, their order or the seal itself was changed" in done.stdout
    done = run("audit", "verify", "--store", store, "--format", "json")
    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert (said["sound"], said["events"], len(said["findings"])) == (False, 15, 2)


def test_verify_holds_a_copy_against_the_anchors_that_are_named(store, tmp_path):
    copy = tmp_path / "copy.sqlite3"
    with sqlite3.connect(store / "workplace.sqlite3") as original, sqlite3.connect(copy) as to:
        original.backup(to)
    anchors = store / "audit-anchors.jsonl"
    assert run("audit", "verify", "--store", store, "--db", copy, "--anchors", anchors).returncode == 0
    alone = run("audit", "verify", "--store", store, "--db", copy)
    assert alone.returncode == 1
    assert "not in the anchors" in alone.stdout
    elsewhere = run("audit", "verify", "--store", store, "--db", copy, FORESTALL_AUDIT_ANCHORS=str(anchors))
    assert elsewhere.returncode == 0
    assert not copy.with_suffix(".key").exists(), "nothing is written beside what is checked"


def test_a_check_can_be_recorded(store):
    assert run("audit", "verify", "--store", store, "--record").returncode == 0
    done = run("audit", "export", "--store", store, "--to", "x", "--act", "verify-log")
    (event,) = map(json.loads, done.stdout.splitlines())
    assert event["detail"]["sound"] is True


def test_the_log_is_taken_away_and_that_is_in_it(store, tmp_path):
    out = tmp_path / "log.csv"
    words = (
        "audit",
        "export",
        "--store",
        store,
        "--to",
        "The Information Commissioner",
        "--reason",
        "Request 12",
        "--format",
        "csv",
    )
    assert run(*words, "--out", out).returncode == 0
    with out.open(encoding="utf-8-sig", newline="") as f:
        rows = list(csv.DictReader(f))
    assert len(rows) == 16
    newest = rows[0]
    assert (newest["act"], newest["operation"], newest["recipient"]) == (
        "export-log",
        "disclosure",
        "The Information Commissioner",
    )
    assert newest["reason"] == "Request 12"
    assert rows[1]["detail"] == '{"b": 11, "a": "Llŷn"}'
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == ["log.csv"]
    few = run("audit", "export", "--store", store, "--to", "x", "--of-record", "signal:0003")
    assert [json.loads(line)["act"] for line in few.stdout.splitlines()] == ["export-log", "read-signal"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("verify", "--store", "nowhere"), "there is no database"),
        (("verify", "--store", "{store}", "--anchors", "nowhere"), "there is no file of anchors"),
        (("verify", "--store", "{store}", "--db", "{store}/workplace.key"), "cannot be read as a SQLite database"),
        (("seal", "--store", "nowhere"), "there is no database"),
        (("export", "--store", "{store}", "--to", " "), "logged with who receives it"),
        (("export", "--store", "{store}", "--to", "x", "--operation", "theft"), "there is no operation theft"),
        (("export", "--store", "{store}", "--to", "x", "--since", "monday"), "is no date"),
    ],
)
def test_what_can_be_mended_is_said_in_a_sentence(store, words, said):
    done = run("audit", *(w.format(store=store) for w in words))
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_database_without_the_log_is_no_workplaces(tmp_path):
    other = tmp_path / "other.sqlite3"
    sqlite3.connect(other).execute("CREATE TABLE t (a)").connection.close()
    done = run("audit", "verify", "--store", tmp_path, "--db", other)
    assert (done.returncode, "has no sealed log" in done.stderr) == (2, True)


def test_roles_are_for_postgresql(store):
    done = run("database", "roles", "--store", store)
    assert done.returncode == 2
    assert "roles are for a PostgreSQL database" in done.stderr


def test_a_lone_damaged_page_is_found_and_no_accident(store):
    path = store / "workplace.sqlite3"
    db = sqlite3.connect(path)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    root = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'audit_event'").fetchone()[0]
    db.close()
    with path.open("r+b") as f:
        f.seek((root - 1) * 4096)
        f.write(b"\xff" * 200)
    done = run("audit", "verify", "--store", store)
    assert done.returncode == 1
    assert "cannot be read" in done.stdout
