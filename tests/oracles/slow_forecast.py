"""Slow, obvious twins of the forecasting models: one series, one origin, one set of weights at a time, in plain loops."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def seasonal_naive(counts: Sequence[float], known: Sequence[bool], period: int, horizon: int) -> list[float | None]:
    """The last known count of each coming period's season; None where there is none."""
    out: list[float | None] = []
    for step in range(horizon):
        at = len(counts) + step - period
        while at >= 0 and (at >= len(counts) or not known[at]):
            at -= period
        out.append(counts[at] if at >= 0 else None)
    return out


def regression(counts: Sequence[float], columns: np.ndarray, ridge: float) -> np.ndarray:
    """Poisson regression with a ridge on all but the level, by steps of steepest ascent that are halved until they help."""

    def value(beta: np.ndarray) -> float:
        eta = columns[: len(counts)] @ beta
        return float(np.dot(counts, eta) - np.exp(eta).sum() - ridge / 2 * (beta[1:] ** 2).sum())

    beta = np.zeros(columns.shape[1])
    beta[0] = math.log(np.mean(counts) + 1e-9)
    for _ in range(200_000):
        slope = columns[: len(counts)].T @ (counts - np.exp(columns[: len(counts)] @ beta))
        slope[1:] -= ridge * beta[1:]
        step = 1 / max(sum(counts), 1)
        while value(beta + step * slope) < value(beta) and step > 1e-14:
            step /= 2
        beta = beta + step * slope
        if np.abs(step * slope).max() < 1e-11:
            break
    return beta


def smooth(
    counts: Sequence[float],
    season: Sequence[float],
    weights: tuple[float, float, float],
    damping: float,
    period: int,
    warm: int,
    horizon: int,
) -> tuple[float, list[float]]:
    """Poisson deviance of one-step forecasts after ``warm`` periods, and the means ahead."""  # fmt: skip
    alpha, beta, gamma = weights
    first = min(2 * warm, len(counts))
    start = (sum(counts[:first]) + 0.25) / sum(season[:first])
    level, slope, drift, loss = start, 0.0, [1.0] * period, 0.0
    for t, y in enumerate(counts):
        slope *= damping
        level *= math.exp(slope)
        own = season[t]
        wave = drift[t % period]
        mean = level * wave * own
        if t >= warm:
            loss += 2 * ((y * math.log(y / mean) if y else 0.0) - (y - mean))
        miss = y / (wave * own) - level
        pull = miss / (level + 1 / own)
        level = max(level + alpha * miss, 1e-3 * start + 1e-12)
        slope = min(0.5, max(-0.5, slope + alpha * beta * pull))
        drift[t % period] = min(10.0, max(0.1, wave * (1 + gamma * min(2.0, max(-0.9, pull)))))
    ahead, carried = [], 0.0
    for step in range(horizon):
        carried += slope * damping ** (step + 1)
        t = len(counts) + step
        ahead.append(level * math.exp(carried) * drift[t % period] * season[t])
    return loss, ahead


def interval(mean: float, variance: float, level: float) -> tuple[int, int]:
    """The whole counts whose mid-p tails, by sums of a negative-binomial, are both more than half of what the "
    "level leaves."""
    p = mean / variance
    r = mean * p / (1 - p)
    tail, below, held = (1 - level) / 2, 0.0, []
    for k in range(int(mean + 20 * math.sqrt(variance)) + 20):
        own = math.exp(math.lgamma(k + r) - math.lgamma(r) - math.lgamma(k + 1) + r * math.log(p) + k * math.log1p(-p))
        if below + own / 2 > tail and 1 - below - own / 2 > tail:
            held.append(k)
        below += own
    return (held[0], held[-1]) if held else (0, 0)
