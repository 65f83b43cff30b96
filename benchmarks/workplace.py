"""How fast the pages of the workplace are when it is full: 43 forces, 20,000 plans, 300,000 tasks, 5 million logged acts.

    python benchmarks/workplace.py [--scale 1] [--seconds 120] [--on postgresql] [--store DIR] [--write]

Fills a database, starts the real server on it, signs people of several roles in and sends a mixed journey at 20 requests a
second, whether or not the answers keep up. Beside it, in the same run, a bare Django page answers: a row of SQLite through
Django's usual middleware and one of its templates, in a process and server of its own. What is held against the bounds is
the time from when the server hands a request to the workplace until the answer is ready, by the clock; the processor's time
is that of the thread which answers, without the database's own process.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import queue
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))
PAGE = ROOT / "docs" / "benchmarks" / "workplace.md"
RATE, MEDIAN, TAIL = 20.0, 150.0, 400.0
DATABASES = ("postgresql", "sqlite")
#: One of the bare page to as many of the journey.
BARE_EVERY = 10


class Timed:
    """A WSGI application whose answers carry how long they took, by the clock and by the thread's processor time."""

    def __init__(self, application: Callable[..., Any]) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        said: list[tuple[str, list[tuple[str, str]]]] = []
        clock, busy = time.perf_counter(), time.thread_time()
        body = self.application(environ, lambda status, headers, *_: said.append((status, headers)))
        wall, spent = 1000 * (time.perf_counter() - clock), 1000 * (time.thread_time() - busy)
        status, headers = said[0]
        start_response(status, [*headers, ("Server-Timing", f"app;dur={wall:.3f}, cpu;dur={spent:.3f}")])
        return body


# The processes


def fill(store: Path, database: Path | None, scale: float) -> None:
    """Makes and fills a database, as a process of its own; says as JSON who signs in."""
    from forestall.web import start

    start.configure(store, database)
    start.prepare()
    import bench_workplace
    from forestall.web.signals.pinned import pinned

    made = bench_workplace.fill(bench_workplace.Size().scaled(scale), pinned())
    print(json.dumps({**asdict(made), "password": bench_workplace.PASSWORD}))


def serve(store: Path, database: Path | None) -> None:
    """The workplace as ``forestall serve`` serves it, with timed answers."""
    from forestall.web import start

    start.configure(store, database)
    start.prepare()
    from forestall.web import wsgi

    wsgi.application = Timed(wsgi.application)
    start.serve(_listener())


def serve_bare(folder: Path) -> None:
    """A Django page without anything of ours."""
    import django
    import waitress
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler

    settings.configure(
        SECRET_KEY="of a page that says hello",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "bare.sqlite3"}},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {}}],
    )
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    waitress.serve(Timed(WSGIHandler()), sockets=[_listener()], threads=8)


class _BareAddresses:
    """``urlpatterns`` of the bare page, made when Django asks for them."""

    def __iter__(self) -> Iterator[Any]:
        from django.http import HttpResponse
        from django.template import engines
        from django.urls import path

        def page(request: Any) -> HttpResponse:
            from django.contrib.contenttypes.models import ContentType

            template = engines["django"].from_string("<!doctype html><title>{{ row }}</title><h1>{{ row }}</h1>")
            return HttpResponse(template.render({"row": ContentType.objects.order_by("pk").first()}, request))

        yield path("", page)

    def __reversed__(self) -> Iterator[Any]:
        return iter(list(self))


urlpatterns = _BareAddresses()


def _listener() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    print(listener.getsockname()[1], flush=True)
    return listener


@contextlib.contextmanager
def process(*words: str) -> Iterator[tuple[int, int]]:
    """A server of this file, by its words; the port and the process's number."""
    started = subprocess.Popen([sys.executable, __file__, *words], stdout=subprocess.PIPE, text=True)
    try:
        assert started.stdout is not None
        yield int(started.stdout.readline()), started.pid
    finally:
        started.terminate()
        started.wait(20)


# The people


