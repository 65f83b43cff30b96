from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from records_files import row

from forestall.errors import ForestallError
from forestall.records.intake import BadFile
from forestall.records.lock import writing
from forestall.records.records import Records
from forestall.records.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store", create=True)


def listing(store: Store) -> dict[str, bytes]:
    return {str(p.relative_to(store.path)): p.read_bytes() for p in store.path.rglob("*") if p.is_file()}


def test_the_same_file_twice_changes_nothing(store: Store, street) -> None:
    path = street([row(), row("c1", category="Robbery")])
    first = store.ingest([path])
    before = listing(store)
    again = store.ingest([path])
    assert (first.changed, again.changed, first.snapshot) == (True, False, again.snapshot)
    assert again.unchanged == [str(path)]
    assert listing(store) == before


def test_the_same_bytes_under_two_names_count_once(store: Store, street) -> None:
    report = store.ingest([street([row()]), street([row()], "2022-01-gwent-street.csv", "copy")])
    assert (report.rows, len(report.unchanged)) == (1, 1)


def test_the_order_and_number_of_calls_do_not_matter(tmp_path: Path, street) -> None:
    paths = [street([row(month=m)], f"{m}-gwent-street.csv") for m in ("2022-01", "2022-02", "2022-03")]
    ids = set()
    for name, order in {"once": [paths], "singly": [[p] for p in reversed(paths)]}.items():
        store = Store.open(tmp_path / name, create=True)
        for batch in order:
            store.ingest(batch)
        ids.add(store.current)
    assert len(ids) == 1
    assert Records.from_files(paths).snapshot in ids


def test_a_month_published_again_supersedes_the_old(store: Store, street) -> None:
    old = street([row(), row("c1", category="Robbery"), row(month="2022-13")])
    store.ingest([old, street([row(month="2022-02")], "2022-02-gwent-street.csv")])
    first = store.current
    report = store.ingest([street([row("c1", category="Burglary")], "2022-01-gwent-street.csv", "later")])
    assert [p.file for p in report.superseded] == [str(old)]
    records = store.records()
    assert sorted(records.rows()["category"].to_pylist()) == ["anti-social-behaviour", "burglary"]
    assert records.rejects().num_rows == 0
    assert store.records(first).rows().num_rows == 3
    assert store.snapshot_ids() == [first, store.current]
    assert records.history("c1")["category"].to_pylist() == ["robbery", "burglary"]
    assert store.ingest([old]).changed is False, "an old download does not come back over the newer one"


def test_a_month_supersedes_its_share_of_a_merged_file(store: Store, street) -> None:
    store.ingest([street([row(month="2022-01"), row(month="2022-02"), row(force="Kent Police")], "all.csv")])
    report = store.ingest([street([row("c1", category="Robbery")])])
    records = store.records()
    assert report.superseded == []
    assert records.months("gwent") == ("2022-01", "2022-02")
    assert sorted(zip(*(records.rows()[c].to_pylist() for c in ("force", "month", "category")), strict=True)) == [
        ("gwent", "2022-01", "robbery"),
        ("gwent", "2022-02", "anti-social-behaviour"),
        ("kent", "2022-01", "anti-social-behaviour"),
    ]
    assert records.manifest.rows == 3


def test_one_bad_file_refuses_the_call_and_nothing_is_lost(store: Store, street, tmp_path: Path) -> None:
    store.ingest([street([row()])])
    before = listing(store)
    bad = street([], "2022-03-gwent-street.csv")
    good = street([row(month="2022-02")], "2022-02-gwent-street.csv")
    with pytest.raises(BadFile, match=r"2022-03-gwent-street\.csv has column names and no rows"):
        store.ingest([good, bad])
    assert listing(store) == before
    report = store.ingest([good, bad, tmp_path / "nowhere"], skip_bad_files=True)
    assert [name for name, _ in report.bad] == [str(tmp_path / "nowhere"), str(bad)]
    assert store.records().months() == ("2022-01", "2022-02")


def test_skipping_bad_files_still_needs_a_good_one(store: Store, street) -> None:
    with pytest.raises(BadFile, match="no rows"):
        store.ingest([street([])], skip_bad_files=True)


def test_the_second_of_two_ingests_waits(store: Store, street) -> None:
    done: list[str] = []

    def second() -> None:
        Store.open(store.path).ingest([street([row()])], wait=20)
        done.append("second")

    with writing(store.path / "LOCK", 0):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.5)
        assert done == []
    thread.join(20)
    assert done == ["second"]


