"""What a scan, and the test of a response, stand on: the counts of one force, which months of each category may be used,
and which areas.

A suspected recording event is set aside until the registrar rejects it. A *passing* one takes its months out. A lasting
*step* of the whole force cuts off what came before. Where map points or street names were replaced (*turnover*) every
area must pass a test of continuity, and an area whose level broke there is left out of zones whose history would cross it.
So is an area whose code came into use, or went out of it, within the months: census areas are redrawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forestall.errors import ForestallError
from forestall.places import Level, Places
from forestall.records import months as mm
from forestall.records import stray
from forestall.records.cube import Cube
from forestall.records.records import Records
from forestall.results import Finding

#: Fewest usable months of history before a window.
HISTORY = 12

#: An area fails the test of continuity beyond this many standard errors (about one area in a hundred by chance).
BREAK = 2.6


@dataclass(frozen=True)
class Ground:
    """``cube``: counts of the force's areas over the look-back. ``everything``: all of the force's records,
    placed in its areas or not, shape (categories, months). ``rows``: where each area stands in ``level``.
    ``neighbours``: indices into the cube's areas, -1 where a row runs out. ``usable``: by category, boolean (months,).
    ``broken``: by category, boolean (areas,). ``outside``: records in areas that are not the force's."""

    cube: Cube
    everything: npt.NDArray[np.int64]
    places: Places
    level: Level
    rows: npt.NDArray[np.int64]
    neighbours: npt.NDArray[np.int64]
    events: tuple[Finding, ...]
    usable: dict[str, npt.NDArray[np.bool_]]
    broken: dict[str, npt.NDArray[np.bool_]]
    outside: int
    force: str | None


def lay(
    records: Records, places: Places | None, *, force: str | None, until: str | None, lookback: int, neighbours: int
) -> Ground:
    """Counts, neighbours and masks for one scan.

    Raises ``ForestallError`` where the force or the month is not in the records.
    """
    forces = records.forces()
    if force is not None and forces and force not in forces:
        raise ForestallError(f"there is no force {force!r} in these records; they hold: {', '.join(forces)}")
    if force is None and forces:
        force = forces[0]
    all_months = records.months(force)
    if not all_months:
        raise ForestallError(
            "these records hold no dated crime or incident, so there is nothing to scan; ingest some first"
        )
    until = mm.check(until, "--until") if until is not None else all_months[-1]
    if until < all_months[0]:
        raise ForestallError(
            f"--until {until} is before the first month of these records, {all_months[0]}; name a later one"
        )
    if until > all_months[-1]:
        raise ForestallError(
            f"--until {until} is after the last month of these records, {all_months[-1]}; name one up to it"
        )
    since = max(all_months[0], mm.shift(until, 1 - lookback))
    cube = records.cube(force=force, since=since, until=until)
    if not cube.areas:
        raise ForestallError(
            "these records have no area codes, so there are no places to scan: load boundaries (GeoJSON) with forestall "
            "places add, so that points give the areas, or map a column to lsoa"
        )
    everything = cube.counts.sum(1) + cube.unplaced
    cube, places, outside = _of_force(cube, places, force)
    level = places.level("lsoa")
    index = {code: i for i, code in enumerate(level.codes)}
    rows = np.array([index[a] for a in cube.areas], np.int64)
    near = np.asarray(places.nearest("lsoa", k=neighbours + 1, codes=cube.areas), np.int64)
    events = tuple(f for f in records.findings(force, until=until) if f.kind == "recording-event")
    usable = {c: usable_months(c, cube.months, events) for c in cube.categories}
    whole = cube.counts.sum(0)
    broken = {c: broken_areas(c, cube.areas, cube.months, whole, events) for c in cube.categories}
    return Ground(cube, everything, places, level, rows, near, events, usable, broken, outside, force)


def _of_force(cube: Cube, places: Places | None, force: str | None) -> tuple[Cube, Places, int]:
    """The cube cut to the force's own areas, with zero rows for areas without records."""
    total = cube.counts.sum((0, 2))
    if places is None:
        keep = stray.own(total)
        keep &= np.isfinite(cube.easting) if np.isfinite(cube.easting).any() else True
        cut = _take(cube, np.flatnonzero(keep))
        return cut, Places.from_points(cut.areas, cut.easting, cut.northing), int(total[~keep].sum())
    places = places.matching(cube.areas)
    level = places.level("lsoa")
    wanted = places.force_areas(force, "lsoa") if force else level.codes
    wanted = wanted or level.codes
    have = {a: i for i, a in enumerate(cube.areas)}
    if not any(a in have for a in wanted):
        raise ForestallError(
            f"none of the {len(wanted):,} areas loaded is in the records (whose codes look like {cube.areas[0]}); "
            "load places of the same vintage with: forestall places add"
        )
    inside = [have[a] for a in wanted if a in have]
    outside = int(total.sum() - total[inside].sum())
    n = len(wanted)
    counts = np.zeros((len(cube.categories), n, len(cube.months)), np.int64)
    at = [i for i, a in enumerate(wanted) if a in have]
    counts[:, at] = cube.counts[:, inside]
    nothing = np.full(n, np.nan)
    full = Cube(
        cube.categories, tuple(wanted), cube.months, counts, cube.unplaced, nothing, nothing, cube.police_share,
        cube.unknown_share,
    )  # fmt: skip
    return full, places, outside


