"""The quality of records: every trap of the real files found unaided, the registrar's say, and the verb."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from forestall import cli
from forestall.errors import ForestallError
from forestall.places import Level, Places
from forestall.records import checks, decisions, quality
from forestall.records.records import Records
from forestall.records.sheet import Sheet
from forestall.records.store import Store
from forestall.results import Finding, read

ASB = "anti-social-behaviour"


@pytest.fixture(scope="module")
def gwent(shared: Path) -> Records:
    return Records.from_files([shared / "data" / "police_uk" / "gwent"])


@pytest.fixture(scope="module")
def found(gwent: Records) -> tuple[Finding, ...]:
    return quality.findings(gwent, "gwent")


def of(findings: Sequence[Finding], kind: str, **wanted: Any) -> list[Finding]:
    return [f for f in findings if f.kind == kind and all(getattr(f, k) == v for k, v in wanted.items())]


# The traps of the real files


def test_map_points_replaced_in_july_2022(found: tuple[Finding, ...]) -> None:
    (turnover,) = of(found, "recording-event", shape="turnover")
    assert (turnover.month, turnover.category, turnover.areas) == ("2022-07", None, ())
    text = turnover.text.render()
    assert "93%" in text
    assert "a street without a name" in text
    (bare,) = of(found, "nameless-street")
    assert bare.month == "2022-07"
    assert 700 < (bare.count or 0) / 4 < 800


def test_areas_whose_level_broke_with_the_points(found: tuple[Finding, ...]) -> None:
    steps = {f.areas[0]: f for f in of(found, "recording-event", shape="step")}
    assert {"W01001662", "W01001626"} <= set(steps)
    assert all(f.month == "2022-07" and len(f.areas) == 1 and f.category is None for f in steps.values())
    assert steps["W01001662"].direction == steps["W01001626"].direction == 1
    assert {f.direction for f in steps.values()} == {1, -1}
    assert len(steps) <= 20
    assert "27.2 a month in the 12 months before" in steps["W01001662"].text.render()
    assert "62.5 a month" in steps["W01001662"].text.render()
    assert "a street without a name" in steps["W01001662"].text.render()
    assert "Lodge Road" in steps["W01001626"].text.render()


def test_area_codes_of_2011(found: tuple[Finding, ...]) -> None:
    (vintage,) = of(found, "vintage")
    assert (vintage.month, vintage.until) == ("2020-01", "2022-10")
    assert "2011 census" in vintage.text.render()


def test_asb_without_identifiers_half_of_it_twins(found: tuple[Finding, ...]) -> None:
    (no_id,) = of(found, "no-id")
    assert (no_id.category, no_id.count) == (ASB, 51_005)
    assert "26,171" in no_id.text.render()
    assert "no proof of duplication" in no_id.text.render()


@pytest.mark.parametrize(
    ("until", "end"),
    [("2020-04", "2020-04"), ("2020-06", "2020-06"), ("2021-03", "2021-03"), ("2022-06", "2021-08"), (None, "2021-08")],
)
def test_the_lockdown_covers_its_whole_spell(gwent: Records, until: str | None, end: str) -> None:
    events = of(quality.findings(gwent, "gwent", until), "recording-event", shape="passing")
    assert {f.category for f in events} == {ASB}
    assert [(f.month, f.until) for f in events] == [("2020-03", "2020-03"), ("2020-04", end)]
    assert "5,105" in events[1].text.render()
    assert all(f.areas == () and f.direction == 1 for f in events)


def test_rows_outside_the_area_or_without_location(found: tuple[Finding, ...]) -> None:
    (outside,) = of(found, "outside-area")
    assert 1_800 < (outside.count or 0) < 2_100  # 1,996 by the areas of Wales
    (missing,) = of(found, "missing-location")
    assert missing.count == 679


def test_what_the_source_can_never_tell(found: tuple[Finding, ...]) -> None:
    assert len(of(found, "outcomes-as-of-download", source="police-uk")) == 1
    assert of(found, "precision", source="police-uk")[0].count == 180_012
    assert not of(found, "gap")
    assert of(found, "duplicate-id")[0].count == 74


def test_a_scan_into_the_past_does_not_see_the_future(gwent: Records) -> None:
    before = quality.findings(gwent, "gwent", "2022-06")
    assert not [f for f in before if (f.month or "") > "2022-06" or (f.until or "") > "2022-06"]
    assert not of(before, "recording-event", shape="turnover")
    assert not of(before, "recording-event", shape="step")
    after = quality.findings(gwent, "gwent", "2022-07")
    assert of(after, "recording-event", shape="turnover")
    assert quality.findings(gwent, "gwent", "2019-12") == ()
    only = Sheet.read(gwent)
    cut = only.take(np.array([m <= "2021-03" for m in only.months])[only.month])
    assert quality.of_sheet(cut, "gwent") == list(quality.findings(gwent, "gwent", "2021-03"))


def test_counts_add_up_to_the_files(gwent: Records) -> None:
    report = quality.report(gwent)
    assert (report.rows, report.rejects) == (180_012, 0)
    assert [s.month for s in report.by_source] == list(gwent.months())
    assert sum(s.missing_location for s in report.by_source) == 679
    assert sum(s.duplicate_ids for s in report.by_source) == 74
    assert read(json.loads(json.dumps(report.to_json()))) == report


def test_records_give_the_same_findings(gwent: Records, found: tuple[Finding, ...]) -> None:
    assert gwent.findings("gwent") == found
    assert gwent.findings() == found


@pytest.mark.slow
def test_findings_take_under_two_seconds(gwent: Records) -> None:
    import time

    sheet = Sheet.read(gwent)
    start = time.perf_counter()
    quality.of_sheet(sheet, "gwent")
    assert time.perf_counter() - start < 2


def gwent_places(shared: Path) -> Places:
    import csv
    import gzip

    def level(name: str, file: str, code: str, lad: str, vintage: str) -> Level:
        with gzip.open(shared / "data" / "geography" / file, "rt", encoding="utf-8-sig") as f:
            rows = [r for r in csv.DictReader(f) if "W06000018" <= r[lad] <= "W06000022"]
        none = np.full(len(rows), np.nan)
        return Level(
            name, tuple(r[code] for r in rows), tuple(r[code.replace("cd", "nm")] for r in rows), ("",) * len(rows),
            none, none, {"force": ("gwent",) * len(rows)}, vintage=vintage,
        )  # fmt: skip

    old = level("lsoa", "lsoa11_england_wales.csv.gz", "lsoa11cd", "ladcd_2011", "2011")
    new = level("lsoa", "lsoa21_england_wales.csv.gz", "lsoa21cd", "ladcd", "2021")
    return Places({"lsoa": new, "lsoa11": old, "lsoa21": new}, "test")


def test_places_verify_the_vintage_and_the_area(gwent: Records, shared: Path) -> None:
    findings = quality.findings(gwent, "gwent", places=gwent_places(shared))
    (vintage,) = of(findings, "vintage")
    assert "exist among the areas of 2011 and not of 2021" in vintage.text.render()
    (outside,) = of(findings, "outside-area")
    assert outside.count == 1_996
    assert any("Newport 018D (W01001662)" in f.text.render() for f in findings)
    assert not of(findings, "unknown-area-code")


# Small made records


def table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    base = {
        "source": "made", "source_ref": None, "force": "gwent", "kind": "crime", "category": "burglary", "month": "2022-01",
        "precision": "day", "easting": 330_000.0, "northing": 190_000.0, "location_id": "p1",
        "location_text": "High Street", "lsoa": "W01001500", "outcome": None, "status": None, "flags": [],
    }  # fmt: skip
    types = {"easting": pa.float64(), "northing": pa.float64(), "flags": pa.list_(pa.string())}
    full = [{**base, **r} for r in rows]
    return pa.table({k: pa.array([r[k] for r in full], types.get(k, pa.string())) for k in base})


def findings_of(rows: Sequence[Mapping[str, Any]]) -> list[Finding]:
    return quality.of_sheet(Sheet.of(table(rows)), "gwent")


def month(i: int) -> str:
    return f"{2021 + i // 12}-{i % 12 + 1:02d}"


def test_nothing_gives_nothing() -> None:
    assert findings_of([]) == []
    assert len(Sheet.of(table([])).until("2022-01")) == 0


def test_months_without_files_are_gaps() -> None:
    rows = [{"month": month(i), "source_ref": f"{i}/{k}"} for i in (0, 1, 4, 5) for k in range(5)]
    (gap,) = of(findings_of(rows), "gap")
    assert (gap.month, gap.until, gap.source) == ("2021-03", "2021-04", "made")


def test_a_busy_category_that_falls_silent_is_a_gap() -> None:
    rows = [{"month": month(i), "category": c, "source_ref": f"{i}/{c}/{k}"}
            for i in range(6) for c in ("burglary", "drugs") for k in range(40) if (i, c) != (3, "drugs")]  # fmt: skip
    (gap,) = of(findings_of(rows), "gap")
    assert (gap.month, gap.until, gap.category) == ("2021-04", "2021-04", "drugs")


def test_identifiers_on_several_rows() -> None:
    rows = [
        {"source_ref": r, "source": s}
        for r, s in (("a", "x"), ("a", "x"), ("b", "x"), ("b", "y"), (None, "x"), (None, "x"))
    ]
    (twice,) = of(findings_of(rows), "duplicate-id")
    assert twice.count == 2


def test_codes_that_are_no_codes() -> None:
    rows = [{"lsoa": "W01001500"}] * 50 + [{"lsoa": "Newport 001A"}] * 2 + [{"lsoa": None, "flags": ["lsoa-not-a-code"]}]
    (unknown,) = of(findings_of(rows), "unknown-area-code")
    assert (unknown.count, unknown.areas) == (3, ("Newport 001A",))


@pytest.mark.parametrize(("code", "text"), [("W01001959", "2021 census"), ("E01033769", "2021 census")])
def test_a_code_made_for_2021_tells_the_vintage(code: str, text: str) -> None:
    rows = [{"lsoa": c} for c in ("W01001500", "W01001501", code) for _ in range(10)]
    (vintage,) = of(findings_of(rows), "vintage")
    assert text in vintage.text.render()


def test_a_change_of_vintage_has_its_month() -> None:
    rows = [{"lsoa": f"W0100{1500 + a}", "month": month(i)} for a in range(70) for i in range(6)]
    assert "2011 census" in of(findings_of(rows), "vintage")[0].text.render()
    rows += [{"lsoa": "W01001960", "month": month(i)} for i in (4, 5) for _ in range(5)]
    (vintage,) = of(findings_of(rows), "vintage")
    assert (vintage.month, vintage.until) == ("2021-05", None)


def test_fictional_codes_have_no_vintage() -> None:
    rows = [{"lsoa": f"F0{a:04d}"} for a in range(80) for _ in range(3)]
    assert not of(findings_of(rows), "vintage")
    assert not of(findings_of(rows), "unknown-area-code")


def test_cancelled_records_make_no_event() -> None:
    rng = np.random.default_rng(1)
    rows = spread(rng, [100] * 6)
    extra = [{**r, "status": "cancelled"} for r in spread(rng, [0, 0, 0, 900, 0, 0])]
    assert not of(findings_of(rows + extra), "recording-event")
    assert of(findings_of(rows + [{**r, "status": None} for r in extra]), "recording-event")


def spread(rng: np.random.Generator, sizes: Sequence[int], category: str = ASB) -> list[dict[str, Any]]:
    """Rows of twenty areas with ten points each."""
    return [
        {
            "month": month(i), "category": category, "lsoa": f"W0100{1500 + a}", "location_id": f"{a}/{p}",
            "location_text": f"Street {a}/{p}", "kind": "asb" if category == ASB else "crime",
        }
        for i, n in enumerate(sizes)
        for a, p in zip(rng.integers(0, 20, n), rng.integers(0, 10, n), strict=True)
    ]  # fmt: skip


def test_an_incomplete_month_is_one_event_of_all_categories() -> None:
    rng = np.random.default_rng(2)
    sizes = [300] * 8 + [20] + [300] * 3
    rows = [r for c in (ASB, "burglary", "vehicle-crime") for r in spread(rng, sizes, c)]
    (event,) = of(findings_of(rows), "recording-event")
    assert (event.month, event.until, event.category, event.shape, event.direction) == (
        "2021-09", "2021-09", None, "passing", -1,
    )  # fmt: skip


def test_points_of_one_area_replaced_with_a_step() -> None:
    rng = np.random.default_rng(3)
    rows = spread(rng, [800] * 20)
    for r in rows:
        if r["lsoa"] == "W01001507" and r["month"] >= "2022-02":
            r["location_id"] += "new"
    (turnover,) = of(findings_of(rows), "recording-event")
    assert (turnover.shape, turnover.month, turnover.areas) == ("turnover", "2022-02", ("W01001507",))
    more = [r for r in rows if r["lsoa"] == "W01001507" and r["month"] >= "2022-02"]
    events = of(findings_of(rows + more * 2), "recording-event")
    assert [(e.shape, e.direction) for e in events] == [("turnover", 0), ("step", 1)]


def test_a_problem_where_points_stay_is_no_event() -> None:
    rng = np.random.default_rng(4)
    rows = spread(rng, [800] * 20)
    more = [r for r in rows if r["lsoa"] in ("W01001507", "W01001508") and r["month"] >= "2022-02"]
    assert not of(findings_of(rows + more * 3), "recording-event")


def test_strays_and_the_forces_own_areas_are_told_apart_by_counts() -> None:
    rows = [{"lsoa": f"W0100{1500 + a}"} for a in range(30) for _ in range(50)] + [{"lsoa": "E01001234"}] * 2
    about = checks.where(Sheet.of(table(rows)), None, "gwent")
    assert len(about.own) == 30
    assert not about.from_places


# The registrar


def write_csv(folder: Path) -> Path:
    """police.uk files of twenty areas in which anti-social behaviour jumps everywhere in the fifth month."""
    rng = np.random.default_rng(5)
    head = (
        "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,"
        "Last outcome category,Context"
    )
    for i, n in enumerate([200, 210, 190, 205, 1300, 900]):
        lines = [head]
        for k in range(n):
            a = rng.integers(0, 20)
            lines.append(
                f",{month(i)},Gwent Police,Gwent Police,{-3 - a / 100:.4f},51.6,On or near Street {a},W0100{1500 + a},"
                f"Newport 0{a:02d}A,Anti-social behaviour,,"
            )
            if k < 50:
                lines.append(
                    f"{i:03d}{k:061d},{month(i)},Gwent Police,Gwent Police,-3.0,51.6,On or near High Street,W01001500,"
                    "Newport 000A,Burglary,Under investigation,"
                )
        (folder / f"{month(i)}-gwent-street.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    Store.open(tmp_path / "store", create=True).ingest([write_csv(tmp_path / "in")])
    return tmp_path / "store"


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    status = cli.main(["quality", *args])
    out, err = capsys.readouterr()
    return status, out, err


def test_the_verb_gives_json(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "--store", str(store), "--format", "json")
    data = json.loads(out)
    assert status == 0
    assert (data["rows"], data["rejects"]) == (3305, 0)
    assert [s["month"] for s in data["by_source"]] == [month(i) for i in range(6)]
    (event,) = [f for f in data["findings"] if f["kind"] == "recording-event"]
    assert (event["month"], event["until"], event["category"], event["areas"]) == ("2021-05", "2021-06", ASB, [])
    assert "anti-social behaviour" in event["text"]


def test_the_verb_gives_text_with_counts_first(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "--store", str(store))
    assert status == 0
    assert out.startswith("3,305 rows were read and 0 were rejected.")
    assert out.index("2021-05") < out.index("Suspected recording event, anti-social behaviour")


def test_the_registrar_rejects_and_confirms(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = Store.open(store).records()
    (event,) = of(quality.findings(records), "recording-event")
    assert event.standing == "suspected"
    status, _, err = run(capsys, "--store", str(store), "--reject", event.id)
    assert (status, "--by NAME" in err) == (2, True)
    who = ("--by", "A. Registrar", "--reason", "a new team recorded what was there")
    status, out, _ = run(capsys, "--store", str(store), "--reject", event.id, *who)
    assert status == 0
    assert "rejected by the registrar" in out
    assert of(records.findings(), "recording-event")[0].standing == "rejected"
    assert of(records.findings("gwent", "2021-05"), "recording-event")[0].standing == "rejected"
    run(capsys, "--store", str(store), "--confirm", event.id, *who)
    assert of(records.findings(), "recording-event")[0].standing == "confirmed"
    assert [d.standing for d in decisions.read(store)] == ["rejected", "confirmed"]
    assert [p.name for p in (store / "decisions").glob("*.json")] == ["recording-events.json"]


def test_only_events_are_decided_and_only_known_ones(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    who = ("--by", "A. Registrar", "--reason", "r")
    fact = of(Store.open(store).records().findings(), "no-id")[0]
    assert run(capsys, "--store", str(store), "--confirm", fact.id, *who)[0] == 2
    status, _, err = run(capsys, "--store", str(store), "--confirm", "nonsense", *who)
    assert status == 2
    assert "no finding nonsense" in err
    assert decisions.read(store) == ()


def test_damaged_decisions_are_said_and_not_overwritten(store: Path) -> None:
    path = store / decisions.FILE
    path.parent.mkdir(exist_ok=True)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ForestallError, match="can't be read"):
        quality.findings(Store.open(store).records())
    event = Finding("recording-event", quality.msg("x"))
    with pytest.raises(ForestallError, match="can't be read"):
        decisions.decide(store, event, "confirmed", "A", "b")
    assert path.read_text(encoding="utf-8") == "{"


@pytest.mark.parametrize(
    ("args", "say"),
    [
        (["--until", "2022-13"], "is no month"),
        (["--until", "2019-01"], "before the first month of the records, 2021-01: name a later one"),
        (["--force", "dyfed-powys"], "name one that it has"),
    ],
)
def test_bad_questions_get_one_sentence(store: Path, capsys: pytest.CaptureFixture[str], args: list[str], say: str) -> None:
    status, out, err = run(capsys, "--store", str(store), *args)
    assert (status, out) == (2, "")
    assert say in err
    assert err.count("\n") == 1
