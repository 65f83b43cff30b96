"""Other choices of treated units, and what a test over them says: its p-value, and the effects that it can't tell."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Choices:
    """Sets of units, each as if it were the treated one: ``sums`` adds a value over the units of each set, ``sizes`` says
    how many units each has."""

    def __init__(self, units: Ints, starts: Ints) -> None:
        self._units, self._starts = units, starts
        self.sizes = np.diff(np.append(starts, units.size)).astype(float)

    def __len__(self) -> int:
        return self._starts.size

    def sums(self, values: Floats) -> Floats:
        """Shape (sets, …) of ``values``, shape (units, …)."""
        return np.asarray(np.add.reduceat(values[self._units], self._starts, axis=0), float)

    @staticmethod
    def drawn(units: int, treated: Ints, draws: int, rng: np.random.Generator) -> Choices:
        """As many units as ``treated`` in each set: all sets but the treated one where they are few, or ``draws``."""
        k = treated.size
        if math.comb(units, k) - 1 <= draws:
            own = tuple(sorted(int(i) for i in treated))
            sets = [i for c in itertools.combinations(range(units), k) if c != own for i in c]
            flat = np.array(sets, np.int64)
        else:
            flat = np.concatenate([rng.choice(units, k, replace=False) for _ in range(draws)]).astype(np.int64)
        return Choices(flat, np.arange(0, flat.size, k))

    @staticmethod
    def given(masks: Bools) -> Choices:
        """Sets as flags of shape (sets, units)."""
        row, unit = np.nonzero(masks)
        return Choices(unit.astype(np.int64), np.searchsorted(row, np.arange(masks.shape[0])).astype(np.int64))


#: (statistic of the treated units, statistics of the choices) when an effect is taken off.
Statistics = Callable[[float], tuple[float, Floats]]


def p_value(statistics: Statistics, theta: float = 0.0) -> float:
    """The share of choices, with the treated one, whose statistic is at least as large: (r + 1) / (n + 1)."""
    seen, drawn = statistics(theta)
    return (int((drawn >= seen * (1 - 1e-9) - 1e-12).sum()) + 1) / (drawn.size + 1)


def interval(
    statistics: Statistics, sets: int, start: float, step: float, most: float, alpha: float
) -> tuple[float, float]:
    """The effects that the test at ``alpha`` doesn't reject, sought in steps about ``start``; an end that it doesn't reject
    ``most`` away either is infinite. ``sets``: how many choices there are."""

    def end(side: float) -> float:
        if 1 / (sets + 1) > alpha:
            return side * math.inf
        inner, reach = start, min(step, most)
        while p_value(statistics, start + side * reach) > alpha:
            inner, reach = start + side * reach, reach * 2
            if reach > most:
                return side * math.inf
        outer = start + side * reach
        for _ in range(40):
            middle = (inner + outer) / 2
            if abs(outer - inner) < 1e-6 * step:
                break
            inner, outer = (middle, outer) if p_value(statistics, middle) > alpha else (inner, middle)
        return outer

    return end(-1.0), end(1.0)
