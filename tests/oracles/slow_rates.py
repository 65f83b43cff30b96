"""Slow, obvious twins of intervals, funnels, shrinkage and concentration: sums over whole counts, and bisection."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence


def poisson_pmf(k: int, mean: float) -> float:
    return math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) if mean > 0 else float(k == 0)


def bisect(f: Callable[[float], float], low: float, high: float) -> float:
    """Where a rising ``f`` crosses 0."""
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if f(middle) < 0 else (low, middle)
    return (low + high) / 2


def exact_interval(count: int, level: float) -> tuple[float, float]:
    """The means at which so high, and so low, a count has just half of what the level leaves."""
    tail = (1 - level) / 2
    far = 10 * (count + 10)

    def as_high(mean: float) -> float:
        return 1 - sum(poisson_pmf(k, mean) for k in range(count))

    def as_low(mean: float) -> float:
        return sum(poisson_pmf(k, mean) for k in range(count + 1))

    low = bisect(lambda m: as_high(m) - tail, 0.0, far) if count else 0.0
    return low, bisect(lambda m: tail - as_low(m), 0.0, far)


def count_pmf(k: int, mean: float, variance: float) -> float:
    """Poisson where the variance is the mean, else negative-binomial."""
    if variance <= mean * (1 + 1e-9):
        return poisson_pmf(k, mean)
    p = mean / variance
    r = mean * p / (1 - p)
    return math.exp(math.lgamma(k + r) - math.lgamma(r) - math.lgamma(k + 1) + r * math.log(p) + k * math.log1p(-p))


def mid_tails(count: int, mean: float, variance: float) -> tuple[float, float]:
    """Mid-p of a count as low, and as high, as this."""
    below = sum(count_pmf(k, mean, variance) for k in range(count))
    own = count_pmf(count, mean, variance)
    return below + own / 2, 1 - below - own / 2


def spiegelhalter_limits(expected: float, z: float, phi: float, tau: float) -> tuple[float, float]:
    """Normal limits of a count: E ± z √(φ E + τ² E²)."""
    reach = z * math.sqrt(phi * expected + tau**2 * expected**2)
    return expected - reach, expected + reach


def shrunk(counts: Sequence[int], exposure: Sequence[float], place: int) -> float:
    """Posterior mean of a place's rate, by sums over a fine grid of the common mean and spread."""
    top = bottom = 0.0
    overall = sum(counts) / sum(exposure)
    spreads = [0.005 * (3 / 0.005) ** (i / 150) for i in range(151)]
    means = [overall * math.exp(-5 + 14 * j / 200) for j in range(201)]
    logs = []
    for s, m in itertools.product(spreads, means):
        k = 1 / s**2
        log = math.log(s)  # flat in the spread, on a grid that is even in its logarithm
        for y, e in zip(counts, exposure, strict=True):
            mu = m * e
            log += math.lgamma(y + k) - math.lgamma(k) - k * math.log1p(mu / k) + y * math.log(mu / (k + mu))
        logs.append((log, (k + counts[place]) / (k / m + exposure[place])))
    most = max(log for log, _ in logs)
    for log, rate in logs:
        top += math.exp(log - most) * rate
        bottom += math.exp(log - most)
    return top / bottom


def membership(counts: Sequence[int], k: int) -> list[float]:
    """How often each place is among the fullest ``k``, over all orders in which ties could fall."""
    n = len(counts)
    orders = list(itertools.permutations(range(n)))
    held = [0] * n
    for order in orders:
        for i in sorted(order, key=lambda i: -counts[i])[:k]:
            held[i] += 1
    return [h / len(orders) for h in held]


def expected_gini(events: int, places: int) -> float:
    """Mean Gini index over every way in which the events can fall on like places."""
    total = 0.0
    for fall in itertools.product(range(places), repeat=events):
        x = [fall.count(i) for i in range(places)]
        total += sum(abs(a - b) for a in x for b in x) / (2 * places * events)
    return total / places**events
