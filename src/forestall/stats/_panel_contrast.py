"""Two windows of many units compared between two groups: on counts as a ratio, on levels as a difference.

With unit and period effects and one beginning for all treated units, the Poisson fit needs no iteration: unit effects fix
the share of each unit in its group and period effects the share of each period, so that only the totals of two groups in
two windows are left, and their fit is exact. The effect is the logarithm of their cross-product ratio. On levels with as
many periods for each unit it is the difference of the mean changes. Sums over any other choice of treated units give the
effect of that choice at once, which is what makes thousands of them cheap.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forestall.stats._assignments import Choices, Statistics
from forestall.stats.rates import conditional_interval

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Groups whose units count for fewer than this (one large unit drowns the others) have no scatter of their own.
LEAST_UNITS = 1.05


@dataclass(frozen=True)
class Spread:
    """A standard error of the effect and its degrees of freedom; NaN where the data have none."""

    error: float
    degrees: float


NO_SPREAD = Spread(math.nan, math.nan)


class Ratio:
    """Counts ``before`` and ``after``, shape (units,); ``treated`` flags units. The effect is a log ratio."""

    def __init__(self, before: Floats, after: Floats, treated: Bools) -> None:
        self.before, self.after, self.treated = before, after, treated
        self.both = before + after
        self.t0, self.t1 = float(before[treated].sum()), float(after[treated].sum())
        self.c0, self.c1 = float(before[~treated].sum()), float(after[~treated].sum())

    @property
    def effect(self) -> float:
        if self.t1 == 0:
            return -math.inf
        return math.log(self.t1 / self.t0) - math.log(self.c1 / self.c0)

    def poisson(self) -> Spread:
        """The textbook's, for counts that are Poisson."""
        if self.t1 == 0:
            return NO_SPREAD
        return Spread(math.sqrt(1 / self.t0 + 1 / self.t1 + 1 / self.c0 + 1 / self.c1), math.inf)

    def cluster(self) -> Spread:
        """Cluster-robust by unit, with G/(G - 1)."""
        if self.t1 == 0:
            return NO_SPREAD
        g = self.both.size
        inside = self.after / self.t1 - self.before / self.t0
        outside = self.after / self.c1 - self.before / self.c0
        u = np.where(self.treated, inside, outside)
        return Spread(math.sqrt(float((u * u).sum()) * g / (g - 1)), g - 1.0)

    def jackknife(self) -> Spread:
        """Cluster-robust by leaving out each unit, with Satterthwaite's degrees of freedom."""
        parts = []
        for group in (self.treated, ~self.treated):
            a, b, n = self.before[group], self.after[group], self.both[group]
            units = float(n.sum() ** 2 / (n * n).sum())
            rest0, rest1 = a.sum() - a, b.sum() - b
            if units <= LEAST_UNITS or (rest0 <= 0).any() or (rest1 <= 0).any() or b.sum() == 0:
                return NO_SPREAD
            moved = np.log(rest1 / rest0) - math.log(b.sum() / a.sum())
            parts.append((float((moved * moved).sum()) * (a.size - 1) / a.size, units - 1))
        return satterthwaite(parts)

    def scatter(self) -> Spread:
        """From the scatter of all units about their group, a part that grows with the count and one with its square: for
        groups too small to have one of their own."""
        free = self.both.size - 2
        if free < 1 or self.t1 == 0:
            return NO_SPREAD
        p = np.where(self.treated, self.t1 / (self.t0 + self.t1), self.c1 / (self.c0 + self.c1))
        phi, tau = two_scales(self.both, self.after, p, free)
        plain = 1 / self.t0 + 1 / self.t1 + 1 / self.c0 + 1 / self.c1
        return Spread(
            math.sqrt(phi * plain + tau * (_share(self.both[self.treated]) + _share(self.both[~self.treated]))), free
        )

    def none_left(self, level: float) -> tuple[float, float]:
        """Interval of the ratio where the treated units counted nothing after: what is 0 stays 0 whatever effect is taken
        off, so the exact one of counts is given, with the others' scatter and the comparison taken as known."""
        p = np.where(self.treated, 0.0, self.c1 / (self.c0 + self.c1))
        phi, tau = two_scales(self.both, self.after, p, max(1, int((~self.treated).sum()) - 1))
        n = self.both[self.treated]
        share = self.c1 / (self.c0 + self.c1)
        scatter = phi + tau * share * (1 - share) * float((n * n).sum() / n.sum())
        return conditional_interval(0.0, self.t0, self.c1 / self.c0, level=level, dispersion=scatter)

    def against(self, choices: Choices) -> Statistics:
        """What gives, when an effect is taken off, the statistic of the treated units and of each of ``choices``.

        Sums over a set are a part that the effect doesn't touch and one that it scales, so each effect costs no more than
        the number of sets.
        """
        t, a, b = self.treated, self.after, self.before
        touched, rest = np.where(t, a, 0.0), np.where(t, 0.0, a)
        parts = np.stack([rest, touched, b, np.where(t, b * b, (b + a) ** 2), b * touched, touched**2], axis=1)
        of_sets = choices.sums(parts).T
        of_own, of_all = parts[t].sum(0), parts.sum(0)

        def scaled(part: Floats, kept: float) -> tuple[Floats, Floats, Floats]:
            after = part[0] + kept * part[1]
            return after, after + part[2], part[3] + 2 * kept * part[4] + kept**2 * part[5]

        def statistics(theta: float) -> tuple[float, Floats]:
            kept = math.exp(-theta)
            after, n, squares = (float(v) for v in scaled(of_all, kept))
            p = after / n
            now = rest + kept * touched
            phi, tau = two_scales(b + now, now, np.full(b.size, p), b.size - 1)
            spread = p * (1 - p)

            def value(s1: Floats, sn: Floats, s2: Floats) -> Floats:
                apart = s1 / sn - (after - s1) / (n - sn)
                variance = spread * phi * (1 / sn + 1 / (n - sn))
                variance = variance + spread**2 * tau * (s2 / sn**2 + (squares - s2) / (n - sn) ** 2)
                return np.asarray(np.abs(apart) / np.sqrt(variance), float)

            return float(value(*scaled(of_own, kept))), value(*scaled(of_sets, kept))

        return statistics


