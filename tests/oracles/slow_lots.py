"""Slow, obvious twins of the draws: every pairing, every lot, one at a time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence


def pairings(places: Sequence[int]) -> Iterator[list[tuple[int, int]]]:
    """Every way of putting an even number of places into pairs."""
    if not places:
        yield []
        return
    first, *rest = places
    for i, other in enumerate(rest):
        for more in pairings([*rest[:i], *rest[i + 1 :]]):
            yield [(first, other), *more]


def least_distance(values: Sequence[Sequence[float]]) -> float:
    """The least total distance of any pairing, of square roots."""
    return min(sum(apart(values[a], values[b]) for a, b in pairing) for pairing in pairings(range(len(values))))


def apart(a: Sequence[float], b: Sequence[float]) -> float:
    return math.sqrt(sum((math.sqrt(x) - math.sqrt(y)) ** 2 for x, y in zip(a, b, strict=True)))


def pairs_p(begins: Sequence[float], compared: Sequence[float]) -> float:
    """Fisher's randomisation test of paired differences, two-sided, over all signs."""
    d = [x - y for x, y in zip(begins, compared, strict=True)]
    sums = [sum(s * v for s, v in zip(signs, d, strict=True)) for signs in itertools.product((1, -1), repeat=len(d))]
    below, above = sum(v <= sum(d) + 1e-9 for v in sums), sum(v >= sum(d) - 1e-9 for v in sums)
    return min(1.0, 2 * min(below, above) / len(sums))


def wedge_p(counts: Sequence[Sequence[float]], blocks: Sequence[int], steps: Sequence[int], begins: Sequence[int]) -> float:
    """The stepped wedge's, over every order of the steps within every block. ``begins``: first month, by its number, of
    each step."""
    n, months = len(counts), len(counts[0])
    total = sum(map(sum, counts))
    by_month = [sum(c[m] for c in counts) for m in range(months)]
    beyond = [[c[m] - sum(c) * by_month[m] / total for m in range(months)] for c in counts]

    def statistic(order: Sequence[int]) -> float:
        return sum(beyond[i][m] for i in range(n) for m in range(begins[order[i]], months))

    members = [[i for i in range(n) if blocks[i] == b] for b in sorted(set(blocks))]
    drawn = []
    for choice in itertools.product(*(itertools.permutations(range(len(begins)), len(m)) for m in members)):
        order = [0] * n
        for group, ranks in zip(members, choice, strict=True):
            for i, step in zip(group, ranks, strict=True):
                order[i] = step
        drawn.append(statistic(order))
    real = statistic(steps)
    below, above = sum(v <= real + 1e-9 for v in drawn), sum(v >= real - 1e-9 for v in drawn)
    return min(1.0, 2 * min(below, above) / len(drawn))
