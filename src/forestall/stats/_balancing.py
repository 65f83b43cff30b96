"""Weights on many places under which their totals are given ones: entropy balancing by Newton's method on the dual,
for many targets at once, and the nearest that can be had where no weights reach a target.

Entropy balancing (Deville and Särndal 1992, *Journal of the American Statistical Association* 87, 376-382: raking;
Hainmueller 2012, *Political Analysis* 20, 25-46) takes the weights nearest to equal ones, by w log(w/q) - w + q, with
Xᵀw = t. They are wᵢ = qᵢ exp(xᵢᵀλ), where λ minimises Σ qᵢ exp(xᵢᵀλ) - λᵀt: as many unknowns as totals, however many
places. The nearest is the point of the hull of what places may bear that lies nearest to the target
(:mod:`forestall.stats._hull_kernels`), each total in standard deviations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forestall.stats._hull_kernels import nearest_weights
from forestall.stats.rates import Floats

Bools = npt.NDArray[np.bool_]

#: A target counts as met where no total is further off than this, in standard deviations of the column times the number of
#: places treated.
EXACT = 1e-6

#: Newton's steps before a target is taken to lie out of reach, and how steep the weights may become.
STEPS, STEEPEST = 60, 60.0

#: For so few targets products of columns are taken anew for each, and for more once for all.
FEW = 16

#: Numbers of the largest single array of Newton's steps, about 200 MB: weights of the targets that are sought at once,
#: their curvatures, or products of columns. A step holds about five arrays as large as the weights. What is given back
#: has a weight for each target and place, and is not bounded by it.
ROOM = 25_000_000


@dataclass(frozen=True)
class Balanced:
    """``weights``: shape (targets, places). ``exact``: (targets,), whether each target is met. ``distance``:
    (targets,), root mean square by which totals miss, in standard deviations of a column times the number of
    places."""

    weights: Floats
    exact: Bools
    distance: Floats


def balance(x: Floats, targets: Floats, sizes: Floats, usable: Bools) -> Balanced:
    """``x``: (places, columns), in standard deviations about 0. ``targets``: (targets, columns), what Σ w x is to be;
    ``sizes``: (targets,), what Σ w is to be. ``usable``: (targets, places), which places may bear weight."""
    n, m = x.shape
    full = np.column_stack([np.ones(n), x])
    goal = np.column_stack([np.ones(len(targets)), targets / sizes[:, None]])
    weights, met = np.zeros((len(goal), n)), np.zeros(len(goal), bool)
    step = max(1, min(len(goal), ROOM // max(n, (m + 1) ** 2)))
    for first in range(0, len(goal), step):
        part = slice(first, first + step)
        weights[part], met[part] = _newton(full, goal[part], usable[part])
    columns = np.asfortranarray(x.T)
    for b in np.flatnonzero(~met):
        weights[b] = nearest_weights(columns, goal[b, 1:], usable[b], 0.0)
    miss = weights @ full - goal
    met |= np.abs(miss).max(1) <= EXACT  # a corner of what can be reached, where weights of 0 are needed
    distance = np.sqrt((miss[:, 1:] ** 2).mean(1)) if m else np.zeros(len(goal))
    weights *= sizes[:, None]
    return Balanced(weights, met, distance)


def _newton(x: Floats, goal: Floats, usable: Bools) -> tuple[Floats, Bools]:
    """Weights that add up to 1 for each goal, and whether they meet it."""
    b, m = goal.shape
    base = usable / usable.sum(1, keepdims=True)
    slope = np.zeros((b, m))
    weights = base.copy()
    met, live = np.zeros(b, bool), np.arange(b)
    pairs = np.triu_indices(m)
    for _ in range(STEPS):
        w = weights[live]
        gradient = w @ x - goal[live]
        done = np.abs(gradient).max(1) <= EXACT
        met[live[done]] = True
        live, w, gradient = live[~done], w[~done], gradient[~done]
        if not live.size:
            break
        move = -np.linalg.solve(_curvature(x, w, pairs), gradient[:, :, None])[:, :, 0]
        move = np.where(np.isfinite(move), move, 0.0)
        fall = (gradient * move).sum(1)
        value = w.sum(1) - (slope[live] * goal[live]).sum(1)
        size, open_ = np.ones(live.size), np.arange(live.size)
        for _ in range(30):  # halve the step until the dual falls as it should
            tried = slope[live[open_]] + size[open_, None] * move[open_]
            there = base[live[open_]] * np.exp(np.minimum(tried @ x.T, STEEPEST))
            now = there.sum(1) - (tried * goal[live[open_]]).sum(1)
            good = now <= value[open_] + 1e-4 * size[open_] * fall[open_] + 1e-12 * np.abs(value[open_])
            kept = open_[good]
            slope[live[kept]], weights[live[kept]] = tried[good], there[good]
            open_ = open_[~good]
            if not open_.size:
                break
            size[open_] /= 2
        stuck = np.zeros(live.size, bool)
        stuck[open_] = True
        stuck |= np.abs(slope[live] @ x.T).max(1) >= STEEPEST
        live = live[~stuck]
        if not live.size:
            break
    if live.size:
        met[live] = np.abs(weights[live] @ x - goal[live]).max(1) <= EXACT
    return weights, met


def _curvature(x: Floats, w: Floats, pairs: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]) -> Floats:
    """Xᵀ diag(w) X of each row of ``w``, shape (rows, columns, columns), with a trifle on the diagonal so that
    columns that say the same do no harm."""
    rows, m = len(w), x.shape[1]
    if rows <= FEW:
        out = np.array([x.T @ (x * row[:, None]) for row in w])
        return _firm(out)
    upper = np.zeros((rows, pairs[0].size))
    block = max(1, ROOM // pairs[0].size)
    for first in range(0, len(x), block):
        piece = x[first : first + block]
        upper += w[:, first : first + block] @ (piece[:, pairs[0]] * piece[:, pairs[1]])
    out = np.empty((rows, m, m))
    out[:, pairs[0], pairs[1]] = upper
    out[:, pairs[1], pairs[0]] = upper
    return _firm(out)


def _firm(out: Floats) -> Floats:
    """A trifle more on each diagonal."""
    diagonal = np.arange(out.shape[1])
    trifle = 1e-12 * np.trace(out, axis1=1, axis2=2) + 1e-300
    out[:, diagonal, diagonal] += trifle[:, None]
    return out
