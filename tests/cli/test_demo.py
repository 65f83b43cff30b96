"""The demo, done for real once: killed half-way, finished by a second run, quick at the third, and served."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from forestall import catalogue
from forestall.cli import demo, main
from forestall.errors import ForestallError

DEMO = [sys.executable, "-m", "forestall", "demo"]


def clean() -> dict[str, str]:
    """The environment without what tests of the workplace set for themselves."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("FORESTALL_", "DJANGO_"))}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo's folder: its first run was killed as soon as the sample was there."""
    folder = tmp_path_factory.mktemp("demo")
    first = subprocess.Popen(
        env=clean(), args=[*DEMO, "--dir", folder, "--no-serve"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 240
    while "sample" not in demo.Steps(folder / "steps-1.json").read():
        assert first.poll() is None, first.stderr.read().decode() if first.stderr else ""
        assert time.monotonic() < deadline, "the sample took more than four minutes"
        time.sleep(0.05)
    time.sleep(0.5)
    first.kill()
    first.wait()
    return folder


def test_a_killed_demo_is_finished_by_the_next_run(folder: Path) -> None:
    assert not (folder / "store-1" / "results").exists()
    done = subprocess.run(
        env=clean(), args=[*DEMO, "--dir", folder, "--no-serve"], capture_output=True, text=True, timeout=400
    )
    assert done.returncode == 0, done.stderr
    assert "$ forestall sample" not in done.stdout, "the sample was there already"
    assert "$ forestall ingest" in done.stdout
    assert f"start it with forestall serve --store {folder / 'store-1'}" in done.stdout
    assert "$ forestall scan" in done.stdout
    assert "8 plans are under way" in done.stdout
    truth = json.loads((folder / "sample-1" / "truth.json").read_text(encoding="utf-8"))
    scan = demo.latest_scan(folder / "store-1")
    for planted in truth["planted"]:
        if planted["signal"]:
            same = [s for s in scan.signals if (s.kind, s.category) == (planted["signal"], planted["category"])]
            assert any(set(s.areas) & set(planted["areas"]) for s in same), f"{planted['kind']} was not found"
    for signal in {s.theme: s for s in reversed(scan.signals)}.values():
        assert f"{signal.observed:,} recorded" in done.stdout
    for account in ("analyst", "officer", "supervisor", "chief", "partner", "commissioner"):
        assert re.search(rf"^  {account} +\S{{8,}}$", done.stdout, re.M), f"no sign-in for the {account}"


def test_the_demo_opens_with_plans_under_way(folder: Path) -> None:
    """In different states, each made by acts that stand in the log; one is late, one is published with its verdict."""
    told = catalogue.load("demo/plans")
    with contextlib.closing(sqlite3.connect(folder / "store-1" / "workplace.sqlite3")) as workplace:
        plans = dict(workplace.execute("select state, count(*) from plans_plan group by state"))
        acts = {act for (act,) in workplace.execute("select distinct act from audit_event")}
        verdicts = workplace.execute(
            "select a.value from plans_answer a join plans_plan p on a.plan_id = p.id "
            "where p.published_at is not null and a.question = 'verdict' and a.current"
        ).fetchall()
        late = workplace.execute(
            "select urgent_at from plans_plan where urgent_at is not null and fixed_at is null"
        ).fetchall()
        waits = workplace.execute(
            "select count(*) from plans_task t join people_organisation o on t.organisation_id = o.id "
            "where t.standing = 'asked' and o.kind = 'council'"
        ).fetchone()
    assert sum(plans.values()) == len(told["plans"]), "a plan's signal is not in the demo's scan"
    assert set(plans) == {"draft", "submitted", "active", "responding", "closed"}
    assert {"start-plan", "share-plan", "ask-task", "finish-task", "publish-plan", "decide-signal"} <= acts
    assert verdicts == [('"partly"',)]
    assert [at[:10] < f"{dt.datetime.now() - dt.timedelta(days=14):%Y-%m-%d}" for (at,) in late] == [True]
    assert waits[0] >= 2


def test_the_next_run_starts_in_seconds(folder: Path) -> None:
    started = time.perf_counter()
    done = subprocess.run(
        env=clean(), args=[*DEMO, "--dir", folder, "--no-serve"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "$ forestall" not in done.stdout, "a step was done again though nothing had changed"
    assert "plans are under way" not in done.stdout, "the plans were made again"
    assert time.perf_counter() - started < 15


def test_the_demo_serves_what_it_printed(folder: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen(
        env=clean(), args=[*DEMO, "--dir", folder, "--port", str(port)], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout
            address = next(m.group() for line in server.stdout if (m := re.search(r"http://127\.0\.0\.1:\d+/", line)))
            assert address == f"http://127.0.0.1:{port}/"
            page = ""
            for _ in range(150):
                try:
                    page = urllib.request.urlopen(address, timeout=20).read().decode()
                    break
                except OSError:
                    assert server.poll() is None
                    time.sleep(0.2)
            assert "Forestall" in page
        finally:
            server.terminate()


def test_a_demo_that_is_interrupted_says_only_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr("forestall.sample.make", interrupted)
    assert main(["demo", "--dir", str(tmp_path), "--no-serve"]) == 130
    said = capsys.readouterr().err
    assert "stopped" in said
    assert "mend" not in said


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_busy_port_is_said_before_any_work(busy_port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--dir", str(tmp_path / "demo"), "--port", str(busy_port)]) == 2
    said = capsys.readouterr().err
    assert f"port {busy_port}" in said
    assert "--port" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_cannot_be_is_refused(port: int) -> None:
    with pytest.raises(ForestallError, match="between 1 and 65535"):
        demo.need_free_port(port)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert main(["demo", "--dir", str(tmp_path / "file" / "demo"), "--no-serve"]) == 2
    assert "--dir" in capsys.readouterr().err


def test_what_is_not_a_demo_s_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "store-1").mkdir()
    (tmp_path / "store-1" / "mine").write_text("years of work", encoding="utf-8")
    with pytest.raises(ForestallError, match="--dir"):
        demo.prepare(tmp_path, 1)
    assert (tmp_path / "store-1" / "mine").exists()


def test_steps_remember_what_was_done_from_what(tmp_path: Path) -> None:
    steps = demo.Steps(tmp_path / "steps.json")
    assert not steps.done("sample", "a")
    steps.mark("sample", "a")
    steps.mark("scan", "b")
    assert steps.done("sample", "a")
    assert steps.done("scan", "b")
    assert not steps.done("sample", "other code")
    steps.path.write_text("{ torn", encoding="utf-8")
    assert not steps.done("sample", "a")


def test_a_long_list_of_files_is_shown_short() -> None:
    words = ["ingest", "a/records/1.csv", "a/records/2.csv", "a/records/3.csv", "--store", "s"]
    assert list(demo.shorten(words)) == ["ingest", "a/records/1.csv", "(and 2 more)", "--store", "s"]
    assert list(demo.shorten(words[:3])) == words[:3]


def test_the_fingerprint_follows_the_code() -> None:
    assert demo.fingerprint("stats") == demo.fingerprint("stats")
    assert demo.fingerprint("stats") != demo.fingerprint("results")
