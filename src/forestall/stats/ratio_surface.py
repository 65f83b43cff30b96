"""The density of events over that of a population, or of another period's events: where is there more than its share?

ρ(u) = Σ wᵢ k(u - xᵢ) / Σ vⱼ k(u - zⱼ), one bandwidth for both (Bithell 1990; Kelsall and Diggle, *Non-parametric
estimation of spatial variation in relative risk*, Statistics in Medicine 14 (1995) 2335-2342), so that the edge correction
cancels. Where too little lies below the line to tell, the ratio is unknown and not merely unstable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats._density_bandwidth import likeliest
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
from forestall.stats._kernel_sums import Nodes, inside_only
from forestall.stats._smoothing import KERNELS, roughness
from forestall.text import msg

Points = tuple[npt.ArrayLike, npt.ArrayLike]


@register
@dataclass(frozen=True, kw_only=True)
class DensityRatio(Figures):
    """``relative``: how many times the region's own ratio each cell's is, shape (rows, columns), rows from the south and
    columns from the west; not a number outside the region and where the denominator is too thin (``unknown`` cells).
    ``ratio``: cases (or their weight) per ``per`` of the denominator. ``error``: the standard error of log ``relative``.
    ``overall``: the region's ratio. ``bounds``, ``cell``, ``bandwidth`` in metres. ``cases``, ``controls``: the totals."""

    type_name: ClassVar[str] = "density-ratio"

    relative: Floats
    ratio: Floats
    error: Floats
    bounds: tuple[float, float, float, float]
    cell: float
    kernel: str
    bandwidth: float
    cases: float
    controls: float
    overall: float
    per: float
    least: float
    unknown: int
    population: bool

    @property
    def clear(self) -> npt.NDArray[np.bool_]:
        """The cells whose ratio stands apart from the region's by more than chance, each judged by itself at 95 %."""
        known = np.isfinite(self.relative) & (self.relative > 0) & np.isfinite(self.error)
        log = np.log(np.where(known, self.relative, 1.0))
        out: npt.NDArray[np.bool_] = known & (np.abs(log) > 1.96 * np.where(known, self.error, 0.0))
        return out

    def table(self, rows: int = 100) -> Table:
        """The ``rows`` cells of the highest ratio; the whole grid is ``relative``."""
        across, up = _grid_of(self).centres()
        order = np.argsort(-np.where(np.isfinite(self.relative), self.relative, -np.inf), axis=None, kind="stable")
        order = order[: min(rows, int(np.isfinite(self.relative).sum()))]
        clear = self.clear
        return Table(
            (
                Column("easting", msg("Easting of the centre"), msg("m"), True),
                Column("northing", msg("Northing of the centre"), msg("m"), True),
                Column("relative", msg("Times the region's own ratio"), None, True),
                Column("ratio", msg("Ratio"), None, True),
                Column("error", msg("Standard error of its logarithm"), None, True),
                Column("clear", msg("More than chance, judged by itself"), None),
            ),
            tuple(
                (
                    float(across[j]), float(up[i]), float(self.relative[i, j]), float(self.ratio[i, j]),
                    float(self.error[i, j]), msg("yes") if clear[i, j] else msg("no"),
                )
                for i, j in zip(*np.unravel_index(order, self.relative.shape), strict=True)
            ),
            msg("The cells of the highest ratio"),
        )  # fmt: skip

    def chart(self, language: str = "en") -> dict[str, Any]:
        """A map of the ratio, from an eighth to eight times the region's own."""
        return heat_map(
            np.where(np.isfinite(self.relative), np.clip(self.relative, 1 / 8, 8), np.nan),
            _grid_of(self),
            title=msg("Times the region's own ratio").render(language),
            east=msg("km east").render(language),
            north=msg("km north").render(language),
            unknown=msg("not known").render(language),
            scale={"type": "log", "domain": [1 / 8, 8], "domainMid": 1, "range": "diverging", "clamp": True},
            marks=(1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8),
        )

    def explain(self, language: str = "en") -> str:
        known = int(np.isfinite(self.relative).sum())
        parts = []
        if known == 0:
            parts.append(msg("Nowhere is there enough below the line to tell a ratio."))
        else:
            i, j = np.unravel_index(int(np.nanargmax(self.relative)), self.relative.shape)
            across, up = _grid_of(self).centres()
            parts.append(
                msg(
                    "At easting {x:.0f}, northing {y:.0f} the ratio is {times:decimal} times that of the whole region. "
                    "{share:percent} of the cells where it is known stand apart from the region by more than chance; of "
                    "cells judged one by one about 5% would by chance alone.",
                    x=float(across[j]), y=float(up[i]), times=float(self.relative[i, j]),
                    share=float(self.clear.sum() / known),
                )
            )  # fmt: skip
        parts.append(
            msg(
                "Where fewer than {least:decimal} would be expected within the kernel's reach, the ratio is not known: "
                "{share:percent} of the region.",
                least=self.least, share=self.unknown / max(1, known + self.unknown),
            )
        )  # fmt: skip
        if self.population:
            parts.append(msg("Residents are the wrong measure where most people are visitors, as in a town centre."))
        else:
            parts.append(msg("A change in how events are recorded looks the same as a change in how many happen."))
        parts += [c.text for c in self.checks if not c.passed]
        return " ".join(m.render(language) for m in parts)


