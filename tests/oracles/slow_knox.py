"""Slow, obvious twins of the near-repeat test: all pairs one by one, and all orders of the times."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

Numbers = Sequence[float]


def row(ax: float, ay: float, bx: float, by: float, edges: Numbers, metric: str) -> int:
    """0 at the same location, 1 … for the bands [a, b) between edges, and last for what lies beyond."""
    if (ax, ay) == (bx, by):
        return 0
    if metric == "manhattan":
        return 1 + sum(abs(ax - bx) + abs(ay - by) >= e for e in edges[1:])
    return 1 + sum((ax - bx) * (ax - bx) + (ay - by) * (ay - by) >= e * e for e in edges[1:])


def column(a: float, b: float, edges: Numbers, apart: bool) -> int:
    """The bands [a, b) between edges, and beyond; the same day first where it stands apart."""
    if apart:
        a, b = math.floor(a), math.floor(b)
        return 0 if a == b else 1 + sum(abs(a - b) >= e for e in edges[1:])
    return sum(abs(a - b) >= e for e in edges[1:])


def counts(
    x: Numbers, y: Numbers, t: Numbers, space: Numbers, time: Numbers, metric: str = "euclidean", apart: bool = False
) -> list[list[int]]:
    """Pairs in each cell."""
    out = [[0] * (len(time) + apart) for _ in range(len(space) + 1)]
    for i, j in itertools.combinations(range(len(x)), 2):
        out[row(x[i], y[i], x[j], y[j], space, metric)][column(t[i], t[j], time, apart)] += 1
    return out


def moments(
    x: Numbers, y: Numbers, t: Numbers, space: Numbers, time: Numbers, metric: str = "euclidean", apart: bool = False
) -> list[list[tuple[Fraction, Fraction, Fraction]]]:
    """Mean, variance and third central moment of each cell over every order of the times."""
    tables = [counts(x, y, order, space, time, metric, apart) for order in itertools.permutations(t)]
    out = []
    for r in range(len(tables[0])):
        out.append([])
        for c in range(len(tables[0][0])):
            values = [table[r][c] for table in tables]
            mean = Fraction(sum(values), len(values))
            central = [sum((v - mean) ** k for v in values) / len(values) for k in (2, 3)]
            out[-1].append((mean, central[0], central[1]))
    return out


def chains(
    x: Numbers, y: Numbers, t: Numbers, space: tuple[float, float], time: tuple[float, float], same_location: bool
) -> tuple[set[tuple[int, int]], set[tuple[int, int]], set[tuple[int, ...]]]:
    """Pairs in order, pairs of one time, and the sets of events that hang together."""
    ordered, tied, groups = set(), set(), [{i} for i in range(len(x))]
    for i, j in itertools.combinations(range(len(x)), 2):
        same = (x[i], y[i]) == (x[j], y[j])
        d = (x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2
        near = same_location if same else space[0] ** 2 <= d < space[1] ** 2
        if near and time[0] <= abs(t[i] - t[j]) < time[1]:
            if t[i] == t[j]:
                tied.add((i, j))
            else:
                ordered.add((i, j) if t[i] < t[j] else (j, i))
            one, two = (next(g for g in groups if k in g) for k in (i, j))
            if one is not two:
                groups.remove(two)
                one |= two
    return ordered, tied, {tuple(sorted(g)) for g in groups if len(g) > 1}
