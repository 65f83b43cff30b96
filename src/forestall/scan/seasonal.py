"""Seasonal return: a place's own season is about to come back.

In the same months of two or more earlier years the neighbourhood held more of the force's records than in the rest of the
year, so it will likely do so again. That is a forecast to plan by, and not a rise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats as ss

from forestall.records.ground import Ground
from forestall.scan.neighbourhoods import MOST, lay_zones, upper_tail
from forestall.scan.targets import targets
from forestall.stats.multiple import benjamini_hochberg
from forestall.stats.rates import conditional_interval

#: Months ahead that make the season; fewest earlier years that must know it, and years from which no caution is needed.
AHEAD, YEARS, SURE = 3, 2, 3
#: Records that an ordinary part of the year leads one to expect in the seasons, at least; and how far each must be above.
LEAST, ABOVE = 8.0, 1.15
#: Returns listed: q up to this, and so many a category.
LISTED, EACH = 0.2, 2


@dataclass(frozen=True)
class Return:
    """``since``, ``until``: indices of the last season's first and last month; ``observed``, ``expected`` and ``interval``
    are of that. ``years``: how many seasons were seen. ``over``: the seasons' records over those of as ordinary months.
    ``next_year``: records to be expected in the coming season, with ``low`` and ``high``, where 90 in 100 such fall."""

    category: str
    rows: tuple[int, ...]
    since: int
    until: int
    observed: int
    expected: float
    interval: tuple[float, float]
    p_value: float
    q_value: float
    years: int
    over: float
    ahead: float
    dispersion: float
    low: int = 0
    high: int = 0


def find(ground: Ground) -> tuple[list[Return], dict[str, int]]:
    """Returns with q up to :data:`LISTED`, strongest first, and for each category how many neighbourhoods were tested."""
    cube = ground.cube
    number: dict[str, int] = {}
    pending: list[tuple[Return, int, float]] = []
    for i, category in enumerate(cube.categories):
        if targets(category, cube):
            found = _of_category(ground, i)
            number[category] = len(found)
            pending += found
    p = np.array([r.p_value for r, _, _ in pending])
    q = benjamini_hochberg(p)
    out: list[Return] = []
    taken: dict[str, list[set[int]]] = {}
    for j in np.argsort(p, kind="stable"):
        if q[j] > LISTED:
            break
        r, rest, odds = pending[j]
        mine, rows = taken.setdefault(r.category, []), set(r.rows)
        if len(mine) < EACH and not any(rows & other for other in mine):
            mine.append(rows)
            low, high = _between(r.ahead, r.dispersion, r.years)
            interval = conditional_interval(r.observed, rest, odds, dispersion=r.dispersion)
            out.append(replace(r, q_value=float(q[j]), interval=interval, low=low, high=high))
    return out, number


def _of_category(ground: Ground, i: int) -> list[tuple[Return, int, float]]:
    """Each neighbourhood that was tested, with its records outside of the seasons and the last season's odds against them:
    what the interval follows from, which is worked out for those alone that are listed."""
    category = ground.cube.categories[i]
    broken = ground.broken[category]
    used = np.flatnonzero(ground.usable[category])
    stop = len(ground.cube.months)
    place = {int(t): at for at, t in enumerate(used)}
    seasons = []
    for year in range(1, stop // 12 + 1):
        months = range(stop - 12 * year, stop - 12 * year + AHEAD)
        if not all(t in place for t in months):
            break
        seasons.append([place[t] for t in months])
    x = np.where(broken[:, None], 0, ground.cube.counts[i])[:, used]
    if len(seasons) < YEARS or used.size < 12 * YEARS or x.sum() == 0:
        return []
    zones = lay_zones(ground, x, broken, np.array([AHEAD], np.int64))
    if not zones.rows:
        return []
    held, whole = zones.sum(x), x.sum(0)
    inside = np.array([t for s in seasons for t in s])
    total = held.sum(1)
    share = whole[inside].sum() / whole.sum()
    c = held[:, inside].sum(1)
    ordinary = (total - c) * share / (1 - share)
    phi = zones.phi[:, 0]
    p = upper_tail(c, total, share, phi)
    # Each season on its own, against the zone's records outside of them.
    each = np.stack([held[:, s].sum(1) / np.maximum((total - c) * whole[s].sum() / (whole.sum() * (1 - share)), 0.5)
                     for s in seasons], 1)  # fmt: skip
    steady = (each >= ABOVE).all(1)
    # One high season is no season of its own: the others must say so without it.
    best = each.argmax(1)
    size = np.array([whole[s].sum() for s in seasons])
    c_best = np.stack([held[:, s].sum(1) for s in seasons], 1)[np.arange(len(best)), best]
    rest_share = (size.sum() - size[best]) / (whole.sum() - size[best])
    rest_p = upper_tail(c - c_best, total - c_best, rest_share, phi)
    p = np.where(steady, np.where(rest_p <= 0.05, p, np.maximum(p, rest_p)), np.maximum(p, 0.5))
    tested = (ordinary >= LEAST) & (total <= MOST * whole.sum())
    last = seasons[0]
    out = []
    for z in np.flatnonzero(tested):
        rest = int(total[z] - c[z])
        observed = int(held[z, last].sum())
        of_last = whole[last].sum() / (whole.sum() * (1 - share))
        expected = rest * of_last
        ahead = c[z] / max(1, int(whole[inside].sum())) * float(whole[last].sum())
        found = Return(
            category, tuple(int(r) for r in zones.rows[z]), int(used[last[0]]), int(used[last[-1]]), observed,
            float(max(expected, 0.5)), (0.0, np.inf), float(p[z]), 1.0, len(seasons),
            float(c[z] / max(ordinary[z], 0.5)), float(ahead), float(phi[z]),
        )  # fmt: skip
        out.append((found, rest, float(of_last)))
    return out


def _between(mean: float, phi: float, years: int) -> tuple[int, int]:
    """Where the coming season's count falls in 90 cases of 100: it scatters as the others do, and so does their mean."""
    mean = max(mean, 0.5)
    variance = max(mean * phi * (1 + 1 / years), mean * 1.000001)
    success = mean / variance
    law = ss.nbinom(mean * success / (1 - success), success)
    return int(law.ppf(0.05)), int(law.ppf(0.95))
