"""Compiled loops that lay events on a grid and read a grid at events, both by cubic (four-point Lagrange) weights.

A smooth kernel summed over what was laid down equals the sum over the events to the fourth order in cell over
bandwidth, wherever in its cell an event lies; plain linear weights manage the second order.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, inline="always")
def _cubic(f: Any, out: Any) -> None:
    """Weights of the points at -1, 0, 1 and 2 for a place ``f`` between 0 and 1."""
    out[0] = -f * (f - 1.0) * (f - 2.0) / 6.0
    out[1] = (f + 1.0) * (f - 1.0) * (f - 2.0) / 2.0
    out[2] = -(f + 1.0) * f * (f - 2.0) / 2.0
    out[3] = (f + 1.0) * f * (f - 1.0) / 6.0


@njit(cache=True)
def deposit(u: Any, v: Any, w: Any, scale: Any, xmin: Any, ymin: Any, grid: Any) -> None:
    """Adds weights ``w`` (one for all, or each its own) at (u, v) to ``grid``, whose node [i, j] is at
    (xmin + j / scale, ymin + i / scale). Nodes that would lie outside are left out: leave two to spare all round."""
    rows, columns = grid.shape
    a, b = np.empty(4), np.empty(4)
    for k in range(u.size):
        x, y = (u[k] - xmin) * scale, (v[k] - ymin) * scale
        j, i = math.floor(x), math.floor(y)
        _cubic(x - j, a)
        _cubic(y - i, b)
        weight = w[k] if w.size > 1 else w[0]
        for p in range(4):
            r = i - 1 + p
            if r < 0 or r >= rows:
                continue
            part = weight * b[p]
            for q in range(4):
                c = j - 1 + q
                if 0 <= c < columns:
                    grid[r, c] += part * a[q]


@njit(cache=True)
def gather(u: Any, v: Any, scale: Any, xmin: Any, ymin: Any, grid: Any) -> Any:
    """The smooth ``grid`` read at (u, v) by the same weights."""
    rows, columns = grid.shape
    a, b = np.empty(4), np.empty(4)
    out = np.empty(u.size)
    for k in range(u.size):
        x, y = (u[k] - xmin) * scale, (v[k] - ymin) * scale
        j, i = math.floor(x), math.floor(y)
        _cubic(x - j, a)
        _cubic(y - i, b)
        total = 0.0
        for p in range(4):
            r = min(max(i - 1 + p, 0), rows - 1)
            part = 0.0
            for q in range(4):
                part += a[q] * grid[r, min(max(j - 1 + q, 0), columns - 1)]
            total += b[p] * part
        out[k] = total
    return out
