"""Falling: a neighbourhood and a recent window with less than its own history and the force's course explain.

Months into which records still come are left out: what is reported late would look like a success.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forestall.records.ground import HISTORY, Ground, others, turnovers, zone_breaks
from forestall.records.months import unbroken
from forestall.scan.neighbourhoods import MOST, Floats, Ints, lay_zones, lower_tail
from forestall.scan.targets import targets
from forestall.stats.multiple import benjamini_hochberg
from forestall.stats.rates import conditional_interval

#: Months of the windows that are tried.
WINDOWS = (3, 6, 12)
#: A fall can be seen only where so many were to be expected.
LEAST = 5.0
#: Falls listed: q up to this, and so many a category.
LISTED, EACH = 0.2, 3


@dataclass(frozen=True)
class Fall:
    """``rows``: indices of the areas. ``since`` and ``until``: indices of the window's first and last month."""

    category: str
    rows: tuple[int, ...]
    since: int
    until: int
    observed: int
    expected: float
    interval: tuple[float, float]
    p_value: float
    q_value: float
    dispersion: float
    season_p: float | None


@dataclass(frozen=True)
class _Tests:
    """One category's tests: zone by window."""

    stop: int
    windows: Ints
    rows: tuple[Ints, ...]
    counted: Ints
    held: Ints
    share: Floats
    phi: Floats
    p: Floats
    season: Floats


def find(
    ground: Ground, *, late: dict[str, int] | None = None, aside: dict[str, set[int]] | None = None
) -> tuple[list[Fall], dict[str, int]]:
    """Falls with q up to :data:`LISTED`, strongest first, and for each category how many tests were made.

    ``late``: by category, how many last months are left out because reports of them still come in. ``aside``: by category,
    areas that belong to no neighbourhood and not to the force's course: where one place rose steeply, all others would seem
    to fall beside it. q is over all tests of all categories.
    """
    cube = ground.cube
    done: dict[str, _Tests] = {}
    number: dict[str, int] = {}
    for i, category in enumerate(cube.categories):
        if not targets(category, cube):
            continue
        tests = _of_category(
            ground, i, len(cube.months) - (late or {}).get(category, 0), (aside or {}).get(category, set())
        )
        number[category] = 0 if tests is None else int((tests.p <= 1).sum())
        if tests is not None:
            done[category] = tests
    tried = [(c, *at) for c, t in done.items() for at in zip(*np.nonzero(t.p <= 1), strict=True)]
    q = benjamini_hochberg([done[c].p[z, w] for c, z, w in tried])
    falls: list[Fall] = []
    taken: dict[str, list[set[int]]] = {}
    for j in np.argsort([done[c].p[z, w] for c, z, w in tried], kind="stable"):
        if q[j] > LISTED:
            break
        category, z, w = tried[j]
        t = done[category]
        rows = {int(r) for r in t.rows[z]}
        mine = taken.setdefault(category, [])
        if len(mine) >= EACH or any(rows & other for other in mine) or _moved(ground, category, tuple(rows)):
            continue
        mine.append(rows)
        falls.append(_fall(category, t, int(z), int(w), float(q[j])))
    return falls, number


def _of_category(ground: Ground, i: int, stop: int, aside: set[int]) -> _Tests | None:
    category = ground.cube.categories[i]
    broken = ground.broken[category].copy()
    broken[list(aside)] = True
    usable = ground.usable[category][:stop]
    used = np.flatnonzero(usable)
    longest = min(unbroken(usable), used.size - HISTORY) if used.size else 0
    windows = np.array([w for w in WINDOWS if w <= longest], np.int64)
    if windows.size == 0:
        return None
    x = np.where(broken[:, None], 0, ground.cube.counts[i])[:, used]
    if x.sum() == 0:
        return None
    zones = lay_zones(ground, x, broken, windows)
    if not zones.rows:
        return None
    held = zones.sum(x)
    counted = np.cumsum(held[:, ::-1], 1)[:, windows - 1]
    whole = x.sum(0)
    share = np.cumsum(whole[::-1])[windows - 1] / whole.sum()
    total = held.sum(1)
    p = lower_tail(counted, total[:, None], share, zones.phi)
    tested = (total[:, None] * share >= LEAST) & (total <= MOST * whole.sum())[:, None] & (share > 0)
    season = _season(held, whole, used, windows, zones.phi)
    p = np.where(np.isnan(season), p, np.maximum(p, np.where(season <= 0.05, 0, season)))
    p = np.where(tested, p, np.inf)
    return _Tests(int(used[-1]) + 1, windows, zones.rows, counted, total, share, zones.phi, p, season)


def _season(held: Ints, whole: Ints, used: Ints, windows: Ints, phi: Floats) -> Floats:
    """p that the window's share of the force is below that of the same months of earlier years; NaN without one."""
    out = np.full((held.shape[0], windows.size), np.nan)
    place = {int(t): i for i, t in enumerate(used)}
    for j, w in enumerate(windows):
        window = used[-int(w) :]
        before: list[int] = []
        years = 1
        while all(int(t) - 12 * years in place for t in window) and 12 * years >= w:
            before += [place[int(t) - 12 * years] for t in window]
            years += 1
        if not before:
            continue
        c, b = held[:, -int(w) :].sum(1), held[:, before].sum(1)
        both = whole[-int(w) :].sum() + whole[before].sum()
        share = whole[-int(w) :].sum() / max(1, both)
        out[:, j] = lower_tail(c, c + b, share, phi[:, j])
    return out


def _moved(ground: Ground, category: str, rows: tuple[int, ...]) -> bool:
    """Whether the zone's records of all other categories fell as map points were replaced: points were moved out."""
    rest = others(ground, category)
    return any(zone_breaks(rest, rows, month, sign=-1) for month in turnovers(ground, category))


def _fall(category: str, t: _Tests, z: int, w: int, q: float) -> Fall:
    c, r, share, phi = int(t.counted[z, w]), int(t.held[z]), float(t.share[w]), float(t.phi[z, w])
    earlier = r - c
    expected = earlier * share / (1 - share)
    season = float(t.season[z, w])
    return Fall(
        category, tuple(int(v) for v in t.rows[z]), t.stop - int(t.windows[w]), t.stop - 1, c, expected,
        conditional_interval(c, earlier, share / (1 - share), dispersion=phi), float(t.p[z, w]), q, phi,
        None if np.isnan(season) else season,
    )  # fmt: skip