class Level:
    """Means ``before`` and ``after``, shape (units,); the effect is a difference of mean changes."""

    def __init__(self, before: Floats, after: Floats, treated: Bools) -> None:
        self.change, self.treated = after - before, treated

    @property
    def effect(self) -> float:
        return float(self.change[self.treated].mean() - self.change[~self.treated].mean())

    def cluster(self) -> Spread:
        """Cluster-robust by unit, with G/(G - 1)."""
        g = self.change.size
        v = sum(float(((x - x.mean()) ** 2).sum()) / x.size**2 for x in self._groups())
        return Spread(math.sqrt(v * g / (g - 1)), g - 1.0) if v > 0 else NO_SPREAD

    def jackknife(self) -> Spread:
        """Leaving out each unit, which for means is Welch's standard error and degrees of freedom."""
        if min(x.size for x in self._groups()) < 2:
            return NO_SPREAD
        return satterthwaite([(float(x.var(ddof=1)) / x.size, x.size - 1.0) for x in self._groups()])

    def scatter(self) -> Spread:
        """From the scatter of all units about their group's mean change."""
        free = self.change.size - 2
        v = sum(float(((x - x.mean()) ** 2).sum()) for x in self._groups())
        if free < 1 or v <= 0:
            return NO_SPREAD
        return Spread(math.sqrt(v / free * sum(1 / x.size for x in self._groups())), free)

    def against(self, choices: Choices) -> Statistics:
        """As :meth:`Ratio.against`."""
        g, count, k = self.change.size, int(self.treated.sum()), choices.sizes
        total, own = float(self.change.sum()), float(self.change[self.treated].sum())
        chosen, shared = choices.sums(self.change), choices.sums(self.treated.astype(float))

        def statistics(theta: float) -> tuple[float, Floats]:
            whole, mine, sets = total - theta * count, own - theta * count, chosen - theta * shared
            seen = abs(mine / count - (whole - mine) / (g - count))
            return seen, np.asarray(np.abs(sets / k - (whole - sets) / (g - k)), float)

        return statistics

    def _groups(self) -> tuple[Floats, Floats]:
        return self.change[self.treated], self.change[~self.treated]


def satterthwaite(parts: list[tuple[float, float]]) -> Spread:
    """The standard error of a sum of independent parts, (variance, degrees of freedom) each."""
    total = sum(v for v, _ in parts)
    if total <= 0:
        return NO_SPREAD
    return Spread(math.sqrt(total), total**2 / sum(v**2 / free for v, free in parts))


def two_scales(both: Floats, after: Floats, share: Floats, free: float) -> tuple[float, float]:
    """φ and τ² of Var(after | both) = m(φ + τ²m), where m = both · share · (1 - share): φ is 1 or more and τ² 0 or more.

    Weighted least squares of the squared Pearson residuals on m, weighed by their own variance. ``free``: degrees of
    freedom that are left of the units.
    """
    m = both * share * (1 - share)
    use = m > 0
    m = m[use]
    square = (after[use] - both[use] * share[use]) ** 2 / m * (m.size / free)
    phi, tau = 1.0, 0.0
    for _ in range(6):
        w = 1 / (phi + tau * m) ** 2
        wm = w * m
        s0, s1, s2 = float(w.sum()), float(wm.sum()), float((wm * m).sum())
        r0, r1 = float((w * square).sum()), float((wm * square).sum())
        det = s0 * s2 - s1**2
        tau = (s0 * r1 - s1 * r0) / det if det > 1e-12 * s0 * s2 else 0.0
        phi = (r0 - tau * s1) / s0
        if tau < 0:
            phi, tau = r0 / s0, 0.0
        if phi < 1:
            phi, tau = 1.0, max(0.0, (r1 - s1) / s2)
    return phi, tau


def _share(n: Floats) -> float:
    """One over how many units of equal size would count for as much."""
    return float((n * n).sum() / n.sum() ** 2)
