"""Weights and pooled effects the slow and obvious way: general optimisers on the problem as it is written down."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import optimize
from scipy import stats as ss

Floats = npt.NDArray[np.float64]


def entropy_weights(x: Floats, target: Floats, total: float) -> Floats:
    """Weights that add up to ``total``, with Σ w x = ``target``, nearest to equal ones by Σ w log w. Each weight is
    an unknown."""
    n = len(x)
    start = np.full(n, total / n)
    found = optimize.minimize(
        lambda w: float((w * np.log(w)).sum()),
        start,
        jac=lambda w: np.log(w) + 1,
        bounds=[(1e-12, None)] * n,
        constraints=[
            {"type": "eq", "fun": lambda w: w.sum() - total, "jac": lambda _: np.ones(n)},
            {"type": "eq", "fun": lambda w: x.T @ w - target, "jac": lambda _: x.T},
        ],
        method="SLSQP",
        options={"maxiter": 1000, "ftol": 1e-14},
    )
    assert found.success, found.message
    return np.asarray(found.x, float)


def nearest_miss(x: Floats, goal: Floats) -> float:
    """Least root mean square of Σ w x - ``goal`` over weights of 0 or more that add up to 1."""
    n = len(x)
    found = optimize.minimize(
        lambda w: float(((x.T @ w - goal) ** 2).sum()),
        np.full(n, 1 / n),
        jac=lambda w: 2 * x @ (x.T @ w - goal),
        bounds=[(0, None)] * n,
        constraints=[{"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda _: np.ones(n)}],
        method="SLSQP",
        options={"maxiter": 2000, "ftol": 1e-15},
    )
    return float(np.sqrt(((x.T @ found.x - goal) ** 2).mean()))


def restricted_tau2(y: Floats, s: Floats) -> float:
    """τ² by a fine search of the restricted likelihood of normal evaluations with a common mean."""

    def likelihood(tau2: float) -> float:
        v = s**2 + tau2
        mean = (y / v).sum() / (1 / v).sum()
        return float(ss.norm.logpdf(y, mean, np.sqrt(v)).sum() - 0.5 * math.log((1 / v).sum()))

    low, high = 0.0, 10 * float(np.var(y) + (s**2).max())
    for _ in range(12):
        grid = np.linspace(low, high, 201)
        best = int(np.argmax([likelihood(t) for t in grid]))
        low, high = grid[max(0, best - 1)], grid[min(200, best + 1)]
    return float((low + high) / 2)
