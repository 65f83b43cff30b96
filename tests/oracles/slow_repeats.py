"""Slow, obvious twins of the repeats: every event against every other, and every way that events can fall on days."""

from __future__ import annotations

import itertools
from collections.abc import Sequence


def again(ids: Sequence[str], days: Sequence[int], lookback: int) -> list[bool]:
    """Whether another event of the same identifier came in the days before; of two on one day, the later row."""
    return [
        any(
            j != i and ids[j] == ids[i] and days[i] - lookback <= days[j] <= days[i] and (days[j] < days[i] or j < i)
            for j in range(len(ids))
        )
        for i in range(len(ids))
    ]


def gaps(ids: Sequence[str], days: Sequence[float], edges: Sequence[float]) -> list[int]:
    """How many gaps from an event to the identifier's next lie in each band [a, b)."""
    out = [0] * (len(edges) - 1)
    for name in set(ids):
        mine = sorted(d for n, d in zip(ids, days, strict=True) if n == name)
        for a, b in itertools.pairwise(mine):
            for k in range(len(out)):
                out[k] += edges[k] <= b - a < edges[k + 1]
    return out


def expected_gaps(events: int, period: int, edges: Sequence[float]) -> list[float]:
    """The mean of :func:`gaps` over every way that ``events`` can fall on ``period`` days, each as likely."""
    total = [0] * (len(edges) - 1)
    ways = 0
    for days in itertools.product(range(period), repeat=events):
        ways += 1
        for k, n in enumerate(gaps(["a"] * events, days, edges)):
            total[k] += n
    return [t / ways for t in total]


def at_risk(ids: Sequence[str], days: Sequence[float], end: float, a: float, b: float) -> float:
    """Days that identifiers stood between ``a`` and ``b`` days after their last event, until the next or the end."""
    out = 0.0
    for name in set(ids):
        mine = [*sorted(d for n, d in zip(ids, days, strict=True) if n == name), end]
        for start, stop in itertools.pairwise(mine):
            out += max(0.0, min(b, stop - start) - a)
    return out
