"""``forestall scan`` as a user calls it: every format, every promise of its JSON, and bad input in one sentence."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mini_force
from forestall.cli import main
from forestall.records.records import Records
from forestall.results import Scan, Shelf

#: What the issue promises of each signal.
PROMISED = {
    "id", "kind", "category", "areas", "place", "since", "until", "observed", "expected", "ratio", "interval", "p_value",
    "q_value", "established", "harm", "why", "cautions",
}  # fmt: skip
QUICK = ("--replicates", "99")
Run = Callable[..., str]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the small force, that no test writes to."""
    folder = tmp_path_factory.mktemp("scan")
    mini_force.write(folder / "files")
    assert main(["ingest", str(folder / "files"), "--store", str(folder / "store")]) == 0
    return folder / "store"


@pytest.fixture
def store(whole: Path, tmp_path: Path) -> Path:
    """A store to write to."""
    return Path(shutil.copytree(whole, tmp_path / "store"))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(store: Path, *words: str) -> str:
        capsys.readouterr()
        assert main(["scan", "--store", str(store), *QUICK, *words]) == 0
        out, err = capsys.readouterr()
        assert err == "", "progress is for a terminal"
        return out

    return call


def strict(text: str) -> Any:
    """JSON as other programs read it, who know no NaN."""
    return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def held(store: Path) -> dict[str, bytes]:
    return {str(p.relative_to(store)): p.read_bytes() for p in sorted(store.rglob("*")) if p.is_file()}


# -- JSON ------------------------------------------------------------------------------------------------------------------


def test_json_has_what_was_promised(whole: Path, run: Run) -> None:
    data = strict(run(whole, "--format", "json"))
    assert {"snapshot", "method", "parameters", "signals"} <= data.keys()
    assert data["snapshot"] == (whole / "CURRENT").read_text().strip()
    asked = {"force": "gwent", "until": "2022-06", "lookback": 36, "windows": [1, 6], "replicates": 99, "top": 20}
    assert {k: data["parameters"][k] for k in asked} == asked
    assert {s["kind"] for s in data["signals"]} == {"rising", "force-wide", "concentrated"}
    for s in data["signals"]:
        assert s.keys() >= PROMISED
        assert {type(s[k]) for k in ("id", "kind", "category", "place", "since", "until", "why")} == {str}
        assert type(s["observed"]) is int
        assert all(isinstance(s[k], float) for k in ("expected", "ratio", *(["harm"] if s["harm"] is not None else [])))
        assert s["category"] in ("vehicle-crime", "anti-social-behaviour", "burglary")
        assert set(s["areas"]) <= set(mini_force.AREAS)
        assert len(s["areas"]) == len(set(s["areas"])) > 0
        assert re.fullmatch(r"\d{4}-\d\d", s["since"])
        assert s["since"] <= s["until"] == "2022-06"
        low, high = s["interval"]
        assert low <= s["ratio"] <= high
        assert s["ratio"] == pytest.approx(s["observed"] / s["expected"])
        assert all(isinstance(c, str) for c in s["cautions"])
        if s["kind"] == "concentrated":
            assert s["p_value"] is s["q_value"] is None
            assert s["established"] is False
        else:
            assert s["established"] is (s["q_value"] <= 0.05)
            assert 0 < s["p_value"] <= 1
    assert any(s["established"] for s in data["signals"])


def test_what_it_says_can_be_counted_in_the_files(whole: Path, run: Run) -> None:
    lines = [
        row for file in (whole.parent / "files").rglob("*.csv") for row in csv.DictReader(file.open(encoding="utf-8"))
    ]  # fmt: skip
    for s in strict(run(whole, "--format", "json", "--top", "100"))["signals"]:
        name = s["category"].replace("-", " ").capitalize().replace("Anti social", "Anti-social")
        counted = sum(
            r["Crime type"] == name and r["LSOA code"] in s["areas"] and s["since"] <= r["Month"] <= s["until"]
            for r in lines
        )
        assert counted == s["observed"]


def test_few_replicates_still_make_json(whole: Path, run: Run) -> None:
    assert strict(run(whole, "--format", "json", "--replicates", "19"))["signals"]


