"""Slow and obvious twins of the control charts' rules and of the search for a change."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence


def gain(x: Sequence[float], e: Sequence[float], cuts: Sequence[int]) -> float:
    """Twice the Poisson log-likelihood gain of levels between ``cuts`` over one level."""

    def loglik(part: slice) -> float:
        y, w = sum(x[part]), sum(e[part])
        return y * math.log(y / w) if y > 0 else 0.0

    bounds = [0, *cuts, len(x)]
    parts = sum(loglik(slice(a, b)) for a, b in itertools.pairwise(bounds))
    return 2 * (parts - loglik(slice(0, len(x))))


def best_cuts(x: Sequence[float], e: Sequence[float], least: int, number: int) -> float:
    """The highest gain of ``number`` cuts, all ways to place them tried; -inf where there is none."""
    best = -math.inf
    for cuts in itertools.combinations(range(1, len(x)), number):
        bounds = [0, *cuts, len(x)]
        if all(b - a >= least for a, b in itertools.pairwise(bounds)):
            best = max(best, gain(x, e, cuts))
    return best


def exact_p(x: Sequence[float], least: int) -> float:
    """Of all orders of the periods, the share with a best single change at least as strong as this one's."""
    e = [1.0] * len(x)
    observed = best_cuts(x, e, least, 1)
    orders = list(itertools.permutations(x))
    return sum(best_cuts(o, e, least, 1) >= observed - 1e-9 for o in orders) / len(orders)


def run_ends(x: Sequence[float], middle: float, length: int) -> list[int]:
    """Periods at which a run of ``length`` on one side is complete, periods on the line left out."""
    off = [i for i, v in enumerate(x) if v != middle]
    ends = []
    for j in range(length - 1, len(off)):
        window = [x[i] > middle for i in off[j - length + 1 : j + 1]]
        if all(window) or not any(window):
            ends.append(off[j])
    return ends


def trend_ends(x: Sequence[float], length: int) -> list[int]:
    """Periods at which ``length`` values have each gone above (or each below) the one before, equal neighbours left out."""
    changed = [i for i in range(len(x)) if i == 0 or x[i] != x[i - 1]]
    ends = []
    for j in range(length - 1, len(changed)):
        steps = [x[b] - x[a] for a, b in itertools.pairwise(changed[j - length + 1 : j + 1])]
        if all(s > 0 for s in steps) or all(s < 0 for s in steps):
            ends.append(changed[j])
    return ends


def near_ends(x: Sequence[float], low: float, high: float) -> list[int]:
    """Periods beyond a warning line of which one of the two before lay beyond the same."""
    ends = []
    for i in range(1, len(x)):
        before = x[max(0, i - 2) : i]
        if (x[i] > high and any(v > high for v in before)) or (x[i] < low and any(v < low for v in before)):
            ends.append(i)
    return ends


def reach_geometric(sum_: int, parts: int, least: int) -> float:
    """Of all ways to part ``sum_`` days into ``parts`` gaps, the share whose last gap is ``least`` days or more."""

    def ways(days: int, n: int) -> int:
        return math.comb(days + n - 1, n - 1) if days >= 0 else 0

    return ways(sum_ - least, parts) / ways(sum_, parts)
