"""Prospective space-time scan statistics: where, and since when, is there more than there should be?

Cylinders are tried whose base is an area with its nearest neighbours and whose height is the last 1 … W periods. The
cylinder with the highest likelihood ratio is the most likely cluster; its p-value is its rank among the highest ratios of
data sets drawn without any cluster, so it allows for all the cylinders that were tried.

Three null models:

``permutation``
    Space-time permutation (Kulldorff and others 2005, PLoS Medicine 2:e59): only cases are known; times are shuffled over
    them, so each place keeps its total and each period keeps its own.
``poisson``
    Expectation-based Poisson (Neill 2009, International Journal of Forecasting 25:498-517): counts against a given
    baseline. With ``dispersion`` above 1 counts are negative-binomial and the ratio is divided by the dispersion.
``history``
    Each zone's window against the zone's own earlier counts, in proportion to the whole area's: given the zone's total,
    the window's count is binomial. Trend and season that the whole area shares cancel, and the uncertainty of the baseline
    is in the test. Counts are overdispersed more in larger zones (neighbours move together) and longer windows (months
    resemble the one before), so each zone and window has a dispersion, fitted on the earlier periods
    (:mod:`forestall.stats.dispersion`), and the statistic is the rate of a beta-binomial count that scatters so
    (:func:`history_statistic`). This is the negative-binomial guard. Forestall scans with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import stats as ss

from forestall.results import Column, Figures, Table, register
from forestall.stats.dispersion import BINOMIAL, Dispersion, fit_dispersion, neighbours_of
from forestall.stats.frailty import maxima_by_size
from forestall.stats.neighbours import points_of
from forestall.text import msg

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Replicates that give the scale of the highest ratio among zones of each size, and their seed.
SCALING, SCALING_SEED = 128, 71


@dataclass(frozen=True)
class Cluster:
    """``areas``: indices, the centre first. ``periods``: length of the window that ends with the last period.
    ``statistic``: the log likelihood ratio, allowing for ``dispersion``, the variance over the mean. ``p_monte_carlo``: its
    rank among the replicates. ``p_tail``: the fitted tail's, NaN where it says nothing (:meth:`Tail.sf`). ``p_value``: the
    one to quote (:func:`p_values`)."""

    areas: tuple[int, ...]
    periods: int
    observed: int
    expected: float
    statistic: float
    dispersion: float
    p_value: float
    p_monte_carlo: float
    p_tail: float

    @property
    def ratio(self) -> float:
        return self.observed / self.expected if self.expected > 0 else float("inf")


@dataclass(frozen=True)
class Tail:
    """A distribution of highest statistics, for where no replicate reaches.

    With ``share`` 1 it is Gumbel's (``location``, ``scale``). Below 1 it is that share of the replicates beyond
    ``location``, whose excess is generalised Pareto with ``scale`` and ``shape``.
    """

    location: float = float("nan")
    scale: float = float("nan")
    shape: float = 0.0
    share: float = 1.0

    def sf(self, value: float) -> float:
        """Probability of a highest statistic of ``value`` or more; NaN where nothing could be fitted, and below the
        ``location`` of a tail with a ``share``, which knows no more than that the probability is above that share."""
        if not np.isfinite(self.location):
            return float("nan")
        if self.share == 1.0:
            return float(ss.gumbel_r.sf(value, self.location, self.scale))
        if value < self.location:
            return float("nan")
        return self.share * float(ss.genpareto.sf(value, self.shape, self.location, self.scale))


#: More events than this of one area are refused: the tables that replicates are drawn from grow with them.
MOST_EVENTS = 2_000_000


@register
@dataclass(frozen=True, kw_only=True)
class ScanResult(Figures):
    """``clusters``: most likely first, secondary ones share no area with those before. ``by_size``: the highest statistic
    among zones of 1, 2 … areas, shape (zones,). ``maxima``: the replicates' highest statistics, shape (replicates,); with
    ``history`` each is a standard score among zones of its size. ``tail``: the distribution
    that is fitted to them."""

    type_name: ClassVar[str] = "space-time-scan"
    version: ClassVar[str] = "2"

    method: str
    clusters: tuple[Cluster, ...]
    by_size: Floats
    maxima: Floats
    tail: Tail
    replicates: int

    def table(self) -> Table:
        """The clusters, most likely first."""
        columns = (
            Column("cluster", msg("Cluster"), None, True),
            Column("areas", msg("Areas"), msg("indices"), False),
            Column("periods", msg("Window"), msg("last periods"), True),
            Column("observed", msg("Observed"), msg("count"), True),
            Column("expected", msg("Expected"), msg("count"), True),
            Column("ratio", msg("Ratio"), msg("times expected"), True),
            Column("statistic", msg("Log likelihood ratio"), None, True),
            Column("dispersion", msg("Dispersion"), msg("variance over mean"), True),
            Column("p_value", msg("p"), None, True),
        )
        rows = tuple(
            (i, c.areas, c.periods, c.observed, c.expected, c.ratio, c.statistic, c.dispersion, c.p_value)
            for i, c in enumerate(self.clusters, 1)
        )
        return Table(columns, rows, msg("Clusters, most likely first"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        """Observed counts of the clusters as bars, with what was expected as a tick across each."""
        values = [
            {"cluster": i, "observed": c.observed, "expected": round(c.expected, 2)} for i, c in enumerate(self.clusters, 1)
        ]
        x = {"field": "cluster", "type": "ordinal", "title": msg("Cluster").render(language), "axis": {"labelAngle": 0}}
        count = msg("count").render(language)
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "data": {"values": values},
            "layer": [
                {
                    "mark": {"type": "bar", "style": "observed"},
                    "encoding": {"x": x, "y": {"field": "observed", "type": "quantitative", "title": count}},
                },
                {
                    "mark": {"type": "tick", "style": "expected", "thickness": 3},
                    "encoding": {"x": x, "y": {"field": "expected", "type": "quantitative", "title": count}},
                },
            ],
        }

    def explain(self, language: str = "en") -> str:
        if not self.clusters:
            return msg("Nowhere was there more than expected.").render(language)
        best = self.clusters[0]
        return msg(
            "The most likely cluster holds {observed:count} where {expected:decimal} were expected, in the last "
            "{periods:count} periods; chance alone would show as strong a one somewhere with probability {p:g}.",
            observed=best.observed, expected=best.expected, periods=best.periods, p=best.p_value,
        ).render(language)  # fmt: skip


def nearest(x: npt.ArrayLike, y: npt.ArrayLike, k: int) -> Ints:
    """Indices of each place and its ``k`` nearest others, nearest first, itself first; ties by x, then y.

    ``x``, ``y``: shape (places,), in metres or any one unit. Returns shape (places, min(k + 1, places)). Raises
    ``ValueError`` for places without a location, for none at all and a ``k`` below 1.
    """
    px, py = points_of(x, y).T
    if k < 1:
        raise ValueError(f"k must be a whole number of 1 or more, not {k!r}")
    n, size = px.size, min(k + 1, px.size)
    out = np.empty((n, size), np.int64)
    for i in range(n):
        d = (px - px[i]) ** 2 + (py - py[i]) ** 2
        d[i] = -1.0
        out[i] = np.lexsort((py, px, d))[:size]
    return out


def space_time_scan(
    counts: npt.ArrayLike,
    neighbours: npt.ArrayLike,
    *,
    method: str = "history",
    windows: int | Sequence[int] = 6,
    baseline: npt.ArrayLike | None = None,
    dispersion: float | Dispersion | None = None,
    periods: npt.ArrayLike | None = None,
    max_share: float = 0.5,
    least: int = 2,
    secondary: int = 4,
    replicates: int = 999,
    seed: int = 0,
) -> ScanResult:
    """Scans counts for clusters that reach to the last period.

    ``counts``: whole numbers, shape (areas, periods). ``neighbours``: shape (areas, zones), each row an area followed by
    others, nearest first (:func:`nearest`), and -1 where
    it runs out. ``windows``: the longest window, or the lengths to try. ``periods``: boolean,
    shape (periods,), False for a period to be set aside (it counts in no window and no history). ``baseline``: expected
    counts of the same shape as ``counts``, for ``poisson`` only. ``dispersion``: variance over mean, 1 or more; for
    ``history`` None fits it. ``max_share``: a zone may hold at most this share of all events. ``secondary``: how many
    further clusters to list. p-values are (r + 1) / (n + 1), r the replicates above; where there are none the fitted tail
    tells how far below, for families of tests where 1 / (n + 1) is too coarse.

    Raises ``ValueError`` with the offending value for counts that are negative or not whole, neighbours out of range, and
    windows that leave no history.
    """
    x = np.asarray(counts)
    if x.ndim != 2:
        raise ValueError(f"counts must be areas by periods, not of shape {x.shape}")
    if not np.issubdtype(x.dtype, np.integer):
        if not np.all(np.isfinite(x)) or np.any(x != np.floor(x)):
            raise ValueError("counts must be whole numbers with none missing")
        x = x.astype(np.int64)
    if x.size and x.min() < 0:
        raise ValueError(f"counts must be 0 or more; found {x.min()}")
    most = int(x.sum()) if method == "permutation" else int(x.sum(1).max(initial=0))
    if most > MOST_EVENTS:
        raise ValueError(
            f"the scan takes up to {MOST_EVENTS:,} events an area (of all areas, for method permutation), not {most:,}: "
            "scan fewer periods or smaller areas"
        )
    near = neighbours_of(neighbours, x.shape[0], -1)
    if near.size and near[:, 0].min() < 0:
        raise ValueError("each row of neighbours must begin with the area itself; -1 may only end it")
    # A row that runs out is filled with its own area, and no zone reaches that far.
    reach = np.where((near < 0).any(1), np.argmax(near < 0, axis=1), near.shape[1])
    near = np.where(near < 0, near[:, :1], near)
    if method not in ("history", "poisson", "permutation"):
        raise ValueError(f"method must be history, poisson or permutation, not {method!r}")
    if periods is not None:
        keep = np.asarray(periods, bool)
        if keep.shape != (x.shape[1],):
            raise ValueError(f"periods must be one True or False for each of {x.shape[1]} periods")
        x = x[:, keep]
        baseline = None if baseline is None else np.asarray(baseline, float)[:, keep]
    lengths = np.arange(1, windows + 1) if isinstance(windows, int) else np.unique(np.asarray(windows, int))
    if lengths.size == 0 or lengths[0] < 1:
        raise ValueError("windows must be lengths of 1 or more periods")
    if method != "poisson" and lengths[-1] >= x.shape[1]:
        raise ValueError(f"a window of {lengths[-1]} periods leaves no history in {x.shape[1]} periods")
    if method == "history":
        return _scan_history(x, near, reach, lengths, dispersion, max_share, least, secondary, replicates, seed)
    if method == "poisson":
        if baseline is None:
            raise ValueError("method poisson needs a baseline: expected counts of the same shape as counts")
        phi = 1.0 if dispersion is None else dispersion
        if isinstance(phi, Dispersion) or phi < 1:
            raise ValueError("dispersion must be a number of 1 or more for method poisson")
        b = np.asarray(baseline, float)
        return _scan_baseline(x, b, near, reach, lengths, float(phi), max_share, least, secondary, replicates, seed)
    return _scan_permutation(x, near, reach, lengths, max_share, least, secondary, replicates, seed)


def _window_sums(x: npt.NDArray[Any], lengths: Ints) -> npt.NDArray[Any]:
    """Sums over the last ``lengths`` periods; shape (areas, windows)."""
    return np.cumsum(x[:, ::-1], axis=1)[:, lengths - 1]


def _zone_sums(v: npt.NDArray[Any], near: Ints) -> npt.NDArray[Any]:
    """Sums over each area's nearest 1, 2, …; ``v``: (areas, …) gives (areas, zones, …)."""
    return np.cumsum(v[near], axis=1)