def test_the_second_of_two_ingests_refuses_after_its_wait(store: Store, street) -> None:
    with writing(store.path / "LOCK", 0), pytest.raises(ForestallError, match="another ingest or erasure is writing"):
        store.ingest([street([row()])], wait=0.2)
    assert store.current is None


def test_two_processes_at_once_both_count(store: Store, street) -> None:
    paths = [street([row(month=m)] * 50, f"{m}-gwent-street.csv") for m in ("2022-01", "2022-02")]
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "forestall", "ingest", str(p), "--store", str(store.path)], stdout=subprocess.PIPE
        )
        for p in paths
    ]
    assert [r.wait(60) for r in runs] == [0, 0]
    assert store.records().cube().counts.sum() == 100


def test_a_killed_holder_leaves_no_lock(store: Store, street) -> None:
    code = (
        "import sys, time; from pathlib import Path; from forestall.records.lock import writing\n"
        "with writing(Path(sys.argv[1]), 0):\n print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(store.path / "LOCK")], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == b"held"
    holder.kill()
    holder.wait()
    assert store.ingest([street([row()])], wait=5).changed


def test_what_a_killed_writer_left_is_swept(store: Store, street) -> None:
    store.ingest([street([row()])])
    (store.path / "parts" / ".tmp-left.parquet").write_bytes(b"half")
    (store.path / "parts" / "abc.parquet").write_bytes(b"an orphan")
    store.ingest([street([row(month="2022-02")], "2022-02-gwent-street.csv")])
    assert not list((store.path / "parts").glob(".tmp-*"))
    assert not (store.path / "parts" / "abc.parquet").exists()
    assert store.records().rows().num_rows == 2


def test_filled_and_require(store: Store, street) -> None:
    store.ingest([street([row("c1", category="Robbery")])])
    records = store.records()
    assert {"occurred_from:month", "lsoa", "easting", "source_ref"} <= records.filled()
    assert not {"victim_id", "occurred_from:day", "flags", "context"} & records.filled()
    records.require({"occurred_from:month", "lsoa"}, "The scan")
    with pytest.raises(
        ForestallError, match=r"near-repeat test needs days of occurred_from \(these records have months\) and"
    ):
        records.require({"occurred_from:day", "victim_id"}, "The near-repeat test")
    with pytest.raises(ValueError, match="no field"):
        records.require({"weather"}, "x")


def test_cube(store: Store, street) -> None:
    store.ingest(
        [
            street([row("a", category="Robbery"), row("b", category="Drugs", lsoa="W01001663"), row(), row(lsoa="")]),
            street([row(month="2022-03"), row(month="2022-03", lon="-2.981607")], "2022-03-gwent-street.csv"),
        ]
    )
    records = store.records()
    cube = records.cube()
    assert (cube.categories, cube.areas) == (("anti-social-behaviour", "drugs", "robbery"), ("W01001662", "W01001663"))
    assert cube.months == ("2022-01", "2022-02", "2022-03")
    assert cube.counts.tolist() == [[[1, 0, 2], [0, 0, 0]], [[0, 0, 0], [1, 0, 0]], [[1, 0, 0], [0, 0, 0]]]
    assert cube.unplaced.tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert cube.police_share.tolist() == [0, 1, 0]
    assert cube.unknown_share.tolist() == [1, 0, 1]
    e = records.rows(areas=["W01001662"])["easting"].to_pylist()
    assert cube.easting[0] == pytest.approx(sum(e) / len(e))
    assert records.cube(kinds=("asb",)).categories == ("anti-social-behaviour",)
    assert records.cube(until="2022-02").counts.sum() == 3
    assert records.cube(area="location_id").counts.sum() == 6
    for wrong, sentence in (
        ({"until": "2021-12"}, "until 2021-12 lies outside of the records, which run from 2022-01 to 2022-03"),
        ({"force": "kent"}, "no records of the force 'kent': these hold gwent"),
        ({"since": "2022-03", "until": "2022-01"}, "lies after"),
    ):
        with pytest.raises(ForestallError, match=sentence):
            records.cube(**wrong)


def test_rows_trace_a_count(store: Store, street) -> None:
    path = street([row("a", category="Robbery"), row(), row("b", category="Robbery", lsoa="W01001663")])
    store.ingest([path])
    records = store.records()
    found = records.rows(areas=["W01001662"], category="robbery", since="2022-01", until="2022-01")
    assert (found["source_ref"].to_pylist(), found["line"].to_pylist()) == (["a"], [2])
    assert records.manifest.parts[0].file == str(path)
    assert records.rows(limit=2).num_rows == 2
    assert records.points(category="robbery")["count"].to_pylist() == [1, 1]


# -- surroundings ------------------------------------------------------------------------------------------------------


def test_no_store(tmp_path: Path) -> None:
    with pytest.raises(ForestallError, match=r"there is no store at .*: make one with forestall ingest"):
        Store.open(tmp_path / "nowhere")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.doc").write_text("x")
    with pytest.raises(ForestallError, match="other things in it"):
        Store.open(tmp_path / "other", create=True)
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(ForestallError, match="not a folder"):
        Store.open(file, create=True)


def test_a_folder_with_places_alone_becomes_a_store(tmp_path: Path, street) -> None:
    (tmp_path / "store" / "places").mkdir(parents=True)
    (tmp_path / "store" / "parts").mkdir()  # as a first ingest leaves it that is killed at once
    assert Store.open(tmp_path / "store", create=True).ingest([street([row()])]).rows == 1


def test_kinds_that_are_not_there_give_an_empty_cube(store: Store, street) -> None:
    store.ingest([street([row()])])
    assert store.records().cube(kinds=("call",)).counts.shape == (0, 0, 1)


def test_an_empty_store(store: Store) -> None:
    with pytest.raises(ForestallError, match="holds no records yet"):
        store.records()


def test_a_store_from_a_newer_version(store: Store) -> None:
    (store.path / "forestall-store.json").write_text(json.dumps({"version": 99}))
    with pytest.raises(ForestallError, match=r"newer Forestall \(store version 99.*update Forestall"):
        Store.open(store.path)


def test_a_damaged_store_says_so(store: Store, street) -> None:
    store.ingest([street([row()])])
    manifest = store.path / "snapshots" / f"{store.current}.json"
    whole = manifest.read_text()
    manifest.write_text(whole[:50])
    with pytest.raises(ForestallError, match="damaged"):
        store.records()
    manifest.write_text(whole)
    part = next((store.path / "parts").glob("*.parquet"))
    good = part.read_bytes()
    for broken in (b"", b"\0" * 100, good[:-50], good[:20] + b"\xff" * 200 + good[220:]):
        part.write_bytes(broken)
        with pytest.raises(ForestallError, match=r"parts are damaged .* restore that folder from a backup"):
            store.records().rows()
    part.unlink()
    with pytest.raises(ForestallError, match="has lost the part made from"):
        store.records()


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX")
def test_a_full_disk_loses_nothing(store: Store, street) -> None:
    """A limit on file size stands for the full disk: the same write fails, with the same need to keep the old snapshot."""
    store.ingest([street([row()])])
    before = listing(store)
    rows = [row(hashlib.sha256(str(i).encode()).hexdigest(), month="2022-02", category="Robbery") for i in range(20_000)]
    big = street(rows, "2022-02-gwent-street.csv")
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "from forestall.cli import main; sys.exit(main(['ingest', sys.argv[1], '--store', sys.argv[2]]))"
    )
    run = subprocess.run([sys.executable, "-c", code, str(big), str(store.path)], capture_output=True, text=True)
    assert run.returncode == 2, run.stderr
    assert "can't be written: a file grew beyond" in run.stderr
    assert run.stderr.count("\n") == 1
    assert listing(store) == before


def test_errors_of_the_disk_are_sentences(store: Store, street, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import os

    for number, words in (
        (errno.ENOSPC, "the disk is full: free some room"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "permission"),
    ):

        def broken(*_: object, number: int = number) -> None:
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", broken)
            with pytest.raises(ForestallError, match=words):
                store.ingest([street([row()])])
        assert store.current is None
        assert not list(store.path.rglob("*.parquet"))


def test_a_file_of_rejects_alone_is_kept_and_says_so(store: Store, street) -> None:
    report = store.ingest([street([row(month="2022-13")])])
    assert (report.rows, report.rejects) == (0, 1)
    records = store.records()
    assert (records.forces(), records.months(), records.rejects().num_rows) == ([], (), 1)
    with pytest.raises(ForestallError, match="no row that could be read"):
        records.cube()
