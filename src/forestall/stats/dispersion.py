"""How much more counts scatter than chance alone would have it, by zone, window and size.

Areas have good and bad months of their own (frailty), these last for a while, and neighbours share them. So a zone's count
over a window scatters by

    Var = mean * (alpha + m * (v0 + v1 h) + e * (s0[k] + s1[k] h))

where m is the event-weighted mean of the zone's areas' expected counts a period, e is the zone's own expected count a
period, v0 and v1 are variances of an area's frailty (fresh each period; lasting with autocorrelation RHO), s0 and s1 those
that areas of a zone of k areas share, and h says how a lasting frailty adds up over a window set against the zone's whole
history. All are fitted by non-negative least squares to squared residuals about area total times period total. Where few
events are expected the formula is too kind, because small areas burst; so no zone's figure lies below the plain (Pearson)
scatter of all zones of its size and windows of its length.

Source: method of moments for variance components in counts (McCullagh and Nelder, *Generalized Linear Models*, ch. 9).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Autocorrelation of the lasting part of frailty, from one period to the next.
RHO = 0.8

#: The fit is uncertain and the tail is heavy, so what exceeds chance is taken to be this many times what was fitted: set by
#: the calibration, docs/benchmarks/scan-calibration.md.
MARGIN = 1.1

#: With fewer events or periods than these, counts are taken as Poisson.
LEAST_EVENTS, LEAST_PERIODS = 50, 8

#: Added to expected counts a period as weights are made, so that the emptiest areas don't rule.
LEAST_MEAN = 0.02


@dataclass(frozen=True)
class Dispersion:
    """``alpha``: 1 or more. ``own``: (v0, v1). ``shared``: shape (zones, 2), s0 and s1 by number of areas. ``floor``: shape
    (zones, window lengths 1, 2, …), 1 or more; the last length serves for longer windows."""

    alpha: float
    own: tuple[float, float]
    shared: Floats
    floor: Floats

    @staticmethod
    def constant(value: float, zones: int) -> Dispersion:
        return Dispersion(value, (0.0, 0.0), np.zeros((zones, 2)), np.ones((zones, 1)))

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
        floor = self.floor[:, np.minimum(lengths, self.floor.shape[1]) - 1]
        return np.asarray(np.maximum(self.alpha + own + shared, floor[None]), float)


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


def fit_dispersion(counts: npt.ArrayLike, near: Ints, longest: int = 6) -> Dispersion:
    """Fits the scatter of earlier counts, shape (areas, periods), over zones of each area's nearest (``near``, shape
    (areas, zones)) and windows of up to ``longest`` periods."""
    x = np.asarray(counts, float)
    areas, periods = x.shape
    zones = near.shape[1]
    total = x.sum()
    if total < LEAST_EVENTS or periods < LEAST_PERIODS:
        return Dispersion.constant(1.0, zones)
    lengths = np.arange(1, max(1, min(longest, periods // 3)) + 1)
    fresh, lasting = contrasts(periods, lengths, [np.arange(periods - w + 1) for w in lengths])
    mu = x.sum(1, keepdims=True) * x.sum(0, keepdims=True) / total
    residual = np.concatenate([np.zeros((areas, 1)), np.cumsum(x - mu, 1)], 1)
    level = mu.mean(1)

    def squares(cumulative: Floats, share: Floats) -> Floats:
        """Mean squared residual of each row's windows, corrected for the fitted column totals; (rows, windows)."""
        out = [((cumulative[:, w:] - cumulative[:, :-w]) ** 2).mean(1) for w in lengths]
        return np.asarray(np.stack(out, 1) / (1 - np.minimum(share, 0.9))[:, None], float)

    # One area: alpha, v0 and v1 from areas of different size and windows of different length.
    some = np.flatnonzero(level > 0)
    y = squares(residual, level / level.sum())[some]
    size = level[some]
    weight = 1 / (size[:, None] * (1 + 0.3 * size[:, None]) * fresh)
    groups = np.array_split(np.argsort(size, kind="stable"), min(12, size.size))
    rows, right = [], []
    for group in groups:
        for j in range(lengths.size):
            w = weight[group, j]
            n, n2 = (w * size[group]).sum(), (w * size[group] ** 2).sum()
            scale = 1 / np.sqrt(group.size)
            rows.append([scale * n * fresh[j], scale * n2 * fresh[j], scale * n2 * lasting[j]])
            right.append(scale * ((w * y[group, j]).sum() - n * fresh[j]))
    (extra, v0, v1), _ = nnls(np.array(rows), np.array(right))
    alpha = 1.0 + float(extra)

    # Zones: what their areas share, over and above.
    shared = np.zeros((zones, 2))
    floor = np.ones((zones, lengths.size))
    cumulative, e, e2 = np.zeros_like(residual), np.zeros(areas), np.zeros(areas)
    for k in range(zones):
        cumulative += residual[near[:, k]]
        e += level[near[:, k]]
        e2 += level[near[:, k]] ** 2
        ok = e > 0
        y = squares(cumulative[ok], e[ok] / level.sum())
        w = 1 / (e[ok] + LEAST_MEAN)
        floor[k] = np.maximum((w[:, None] * y).sum(0) / fresh / (w * e[ok]).sum(), 1.0)
        if k == 0:
            continue
        w = 1 / (e[ok] * (1 + 0.3 * e[ok]))
        target, design = [], []
        for j in range(lengths.size):
            known = alpha * e[ok] * fresh[j] + e2[ok] * (v0 * fresh[j] + v1 * lasting[j])
            target.append((w * (y[:, j] - known)).sum() / fresh[j])
            part = (w * e[ok] ** 2).sum()
            design.append([part, part * lasting[j] / fresh[j]])
        shared[k] = nnls(np.array(design), np.array(target))[0]
    floor = np.maximum.accumulate(np.maximum.accumulate(floor, 0), 1)
    return Dispersion(
        alpha=1 + MARGIN * (alpha - 1),
        own=(MARGIN * float(v0), MARGIN * float(v1)),
        shared=MARGIN * _smooth(shared),
        floor=1 + MARGIN * (floor - 1),
    )


def _smooth(shared: Floats) -> Floats:
    """Running mean over neighbouring zone sizes: what areas share changes slowly with distance."""
    out = np.zeros_like(shared)
    for k in range(1, shared.shape[0]):
        reach = max(1, k // 3)
        out[k] = shared[max(1, k - reach) : k + reach + 1].mean(0)
    return out
