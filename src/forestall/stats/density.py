"""Where events gather: a kernel density on a metre grid, per square kilometre.

λ(u) = Σ wᵢ k((u - xᵢ) / hᵢ) / e, with e the kernel's mass inside the study region (Diggle 1985; Jones 1993). Adaptive
bandwidths: Abramson, *On bandwidth variation in kernel estimates*, Annals of Statistics 10 (1982) 1217-1223. Bandwidth by
cross-validated likelihood: Loader, *Local regression and likelihood* (1999), as in spatstat's ``bw.ppl``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats._density_bandwidth import Chosen, likeliest
from forestall.stats._event_grid import (
    MOST_CELLS,
    EventGrid,
    Floats,
    coordinates,
    heat_map,
    lay_grid,
    outside_check,
    positive,
    region_of,
    stray_check,
    weights_of,
)
from forestall.stats._kernel_sums import abramson, adaptive_sum, fixed_sum, inside_only
from forestall.stats._smoothing import KERNELS
from forestall.text import Message, msg

#: Metres² in a square kilometre.
KM2 = 1e6


@register
@dataclass(frozen=True, kw_only=True)
class Density(Figures):
    """``intensity``: events (or weight) per square kilometre at each cell's centre, shape (rows, columns), rows from the
    south and columns from the west, not a number outside the study region. ``bounds``: xmin, ymin, xmax, ymax in metres.
    ``cell`` and ``bandwidth`` in metres; ``bandwidths``: the smallest and largest that an event got (equal unless
    adaptive). ``events``: how many were used; ``total``: their weights' sum."""

    type_name: ClassVar[str] = "density"

    intensity: Floats
    bounds: tuple[float, float, float, float]
    cell: float
    kernel: str
    bandwidth: float
    bandwidths: tuple[float, float]
    events: int
    total: float
    weighted: bool

    @property
    def x(self) -> Floats:
        """Eastings of the columns' centres."""
        return _grid_of(self.intensity, self.bounds, self.cell).centres()[0]

    @property
    def y(self) -> Floats:
        """Northings of the rows' centres."""
        return _grid_of(self.intensity, self.bounds, self.cell).centres()[1]

    @property
    def peak(self) -> tuple[float, float, float]:
        """Easting, northing and intensity of the densest cell."""
        row, column = np.unravel_index(int(np.nanargmax(self.intensity)), self.intensity.shape)
        return float(self.x[column]), float(self.y[row]), float(self.intensity[row, column])

    @property
    def mean(self) -> float:
        """The total over the study region's area, per square kilometre."""
        return self.total / (int(np.isfinite(self.intensity).sum()) * self.cell**2 / KM2)

    def table(self, rows: int = 100) -> Table:
        """The ``rows`` densest cells; the whole grid is ``intensity``."""
        order = np.argsort(-np.where(np.isfinite(self.intensity), self.intensity, -np.inf), axis=None, kind="stable")
        order = order[: min(rows, int(np.isfinite(self.intensity).sum()))]
        i, j = np.unravel_index(order, self.intensity.shape)
        return Table(
            (
                Column("easting", msg("Easting of the centre"), msg("m"), True),
                Column("northing", msg("Northing of the centre"), msg("m"), True),
                Column("intensity", self._unit(), None, True),
                Column("times_mean", msg("Times the mean"), None, True),
            ),
            tuple(
                (float(self.x[b]), float(self.y[a]), float(v := self.intensity[a, b]), float(v) / self.mean)
                for a, b in zip(i, j, strict=True)
            ),
            msg("The densest cells"),
        )

    def chart(self, language: str = "en") -> dict[str, Any]:
        return heat_map(
            self.intensity,
            _grid_of(self.intensity, self.bounds, self.cell),
            title=self._unit().render(language),
            east=msg("km east").render(language),
            north=msg("km north").render(language),
            unknown=msg("outside the study region").render(language),
        )

    def explain(self, language: str = "en") -> str:
        x, y, top = self.peak
        first = msg(
            "Spread by a kernel of {h:count} m, {n:count} events are densest at easting {x:.0f}, northing {y:.0f}: "
            "{top:decimal} a square kilometre, {times:decimal} times the mean of the region.",
            h=self.bandwidth, n=self.events, x=x, y=y, top=top, times=top / self.mean,
        )  # fmt: skip
        if self.weighted:
            first = msg(
                "Spread by a kernel of {h:count} m, the weight of {n:count} events is densest at easting {x:.0f}, northing "
                "{y:.0f}: {top:decimal} a square kilometre, {times:decimal} times the mean of the region.",
                h=self.bandwidth, n=self.events, x=x, y=y, top=top, times=top / self.mean,
            )  # fmt: skip
        limit = msg(
            "It shows where events were recorded and not how likely anyone there is to be harmed, has no margin of error "
            "of its own, and can't tell streets apart that lie nearer each other than the bandwidth."
        )
        failed = [c.text for c in self.checks if not c.passed]
        return " ".join(m.render(language) for m in (first, limit, *failed))

    def _unit(self) -> Message:
        return msg("Weight a square kilometre") if self.weighted else msg("Events a square kilometre")


