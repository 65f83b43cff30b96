"""Loading files: what each adds, what is worked out, and that nothing is half done."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import shapely

from forestall.errors import ForestallError
from forestall.places import Places
from forestall.places.add import add, from_files
from forestall.places.columns import Meaning, explicit, recognise
from places.files import box, collection, feature


def test_columns_are_known_by_their_names() -> None:
    assert recognise("LSOA21CD") == Meaning("code", "lsoa", 2021)
    assert recognise("lsoa11nmw") == Meaning("name_cy", "lsoa", 2011)
    assert recognise("LAD25CD") == Meaning("code", "lad", 2025)
    assert recognise("ladnm") == Meaning("name", "lad")
    assert recognise("ladcd_2011") == Meaning("code", "lad", 2011)
    assert recognise("LADCD_ACTIVE") == Meaning("code", "lad", None, 1)
    assert recognise("WD25NM") == Meaning("name", "ward", 2025)
    assert recognise("pop_mid2019") == Meaning("population", None, 2019)
    assert recognise("residents_census2021") == Meaning("population", None, 2021)
    assert recognise("households2011") == Meaning("households", None, 2011)
    assert recognise("households_census2021") == Meaning("households", None, 2021)
    assert recognise("modal_force_2025") == Meaning("name", "force")
    assert recognise("PFA23NM") == Meaning("name", "force", 2023)
    assert recognise("Longitude") == Meaning("lon")
    assert recognise("UTLACD") is None
    assert recognise("income_score") is None


def test_a_hierarchy_from_three_files(boundaries: Path, table: Path, forces: Path) -> None:
    places = from_files([boundaries, table, forces])
    lsoa = places.level()
    assert lsoa.codes == ("W01000000", "W01000001", "W01000002"), "the authority without boundaries is left out"
    assert lsoa.vintage == "2011"
    assert lsoa.names_cy == ("", "", "Y Drenewydd 001A")
    assert lsoa.population[2019].tolist() == [1100, 1600, 2100]
    assert lsoa.households[2011].tolist() == [400, 500, 700]
    np.testing.assert_allclose(lsoa.easting[:2], [300_500, 301_500], atol=0.1)
    assert abs(lsoa.easting[2] - 303_300) < 200, "a table's centroid is taken before the polygon's"
    assert places.parent("W01000000", "force") == "dyfed-powys", "an LSOA table's force column is not used"
    assert places.parent("W01000000", "nation") == "W92000004"
    assert places.name("W92000004", "cy") == "Cymru"
    assert places.name("dyfed-powys") == "Dyfed-Powys"
    lad = places.level("lad")
    assert lad.names == ("Aberdraw", "Newtown")
    assert lad.names_cy == ("", "Y Drenewydd")
    assert lad.population[2011].tolist() == [2500, 2000]
    assert lad.polygons is not None
    assert shapely.area(lad.polygons[0]) == pytest.approx(2e6, rel=1e-4)
    force = places.level("force")
    assert force.population[2011].tolist() == [4500]
    assert places.force_areas("dyfed-powys") == lsoa.codes
    assert places.neighbours().tolist() == [[0, 1], [1, 2]]


def test_the_order_of_files_does_not_matter(boundaries: Path, table: Path, forces: Path, tmp_path: Path) -> None:
    together = from_files([boundaries, table, forces])
    store = tmp_path / "store"
    for path in (forces, table, boundaries):
        last = add(store, [path])
    assert last.version == together.version
    assert add(store, [table, forces]).version == together.version
    opened = Places.open(store)
    assert opened is not None
    assert opened.version == together.version
    assert len(list((store / "places").iterdir())) >= 2
    assert len(list((store / "places").glob("given-*"))) == 1


def test_part_of_a_force_is_not_given_as_the_whole(boundaries: Path, table: Path, tmp_path: Path) -> None:
    more = tmp_path / "forces.csv"
    more.write_text("ladcd,ladnm,force\nW06000001,Aberdraw,gwent\nW06000002,Newtown,gwent\nW06000003,Third,gwent\n")
    places = from_files([boundaries, table, more])
    assert 2011 not in places.level("force").population
    assert places.level("lad").population[2011].tolist()[:2] == [2500, 2000]
    assert places.level("force").polygons is None
    assert any("gwent" in str(n) for n in places.notes)


def test_force_restricts(table: Path, forces: Path, tmp_path: Path) -> None:
    assert len(from_files([table, forces]).level()) == 4
    places = add(tmp_path / "s", [table, forces], forces=["South Wales Police"])
    assert places.level().codes == ("W01000009",)
    assert add(tmp_path / "s", [table]).level().codes == ("W01000009",), "the restriction holds for later files"


def test_own_columns_and_levels(tmp_path: Path) -> None:
    path = tmp_path / "sectors.csv"
    path.write_text("Sector;Called;Cymraeg;Folk\nS1;North;Gogledd;1,200\nS2;South;De;900\n")
    places = from_files(
        [path], level="lpa", columns=explicit("code=Sector,name=Called,name_cy=Cymraeg,population2021=Folk")
    )
    assert places.level("lpa").names_cy == ("Gogledd", "De")
    assert places.level("lpa").population[2021].tolist() == [1200, 900]


def test_policing_areas_of_lsoas(boundaries: Path, table: Path, tmp_path: Path) -> None:
    lookup = tmp_path / "lpa.csv"
    lookup.write_text("lsoa11cd,lpa,lpa_name\nW01000000,N,North\nW01000001,N,North\nW01000002,S,South\n")
    places = from_files([boundaries, table, lookup])
    assert places.level("lpa").names == ("North", "South")
    assert places.within("N") == ("W01000000", "W01000001")
    assert places.level("lpa").population[2011].tolist() == [2500, 2000]


def test_best_fit_by_centre(boundaries: Path, tmp_path: Path) -> None:
    wards = [
        feature({"WD25CD": "W05000001", "WD25NM": "West", "LAD25CD": "W06000001"}, box(300_000, 200_000, 1400)),
        feature({"WD25CD": "W05000002", "WD25NM": "East", "LAD25CD": "W06000001"}, box(301_400, 200_000, 1600)),
    ]
    places = from_files([boundaries, collection(tmp_path / "wards.geojson", wards)])
    assert places.level().parents["ward"] == ("W05000001", "W05000002", "W05000002")
    assert places.level().parents["lad"] == ("W06000001",) * 3
    assert any("best fit" in str(n) for n in places.notes)


def test_metres_and_points_are_taken_too(tmp_path: Path) -> None:
    ring = [[[300_000, 200_000], [301_000, 200_000], [301_000, 201_000], [300_000, 200_000]]]
    grid = collection(tmp_path / "bng.geojson", [feature({"MSOA21CD": "W02000001"}, ring)])
    point = tmp_path / "centre.geojson"
    spot = {"type": "Feature", "properties": {"MSOA21CD": "W02000001"}, "geometry": None}
    spot["geometry"] = {"type": "Point", "coordinates": [300_900.0, 200_500.0]}  # type: ignore[assignment]
    point.write_text(json.dumps({"type": "FeatureCollection", "features": [spot]}))
    level = from_files([grid, point]).level("msoa")
    assert (level.easting[0], level.northing[0]) == (300_900, 200_500)
    assert level.polygons is not None
    assert level.vintage == "2021"


def test_gzip_and_utf16(table: Path, tmp_path: Path) -> None:
    zipped, wide = tmp_path / "t.csv.gz", tmp_path / "w.csv"
    zipped.write_bytes(gzip.compress(table.read_bytes()))
    wide.write_bytes(table.read_text(encoding="utf-8").encode("utf-16"))
    assert from_files([zipped]).version == from_files([wide]).version == from_files([table]).version


KILLED = """
import os, signal, sys
from pathlib import Path
from forestall.places.add import add
store, path, left = sys.argv[1], sys.argv[2], int(sys.argv[3])

