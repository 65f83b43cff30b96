"""Slow, obvious twins of the regressions of counts: a likelihood climbed by a general optimiser, and sums over pairs of
days."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
from scipy import optimize


def most_likely(x: Any, y: Any, exposure: Any = None) -> Any:
    """Coefficients of the Poisson regression log μ = log exposure + xβ by maximising its likelihood."""
    t = np.ones(len(y)) if exposure is None else np.asarray(exposure)

    def loss(beta: Any) -> tuple[float, Any]:
        mu = t * np.exp(x @ beta)
        return float((mu - y * (x @ beta)).sum()), x.T @ (mu - y)

    start = np.zeros(x.shape[1])
    start[0] = math.log(y.sum() / t.sum())
    return optimize.minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-8, "maxiter": 5000}).x


def robust_covariance(x: Any, y: Any, beta: Any, days: Any, lags: int) -> Any:
    """Newey and West's, by adding up every pair of days that lie no further apart than ``lags``."""
    mu = np.exp(x @ beta)
    bread = np.linalg.inv(sum(m * np.outer(row, row) for m, row in zip(mu, x, strict=True)))
    meat = np.zeros((x.shape[1], x.shape[1]))
    for i in range(len(y)):
        for j in range(len(y)):
            apart = abs(int(days[i]) - int(days[j]))
            if apart <= lags:
                meat += (1 - apart / (lags + 1)) * (y[i] - mu[i]) * (y[j] - mu[j]) * np.outer(x[i], x[j])
    return bread @ meat @ bread * len(y) / (len(y) - x.shape[1])


def quasi_covariance(x: Any, y: Any, beta: Any) -> Any:
    """The inverse information times Pearson's dispersion, 1 or more."""
    mu = np.exp(x @ beta)
    dispersion = max(1.0, float(((y - mu) ** 2 / mu).sum()) / (len(y) - x.shape[1]))
    return dispersion * np.linalg.inv(sum(m * np.outer(row, row) for m, row in zip(mu, x, strict=True)))


def weekday_columns(days: list[dt.date]) -> Any:
    """A level, and six weekdays against the mean of the seven."""
    rows = []
    for day in days:
        row = [1.0] + [0.0] * 6
        if day.weekday() < 6:
            row[1 + day.weekday()] = 1.0
        else:
            row[1:] = [-1.0] * 6
        rows.append(row)
    return np.array(rows)