def density_ratio(
    cases: Points,
    controls: Points,
    *,
    weights: npt.ArrayLike | None = None,
    control_weights: npt.ArrayLike | None = None,
    cell: float | None = None,
    bandwidth: float | str = "likelihood",
    kernel: str = "gaussian",
    bounds: Sequence[float] | None = None,
    mask: npt.ArrayLike | None = None,
    least: float = 5.0,
    per: float = 1.0,
    most_cells: int = MOST_CELLS,
) -> DensityRatio:
    """The density of ``cases`` over that of ``controls``, each (x, y) in metres.

    ``control_weights`` makes the controls a population, such as the residents at each area's centre, which counts as known;
    without it they are events themselves (another period's), which scatter as the cases do. ``weights``: of the cases.
    ``bandwidth``: metres, or ``"likelihood"``, chosen on the cases. ``least``: how many cases the region's own ratio must
    lead one to expect within the kernel's reach (the area over which it averages, 4πh² for the Gaussian) before a ratio is
    told; of controls that are events so many are needed too. ``per``: the ratio is per so many of the denominator.
    The other options are those of ``kernel_density``.

    Raises ``ValueError`` as ``kernel_density`` does, for either set of points, and for ``least`` or ``per`` not above 0.
    """
    x, y = coordinates(*_pair(cases, "cases"), what="case")
    u, v = coordinates(*_pair(controls, "controls"), what="control")
    w, r = weights_of(weights, x.size), weights_of(control_weights, u.size, "control_weights")
    if kernel not in KERNELS:
        raise ValueError(f"kernel must be one of {', '.join(KERNELS)}, not {kernel!r}")
    least, per = positive(least, "least", "events"), positive(per, "per", "the denominator's units")
    everyone = np.concatenate([x, u]), np.concatenate([y, v])
    grid = lay_grid(*everyone, cell=cell, bounds=bounds, most_cells=most_cells)
    region = region_of(mask, grid)
    stray, n = stray_check(*everyone), x.size + u.size
    x, y, w = inside_only(x, y, w, grid, region)
    u, v, r = inside_only(u, v, r, grid, region)
    if isinstance(bandwidth, str):
        if bandwidth != "likelihood":
            raise ValueError(f'bandwidth must be a number of metres or "likelihood", not {bandwidth!r}')
        h = likeliest(x, y, grid, region, True, kernel).bandwidth
    else:
        h = positive(bandwidth, "bandwidth")
    nodes = Nodes(grid, region, h, h, kernel, most_cells)
    top, top_squares = _sums(nodes, x, y, w, h)
    bottom, bottom_squares = _sums(nodes, u, v, r, h)
    total = float(x.size if w is None else w.sum())
    below = float(u.size if r is None else r.sum())
    reach = 1 / roughness(h, kernel)
    known = bottom / below * x.size * reach >= least
    if r is None:
        known &= bottom * reach >= least
        # A control scatters as a case does; a population is taken as it stands.
    inside = np.ones(grid.shape, bool) if region is None else region
    known &= inside
    divisor = np.where(known, bottom, 1.0)
    ratio = np.where(known, top / divisor, np.nan)
    seen = known & (top > 0)
    variance = np.where(seen, top_squares / np.where(seen, top, 1.0) ** 2, np.nan)
    if r is None:
        variance = variance + bottom_squares / divisor**2
    overall = total / below
    return DensityRatio(
        relative=ratio / overall,
        ratio=ratio * per,
        error=np.sqrt(variance),
        bounds=grid.bounds,
        cell=grid.cell,
        kernel=kernel,
        bandwidth=h,
        cases=total,
        controls=below,
        overall=overall * per,
        per=per,
        least=least,
        unknown=int((inside & ~known).sum()),
        population=r is not None,
        checks=(
            outside_check(n - x.size - u.size, n),
            stray,
            _thin_check(float((inside & ~known).sum() / inside.sum())),
        ),
        parameters={
            "cell": grid.cell, "bandwidth": bandwidth, "kernel": kernel, "bounds": list(grid.bounds), "least": least,
            "per": per, "weighted": w is not None, "population": r is not None, "masked": region is not None,
        },
    )  # fmt: skip


def _pair(points: Points, name: str) -> Points:
    if not isinstance(points, tuple | list) or len(points) != 2:
        raise ValueError(f"{name} must be the two arrays (x, y)")
    return points[0], points[1]


def _sums(nodes: Nodes, x: Floats, y: Floats, w: Floats | None, h: float) -> tuple[Floats, Floats]:
    """Σ w k and Σ w² k² at the cells' centres."""
    smoother = nodes.smoother
    plain = smoother.forward(nodes.lay(x, y, w))
    squares = plain if w is None else smoother.forward(nodes.lay(x, y, w**2))
    return (
        nodes.cells(smoother.back(plain * smoother.transform(h))),
        nodes.cells(smoother.back(squares * smoother.transform(h, 2))),
    )


def _thin_check(share: float) -> Check:
    if share <= 0.5:
        return Check("thin", True, msg("The ratio is known in {share:percent} of the region.", share=1 - share))
    return Check(
        "thin",
        False,
        msg(
            "The ratio is known in only {share:percent} of the region: a wider bandwidth tells more, less sharply.",
            share=1 - share,
        ),
    )


def _grid_of(result: DensityRatio) -> EventGrid:
    return EventGrid(result.bounds[0], result.bounds[1], result.cell, *result.relative.shape)
