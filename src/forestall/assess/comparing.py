"""Which areas the treated ones, and every placebo, are compared with: three ways of weighting the rest of the force.

*Like areas* (difference in differences): to each area the areas nearest to it in the outcome's level before, in all that
was recorded there, and in what marks centres of towns. *Synthetic control*: non-negative weights, adding to one, with which
such areas follow its course before (Abadie and others 2010). *Calibration weights*: the weights nearest to equal ones with
which all areas together reproduce its population, its records and its outcome in each part of the time before exactly
(entropy balancing, Hainmueller 2012; the design used for street blocks by Robbins and others 2017).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from forestall.assess.panel import Bools, Floats, Ints, Panel

#: Like areas of each treated one.
LIKE = 15
#: Donors of a synthetic control: the like areas of the group, at most.
DONORS = 40
#: Parts of the time before whose outcome calibration weights reproduce.
PARTS = 4
#: Areas that calibration weights are spread over, at most: those nearest in kind.
SPREAD = 1500


def describe(panel: Panel, before: Ints) -> Floats:
    """What areas are likened by, standardised, shape (areas, 3)."""
    level = np.log(panel.counts[:, before].sum(1) + 2)
    whole = np.log(panel.everything[:, before].sum(1) + 5)
    centre = np.log(panel.centre[:, before].sum(1) + 5)
    f = np.column_stack([1.5 * _standard(level), _standard(whole), _standard(centre)])
    return np.asarray(f)


def _standard(x: Floats) -> Floats:
    spread = float(x.std())
    return np.asarray((x - x.mean()) / (spread or 1.0))


def indicator(groups: Ints, areas: int) -> sparse.csr_matrix:
    """Which areas each group holds, (groups, areas)."""
    n, k = groups.shape
    return sparse.csr_matrix((np.ones(n * k), groups.ravel(), np.arange(0, n * k + 1, k)), shape=(n, areas))


def like_areas(panel: Panel, groups: Ints, away: Bools, before: Ints, most: int = LIKE) -> sparse.csr_matrix:
    """Weights (groups, areas): how often an area is among the nearest of the group's own."""
    f = describe(panel, before)
    free = np.flatnonzero(~away)
    asked, back = np.unique(groups, return_inverse=True)
    ask = min(most + groups.shape[1], len(free))
    _, near = cKDTree(f[free]).query(f[asked], k=ask)
    near = free[np.asarray(near).reshape(len(asked), ask)]
    near = near[back.reshape(groups.shape)]  # (groups, size, ask)
    own = (near[:, :, :, None] == groups[:, None, None, :]).any(-1) if groups.shape[1] <= 64 else _within(near, groups)
    keep = ~own & (np.cumsum(~own, 2) <= most)
    rows = np.broadcast_to(np.arange(len(groups))[:, None, None], near.shape)[keep]
    out = sparse.csr_matrix((np.ones(len(rows)), (rows, near[keep])), shape=(len(groups), len(panel.areas)))
    out.sum_duplicates()
    return out


def _within(near: Ints, groups: Ints) -> Bools:
    return np.stack([np.isin(n, g) for n, g in zip(near, groups, strict=True)])


