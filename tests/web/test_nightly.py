"""The nightly run on real files: new records, a scan in a process of its own, and people told of what changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

import mini_force
from forestall.cli import main
from forestall.errors import ForestallError
from forestall.records.store import Store
from forestall.results import Shelf
from forestall.web.audit.trail import Trail
from forestall.web.signals.notices import CHANGED, tell_of_changes
from forestall.web.signals.pinned import pinned
from forestall.web.work import bookmarks, nightly, tasks
from forestall.web.work.models import Notice

pytestmark = pytest.mark.django_db

TRAIL = Trail(None, "worker")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The small force's files, and a store that has read and scanned all but their last month."""
    folder = tmp_path_factory.mktemp("nightly")
    mini_force.write(folder / "files")
    (folder / "late").mkdir()
    last = sorted(p for p in (folder / "files").rglob("*.csv"))[-1]
    last.rename(folder / "late" / last.name)
    store = folder / "store"
    assert main(["ingest", str(folder / "files"), "--store", str(store)]) == 0
    assert main(["scan", "--store", str(store), "--record", "--replicates", "19", "--until", "2022-05"]) == 0
    return folder


@pytest.fixture
def ours(files, tmp_path, settings):
    """A store to write to, as the workplace's."""
    settings.STORE = shutil.copytree(files / "store", tmp_path / "store")
    return settings.STORE


@pytest.fixture
def told(monkeypatch):
    """What a hook was told, in place of all hooks."""
    calls = []

    def hook(*, earlier, now, trail):  # noqa: ARG001
        calls.append((earlier, now))

    monkeypatch.setattr(nightly, "BEFORE_SCAN", [])
    monkeypatch.setattr(nightly, "AFTER_SCAN", [hook])
    monkeypatch.setattr(nightly, "EVERY_NIGHT", [])
    return calls


def test_where_records_arrived_it_scans_again_and_ids_carry_on(files, ours, told):
    shelf = Shelf(ours)
    first = shelf.latest("scan")
    assert nightly.scan_is_due() is None
    nightly.run(trail=TRAIL)
    assert told == [(None, first)], "a scan that somebody recorded by day is told of too"
    assert main(["ingest", str(files / "late"), "--store", str(ours)]) == 0
    assert nightly.scan_is_due() == first
    assert "scan" in nightly.run(trail=TRAIL)["done"]
    second = shelf.latest("scan")
    assert second.provenance.snapshot == Store.open(ours).current != first.provenance.snapshot
    assert second.provenance.parameters["until"] == "2022-06" > first.provenance.parameters["until"] == "2022-05"
    for option in ("replicates", "lookback", "windows", "harm_scheme", "force"):
        assert second.provenance.parameters[option] == first.provenance.parameters[option]
    assert told[1:] == [(first, second)]

    def planted(scan):
        return next(s.id for s in scan.signals if s.kind == "rising" and len({*s.areas} & {*mini_force.PLANTED}) > 1)

    assert planted(second) == planted(first)
    assert nightly.run(trail=TRAIL)["done"] == []
    assert len(told) == 2, "nothing is told twice"


def test_ids_carry_on_from_the_names_that_were_recorded(files, ours, told):  # noqa: ARG001
    """Under a name that no hash gives: they come from the recorded scan."""
    shelf = Shelf(ours)
    first = shelf.latest("scan")
    shelf.put(replace(first, signals=tuple(replace(s, id=f"{n:010x}") for n, s in enumerate(first.signals))))
    assert main(["ingest", str(files / "late"), "--store", str(ours)]) == 0
    nightly.run(trail=TRAIL)
    assert {s.id for s in shelf.latest("scan").signals} & {f"{n:010x}" for n in range(len(first.signals))}


def test_a_store_without_a_scan_waits_for_the_first_one(ours, told):
    shutil.rmtree(ours / "results")
    assert nightly.run(trail=TRAIL)["done"] == []
    assert told == []


def test_what_changes_the_records_is_done_before_the_scan(files, ours, monkeypatch, told):
    monkeypatch.setattr(
        nightly, "BEFORE_SCAN", [lambda _: main(["ingest", str(files / "late"), "--store", str(ours)]) == 0]
    )
    nightly.run(trail=TRAIL)
    assert told[0][1].provenance.snapshot == Store.open(ours).current


