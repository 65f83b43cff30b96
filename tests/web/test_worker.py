"""Real workers as processes of their own, on a database of their own: killed, stopped, several at once, beside a server."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

pytestmark = pytest.mark.django_db  # of their own, and of the kind that the other tests have

ROOT = Path(__file__).parent.parent.parent
LEASE = 2
#: The PostgreSQL on which they run, where they do not run on SQLite.
CLUSTER = os.environ.get("FORESTALL_TEST_DATABASE_URL", "")


class Place:
    """A store with a database of its own, what runs on it, and what its tables hold. ``like``: a place whose database it
    begins with."""

    def __init__(self, store: Path, folder: Path, like: Place | None = None) -> None:
        self.store, self.folder, self.running = store, folder, []
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("FORESTALL_", "DJANGO_"))}
        self.file, self.database = folder / "workplace.sqlite3", ""
        self.environment = {
            **kept,
            "PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), *filter(None, [kept.get("PYTHONPATH")])]),
            "PYTHONUNBUFFERED": "1",
            "FORESTALL_LEASE": str(LEASE),
            "FORESTALL_DB": str(self.file),
        }
        if CLUSTER:
            self.database = f"worker_{uuid.uuid4().hex[:12]}"
            self.address = f"{CLUSTER.rsplit('/', 1)[0]}/{self.database}"
            _psql(CLUSTER, f"CREATE DATABASE {self.database} TEMPLATE {like.database if like else 'template1'}")
            self.environment["FORESTALL_DATABASE_URL"] = self.address
        elif like:
            shutil.copy(like.file, self.file)

    def rows(self, words: str) -> list[tuple]:
        """What a query finds; nothing of a change."""
        if CLUSTER:
            return _psql(self.address, words)
        with closing(sqlite3.connect(self.file, timeout=20)) as connection, connection:
            return connection.execute(words).fetchall()

    def script(self, code: str) -> None:
        """Runs code with the workplace loaded."""
        head = f"from forestall.web import start; start.configure({str(self.store)!r})"
        run = subprocess.run(
            [sys.executable, "-c", f"{head}\n{code}"], env=self.environment, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr

    def start(self, *words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "forestall", *words, "--store", str(self.store)], env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.running.append(process)
        return process

    def tasks(self) -> dict[str, tuple[str, int]]:
        """Name of each task -> its state, and how many workers took it."""
        found = self.rows("SELECT task_path, status, worker_ids FROM django_tasks_database_dbtaskresult")
        return {p.rsplit(".")[-1]: (s, len(json.loads(w) if isinstance(w, str) else w)) for p, s, w in found}

    def number(self, table: str) -> int:
        return self.rows(f"SELECT count(*) FROM {table}")[0][0]

    def notices(self) -> list[str]:
        return sorted(key for (key,) in self.rows("SELECT key FROM work_notice"))

    def close(self) -> None:
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.communicate()
        if self.database:
            _psql(CLUSTER, f"DROP DATABASE {self.database} WITH (FORCE)")


def _psql(address: str, words: str) -> list[tuple]:
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        cursor = connection.execute(words)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def prepared(made_store, tmp_path_factory):
    """A place whose tables are made, for the others to begin with."""
    made = Place(made_store, tmp_path_factory.mktemp("prepared"))
    made.script("start.prepare()")
    yield made
    made.close()


@pytest.fixture
def place(prepared, tmp_path):
    made = Place(prepared.store, tmp_path, like=prepared)
    yield made
    made.close()


def until(true: Callable[[], object], seconds: float = 60) -> object:
    """Waits for something to be true, and returns it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


def alive(pid: int) -> bool:
    """Whether a process works still: one that has ended and that nobody asked after counts as gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


QUEUE = """
from forestall.web.people.models import User
from forestall.web.work import bookmarks, schedule
from django.db import transaction
from web import halfway
with transaction.atomic():
    for name in schedule.DAILY:
        bookmarks.move(name, "9999-01-01")
