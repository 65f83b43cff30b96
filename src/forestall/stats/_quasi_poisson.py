"""A log-linear fit of counts whose scatter exceeds chance and lasts from day to day."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Fit:
    """``beta``: coefficients; ``mu``: fitted counts; ``spread``: (bread) inverse of X'WX; ``dispersion``: Pearson's, 1 or
    more; ``residual``: Pearson's; ``free``: degrees of freedom left."""

    beta: Floats
    mu: Floats
    spread: Floats
    dispersion: float
    residual: Floats
    free: int


def fit(x: Floats, y: Floats, offset: Floats | None = None) -> Fit:
    """Iteratively reweighted least squares for log μ = offset + xβ. Raises ``ValueError`` where two columns say the
    same."""
    shift = np.zeros(y.size) if offset is None else offset
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise ValueError(
            "two effects name the same days, or one can be told from the others, so they can't be parted: leave one of "
            "them out"
        )
    eta = np.log(y + 0.5 * max(float(y.mean()), 1e-6)) - math.log(1.5)
    beta: Floats = np.zeros(x.shape[1])
    old = math.inf
    for _ in range(100):
        mu = np.exp(np.clip(eta, -30, 30))
        deviance = 2 * float((special.xlogy(y, np.where(y > 0, y, 1) / mu) - (y - mu)).sum())
        if abs(old - deviance) < 1e-10 * (abs(deviance) + 0.1):
            break
        old = deviance
        weighed = (x * mu[:, None]).T
        right = weighed @ (np.clip(eta, -30, 30) - shift) + x.T @ (y - mu)
        beta = np.asarray(np.linalg.solve(weighed @ x, right), float)
        eta = shift + x @ beta
    mu = np.exp(np.clip(shift + x @ beta, -30, 30))
    residual = (y - mu) / np.sqrt(mu)
    free = max(1, y.size - x.shape[1])
    return Fit(
        beta,
        mu,
        np.asarray(np.linalg.inv((x * mu[:, None]).T @ x), float),
        max(1.0, float(residual @ residual) / free),
        residual,
        free,
    )


def newey_west(x: Floats, y: Floats, found: Fit, at: Ints, lags: int) -> Floats:
    """Covariance of the coefficients that holds under autocorrelation up to ``lags`` and unequal scatter (Newey and West
    1987, *Econometrica* 55, 703-708), with n/(n - k) for small samples. ``at``: the place of each count in time; gaps are
    allowed."""
    score = np.zeros((int(at.max() - at.min()) + 1, x.shape[1]))
    score[at - at.min()] = x * (y - found.mu)[:, None]
    meat = score.T @ score
    for lag in range(1, min(lags, score.shape[0] - 1) + 1):
        cross = score[lag:].T @ score[:-lag]
        meat += (1 - lag / (lags + 1)) * (cross + cross.T)
    return np.asarray(found.spread @ meat @ found.spread * (y.size / found.free), float)


def lag_one(residual: Floats, at: Ints) -> float:
    """Correlation of residuals one place apart, gaps left out."""
    next_to = np.diff(at) == 1
    own = float(residual @ residual)
    if own <= 0 or not next_to.any():
        return 0.0
    scale = own / residual.size
    return float((residual[1:] * residual[:-1])[next_to].mean() / scale)


def lasting_errors(x: Floats, found: Fit, at: Ints, least: float, most: float) -> tuple[float, float]:
    """Autocorrelation of neighbouring periods, held between ``least`` and ``most``, and the dispersion, as the errors have
    them. Residuals of a fit scatter less and look less alike than the errors, by an amount that the design tells exactly:
    the autocorrelation whose residuals would look, on average, as these do."""
    lag = lag_one(found.residual, at)
    half = np.sqrt(found.mu)[:, None] * x
    hat = half @ found.spread @ half.T
    rest = np.eye(at.size) - hat
    apart = np.abs(at[:, None] - at[None, :])
    next_to = (at[1:] - at[:-1]) == 1
    pairs = max(int(next_to.sum()), 1)

    def look(rho: float) -> tuple[float, float]:
        expected = rest @ rho ** apart.astype(float) @ rest
        own = float(np.trace(expected))
        neighbours = float(np.diagonal(expected, 1)[next_to].sum())
        return own, neighbours / pairs / (own / at.size)

    low, high = least, most
    if look(low)[1] >= lag:
        high = low
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if look(middle)[1] < lag else (low, middle)
    rho = (low + high) / 2
    own = look(rho)[0]
    return rho, max(1.0, float(found.residual @ found.residual) / max(own, 1e-9))


def f_test(beta: Floats, covariance: Floats, free: float) -> tuple[float, float]:
    """Wald's F of all ``beta`` being 0, and its p-value."""
    f = float(beta @ np.linalg.pinv(covariance, hermitian=True) @ beta) / beta.size
    f = max(f, 0.0)
    return f, float(special.fdtrc(beta.size, free, f)) if f > 0 else 1.0
