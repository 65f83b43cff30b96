"""Where the page's records lie: areas at the mean of their points, with the names that the files give them."""

from __future__ import annotations

import csv
import functools
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from forestall.places import Places
from forestall.places.project import to_wgs84
from forestall.records import months as mm
from forestall.records import stray
from forestall.records.cube import Cube
from forestall.records.records import Records
from forestall.text import Message, Name, msg

#: Lower-case words inside a force's name.
SMALL = {"and", "of", "the"}
#: Months that a scan and a year's replay look back over.
RECENT = 48


@dataclass(frozen=True)
class Ground:
    """``cube``: counts of the force's areas over all months up to the last. ``rows``: all records of the force. ``broken``:
    codes left out because they came into use, or went out of it, within these months."""

    records: Records
    force: str | None
    months: tuple[str, ...]
    cube: Cube
    places: Places
    rows: int
    broken: tuple[str, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        return self.places.level().codes

    def name(self, code: str) -> Name:
        return Name(self.places.name(code))

    def year(self) -> dict[str, float | None]:
        """Records of all categories in each area in the last twelve months."""
        totals = self.cube.counts[:, :, -12:].sum((0, 2))
        at = {a: i for i, a in enumerate(self.cube.areas)}
        return {code: float(totals[at[code]]) for code in self.codes}

    def geojson(self) -> dict[str, Any]:
        return self.places.geojson()

    @functools.cached_property
    def _points(self) -> Any:
        return self.records.points(force=self.force, until=self.months[-1])

    def backdrop(self) -> tuple[tuple[float, float], ...]:
        """Where records lie, each map point once, in the force's own areas: (lon, lat)."""
        import pyarrow as pa
        import pyarrow.compute as pc

        table = self._points
        table = table.filter(pc.is_in(table["lsoa"], pa.array(list(self.codes), pa.string())))
        xy = np.column_stack([table["easting"].to_numpy(), table["northing"].to_numpy()])
        xy = np.unique(xy[np.isfinite(xy).all(1)].round(-2), axis=0)
        lon, lat = to_wgs84(xy[:, 0], xy[:, 1])
        return tuple(zip(lon.round(4).tolist(), lat.round(4).tolist(), strict=True))

    def streets(self, category: str, areas: Iterable[str], since: str, until: str, most: int = 5) -> list[tuple[str, int]]:
        """The map points' names with the most records of a signal, and their counts."""
        import pyarrow as pa
        import pyarrow.compute as pc

        table = self._points
        wanted = pc.and_(
            pc.and_(pc.equal(table["category"], category), pc.is_in(table["lsoa"], pa.array(list(areas), pa.string()))),
            pc.and_(pc.greater_equal(table["month"], since), pc.less_equal(table["month"], until)),
        )
        table = table.filter(wanted)
        counts: dict[str, int] = {}
        for text, n in zip(table["location_text"].to_pylist(), table["count"].to_pylist(), strict=True):
            street = (text or "").removeprefix("On or near ").strip()
            counts[street] = counts.get(street, 0) + int(n)
        return sorted(counts.items(), key=lambda kv: (-kv[1], kv[0]))[:most]


def lay(records: Records, force: str | None, until: str | None, names: Mapping[str, str]) -> Ground:
    """The ground up to a month, seeing nothing later. Stray areas, with a handful of records beyond the force's border,
    are left out, as a scan without places leaves them out."""
    from forestall.errors import ForestallError

    forces = records.forces()
    if force is not None and force not in forces:
        raise ForestallError(f"there is no force {force!r} in these records; they hold: {', '.join(forces) or 'none'}")
    force = force or (forces[0] if forces else None)
    held = records.months(force)
    if not held:
        raise ForestallError("these files hold no dated crime or incident, so there is nothing to look at")
    last = mm.check(until, "--until") if until else held[-1]
    if not held[0] <= last <= held[-1]:
        raise ForestallError(
            f"--until {last} lies outside of these records, which run from {held[0]} to {held[-1]}: name a month of those"
        )
    cube = records.cube(force=force, until=last)
    monthly = cube.counts[:, :, -RECENT:].sum(0)
    own = stray.own(monthly.sum(1)) & np.isfinite(cube.easting)
    broken = own & stray.in_part(monthly)
    at = np.flatnonzero(own & ~broken if (own & ~broken).any() else own)
    if not at.size:
        raise ForestallError("these files have no area codes with points, so there are no places to compare")
    codes = [cube.areas[i] for i in at]
    places = Places.from_points(codes, cube.easting[at], cube.northing[at], [names.get(c, c) for c in codes])
    rows = int(cube.counts.sum() + cube.unplaced.sum())
    return Ground(records, force, cube.months, cube, places, rows, tuple(cube.areas[i] for i in np.flatnonzero(broken)))


def area_names(paths: Iterable[Path | str], codes: Iterable[str]) -> dict[str, str]:
    """What police.uk files call each of ``codes`` (their column LSOA name), from the latest file back until all are known.

    Files without such a column, or that can't be read, tell nothing: the reader of records has judged them already.
    """
    from forestall.errors import ForestallError
    from forestall.records.intake import gather

    wanted, out = set(codes), {}
    for file in sorted(gather(paths).files, key=lambda f: f.stem, reverse=True):
        if not wanted:
            break
        try:
            with file.open() as stream:
                text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")
                for row in csv.DictReader(text):
                    code, name = row.get("LSOA code") or "", row.get("LSOA name") or ""
                    if name and code in wanted:
                        out[code] = name
                        wanted.discard(code)
        except (ForestallError, csv.Error):
            continue
    return out


def force_name(force: str | None) -> Message:
    """``avon-and-somerset`` as Avon and Somerset."""
    if force is None:
        return msg("these records")
    words = [w if w in SMALL else w.capitalize() for w in force.split("-")]
    return msg("{force}", force=Name(" ".join(words)))
