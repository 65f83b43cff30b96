"""Slow, obvious twins of the circular statistics."""

from __future__ import annotations

import math
from collections.abc import Sequence


def watson_u2(first: Sequence[float], second: Sequence[float]) -> float:
    """Watson's U² of two samples by its definition: at each of the pooled values, the difference of the two shares at or
    below."""
    pooled = list(first) + list(second)
    n, m = len(first), len(second)
    d = [sum(a <= v for a in first) / n - sum(b <= v for b in second) / m for v in pooled]
    mean = sum(d) / len(d)
    return n * m / (n + m) ** 2 * sum((x - mean) ** 2 for x in d)


def kappa(resultant: float) -> float:
    """The von Mises concentration whose mean resultant length is ``resultant``, by bisection of its integrals."""

    def length(k: float) -> float:
        steps = 4000
        angles = [math.pi * (i + 0.5) / steps for i in range(steps)]
        weight = [math.exp(k * (math.cos(a) - 1)) for a in angles]
        return sum(w * math.cos(a) for w, a in zip(weight, angles, strict=True)) / sum(weight)

    low, high = 0.0, 1.0
    while length(high) < resultant:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if length(middle) < resultant else (low, middle)
    return (low + high) / 2
