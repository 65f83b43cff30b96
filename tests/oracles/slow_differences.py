"""Slow and obvious twins of the before-and-after comparisons: every cell by itself, every effect as a dummy."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np


def displacement(areas: list[Any], time: Any, sizes: Any, harm: Any) -> tuple[float, float]:
    """The difference and its Poisson standard error, cell by cell; ``areas``: treated, control, ring, ring's control, each
    (categories, 2) or None."""
    total = variance = 0.0
    for area, counts in enumerate(areas):
        if counts is None:
            continue
        for category, (before, after) in enumerate(counts):
            for window, n in ((0, before), (1, after)):
                sign = (1 if area in (0, 2) else -1) * (1 if window == 1 else -1)
                scale = harm[category] / (time[window] * sizes[area])
                total += sign * scale * n
                variance += scale**2 * n
    return total, math.sqrt(variance)


def window_dispersion(counts: Any, window: int) -> tuple[float, int]:
    """Pearson's chi-square of areas by windows, and its degrees of freedom, by adding up from the last period back."""
    table = []
    for row in counts:
        sums, end = [], len(row)
        while end - window >= 0:
            sums.append(sum(row[end - window : end]))
            end -= window
        table.append(sums)
    rows, columns = [sum(r) for r in table], [sum(c) for c in zip(*table, strict=True)]
    square = 0.0
    for r, line in zip(rows, table, strict=True):
        for c, n in zip(columns, line, strict=True):
            expected = r * c / sum(rows)
            square += (n - expected) ** 2 / expected
    return square, (len(rows) - 1) * (len(columns) - 1)


def poisson_fit(x: Any, treated: Any, first: int) -> tuple[float, float, Any]:
    """Effect, cluster-robust standard error with G/(G - 1), and fitted counts, by Newton's method on a dummy for every
    unit, every period but one, and the effect."""
    units, periods = x.shape
    rows = []
    for i, t in itertools.product(range(units), range(periods)):
        row = [0.0] * (units + periods)
        row[i] = 1.0
        if t:
            row[units + t - 1] = 1.0
        row[-1] = float(treated[i] and t >= first)
        rows.append(row)
    design, y = np.array(rows), x.ravel().astype(float)
    beta = np.zeros(design.shape[1])
    beta[:units] = np.log(x.mean(1) + 0.1)
    for _ in range(200):
        mu = np.exp(design @ beta)
        step = np.linalg.solve(design.T @ (design * mu[:, None]), design.T @ (y - mu))
        beta = beta + step
        if np.abs(step).max() < 1e-12:
            break
    mu = np.exp(design @ beta)
    bread = np.linalg.inv(design.T @ (design * mu[:, None]))
    scores = (design * (y - mu)[:, None]).reshape(units, periods, -1).sum(1)
    cover = bread @ scores.T @ scores @ bread * units / (units - 1)
    return float(beta[-1]), math.sqrt(cover[-1, -1]), mu.reshape(x.shape)


def level_fit(x: Any, treated: Any, first: int) -> tuple[float, float]:
    """The effect by least squares on dummies, and the cluster-robust standard error with G/(G - 1)."""
    units, periods = x.shape
    design = np.zeros((units, periods, units + periods))
    for i, t in itertools.product(range(units), range(periods)):
        design[i, t, i] = 1
        if t:
            design[i, t, units + t - 1] = 1
        design[i, t, -1] = treated[i] and t >= first
    flat = design.reshape(units * periods, -1)
    beta, *_ = np.linalg.lstsq(flat, x.ravel(), rcond=None)
    bread = np.linalg.inv(flat.T @ flat)
    scores = (flat * (x.ravel() - flat @ beta)[:, None]).reshape(units, periods, -1).sum(1)
    cover = bread @ scores.T @ scores @ bread * units / (units - 1)
    return float(beta[-1]), math.sqrt(cover[-1, -1])


def log_ratio(x: Any, chosen: Any, first: int) -> float:
    """Log of the ratio of ratios of the ``chosen`` units (indices) to all others."""
    inside = [i for i in range(len(x)) if i in set(chosen)]
    outside = [i for i in range(len(x)) if i not in set(chosen)]
    b, a = x[inside][:, :first].sum(), x[inside][:, first:].sum()
    d, c = x[outside][:, :first].sum(), x[outside][:, first:].sum()
    return math.log(a / b) - math.log(c / d)


def jackknife(x: Any, treated: Any, first: int) -> float:
    """The standard error by leaving out one unit after the other, each group with (n - 1)/n."""
    whole = log_ratio(x, np.flatnonzero(treated), first)
    variance = 0.0
    for group in (True, False):
        members = [i for i in range(len(x)) if bool(treated[i]) is group]
        for i in members:
            keep = [j for j in range(len(x)) if j != i]
            left = log_ratio(x[keep], [k for k, j in enumerate(keep) if treated[j]], first)
            variance += (left - whole) ** 2 * (len(members) - 1) / len(members)
    return math.sqrt(variance)


def level_placebos(x: Any, k: int, first: int) -> list[float]:
    """The difference of mean changes of every choice of ``k`` units."""
    change = x[:, first:].mean(1) - x[:, :first].mean(1)
    found = []
    for chosen in itertools.combinations(range(len(x)), k):
        rest = [i for i in range(len(x)) if i not in chosen]
        found.append(float(change[list(chosen)].mean() - change[rest].mean()))
    return found
