"""Weights of synthetic controls: of the treated units, and of every placebo; plain, or with a level of their own and
weights in time (synthetic difference in differences)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize

from forestall.stats._hull_kernels import nearest_weights

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Panel:
    """``y``: (units, periods), all known; ``pre``, ``post``: indices of periods; ``predictors``: (k, units), or None for
    the outcomes of ``pre`` as they are; ``importance``: (k,) weights of the predictors, or None for the best on ``pre``."""

    y: Floats
    pre: Ints
    post: Ints
    predictors: Floats | None = None
    importance: Floats | None = None


@dataclass(frozen=True)
class Fitted:
    """``weights``: (units,); ``times``: (periods before,) that the level rests on; ``gap``: (periods,) observed less
    synthetic, its level taken off where the method has one; ``estimate``: the mean gap after, less that before weighed by
    ``times``; ``importance``: of the predictors."""

    weights: Floats
    times: Floats
    gap: Floats
    estimate: float
    importance: Floats

    def before(self, panel: Panel) -> float:
        """Root of the mean squared gap before."""
        return float(np.sqrt(np.mean(self.gap[panel.pre] ** 2)))

    def after(self, panel: Panel) -> float:
        """Root of the mean squared gap after."""
        return float(np.sqrt(np.mean(self.gap[panel.post] ** 2)))


Fit = Callable[[Panel, Ints, Flags], Fitted]


def plain(panel: Panel, group: Ints, pool: Flags) -> Fitted:
    """The synthetic control of the mean of ``group`` from the units in ``pool`` (Abadie, Diamond and Hainmueller 2010)."""
    own = panel.y[group].mean(0)
    if panel.predictors is None:
        importance = np.full(panel.pre.size, 1 / panel.pre.size)
        weights = _nearest(panel.y[:, panel.pre].T, own[panel.pre], pool)
    else:
        x, target = _scaled(panel.predictors, group, pool)
        importance = _best_importance(panel, own, x, target, pool) if panel.importance is None else panel.importance
        root = np.sqrt(importance)
        weights = _nearest(root[:, None] * x, root * target, pool)
    gap = own - weights @ panel.y
    return Fitted(weights, np.zeros(panel.pre.size), gap, float(gap[panel.post].mean()), importance)


def differenced(panel: Panel, group: Ints, pool: Flags) -> Fitted:
    """Synthetic difference in differences (Arkhangelsky and others 2021, algorithm 1): unit weights towards parallel paths,
    with their ridge, and time weights that make the periods before like those after."""
    own = panel.y[group].mean(0)
    before, after = panel.y[:, panel.pre], panel.y[:, panel.post].mean(1)
    steps = np.diff(before[pool], axis=1)
    noise = float(steps.std(ddof=1)) if steps.size > 1 else 0.0
    ridge = panel.pre.size * np.sqrt(group.size * panel.post.size) * noise**2
    x = before.T - before.mean(1)
    weights = _nearest(x, own[panel.pre] - own[panel.pre].mean(), pool, ridge)
    times = np.ones(1)
    if panel.pre.size > 1:
        levels, aim = before[pool] - before[pool].mean(0), after[pool] - after[pool].mean()
        count = int(pool.sum())
        times = _nearest(levels, aim, np.ones(panel.pre.size, bool), count * (1e-6 * noise) ** 2)
    gap = own - weights @ panel.y
    gap = gap - times @ gap[panel.pre]
    return Fitted(weights, times, gap, float(gap[panel.post].mean()), np.zeros(0))


def refit(panel: Panel, group: Ints, pool: Flags, found: Fitted) -> float:
    """The estimate for ``group`` where ``found``'s weights of units are kept to ``pool`` and shared out anew, and its
    weights in time kept: what the jackknife asks for."""
    kept = np.where(pool, found.weights, 0.0)
    gap = panel.y[group].mean(0) - kept / kept.sum() @ panel.y
    return float(gap[panel.post].mean() - found.times @ gap[panel.pre])


def _nearest(x: Floats, target: Floats, pool: Flags, ridge: float = 0.0) -> Floats:
    return np.asarray(nearest_weights(np.asfortranarray(x, float), np.ascontiguousarray(target), pool, float(ridge)), float)


def _scaled(predictors: Floats, group: Ints, pool: Flags) -> tuple[Floats, Floats]:
    """Predictors over their standard deviation among the group and its pool; those that don't vary there say nothing."""
    target = predictors[:, group].mean(1)
    spread = np.column_stack([predictors[:, pool], target]).std(1, ddof=1)
    scale = np.where(spread > 0, spread, 1.0)
    return predictors / scale[:, None], target / scale


def _best_importance(panel: Panel, own: Floats, x: Floats, target: Floats, pool: Flags) -> Floats:
    """Weights of the predictors whose synthetic control follows the outcomes before best: Nelder and Mead's search over
    their logarithms, once from equal weights and once from where it ended."""
    before, aim = panel.y[:, panel.pre], own[panel.pre]

    def shares(logs: Floats) -> Floats:
        raised = np.exp(logs - logs.max())
        return np.asarray(raised / raised.sum(), float)

    def miss(logs: Floats) -> float:
        root = np.sqrt(shares(logs))
        gap = aim - _nearest(root[:, None] * x, root * target, pool) @ before
        return float(gap @ gap)

    logs = np.zeros(x.shape[0])
    if logs.size == 1:
        return np.ones(1)
    for _ in range(2):
        simplex = np.vstack([logs, logs + 2.0 * np.eye(logs.size)])
        options = {"maxfev": 200 * logs.size, "xatol": 1e-3, "fatol": 1e-9 * max(miss(logs), 1e-12)}
        logs = optimize.minimize(miss, logs, method="Nelder-Mead", options={**options, "initial_simplex": simplex}).x
    return shares(logs)
