"""Slow, obvious twins of the hot-spot forecasts and their scores: every event at every cell, every order of the ties."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def prospective(
    x: Floats,
    y: Floats,
    days_ago: Floats,
    w: Floats,
    corner: tuple[float, float],
    cell: float,
    shape: tuple[int, int],
    reach: float,
) -> Floats:
    """Bowers, Johnson and Pease: whole half-cells from event to centre, whole weeks since."""
    out = np.zeros(shape)
    for i, j in np.ndindex(*shape):
        cx, cy = corner[0] + (j + 0.5) * cell, corner[1] + (i + 0.5) * cell
        for a, b, ago, weight in zip(x, y, days_ago, w, strict=True):
            d = math.hypot(a - cx, b - cy)
            if d <= reach:
                out[i, j] += weight / (1 + d // (cell / 2)) / (1 + ago // 7)
    return out


def prospective_rings(
    x: Floats,
    y: Floats,
    days_ago: Floats,
    w: Floats,
    corner: tuple[float, float],
    cell: float,
    shape: tuple[int, int],
    reach: float,
) -> Floats:
    """The same in NumPy, a cell at a time, by cells between (diagonals count one), as open_cp has it."""
    column, row = np.floor((x - corner[0]) / cell), np.floor((y - corner[1]) / cell)
    weeks = np.floor(days_ago / 7)
    out = np.zeros(shape)
    for i, j in np.ndindex(*shape):
        away = np.maximum(abs(row - i), abs(column - j))
        out[i, j] = (w / (1 + away) / (1 + weeks) * (away < reach / cell)).sum()
    return out


def expected_capture(risk: Sequence[float], events: Sequence[float], k: int) -> float:
    """The mean over all orders that the risk allows of the events in the first k places, all of one size."""
    n = len(risk)
    captured = []
    for order in itertools.permutations(range(n)):
        if all(risk[a] >= risk[b] for a, b in itertools.pairwise(order)):
            captured.append(sum(events[i] for i in order[:k]))
    return sum(captured) / len(captured)


def best_capture(events: Sequence[float], k: int) -> float:
    """The most events that any k places hold."""
    return max(sum(events[i] for i in chosen) for chosen in itertools.combinations(range(len(events)), k))
