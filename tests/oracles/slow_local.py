"""Slow, obvious twins of the local statistics: the published formulas in loops, and every way to deal the other values."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

Row = Sequence[tuple[int, float]]


def every_deal(values: Sequence[float], place: int, row: Row) -> list[float]:
    """The weighted sum over ``row`` (neighbour, weight) for every order of the values that ``place`` doesn't hold."""
    others = [v for i, v in enumerate(values) if i != place]
    where = [i for i in range(len(values)) if i != place]
    out = []
    for dealt in itertools.permutations(others):
        at = dict(zip(where, dealt, strict=True))
        out.append(sum(w * at[j] for j, w in row))
    return out


def every_full_deal(values: Sequence[float], row: Row) -> list[float]:
    """The weighted sum over ``row`` for every order of all values, the place's own with them."""
    return [sum(w * dealt[j] for j, w in row) for dealt in itertools.permutations(values)]


def tails(values: Sequence[float], place: int, row: Row) -> tuple[Fraction, Fraction, Fraction]:
    """Share of the deals at or above what is seen, at or below it, and equal to it."""
    return _shares(sum(w * values[j] for j, w in row), every_deal(values, place, row))


def full_tails(values: Sequence[float], row: Row) -> tuple[Fraction, Fraction, Fraction]:
    """The same where the place's own value is dealt too."""
    return _shares(sum(w * values[j] for j, w in row), every_full_deal(values, row))


def _shares(seen: float, deals: list[float]) -> tuple[Fraction, Fraction, Fraction]:
    near = 1e-9 * max(1.0, *(abs(d) for d in deals))
    above = sum(d >= seen - near for d in deals)
    below = sum(d <= seen + near for d in deals)
    return Fraction(above, len(deals)), Fraction(below, len(deals)), Fraction(above + below - len(deals), len(deals))


def moments(values: Sequence[float], place: int, row: Row) -> tuple[float, float, float]:
    """Mean, variance and third central moment over all deals."""
    deals = every_deal(values, place, row)
    mean = sum(deals) / len(deals)
    return mean, sum((d - mean) ** 2 for d in deals) / len(deals), sum((d - mean) ** 3 for d in deals) / len(deals)


def gi_star(values: Sequence[float], row: Row) -> float:
    """The formula as printed; ``row`` holds the place itself with its weight."""
    n = len(values)
    mean = sum(values) / n
    s = math.sqrt(sum(v * v for v in values) / n - mean**2)
    w1, w2 = sum(w for _, w in row), sum(w * w for _, w in row)
    return (sum(w * values[j] for j, w in row) - mean * w1) / (s * math.sqrt((n * w2 - w1**2) / (n - 1)))


def gi_star_unscaled(values: Sequence[float], row: Row) -> float:
    """The mistake: a standard deviation of one value, as though a neighbourhood's mean scattered as much as one place does.

    It shrinks Gi* by about the root of the neighbourhood's size, and then nothing is flagged.
    """
    n = len(values)
    mean = sum(values) / n
    s = math.sqrt(sum(v * v for v in values) / n - mean**2)
    w1 = sum(w for _, w in row)
    return (sum(w * values[j] for j, w in row) / w1 - mean) / s


def moran(values: Sequence[float], place: int, row: Row) -> float:
    n = len(values)
    mean = sum(values) / n
    m2 = sum((v - mean) ** 2 for v in values) / n
    return (values[place] - mean) / m2 * sum(w * (values[j] - mean) for j, w in row)