def _caps(area_totals: Floats, near: Ints, max_share: float) -> Ints:
    inside = _zone_sums(area_totals, near) <= max_share * area_totals.sum()
    return np.asarray(np.maximum(1, np.where(inside.all(1), near.shape[1], np.argmin(inside, axis=1))), np.int64)


def _scan_history(
    x: Ints, near: Ints, reach: Ints, lengths: Ints, dispersion: float | Dispersion | None, max_share: float, least: int,
    secondary: int, replicates: int, seed: int,
) -> ScanResult:  # fmt: skip

    longest = int(lengths[-1])
    total = int(x.sum())
    if total == 0:
        return _nothing("history", replicates, seed)
    refit = dispersion is None
    if dispersion is None:
        dispersion = fit_dispersion(x[:, :-longest], near, reach=reach)
    elif not isinstance(dispersion, Dispersion):
        dispersion = Dispersion.constant(float(dispersion), near.shape[1])
    by_period = x.sum(0)
    share = np.cumsum(by_period[::-1])[lengths - 1] / total
    usable = (share > 0) & (share < 1)
    if not usable.any():
        return _nothing("history", replicates, seed)
    lengths, share = lengths[usable], share[usable]
    earlier = x[:, :-longest].sum(1)
    base = shrink(earlier) * total / max(float(earlier.sum()), 1e-9) if earlier.any() else x.sum(1).astype(float)
    phi = dispersion.of_zones(base / x.shape[1], near, lengths, x.shape[1])
    totals = x.sum(1)
    caps = np.minimum(reach, _caps(totals.astype(float), near, max_share))
    observed = _zone_sums(_window_sums(x, lengths), near)
    r = _zone_sums(totals, near)[:, :, None]
    statistic = history_statistic(observed, np.broadcast_to(r, observed.shape), share, phi)
    tried = (np.arange(near.shape[1])[None, :] < caps[:, None])[:, :, None]
    statistic = np.where(tried & (observed >= least), statistic, 0.0)
    # The scales are always of the same draws, so that what is found does not hang on the seed, but only its p-value.
    scaling, highest = maxima_by_size(
        base, by_period.astype(float), near, reach, lengths, caps, dispersion, refit=refit, least=least,
        runs=((SCALING, SCALING_SEED), (replicates, seed)),
    )  # fmt: skip
    location, scale = _scales(scaling)
    expected = np.maximum(r - observed, 0.5) * share / (1 - share)  # half an event where there was none before
    score = np.where(statistic > 0, (statistic - location[:, None]) / scale[:, None], -np.inf)
    maxima = ((highest - location) / scale).max(1)
    return _result("history", statistic, observed, expected, phi, near, lengths, caps, maxima, secondary, seed, score)


