"""What the outcome would have been had nothing been done, and how far such guesses miss where nothing was.

**Expected.** Of every group (the treated one and the placebos) the count after is foretold as

    e = b₁ · before · (C after / C before) + b₂ · late · (C after / C late),        b ≥ 0,

with C its comparison areas and *late* the last months before. The two b are fitted over the placebos by least squares
weighted by 1/e. Where places keep their level, b₁ is near 1 and b₂ near 0; where a place that stood high goes back to
itself by itself, b says by how much: this is the allowance for **regression to the mean**, measured in the same months on
places of the same size.

**Scatter.** The placebos' squared misses are fitted by v(e) = v₁e + v₂e² (v ≥ 0): chance with its overdispersion, and places
going their own ways. Each miss over √v is z.

**p and interval.** p is twice the share of placebos whose z is at least as far out on the same side, (r+1)/(n+1). The interval
holds every ratio ρ for which (y - ρe)/√v(ρe) lies within the placebos' own quantiles.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import nnls

from forestall.assess import comparing
from forestall.assess.groups import Groups
from forestall.assess.panel import Bools, Floats, Ints, Panel

#: Months before the response that are looked at for themselves: a place is chosen for what happened there lately.
LATE = 3
#: Events of the whole force's course that stand behind every comparison, so that a few areas without events decide nothing.
BEHIND = 3.0


@dataclass(frozen=True, eq=False)
class Null:
    """Of one way of comparing: what was counted after (``y``) and expected (``e``) in each placebo, shape (placebos,), and
    in the treated group (``treated``: counted, expected). ``level``: the two b. ``scatter``: the two v. ``weights``: comparison
    weights of the treated group, (areas,). ``compared``: what its comparison counted before and after."""

    way: str
    y: Floats
    e: Floats
    treated: tuple[float, float]
    plain: float
    level: tuple[float, float]
    scatter: tuple[float, float]
    weights: Floats
    compared: tuple[float, float]

    def variance(self, e: Floats | float) -> Floats:
        """The scatter that is to be expected at ``e``."""
        e = np.asarray(e, float)
        return np.asarray(self.scatter[0] * e + self.scatter[1] * e**2 + 1e-9)

    @functools.cached_property
    def z(self) -> Floats:
        """How far each placebo missed, in units of its scatter, sorted."""
        return np.sort((self.y - self.e) / np.sqrt(self.variance(self.e)))

    def p_value(self, counted: float, ratio: float = 1.0) -> float:
        """Two-sided, of a count in the treated group where the true ratio is ``ratio``."""
        e = self.treated[1] * ratio
        z = (counted - e) / np.sqrt(self.variance(e))
        n = len(self.z)
        above = n - np.searchsorted(self.z, z - 1e-9, "left")
        below = np.searchsorted(self.z, z + 1e-9, "right")
        return float(min(1.0, 2 * (1 + min(above, below)) / (n + 1)))

    def ends(self, level: float = 0.95) -> tuple[float, float]:
        """The z between which the share ``level`` of the placebos lies."""
        n = len(self.z)
        out = max(int(np.floor((1 - level) / 2 * (n + 1))), 1)
        return float(self.z[out - 1]), float(self.z[n - out])

    def interval(self, counted: float, level: float = 0.95) -> tuple[float, float]:
        """The ratios that fit a count in the treated group."""
        low, high = self.ends(level)
        return self._ratio(counted, high), self._ratio(counted, low)

    def _ratio(self, counted: float, z: float) -> float:
        """ρ with (counted - ρe)/√v(ρe) = z: it falls as ρ grows."""
        e = self.treated[1]

        def miss(r: float) -> float:
            m = r * e
            return float((counted - m) / np.sqrt(self.variance(m)) - z)

        low, high = 1e-4, 1e4
        if miss(low) <= 0:
            return 0.0
        if miss(high) >= 0:
            return float("inf")
        for _ in range(60):
            middle = float(np.sqrt(low * high))
            low, high = (middle, high) if miss(middle) > 0 else (low, middle)
        return float(np.sqrt(low * high))


def null(
    panel: Panel, way: str, treated: Ints, groups: Groups, away: Bools, before: Ints, after: Ints
) -> Null:
    """Fits one way of comparing. ``before`` and ``after``: indices of months; ``away``: areas that compare with nothing."""
    members = np.vstack([groups.members, treated])
    weights = comparing.WAYS[way](panel, members, away, before)
    inside = comparing.indicator(members, len(panel.areas))
    return fit(panel, way, inside, weights, before, after)


def fit(
    panel: Panel, way: str, inside: sparse.csr_matrix, weights: sparse.csr_matrix, before: Ints, after: Ints
) -> Null:
    """The same of groups and weights that are known, the treated group last; both (groups, areas)."""
    late = before[-LATE:]
    c_before, c_late, c_after = (panel.counts[:, m].sum(1) for m in (before, late, after))
    whole = [max(float(c[panel.own].sum()), 1e-9) for c in (c_before, c_late, c_after)]
    y, was, lately = inside @ c_after, inside @ c_before, inside @ c_late
    behind = BEHIND * whole[2] / whole[0]
    compared_before, compared_after = weights @ c_before, weights @ c_after
    ratio = (compared_after + behind) / (compared_before + BEHIND)
    ratio_late = (compared_after + behind) / (weights @ c_late + BEHIND * whole[1] / whole[0])
    x = np.column_stack([was * ratio, lately * ratio_late])
    few = np.asarray(inside.sum(1)).ravel() * whole[2] / max(int(panel.own.sum()), 1)
    size = 1 / np.sqrt(x[:, 0] + 0.5 * few + 0.3)
    n = len(y) - 1
    level, _ = nnls(x[:n] * size[:n, None], y[:n] * size[:n])
    e = x @ level + 1e-6
    shape = np.column_stack([e, e**2])[:n] / (e[:n, None] + 0.3)
    scatter, _ = nnls(shape, (y[:n] - e[:n]) ** 2 / (e[:n] + 0.3))
    if not scatter.any():
        scatter = np.array([1.0, 0.0])
    return Null(
        way=way, y=y[:n], e=e[:n], treated=(float(y[n]), float(e[n])), plain=float(x[n, 0]),
        level=(float(level[0]), float(level[1])), scatter=(float(scatter[0]), float(scatter[1])),
        weights=weights[n].toarray().ravel(), compared=(float(compared_before[n]), float(compared_after[n])),
    )  # fmt: skip
