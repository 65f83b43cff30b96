"""Force-wide: the whole area rises, which a scan for places would take for trend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forestall.records.ground import Ground
from forestall.records.months import unbroken
from forestall.scan.targets import targets
from forestall.stats.multiple import benjamini_hochberg
from forestall.stats.series_scan import SeriesRise, series_rise


@dataclass(frozen=True)
class ForceRise:
    """``since``: index of the window's first month."""

    category: str
    since: int
    rise: SeriesRise
    q_value: float


#: A series with fewer records a month than this, or a larger share of months without any, has no level and season to fit.
FEWEST, SILENT = 2.0, 0.25


def sparse(history: npt.NDArray[np.int64]) -> bool:
    """Whether the months before the windows hold too little for a log-linear model of level and season."""
    return history.size == 0 or float(history.mean()) < FEWEST or float((history == 0).mean()) > SILENT


def find(ground: Ground, *, windows: tuple[int, int], seed: int) -> tuple[list[ForceRise], dict[str, bool]]:
    """The strongest recent rise of each category's whole series, and for each whether it could be tested."""
    cube = ground.cube
    month_of_year = np.array([int(m[5:]) for m in cube.months])
    rises: list[tuple[str, int, SeriesRise]] = []
    tested: dict[str, bool] = {}
    for i, category in enumerate(cube.categories):
        if not targets(category, cube):
            continue
        used = np.flatnonzero(ground.usable[category])
        recent = min(unbroken(ground.usable[category]), windows[1])
        tested[category] = False
        total = cube.counts[i].sum(0)
        if recent < windows[0] or sparse(total[used[:-recent]]):
            continue
        rise = series_rise(
            total,
            shortest=windows[0],
            windows=recent,
            period_of_year=month_of_year,
            periods=ground.usable[category],
            seed=seed + i,
        )
        if rise is not None:
            tested[category] = True
            rises.append((category, int(used[-rise.periods]), rise))
    q = benjamini_hochberg([r.p_value for _, _, r in rises])
    found = [ForceRise(c, s, r, float(v)) for (c, s, r), v in zip(rises, q, strict=True) if r.ratio > 1]
    return found, tested