User.objects.create(username="ann")
halfway.tell_twice.enqueue("ann", {folder!r})
"""


def test_a_killed_workers_task_is_done_by_others_with_each_effect_once(place, tmp_path):
    place.script(QUEUE.format(folder=str(tmp_path)))
    first = place.start("worker")
    until(lambda: (tmp_path / f"begun-{first.pid}").exists())
    first.send_signal(signal.SIGKILL)
    first.wait(10)
    assert place.tasks() == {"tell_twice": ("RUNNING", 1)}
    assert place.number("work_lease") == 1
    assert place.notices() == ["first"]
    # Two at once, on a day whose run nobody has queued yet.
    place.rows("UPDATE work_bookmark SET value = ''")
    (tmp_path / "go").touch()
    place.start("worker")
    place.start("worker")
    until(lambda: len(list(tmp_path.glob("begun-*"))) == 2)
    until(lambda: len(place.tasks()) == 3 and {s for s, _ in place.tasks().values()} == {"SUCCESSFUL"})
    assert place.tasks() == {"tell_twice": ("SUCCESSFUL", 2), "nightly": ("SUCCESSFUL", 1), "remind": ("SUCCESSFUL", 1)}
    assert place.notices() == ["first", "second"]
    assert place.number("django_tasks_database_dbtaskresult") == 3, "the day is queued once, however many workers look"
    assert place.number("work_lease") == 0


def test_a_worker_that_is_told_to_stop_finishes_its_task_and_says_nothing(place, tmp_path):
    place.script(QUEUE.format(folder=str(tmp_path)))
    worker = place.start("worker")
    until(lambda: list(tmp_path.glob("begun-*")))
    worker.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert worker.poll() is None
    (tmp_path / "go").touch()
    out, err = worker.communicate(timeout=30)
    assert (worker.returncode, out, err) == (0, "The worker runs (stop it with Ctrl+C)\n", "")
    assert place.tasks() == {"tell_twice": ("SUCCESSFUL", 1)}


def test_a_server_takes_its_worker_along_even_when_it_is_killed(place):
    if not (ROOT / "src/forestall/web/static/vendor/govuk-frontend.css").exists():
        pytest.skip("the pages' front-end packages are not laid out: run python scripts/frontend.py")
    server = place.start("serve", "--port", "0")
    lines = [server.stdout.readline(), server.stdout.readline()]
    address = lines[1].split(" at ")[1].split(" ")[0]
    with urllib.request.urlopen(f"{address}sign-in/", timeout=20) as answer:
        assert answer.status == 200
    (child,) = until(lambda: _children(server.pid))
    assert "worker" in Path(f"/proc/{child}/cmdline").read_text().split("\0")
    until(lambda: place.tasks().get("nightly") == ("SUCCESSFUL", 1))
    server.send_signal(signal.SIGKILL)
    server.wait(10)
    until(lambda: not alive(child), 15)


def test_a_server_without_a_worker(place):
    if not (ROOT / "src/forestall/web/static/vendor/govuk-frontend.css").exists():
        pytest.skip("the pages' front-end packages are not laid out: run python scripts/frontend.py")
    server = place.start("serve", "--port", "0", "--no-worker")
    server.stdout.readline()
    address = server.stdout.readline().split(" at ")[1].split(" ")[0]
    with urllib.request.urlopen(f"{address}sign-in/", timeout=20) as answer:
        assert answer.status == 200
    assert _children(server.pid) == []
    server.send_signal(signal.SIGINT)
    assert server.wait(10) == 0


def _children(pid: int) -> list[int]:
    if not Path("/proc/self/stat").exists():
        pytest.skip("no /proc here: the children of a process are not known")
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(n) for path in tasks for n in path.read_text().split()]


def test_a_server_told_to_stop_while_it_makes_ready_stops_cleanly(place):
    """Compiled code under way in the background must not abort the process: from the first moment to the last."""
    for wait in (0.0, 0.4, 0.8, 1.6):
        server = place.start("serve", "--port", "0", "--no-worker")
        server.stdout.readline()
        server.stdout.readline()
        time.sleep(wait)
        server.send_signal(signal.SIGINT)
        assert server.wait(20) in (0, 130), wait
