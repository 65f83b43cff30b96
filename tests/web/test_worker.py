"""Real workers as processes of their own, on a database of their own: killed, stopped, several at once, beside a server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.django_db  # of their own, and of the kind that the other tests have

ROOT = Path(__file__).parent.parent.parent
LEASE = 2


class Place:
    """A store with a database of its own, what runs on it, and what its tables hold."""

    def __init__(self, store: Path, folder: Path) -> None:
        self.store, self.folder, self.running = store, folder, []
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("FORESTALL_", "DJANGO_"))}
        self.environment = {
            **kept,
            "PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), *filter(None, [kept.get("PYTHONPATH")])]),
            "PYTHONUNBUFFERED": "1",
            "FORESTALL_LEASE": str(LEASE),
            "FORESTALL_DB": str(folder / "workplace.sqlite3"),
        }
        self.database = ""
        if address := os.environ.get("FORESTALL_TEST_DATABASE_URL"):
            self.database = f"worker_{uuid.uuid4().hex[:12]}"
            self.sql(f"CREATE DATABASE {self.database}")
            self.environment["FORESTALL_DATABASE_URL"] = f"{address.rsplit('/', 1)[0]}/{self.database}"

    def sql(self, words: str) -> None:
        import psycopg

        with psycopg.connect(os.environ["FORESTALL_TEST_DATABASE_URL"], autocommit=True) as connection:
            connection.execute(words)

    def script(self, code: str) -> object:
        """Runs code with the workplace loaded; ``out`` is what it gives back."""
        head = f"import json; from forestall.web import start; start.configure({str(self.store)!r})"
        run = subprocess.run(
            [sys.executable, "-c", f"{head}\nout = None\n{code}\nprint(json.dumps(out, default=str))"],
            env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)

    def start(self, *words: str, **more: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "forestall", *words, "--store", str(self.store)], env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more,
        )  # fmt: skip
        self.running.append(process)
        return process

    def tasks(self) -> dict[str, list[object]]:
        """Name of each task -> [status, workers that took it, what it returned]; and ``held``: the leases, ``number``:
        of all tasks, ``waiting``: of those that have not ended."""
        return self.script(
            "from django_tasks_db.models import DBTaskResult; from forestall.web.work.models import Lease\n"
            "all = DBTaskResult.objects.all()\n"
            "out = {t.task_name: [t.status, len(set(t.worker_ids)), t.return_value] for t in all}\n"
            "out['held'] = [x.worker for x in Lease.objects.all()]\n"
            "out['number'], out['waiting'] = all.count(), all.filter(status__in=('READY', 'RUNNING')).count()"
        )

    def close(self) -> None:
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.communicate()
        if self.database:
            self.sql(f"DROP DATABASE {self.database} WITH (FORCE)")


@pytest.fixture
def place(made_store, tmp_path):
    made = Place(made_store, tmp_path)
    made.script("start.prepare()")
    yield made
    made.close()


def until(true: Callable[[], object], seconds: float = 30) -> object:
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
NOTICES = "from forestall.web.work.models import Notice; out = sorted(Notice.objects.values_list('key', flat=True))"


def test_a_killed_workers_task_is_done_by_others_with_each_effect_once(place, tmp_path):
    place.script(QUEUE.format(folder=str(tmp_path)))
    first = place.start("worker")
    until(lambda: (tmp_path / f"begun-{first.pid}").exists())
    first.send_signal(signal.SIGKILL)
    first.wait(10)
    left = place.tasks()
    assert left["tell_twice"][0] == "RUNNING"
    assert len(left["held"]) == 1
    assert place.script(NOTICES) == ["first"]
    # Two at once, on a day whose run nobody has queued yet.
    place.script("from forestall.web.work.models import Bookmark; Bookmark.objects.update(value='')")
    (tmp_path / "go").touch()
    place.start("worker")
    place.start("worker")
    until(lambda: len(list(tmp_path.glob("begun-*"))) == 2, 6 * LEASE + 20)
    until(lambda: place.tasks()["waiting"] == 0)
    done = place.tasks()
    assert done["tell_twice"] == ["SUCCESSFUL", 2, {"told": 2}]
    assert place.script(NOTICES) == ["first", "second"]
    assert done["nightly"][0] == done["remind"][0] == "SUCCESSFUL"
    assert done["number"] == 3, "the day's tasks are queued once, however many workers look"
    assert done["held"] == []


def test_a_worker_that_is_told_to_stop_finishes_its_task_and_says_nothing(place, tmp_path):
    place.script(QUEUE.format(folder=str(tmp_path)))
    worker = place.start("worker")
    until(lambda: list(tmp_path.glob("begun-*")))
    worker.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert worker.poll() is None
    (tmp_path / "go").touch()
    out, err = worker.communicate(timeout=10)
    assert (worker.returncode, out, err) == (0, "The worker runs (stop it with Ctrl+C)\n", "")
    assert place.tasks()["tell_twice"][0] == "SUCCESSFUL"


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
    until(lambda: place.tasks().get("nightly", [""])[0] == "SUCCESSFUL")
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