def test_settings_reach_the_scan(whole: Path, run: Run) -> None:
    data = strict(
        run(whole, "--format", "json", "--until", "2022-03", "--lookback", "24", "--windows", "2-3", "--seed", "7",
            "--force", "gwent", "--asb-harm", "2.5", "--sort", "harm", "--top", "5")
    )  # fmt: skip
    p = data["parameters"]
    assert (p["since"], p["until"], p["windows"], p["sort"]) == ("2020-04", "2022-03", [2, 3], "harm")
    assert data["provenance"]["seed"] == 7
    assert "anti-social-behaviour set to 2.5" in p["harm"]
    assert len(data["signals"]) == 5
    harm = [s["harm"] for s in data["signals"]]
    assert None not in harm
    assert harm == sorted(harm, reverse=True)
    rising = {s["since"] for s in data["signals"] if s["kind"] == "rising"}
    assert rising <= {"2022-01", "2022-02"}
    assert strict(run(whole, "--format", "json", "--windows", "3"))["parameters"]["windows"] == [1, 3]


# -- other formats ---------------------------------------------------------------------------------------------------------


def test_csv_has_the_same_rows(whole: Path, run: Run) -> None:
    data = strict(run(whole, "--format", "json"))["signals"]
    rows = list(csv.DictReader(io.StringIO(run(whole, "--format", "csv"))))
    assert [int(r["observed"]) for r in rows] == [s["observed"] for s in data]
    assert [r["areas"].split() for r in rows] == [s["areas"] for s in data]
    assert [r["why"] for r in rows] == [s["why"] for s in data]


def test_geojson_without_places_has_the_records_own_points(whole: Path, run: Run) -> None:
    data = strict(run(whole, "--format", "geojson"))
    assert data["type"] == "FeatureCollection"
    ids = [s["id"] for s in strict(run(whole, "--format", "json"))["signals"]]
    assert [f["id"] for f in data["features"]] == ids
    for rank, feature in enumerate(data["features"], 1):
        assert (feature["type"], feature["geometry"]["type"]) == ("Feature", "MultiPoint")
        assert feature["properties"]["rank"] == rank
        assert len(feature["geometry"]["coordinates"]) == len(feature["properties"]["areas"])
        lon, lat = np.array(feature["geometry"]["coordinates"]).T
        assert ((lon > -3.2) & (lon < -2.9) & (lat > 51.5) & (lat < 51.75)).all()


def test_geojson_with_places_has_their_polygons(store: Path, run: Run) -> None:
    import shapely

    from forestall.places import Level, Places

    cube = Records.from_files([mini_force.write(store.parent / "again")]).cube()
    boxes = tuple(shapely.box(x - 400, y - 400, x + 400, y + 400) for x, y in zip(cube.easting, cube.northing, strict=True))
    blank = ("",) * len(cube.areas)
    Places(
        {"lsoa": Level("lsoa", cube.areas, blank, blank, cube.easting, cube.northing, polygons=boxes)}, "made"
    ).save(store)  # fmt: skip
    for feature in strict(run(store, "--format", "geojson", "--top", "6"))["features"]:
        parts = [shapely.geometry.shape(g) for g in feature["geometry"]["geometries"]]
        assert len(parts) == len(feature["properties"]["areas"])
        assert all(p.is_valid and p.area > 0 and -3.3 < p.centroid.x < -2.8 for p in parts)


def test_the_table_reads_as_a_list_of_problems(whole: Path, run: Run) -> None:
    signals = strict(run(whole, "--format", "json"))["signals"]
    lines = run(whole).splitlines()
    numbered = [line for line in lines if re.match(r" *\d+[* ] [0-9a-f]{10}  ", line)]
    assert [line.split()[1] for line in numbered] == [s["id"] for s in signals]
    assert [line[3] == "*" for line in numbered] == [s["established"] for s in signals]
    assert len([line for line in run(whole, "--top", "2").splitlines() if re.match(r" +\d+[* ] [0-9a-f]{10} ", line)]) == 2
    assert "Set aside" not in run(whole)
    assert lines[-1].startswith(f"Snapshot {(whole / 'CURRENT').read_text().strip()}, space-time-scan")


def test_in_welsh(whole: Path, run: Run) -> None:
    welsh, english = (strict(run(whole, "--format", "json", "--language", w)) for w in ("cy", "en"))
    assert [s["id"] for s in welsh["signals"]] == [s["id"] for s in english["signals"]]
    assert not {s["why"] for s in welsh["signals"]} & {s["why"] for s in english["signals"]}
    assert "Mehefin 2022" in run(whole, "--language", "cy")
    assert "Mehefin 2022" in run(whole, "--language", "cy", "--format", "csv")