def test_a_scan_that_fails_stops_nothing_else_and_is_named(files, ours, monkeypatch, told, person):  # noqa: ARG001
    assert main(["ingest", str(files / "late"), "--store", str(ours)]) == 0
    sealed = []

    def broken(trail):  # noqa: ARG001
        raise ValueError("out of ink")

    monkeypatch.setattr(nightly, "EVERY_NIGHT", [broken, lambda trail: sealed.append(trail)])
    monkeypatch.setattr(nightly.command, "words", lambda *_, **__: ["scan", "--store", str(ours), "--force", "atlantis"])
    with pytest.raises(
        ForestallError, match=r"everything but: scan \(the scan did not finish: .*atlantis.*broken \(out of"
    ):
        nightly.run(trail=TRAIL)
    assert sealed == [TRAIL]
    keeper, gone = person("administrator"), person("administrator", username="gone")
    gone.is_active = False
    gone.save()
    for _ in range(2):
        with pytest.raises(ForestallError, match="everything but"):
            tasks.nightly.call()
    assert [n.person for n in Notice.objects.all()] == [keeper]


def test_a_hook_that_fails_is_called_again_next_time(ours, monkeypatch):  # noqa: ARG001
    calls = []

    def hook(*, earlier, now, trail):  # noqa: ARG001
        calls.append(now)
        bookmarks.move("effect", str(len(calls)))
        if len(calls) == 1:
            raise ValueError("out of ink")

    with pytest.raises(ValueError, match="out of ink"):
        nightly.tell(hook, TRAIL)
    assert bookmarks.at("effect") == "", "what it did before it failed is undone"
    assert nightly.tell(hook, TRAIL) is True
    assert nightly.tell(hook, TRAIL) is False
    assert bookmarks.at("effect") == "2"


def test_a_worker_that_is_told_to_stop_ends_the_scan(files, ours, monkeypatch, told):  # noqa: ARG001
    assert main(["ingest", str(files / "late"), "--store", str(ours)]) == 0
    started = []
    monkeypatch.setattr(nightly, "Popen", lambda *a, **k: started.append(subprocess.Popen(*a, **k)) or started[0])
    threading.Timer(0.2, nightly.stopping.set).start()
    try:
        with pytest.raises(nightly.StoppedError):
            nightly.run(trail=TRAIL)
    finally:
        nightly.stopping.clear()
    assert started[0].poll() not in (None, 0)
    assert nightly.scan_is_due() is not None


def test_each_is_told_of_what_changed_where_that_person_may_look(person, store, settings):
    settings.STORE = store
    force, local, partner = person("officer"), person("officer", "W06000002", "local"), person("partner")
    left = person("officer", username="left")
    left.is_active = False
    left.save()
    now = pinned().scan
    first, rest = now.signals[0], now.signals[1:]
    earlier = replace(now, signals=(replace(first, id="ffffffffff"), *rest[1:]))
    assert tell_of_changes(earlier=None, now=now, trail=TRAIL) == 0
    assert tell_of_changes(earlier=now, now=now, trail=TRAIL) == 0
    assert tell_of_changes(earlier=earlier, now=now, trail=TRAIL) == 1
    assert tell_of_changes(earlier=earlier, now=now, trail=TRAIL) == 0
    (notice,) = Notice.objects.all()
    assert (notice.person, notice.kind, notice.link) == (force, CHANGED.slug, "/")
    assert notice.text.render() == "The records were scanned again: 1 new problem and 1 problem no longer found"
    assert not local.notices.exists(), "what is new lies outside this officer's area"
    assert not partner.notices.exists()


def test_the_verb_does_it_now(ours, tmp_path):
    words = [sys.executable, "-m", "forestall", "nightly", "--store", str(ours), "--db", str(tmp_path / "w.sqlite3")]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FORESTALL_", "DJANGO_"))}
    run = subprocess.run(words, env=kept, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("The nightly run is done: signals.notices.tell_of_changes")
    run = subprocess.run(words, env=kept, capture_output=True, text=True, check=False)
    assert run.stdout == "The nightly run is done: audit.checking.every_night\n", "the log is checked every night"


def test_telling_nobody_anything_asks_as_often_for_ten_as_for_one(person, store, settings):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from forestall.web.people.models import HeldRole, Organisation, Unit

    settings.STORE = store
    force = Organisation.objects.create(slug="gwent", name="Gwent Police", kind="force")
    now, asked = pinned().scan, []
    for i in range(10):
        unit = Unit.objects.create(organisation=force, kind="team", slug=f"t{i}", name="T", areas=["W06000001"])
        HeldRole.objects.filter(user=person("officer", username=f"p{i}")).update(unit=unit)
        with CaptureQueriesContext(connection) as found:
            assert tell_of_changes(earlier=now, now=now, trail=TRAIL) == 0
        asked.append(len(found))
    assert asked[-1] == asked[0]
