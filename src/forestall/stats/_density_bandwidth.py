"""The bandwidth that makes the events likeliest, each judged by the events at other locations.

The criterion is the log likelihood of a Poisson process, cross-validated: the sum over events of log λ₋ᵢ(xᵢ) less the
integral of λ. Leaving out only the event itself would reward ever smaller bandwidths wherever events share a location,
as snapped ones do; so *all* events at its location are left out, and no bandwidth below one cell is tried.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.spatial import cKDTree

from forestall.stats._event_grid import Bools, EventGrid, Floats
from forestall.stats._smoothing import Smoother, kernel_at, kernel_mass
from forestall.stats._unfit import Unfit
from forestall.text import msg

#: Bandwidths tried first, evenly spaced in their logarithm; then the best one's surroundings are searched to 1 %.
COARSE = 14
#: Nearest locations that stand for all others where an event is so alone that rounding would swamp the sum.
NEAR = 64
#: The quartic bandwidth that smooths as much as a Gaussian one of 1: the sixth root of 460.8, the ratio of their
#: roughness over squared variance (Marron and Nolan 1988), in two dimensions.
QUARTIC = 460.8 ** (1 / 6)


@dataclass(frozen=True)
class Chosen:
    """The bandwidth that was chosen, the range that was tried, how many events share a location with another, and whether
    the choice lies ``at_end`` of the range: -1 the lower, 1 the upper, 0 neither."""

    bandwidth: float
    low: float
    high: float
    shared: int
    at_end: int


def likeliest(x: Floats, y: Floats, grid: EventGrid, region: Bools | None, edge: bool, kernel: str) -> Chosen:
    """The likeliest bandwidth between one cell and a quarter of the events' diagonal.

    It is found with the Gaussian kernel, events taken at their cells' centres; for the quartic kernel, under which any
    lonely event would be impossible, it is carried over to the bandwidth that smooths as much. Weights don't enter.
    Raises ``ValueError`` where all events lie at one location.
    """
    location, held = _locations(x, y, grid.cell)
    if held.size < 2:
        raise Unfit(
            msg(
                "all {n:count} events lie at one location, ({x:.0f}, {y:.0f}), so the likelihood can't choose a bandwidth: "
                "give one in metres",
                n=x.size,
                x=float(x[0]),
                y=float(y[0]),
            )
        )
    index = grid.index(x, y)
    same = held[location].astype(np.float64)
    low = grid.cell
    high = max(2 * low, math.hypot(float(np.ptp(x)), float(np.ptp(y))) / 4)
    counts = np.bincount(index, None, grid.rows * grid.columns).astype(np.float64).reshape(grid.shape)
    smoother = Smoother(grid.shape, grid.cell, high, "gaussian")
    transform = smoother.forward(counts)
    across, up = grid.centres()
    centre = np.column_stack([across[index % grid.columns], up[index // grid.columns]])
    occupied = np.flatnonzero(counts)
    nodes = np.column_stack([across[occupied % grid.columns], up[occupied // grid.columns]])
    tree = cKDTree(nodes)
    inside = slice(None) if region is None else region

    def value(log_h: float) -> float:
        h = math.exp(log_h)
        total = smoother.back(transform * smoother.transform(h))
        others = total.ravel()[index] - same / (2 * math.pi * h**2)
        logs = np.log(np.maximum(others, 1e-300))
        faint = np.flatnonzero(others < 1e-9 * max(float(total.max()), float(same.max()) / (2 * math.pi * h**2)))
        if faint.size:
            logs[faint] = _log_others(faint, centre, index, same, tree, counts.ravel()[occupied], occupied, h)
        whole = total
        if edge:
            mass = kernel_mass(grid, region, h, "gaussian")
            logs = logs - np.log(np.maximum(mass.ravel()[index], 1e-300))
            whole = total / np.maximum(mass, 1e-300)
        return float(logs.sum() - whole[inside].sum() * grid.cell**2)

    tried = np.linspace(math.log(low), math.log(high), COARSE)
    values = np.array([value(t) for t in tried])
    best = int(values.argmax())
    left, right = tried[max(0, best - 1)], tried[min(COARSE - 1, best + 1)]
    fine = minimize_scalar(lambda t: -value(t), bounds=(left, right), method="bounded", options={"xatol": 0.01})
    log_h = float(fine.x) if -fine.fun >= values[best] else float(tried[best])
    at_end = -1 if log_h < tried[0] + 0.02 else 1 if log_h > tried[-1] - 0.02 else 0
    scale = QUARTIC if kernel == "quartic" else 1.0
    shared = int(held[held > 1].sum())
    return Chosen(math.exp(log_h) * scale, low * scale, high * scale, shared, at_end)


def _locations(x: Floats, y: Floats, cell: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The location of each event, and how many each location holds. Events within the same hundredth of a cell share a
    location."""
    a = np.rint((x - x.min()) * (100 / cell)).astype(np.int64)
    b = np.rint((y - y.min()) * (100 / cell)).astype(np.int64)
    _, location, held = np.unique(a * (int(b.max()) + 1) + b, return_inverse=True, return_counts=True)
    return location, held


def _log_others(
    events: npt.NDArray[np.int64],
    centre: Floats,
    index: npt.NDArray[np.int64],
    same: Floats,
    tree: cKDTree,
    counts: Floats,
    occupied: npt.NDArray[np.int64],
    h: float,
) -> Floats:
    """log λ₋ᵢ of lonely events, from their nearest occupied cells and with no subtraction, so that it never underflows."""
    k = min(NEAR, counts.size)
    away, which = tree.query(centre[events], k=k)
    away, which = away.reshape(events.size, k), which.reshape(events.size, k)
    left = counts[which] - np.where(occupied[which] == index[events][:, None], same[events][:, None], 0.0)
    with np.errstate(divide="ignore"):
        terms = np.where(left > 0.5, np.log(np.maximum(left, 1e-300)), -np.inf) - 0.5 * (away / h) ** 2
    top = terms.max(1)
    safe = np.where(np.isfinite(top), top, 0.0)
    sums = np.log(np.maximum(np.exp(terms - safe[:, None]).sum(1), 1e-300)) + safe
    out: Floats = sums + math.log(float(kernel_at(np.zeros(1), h, "gaussian")[0]))
    return out
