from __future__ import annotations

import gzip
import re

import numpy as np
import pytest
import shapely

from forestall.places.project import to_wgs84
from forestall.sample.geography import geography
from forestall.sample.names import AUTHORITIES, FORCE, TOWNS, wards


@pytest.mark.parametrize("seed", [1, 2, 99])
def test_areas_tile_the_island_without_gaps_or_overlaps(seed):
    place = geography(seed)
    shapes = np.array(place.polygons)
    whole = shapely.union_all(shapes)
    assert shapely.is_valid(shapes).all()
    assert whole.geom_type == "Polygon"
    assert not whole.interiors
    assert shapely.area(shapes).sum() == pytest.approx(whole.area, rel=1e-9)
    assert 1.3e9 < whole.area < 1.9e9


def test_it_is_the_size_of_a_welsh_force():
    place = geography(1)
    assert len(place.codes) == len(set(place.codes)) == 368
    assert 570_000 < place.population[2022].sum() < 610_000
    assert {level: len(named) for level, named in place.higher.items()} == {
        "msoa": 86, "ward": 112, "lad": 5, "lpa": 2, "force": 1,
    }  # fmt: skip
    assert all(800 < p < 3600 for p in place.population[2022])
    assert all((place.households[y] < place.population[y]).all() for y in place.population)


def test_lower_areas_lie_whole_in_higher_ones():
    parents = geography(1).parents
    for low, high in (("msoa", "lad"), ("ward", "lad"), ("lad", "lpa"), ("lpa", "force")):
        above: dict[str, set[str]] = {}
        for child, parent in zip(parents[low], parents[high], strict=True):
            above.setdefault(child, set()).add(parent)
        assert all(len(p) == 1 for p in above.values())


def test_no_code_or_place_can_be_taken_for_a_real_one(shared):
    place = geography(1)
    codes = [*place.codes, *(c for level in place.higher.values() for c in level)]
    assert all(re.fullmatch(r"X\d{8}", c) for c in codes)
    lon, lat = to_wgs84(place.easting, place.northing)
    assert lon.max() < -5.5  # the westernmost land of Wales is at -5.7 only on islets north of 51.8
    assert lon.min() > -7.0
    assert 51.2 < lat.min() < lat.max() < 51.9
    with gzip.open(shared / "data/geography/lsoa11_england_wales.csv.gz", "rt", encoding="utf-8") as f:
        text = f.read()
    towns = [n for group in TOWNS for n in group]
    for name in (FORCE, *AUTHORITIES, *towns):
        assert f",{name.en} " not in text, name


def test_the_same_seed_makes_the_same_map_and_another_another():
    one, again, other = geography(5), geography(5), geography(6)
    assert np.array_equal(one.easting, again.easting)
    assert one.names == again.names
    assert not np.array_equal(one.easting, other.easting)


def test_names_come_in_two_languages_where_they_differ():
    names = wards(np.random.default_rng(3), 120)
    assert len({n.en for n in names}) == 120
    both = [n for n in names if n.cy]
    assert 20 < len(both) < 70
    assert all(n.en != n.cy for n in both)
