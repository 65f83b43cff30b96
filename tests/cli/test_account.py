"""``forestall account``: what the operator does to accounts, and what it refuses in one sentence."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from cli.test_serve import environment
from forestall.records.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Path:
    Store.open(tmp_path / "store", create=True)
    return tmp_path / "store"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "forestall", "account", *words]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=False)


def test_an_account_is_made_and_its_second_factor_reset(store: Path) -> None:
    made = run("--store", str(store), "make", "Ann", "--role", "administrator")
    assert re.fullmatch(r"Account Ann \(administrator\), password \S{20}\n", made.stdout), made.stderr
    with sqlite3.connect(store / "workplace.sqlite3") as database:
        database.execute(
            "insert into people_secondfactor (user_id, secret, made_at, last_step) values (1, 'x', '2026-01-01', 0)"
        )
    reset = run("--store", str(store), "reset-second-factor", "ann")
    assert reset.returncode == 0, reset.stderr
    assert "the next sign-in sets up a new one" in reset.stdout
    with sqlite3.connect(store / "workplace.sqlite3") as database:
        assert database.execute("select count(*) from people_secondfactor").fetchone() == (0,)
        acts = [row[0] for row in database.execute("select act from audit_event order by id")]
    assert acts == ["make-account", "reset-second-factor"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("reset-second-factor", "nobody"), "no account named nobody"),
        (("make", "ann", "--role", "king"), "no role king"),
        (("make", "two words", "--role", "analyst"), "one word"),
    ],
)
def test_what_it_refuses(store: Path, words: tuple[str, ...], told: str) -> None:
    refused = run("--store", str(store), *words)
    assert (refused.returncode, refused.stdout) == (2, "")
    (line,) = refused.stderr.splitlines()
    assert line.startswith("forestall account: ")
    assert told in line


def test_no_store_is_made_by_a_typing_mistake(tmp_path: Path) -> None:
    refused = run("--store", str(tmp_path / "nowhere"), "make", "ann", "--role", "analyst")
    assert refused.returncode == 2
    assert not (tmp_path / "nowhere").exists()
