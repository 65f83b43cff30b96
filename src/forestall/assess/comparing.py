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
from forestall.stats._balancing import balance
from forestall.stats._hull_kernels import nearest_weights

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
    """Weights (groups, areas) of the synthetic control of each group's mean, over its like areas.

    What an area counts is chance as much as level, so the square of each weight costs as much as the counts scatter by
    chance (a ridge): of the weights that follow the course, the evenest are taken.
    """
    like = like_areas(panel, groups, away, before)
    parts = _parts(before, max(PARTS, len(before) // 3))
    course = np.column_stack([panel.counts[:, p].sum(1) for p in parts])  # (areas, parts)
    k = groups.shape[1]
    out = sparse.lil_matrix((len(groups), len(panel.areas)))
    for i, group in enumerate(groups):
        row = slice(like.indptr[i], like.indptr[i + 1])
        donors = like.indices[row][np.argsort(-like.data[row], kind="stable")][:DONORS]
        x = np.asfortranarray(course[donors].T)
        ridge = float(x.sum() / max(len(donors), 1))
        out[i, donors] = k * nearest_weights(x, course[group].mean(0), np.ones(len(donors), bool), ridge)
    return out.tocsr()


def calibration(panel: Panel, groups: Ints, away: Bools, before: Ints) -> sparse.csr_matrix:
    """Weights (groups, areas) that reproduce each group's totals: population, records, and the outcome by part; the
    nearest that can be had where no weights do."""
    columns = [panel.counts[:, p].sum(1) for p in _parts(before, PARTS)]
    columns += [panel.everything[:, before].sum(1), panel.centre[:, before].sum(1)]
    columns += [panel.population] if panel.population is not None else []
    free = np.flatnonzero(~away)
    if len(free) > SPREAD:
        f = describe(panel, before)
        distance = np.full(len(f), np.inf)
        distance[free] = cKDTree(f[np.unique(groups)]).query(f[free])[0]
        free = np.sort(np.argsort(distance, kind="stable")[:SPREAD])
    x = np.column_stack(columns)
    x = (x - x[free].mean(0)) / np.maximum(x[free].std(0), 1e-9)
    n, k = groups.shape
    usable = indicator(groups, len(panel.areas))[:, free].toarray() == 0
    found = balance(x[free], x[groups].sum(1), np.full(n, float(k)), usable)
    rows, at = np.nonzero(found.weights)
    return sparse.csr_matrix((found.weights[rows, at], (rows, free[at])), shape=(n, len(panel.areas)))


def _parts(before: Ints, number: int) -> list[Ints]:
    return [p for p in np.array_split(before, min(number, len(before))) if len(p)]


WAYS: Mapping[str, Callable[[Panel, Ints, Bools, Ints], sparse.csr_matrix]] = {
    "difference-in-differences": like_areas,
    "synthetic-control": synthetic_control,
    "calibration-weights": calibration,
}