def watch(event, args):
    global left
    if event in ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir") and store in str(args[0]):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
add(Path(store), [Path(path)])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system cannot kill outright")
def test_killed_at_any_touch_of_the_store_the_last_good_places_open(boundaries: Path, table: Path, tmp_path: Path) -> None:
    base, whole = tmp_path / "base", from_files([boundaries, table])
    first = add(base, [boundaries])
    seen = []
    for touches in range(0, 60, 2):
        store = tmp_path / f"store{touches}"
        shutil.copytree(base, store)
        done = subprocess.run([sys.executable, "-c", KILLED, str(store), str(table), str(touches)], check=False)
        opened = Places.open(store)
        assert opened is not None
        seen.append(opened.version)
        assert len(opened.level()) == 3
        assert add(store, [table]).version == whole.version, "running again completes it"
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
    assert seen[0] == first.version
    assert seen[-1] == whole.version
    assert seen == sorted(seen, key=[first.version, whole.version].index), "old until the pointer moves, new from then"
    assert len(seen) > 5


def test_each_change_of_the_disk_may_fail(
    boundaries: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full at the first, second or third rename: the places before stay."""
    base = tmp_path / "base"
    first = add(base, [boundaries])
    replace, rename = os.replace, Path.rename
    for allowed in range(3):
        store = tmp_path / f"store{allowed}"
        shutil.copytree(base, store)
        left = [allowed]

        def spend(left: list[int] = left) -> None:
            if left[0] == 0:
                raise OSError(28, "No space left on device")
            left[0] -= 1

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", lambda a, b, s=spend: (s(), replace(a, b)))
            patch.setattr(Path, "rename", lambda a, b, s=spend: (s(), rename(a, b))[1])
            with pytest.raises(ForestallError, match="No space left"):
                add(store, [table])
        assert Places.open(store).version == first.version  # type: ignore[union-attr]
        assert add(store, [table]).version == from_files([boundaries, table]).version
