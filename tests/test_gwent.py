"""The main job on real files: what Gwent Police published for 2020-01 to 2022-10, from the files to signals.

The oracle for counts is the plain rows, read here with nothing but ``csv`` and ``gzip``.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from forestall.cli import main

Rows = Counter[tuple[str, str, str]]
LEVEL_BROKE = {"W01001662", "W01001626"}


@pytest.fixture(scope="module")
def rows(shared: Path) -> Rows:
    """(area, category, month) -> how many rows, straight from the files."""
    found: Rows = Counter()
    for path in sorted((shared / "data" / "police_uk" / "gwent").glob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as f:
            for row in csv.DictReader(f):
                found[row["LSOA code"], row["Crime type"].lower().replace(" ", "-"), row["Month"]] += 1
    return found


@pytest.fixture(scope="module")
def store(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("gwent") / "store"
    places = shared / "data" / "geography"
    assert main(["ingest", str(shared / "data" / "police_uk" / "gwent"), "--store", str(store)]) == 0
    files = [places / "boundaries" / f"gwent_{level}.geojson.gz" for level in ("lsoa11", "msoa", "ward")]
    files += [places / "lsoa11_england_wales.csv.gz", places / "lad_to_modal_force_2025_derived.csv"]
    assert main(["places", "add", *map(str, files), "--force", "gwent", "--store", str(store)]) == 0
    return store


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """What a verb prints as JSON."""
    capsys.readouterr()
    assert main([*words, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_every_row_is_there(store: Path, rows: Rows, capsys: pytest.CaptureFixture[str]) -> None:
    report = asked(capsys, "quality", "--store", str(store))
    assert report["rows"] == sum(rows.values()) == 180_012
    assert report["rejects"] == 0


def test_the_lockdown_is_named_as_a_recording_event(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    findings = asked(capsys, "quality", "--store", str(store))["findings"]
    events = [f for f in findings if f["kind"] == "recording-event"]
    named = {f["month"] for f in events if f["category"] == "anti-social-behaviour"}
    assert "2020-04" in named
    assert {area for f in events for area in f["areas"]} >= LEVEL_BROKE
    assert any(f["month"] == "2022-07" and not f["areas"] for f in events)


@pytest.mark.parametrize("until", ["2020-06", "2021-03"])
def test_the_lockdown_is_no_rising_signal(store: Path, until: str, capsys: pytest.CaptureFixture[str]) -> None:
    scan = asked(capsys, "scan", "--store", str(store), "--until", until, "--top", "1000")
    assert not [
        s for s in scan["signals"]
        if s["kind"] in ("rising", "force-wide") and s["category"] == "anti-social-behaviour" and s["since"] <= "2021-03"
    ]  # fmt: skip


def test_replaced_map_points_are_no_rising_signal(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scan = asked(capsys, "scan", "--store", str(store), "--until", "2022-10", "--top", "1000")
    rising = [s for s in scan["signals"] if s["kind"] == "rising"]
    assert rising
    assert not [s["id"] for s in rising if LEVEL_BROKE & set(s["areas"])]


def test_each_top_signal_can_be_counted_in_the_raw_rows(
    store: Path, rows: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    scan = asked(capsys, "scan", "--store", str(store), "--until", "2022-06")
    assert len(scan["signals"]) == 20
    for s in scan["signals"]:
        areas = set(s["areas"])
        counted = sum(
            n for (area, category, month), n in rows.items()
            if area in areas and category == s["category"] and s["since"] <= month <= s["until"]
        )  # fmt: skip
        assert counted == s["observed"], f"{s['id']} {s['category']}: {s['observed']} said, {counted} in the files"
        assert s["until"] <= "2022-06"
        assert s["category"] not in ("drugs", "possession-of-weapons")
