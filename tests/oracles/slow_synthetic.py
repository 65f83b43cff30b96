"""Slow, obvious twins: the published Frank-Wolfe solver of synthetic difference in differences, step by step, and the
largest Poisson likelihood by a general optimiser."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import optimize

Floats = npt.NDArray[np.float64]


def frank_wolfe(
    table: Floats, zeta: float, intercept: bool, least_fall: float, most: int, start: Floats | None = None
) -> Floats:
    """Weights of the columns of ``table`` but the last, for the last: the algorithm that the authors of synthetic
    difference in differences ship, which stops where a step wins less than ``least_fall`` squared, or after ``most``
    steps."""
    y = table - table.mean(0) if intercept else table
    a, b = y[:, :-1], y[:, -1]
    rows, columns = a.shape
    weights = np.full(columns, 1 / columns) if start is None else start
    eta, values = rows * zeta**2, [np.inf, np.inf]
    for step in range(most):
        if step > 1 and values[-2] - values[-1] <= least_fall**2:
            break
        miss = a @ weights - b
        slope = miss @ a + eta * weights
        towards = -weights
        towards[int(np.argmin(slope))] += 1
        if np.abs(towards).max() == 0:
            break
        change = a @ towards
        length = -(slope @ towards) / (change @ change + eta * (towards @ towards))
        weights = weights + min(1.0, max(0.0, float(length))) * towards
        miss = a @ weights - b
        values.append(float(zeta**2 * (weights @ weights) + miss @ miss / rows))
    return weights


def sparse(weights: Floats) -> Floats:
    """Small weights dropped, as the authors do between two runs of their solver."""
    kept = np.where(weights > weights.max() / 4, weights, 0.0)
    return kept / kept.sum()


def constrained(x: Floats, target: Floats, ridge: float = 0.0) -> Floats:
    """The weights by a general optimiser with its constraints written out."""

    def miss(w: Floats) -> float:
        return float(((x @ w - target) ** 2).sum() + ridge * w @ w)

    def slope(w: Floats) -> Floats:
        return np.asarray(2 * (x.T @ (x @ w - target) + ridge * w))

    n = x.shape[1]
    found = optimize.minimize(
        miss, np.full(n, 1 / n), jac=slope, method="SLSQP", bounds=[(0, 1)] * n,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda w: np.ones(w.size)},
        options={"maxiter": 2000, "ftol": 1e-16},
    )  # fmt: skip
    return np.asarray(found.x)


def most_likely(x: Floats, y: Floats, offset: Floats) -> tuple[Floats, Floats]:
    """Coefficients and their covariance of the Poisson regression with the largest likelihood, by a general optimiser."""

    def loss(beta: Floats) -> float:
        eta = offset + x @ beta
        return float((np.exp(eta) - y * eta).sum())

    def slope(beta: Floats) -> Floats:
        return np.asarray(x.T @ (np.exp(offset + x @ beta) - y))

    first = np.zeros(x.shape[1])
    first[0] = np.log(y.sum() / np.exp(offset).sum())
    beta = optimize.minimize(loss, first, jac=slope, method="BFGS", options={"gtol": 1e-8, "maxiter": 5000}).x
    mu = np.exp(offset + x @ beta)
    return beta, np.linalg.inv((x * mu[:, None]).T @ x)