@dataclass
class Person:
    """A signed-in person. ``bases``: the revision of each plan's answer that they saw last."""

    role: str
    name: str
    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, str, dict[str, float], float]:
        """Status, body, server's milliseconds (``app``, ``cpu``) and the client's own of one request."""
        began = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), "Host": f"127.0.0.1:{self.port}"}
        body = None
        if form is not None:
            body = urllib.parse.urlencode({**form, "csrfmiddlewaretoken": self.cookies.get("forestall_csrf", "")})
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request("GET" if form is None else "POST", path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, rest = line.partition("=")
            self.cookies[name] = rest.split(";")[0]
        timing = dict(re.findall(r"(\w+);dur=([\d.]+)", answer.headers.get("Server-Timing", "")))
        connection.close()
        return answer.status, text, {k: float(v) for k, v in timing.items()}, 1000 * (time.perf_counter() - began)

    def sign_in(self, password: str) -> None:
        self.ask("/sign-in/")
        status, _, _, _ = self.ask("/sign-in/", {"username": self.name, "password": password})
        if status != 302:
            raise SystemExit(f"{self.name} cannot sign in: {status}")


#: What people do, how often, and of which roles.
MIX: dict[str, tuple[int, tuple[str, ...]]] = {
    "problems": (12, ("officer", "officer", "supervisor", "analyst")),
    "problem": (4, ("officer", "analyst")),
    "summary": (2, ("partner",)),
    "my work": (12, ("officer", "officer", "supervisor", "partner")),
    "my ward": (3, ("officer",)),
    "my organisation": (2, ("partner",)),
    "plan": (14, ("officer", "officer", "supervisor", "partner")),
    "stage": (10, ("officer", "supervisor")),
    "question": (8, ("officer",)),
    "task": (8, ("officer", "partner")),
    "plan's tasks": (3, ("officer",)),
    "timeline": (2, ("officer", "supervisor")),
    "list of plans": (4, ("officer", "supervisor", "partner")),
    "search": (4, ("officer", "supervisor")),
    "portfolio": (5, ("supervisor",)),
    "coverage": (1, ("supervisor",)),
    "calls for help": (1, ("supervisor",)),
    "published": (1, ("commissioner",)),
    "notices": (5, ("officer", "supervisor", "partner")),
    "log": (2, ("data-protection",)),
}
PLACES = {
    "problems": "/", "summary": "/", "my work": "/work/", "my ward": "/my-ward/", "my organisation": "/my-council/",
    "list of plans": "/plans/", "portfolio": "/portfolio/", "coverage": "/portfolio/coverage/",
    "calls for help": "/help/", "published": "/published/", "notices": "/notices/", "log": "/audit/",
}  # fmt: skip
STAGES = ("objective", "scanning", "analysis", "response", "assessment")
WORDS = ("lights", "park school", "night market", "bridge", "river estate")


class Journey:
    """Requests of people in turn, each with what it took."""

    def __init__(self, made: dict[str, Any], port: int, bare: int, password: str) -> None:
        self.made, self.rng, self.lock = made, random.Random(1), threading.Lock()
        self.taken: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
        self.wrong: list[str] = []
        self.bare = Person("", "", bare)
        self.people: dict[str, list[Person]] = {}
        for role, names in made["people"].items():
            self.people[role] = [Person(role, n, port) for n in names]
            for person in self.people[role]:
                person.sign_in(password)
        self.signals = re.findall(r'href="(/signals/[0-9a-f]+/)"', self.people["analyst"][0].ask("/")[1])
        self.saving: queue.SimpleQueue[None] = queue.SimpleQueue()
        log = self.people["data-protection"][0].ask(PLACES["log"])[0] == 200
        self.mix = {k: v for k, v in MIX.items() if k != "log" or log}

    def step(self, number: int) -> Callable[[], None]:
        """The ``number``-th thing that somebody does."""
        if number % (BARE_EVERY + 1) == BARE_EVERY:
            return lambda: self.send("bare", self.bare, "/")
        what = self.rng.choices(list(self.mix), [w for w, _ in self.mix.values()])[0]
        role = self.rng.choice(self.mix[what][1])
        person = self.rng.choice(self.people[role])
        plans = self.made["plans"].get(person.name) or self.made["plans"].get(role) or []
        tasks = self.made["tasks"].get(person.name) or []
        if what == "problem" and self.signals:
            path = self.rng.choice(self.signals)
            return lambda: self.send(what, person, path)
        if what in ("plan", "stage", "question", "plan's tasks", "timeline") and plans:
            key = self.rng.choice(plans)
            if what == "question":
                return lambda: self.answer(person, key)
            end = {"stage": f"{self.rng.choice(STAGES)}/", "plan's tasks": "tasks/", "timeline": "timeline/"}.get(what, "")
            return lambda: self.send(what, person, f"/plans/{key}/{end}")
        if what == "task" and tasks:
            task = self.rng.choice(tasks)
            return lambda: self.send(what, person, f"/tasks/{task}/")
        if what == "search":
            words = urllib.parse.urlencode({"words": self.rng.choice(WORDS), "state": self.rng.choice(("", "open"))})
            return lambda: self.send(what, person, f"/plans/?{words}")
        return lambda: self.send(what, person, PLACES.get(what, "/work/"))

    def answer(self, person: Person, key: str) -> None:
        """Opens a question and answers it."""
        path = f"/plans/{key}/analysis/why/"
        page = self.send("question", person, path)
        base = re.search(r'name="base-why" value="(\d+)"', page)
        if base:
            form = {"base-why": base[1], "q-why": f"Nobody looks after the place at night {time.time()}"}
            self.send("question, saved", person, path, form)

    def send(self, what: str, person: Person, path: str, form: dict[str, str] | None = None) -> str:
        try:
            status, text, server, client = person.ask(path, form)
        except OSError as error:
            with self.lock:
                self.wrong.append(f"{what} {path}: {error}")
            return ""
        with self.lock:
            if status not in (200, 302) or not server:
                self.wrong.append(f"{person.name} {what} {path}: {status}")
            self.taken[what].append((server.get("app", client), server.get("cpu", 0.0), client))
        return text

    def run(self, seconds: float, rate: float) -> None:
        """Sends ``rate`` requests a second. A question counts as two: it is opened and saved."""
        begin, number, sent = time.perf_counter(), 0, 0
        with ThreadPoolExecutor(64) as pool:
            while sent < seconds * rate:
                wait = begin + sent / rate - time.perf_counter()
                if wait > 0:
                    time.sleep(wait)
                step = self.step(number)
                pool.submit(step)
                bare = number % (BARE_EVERY + 1) == BARE_EVERY
                number += 1
                sent += 0 if bare else 1


def measure(name: str, store: Path, database: Path | None, args: argparse.Namespace) -> dict[str, Any]:
    """One database, filled and asked; what each page took."""
    kept = args.dir / f"made-{name}-{args.scale:g}.json" if args.dir else None
    began = time.perf_counter()
    if kept is not None and kept.exists():
        made = json.loads(kept.read_text(encoding="utf-8"))
    else:
        words = [sys.executable, __file__, "--do", "fill", "--scale", str(args.scale), "--store", str(store)]
        words += ["--db", str(database)] if database else []
        run = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
        made = json.loads(run.stdout.splitlines()[-1])
        if kept is not None:
            kept.write_text(json.dumps(made), encoding="utf-8")
    filled = time.perf_counter() - began
    where = ["--store", str(store), *(["--db", str(database)] if database else [])]
    with (
        tempfile.TemporaryDirectory() as folder,
        process("--do", "serve", *where) as (port, server),
        process("--do", "bare", "--store", folder) as (bare, _),
    ):
        time.sleep(args.settle)
        journey = Journey(made, port, bare, made["password"])
        journey.run(args.warm, args.rate / 2)
        journey.taken.clear()
        before, clock = _busy(server), time.perf_counter()
        load = os.getloadavg()[0]
        journey.run(args.seconds, args.rate)
        share = (_busy(server) - before) / (time.perf_counter() - clock)
    if journey.wrong:
        raise SystemExit(f"{len(journey.wrong)} requests went wrong: {'; '.join(journey.wrong[:5])}")
    return {
        "database": name, "filled": filled, "load": [load, os.getloadavg()[0]], "share": share,
        "pages": dict(sorted(journey.taken.items())),
    }  # fmt: skip


def _busy(pid: int) -> float:
    """Seconds of processor that a process has used."""
    parts = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(") ", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def on_postgresql(args: argparse.Namespace) -> dict[str, Any]:
    """The same in a cluster that is made for it, with a disk that is waited for while it is measured."""
    import psycopg

    with psycopg.connect(os.environ["FORESTALL_TEST_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("CREATE DATABASE workplace") if not args.dir else None
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = on")
        version = connection.execute("SHOW server_version").fetchone()
        os.environ["FORESTALL_DATABASE_URL"] = os.environ["FORESTALL_TEST_DATABASE_URL"].rsplit("/", 1)[0] + "/workplace"
        connection.execute("SELECT pg_reload_conf()")
    assert version is not None
    return {**measure("postgresql", args.store, None, args), "version": str(version[0])}


# The figures


def quantile(values: list[float], q: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def over_all(found: dict[str, Any]) -> tuple[float, float]:
    """Median and 95th percentile of server time of the journey, in milliseconds."""
    times = [t[0] for page, all_ in found["pages"].items() if page != "bare" for t in all_]
    return statistics.median(times), quantile(times, 0.95)


def table(found: dict[str, Any]) -> list[str]:
    """A row a page: requests, server time, processor time, and its median over the bare page's."""
    bare = statistics.median(t[0] for t in found["pages"]["bare"])
    lines = [
        "| page | requests | median, ms | 95 %, ms | processor, ms | median over the bare page's |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for page, times in found["pages"].items():
        wall, cpu = [t[0] for t in times], [t[1] for t in times]
        lines.append(
            f"| {page if page != 'bare' else 'a bare Django page'} | {len(times)} | {statistics.median(wall):.0f} "
            f"| {quantile(wall, 0.95):.0f} | {statistics.median(cpu):.1f} | {statistics.median(wall) / bare:.0f} |"
        )
    return lines


def page(found: list[dict[str, Any]], args: argparse.Namespace) -> str:
    """The page of the documentation."""
    lines = [
        "# Speed of the workplace",
        "",
        "Made by `python benchmarks/workplace.py --write`. A workplace of 43 forces with 20,000 plans (each with answers,",
        "ideas, responses, areas and partners), 300,000 tasks and 5 million acts in the log"
        + ("" if args.scale == 1 else f", here times {args.scale:g}") + "; the force that is",
        f"served has a tenth of the plans. Officers, supervisors, partners and others send {args.rate:g} requests a second",
        f"for {args.seconds:g} seconds, in the mix that the table shows, whether or not the answers keep up. Server time",
        "is that from when the server hands a request to the workplace until the answer is ready, by the clock, the",
        "database's and the disk's included; processor time is that of the answering thread alone. The bare page is a row",
        "through Django's own middleware and template, in a process of its own, asked in the same run.",
        "",
        f"The bounds: a median of {MEDIAN:g} ms and a 95th percentile of {TAIL:g} ms over the journey on PostgreSQL, and",
        "twice that on SQLite.",
        "",
    ]  # fmt: skip
    for one in found:
        median, tail = over_all(one)
        name = f"PostgreSQL {one['version']}" if one["database"] == "postgresql" else "SQLite"
        lines += [
            f"## {name}",
            "",
            f"The journey: median {median:.0f} ms, 95th percentile {tail:.0f} ms. The server's process used",
            f"{one['share']:.0%} of one of the machine's {os.cpu_count()} processors; the machine's load was",
            f"{one['load'][0]:.1f} before and {one['load'][1]:.1f} after, all that ran on it counted. Filling took",
            f"{one['filled']:.0f} seconds.",
            "",
            *table(one),
            "",
        ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="how much of it all there is (default: 1)")
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--warm", type=float, default=10.0, help="seconds of the journey before it counts")
    parser.add_argument("--settle", type=float, default=15.0, help="seconds for the server to make its scan ready")
    parser.add_argument("--on", choices=DATABASES, action="append", help="only on this database")
    parser.add_argument("--store", type=Path, help="a store with a recorded scan (default: the demo's, made here)")
    parser.add_argument("--dir", type=Path, help="keep databases here and use them again")
    parser.add_argument("--db", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--do", choices=("fill", "serve", "bare", *DATABASES), help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    parser.add_argument(
        "--ahead", action="store_true", help="let what is measured run ahead of the machine's other work (needs root)"
    )
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    if args.do == "fill":
        return fill(args.store, args.db, args.scale)
    if args.do == "serve":
        return serve(args.store, args.db)
    if args.do == "bare":
        return serve_bare(args.store)
    with tempfile.TemporaryDirectory(prefix="forestall-workplace-") as folder:
        if args.store is None:
            from forestall.cli import demo

            args.store = demo.prepare(Path(folder) / "demo", 1)
        if args.do == "postgresql":
            found = on_postgresql(args)
        elif args.do == "sqlite":
            found = measure("sqlite", args.store, (args.dir or Path(folder)) / "workplace.sqlite3", args)
        if args.do:
            args.out.write_text(json.dumps(found), encoding="utf-8")
            return None
        return compare(args, Path(folder))


def compare(args: argparse.Namespace, folder: Path) -> None:
    """Measures each database in a process of its own, says what came of it and fails where a bound is broken."""
    found = []
    if args.ahead:  # what is started from here inherits it
        os.setpriority(os.PRIO_PROCESS, 0, -15)
    for name in args.on or DATABASES:
        out = folder / f"{name}.json"
        words = [sys.executable, __file__, "--do", name, "--out", str(out), "--store", str(args.store)]
        for option in ("scale", "rate", "seconds", "warm", "settle"):
            words += [f"--{option}", str(getattr(args, option))]
        words += ["--dir", str(args.dir)] if args.dir else []
        given = "FORESTALL_TEST_DATABASE_URL" in os.environ
        before = [str(ROOT / "scripts" / "postgres")] if name == "postgresql" and not given else []
        subprocess.run([*before, *words], check=True)
        if out.exists():
            found.append(json.loads(out.read_text(encoding="utf-8")))
    text = page(found, args)
    print(text)
    if args.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")
    for one in found:
        median, tail = over_all(one)
        twice = 2 if one["database"] == "sqlite" else 1
        if median > twice * MEDIAN or tail > twice * TAIL:
            raise SystemExit(f"{one['database']}: median {median:.0f} ms, 95th percentile {tail:.0f} ms: over its bounds")


if __name__ == "__main__":
    main()
