"""The real Gwent, from the files that ONS and others publish to a whole hierarchy."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely

from forestall.places import Places
from forestall.places.crosswalk import between
from forestall.places.project import to_wgs84

LADS = ("W06000018", "W06000019", "W06000020", "W06000021", "W06000022")


def test_the_areas_are_all_there(gwent: Places) -> None:
    counts = {k: len(v) for k, v in gwent.levels.items()}
    assert counts == {
        "lsoa": 374, "lsoa11": 368, "lsoa21": 374, "msoa": 77, "ward": 123, "lad": 5, "force": 1, "nation": 1
    }  # fmt: skip
    assert gwent.level("lad").codes == LADS
    assert len(gwent.force_areas("gwent")) == 374
    assert len(gwent.force_areas("gwent", "lsoa11")) == 368
    assert len(gwent.force_areas("gwent", "ward")) == 123
    assert len(gwent.force_areas("gwent", "msoa")) == 77
    for level in gwent.levels.values():
        assert np.isfinite(level.easting).all() or level.name == "nation"


def test_populations_add_up(gwent: Places) -> None:
    """Against the published totals: Census 2011 576,754 and 2021 587,600 (rounded by ONS), mid-2019 594,164."""
    assert gwent.levels["lsoa11"].population[2011].sum() == 576_754
    assert gwent.levels["lsoa11"].population[2019].sum() == 594_164
    assert abs(gwent.level().population[2021].sum() - 587_600) < 200
    for level in ("lad", "msoa", "force"):
        assert gwent.level(level).population[2019].sum() == 594_164
        assert gwent.level(level).households[2011].sum() == gwent.levels["lsoa11"].households[2011].sum()


def test_welsh_names(gwent: Places) -> None:
    lad = gwent.level("lad")
    assert lad.names == ("Caerphilly", "Blaenau Gwent", "Torfaen", "Monmouthshire", "Newport")
    assert lad.names_cy == ("Caerffili", "", "Tor-faen", "Sir Fynwy", "Casnewydd")
    assert gwent.name("W01002035", "cy") == "Casnewydd 019F"
    assert gwent.name("W02000366", "cy") == "Casnewydd 020"
    assert gwent.name("W05001648", "cy") == "Cwm Aber"


def test_every_lsoa_has_its_place_in_the_hierarchy(gwent: Places) -> None:
    for key in ("lsoa11", "lsoa21"):
        level = gwent.levels[key]
        for above in ("msoa", "ward", "lad", "force", "nation"):
            assert all(level.parents[above]), (key, above)
    # LSOAs nest in MSOAs and carry their number: 'Newport 019F' lies in 'Newport 019'.
    level = gwent.level()
    named = [gwent.name(m) for m in level.parents["msoa"]]
    assert sum(n.rsplit(" ", 1)[1][:3] == m.rsplit(" ", 1)[1] for n, m in zip(level.names, named, strict=True)) == 374
    # A ward that holds an LSOA's centre is in the same authority.
    agree = [gwent.parent(w, "lad") == a for w, a in zip(level.parents["ward"], level.parents["lad"], strict=True)]
    assert all(agree)


def test_outlines_put_together_are_the_areas_they_came_from(gwent: Places) -> None:
    lsoa, lad, force = gwent.level(), gwent.level("lad"), gwent.level("force")
    assert lsoa.polygons is not None
    assert lad.polygons is not None
    assert force.polygons is not None
    total = float(shapely.area(np.array(lsoa.polygons)).sum())
    np.testing.assert_allclose(shapely.area(np.array(lad.polygons)).sum(), total, rtol=1e-6)
    np.testing.assert_allclose(force.polygons[0].area, total, rtol=1e-6)
    assert abs(total / 1e6 - 1_585) < 40  # 1,585 km² is the published land area


def test_nearest_against_brute_force(gwent: Places) -> None:
    level = gwent.level()
    d = np.hypot(level.easting[:, None] - level.easting, level.northing[:, None] - level.northing)
    np.fill_diagonal(d, -1)
    np.testing.assert_array_equal(gwent.nearest("lsoa", 25), np.argsort(d, axis=1, kind="stable")[:, :25])


def test_contiguity_against_brute_force(gwent: Places) -> None:
    ward = gwent.level("ward")
    assert ward.polygons is not None
    pairs = [
        [i, j]
        for i in range(len(ward))
        for j in range(i + 1, len(ward))
        if ward.polygons[i].distance(ward.polygons[j]) <= 1.0
    ]
    assert gwent.neighbours("ward").tolist() == pairs
    lsoas = gwent.neighbours("lsoa")
    assert set(np.unique(lsoas)) == set(range(374)), "no LSOA of Gwent is an island"
    assert 5 < 2 * len(lsoas) / 374 < 7


def test_the_map_fits_a_page(gwent: Places) -> None:
    data = gwent.geojson("lsoa")
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    assert len(text.encode()) < 250_000
    assert len(data["features"]) == 374
    shapes = shapely.from_geojson([json.dumps(f["geometry"]) for f in data["features"]])
    assert shapely.is_valid(shapes).all()
    assert (shapely.area(shapes) > 0).all()
    lon, lat = to_wgs84(gwent.level().easting, gwent.level().northing)
    assert shapely.distance(shapes, shapely.points(lon, lat)).max() < 0.005
    first = data["features"][0]["properties"]
    assert first["code"] == gwent.level().codes[0]
    assert set(first["parents"]) == {"msoa", "ward", "lad", "force"}


def test_part_of_a_map_lies_on_the_whole(gwent: Places) -> None:
    whole = {f["properties"]["code"]: f for f in gwent.geojson("lsoa", tolerance=30)["features"]}
    for start in (0, 100, 200, 340):
        some = gwent.level().codes[start : start + 7]
        part = gwent.geojson("lsoa", some, tolerance=30)["features"]
        assert [f["properties"]["code"] for f in part] == list(some)
        for f in part:
            ours, theirs = (shapely.from_geojson(json.dumps(g["geometry"])) for g in (f, whole[f["properties"]["code"]]))
            assert ours.equals(theirs)


def test_the_crosswalk_of_2011_to_2021(gwent: Places) -> None:
    """Eight LSOAs were split in two and two pairs merged: 368 + 8 - 2 = 374. The table's own lsoa11cd column repeats the
    2021 code and says nothing of this."""
    walk = between(gwent)
    assert walk.unmatched_old == walk.unmatched_new == ()
    kinds = [walk.kind(c) for c in walk.old]
    assert (kinds.count("unchanged"), kinds.count("split"), kinds.count("merged")) == (356, 8, 4)
    people = gwent.levels["lsoa11"].population[2011]
    moved = walk.convert(people)
    assert moved.shape == (374,)
    np.testing.assert_allclose(moved.sum(), people.sum())
    counts = np.arange(368 * 3, dtype=float).reshape(368, 3)
    np.testing.assert_allclose(walk.convert(counts).sum(axis=0), counts.sum(axis=0))
    for code in ("W01001649", "W01001672"):
        parts = [link for link in walk.links if link.old == code]
        assert len(parts) == 2
        assert abs(sum(p.forward for p in parts) - 1) < 1e-12
        assert all(abs(p.back - 1) < 1e-9 for p in parts)


def test_the_records_choose_the_vintage(gwent: Places) -> None:
    old = gwent.levels["lsoa11"].codes
    assert gwent.level().vintage == "2021"
    assert gwent.matching(old).level().vintage == "2011"
    assert gwent.matching(gwent.levels["lsoa21"].codes).level().vintage == "2021"
    assert gwent.name("W01001649").startswith("Newport"), "codes of the other vintage keep their names"


def test_the_command(gwent_files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from forestall.cli import main

    store = tmp_path / "store"
    files = [str(p) for p in gwent_files]
    assert main(["places", "add", *files, "--store", str(store), "--force", "gwent"]) == 0
    said = capsys.readouterr().out
    assert "lsoa21  374 areas; 374 with boundaries" in said
    assert main(["places", "show", "--store", str(store)]) == 0
    assert capsys.readouterr().out == said
    opened = Places.open(store)
    assert opened is not None
    assert opened.version in said
    assert opened.level("force").codes == ("gwent",)
