"""The compiled loops of the change points: the best single change of many series, and the best cuts of many series.

The log likelihood of a stretch with count y over exposure e is y log(y / e): what else there is cancels.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, inline="always")
def _stretch(y: Any, e: Any) -> Any:
    return y * math.log(y / e) if y > 0.0 else 0.0


@njit(cache=True)
def best_single(x: Any, exposure: Any, least: Any, at: Any) -> Any:
    """Twice the log-likelihood gain of the best change of each row, and of the change at ``at`` (0: none); (rows,) each.

    ``exposure``: one row for all, or one for each.
    """
    rows, n = x.shape
    best, fixed = np.zeros(rows), np.zeros(rows)
    for r in range(rows):
        e = exposure[r if exposure.shape[0] > 1 else 0]
        total, whole = 0.0, 0.0
        for t in range(n):
            total += x[r, t]
            whole += e[t]
        level = _stretch(total, whole)
        y, w, top = 0.0, 0.0, -1.0
        for t in range(1, n):
            y += x[r, t - 1]
            w += e[t - 1]
            if t < least or n - t < least:
                continue
            gain = 2.0 * (_stretch(y, w) + _stretch(total - y, whole - w) - level)
            if gain > top:
                top = gain
            if t == at:
                fixed[r] = gain
        best[r] = max(top, 0.0)
    return best, fixed


@njit(cache=True)
def best_cuts(x: Any, exposure: Any, least: Any, most: Any) -> Any:
    """Highest twice log likelihood of each row in 1 … ``most`` + 1 stretches, and the cuts that reach it.

    Exact dynamic programming. Returns gains over one stretch, shape (rows, most), -inf where there are too few periods,
    and the cuts of each, shape (rows, most, most), -1 where unused.
    """
    rows, n = x.shape
    gains = np.full((rows, most), -np.inf)
    cuts = np.full((rows, most, most), -1, np.int64)
    cy, ce = np.zeros(n + 1), np.zeros(n + 1)
    value = np.empty((most + 1, n + 1))
    came = np.zeros((most + 1, n + 1), np.int64)
    for r in range(rows):
        e = exposure[r if exposure.shape[0] > 1 else 0]
        for t in range(n):
            cy[t + 1] = cy[t] + x[r, t]
            ce[t + 1] = ce[t] + e[t]
        value[:] = -np.inf
        for t in range(least, n + 1):
            value[0, t] = 2.0 * _stretch(cy[t], ce[t])
        for t in range(2 * least, n + 1):
            for s in range(least, t - least + 1):
                piece = 2.0 * _stretch(cy[t] - cy[s], ce[t] - ce[s])
                for k in range(1, most + 1):
                    v = value[k - 1, s] + piece
                    if v > value[k, t] + 1e-9:
                        value[k, t] = v
                        came[k, t] = s
        for k in range(1, most + 1):
            if value[k, n] == -np.inf:
                continue
            gains[r, k - 1] = max(value[k, n] - value[0, n], 0.0)
            t = n
            for j in range(k, 0, -1):
                t = came[j, t]
                cuts[r, k - 1, j - 1] = t
    return gains, cuts


@njit(cache=True)
def levels_of(x: Any, exposure: Any, cuts: Any) -> Any:
    """Expected counts of each row, level between its cuts (-1 where unused); shape of ``x``."""
    rows, n = x.shape
    out = np.empty((rows, n))
    for r in range(rows):
        e = exposure[r if exposure.shape[0] > 1 else 0]
        start = 0
        for j in range(cuts.shape[1] + 1):
            stop = n
            if j < cuts.shape[1]:
                if cuts[r, j] < 0:
                    continue
                stop = cuts[r, j]
            y, w = 0.0, 0.0
            for t in range(start, stop):
                y += x[r, t]
                w += e[t]
            for t in range(start, stop):
                out[r, t] = y / w * e[t]
            start = stop
    return out
