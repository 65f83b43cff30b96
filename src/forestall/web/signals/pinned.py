"""What the pages show: the scan that was recorded last, with its places. Read once, and again when a newer one is there.

A request never scans: ``forestall scan --record`` does, and the pages follow.
"""

from __future__ import annotations

import functools
import gzip
import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings

from forestall.errors import ForestallError
from forestall.places import Places
from forestall.records.store import ErasedError, Store
from forestall.results import Scan, Shelf
from forestall.text import Name

#: Detail finer than this many metres is left out of the maps of a whole force.
TOLERANCE = 40.0


@dataclass(frozen=True, eq=False)
class Pinned:
    """A scan with the places that it speaks of.

    ``key``: changes whenever any of it does, and with the snapshot in force: what was worked out from rows is not kept past
    their erasure. ``areas``: codes of all areas on the map. ``synthetic``: the records are the
    sample's. ``days``: some records know the day on which something happened, not only the month.
    """

    key: str
    scan: Scan
    places: Places
    areas: tuple[str, ...]
    synthetic: bool
    days: bool

    @property
    def force(self) -> str:
        return str(self.scan.provenance.parameters.get("force") or "")

    @functools.cached_property
    def force_name(self) -> Name:
        code = self.force
        plain = code.replace("-", " ").title()
        english, welsh = self.places.name(code), self.places.name(code, "cy")
        return Name(plain if english == code else english, "" if welsh in (code, english) else welsh)

    @functools.cached_property
    def until(self) -> str:
        last = self.scan.provenance.parameters.get("until")
        return str(last or max((s.until for s in self.scan.signals), default=""))

    @functools.cached_property
    def hubs(self) -> tuple[str, ...]:
        """Codes of the local authorities, by name; none where no hierarchy is loaded."""
        codes = {self.places.parent(a, "lad") for a in self.areas} - {None}
        return tuple(sorted((c for c in codes if c), key=self.places.name))

    @functools.cached_property
    def hub_of(self) -> dict[str, str | None]:
        return {a: self.places.parent(a, "lad") for a in self.areas}

    @functools.cached_property
    def geojson(self) -> dict[str, Any]:
        """The areas as GeoJSON, with ``code``, ``name`` and ``hub`` alone."""
        return _lean(self.places.geojson("lsoa", self.areas, TOLERANCE))

    @functools.cached_property
    def hub_geojson(self) -> dict[str, Any]:
        if "lad" not in self.places.levels or not self.hubs:
            return {"type": "FeatureCollection", "features": []}
        return _lean(self.places.geojson("lad", self.hubs, TOLERANCE))

    @functools.cached_property
    def packed(self) -> dict[str, bytes]:
        """GeoJSON of the areas (``lsoa``), the local authorities (``lad``) and the names (``labels``), gzipped once."""
        return {"lsoa": _pack(self.geojson), "lad": _pack(self.hub_geojson), "labels": _pack(self.labels)}

    @functools.cached_property
    def labels(self) -> dict[str, Any]:
        """Points with the names of wards (or of middle-layer areas): what tells a reader where one is without a basemap."""
        from forestall.places.project import to_wgs84

        name = next((n for n in ("ward", "msoa") if n in self.places.levels), None)
        codes = {self.places.parent(a, name) for a in self.areas} if name else set()
        features = []
        if name:
            level = self.places.level(name)
            lon, lat = to_wgs84(level.easting, level.northing)
            for i, code in enumerate(level.codes):
                if code in codes and np.isfinite(lon[i]):
                    names = {"code": code, "name": self.places.name(code), "name_cy": self.places.name(code, "cy")}
                    point = {"type": "Point", "coordinates": [round(float(lon[i]), 5), round(float(lat[i]), 5)]}
                    features.append({"type": "Feature", "properties": names, "geometry": point})
        return {"type": "FeatureCollection", "features": features}


def _pack(collection: dict[str, Any]) -> bytes:
    return gzip.compress(json.dumps(collection, separators=(",", ":"), ensure_ascii=False).encode(), mtime=0)


def _lean(collection: dict[str, Any]) -> dict[str, Any]:
    for f in collection["features"]:
        p = f["properties"]
        f["properties"] = {"code": p["code"], "name": p["name"], "name_cy": p["name_cy"]}
    return collection


_lock = threading.Lock()
_held: Pinned | None = None


def pinned() -> Pinned | None:
    """The scan recorded last, or None where none is; :class:`ForestallError` where the store cannot be read."""
    global _held
    store = Path(settings.STORE)
    key = _key(store)
    with _lock:
        if _held is None or _held.key != key:
            _held = _read(store, key)
        return _held


def is_made_up() -> bool:
    """Whether the records are the sample's; False where there are none, and where the store cannot be read."""
    try:
        held = pinned()
    except ForestallError:
        return False
    return held is not None and held.synthetic


def _key(store: Path) -> str:
    """Tells apart every state of what is read, without reading it."""
    pointer = store / "results" / "latest-scan"
    try:
        named = pointer.read_text(encoding="utf-8").strip()
        current = (store / "CURRENT").read_text(encoding="utf-8").strip()
        return f"{store}|{current}|{named}|{(store / 'results' / named).stat().st_mtime_ns}"
    except FileNotFoundError:
        return f"{store}|"


def _from_records(store: Store, snapshot: str, force: str | None) -> Places:
    """Places from the points of a scan's records; where some of those were erased, of what is left."""
    try:
        cube = store.records(snapshot).cube(force=force)
    except ErasedError:
        left = store.records()
        there = left.forces()
        if not there or force not in (None, *there):
            return Places.from_points((), (), ())
        cube = left.cube(force=force)
    known = np.isfinite(cube.easting)
    areas = tuple(a for a, k in zip(cube.areas, known, strict=True) if k)
    return Places.from_points(areas, cube.easting[known], cube.northing[known])


def _read(store: Path, key: str) -> Pinned | None:
    scan = Shelf(store).latest("scan")
    if not isinstance(scan, Scan):
        return None
    kept = Store.open(store)
    parts = kept.manifest(scan.provenance.snapshot).parts
    codes = {a for s in scan.signals for a in s.areas}
    force = scan.provenance.parameters.get("force")
    version = str(scan.provenance.parameters.get("places") or "none")
    places = None if version == "none" else Places.open(store, version)
    if places is None:
        places = _from_records(kept, scan.provenance.snapshot, force)
        areas = places.level().codes
    else:
        places = places.matching(codes)
        areas = (places.force_areas(force) if force else ()) or places.level("lsoa").codes
    return Pinned(
        key=key,
        scan=scan,
        places=places,
        areas=areas,
        synthetic=any(p.source.startswith("sample") for p in parts),
        days=any(f in ("occurred_from:day", "occurred_from:instant") for p in parts for f in p.filled),
    )
