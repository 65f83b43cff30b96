"""Kernels on a grid: their transforms, and how much of a kernel's mass lies inside a study region.

``gaussian``: its bandwidth is the standard deviation. ``quartic``: 3 / (π h²) (1 - r² / h²)² within the bandwidth h.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.special import ndtr

from forestall.stats._event_grid import Bools, EventGrid, Floats

KERNELS = ("gaussian", "quartic")
#: A Gaussian is cut off at so many bandwidths, where it has fallen to 15 billionths of its peak.
REACH = 6.0
#: Cells per bandwidth (at least) on which a kernel is summed; finer cells are made inside where the caller's are coarser.
FINE = {"gaussian": 2.0, "quartic": 6.0}
#: Nodes to spare all round, for the cubic weights.
SPARE = 2


def kernel_at(squared: Floats, h: float, kernel: str) -> Floats:
    """The kernel of bandwidth ``h`` at squared distances, per square metre."""
    if kernel == "gaussian":
        out: Floats = np.exp(-0.5 * squared / h**2) / (2 * math.pi * h**2)
        return out
    rest: Floats = np.maximum(0.0, 1.0 - squared / h**2)
    return 3.0 / (math.pi * h**2) * rest * rest


def roughness(h: float, kernel: str) -> float:
    """The integral of the squared kernel, per square metre: one over the area that it averages over."""
    return 1 / (4 * math.pi * h**2) if kernel == "gaussian" else 9 / (5 * math.pi * h**2)


class Smoother:
    """Sums of kernels on ``shape`` nodes ``cell`` apart, by real Fourier transforms that are padded so that nothing
    wraps round; ``reach`` is the largest bandwidth to come."""

    def __init__(self, shape: tuple[int, int], cell: float, reach: float, kernel: str) -> None:
        self.shape, self.cell, self.kernel = shape, cell, kernel
        far = math.ceil((REACH if kernel == "gaussian" else 1.0) * reach / cell)
        self.size = tuple(fft.next_fast_len(n + min(far, n - 1), real=True) for n in shape)

    def forward(self, grid: Floats) -> npt.NDArray[np.complex128]:
        out: npt.NDArray[np.complex128] = fft.rfft2(grid, self.size)
        return out

    def back(self, transform: npt.NDArray[np.complex128]) -> Floats:
        """The grid again; rounding below 0 is set to 0."""
        out: Floats = fft.irfft2(transform, self.size, overwrite_x=True)[: self.shape[0], : self.shape[1]]
        return np.maximum(out, 0.0)

    def transform(self, h: float, power: int = 1) -> Any:
        """The transform of the kernel (or of its square), per square metre: an array, or a product of two by shape."""
        rows, columns = (self._steps(n, s) for n, s in zip(self.shape, self.size, strict=True))
        if self.kernel == "gaussian":
            width, height = h / math.sqrt(power), (2 * math.pi * h**2) ** -power
            taps = [np.where(abs(d) <= REACH * h, np.exp(-0.5 * (d / width) ** 2), 0.0) for d in (rows, columns)]
            down, across = fft.fft(taps[0]).real, fft.rfft(taps[1]).real
            return height * down[:, None] * across[None, :]
        squared = rows[:, None] ** 2 + columns[None, :] ** 2
        return fft.rfft2(kernel_at(squared, h, self.kernel) ** power)

    def _steps(self, nodes: int, size: int) -> Floats:
        """Metres from node 0, going round the padded circle; further than any two nodes lie is infinitely far."""
        steps = np.arange(size)
        steps = np.minimum(steps, size - steps)
        return np.where(steps < nodes, steps * self.cell, np.inf)

    def smooth(self, grid: Floats, h: float) -> Floats:
        """The sum over nodes of what they hold times the kernel, at each node."""
        product = self.forward(grid)
        product *= self.transform(h)
        return self.back(product)


def kernel_mass(grid: EventGrid, region: Bools | None, h: float, kernel: str, spare: int = 0) -> Floats:
    """How much of a kernel that is centred on each cell lies inside the region, from 0 to 1.

    The cells are those of the grid and ``spare`` rows and columns all round; the region is None for the whole grid.
    """
    rows, columns = grid.rows + 2 * spare, grid.columns + 2 * spare
    if kernel == "gaussian" and region is None:
        sides = []
        for n in (grid.rows, grid.columns):
            at = (np.arange(n + 2 * spare) - spare + 0.5) * grid.cell
            sides.append(ndtr((n * grid.cell - at) / h) - ndtr(-at / h))
        return np.outer(sides[0], sides[1])
    whole = np.ones(grid.shape) if region is None else region.astype(np.float64)
    nodes = np.pad(whole, spare)
    smoother = Smoother((rows, columns), grid.cell, h, kernel)
    steps = [smoother._steps(n, s) for n, s in zip(smoother.shape, smoother.size, strict=True)]
    if kernel == "gaussian":
        # The mass of the kernel in each cell, exactly: a difference of distribution functions along each side.
        taps = [
            ndtr((d + grid.cell / 2) / h) - ndtr((d - grid.cell / 2) / h) for d in (np.minimum(s, 1e9 * h) for s in steps)
        ]
        down, across = fft.fft(taps[0]).real, fft.rfft(taps[1]).real
        transform = down[:, None] * across[None, :]
    else:
        # Of a kernel of bounded reach: the mean over a fine lattice in each cell, made to add up to one.
        parts = (np.arange(5) - 2) / 5 * grid.cell
        stencil = np.zeros(smoother.size)
        for a in parts:
            for b in parts:
                stencil += kernel_at((steps[0][:, None] + a) ** 2 + (steps[1][None, :] + b) ** 2, h, kernel)
        far = math.ceil(h / grid.cell) + 1
        d = np.arange(-far, far + 1) * grid.cell
        total = sum(
            float(kernel_at((d[:, None] + a) ** 2 + (d[None, :] + b) ** 2, h, kernel).sum()) for a in parts for b in parts
        )
        transform = fft.rfft2(stencil / total)
    return np.clip(smoother.back(smoother.forward(nodes) * transform), 0.0, 1.0)