def _scales(highest: Floats) -> tuple[Floats, Floats]:
    """Location and scale of the highest ratio among zones of each size, as a Gumbel distribution has them, by moments.

    ``highest``: shape (replicates, zones). A size with no spread (none is tried) is never the highest.
    """
    deviation = highest.std(0, ddof=1)
    scale = np.where(deviation > 0, deviation, np.inf) * np.sqrt(6) / np.pi
    location = highest.mean(0) - np.euler_gamma * np.where(np.isfinite(scale), scale, 0.0)
    return location, np.asarray(scale, float)


def shrink(counts: npt.ArrayLike) -> Floats:
    """Areas' means, given their counts: the empirical-Bayes mean under a gamma spread of true means.

    An area where nothing has happened yet is not one where nothing can. The sum is kept.
    """
    n = np.asarray(counts, float)
    mean, variance = n.mean(), n.var()
    if mean == 0 or variance <= mean:
        return np.full(n.shape, mean)
    shape = mean**2 / (variance - mean)
    out = (n + shape) / (1 + shape / mean)
    return np.asarray(out * n.sum() / out.sum(), float)


def history_statistic(c: npt.ArrayLike, r: npt.ArrayLike, share: npt.ArrayLike, phi: npt.ArrayLike = 1.0) -> Floats:
    """Log likelihood ratio of ``c`` of ``r`` events in a window with ``share`` of all, where variances are ``phi`` times
    the binomial's; 0 where there are no more than the share.

    Overdispersed counts given their total are beta-binomial: the window's true share y varies about ``share`` with a
    strength of k = r / (phi - 1) - 1 events. The cheapest way to c is y = (c + k share) / (r + k), and its cost
    r KL(c/r, y) + k KL(share, y) is the rate at which the tail falls: the binomial ratio at phi 1, and the slower fall of a
    gamma tail as phi grows. (A ratio divided by phi would fall too fast and call frailty a cluster.)
    """
    c, r, share, phi = np.broadcast_arrays(*(np.asarray(v, float) for v in (c, r, share, phi)))
    with np.errstate(divide="ignore", invalid="ignore"):
        k = np.where(phi > BINOMIAL, np.maximum(r / (phi - 1) - 1, 0.05), np.inf)
        finite = np.isfinite(k)
        kf = np.where(finite, k, 0.0)
        y = np.where(finite, (c + kf * share) / (r + kf), share)
        inside = np.where(c > 0, c * np.log(c / (r * y)), 0.0)
        outside = np.where(r > c, (r - c) * np.log((r - c) / (r * (1 - y))), 0.0)
        prior = np.where(finite, kf * (share * np.log(share / y) + (1 - share) * np.log((1 - share) / (1 - y))), 0.0)
    return np.where(c > r * share, inside + outside + prior, 0.0)


