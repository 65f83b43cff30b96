"""The projection against published pairs."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np

from forestall.places.project import in_uk_bng, in_uk_wgs84, to_bng, to_wgs84


def test_known_point() -> None:
    """The Ordnance Survey's worked example (Caister water tower) in ETRS89, within the Helmert shift's 5 m."""
    east, north = to_bng(1.716073973, 52.658007833)
    assert np.hypot(east - 651_409.804, north - 313_177.450) < 5


def test_there_and_back_and_nothing_from_nothing() -> None:
    lon, lat = to_wgs84(*to_bng([-3.0, np.nan], [51.6, np.nan]))
    np.testing.assert_allclose(lon, [-3.0, np.nan], atol=1e-8)
    np.testing.assert_allclose(lat, [51.6, np.nan], atol=1e-8)
    assert in_uk_wgs84([-3, 51.6], [51.6, -3]).tolist() == [True, False]
    assert in_uk_bng([300_000, -3], [200_000, 51.6]).tolist() == [True, False]


def test_the_statistics_office_agrees(shared: Path) -> None:
    path = shared / "data/geography/boundaries/gwent_lsoa11.geojson.gz"
    rows = [f["properties"] for f in json.loads(gzip.decompress(path.read_bytes()))["features"]]
    east, north = to_bng([r["LONG"] for r in rows], [r["LAT"] for r in rows])
    off = np.hypot(east - [r["BNG_E"] for r in rows], north - [r["BNG_N"] for r in rows])
    assert len(off) == 368
    assert off.max() < 2
