"""The point of a hull nearest to a target, exactly: Wolfe's finite method (*Finding the nearest point in a polytope*,
Mathematical Programming 11 (1976) 128-149), on which all weights of synthetic controls rest.

Weights w of 0 or more that sum to 1 make |Σ wⱼ xⱼ - target|² + ridge |w|² least. The columns in use (the corral) are kept
affinely independent by the Cholesky factor of their inner products, which grows by a row where a column enters and is made
again from where one leaves: no step size, no tolerance on the objective, and no iteration that only nearly ends.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit


@njit(cache=True)
def nearest_weights(x: Any, target: Any, allowed: Any, ridge: Any) -> Any:
    """Weights (columns,) of the columns of ``x`` (rows, columns), with 0 where not ``allowed``; at least one is.

    ``x`` is laid out by columns (Fortran order) where speed matters. ``ridge`` of 0 or more.
    """
    k, n = x.shape
    weights = np.zeros(n)
    length = np.zeros(n)
    first, reach = -1, 0.0
    for j in range(n):
        if allowed[j]:
            s = ridge
            for r in range(k):
                d = x[r, j] - target[r]
                s += d * d
            length[j] = s
            reach = max(reach, s)
            if first < 0 or s < length[first]:
                first = j
    if reach <= 0.0:
        weights[first] = 1.0
        return weights
    lift = reach  # added to every inner product, so that affine independence is linear independence
    most = n if ridge > 0 else min(n, k + 1)
    corral = np.zeros(most + 1, np.int64)
    factor = np.zeros((most + 1, most + 1))
    w = np.zeros(most + 1)
    u, v = np.zeros(most + 1), np.zeros(most + 1)
    inside = np.zeros(n, np.bool_)
    corral[0], w[0], inside[first] = first, 1.0, True
    factor[0, 0] = math.sqrt(length[first] + lift)
    size = 1
    gap = np.zeros(k)
    for _ in range(20 * (n + k) + 100):
        for r in range(k):
            gap[r] = -target[r]
        spread = 0.0
        for s in range(size):
            spread += w[s] * w[s]
            for r in range(k):
                gap[r] += w[s] * x[r, corral[s]]
        held = ridge * spread
        for r in range(k):
            held += gap[r] * gap[r]
        best, enter = 0.0, -1
        for j in range(n):
            if allowed[j] and not inside[j]:
                g = 0.0
                for r in range(k):
                    g += (x[r, j] - target[r]) * gap[r]
                fall = held - g
                if fall > best:
                    best, enter = fall, j
        # Nothing beyond rounding to be won: the bound on the objective's excess is `best` itself.
        if enter < 0 or best <= 1e-13 * math.sqrt(reach * max(held, 1e-300)) + 1e-15 * reach or size > most:
            break
        if not _grow(factor, x, target, corral, size, enter, ridge, lift):
            # A column that lies in the corral's plane already: within rounding nothing can be gained by it.
            break
        corral[size], w[size], inside[enter] = enter, 0.0, True
        size += 1
        while True:
            _solve(factor, size, u, v)
            total = 0.0
            for s in range(size):
                total += v[s]
            low = 1.0
            for s in range(size):
                v[s] /= total
                low = min(low, v[s])
            if low > 0.0:
                for s in range(size):
                    w[s] = v[s]
                break
            step, leave = 1.0, -1
            for s in range(size):
                if v[s] <= 0.0:
                    apart = w[s] - v[s]
                    ratio = w[s] / apart if apart > 0.0 else 0.0
                    if leave < 0 or ratio < step:
                        step, leave = ratio, s
            for s in range(size):
                w[s] += step * (v[s] - w[s])
            w[leave] = 0.0
            inside[corral[leave]] = False
            for s in range(leave, size - 1):
                corral[s], w[s] = corral[s + 1], w[s + 1]
            size -= 1
            for s in range(leave, size):
                _grow(factor, x, target, corral, s, corral[s], ridge, lift)
            if size == 1:
                w[0] = 1.0
                break
    for s in range(size):
        weights[corral[s]] = w[s]
    return weights


@njit(cache=True)
def _grow(factor: Any, x: Any, target: Any, corral: Any, size: Any, enter: Any, ridge: Any, lift: Any) -> Any:
    """Row ``size`` of the Cholesky factor for column ``enter``; False where it says nothing new."""
    k = x.shape[0]
    own = ridge + lift
    for r in range(k):
        d = x[r, enter] - target[r]
        own += d * d
    rest = own
    for s in range(size):
        g = lift
        for r in range(k):
            g += (x[r, corral[s]] - target[r]) * (x[r, enter] - target[r])
        for t in range(s):
            g -= factor[s, t] * factor[size, t]
        g /= factor[s, s]
        factor[size, s] = g
        rest -= g * g
    if rest <= 1e-14 * own:
        return False
    factor[size, size] = math.sqrt(rest)
    return True


@njit(cache=True)
def _solve(factor: Any, size: Any, u: Any, v: Any) -> Any:
    """``v`` with (inner products) v = 1."""
    for s in range(size):
        total = 1.0
        for t in range(s):
            total -= factor[s, t] * u[t]
        u[s] = total / factor[s, s]
    for s in range(size - 1, -1, -1):
        total = u[s]
        for t in range(s + 1, size):
            total -= factor[t, s] * v[t]
        v[s] = total / factor[s, s]