def kernel_density(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    cell: float | None = None,
    bandwidth: float | str = "likelihood",
    kernel: str = "gaussian",
    weights: npt.ArrayLike | None = None,
    bounds: Sequence[float] | None = None,
    mask: npt.ArrayLike | None = None,
    edge: bool | str = True,
    adaptive: bool = False,
    most_cells: int = MOST_CELLS,
) -> Density:
    """The density of events at ``x``, ``y`` (metres, shape (n,)) on square cells.

    ``cell``: metres; None chooses a round size of which 100 to 250 make the longer side. ``bandwidth``: metres, the
    standard deviation of the Gaussian and the radius of the quartic kernel; ``"likelihood"`` cross-validates it.
    ``weights``: 0 or more for each event (harm, cost). ``bounds``: xmin, ymin, xmax, ymax of the study region, carried on
    to whole cells; that of the events where None. ``mask``: a boolean grid, True in the study region, rows from the south.
    ``edge``: True divides the sum at each place by the kernel's mass inside the region there, which leaves an even density
    even; ``"event"`` divides each event's kernel by its own mass, which keeps the total; False does neither. ``adaptive``:
    each event's bandwidth falls with the root of the density about it, between a quarter of the given one and four times;
    its edge correction is always by event.

    Events outside the region are left out, and a check says how many. Raises ``ValueError`` for places that are missing,
    weights below 0, a mask or bounds that don't fit, a likelihood bandwidth of events at one location, and a grid of more
    than ``most_cells``.
    """
    x, y = coordinates(x, y)
    w = weights_of(weights, x.size)
    if kernel not in KERNELS:
        raise ValueError(f"kernel must be one of {', '.join(KERNELS)}, not {kernel!r}")
    if edge not in (True, False, "event"):
        raise ValueError(f'edge must be True, False or "event", not {edge!r}')
    edge = edge if isinstance(edge, str) else bool(edge)
    grid = lay_grid(x, y, cell=cell, bounds=bounds, most_cells=most_cells)
    region = region_of(mask, grid)
    stray = stray_check(x, y)
    n = x.size
    x, y, w = inside_only(x, y, w, grid, region)
    checks = [outside_check(n - x.size, n), stray]
    if isinstance(bandwidth, str):
        if bandwidth != "likelihood":
            raise ValueError(f'bandwidth must be a number of metres or "likelihood", not {bandwidth!r}')
        chosen = likeliest(x, y, grid, region, bool(edge), kernel)
        checks += _choice_checks(chosen, x.size)
        h = chosen.bandwidth
    else:
        h = positive(bandwidth, "bandwidth")
    if adaptive:
        own = abramson(x, y, w, grid, region, h, kernel, bool(edge), most_cells)
        values = adaptive_sum(x, y, w, grid, region, own, kernel, bool(edge), most_cells)
    else:
        own = np.array([h])
        values = fixed_sum(x, y, w, grid, region, h, kernel, edge, most_cells)
    if region is not None:
        values = np.where(region, values, np.nan)
    return Density(
        intensity=values * KM2,
        bounds=grid.bounds,
        cell=grid.cell,
        kernel=kernel,
        bandwidth=h,
        bandwidths=(float(own.min()), float(own.max())),
        events=x.size,
        total=float(x.size if w is None else w.sum()),
        weighted=w is not None,
        checks=tuple(checks),
        parameters={
            "cell": grid.cell, "bandwidth": bandwidth, "kernel": kernel, "bounds": list(grid.bounds), "edge": edge,
            "adaptive": adaptive, "weighted": w is not None, "masked": region is not None,
        },
    )  # fmt: skip


def _choice_checks(chosen: Chosen, n: int) -> list[Check]:
    """What must be said of a bandwidth that the likelihood chose."""
    checks = []
    if chosen.shared:
        checks.append(
            Check(
                "shared-locations",
                chosen.shared <= n / 2,
                msg(
                    "{shared:count} of {n:count} events share a location with another; all at one location were left out "
                    "together when the bandwidth was chosen, because otherwise the likelihood would choose one of nothing.",
                    shared=chosen.shared, n=n,
                ),
            )
        )  # fmt: skip
    ends = {
        -1: msg(
            "The likeliest bandwidth is the smallest that was tried, {low:.0f} m: the events may be snapped to points, or "
            "the cells be too large.",
            low=chosen.low,
        ),
        1: msg(
            "The likeliest bandwidth is the largest that was tried, {high:.0f} m: the events show no gathering of a "
            "smaller size.",
            high=chosen.high,
        ),
        0: msg(
            "The likeliest bandwidth, {h:.0f} m, lies inside the range that was tried ({low:.0f} to {high:.0f} m).",
            h=chosen.bandwidth, low=chosen.low, high=chosen.high,
        ),
    }  # fmt: skip
    return [*checks, Check("bandwidth", chosen.at_end == 0, ends[chosen.at_end])]


def _grid_of(values: Floats, bounds: tuple[float, float, float, float], cell: float) -> EventGrid:
    return EventGrid(bounds[0], bounds[1], cell, values.shape[0], values.shape[1])
