"""Records with a point and no area code get the area whose boundary holds the point."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from forestall.cli import main
from forestall.places import Level, Places
from forestall.places.holding import REACH, holding
from forestall.places.project import to_wgs84
from forestall.records import quality
from forestall.records.records import Records
from forestall.records.store import Store

WEST, EAST = (300_000, 200_000), (301_000, 200_000)


def level(vintage: str = "2021", prefix: str = "W0100") -> Level:
    """Two squares of a kilometre side by side, and an area without a boundary."""
    codes = tuple(f"{prefix}{i}" for i in (1001, 1002, 1003))
    squares = tuple(shapely.box(x, y, x + 1000, y + 1000) for x, y in (WEST, EAST))
    e, n = np.array([300_500.0, 301_500.0, np.nan]), np.array([200_500.0, 200_500.0, np.nan])
    return Level("lsoa", codes, codes, ("",) * 3, e, n, polygons=(*squares, None), vintage=vintage)


@pytest.mark.parametrize(
    ("point", "area"),
    [
        ((300_500, 200_500), 0),
        ((301_500, 200_500), 1),
        ((301_000, 200_500), 0),  # on the shared side: the first in order of code
        ((299_970, 200_500), 0),  # 30 m out: boundaries are generalised
        ((302_040, 200_500), 1),
        ((299_940, 200_500), -1),
        ((500_000, 400_000), -1),
        ((np.nan, 200_500), -1),
    ],
)
def test_the_area_that_holds_a_point(point: tuple[float, float], area: int) -> None:
    assert holding(level(), [point[0]], [point[1]]).tolist() == [area]


def test_a_point_in_degrees_lies_where_a_record_of_it_does() -> None:
    at = level()
    places = Places({"lsoa": at}, "x")
    for point, code in (((300_500, 200_500), at.codes[0]), ((302_040, 200_500), at.codes[1]), ((299_900, 200_500), None)):
        lon, lat = map(float, to_wgs84(*point))
        assert places.at(lon, lat) == code
        assert places.at(lon, lat, at.codes[1:]) == (code if code in at.codes[1:] else None)
    assert places.at(float("inf"), 0.0) is None


def test_without_boundaries_no_area_holds_anything() -> None:
    at = level()
    bare = Level("lsoa", at.codes, at.names, at.names_cy, at.easting, at.northing)
    assert holding(bare, [300_500], [200_500]).tolist() == [-1]


@given(st.lists(st.tuples(st.integers(299_900, 302_100), st.integers(199_900, 201_100)), min_size=1, max_size=30))
def test_it_agrees_with_the_obvious_way(points: list[tuple[int, int]]) -> None:
    at = level()
    x, y = np.array(points, dtype=float).T
    for (px, py), got in zip(points, holding(at, x, y).tolist(), strict=True):
        far = [p.distance(shapely.Point(px, py)) for p in at.polygons or () if p is not None]
        best = min(far)
        assert got == (far.index(best) if best <= REACH else -1)


MAPPING = """
source: points
fields:
  source_ref: REF
  force: {value: gwent}
  kind: {value: crime}
  category: {value: burglary}
  occurred_from: {column: WHEN, formats: "%Y-%m-%d"}
  easting: X
  northing: Y
  lsoa: AREA
  flags: [{column: DA, codes: {Y: domestic-abuse}}]
"""
ROWS = """REF,WHEN,X,Y,AREA,DA
1,2022-01-01,300500,200500,,
2,2022-01-02,301500,200500,,Y
3,2022-01-03,301500,200500,W01001001,
4,2022-01-04,400000,400000,,
5,2022-01-05,,,,Y
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    (tmp_path / "m.yaml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "x.csv").write_text(ROWS, encoding="utf-8")
    assert (
        main(["ingest", str(tmp_path / "x.csv"), "--mapping", str(tmp_path / "m.yaml"), "--store", str(tmp_path / "s")])
        == 0
    )
    return tmp_path / "s"


def lines(records: Records) -> dict[str, tuple]:
    rows = records.rows().to_pylist()
    return {r["source_ref"]: (r["lsoa"], r["lsoa_vintage"], r["flags"]) for r in rows}


def test_loaded_boundaries_give_the_areas_that_the_source_left_out(store: Path) -> None:
    before = Store.open(store).records()
    assert before.cube().areas == ("W01001001",)
    Places({"lsoa": level()}, "v1").save(store)
    records = Store.open(store).records()
    assert records.snapshot == before.snapshot
    mark = "lsoa-from-point"
    assert lines(records) == {
        "1": ("W01001001", "2021", [mark]),
        "2": ("W01001002", "2021", ["domestic-abuse", mark]),
        "3": ("W01001001", None, []),  # the source's own code stands, wherever the point lies
        "4": (None, None, []),
        "5": (None, None, ["domestic-abuse"]),
    }
    cube = records.cube()
    assert (cube.areas, cube.counts.sum((0, 2)).tolist(), int(cube.unplaced.sum())) == (
        ("W01001001", "W01001002"),
        [2, 1],
        2,
    )
    assert records.rows(areas=["W01001002"])["source_ref"].to_pylist() == ["2"]
    assert records.cube(area="lsoa").counts.sum() + cube.unplaced.sum() == 5


def test_quality_says_which_areas_come_from_points(store: Path) -> None:
    assert not [f for f in quality.findings(Store.open(store).records()) if f.kind == "area-from-point"]
    Places({"lsoa": level()}, "v1").save(store)
    records = Store.open(store).records()
    (found,) = [f for f in quality.findings(records) if f.kind == "area-from-point"]
    assert found.count == 2
    assert found.text.render("en").startswith("2 rows (40% of all) have their area from their point")
    (month,) = quality.report(records).by_source
    assert month.missing_location == 2


def test_the_vintage_of_the_other_records_is_followed(store: Path) -> None:
    """The record with a code has one of 2011, so the others get areas of 2011."""
    old, new = level("2011"), level("2021", "W0200")
    Places({"lsoa": new, "lsoa11": old, "lsoa21": new}, "v2").save(store)
    got = lines(Store.open(store).records())
    assert got["2"][:2] == ("W01001002", "2011")
