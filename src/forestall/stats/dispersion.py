"""How much more counts scatter than chance alone would have it, by zone, window and size.

Areas have good and bad months of their own (frailty), these last for a while, and neighbours share them. So a zone's count
over a window scatters by

    Var = mean * (alpha + m * (v0 + v1 h) + e * (s0[k] + s1[k] h))

where m is the event-weighted mean of the zone's areas' expected counts a period, e is the zone's own expected count a
period, v0 and v1 are variances of an area's frailty (fresh each period; lasting with autocorrelation RHO), s0 and s1 those
that areas of a zone of k areas share, and h says how a lasting frailty adds up over a window set against the zone's whole
history. All are fitted by non-negative least squares to squared residuals about area total times period total. The formula
tells how zones of a size differ in scatter; how much they have on average is their plain (Pearson) scatter. With few events
the formula is mostly error, and zones are drawn together to that average: it is trusted N / (N + TRUSTED) with N events.

Source: method of moments for variance components in counts (McCullagh and Nelder, *Generalized Linear Models*, ch. 9).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Up to this dispersion a likelihood ratio takes counts for binomial: nearer to 1 its overdispersed form is rounding alone.
BINOMIAL = 1.0 + 1e-6

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Autocorrelation of the lasting part of frailty, from one period to the next.
RHO = 0.8

#: With fewer events or periods than these, counts are taken as Poisson.
LEAST_EVENTS, LEAST_PERIODS = 50, 8

#: Added to expected counts a period as weights are made, so that the emptiest areas don't rule.
LEAST_MEAN = 0.02

#: Earlier events with which the formula counts for half of what is known of how zones differ.
TRUSTED = 10_000

#: Longest window whose scatter is measured.
LONGEST = 6


@dataclass(frozen=True)
class Dispersion:
    """``alpha``: 1 or more. ``own``: (v0, v1). ``shared``: shape (zones, 2), s0 and s1 by number of areas. ``plain``: shape
    (zones, window lengths 1, 2, …), 1 or more, the mean scatter of zones of a size; the last length serves for longer
    windows. ``trust``: how much the formula counts for how zones differ, 0 to 1."""

    alpha: float
    own: tuple[float, float]
    shared: Floats
    plain: Floats
    trust: float

    @staticmethod
    def constant(value: float, zones: int) -> Dispersion:
        return Dispersion(value, (0.0, 0.0), np.zeros((zones, 2)), np.full((zones, 1), value), 0.0)

    def of_zones(self, level: Floats, near: Ints, lengths: Ints, periods: int) -> Floats:
        """Variance over mean of every zone and window at the end of ``periods``; shape (areas, zones, windows).

        ``level``: expected count a period of each area. ``lengths``: window lengths.
        """
        e = np.cumsum(level[near], 1)
        m = np.cumsum(level[near] ** 2, 1) / np.maximum(e, 1e-12)
        fresh, lasting = contrasts(periods, lengths, [np.array([periods - w]) for w in lengths])
        h = lasting / fresh
        own = m[:, :, None] * (self.own[0] + self.own[1] * h)
        shared = e[:, :, None] * (self.shared[None, :, None, 0] + self.shared[None, :, None, 1] * h)
        excess = self.alpha - 1.0 + own + shared
        weight = (e / (e + LEAST_MEAN))[:, :, None]
        usual = (excess * weight).sum(0) / np.maximum(weight.sum(0), 1e-12)
        relative = np.where(usual > 1e-9, excess / np.maximum(usual, 1e-9), 1.0)
        plain = self.plain[:, np.minimum(lengths, self.plain.shape[1]) - 1]
        return np.asarray(1.0 + (plain - 1.0) * (self.trust * relative + 1.0 - self.trust), float)


def contrasts(periods: int, lengths: Sequence[int] | Ints, starts: Sequence[Ints]) -> tuple[Floats, Floats]:
    """Mean of c'c and of c'Rc over windows, where c sets a window against its share of all periods and R is the
    autocorrelation of a lasting frailty. Shape (windows,) each."""
    gap = np.abs(np.subtract.outer(np.arange(periods), np.arange(periods)))
    correlation = RHO**gap
    fresh, lasting = [], []
    for w, begin in zip(lengths, starts, strict=True):
        c = np.full((begin.size, periods), -w / periods)
        for row, b in enumerate(begin):
            c[row, b : b + w] += 1.0
        fresh.append(float((c * c).sum(1).mean()))
        lasting.append(float(np.einsum("it,ts,is->i", c, correlation, c).mean()))
    return np.array(fresh), np.array(lasting)


@dataclass(frozen=True)
class Measure:
    """What of the counts is measured: ``sizes``, the columns of ``near`` that end a measured zone; ``fresh`` and
    ``lasting``, the :func:`contrasts` of windows of 1, 2 … periods."""

    sizes: Ints
    fresh: Floats
    lasting: Floats

    @staticmethod
    def of(periods: int, zones: int, longest: int = LONGEST) -> Measure:
        sizes = [0]
        while sizes[-1] < zones - 1:
            sizes.append(min(zones - 1, max(sizes[-1] + 1, round(1.3 * sizes[-1]))))
        lengths = np.arange(1, max(1, min(longest, periods // 3)) + 1)
        fresh, lasting = contrasts(periods, lengths, [np.arange(periods - w + 1) for w in lengths])
        return Measure(np.array(sizes), fresh, lasting)

    def dispersion(self, own: Floats, shared: Floats, plain: Floats, zones: int, events: float) -> Dispersion:
        """The dispersion that components and plain scatter measured on ``events`` make, for zones of every size."""
        every, at = np.arange(zones), self.sizes
        smooth = np.stack([np.interp(every, at, _smooth(shared[:, i])) for i in (0, 1)], 1)
        smooth[0] = 0.0
        # Scatter grows with the zone and with the window: what falls again is the error of the estimate.
        grown = np.maximum.accumulate(np.maximum.accumulate(plain, 0), 1)
        mean = np.stack([np.interp(every, at, grown[:, w]) for w in range(plain.shape[1])], 1)
        trust = events / (events + TRUSTED)
        return Dispersion(1.0 + float(own[0]), (float(own[1]), float(own[2])), smooth, mean, trust)


def neighbours_of(near: npt.ArrayLike, areas: int, least: int = 0) -> Ints:
    """``near`` as rows of indices of areas, ``least`` (0, or -1 for an end) to the last; raises ``ValueError`` else."""
    given = np.asarray(near)
    out = np.ascontiguousarray(given, dtype=np.int64) if given.dtype.kind in "iu" else np.zeros(0, np.int64)
    if (
        out.ndim != 2
        or out.shape[0] != areas
        or out.shape[1] < 1
        or (out.size and (out.min() < least or out.max() >= areas))
    ):
        raise ValueError(f"neighbours must hold a row of indices from 0 to {areas - 1} for each of {areas} areas")
    return out


def fit_dispersion(counts: npt.ArrayLike, near: Ints, longest: int = LONGEST, *, reach: Ints | None = None) -> Dispersion:
    """Fits the scatter of earlier counts, shape (areas, periods), over zones of each area's nearest (``near``, shape
    (areas, zones), of which the first ``reach``) and windows of up to ``longest`` periods. Raises ``ValueError`` for counts
    that are missing or below 0, and for neighbours that don't exist."""
    from forestall.stats import _frailty_kernels as kernels

    x = np.ascontiguousarray(counts, dtype=float)
    if x.ndim != 2 or not (np.isfinite(x) & (x >= 0)).all():
        raise ValueError("counts must be areas by periods, each 0 or more with none missing")
    near = neighbours_of(near, x.shape[0])
    reach = np.full(near.shape[0], near.shape[1]) if reach is None else reach
    zones = near.shape[1]
    if x.sum() < LEAST_EVENTS or x.shape[1] < LEAST_PERIODS:
        return Dispersion.constant(1.0, zones)
    how = Measure.of(x.shape[1], zones, longest)
    own, shared, plain = kernels.scatter(x, near, reach, how.sizes, how.fresh, how.lasting, LEAST_MEAN)
    return how.dispersion(own, shared, plain, zones, float(x.sum()))


def _smooth(shared: Floats) -> Floats:
    """Running mean of three over zone sizes: what areas share changes slowly with distance. The first, of one area alone,
    is no part of it."""
    rest = shared[1:]
    if rest.size < 3:
        return shared
    padded = np.concatenate([rest[:1], rest, rest[-1:]])
    return np.concatenate([shared[:1], (padded[:-2] + padded[1:-1] + padded[2:]) / 3])