def _take(cube: Cube, rows: npt.NDArray[np.int64]) -> Cube:
    return Cube(
        cube.categories, tuple(cube.areas[i] for i in rows), cube.months, cube.counts[:, rows], cube.unplaced,
        cube.easting[rows], cube.northing[rows], cube.police_share, cube.unknown_share,
    )  # fmt: skip


def _applies(event: Finding, category: str) -> bool:
    return event.standing != "rejected" and event.category in (None, category)


def usable_months(category: str, months: tuple[str, ...], events: tuple[Finding, ...]) -> npt.NDArray[np.bool_]:
    """Months that no recording event takes out, (months,)."""
    usable = np.ones(len(months), bool)
    for event in events:
        if event.areas or not _applies(event, category) or event.month is None:
            continue
        for i, month in enumerate(months):
            passing = event.shape == "passing" and event.month <= month <= (event.until or months[-1])
            before_step = event.shape == "step" and month < event.month
            if passing or before_step:
                usable[i] = False
    return usable


def broken_areas(
    category: str,
    areas: tuple[str, ...],
    months: tuple[str, ...],
    whole: npt.NDArray[np.int64],
    events: tuple[Finding, ...],
) -> npt.NDArray[np.bool_]:
    """Areas whose history is broken within the months, (areas,). ``whole``: records of all categories, (areas, months)."""
    broken = np.asarray(stray.in_part(whole), bool).copy()
    index = {a: i for i, a in enumerate(areas)}
    for event in events:
        if not _applies(event, category) or event.month is None or not months[0] < event.month <= months[-1]:
            continue
        for area in event.areas:
            if area in index:
                broken[index[area]] = True
        if event.shape == "turnover" and not event.areas:
            broken |= discontinuous(whole, months.index(event.month))
    return broken


def discontinuous(counts: npt.NDArray[np.int64], at: int) -> npt.NDArray[np.bool_]:
    """Areas whose count of all records broke at month ``at``, against the force's own course.

    ``counts``: shape (areas, months).
    """
    return np.asarray(np.abs(_splits(counts, at)[0]) > BREAK, bool)


def zone_breaks(counts: npt.NDArray[np.int64], rows: tuple[int, ...], at: int, *, sign: int = 1) -> bool:
    """Whether a zone's records, taken together, rose beyond :data:`BREAK` at month ``at``; with ``sign`` -1, fell.

    ``counts``: records of all *other* categories, shape (areas, months). A problem of one kind seldom brings all the others
    with it in the very month in which map points were replaced; points that were moved into the zone do.
    """
    _, scale = _splits(counts, at)
    together = np.vstack([counts[list(rows)].sum(0), counts.sum(0) - counts[list(rows)].sum(0)])
    z, _ = _splits(together, at, scale)
    return bool(sign * z[0] > BREAK)


def _splits(counts: npt.NDArray[np.int64], at: int, scale: float | None = None) -> tuple[npt.NDArray[np.float64], float]:
    """Each row's z-score of the split at month ``at``, over ``scale``, and the scale.

    Up to twelve months before are compared with those after; the scale is the median row's scatter, so that ordinary
    overdispersion breaks nothing.
    """
    before, after = counts[:, max(0, at - 12) : at], counts[:, at:]
    if before.shape[1] < 3 or after.shape[1] < 1:
        return np.zeros(counts.shape[0]), 1.0
    b, a = before.sum(1).astype(float), after.sum(1).astype(float)
    share = a.sum() / max(a.sum() + b.sum(), 1.0)
    n = a + b
    z = (a - n * share) / np.sqrt(np.maximum(n * share * (1 - share), 1e-9))
    z = np.where(n > 0, z, 0.0)
    if scale is None:
        scale = max(1.0, float(np.median(np.abs(z[n > 0]))) / 0.6745) if (n > 0).any() else 1.0
    return z / scale, scale


def turnovers(ground: Ground, category: str) -> list[int]:
    """Indices of the months in which map points or street names were replaced for the whole force."""
    months = ground.cube.months
    return [
        months.index(e.month)
        for e in ground.events
        if e.shape == "turnover" and not e.areas and _applies(e, category) and e.month in months[1:]
    ]


def others(ground: Ground, category: str) -> npt.NDArray[np.int64]:
    """Records of all other categories, shape (areas, months); 0 in areas whose history is broken for this one."""
    cube, broken = ground.cube, ground.broken[category]
    rest: npt.NDArray[np.int64] = cube.counts.sum(0) - cube.of(category)
    return np.where(broken[:, None], 0, rest)