# -- recording -------------------------------------------------------------------------------------------------------------


def test_a_look_writes_nothing(whole: Path, run: Run) -> None:
    before = held(whole)
    for form in ("table", "json", "csv", "geojson"):
        run(whole, "--format", form)
    assert held(whole) == before


def test_record_keeps_all_and_shows_the_top(store: Path, run: Run) -> None:
    shown = strict(run(store, "--record", "--top", "3", "--format", "json"))
    kept = Shelf(store).latest("scan")
    assert isinstance(kept, Scan)
    assert len(shown["signals"]) == 3 < len(kept.signals)
    assert [s["id"] for s in shown["signals"]] == [s.id for s in kept.signals[:3]]
    assert kept.provenance.snapshot == (store / "CURRENT").read_text().strip()
    assert run(store, "--record", "--top", "3", "--format", "json"), "again"
    assert Shelf(store).latest("scan") == kept
    assert len(list((store / "results").rglob("*.json"))) == 1


def test_ids_carry_on_from_the_recorded_scan_and_only_from_it(store: Path, run: Run) -> None:
    def planted(*words: str) -> str:
        signals = strict(run(store, "--format", "json", "--top", "100", *words))["signals"]
        return str(
            next(s["id"] for s in signals if s["kind"] == "rising" and len({*s["areas"]} & {*mini_force.PLANTED}) > 1)
        )

    past, now = planted("--until", "2022-02"), planted()
    assert planted("--until", "2022-02") == past
    first = Shelf(store).latest("scan")
    assert first is None, "what was not recorded names nothing"
    planted("--until", "2022-02", "--record")
    recorded = Shelf(store).latest("scan")
    assert isinstance(recorded, Scan)
    # What the recorded scan called it, under a name that no hash gives.
    from dataclasses import replace

    named = tuple(replace(s, id=f"{n:010x}") for n, s in enumerate(recorded.signals))
    Shelf(store).put(replace(recorded, signals=named))
    assert planted() != now
    assert planted() in {s.id for s in named}


def test_threads_change_nothing(whole: Path) -> None:
    outs = []
    for threads in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-m", "forestall", "scan", "--store", str(whole), *QUICK, "--format", "json"],
            env={**os.environ, "NUMBA_NUM_THREADS": threads}, capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        outs.append(done.stdout)
    assert outs[0] == outs[1]


# -- bad input -------------------------------------------------------------------------------------------------------------


def refused(capsys: pytest.CaptureFixture[str], store: Path, *words: str) -> str:
    before = held(store)
    capsys.readouterr()
    assert main(["scan", "--store", str(store), "--replicates", "19", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("forestall scan: ")
    assert len(err.strip().splitlines()) == 1
    assert held(store) == before
    return err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--force", "atlantis"], "there is no force 'atlantis' in these records; they hold: gwent"),
        (["--until", "2019-12"], "is before the first month of these records, 2020-01"),
        (["--until", "2022-07"], "is after the last month of these records, 2022-06"),
        (["--until", "2022-13"], "'2022-13' is not a month"),
        (["--until", "June"], "write it as YYYY-MM"),
        (["--until", "2022-06\n"], "is not a month"),
        (["--windows", "many"], "'many' is not a range of months"),
        (["--windows", "1-"], "is not a range of months"),
        (["--windows", "-2"], "is not a range of months"),
        (["--windows", "6-1"], "windows 6-1 make no sense"),
        (["--windows", "0"], "windows 1-0 make no sense"),
        (["--windows", "1-40"], "allow at least 52"),
        (["--lookback", "17"], "allow at least 18"),
        (["--lookback", "-3"], "allow at least 18"),
        (["--top", "0"], "--top must be 1 or more, not 0"),
        (["--top", "-1"], "--top must be 1 or more"),
        (["--replicates", "18"], "--replicates must be 19 or more"),
        (["--seed", "-1"], "--seed must be 0 or more"),
        (["--seed", str(2**64)], "--seed must be 4294967295 or less"),
        (["--harm", "own"], "there is no catalogue file 'harm/own'; there are: harm/cambridge-2026"),
        (["--harm", "../categories"], "lacks"),
        (["--asb-harm", "-1"], "--asb-harm must be a number of days of 0 or more, not -1"),
        (["--asb-harm", "nan"], "not nan"),
        (["--asb-harm", "inf"], "not inf"),
    ],
)
@pytest.mark.parametrize("record", [False, True])
def test_what_makes_no_sense_is_one_sentence(
    words: list[str], sentence: str, record: bool, whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    joined = [f"{words[0]}={words[1]}"]
    assert sentence in refused(capsys, whole, *joined, *(["--record"] if record else []))


def test_the_largest_seed_works(whole: Path, run: Run) -> None:
    assert strict(run(whole, "--seed", str(2**32 - 1), "--format", "json", "--replicates", "19"))["signals"]


@pytest.mark.parametrize("words", [["--top", "many"], ["--format", "xml"], ["--sort", "luck"], []])
def test_what_the_parser_refuses_is_status_2(words: list[str], whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["scan", *(["--store", str(whole)] if words else []), *words])
    assert left.value.code == 2
    assert capsys.readouterr().out == ""


def test_no_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, tmp_path / "gone")
    assert "there is no store at" in said
    assert "forestall ingest" in said
    assert not (tmp_path / "gone").exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("x")
    assert "there is no store at" in refused(capsys, tmp_path / "other")
    assert "there is no store at" in refused(capsys, tmp_path / "other" / "notes.txt")