def _scan_baseline(
    x: Ints, b: Floats, near: Ints, reach: Ints, lengths: Ints, phi: float, max_share: float, least: int, secondary: int,
    replicates: int, seed: int,
) -> ScanResult:  # fmt: skip
    from forestall.stats import _scan_kernels as kernels

    if b.shape != x.shape or not np.all(np.isfinite(b)) or (b.size and b.min() < 0):
        raise ValueError("the baseline needs a finite expected count of 0 or more for each of the counts")
    caps = np.minimum(reach, _caps(x.sum(1).astype(float), near, max_share)) if x.sum() else reach
    observed, expected = _zone_sums(_window_sums(x, lengths), near), _zone_sums(_window_sums(b, lengths), near)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(observed > 0, observed * np.log(observed / expected), 0.0)
    statistic = np.where((observed > expected) & (observed >= least), (ratio - observed + expected) / phi, 0.0)
    cumulative = _window_sums(b, lengths)
    cells = np.diff(np.concatenate([np.zeros((x.shape[0], 1)), cumulative], 1), axis=1).ravel()
    cdf, start, guide = kernels.count_tables(cells, np.full(cells.size, phi))
    inv_phi = np.full(observed.shape, 1 / phi)
    size = int(3 * expected.max() + 20 * phi * np.sqrt(expected.max() + 1) + observed.max() + 100)
    maxima = kernels.baseline_maxima(
        cdf, start, guide, near, np.ascontiguousarray(expected), inv_phi, least, replicates, np.uint64(seed),
        kernels.xlogx_table(size), caps,
    )  # fmt: skip
    spread = np.full(observed.shape, phi)
    return _result("poisson", statistic, observed, expected, spread, near, lengths, caps, maxima, secondary, seed)


