"""Where a store keeps its places: ``places/<version>/`` with one Parquet file a level, and ``places/CURRENT``.

A version is never changed once written. It is written beside under another name, renamed, and only then named in
``CURRENT``, so that a process killed at any moment leaves the last good places.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from forestall.errors import ForestallError
from forestall.places.model import VINTAGES, Level, Places
from forestall.text import Message

FORMAT = 1


def distinct(levels: Mapping[str, Level]) -> dict[str, Level]:
    """The levels without the ``lsoa`` that only repeats one of two vintages."""
    both = all(k in levels for k in VINTAGES)
    return {k: v for k, v in levels.items() if not (both and k == "lsoa")}


def content_hash(levels: Mapping[str, Level], pairs: tuple[tuple[str, str], ...] = ()) -> str:
    """Twelve hex digits of the content: the same areas give the same, whatever order their files came in."""
    import shapely

    digest = hashlib.sha256()
    for key, level in sorted(distinct(levels).items()):
        digest.update(json.dumps([key, level.codes, level.names, level.names_cy, level.vintage]).encode())
        digest.update(json.dumps(sorted(level.parents.items())).encode())
        numbers = {"e": level.easting, "n": level.northing}
        numbers |= {f"p{y}": v for y, v in level.population.items()}
        numbers |= {f"h{y}": v for y, v in level.households.items()}
        for label, values in sorted(numbers.items()):
            digest.update(label.encode() + np.where(np.isnan(values), -1e300, values).tobytes())
        for shape in level.polygons or ():
            digest.update(b"-" if shape is None else shapely.to_wkb(shape))
    digest.update(json.dumps(pairs).encode())
    return digest.hexdigest()[:12]


def write(places: Places, store: Path) -> None:
    """Writes places into a store; ForestallError where the disk refuses."""
    if places.version == "none":
        raise ForestallError("places made from points are not kept: load boundaries or tables with forestall places add")
    import pyarrow.parquet as pq

    root = store / "places"
    final = root / places.version
    try:
        root.mkdir(parents=True, exist_ok=True)
        _sweep(root)
        if not (final / "places.json").exists():
            temporary = root / f".writing-{uuid.uuid4().hex}"
            temporary.mkdir()
            kept = distinct(places.levels)
            for key, level in kept.items():
                pq.write_table(_to_table(level), temporary / f"{key}.parquet", compression="zstd")
            primary = next((k for k in VINTAGES if places.levels.get("lsoa") is kept.get(k)), None)
            about = {
                "format": FORMAT,
                "version": places.version,
                "levels": {k: {"name": v.name, "vintage": v.vintage} for k, v in kept.items()},
                "primary": primary if "lsoa" not in kept else None,
                "notes": [m.to_json() for m in places.notes],
                "pairs": places.pairs,
            }
            (temporary / "places.json").write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
            try:
                temporary.rename(final)
            except OSError:
                if not (final / "places.json").exists():
                    raise
                shutil.rmtree(temporary, ignore_errors=True)
        pointer = root / f".current-{uuid.uuid4().hex}"
        pointer.write_text(places.version, encoding="utf-8")
        os.replace(pointer, root / "CURRENT")
    except OSError as error:
        raise ForestallError(
            f"cannot write the places into {store}: {error.strerror or error}; the places there before are unchanged: "
            "free some space or allow writing, and run again"
        ) from error


def _sweep(root: Path) -> None:
    """Takes away what a killed process left half-written more than an hour ago."""
    for left in (*root.glob(".writing-*"), *root.glob(".current-*")):
        if time.time() - left.stat().st_mtime > 3600:
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)


def read(store: Path, version: str | None = None) -> Places | None:
    """The places of a store, or None where there are none; ForestallError where they cannot be read."""
    import pyarrow.parquet as pq

    root = store / "places"
    try:
        if version is None:
            if not (root / "CURRENT").exists():
                return None
            version = (root / "CURRENT").read_text(encoding="utf-8").strip()
        if not (root / version / "places.json").exists():
            raise ForestallError(
                f"the store {store} has no places of version {version}: load them with forestall places add"
            )
        about = json.loads((root / version / "places.json").read_text(encoding="utf-8"))
        if about["format"] > FORMAT:
            raise ForestallError(f"the places in {store} were written by a newer Forestall: upgrade this one")
        levels = {
            key: _from_table(pq.read_table(root / version / f"{key}.parquet"), spec["name"], spec["vintage"])
            for key, spec in about["levels"].items()
        }
    except (OSError, ValueError, KeyError) as error:
        raise ForestallError(
            f"the places in {root} cannot be read ({error}): delete that folder and load them again with "
            "forestall places add"
        ) from error
    if about["primary"]:
        levels = {"lsoa": levels[about["primary"]], **levels}
    notes = tuple(Message.from_json(m) for m in about["notes"])
    return Places(levels, version, notes, tuple((a, b) for a, b in about["pairs"]))


def _to_table(level: Level) -> Any:
    import pyarrow as pa
    import shapely

    columns: dict[str, Any] = {
        "code": pa.array(level.codes, pa.string()),
        "name": pa.array(level.names, pa.string()),
        "name_cy": pa.array(level.names_cy, pa.string()),
        "easting": pa.array(level.easting),
        "northing": pa.array(level.northing),
    }
    columns |= {f"parent_{k}": pa.array(v, pa.string()) for k, v in level.parents.items()}
    columns |= {f"population_{y}": pa.array(v) for y, v in level.population.items()}
    columns |= {f"households_{y}": pa.array(v) for y, v in level.households.items()}
    if level.polygons is not None:
        wkb = [None if p is None else shapely.to_wkb(p) for p in level.polygons]
        columns["geometry"] = pa.array(wkb, pa.binary())
    return pa.table(columns)


def _from_table(table: Any, name: str, vintage: str | None) -> Level:
    import shapely

    def texts(column: str) -> tuple[str, ...]:
        return tuple(table.column(column).to_pylist())

    def numbers(column: str) -> npt.NDArray[np.float64]:
        return np.asarray(table.column(column).to_numpy(zero_copy_only=False), dtype=np.float64)

    def having(prefix: str) -> list[str]:
        return [c for c in table.column_names if c.startswith(prefix)]

    polygons = None
    if "geometry" in table.column_names:
        polygons = tuple(shapely.from_wkb(np.array(table.column("geometry").to_pylist(), dtype=object)))
    return Level(
        name=name,
        codes=texts("code"),
        names=texts("name"),
        names_cy=texts("name_cy"),
        easting=numbers("easting"),
        northing=numbers("northing"),
        parents={c.removeprefix("parent_"): texts(c) for c in having("parent_")},
        population={int(c.removeprefix("population_")): numbers(c) for c in having("population_")},
        households={int(c.removeprefix("households_")): numbers(c) for c in having("households_")},
        polygons=polygons,
        vintage=vintage,
    )