def synthetic_control(panel: Panel, groups: Ints, away: Bools, before: Ints) -> sparse.csr_matrix:
    """Weights (groups, areas) of the synthetic control of each group's mean, over its like areas."""
    like = like_areas(panel, groups, away, before)
    parts = _parts(before, max(PARTS, len(before) // 3))
    course = np.column_stack([panel.counts[:, p].sum(1) for p in parts])  # (areas, parts)
    n, k = groups.shape
    donors = np.zeros((n, DONORS), np.int64)
    there = np.zeros((n, DONORS), bool)
    for i in range(n):
        row = slice(like.indptr[i], like.indptr[i + 1])
        at = like.indices[row][np.argsort(-like.data[row], kind="stable")][:DONORS]
        donors[i, : len(at)], there[i, : len(at)] = at, True
    target = course[groups].mean(1)
    weights = simplex_weights(course[donors], target, there)
    rows = np.repeat(np.arange(n), there.sum(1))
    out = sparse.csr_matrix((k * weights[there], (rows, donors[there])), shape=(n, len(panel.areas)))
    out.eliminate_zeros()
    return out


def simplex_weights(donors: Floats, target: Floats, there: Bools, rounds: int = 150) -> Floats:
    """Weights w ≥ 0 with Σw = 1 that bring Σ w·donors nearest to the target, many at once.

    ``donors``: (n, d, t); ``target``: (n, t); ``there``: which donors count, (n, d). Accelerated exponentiated steps would
    never reach 0; these are projected gradient steps (Beck and Teboulle 2009) with the projection on the simplex.
    """
    gram = donors @ donors.transpose(0, 2, 1)
    linear = np.einsum("ndt,nt->nd", donors, target)
    step = 1.0 / np.maximum(np.linalg.norm(gram, axis=(1, 2)), 1e-12)[:, None]
    w = there / np.maximum(there.sum(1, keepdims=True), 1)
    ahead, momentum = w, 1.0
    for _ in range(rounds):
        slope = (gram @ ahead[:, :, None])[:, :, 0] - linear
        new = _on_simplex(np.where(there, ahead - step * slope, -np.inf))
        faster = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = new + (momentum - 1) / faster * (new - w)
        w, momentum = new, faster
    return np.asarray(w)


def _on_simplex(v: Floats) -> Floats:
    """The nearest point of the simplex to each row; -inf stays 0."""
    ordered = -np.sort(-v, axis=1)
    finite = np.where(np.isfinite(ordered), ordered, 0.0)
    sums = np.cumsum(finite, 1) - 1
    count = np.arange(1, v.shape[1] + 1)
    last = np.maximum(((finite - sums / count > 0) & np.isfinite(ordered)).sum(1), 1)
    shift = sums[np.arange(len(v)), last - 1] / last
    return np.asarray(np.maximum(np.where(np.isfinite(v), v, 0.0) - shift[:, None], 0.0) * np.isfinite(v))


def calibration(panel: Panel, groups: Ints, away: Bools, before: Ints, rounds: int = 12) -> sparse.csr_matrix:
    """Weights (groups, areas) that reproduce each group's totals: population, records, and the outcome by part."""
    columns = [panel.counts[:, p].sum(1) for p in _parts(before, PARTS)]
    columns += [panel.everything[:, before].sum(1), panel.centre[:, before].sum(1)]
    columns += [panel.population] if panel.population is not None else []
    x = np.column_stack([np.ones(len(panel.areas)), *columns])
    totals = x[groups].sum(1)
    free = np.flatnonzero(~away)
    if len(free) > SPREAD:
        f = describe(panel, before)
        distance = np.full(len(f), np.inf)
        distance[free] = cKDTree(f[np.unique(groups)]).query(f[free])[0]
        free = np.sort(np.argsort(distance, kind="stable")[:SPREAD])
    scale = np.maximum(x[free].std(0), 1e-9)
    scale[0] = 1.0
    z, t = x[free] / scale, totals / scale
    n, k = groups.shape
    own = indicator(groups, len(panel.areas))[:, free].toarray() > 0
    base = np.where(own, 0.0, k / len(free))
    dual = np.zeros((n, x.shape[1]))
    with np.errstate(over="ignore"):
        for _ in range(rounds):
            w = base * np.exp(np.clip(dual @ z.T, -30, 12))
            gap = t - w @ z
            hessian = np.einsum("na,ai,aj->nij", w, z, z, optimize=True)
            ridge = 1e-3 * np.trace(hessian, axis1=1, axis2=2)[:, None, None] * np.eye(x.shape[1]) / x.shape[1]
            move = np.linalg.solve(hessian + ridge, gap[:, :, None])[:, :, 0]
            short = np.minimum(1, 1.5 / np.maximum(np.abs(move).max(1, keepdims=True), 1e-12))
            dual = np.clip(dual + move * short, -12, 12)
    w = base * np.exp(np.clip(dual @ z.T, -30, 12))
    out = sparse.lil_matrix((n, len(panel.areas)))
    out[:, free] = w
    return out.tocsr()


def _parts(before: Ints, number: int) -> list[Ints]:
    return [p for p in np.array_split(before, min(number, len(before))) if len(p)]


WAYS: Mapping[str, Callable[[Panel, Ints, Bools, Ints], sparse.csr_matrix]] = {
    "difference-in-differences": like_areas,
    "synthetic-control": synthetic_control,
    "calibration-weights": calibration,
}
