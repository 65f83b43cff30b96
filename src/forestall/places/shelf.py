"""Where a store keeps its places: ``places/<version>/`` with one Parquet file a level, and ``places/CURRENT``.

Beside it ``places/given-<hash>/`` holds what the files said, all of it, so that a file added later meets them again. A
version is never changed once written. It is written beside under another name, renamed, and only then named in
``CURRENT``, so that a process killed at any moment leaves the last good places.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from forestall.errors import ForestallError
from forestall.places.draft import Draft, Given
from forestall.places.model import VINTAGES, Level, Places
from forestall.results.shelf import write_whole
from forestall.text import Message

FORMAT = 1


def distinct(levels: Mapping[str, Level]) -> dict[str, Level]:
    """The levels without the ``lsoa`` that only repeats one of two vintages."""
    both = all(k in levels for k in VINTAGES)
    return {k: v for k, v in levels.items() if not (both and k == "lsoa")}


def content_hash(levels: Mapping[str, Level], pairs: tuple[tuple[str, str], ...] = (), forces: tuple[str, ...] = ()) -> str:
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
            digest.update(b"-" if shape is None else shapely.to_wkb(shape, byte_order=1))
    digest.update(json.dumps([sorted(pairs), forces]).encode())
    return digest.hexdigest()[:12]


def write(places: Places, store: Path, given: Given | None = None) -> None:
    """Writes places, and what they were made from, into a store; ForestallError where the disk refuses."""
    if places.version == "none":
        raise ForestallError("places made from points are not kept: load boundaries or tables with forestall places add")
    kept = distinct(places.levels)
    primary = next((k for k in VINTAGES if places.levels.get("lsoa") is kept.get(k)), None)
    about = {
        "version": places.version,
        "primary": primary if "lsoa" not in kept else None,
        "notes": [m.to_json() for m in places.notes],
        "pairs": places.pairs,
    }
    root = store / "places"
    try:
        root.mkdir(parents=True, exist_ok=True)
        _sweep(root)
        _folder(root, places.version, kept, about)
        pointer = {"version": places.version, "given": None}
        if given is not None:
            drafts = {k: d.to_level() for k, d in given.drafts.items()}
            kin = {"pairs": list(given.pairs), "forces": given.forces}
            name = f"given-{content_hash(drafts, tuple(given.pairs), given.forces)}"
            _folder(root, name, drafts, kin)
            pointer["given"] = name
        write_whole(root / "CURRENT", json.dumps(pointer))
        for old in root.glob("given-*"):
            if old.name != pointer["given"]:
                shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise ForestallError(
            f"cannot write the places into {store}: {error.strerror or error}; the places there before are unchanged: "
            "free some space or allow writing, and run again"
        ) from error


def _folder(root: Path, name: str, levels: Mapping[str, Level], about: dict[str, Any]) -> None:
    """A folder of levels, written under another name and then renamed; one that is there already is left alone."""
    import pyarrow.parquet as pq

    final = root / name
    if final.exists():
        return
    temporary = root / f".writing-{uuid.uuid4().hex}"
    temporary.mkdir()
    for key, level in levels.items():
        pq.write_table(_to_table(level), temporary / f"{key}.parquet", compression="zstd")
    about = {"format": FORMAT, "levels": {k: {"name": v.name, "vintage": v.vintage} for k, v in levels.items()}} | about
    (temporary / "about.json").write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
    try:
        temporary.rename(final)
    except OSError:
        shutil.rmtree(temporary, ignore_errors=True)
        if not final.exists():
            raise


def _sweep(root: Path) -> None:
    """Takes away what a killed process left half-written more than an hour ago."""
    for left in (*root.glob(".writing-*"), *root.glob(".CURRENT.*")):
        if time.time() - left.stat().st_mtime > 3600:
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)


def read(store: Path, version: str | None = None) -> Places | None:
    """The places of a store, or None where there are none; ForestallError where they cannot be read."""
    if version is None:
        version = _pointer(store).get("version")
        if version is None:
            return None
    elif not (store / "places" / version / "about.json").exists():
        raise ForestallError(f"the store {store} has no places of version {version}: load them with forestall places add")
    levels, about = _read_folder(store / "places" / version)
    if about["primary"]:
        levels = {"lsoa": levels[about["primary"]], **levels}
    notes = tuple(Message.from_json(m) for m in about["notes"])
    return Places(levels, version, notes, tuple((a, b) for a, b in about["pairs"]))


def read_given(store: Path) -> Given:
    """What the files loaded so far say: empty where none were."""
    pointer = _pointer(store)
    name = pointer.get("given") or pointer.get("version")
    if name is None:
        return Given()
    levels, about = _read_folder(store / "places" / name)
    drafts = {key: Draft.from_level(key, level) for key, level in levels.items()}
    return Given(drafts, dict.fromkeys((a, b) for a, b in about["pairs"]), tuple(about.get("forces", ())))


def _pointer(store: Path) -> dict[str, str | None]:
    path = store / "places" / "CURRENT"
    if not path.exists():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise _unreadable(store / "places", error) from error


def _read_folder(folder: Path) -> tuple[dict[str, Level], dict[str, Any]]:
    import pyarrow.parquet as pq

    try:
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        if about["format"] > FORMAT:
            raise ForestallError(f"the places in {folder} were written by a newer Forestall: upgrade this one")
        levels = {
            key: _from_table(pq.read_table(folder / f"{key}.parquet"), spec["name"], spec["vintage"])
            for key, spec in about["levels"].items()
        }
    except (OSError, ValueError, KeyError) as error:
        raise _unreadable(folder.parent, error) from error
    return levels, about


def _unreadable(folder: Path, error: Exception) -> ForestallError:
    return ForestallError(
        f"the places in {folder} cannot be read ({error}): delete that folder and load them again with forestall places add"
    )


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