def _scan_permutation(
    x: Ints, near: Ints, reach: Ints, lengths: Ints, max_share: float, least: int, secondary: int, replicates: int,
    seed: int,
) -> ScanResult:  # fmt: skip
    from forestall.stats import _scan_kernels as kernels

    total = int(x.sum())
    if total == 0:
        return _nothing("permutation", replicates, seed)
    caps = np.minimum(reach, _caps(x.sum(1).astype(float), near, max_share))
    # Only windows that begin with an event can be the best: a longer one has the same events and expects more.
    begins = x.sum(0)[::-1][lengths - 1] > 0
    lengths = lengths[begins] if begins.any() else lengths[:1]
    observed = _zone_sums(_window_sums(x, lengths), near)
    in_window = np.cumsum(x.sum(0)[::-1])[lengths - 1]
    expected = _zone_sums(x.sum(1), near)[:, :, None] * in_window / total
    c, e = observed.astype(float), np.asarray(expected, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.where(c > 0, c * np.log(c / e), 0.0)
        outside = np.where(total > c, (total - c) * np.log((total - c) / (total - e)), 0.0)
    statistic = np.where((c > e) & (c >= least), inside + outside, 0.0)
    area, period = np.nonzero(x)
    times = x[area, period]
    place = np.repeat(area, times)
    when = np.searchsorted(lengths, x.shape[1] - np.repeat(period, times))
    maxima = kernels.permutation_maxima(
        place, when, near, caps, total, np.ascontiguousarray(e), least, replicates, np.uint64(seed),
        kernels.xlogx_table(total + 1),
    )  # fmt: skip
    spread = np.ones(observed.shape)
    return _result("permutation", statistic, observed, e, spread, near, lengths, caps, maxima, secondary, seed)


def _nothing(method: str, replicates: int, seed: int) -> ScanResult:
    return ScanResult(
        method=method,
        clusters=(),
        by_size=np.zeros(0),
        maxima=np.zeros(0),
        tail=Tail(),
        replicates=replicates,
        seed=seed,
    )


def _result(
    method: str, statistic: Floats, observed: npt.NDArray[Any], expected: Floats, phi: Floats, near: Ints,
    lengths: Ints, caps: Ints, maxima: Floats, secondary: int, seed: int,
    score: Floats | None = None,
) -> ScanResult:  # fmt: skip
    """The clusters, highest ``score`` first (the ratio where None), compared with the replicates' ``maxima`` of it.

    Of the zones that share an area with the highest, the one with the highest ratio is the cluster: what is unlikeliest by
    chance tells best that there is something, and what is likeliest where it is.
    """
    beyond = np.arange(near.shape[1])[None, :] >= caps[:, None]
    statistic = np.where(beyond[:, :, None], 0.0, statistic)
    score = np.where(statistic > 0, statistic if score is None else score, -np.inf)
    fitted = fit_gumbel(maxima) if method != "history" else fit_excesses(maxima)
    clusters: list[Cluster] = []
    used = np.zeros(near.shape[0], bool)
    for _ in range(1 + secondary):
        a, k, w = np.unravel_index(int(np.argmax(score)), score.shape)
        if not np.isfinite(score[a, k, w]):
            break
        monte_carlo, tail, p = p_values(float(score[a, k, w]), maxima, fitted)
        inside = np.zeros(near.shape[0], bool)
        inside[near[a, : k + 1]] = True
        shares = np.maximum.accumulate(inside[near], axis=1)[:, :, None] & np.isfinite(score)
        a, k, w = np.unravel_index(int(np.argmax(np.where(shares, statistic, -1.0))), statistic.shape)
        zone = near[a, : k + 1]
        clusters.append(
            Cluster(
                areas=tuple(int(i) for i in zone),
                periods=int(lengths[w]),
                observed=int(observed[a, k, w]),
                expected=float(expected[a, k, w]),
                statistic=float(statistic[a, k, w]),
                dispersion=float(phi[a, k, w]),
                p_value=p,
                p_monte_carlo=monte_carlo,
                p_tail=tail,
            )
        )
        used[zone] = True
        touched = np.maximum.accumulate(used[near], axis=1)
        score = np.where(touched[:, :, None], -np.inf, score)
    return ScanResult(
        method=method, clusters=tuple(clusters), by_size=statistic.max((0, 2)), maxima=maxima, tail=fitted,
        replicates=maxima.size, seed=seed,
        parameters={"method": method, "windows": lengths.tolist(), "zones": near.shape[1], "secondary": secondary},
    )  # fmt: skip


def fit_gumbel(maxima: Floats) -> Tail:
    """A Gumbel distribution by maximum likelihood (Abrams, Kulldorff and Kleinman 2010, International Journal of Health
    Geographics 9:61)."""
    if maxima.size < 20 or np.ptp(maxima) == 0:
        return Tail()
    location, scale = ss.gumbel_r.fit(maxima)
    return Tail(float(location), float(scale))


def fit_excesses(maxima: Floats) -> Tail:
    """A generalised Pareto distribution of the highest tenth, by probability-weighted moments (Hosking and Wallis 1987,
    Technometrics 29:339-349), its shape from 0 to 1/2. Replicates that are judged each with another fit are a mixture,
    whose tail is heavier than Gumbel's."""
    n = maxima.size // 10
    if n < 10:
        return fit_gumbel(maxima)
    order = np.sort(maxima)[::-1]
    location, excess = float(order[n]), np.sort(order[:n] - order[n])
    mean = float(excess.mean())
    weighted = float(((1 - (np.arange(1, n + 1) - 0.35) / n) * excess).mean())
    if not mean > 2 * weighted > 0:
        return fit_gumbel(maxima)
    shape = min(max(2 - mean / (mean - 2 * weighted), 0.0), 0.5)
    return Tail(location, mean * (1 - shape), shape, n / maxima.size)


def p_values(value: float, maxima: Floats, fitted: Tail) -> tuple[float, float, float]:
    """Monte-Carlo p = (r + 1) / (n + 1), r the replicates that reach ``value``; the fitted tail's p, NaN where it says
    nothing; and the one to quote: the smaller of the two where no replicate reaches the value, else the first."""
    n, r = maxima.size, int((maxima >= value - 1e-12 * abs(value)).sum())
    monte_carlo = (r + 1) / (n + 1)
    tail = fitted.sf(value)
    if r or not np.isfinite(tail):
        return monte_carlo, tail, monte_carlo
    return monte_carlo, tail, min(monte_carlo, max(tail, 1e-12))
