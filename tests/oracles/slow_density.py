"""Slow, obvious twins of the kernel densities: one sum over all events at every centre, and integrals by fine sums."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bounds = tuple[float, float, float, float]


def gaussian(squared: Floats, h: Floats | float) -> Floats:
    return np.exp(-squared / (2 * h**2)) / (2 * math.pi * h**2)


def quartic(squared: Floats, h: Floats | float) -> Floats:
    return np.where(squared < h**2, 3 / (math.pi * h**2) * (1 - squared / h**2) ** 2, 0.0)


KERNELS: dict[str, Callable[..., Floats]] = {"gaussian": gaussian, "quartic": quartic}


def centres(bounds: Bounds, cell: float) -> tuple[Floats, Floats]:
    """Easting and northing of every cell's centre, row by row from the south-west."""
    across = np.arange(bounds[0] + cell / 2, bounds[2], cell)
    up = np.arange(bounds[1] + cell / 2, bounds[3], cell)
    east, north = np.meshgrid(across, up)
    return east, north


def density(x: Floats, y: Floats, w: Floats, h: Floats | float, east: Floats, north: Floats, kernel: str) -> Floats:
    """Per square metre at each place, without any edge correction."""
    out = np.zeros(east.shape)
    h = np.broadcast_to(h, x.shape)
    for a, b, weight, width in zip(x, y, w, h, strict=True):
        out += weight * KERNELS[kernel]((east - a) ** 2 + (north - b) ** 2, width)
    return out


def mass(
    x: Floats,
    y: Floats,
    h: Floats | float,
    bounds: Bounds,
    cell: float,
    mask: npt.NDArray[np.bool_],
    kernel: str,
    parts: int = 9,
) -> Floats:
    """How much of the kernel about each place lies in the cells of the mask: a sum over a lattice of ``parts`` by ``parts``
    points in each cell."""
    fine = cell / parts
    east, north = centres(bounds, fine)
    inside = np.kron(mask, np.ones((parts, parts))) > 0
    h = np.broadcast_to(h, x.shape)
    out = np.empty(x.shape)
    for k in np.ndindex(x.shape):
        out[k] = KERNELS[kernel]((east[inside] - x[k]) ** 2 + (north[inside] - y[k]) ** 2, h[k]).sum() * fine**2
    return out


def log_likelihood(x: Floats, y: Floats, h: float, bounds: Bounds, cell: float) -> float:
    """Σ log λ₋ᵢ(xᵢ) - ∫ λ, events at an event's own location left out, with the edge correction at each place."""
    east, north = centres(bounds, cell)
    whole = np.ones(east.shape, bool)
    total = 0.0
    for a, b in zip(x, y, strict=True):
        others = (x != a) | (y != b)
        around = density(x[others], y[others], np.ones(others.sum()), h, np.array([a]), np.array([b]), "gaussian")
        total += math.log(around[0] / mass(np.array([a]), np.array([b]), h, bounds, cell, whole, "gaussian", 3)[0])
    field = density(x, y, np.ones(x.size), h, east, north, "gaussian")
    field /= mass(east, north, h, bounds, cell, whole, "gaussian", 3)
    return total - float(field.sum()) * cell**2
