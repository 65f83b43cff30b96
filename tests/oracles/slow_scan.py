"""Slow, obvious twins of the scan: every cylinder, one after the other, in plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

Counts = Sequence[Sequence[int]]
Zone = tuple[int, ...]
Score = tuple[int, float, float]


def cylinders(near: Sequence[Sequence[int]], windows: int, caps: Sequence[int]) -> Iterator[tuple[Zone, int]]:
    """Every zone (an area and its nearest 0, 1, 2 …, up to ``caps``) with every window of the last 1, 2 … periods."""
    for row, cap in zip(near, caps, strict=True):
        for size in range(1, min(cap, len(row)) + 1):
            for window in range(1, windows + 1):
                yield tuple(row[:size]), window


def caps(counts: Counts, near: Sequence[Sequence[int]]) -> list[int]:
    """How large each area's zones may grow: as long as they hold at most half of all events, and at least one area."""
    total = sum(map(sum, counts))
    out = []
    for row in near:
        size = 1
        while size < len(row) and sum(sum(counts[a]) for a in row[: size + 1]) <= total / 2:
            size += 1
        out.append(size)
    return out


def permutation(counts: Counts, zone: Zone, window: int) -> Score:
    """Observed, expected and log likelihood ratio of the space-time permutation model."""
    total = sum(map(sum, counts))
    c = sum(sum(counts[a][-window:]) for a in zone)
    e = sum(sum(counts[a]) for a in zone) * sum(sum(row[-window:]) for row in counts) / total
    if c <= e:
        return c, e, 0.0
    outside = (total - c) * math.log((total - c) / (total - e)) if total > c else 0.0
    return c, e, c * math.log(c / e) + outside


def history(counts: Counts, zone: Zone, window: int) -> Score:
    """Observed, expected (from the zone's earlier count) and log likelihood ratio of the binomial in the zone's total."""
    total = sum(map(sum, counts))
    share = sum(sum(row[-window:]) for row in counts) / total
    c = sum(sum(counts[a][-window:]) for a in zone)
    r = sum(sum(counts[a]) for a in zone)
    e = max(r - c, 0.5) * share / (1 - share)
    if c <= r * share:
        return c, e, 0.0
    outside = (r - c) * math.log((r - c) / (r * (1 - share))) if r > c else 0.0
    return c, e, c * math.log(c / (r * share)) + outside


def poisson(
    counts: Counts, baseline: Sequence[Sequence[float]], zone: tuple[int, ...], window: int
) -> tuple[int, float, float]:
    """Observed, expected and log likelihood ratio of the expectation-based Poisson model."""
    c = sum(sum(counts[a][-window:]) for a in zone)
    e = sum(sum(baseline[a][-window:]) for a in zone)
    return c, e, c * math.log(c / e) - c + e if c > e else 0.0


def best(
    score: Callable[[tuple[int, ...], int], tuple[int, float, float]],
    tried: Iterator[tuple[tuple[int, ...], int]],
    least: int,
) -> tuple[tuple[int, ...], int, int, float, float]:
    """The cylinder with the highest ratio among those with ``least`` events: zone, window, observed, expected, ratio."""
    found: tuple[Zone, int, int, float, float] = ((), 0, 0, 0.0, 0.0)
    for zone, window in tried:
        c, e, ratio = score(zone, window)
        if c >= least and ratio > found[4] + 1e-12:
            found = (zone, window, c, e, ratio)
    return found
