"""A small fictional force on disk, and the real one of Gwent."""

from __future__ import annotations

from pathlib import Path

import pytest

from forestall.places import Places
from forestall.places.add import from_files
from places.files import box, collection, feature

GWENT = (
    "boundaries/gwent_lsoa11.geojson.gz",
    "boundaries/gwent_lsoa.geojson.gz",
    "boundaries/gwent_msoa.geojson.gz",
    "boundaries/gwent_ward.geojson.gz",
    "lsoa11_england_wales.csv.gz",
    "lsoa21_england_wales.csv.gz",
    "lad_to_modal_force_2025_derived.csv",
)


@pytest.fixture(scope="session")
def gwent_files(shared: Path) -> list[Path]:
    return [shared / "data" / "geography" / name for name in GWENT]


@pytest.fixture(scope="session")
def gwent(gwent_files: list[Path]) -> Places:
    return from_files(gwent_files)


@pytest.fixture
def boundaries(tmp_path: Path) -> Path:
    """Three LSOAs of 2011 in a row, with ONS's column names; the last has a Welsh name of its own."""
    names = [("Aberdraw 001A", ""), ("Aberdraw 001B", "Aberdraw 001B"), ("Newtown 001A", "Y Drenewydd 001A")]
    rows = [
        feature({"LSOA11CD": f"W0100000{i}", "LSOA11NM": n, "LSOA11NMW": w}, box(300_000 + 1000 * i, 200_000))
        for i, (n, w) in enumerate(names)
    ]
    return collection(tmp_path / "lsoa11.geojson", rows)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Those three and one of another authority, with populations."""
    path = tmp_path / "lsoa11.csv"
    path.write_text(
        "lsoa11cd,lsoa11nm,ladcd_2011,ladnm_2011,persons2011,pop_mid2019,households2011,latitude,longitude,police_force\n"
        "W01000000,Aberdraw 001A,W06000001,Aberdraw,1000,1100,400,,,Elsewhere\n"
        "W01000001,Aberdraw 001B,W06000001,Aberdraw,1500,1600,500,,,\n"
        "W01000002,Newtown 001A,W06000002,Newtown,2000,2100,700,51.7,-3.4,\n"
        "W01000009,Faraway 001A,W06000009,Faraway,900,900,300,52.0,-4.0,\n",
        encoding="utf-8",
    )
    return path


@pytest.fixture
def forces(tmp_path: Path) -> Path:
    path = tmp_path / "forces.csv"
    path.write_text(
        "LAD25CD,LAD25NM,force\nW06000001,Aberdraw,Dyfed-Powys Police\nW06000002,Newtown,Dyfed-Powys Police\n"
        "W06000009,Faraway,South Wales Police\n",
        encoding="utf-8",
    )
    return path
