"""The model: immutable levels, nearest areas, contiguity, and a store that gives back what it was given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from forestall.errors import ForestallError
from forestall.places import Level, Places
from forestall.places.model import nearest
from forestall.places.shelf import content_hash


def square(x: float, y: float, size: float = 1000.0) -> shapely.Polygon:
    return shapely.box(x, y, x + size, y + size)


def small() -> Places:
    """Four squares in a row of two by two, in two authorities of one force, with one Welsh name."""
    corners = [(300_000, 200_000), (301_000, 200_000), (300_000, 201_000), (301_000, 201_000)]
    level = Level(
        name="lsoa",
        codes=("W01", "W02", "W03", "W04"),
        names=("Caerphilly 001A", "Caerphilly 001B", "Newport 001A", ""),
        names_cy=("Caerffili 001A", "", "", ""),
        easting=np.array([x + 500.0 for x, _ in corners]),
        northing=np.array([y + 500.0 for _, y in corners]),
        parents={"lad": ("A", "A", "B", "B"), "force": ("gwent", "gwent", "gwent", "")},
        population={2011: np.array([1.0, 2, 3, np.nan]), 2019: np.array([5.0, 6, 7, 8])},
        polygons=tuple(square(x, y) for x, y in corners),
        vintage="2011",
    )
    levels = {"lsoa": level}
    return Places(levels, content_hash(levels))


def test_hierarchy() -> None:
    places = small()
    assert places.name("W01", "cy") == "Caerffili 001A"
    assert places.name("W02", "cy") == "Caerphilly 001B"
    assert places.name("W04") == "W04"
    assert places.name("unknown") == "unknown"
    assert places.parent("W03", "lad") == "B"
    assert places.parent("W04", "force") is None
    assert places.parent("W04", "region") is None
    assert places.within("B") == ("W03", "W04")
    assert places.within("W02") == ("W02",)
    assert places.force_areas("gwent") == ("W01", "W02", "W03")
    assert places.force_areas("kent") == ()


def test_levels_cannot_be_changed() -> None:
    level = small().level()
    for array in (level.easting, level.population[2011]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(TypeError):
        level.population[2020] = level.easting  # type: ignore[index]


def test_what_is_not_there_is_said() -> None:
    places = small()
    with pytest.raises(ForestallError, match="level ward is not loaded"):
        places.level("ward")
    with pytest.raises(ForestallError, match="no area X at level lsoa"):
        places.level().index("X")
    assert places.level().positions(["W03", "X"]).tolist() == [2, -1]


def test_population_of_the_nearest_year() -> None:
    level = small().level()
    found = level.population_near(2015)
    assert found is not None
    assert found[0] == 2011
    assert level.population_near(2016)[0] == 2019  # type: ignore[index]


def test_touching_counts_corners() -> None:
    assert small().neighbours().tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]


def test_no_boundaries_no_contiguity() -> None:
    with pytest.raises(ForestallError, match="no boundaries"):
        Places.from_points(["a"], [1.0], [1.0]).neighbours()


def test_store_round_trip(tmp_path: Path) -> None:
    assert Places.open(tmp_path) is None
    places = small()
    places.save(tmp_path)
    back = Places.open(tmp_path)
    assert back is not None
    assert back.version == places.version == content_hash(back.levels)
    old, new = places.level(), back.level()
    assert (old.codes, old.names, old.names_cy, old.vintage) == (new.codes, new.names, new.names_cy, new.vintage)
    assert dict(old.parents) == dict(new.parents)
    np.testing.assert_array_equal(old.population[2011], new.population[2011])
    assert new.polygons is not None
    assert all(a.equals(b) for a, b in zip(old.polygons or (), new.polygons, strict=True))


def test_an_earlier_version_still_opens(tmp_path: Path) -> None:
    places = small()
    places.save(tmp_path)
    levels = {"lsoa": places.level().take(["W01"])}
    Places(levels, content_hash(levels)).save(tmp_path)
    assert len(Places.open(tmp_path).level()) == 1  # type: ignore[union-attr]
    assert len(Places.open(tmp_path, places.version).level()) == 4  # type: ignore[union-attr]
    with pytest.raises(ForestallError, match="no places of version"):
        Places.open(tmp_path, "0")


def test_places_from_points_are_not_kept(tmp_path: Path) -> None:
    places = Places.from_points(["a", "b"], [1.0, np.nan], [1.0, np.nan])
    assert places.version == "none"
    assert "counts" in str(places.notes[0])
    with pytest.raises(ForestallError):
        places.save(tmp_path)


def brute_nearest(x: list[float], y: list[float], k: int) -> list[list[int]]:
    """The slow twin: sort every other point by squared distance, then index."""
    rows = []
    for i in range(len(x)):
        others = [j for j in range(len(x)) if j != i]
        rows.append([i, *sorted(others, key=lambda j: ((x[j] - x[i]) ** 2 + (y[j] - y[i]) ** 2, j))][:k])
    return rows


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=60),
    st.integers(1, 30),
)
def test_nearest_is_the_brute_force_answer_ties_included(points: list[tuple[int, int]], k: int) -> None:
    x, y = [float(p[0]) for p in points], [float(p[1]) for p in points]
    assert nearest(x, y, k).tolist() == brute_nearest(x, y, k)


def test_nearest_with_unknown_centroids() -> None:
    found = nearest([0.0, np.nan, 1.0, 5.0], [0.0, np.nan, 0.0, 0.0], 4)
    assert found.tolist() == [[0, 2, 3, -1], [1, -1, -1, -1], [2, 0, 3, -1], [3, 2, 0, -1]]
    assert nearest([np.nan], [np.nan], 3).tolist() == [[0]]


def test_nearest_among_some() -> None:
    assert small().nearest(k=2, codes=["W04", "W01", "W02"]).tolist() == [[0, 2], [1, 2], [2, 0]]


def test_matching_takes_the_vintage_of_the_records() -> None:
    old = small().level()
    new = Level("lsoa", ("W01", "W09"), ("", ""), ("", ""), old.easting[:2], old.northing[:2], vintage="2021")
    places = Places({"lsoa": new, "lsoa11": old, "lsoa21": new}, "v")
    assert places.matching(["W01", "W03"]).level() is old
    assert places.matching(["W01"]).level() is new
    assert places.matching([]).level() is new
    assert places.name("W03") == "Newport 001A"


def test_geojson() -> None:
    data = small().geojson("lsoa", ["W02", "W01"])
    first = data["features"][0]
    assert first["properties"]["code"] == "W02"
    assert first["properties"]["parents"] == {"lad": "A", "force": "gwent"}
    assert first["geometry"]["type"] == "Polygon"
    lon, lat = first["geometry"]["coordinates"][0][0]
    assert -4 < lon < -3
    assert 51 < lat < 52
    points = Places.from_points(["a", "b"], [300_000, np.nan], [200_000, np.nan]).geojson()
    assert points["features"][0]["geometry"]["type"] == "Point"
    assert points["features"][1]["geometry"] is None
