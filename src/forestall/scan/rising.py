"""Rising: a zone and a recent window with more than its own history, season and the whole area's trend explain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import stats as ss

from forestall.records.ground import HISTORY, Ground, others, turnovers, zone_breaks
from forestall.records.months import unbroken
from forestall.scan.targets import targets
from forestall.stats.multiple import benjamini_hochberg
from forestall.stats.rates import conditional_interval
from forestall.stats.scan_statistics import ScanResult, space_time_scan


@dataclass(frozen=True)
class Rise:
    """One cluster of one category. ``rows``: indices into the ground's areas, the centre first. ``since``: index of the
    window's first month. ``season_p``: one-sided p of the window against the same months of earlier years."""

    category: str
    rows: tuple[int, ...]
    since: int
    observed: int
    expected: float
    interval: tuple[float, float]
    p_value: float
    q_value: float
    statistic: float
    dispersion: float
    p_monte_carlo: float
    p_tail: float
    season_p: float | None


def scan_category(
    counts: npt.NDArray[np.int64], neighbours: npt.NDArray[np.int64], usable: npt.NDArray[np.bool_],
    broken: npt.NDArray[np.bool_], *, windows: tuple[int, int], replicates: int, seed: int, secondary: int = 4,
) -> tuple[ScanResult, npt.NDArray[np.int64]] | None:  # fmt: skip
    """The space-time scan of one category; None where too little usable history is left.

    ``counts``: shape (areas, months). Returns the result and the usable months' indices.
    """
    used = np.flatnonzero(usable)
    longest = min(unbroken(usable), windows[1], used.size - HISTORY)
    if longest < windows[0]:
        return None
    x = np.where(broken[:, None], 0, counts)[:, used]
    if x.sum() == 0:
        return None
    lengths = range(windows[0], longest + 1)
    result = space_time_scan(x, neighbours, windows=lengths, replicates=replicates, seed=seed, secondary=secondary, least=3)
    return result, used


#: Scans of a category at most, each without the areas that failed the test of continuity in the one before.
ROUNDS = 6


def _moved(
    ground: Ground, category: str, outcome: tuple[ScanResult, npt.NDArray[np.int64]] | None
) -> npt.NDArray[np.bool_]:
    """Areas of clusters whose other records rose with them as map points were replaced."""
    moved = np.zeros(len(ground.cube.areas), bool)
    at = turnovers(ground, category)
    if outcome is None or not at:
        return moved
    rest = others(ground, category)
    for cluster in outcome[0].clusters:
        if any(zone_breaks(rest, cluster.areas, month) for month in at):
            moved[list(cluster.areas)] = True
    return moved


def find(
    ground: Ground,
    *,
    windows: tuple[int, int],
    replicates: int,
    seed: int,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[list[Rise], dict[str, bool]]:
    """All rises of all categories that may raise a signal, and for each category whether it could be tested.

    A cluster that fails the test of continuity as a zone is no rise: its areas join ``ground.broken`` and the category is
    scanned again without them. ``progress`` is called with category, number done, and how many.
    """
    cube = ground.cube
    tested: dict[str, bool] = {}
    found: dict[str, tuple[ScanResult, npt.NDArray[np.int64]]] = {}
    for i, category in enumerate(cube.categories):
        if not targets(category, cube):
            continue
        if progress is not None:
            progress(category, i, len(cube.categories))
        for rounds in range(ROUNDS):
            outcome = scan_category(
                cube.counts[i], ground.neighbours, ground.usable[category], ground.broken[category], windows=windows,
                replicates=replicates, seed=seed * 1_000_003 + i,
            )  # fmt: skip
            moved = _moved(ground, category, outcome)
            if not moved.any():
                break
            if rounds == ROUNDS - 1 and outcome is not None:
                still = tuple(c for c in outcome[0].clusters if not moved[list(c.areas)].any())
                outcome = (replace(outcome[0], clusters=still), outcome[1])
                break
            ground.broken[category] = ground.broken[category] | moved
        tested[category] = outcome is not None
        if outcome is not None:
            found[category] = outcome
    best = dict.fromkeys(found, 1.0)
    pending: list[tuple[str, Rise]] = []
    for category, (result, used) in found.items():
        counts = cube.of(category)
        for cluster in result.clusters:
            rows = tuple(r for r in cluster.areas if not ground.broken[category][r])
            window = used[-cluster.periods :]
            season = season_check(counts[list(rows)].sum(0), counts.sum(0), window, used, cluster.dispersion)
            p = cluster.p_value if season is None or season <= 0.05 else max(cluster.p_value, season)
            best[category] = min(best.get(category, 1.0), p)
            earlier = int(counts[np.ix_(list(rows), list(used))].sum()) - cluster.observed
            odds = cluster.expected / max(earlier, 0.5)
            interval = conditional_interval(cluster.observed, earlier, odds, dispersion=cluster.dispersion)
            pending.append((
                category,
                Rise(
                    category, rows, int(window[0]), cluster.observed, cluster.expected, interval, p, 1.0,
                    cluster.statistic, cluster.dispersion, cluster.p_monte_carlo, cluster.p_tail, season,
                ),
            ))  # fmt: skip
    q = q_values(best, [(c, r.p_value) for c, r in pending])
    rises = [replace(rise, q_value=value) for (_, rise), value in zip(pending, q, strict=True)]
    return rises, tested


def q_values(first: dict[str, float], clusters: list[tuple[str, float]]) -> list[float]:
    """Benjamini-Hochberg over families (a family is a category with its strongest cluster's p-value).

    A further cluster of a family is judged by the same rule at its own p-value, and never better than the first.
    """
    families = list(first)
    p = np.array([first[f] for f in families])
    q = benjamini_hochberg(p)
    of_first = dict(zip(families, q, strict=True))
    out = []
    for family, value in clusters:
        own = value * len(families) / max(1, int((p <= value).sum()))
        stepped = min([own, *q[p >= value]])
        out.append(float(min(1.0, max(of_first[family], stepped))))
    return out


def season_check(
    zone: npt.NDArray[np.int64], whole: npt.NDArray[np.int64], window: npt.NDArray[np.int64], used: npt.NDArray[np.int64],
    dispersion: float,
) -> float | None:  # fmt: skip
    """One-sided p that the zone's share of the window is above its share of the same months in earlier years.

    ``zone``, ``whole``: monthly counts. None where no earlier year holds all of these months.
    """
    usable = set(used.tolist())
    before: list[int] = []
    years = 1
    while all((t - 12 * years) in usable for t in window.tolist()):
        before += [t - 12 * years for t in window.tolist()]
        years += 1
    if not before:
        return None
    c, b = float(zone[window].sum()), float(zone[before].sum())
    share = float(whole[window].sum()) / max(1.0, float(whole[window].sum() + whole[before].sum()))
    if not 0 < share < 1:
        return None
    return float(ss.beta.cdf(share, c / dispersion, b / dispersion + 1)) if c else 1.0
