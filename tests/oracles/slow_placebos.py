"""Placebo inference by loops: each step as the page says it, one group at a time."""

from __future__ import annotations

import math

import numpy as np


def judged(z: list[float], members: list[list[int]], pairs: list[tuple[int, int]]) -> list[float]:
    """Each z over the root mean square, about the mean, of the groups that neither hold nor touch its areas."""
    touch: dict[int, set[int]] = {}
    for a, b in pairs:
        touch.setdefault(a, set()).add(b)
        touch.setdefault(b, set()).add(a)
    out = []
    for i, group in enumerate(members):
        wide = set(group)
        for a in group:
            wide |= touch.get(a, set())
        others = [z[j] for j, other in enumerate(members) if not wide & set(other)]
        mean = sum(others) / len(others)
        out.append((z[i] - mean) / math.sqrt(sum(o * o for o in others) / len(others)))
    return out


def p_value(own: float, u: list[float]) -> float:
    """Twice the share of those at least as far out on the rarer side, the treated group counted with them."""
    above = sum(1 for x in u if x >= own - 1e-9)
    below = sum(1 for x in u if x <= own + 1e-9)
    return min(1.0, 2 * (1 + min(above, below)) / (len(u) + 1))


def fits(ratio: float, counted: float, expected: float, linear: float, square: float, low: float, high: float) -> bool:
    """Whether a ratio is in the interval."""
    z = (counted - ratio * expected) / math.sqrt(linear * ratio + square * ratio**2 + 1e-9)
    return low <= z <= high


def nearest(features: np.ndarray, group: list[int], away: set[int], most: int) -> dict[int, int]:
    """How often an area is among the nearest ``most`` to one of the group's."""
    out: dict[int, int] = {}
    for a in group:
        free = [b for b in range(len(features)) if b not in away and b not in group]
        free.sort(key=lambda b: float(((features[a] - features[b]) ** 2).sum()))
        for b in free[:most]:
            out[b] = out.get(b, 0) + 1
    return out