def test_a_store_with_nothing_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from forestall.records.store import Store

    Store.open(tmp_path / "new", create=True)
    assert "holds no records yet" in refused(capsys, tmp_path / "new")


def test_a_store_of_a_newer_version(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (store / "forestall-store.json").write_text(json.dumps({"store": "forestall", "version": 99}))
    assert "written by a newer Forestall" in refused(capsys, store, "--record")


def test_places_of_elsewhere(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from forestall.places import Level, Places

    codes, at = ("E01000001", "E01000002"), np.array([1.0, 2.0])
    Places({"lsoa": Level("lsoa", codes, codes, ("", ""), at, at)}, "elsewhere").save(store)
    said = refused(capsys, store, "--record")
    assert "none of the 2 areas loaded is in the records" in said
    assert "forestall places add" in said


def test_a_lost_part(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    next((store / "parts").glob("*.parquet")).unlink()
    assert "has lost the part made from" in refused(capsys, store)


@pytest.mark.parametrize("text", ['{"type": "scan"', '{"type": "dream"}', '{"type": "scan"}', "[]", None])
def test_a_damaged_or_newer_scan_before(
    text: str | None, store: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run(store, "--record")
    [path] = (store / "results").rglob("*.json")
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    said = refused(capsys, store, "--record")
    assert "the scan recorded last" in said
    assert "latest-scan" in said
    (store / "results" / "latest-scan").unlink()
    assert run(store, "--record"), "what it says to do helps"


def test_a_disk_that_cannot_be_written(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (store / "results").write_text("a file where the folder should be")
    said = refused(capsys, store, "--record")
    assert "the scan can't be kept in" in said
    assert main(["scan", "--store", str(store), "--replicates", "19"]) == 0, "but it can be looked at"


@pytest.mark.parametrize("number", [28, 30, 5])
def test_a_full_disk(
    number: int, store: Path, run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(store, "--record")
    kept = Shelf(store).latest("scan")

    def full(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as m:
        m.setattr("forestall.results.shelf.os.fsync", full)
        assert os.strerror(number) in refused(capsys, store, "--record", "--seed", "5")
    assert Shelf(store).latest("scan") == kept


def test_two_forces(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mini_force.write(tmp_path / "files")
    other = mini_force.write(tmp_path / "other", force="Dyfed-Powys Police", times=1.0)
    shutil.rmtree(other / "2022-06")
    store = tmp_path / "store"
    assert main(["ingest", str(tmp_path / "files"), str(other), "--store", str(store)]) == 0
    said = refused(capsys, store, "--force", "Gwent")
    assert "they hold: gwent, dyfed-powys" in said
    assert "is after the last month of these records, 2022-05" in refused(
        capsys, store, "--force", "dyfed-powys", "--until", "2022-06"
    )
    for force, established in (("gwent", True), ("dyfed-powys", False)):
        capsys.readouterr()
        assert main(["scan", "--store", str(store), "--force", force, *QUICK, "--format", "json"]) == 0
        data = strict(capsys.readouterr().out)
        assert data["parameters"]["force"] == force
        assert any(s["kind"] == "rising" and s["established"] for s in data["signals"]) is established
