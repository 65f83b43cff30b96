"""Concentrated: a small, persistent set of neighbouring areas that holds an outsize share.

The areas are chosen on the earlier year and measured on the last one, so the share is not flattered by the choice. Its
yardstick is the share that residents (or, without populations, an even spread) would give.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats as ss

from forestall.records.ground import Ground
from forestall.scan.targets import targets

#: A set holds at least this many records in the last year, at most this share of all areas, and this many times its
#: yardstick.
LEAST, MOST_AREAS, TIMES = 24, 0.03, 3.0


@dataclass(frozen=True)
class Gathering:
    """``rows``: indices of the areas. ``since``: index of the first month measured. ``kept``: in how many of ``quarters``
    the set held more than twice its yardstick's share."""

    category: str
    rows: tuple[int, ...]
    since: int
    observed: int
    expected: float
    interval: tuple[float, float]
    share: float
    chance: float
    kept: int
    quarters: int


def find(ground: Ground, *, most: int = 3) -> list[Gathering]:
    """Up to ``most`` sets a category, those with the largest excess first."""
    out: list[Gathering] = []
    for i, category in enumerate(ground.cube.categories):
        if not targets(category, ground.cube):
            continue
        used = np.flatnonzero(ground.usable[category])
        if used.size < 24:
            continue
        x = np.where(ground.broken[category][:, None], 0, ground.cube.counts[i])
        out += _of_category(category, x, used, _yardstick(ground, category), ground.neighbours, most)
    return out


def has_population(ground: Ground) -> bool:
    return bool(ground.level.population)


def _yardstick(ground: Ground, category: str) -> npt.NDArray[np.float64]:
    """Each area's share of residents, or of areas; broken areas have none."""
    size = np.ones(len(ground.cube.areas))
    if has_population(ground):
        year = int(ground.cube.months[-1][:4])
        near = ground.level.population_near(year)
        if near is not None:
            size = np.nan_to_num(near[1][ground.rows])
    size = np.where(ground.broken[category], 0.0, size)
    return np.asarray(size / size.sum() if size.sum() > 0 else size, float)


def _of_category(
    category: str, x: npt.NDArray[np.int64], used: npt.NDArray[np.int64], fair: npt.NDArray[np.float64],
    neighbours: npt.NDArray[np.int64], most: int,
) -> list[Gathering]:  # fmt: skip
    last, earlier = used[-12:], used[-24:-12]
    chosen_on, measured = x[:, earlier].sum(1), x[:, last].sum(1)
    total = int(measured.sum())
    if total < LEAST or chosen_on.sum() == 0:
        return []
    rate = chosen_on / np.maximum(chosen_on.sum() * fair, 1e-9)
    allowed = max(1, int(MOST_AREAS * x.shape[0]))
    hot = np.flatnonzero((rate >= TIMES) & (chosen_on >= 6) & (fair > 0))
    hot = hot[np.argsort(-(chosen_on[hot] - chosen_on.sum() * fair[hot]), kind="stable")][: 3 * allowed]
    groups = []
    for rows in _touching(hot, neighbours):
        rows = rows[np.argsort(-chosen_on[rows], kind="stable")][:allowed]
        observed, chance = int(measured[rows].sum()), float(fair[rows].sum())
        if observed < LEAST or observed < TIMES * chance * total:
            continue
        blocks = [used[j - 3 : j] for j in range(used.size, 2, -3)]
        kept = sum(int(x[np.ix_(rows, b)].sum()) > 2 * chance * max(1, int(x[:, b].sum())) for b in blocks)
        if kept < 0.75 * len(blocks):
            continue
        low = float(ss.beta.ppf(0.025, observed, total - observed + 1)) / chance
        high = float(ss.beta.isf(0.025, observed + 1, total - observed)) / chance if observed < total else 1 / chance
        groups.append(
            Gathering(
                category,
                tuple(int(r) for r in rows),
                int(last[0]),
                observed,
                total * chance,
                (low, high),
                observed / total,
                chance,
                kept,
                len(blocks),
            )
        )
    return sorted(groups, key=lambda g: g.expected - g.observed)[:most]


def _touching(hot: npt.NDArray[np.int64], neighbours: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """Groups of hot areas that are among each other's six nearest, fullest group member first."""
    left, groups = [int(h) for h in hot], []
    near = {h: {int(b) for b in neighbours[h, 1:7]} for h in left}
    while left:
        group, queue = [], [left.pop(0)]
        while queue:
            h = queue.pop(0)
            group.append(h)
            joined = [o for o in left if o in near[h] or h in near[o]]
            left = [o for o in left if o not in joined]
            queue += joined
        groups.append(np.array(group, np.int64))
    return groups
