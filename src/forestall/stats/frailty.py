"""What the strongest cluster looks like where there is none, in counts that scatter as these do.

Replicates are drawn with the frailty that was fitted (:mod:`forestall.stats.dispersion`): an area's own, fresh each period
and lasting, and one that neighbours share. Each is judged with the dispersion that was fitted to *another* such draw, so
that the error of the fit is in the reference as it is in the data. From every replicate the highest ratio is kept for each
size of zone, because small zones are many and large ones few: a ratio of 10 says less of one area than of twenty.

Source: parametric bootstrap (Davison and Hinkley 1997, *Bootstrap Methods and their Application*, ch. 4); scales judged
each by its own null, as in multiscale scanning (Walther 2010, Annals of Statistics 38:1010-1033).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats as ss

from forestall.stats.dispersion import LEAST_MEAN, LEAST_PERIODS, RHO, Dispersion, Measure

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Areas over which a shared field fades: the weight of an area's j-th nearest is exp(-(j / FADE)^2).
FADE = 10.0

#: What exceeds chance is drawn this many times as large as fitted, because real tails are heavier than a log-normal one
#: and what lasts is not known to last as RHO says: set by the calibration, docs/benchmarks/scan-calibration.md.
MARGIN = 1.15

#: Draws whose dispersion is fitted again; replicates are judged with these in turn.
REFITS = 21

#: Rows of the tables of counts for each doubling of the mean.
_STEP = float(np.log(2.0)) / 24


@dataclass(frozen=True)
class Frailty:
    """Counts that scatter: ``alpha``, variance over mean of an area's plain bursts; ``deviations``, standard deviations of
    the log of an area's fresh and lasting frailty and of its neighbourhood's fresh and lasting field."""

    alpha: float
    deviations: Floats

    @staticmethod
    def of(dispersion: Dispersion, near: Ints, reach: Ints, margin: float = 1.0) -> Frailty:
        """The frailty that gives counts this dispersion: a field with what zones share, and areas' own with the rest.
        ``margin``: what exceeds chance is this many times as large."""
        v = np.array(dispersion.own)
        common = _together(near, reach)
        weight = float(common @ common)
        shared = common @ dispersion.shared / weight if weight > 0 else np.zeros(2)
        shared = np.clip(shared, 0.0, v)
        variances = margin * np.concatenate([v - shared, shared])
        return Frailty(1.0 + margin * (dispersion.alpha - 1.0), np.sqrt(np.log1p(variances)))


def maxima_by_size(
    base: Floats,
    by_period: Floats,
    near: Ints,
    reach: Ints,
    lengths: Ints,
    caps: Ints,
    dispersion: Dispersion,
    *,
    refit: bool,
    least: int,
    runs: Sequence[tuple[int, int]],
) -> list[Floats]:
    """Highest history ratios of replicates without a cluster, by size of zone; shape (replicates, zones) for each run.

    ``base``: each area's expected count over all periods, shape (areas,). ``by_period``: the whole area's counts.
    ``lengths``: windows' lengths. ``caps``: zones tried around each area. ``runs``: how many replicates
    with which seed; the first seed is the refits' too. ``refit``: whether the dispersion was fitted
    to the counts, so that replicates' must be too.
    """
    from forestall.stats import _frailty_kernels as kernels
    from forestall.stats._scan_kernels import count_tables

    periods, zones = by_period.size, near.shape[1]
    longest = int(lengths[-1])
    frailty = Frailty.of(dispersion, near, reach, MARGIN if refit else 1.0)
    level = base / periods
    blend = _blend(reach, zones)
    share = by_period / max(float(by_period.sum()), 1e-9)
    earlier = periods - longest
    with np.errstate(divide="ignore"):
        log_mean = np.maximum(np.log(base[:, None] * share), -1e3)
        rest = np.maximum(np.log(base * share[:earlier].sum()), -1e3)
    # A log mean beyond six standard deviations above the highest is drawn by nobody.
    highest = float(max(log_mean.max(), rest.max())) + 6 * float(np.sqrt((frailty.deviations**2).sum()))
    first = float(np.log(1e-4))
    means = np.exp(first + _STEP * np.arange(max(2, int(np.ceil((highest - first) / _STEP)) + 1)))
    means[0] = 0.0
    cdf, start, guide = count_tables(means, np.full(means.size, frailty.alpha))
    tables = _normal_table(), cdf, start, guide, first, _STEP
    if refit and earlier >= LEAST_PERIODS:
        how = Measure.of(earlier, zones)
        own, shared, plain = kernels.refits(
            np.ascontiguousarray(log_mean[:, :earlier]), frailty.deviations, RHO, near, reach, blend, how.sizes, how.fresh,
            how.lasting, LEAST_MEAN, REFITS, np.uint64(runs[0][1]), *tables,
        )  # fmt: skip
        events = float(base.sum() * share[:earlier].sum())
        judges = [how.dispersion(own[i], shared[i], plain[i], zones, events) for i in range(REFITS)]
    else:
        judges = [dispersion]
    phi = np.stack([d.of_zones(level, near, lengths, periods) for d in judges]).astype(np.float32)
    carry, kept = _mean_of_lasting(earlier)
    fresh = 1 / np.sqrt(max(earlier, 1))
    rest_deviations = frailty.deviations * np.array([fresh, kept, fresh, kept])
    recent = np.ascontiguousarray(log_mean[:, ::-1][:, :longest])
    return [
        np.asarray(
            kernels.frail_maxima(
                recent, rest, frailty.deviations, rest_deviations, carry, RHO, near, reach, blend, lengths, phi, caps,
                least, replicates, np.uint64(seed), *tables,
            ),
            float,
        )
        for replicates, seed in runs
    ]  # fmt: skip


def _mean_of_lasting(periods: int) -> tuple[float, float]:
    """The mean of a lasting state over ``periods`` before the one that it is known in: how much of that it holds, and the
    standard deviation of the rest."""
    if periods == 0:
        return 0.0, 0.0
    steps = np.arange(1, periods + 1)
    carry = float((RHO**steps).mean())
    gap = np.abs(np.subtract.outer(steps, steps))
    return carry, float(np.sqrt(max((RHO**gap).mean() - carry**2, 0.0)))


def _blend(reach: Ints, zones: int) -> Floats:
    """Weights that turn noise of each area's nearest into a field of variance 1; shape (areas, zones)."""
    at = np.arange(zones)[None, :]
    weight = np.where(at < reach[:, None], np.exp(-((at / FADE) ** 2)), 0.0)
    return np.asarray(weight / np.sqrt((weight**2).sum(1, keepdims=True)), float)


def _together(near: Ints, reach: Ints) -> Floats:
    return _together_of(near.tobytes(), reach.tobytes(), near.shape)


@functools.lru_cache(maxsize=4)
def _together_of(near: bytes, reach: bytes, shape: tuple[int, int]) -> Floats:
    """Categories of a force have the same neighbours: what these alone decide is worked out once."""
    from forestall.stats._frailty_kernels import together

    limit = np.frombuffer(reach, np.int64)
    return np.asarray(together(np.frombuffer(near, np.int64).reshape(shape), limit, _blend(limit, shape[1])), float)


@functools.cache
def _normal_table() -> Floats:
    p = np.linspace(0, 1, 4097)
    p[0], p[-1] = 1e-5, 1 - 1e-5
    return np.asarray(ss.norm.ppf(p), float)
