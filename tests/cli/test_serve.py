"""``forestall serve``: what it says, and what it refuses in one sentence."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from forestall.errors import ForestallError
from forestall.records.store import Store

ROOT = Path(__file__).parent.parent.parent


def environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FORESTALL_", "DJANGO_"))}
    return {**kept, "PYTHONUNBUFFERED": "1", **more}


def refused(*words: str, **more: str) -> str:
    """Runs it, wants exit 2 and one line on standard error, and returns that line."""
    command = [sys.executable, "-m", "forestall", "serve", *words]
    run = subprocess.run(command, env=environment(**more), capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 2, run.stderr
    assert run.stdout == ""
    (line,) = run.stderr.splitlines()
    assert line.startswith("forestall serve: ")
    return line


@pytest.fixture
def store(tmp_path: Path) -> Path:
    Store.open(tmp_path / "store", create=True)
    return tmp_path / "store"


def test_it_says_where_it_is_and_how_to_make_an_account(store: Path) -> None:
    if not (ROOT / "src/forestall/web/static/vendor/govuk-frontend.css").exists():
        pytest.skip("the pages' front-end packages are not laid out: run python scripts/frontend.py")
    process = subprocess.Popen(
        [sys.executable, "-m", "forestall", "serve", "--store", str(store), "--port", "0", "--account", "Ann"],
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert re.fullmatch(r"Account Ann \(analyst\), password \S{20}\n", process.stdout.readline())
        address = re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())
        assert address
        with urllib.request.urlopen(f"{address[0]}sign-in/", timeout=10) as answer:
            assert answer.status == 200
    finally:
        process.terminate()
        process.wait(10)
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()
    assert stat.S_IMODE((store / "workplace.key").stat().st_mode) == 0o600
    assert (store / "workplace.sqlite3").exists()


def test_without_the_pages_front_end_it_says_where_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from forestall.web import start

    monkeypatch.setattr(start, "__file__", str(tmp_path / "start.py"))
    with pytest.raises(ForestallError, match=r"lacks the style sheets and scripts .* run make setup"):
        start.need_front_end()
    (tmp_path / "static" / "vendor").mkdir(parents=True)
    (tmp_path / "static" / "vendor" / "govuk-frontend.css").write_text("", encoding="utf-8")
    start.need_front_end()


def test_no_store(tmp_path: Path) -> None:
    assert "there is no store at" in refused("--store", str(tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()


def test_a_provider_of_an_organisation_that_is_not_there(store: Path, tmp_path: Path) -> None:
    if not (ROOT / "src/forestall/web/static/vendor/govuk-frontend.css").exists():
        pytest.skip("the pages' front-end packages are not laid out: run python scripts/frontend.py")
    (tmp_path / "secret").write_text("told", encoding="utf-8")
    provider = {"ISSUER": "https://id.example", "CLIENT": "c", "SECRET_FILE": str(tmp_path / "secret")}
    given = {f"FORESTALL_OIDC_{name}": value for name, value in {**provider, "ORGANISATION": "gwnet"}.items()}
    line = refused("--store", str(store), "--port", "0", **given)
    assert "FORESTALL_OIDC_ORGANISATION is 'gwnet', no organisation's slug: there are none yet" in line


def test_a_port_that_is_taken(store: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = refused("--store", str(store), "--port", str(port))
    assert f"port {port}" in line
    assert "give another with --port" in line


@pytest.mark.parametrize(
    ("option", "value"), [("--port", "99999"), ("--host", "no.such.host.invalid"), ("--host", "192.0.2.1")]
)
def test_an_address_that_is_none_of_this_machine(store: Path, option: str, value: str) -> None:
    assert "--port" in refused("--store", str(store), option, value)


def test_a_role_that_is_none(store: Path) -> None:
    assert "there is no role king" in refused("--store", str(store), "--port", "0", "--account", "ann", "--role", "king")


def test_a_database_that_is_none(store: Path, tmp_path: Path) -> None:
    (tmp_path / "other.sqlite3").write_text("this is a letter, not a database" * 50)
    assert "cannot be opened" in refused("--store", str(store), "--port", "0", "--db", str(tmp_path / "other.sqlite3"))


def test_a_database_that_cannot_be_written(store: Path, tmp_path: Path) -> None:
    """Up to date, so that nothing has to be migrated, and in another's hands for good."""
    code = (
        "import sys; from forestall.web import environment, start; from forestall.cli import main\n"
        "made = environment.database\n"
        "def hasty(*a):\n    got = made(*a); got['OPTIONS']['timeout'] = 0.1; return got\n"
        "environment.database = hasty; start.serve = lambda _: None; sys.exit(main(sys.argv[1:]))"
    )
    base = tmp_path / "w.sqlite3"
    start = [sys.executable, "-c", code, "serve", "--store", str(store), "--port", "0", "--db", str(base)]
    if not (ROOT / "src/forestall/web/static/vendor/govuk-frontend.css").exists():
        pytest.skip("the pages' front-end packages are not laid out: run python scripts/frontend.py")
    assert subprocess.run(start, env=environment(), capture_output=True, check=False).returncode == 0
    held = sqlite3.connect(base, isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    try:
        run = subprocess.run(start, env=environment(), capture_output=True, text=True, check=False)
    finally:
        held.close()
    assert run.returncode == 2
    assert re.fullmatch(r"forestall serve: the workplace's database .* cannot be opened \(.*locked\).*--db.*\n", run.stderr)


def test_postgresql_without_its_driver_or_without_a_server(store: Path) -> None:
    line = refused("--store", str(store), "--port", "0", FORESTALL_DATABASE_URL="postgresql://x:y@127.0.0.1:1/z")
    assert "install psycopg" in line or "cannot be opened" in line


def test_a_database_address_that_is_none(store: Path) -> None:
    line = refused("--store", str(store), "--port", "0", FORESTALL_DATABASE_URL="mysql://x/y")
    assert "postgresql://user:password@host:5432/name" in line
