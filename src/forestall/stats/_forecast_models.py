"""The models that a forecast chooses from, each fitted at many origins at one time.

Every function takes the same :class:`History` and gives, for each origin and each step ahead, the mean and the variance
of the count: shape (origins, horizon). An origin o has seen periods 0 … o - 1 and nothing later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: How much of a trend is left from one period to the next, when it is carried into the future.
DAMPING = 0.95

#: Weights of the newest count in level, trend and season that smoothing tries.
ALPHAS, BETAS, GAMMAS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.45, 0.65, 0.9), (0.0, 0.1, 0.3), (0.0, 0.15)

#: Strength of the ridge that keeps log-linear effects finite where nothing was counted: about one event's worth.
RIDGE = 1.0

YEAR_OF_DAYS = 365.25


@dataclass(frozen=True)
class History:
    """``counts``: shape (n,), 0 where not ``known``. ``exposure``: shape (n + horizon,). ``origins``: shape (origins,)."""

    counts: Floats
    known: Bools
    exposure: Floats
    period: int
    origins: Ints
    horizon: int

    @property
    def seen(self) -> Floats:
        """1 where an origin has seen a known count, else 0; shape (origins, n)."""
        before = np.arange(self.counts.size)[None, :] < self.origins[:, None]
        return (before & self.known[None, :]).astype(float)

    @property
    def ahead(self) -> Ints:
        """The periods that each origin forecasts; shape (origins, horizon)."""
        return np.asarray(self.origins[:, None] + np.arange(self.horizon)[None, :], np.int64)

    @property
    def level(self) -> Floats:
        """Events per exposure that each origin has seen, and never quite 0; shape (origins,)."""
        seen = self.seen
        total = seen @ self.counts
        return np.asarray((total + 0.5) / (seen @ self.exposure[: self.counts.size] + 1e-300), float)


def seasonal_naive(h: History) -> tuple[Floats, Floats]:
    """The same season's last known count, carried by exposure; scatter as that of seasonal differences so far."""
    n, m = h.counts.size, h.period
    rate = np.where(h.known, h.counts / h.exposure[:n], np.nan)
    # The last known rate of the season of each period, and of the period before that.
    last = np.full(n + h.horizon + m, np.nan)
    for now in range(n):
        last[now + m] = rate[now] if h.known[now] else last[now]
    mean, variance = np.empty((h.origins.size, h.horizon)), np.empty((h.origins.size, h.horizon))
    floor = h.level
    for i, o in enumerate(h.origins):
        step = np.arange(h.horizon)
        at = o + step - m * (step // m)
        guess = last[at]
        ex = h.exposure[o + step]
        mean[i] = np.where(np.isnan(guess), floor[i], guess) * ex
        t = np.arange(m, o)
        t = t[h.known[t] & ~np.isnan(last[t])]
        before = np.maximum(last[t] * h.exposure[t], floor[i] * h.exposure[t] / 2)
        gap = (h.counts[t] - last[t] * h.exposure[t]) ** 2
        phi = (gap.sum() + before.mean() * 2) / before.sum() if t.size else 2.0
        variance[i] = max(phi, 1.0) * np.maximum(mean[i], floor[i] * ex / 2)
    return mean, variance


def design(length: int, period: int, harmonics: int, trend: bool, yearly: int = 0) -> Floats:
    """Columns of a log-linear model: level, harmonics of the season and of the year, trend in seasons."""
    t = np.arange(length, dtype=float)
    columns = [np.ones(length)]
    for k in range(1, harmonics + 1):
        angle = 2 * np.pi * k * t / period
        columns.append(np.cos(angle))
        if 2 * k < period:
            columns.append(np.sin(angle))
    for k in range(1, yearly + 1):
        angle = 2 * np.pi * k * t / YEAR_OF_DAYS
        columns += [np.cos(angle), np.sin(angle)]
    if trend:
        columns.append(t / (period if period >= 12 else YEAR_OF_DAYS / 4))
    return np.stack(columns, 1)


@dataclass(frozen=True)
class LogLinear:
    """The log-linear fit of lowest QAICc at each origin: log ``season`` of all periods (origins, n + horizon), and the
    forecasts."""

    season: Floats
    parameters: Ints
    mean: Floats
    variance: Floats


def log_linear(h: History) -> LogLinear:
    """Quasi-Poisson regression on harmonics and a trend that is damped once it is carried ahead."""
    n, size = h.counts.size, h.origins.size
    seen, length = h.seen, n + h.horizon
    yearly = (0, 1, 2) if h.period < 12 and n >= 2 * YEAR_OF_DAYS else (0,)
    most = h.period // 2
    candidates = [
        (k, trend, y)
        for y in yearly
        for k in sorted({0, min(1, most), min(2, most), min(3, most)} if h.period >= 12 else {0, most})
        for trend in (False, True)
    ]
    known = seen.sum(1)
    fits: list[tuple[Floats, Floats, Floats, Floats]] = []
    deviances = np.empty((len(candidates), size))
    sizes = np.empty((len(candidates), 1))
    for c, (k, trend, y) in enumerate(candidates):
        x = design(length, h.period, k, trend, y)
        beta, covariance, deviance, pearson = _regress(h, x, seen)
        fits.append((x, beta, covariance, pearson))
        deviances[c], sizes[c] = deviance, x.shape[1]
    freedom = np.maximum(known[None, :] - sizes, 1.0)
    phi = np.maximum(np.stack([f[3] for f in fits]) / freedom, 1.0)
    # The scatter that candidates are weighed by is the least of theirs where enough is known: the largest may fit all.
    yard = np.where(known[None, :] > 2 * sizes, phi, np.inf).min(0)
    yard = np.where(np.isfinite(yard), yard, phi[0])
    p = sizes + 1
    score = deviances / yard[None, :] + 2 * p + 2 * p * (p + 1) / np.maximum(known[None, :] - p - 1, 0.5)
    chosen = score.argmin(0)
    season, mean, variance = np.empty((size, length)), np.empty((size, h.horizon)), np.empty((size, h.horizon))
    parameters = np.empty(size, np.int64)
    for i, c in enumerate(chosen):
        x, beta, covariance, _ = fits[c]
        trend = candidates[c][1]
        inner = slice(1, x.shape[1] - 1 if trend else x.shape[1])
        season[i] = x[:, inner] @ beta[i, inner]
        rows = x[h.ahead[i]].copy()
        if trend:
            step = x[1, -1] - x[0, -1]
            last = x[h.origins[i] - 1, -1]
            rows[:, -1] = last + step * np.cumsum(DAMPING ** np.arange(1, h.horizon + 1))
        log_mean = np.clip(rows @ beta[i], -30, 25)
        mean[i] = np.exp(log_mean) * h.exposure[h.ahead[i]]
        leverage = np.einsum("hk,kl,hl->h", rows, covariance[i], rows)
        lost = beta[i, -1] * step * withheld(h.horizon) if trend else np.zeros(h.horizon)
        variance[i] = (
            phi[c, i] * (mean[i] + mean[i] ** 2 * np.minimum(leverage, 1.0))
            + (mean[i] * np.minimum(np.abs(lost), 2.0)) ** 2
        )
        parameters[i] = x.shape[1]
    return LogLinear(season, parameters, mean, variance)


def withheld(horizon: int) -> Floats:
    """What damping takes away from a trend by each step ahead, in periods of it: whether it goes on is not known."""
    step = np.arange(1, horizon + 1)
    return np.asarray(step - np.cumsum(DAMPING**step), float)


def _regress(h: History, x: Floats, seen: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Coefficients (origins, k), covariance at φ = 1, deviance and Pearson's sum, by iterated weighted least squares."""
    n, k = h.counts.size, x.shape[1]
    past, log_exposure = x[:n], np.log(h.exposure[:n])
    products = (past[:, :, None] * past[:, None, :]).reshape(n, k * k)
    penalty = np.full(k, RIDGE)
    penalty[0] = 0.0
    beta = np.zeros((h.origins.size, k))
    beta[:, 0] = np.log(h.level)
    gram = np.empty((h.origins.size, k, k))
    for _ in range(25):
        mu = np.exp(np.clip(beta @ past.T + log_exposure, -30, 25))
        weight = seen * mu
        gram = (weight @ products).reshape(-1, k, k) + np.diag(penalty) + 1e-9 * np.eye(k)
        slope = (seen * (h.counts - mu)) @ past - beta * penalty
        step = np.linalg.solve(gram, slope[:, :, None])[:, :, 0]
        step = np.clip(step, -2.0, 2.0)
        beta = beta + step
        beta[:, 0] = np.maximum(beta[:, 0], np.log(h.level) - 8)
        if np.abs(step).max() < 1e-8:
            break
    mu = np.exp(np.clip(beta @ past.T + log_exposure, -30, 25))
    deviance = (seen * _deviance(h.counts, mu)).sum(1)
    pearson = (seen * (h.counts - mu) ** 2 / mu).sum(1)
    return beta, np.asarray(np.linalg.inv(gram), float), np.asarray(deviance, float), np.asarray(pearson, float)


def smoothing(h: History, fit: LogLinear) -> tuple[Floats, Floats]:
    """Exponential smoothing of level, damped trend and season, on counts.

    The level is that of counts over exposure and season, so it never falls below 0; the season starts as the harmonics
    that the log-linear model found and may drift. The weights are those of lowest one-step Poisson deviance so far.
    """
    n, m, size = h.counts.size, h.period, h.origins.size
    alpha, beta, gamma = (g.ravel() for g in np.meshgrid(ALPHAS, BETAS, GAMMAS, indexing="ij"))
    start = np.exp(np.clip(fit.season, -5, 5))
    warm = min(m, int(h.origins.min()) // 2)
    seen = h.seen
    first = seen[:, : 2 * warm] if warm else seen
    width = first.shape[1]
    level0 = (first @ h.counts[:width] + 0.25) / ((first * start[:, :width]) @ h.exposure[:width] + 1e-300)
    level = np.repeat(level0[:, None], alpha.size, 1)
    slope = np.zeros_like(level)
    drift = np.ones((size, alpha.size, m))
    loss, pearson, used = np.zeros_like(level), np.zeros_like(level), np.zeros((size, 1))
    last_origin = int(h.origins.max())
    for t in range(last_origin):
        live = (h.origins > t)[:, None]
        slope = np.where(live, DAMPING * slope, slope)
        level = np.where(live, level * np.exp(slope), level)
        if not h.known[t]:
            continue
        own = start[:, t, None] * h.exposure[t]
        wave = drift[:, :, t % m]
        mu = level * wave * own
        y = h.counts[t]
        if t >= warm:
            loss += np.where(live, _deviance(y, mu), 0.0)
            pearson += np.where(live, (y - mu) ** 2 / mu, 0.0)
            used += live
        miss = np.where(live, y / (wave * own) - level, 0.0)
        pull = miss / (level + 1 / own)
        floor = 1e-3 * level0[:, None] + 1e-12
        level = np.maximum(level + alpha * miss, floor)
        slope = np.clip(slope + alpha * beta * pull, -0.5, 0.5)
        drift[:, :, t % m] = np.where(live, np.clip(wave * (1 + gamma * np.clip(pull, -0.9, 2.0)), 0.1, 10.0), wave)
    best = loss.argmin(1)
    row = np.arange(size)
    a, b, g = alpha[best], beta[best], gamma[best]
    phi = np.maximum(pearson[row, best] / np.maximum(used[:, 0] - 2, 1.0), 1.0)
    step = np.arange(1, h.horizon + 1)
    growth = slope[row, best][:, None] * np.cumsum(DAMPING ** step.astype(float))[None, :]
    wave = drift[row[:, None], best[:, None], h.ahead % m]
    own = np.take_along_axis(start, h.ahead, 1) * h.exposure[h.ahead]
    mean = level[row, best][:, None] * np.exp(growth) * wave * own
    # What one period's miss does to each later one, as a share (Hyndman and others, class 2).
    j = np.arange(h.horizon)
    later = a[:, None] * (1 + b[:, None] * np.where(j > 0, np.cumsum(DAMPING**j) - 1, 0.0)[None, :])
    later = later + np.where((j % m == 0) & (j > 0), g[:, None], 0.0)
    gathered = (
        np.concatenate([np.zeros((size, 1)), np.cumsum(later[:, 1:] ** 2, 1)], 1) if h.horizon > 1 else np.zeros((size, 1))
    )
    typical = np.maximum(h.level * (h.exposure[:n].mean()), 1e-12)
    known = np.maximum(seen.sum(1), 1.0)
    state = np.maximum(a / (2 - a), 1 / known) + (fit.parameters - 1) / known
    relative = phi / typical
    lost = slope[row, best][:, None] * withheld(h.horizon)[None, :]
    variance = phi[:, None] * mean + mean**2 * np.minimum(relative[:, None] * (gathered + state[:, None]) + lost**2, 4.0)
    return mean, variance


def average(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """The middle of two forecasts, and how far they differ is uncertainty too."""
    mean = (one[0] + other[0]) / 2
    return mean, (one[1] + other[1]) / 2 + (one[0] - other[0]) ** 2 / 4


def _deviance(y: Any, mu: Floats) -> Floats:
    return np.asarray(2 * (special.xlogy(y, y) - special.xlogy(y, mu) - (y - mu)), float)
