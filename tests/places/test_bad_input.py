"""Bad files: one sentence with the file and what to do, and the store as it was."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from forestall.errors import ForestallError
from forestall.places import Places
from forestall.places.add import add, from_files
from forestall.places.columns import explicit
from places.files import box, collection, feature

SQUARE = box(300_000, 200_000)
SWAPPED = [[[y, x] for x, y in SQUARE[0]]]
MERCATOR = [[[-334_000.0, 6_740_000.0], [-333_000.0, 6_740_000.0], [-333_000.0, 6_741_000.0], [-334_000.0, 6_740_000.0]]]


def geojson(rings: list[list[list[float]]], **properties: str) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": [feature(dict(properties), rings)]}).encode()


BAD = {
    "empty.csv": (b"", "is empty"),
    "blank.geojson": (b"  \n", "is empty"),
    "head.csv": (b"lsoa11cd,lsoa11nm\n", "no rows"),
    "text.geojson": (b"hello", "not GeoJSON"),
    "cut.geojson": (geojson(SQUARE, LSOA21CD="W01000001")[:-20], "not GeoJSON"),
    "other.json": (b'{"type": "Topology", "objects": {}}', "not a GeoJSON FeatureCollection"),
    "list.json": (b"[1, 2]", "not a GeoJSON FeatureCollection"),
    "none.geojson": (b'{"type": "FeatureCollection", "features": []}', "no features"),
    "feature.geojson": (b'{"type": "FeatureCollection", "features": [3]}', "feature 1"),
    "geometry.geojson": (
        b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"LSOA21CD":"a"},'
        b'"geometry":{"type":"Polygon","coordinates":"x"}}]}',
        "feature 1",
    ),
    "line.geojson": (
        b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"LSOA21CD":"a"},'
        b'"geometry":{"type":"LineString","coordinates":[[-3,51],[-3,52]]}}]}',
        "LineString",
    ),
    "swapped.geojson": (geojson(SWAPPED, LSOA21CD="W01000001"), "EPSG:4326"),
    "mercator.geojson": (geojson(MERCATOR, LSOA21CD="W01000001"), "outside the United Kingdom"),
    "codeless.geojson": (geojson(SQUARE, colour="red"), "--columns code=COLUMN"),
    "codeless.csv": (b"colour,size\nred,3\n", "--columns code=COLUMN"),
    "levelless.csv": (b"code,name\nA,Alpha\n", "--level"),
    "twice.csv": (b"lsoa21cd,pop2021\nW01,5\nW01,6\n", "W01 has pop2021 5.0 in line 2 and 6.0 in line 3"),
    "blankcode.csv": (b"lsoa21cd,pop2021\nW01,5\n,6\n", "line 3"),
    "count.csv": (b"lsoa21cd,pop2021\nW01,many\n", "line 2"),
    "negative.csv": (b"lsoa21cd,pop2021\nW01,-4\n", "line 2"),
    "ragged.csv": (b"lsoa21cd,pop2021\nW01,5,7\n", "line 2"),
    "lonlat.csv": (b"lsoa21cd,latitude,longitude\nW01,-3.0,51.6\n", "swapped"),
    "coordinate.csv": (b"lsoa21cd,latitude,longitude\nW01,north,51.6\n", "no coordinate"),
    "latin.csv": ("lad,lad_name\nW06000001,Ynys Môn\n".encode("cp1252"), "UTF-8"),
    "binary.csv": (bytes(range(256)) * 20, "binary"),
    "areas.zip": (b"PK\x03\x04" + b"\0" * 40, "zip"),
    "cut.csv.gz": (gzip.compress(b"lsoa21cd,pop2021\n" + b"W01,5\n" * 500)[:-12], "broken gzip"),
    "long.csv": (b"lsoa21cd,pop2021\nW01," + b"9" * 2_000_000 + b"\n", "line 2"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_whole(name: str, tmp_path: Path, boundaries: Path, table: Path) -> None:
    data, said = BAD[name]
    path = tmp_path / name
    path.write_bytes(data)
    store = tmp_path / "store"
    before = add(store, [boundaries]).version
    with pytest.raises(ForestallError) as refusal:
        add(store, [table, path])
    text = str(refusal.value)
    assert said in text
    assert name in text
    assert "\n" not in text
    assert len(text) < 700
    assert Places.open(store).version == before  # type: ignore[union-attr]


def test_two_geometries_of_one_code(tmp_path: Path) -> None:
    rows = [feature({"LSOA21CD": "W01"}, SQUARE), feature({"LSOA21CD": "W01"}, box(305_000, 200_000))]
    with pytest.raises(ForestallError, match="two geometries, in feature 1 and feature 2"):
        from_files([collection(tmp_path / "two.geojson", rows)])


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(ForestallError, match="no file"):
        from_files([tmp_path / "no.csv"])
    with pytest.raises(ForestallError, match="folder"):
        from_files([tmp_path])


def test_unknown_forces_and_columns(table: Path, forces: Path) -> None:
    with pytest.raises(ForestallError, match=r"force kent.*dyfed-powys"):
        from_files([table, forces], forces=["kent"])
    with pytest.raises(ForestallError, match="none is loaded"):
        from_files([table], forces=["kent"])
    with pytest.raises(ForestallError, match="has no column 'Nope'"):
        from_files([table], columns=explicit("code=Nope"))
    for text in ("codelsoa", "colour=Red", "code="):
        with pytest.raises(ForestallError, match="--columns cannot take"):
            explicit(text)


def test_a_table_without_vintage_goes_to_whichever_has_its_codes(table: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.csv"
    plain.write_text("lsoa,pop2021\nW01000000,5\nW01099999,7\n")
    places = from_files([plain, table])
    assert places.level().population[2021][0] == 5
    assert "W01099999" not in places.level()
    assert any("1 LSOA of a file that names no vintage" in str(n) for n in places.notes)
    assert from_files([table, plain], vintage="2011").level().population[2021].tolist()[-1] == 7
    plain.write_text("lsoa,pop2021\nW01099999,7\n")
    with pytest.raises(ForestallError, match="--vintage 2011 or 2021"):
        from_files([table, plain])


def test_spoilt_places_say_so(boundaries: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    places = add(store, [boundaries])
    (store / "places" / places.version / "lsoa.parquet").write_bytes(b"junk")
    with pytest.raises(ForestallError, match="cannot be read"):
        Places.open(store)
    about = store / "places" / places.version / "about.json"
    about.write_text(about.read_text().replace('"format": 1', '"format": 9'))
    with pytest.raises(ForestallError, match="newer Forestall"):
        Places.open(store)


def test_a_mended_polygon_is_kept(tmp_path: Path) -> None:
    """A bow tie is no valid polygon; its two wings are kept."""
    (a, b, c, d, _), *_ = SQUARE
    rows = [feature({"LSOA21CD": "W01"}, [[a, c, b, d, a]])]
    shape = from_files([collection(tmp_path / "bow.geojson", rows)]).level().polygons
    assert shape is not None
    assert shape[0].is_valid
    assert shape[0].area == pytest.approx(500_000, rel=0.01)
