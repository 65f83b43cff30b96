"""Sums of kernels over events, read at the centres of cells: one bandwidth for all, or each event with its own."""

from __future__ import annotations

import math

import numpy as np

from forestall.stats._density_kernels import deposit, gather
from forestall.stats._event_grid import Bools, EventGrid, Floats
from forestall.stats._smoothing import FINE, SPARE, Smoother, kernel_mass

#: Adaptive bandwidths stay within a quarter and four times the given one, on steps of a twelfth of a doubling.
CLIP, STEPS = 4.0, 12


def inside_only(
    x: Floats, y: Floats, w: Floats | None, grid: EventGrid, region: Bools | None
) -> tuple[Floats, Floats, Floats | None]:
    """The events inside the study region. Raises ``ValueError`` where there are none, or only weightless ones."""
    keep = grid.inside(x, y)
    if region is not None:
        keep[keep] = region.ravel()[grid.index(x[keep], y[keep])]
    if not keep.any():
        box = ", ".join(f"{v:g}" for v in grid.bounds)
        raise ValueError(
            f"none of the {x.size} events lies in the study region, within ({box}): give bounds that hold them"
        )
    if keep.all():
        return x, y, w
    inside = None if w is None else w[keep]
    if inside is not None and not inside.any():
        raise ValueError("the events inside the study region all have weight 0: give some of them weight")
    return x[keep], y[keep], inside


class Nodes:
    """The nodes on which kernels are summed: the grid's cells, divided by an odd number where the bandwidth asks for it
    (so that every centre stays a node), and some to spare all round."""

    def __init__(self, grid: EventGrid, region: Bools | None, least: float, reach: float, kernel: str, most: int) -> None:
        parts = max(1, math.ceil(FINE[kernel] * grid.cell / least - 1e-9))
        self.parts = parts + (parts + 1) % 2
        rows, columns = grid.rows * self.parts, grid.columns * self.parts
        if rows * columns > most:
            raise ValueError(
                f"a bandwidth of {least:g} m on {grid.rows:,} by {grid.columns:,} cells of {grid.cell:g} m needs "
                f"{rows * columns:,} finer cells, and at most {most:,} are made: give a wider bandwidth, or a smaller "
                "region"
            )
        self.grid = EventGrid(grid.xmin, grid.ymin, grid.cell / self.parts, rows, columns)
        self.region = None if region is None else np.kron(region, np.ones((self.parts, self.parts), bool)).astype(bool)
        self.spare, self.kernel = SPARE, kernel
        self.shape = (rows + 2 * SPARE, columns + 2 * SPARE)
        self.smoother = Smoother(self.shape, self.grid.cell, reach, kernel)
        first = (0.5 - SPARE) * self.grid.cell
        self.at = (1 / self.grid.cell, grid.xmin + first, grid.ymin + first)

    def lay(self, x: Floats, y: Floats, w: Floats | None) -> Floats:
        """Events as weights of nodes."""
        nodes = np.zeros(self.shape)
        deposit(x, y, np.ones(1) if w is None else w, *self.at, nodes)
        return nodes

    def read(self, x: Floats, y: Floats, nodes: Floats) -> Floats:
        """What the nodes say at places."""
        out: Floats = gather(x, y, *self.at, nodes)
        return out

    def mass(self, h: float) -> Floats:
        return kernel_mass(self.grid, self.region, h, self.kernel, self.spare)

    def cells(self, nodes: Floats) -> Floats:
        """The nodes at the centres of the caller's cells."""
        start = self.spare + self.parts // 2
        return np.ascontiguousarray(nodes[start : -self.spare : self.parts, start : -self.spare : self.parts])


def fixed_sum(
    x: Floats, y: Floats, w: Floats | None, grid: EventGrid, region: Bools | None, h: float, kernel: str, edge: bool | str,
    most: int,
) -> Floats:  # fmt: skip
    """Events a square metre at the cells' centres, one bandwidth for all."""
    nodes = Nodes(grid, region, h, h, kernel, most)
    if edge == "event":
        share = np.clip(nodes.read(x, y, nodes.mass(h)), 1e-6, 1.0)
        w = (1.0 if w is None else w) / share
    values = nodes.cells(nodes.smoother.smooth(nodes.lay(x, y, w), h))
    if edge is True:
        values /= np.maximum(nodes.cells(nodes.mass(h)), 1e-12)
    return values


def abramson(
    x: Floats,
    y: Floats,
    w: Floats | None,
    grid: EventGrid,
    region: Bools | None,
    h: float,
    kernel: str,
    edge: bool,
    most: int,
) -> Floats:
    """Each event's bandwidth: h over the root of the pilot density there, relative to its geometric mean over events."""
    nodes = Nodes(grid, region, h, h, kernel, most)
    pilot = nodes.smoother.smooth(nodes.lay(x, y, w), h)
    if edge:
        pilot = pilot / np.maximum(nodes.mass(h), 1e-12)
    # An event's own kernel is part of the pilot, so the density at an event of weight above 0 is.
    floor = float(pilot.max()) * 1e-12
    logs = np.log(np.maximum(nodes.read(x, y, pilot), floor))
    mean = float(logs.mean() if w is None else (w * logs).sum() / w.sum())
    return np.clip(h * np.exp(-0.5 * (logs - mean)), h / CLIP, h * CLIP)


def adaptive_sum(
    x: Floats, y: Floats, w: Floats | None, grid: EventGrid, region: Bools | None, own: Floats, kernel: str, edge: bool,
    most: int,
) -> Floats:  # fmt: skip
    """Events a square metre, each with its own bandwidth: split between the two nearest of a ladder of bandwidths.

    The narrow rungs are summed on finer nodes than the wide ones.
    """
    low, high = float(own.min()), float(own.max())
    steps = max(1, math.ceil(math.log2(high / low) * STEPS))
    ladder = low * (high / low) ** (np.arange(steps + 1) / steps)
    place = np.clip(np.log(own / low) / max(math.log(high / low), 1e-12) * steps, 0, steps)
    rung = np.minimum(place.astype(np.int64), steps - 1)
    upper = place - rung
    w = np.ones(x.size) if w is None else w
    fine = int((ladder < FINE[kernel] * grid.cell).sum())
    values = np.zeros(grid.shape)
    for rungs in (range(fine), range(fine, steps + 1)):
        if not rungs:
            continue
        nodes = Nodes(grid, region, float(ladder[rungs[0]]), float(ladder[rungs[-1]]), kernel, most)
        product = None
        for k in rungs:
            here = np.flatnonzero(((rung == k) & (upper < 1)) | ((rung == k - 1) & (upper > 0)))
            if not here.size:
                continue
            h = float(ladder[k])
            part = w[here] * np.where(rung[here] == k, 1 - upper[here], upper[here])
            if edge:
                part = part / np.clip(nodes.read(x[here], y[here], nodes.mass(h)), 1e-6, 1.0)
            term = nodes.smoother.forward(nodes.lay(x[here], y[here], part)) * nodes.smoother.transform(h)
            product = term if product is None else product + term
        if product is not None:
            values += nodes.cells(nodes.smoother.back(product))
    return values
