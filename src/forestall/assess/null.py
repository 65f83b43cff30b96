"""What the outcome would have been had nothing been done, and how far such guesses miss where nothing was.

**Expected.** Of every group (the treated one and the placebos) the count after is foretold as

    e = b₁ · before · (C after / C before) + b₂ · late · (C after / C late),        b ≥ 0,

with C its comparison areas and *late* the last months before. The two b are fitted over the placebos by least squares
weighted by 1/e. Where places keep their level, b₁ is near 1 and b₂ near 0; where a place that stood high goes back to
itself by itself, b says by how much: this is the allowance for **regression to the mean**, measured in the same months on
places of the same size.

**Scatter.** The placebos' squared misses are fitted by v = v₁e + v₂e² + v₃h² + v₄es (v ≥ 0): chance with its
overdispersion, places going their own ways, places that stood far from their own level (h, the gap between the two terms
above), and places that were restless before (s, the mean square of the months before over their mean). A miss over √v is z.

**p and interval.** Placebos overlap, and none of them overlaps the treated areas; ranking the treated z among them would
reject too often, because the places that miss most are then left out just when they are treated. So each placebo is
judged as the treated group is: by those placebos alone that neither hold nor touch its areas, u = (z - their mean) / their
root mean square. p is twice the share of placebos whose u is at least as far out on the same side, (r+1)/(n+1). The
interval holds every ratio ρ for which (y - ρe)/√v(ρe) lies within the ends that the u give.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.optimize import nnls

from forestall.assess import comparing
from forestall.assess.panel import Bools, Floats, Ints, Panel

#: Months before the response that are looked at for themselves: a place is chosen for what happened there lately.
LATE = 3
#: Events of the whole force's course that stand behind every comparison, so that a few areas without events decide nothing.
BEHIND = 3.0


@dataclass(frozen=True, eq=False)
class Null:
    """One way of comparing, fitted.

    ``z``: how far each placebo missed, in units of its scatter; ``u``: the same as judged by those away from it; both
    (placebos,). ``counted`` and ``expected``: of the treated group, after. ``plain``: what was expected without allowing
    for regression to the mean. ``level``: the two b; ``scatter``: the four v; ``linear`` and ``square``: the treated
    group's variance at a ratio ρ is linear·ρ + square·ρ². ``weights``: comparison weights of the treated group,
    (areas,)."""

    way: str
    z: Floats
    u: Floats
    counted: float
    expected: float
    plain: float
    level: tuple[float, float]
    scatter: tuple[float, ...]
    linear: float
    square: float
    weights: Floats

    def variance(self, ratio: Floats | float) -> Floats:
        """The scatter that is to be expected of the treated group where ``ratio`` times ``expected`` is."""
        r = np.asarray(ratio, float)
        return np.asarray(self.linear * r + self.square * r**2 + 1e-9)

    def ends(self, level: float = 0.95) -> tuple[float, float]:
        """The z between which the treated group's lies with probability ``level`` where nothing was done."""
        u = np.sort(self.u)
        n = len(u)
        out = min(max(int(np.floor((1 - level) / 2 * (n + 1))), 1), n)
        return self._z(float(u[out - 1])), self._z(float(u[n - out]))

    @functools.cached_property
    def _all(self) -> tuple[float, float]:
        return float(self.z.mean()), float(np.sqrt((self.z**2).mean())) or 1.0

    def _z(self, u: float) -> float:
        return self._all[0] + self._all[1] * u

    def p_value(self, counted: float | None = None) -> float:
        """Two-sided, of a count in the treated group (the one that was counted)."""
        counted = self.counted if counted is None else counted
        z = (counted - self.expected) / np.sqrt(self.variance(1.0))
        u = float((z - self._all[0]) / self._all[1])
        n = len(self.u)
        above, below = int((self.u >= u - 1e-9).sum()), int((self.u <= u + 1e-9).sum())
        return float(min(1.0, 2 * (1 + min(above, below)) / (n + 1)))

    def interval(self, counted: float | None = None, level: float = 0.95) -> tuple[float, float]:
        """The ratios that fit a count in the treated group."""
        counted = self.counted if counted is None else counted
        low, high = self.ends(level)
        return self._ratio(counted, high), self._ratio(counted, low)

    def _ratio(self, counted: float, z: float) -> float:
        """ρ with (counted - ρe)/√v(ρ) = z: it falls as ρ grows."""

        def miss(r: float) -> float:
            return float((counted - r * self.expected) / np.sqrt(self.variance(r)) - z)

        low, high = 1e-4, 1e4
        if miss(low) <= 0:
            return 0.0
        if miss(high) >= 0:
            return float("inf")
        for _ in range(60):
            middle = float(np.sqrt(low * high))
            low, high = (middle, high) if miss(middle) > 0 else (low, middle)
        return float(np.sqrt(low * high))


@dataclass(frozen=True, eq=False)
class Drawn:
    """Placebos of a treated group, and which of them are away from each other. ``inside``: which areas each group holds,
    the treated one last, (groups, areas). ``far``: (placebos, placebos)."""

    members: Ints
    inside: sparse.csr_matrix
    far: Bools
    away: Bools


def drawn(panel: Panel, treated: Ints, groups: Ints, away: Bools) -> Drawn:
    """What does not hang on months: the placebos (``groups``, shape (placebos, size)) and which of them neither overlap nor
    touch."""
    members = np.vstack([groups, treated])
    inside = comparing.indicator(members, len(panel.areas))
    wide = inside[:-1] + inside[:-1] @ panel.contact
    near = (wide @ inside[:-1].T).toarray() > 0
    return Drawn(members, inside, ~near, away)


def null(panel: Panel, way: str, placebos: Drawn, before: Ints, after: Ints, chosen: Floats | None = None) -> Null:
    """Fits one way of comparing. ``before`` and ``after``: indices of months. ``chosen``: weights of the treated group's
    comparison where a person chose it, (areas,); the placebos' are the method's all the same."""
    weights = comparing.WAYS[way](panel, placebos.members, placebos.away, before)
    if chosen is not None:
        weights = sparse.vstack([weights[:-1], sparse.csr_matrix(chosen)]).tocsr()
    late = before[-LATE:]
    c_before, c_late, c_after = (panel.counts[:, m].sum(1) for m in (before, late, after))
    whole = [max(float(c[panel.own].sum()), 1e-9) for c in (c_before, c_late, c_after)]
    inside = placebos.inside
    y, was, lately = inside @ c_after, inside @ c_before, inside @ c_late
    behind = BEHIND * whole[2] / whole[0]
    compared_after = weights @ c_after
    ratio = (compared_after + behind) / (weights @ c_before + BEHIND)
    ratio_late = (compared_after + behind) / (weights @ c_late + BEHIND * whole[1] / whole[0])
    x = np.column_stack([was * ratio, lately * ratio_late])
    few = np.asarray(inside.sum(1)).ravel() * whole[2] / max(int(panel.own.sum()), 1)
    size = 1 / np.sqrt(x[:, 0] + 0.5 * few + 0.3)
    n = len(y) - 1
    level, _ = nnls(x[:n] * size[:n, None], y[:n] * size[:n])
    e = x @ level + 1e-6
    restless = _restless(panel, inside, weights, before, was, whole[0])
    parts = np.column_stack([e, e**2, (x[:, 1] - x[:, 0]) ** 2, e * restless])
    scatter, _ = nnls(parts[:n] / (e[:n, None] + 0.3), (y[:n] - e[:n]) ** 2 / (e[:n] + 0.3))
    if not scatter.any():
        scatter = np.array([1.0, 0.0, 0.0, 0.0])
    z = (y[:n] - e[:n]) / np.sqrt(parts[:n] @ scatter + 1e-9)
    own = parts[n]
    return Null(
        way=way, z=z, u=_judged(z, placebos.far), counted=float(y[n]), expected=float(e[n]), plain=float(x[n, 0]),
        level=(float(level[0]), float(level[1])), scatter=tuple(float(v) for v in scatter),
        linear=float(scatter[0] * own[0] + scatter[3] * own[3]), square=float(scatter[1] * own[1] + scatter[2] * own[2]),
        weights=weights[n].toarray().ravel(),
    )  # fmt: skip


def ahead(panel: Panel, played: Null, placebos: Drawn, before: Ints, months: int, chosen: Floats | None = None) -> Null:
    """What is to be expected of the treated group in the ``months`` to come, from where it stands now, and its scatter.

    ``played``: fitted on a part of ``before`` with the rest as the time after; its b, v and z are taken as they are. A
    place that stands high now is foretold to fall back, and less surely, as it will be when it is evaluated. The comparison
    is taken to go on at its level.
    """
    inside = placebos.inside[-1]
    if chosen is None:
        weights = comparing.WAYS[played.way](panel, placebos.members[-1:], placebos.away, before)
    else:
        weights = sparse.csr_matrix(chosen)
    was = np.asarray(inside @ panel.counts[:, before].sum(1))
    lately = float((inside @ panel.counts[:, before[-LATE:]].sum(1))[0])
    x = (float(was[0]) * months / len(before), lately * months / len(before[-LATE:]))
    e = played.level[0] * x[0] + played.level[1] * x[1] + 1e-6
    whole = max(float(panel.counts[panel.own][:, before].sum()), 1e-9)
    restless = float(_restless(panel, inside, weights, before, was, whole)[0])
    v = played.scatter
    linear, square = v[0] * e + v[3] * e * restless, v[1] * e**2 + v[2] * (x[1] - x[0]) ** 2
    return replace(played, counted=e, expected=e, plain=x[0], linear=linear, square=square)


def _judged(z: Floats, far: Bools) -> Floats:
    """Each z against those of the placebos away from it."""
    number = np.maximum(far.sum(1), 1)
    mean = (far @ z) / number
    spread = np.sqrt((far @ z**2) / number)
    return np.asarray((z - mean) / np.maximum(spread, 1e-9))


def _restless(
    panel: Panel, inside: sparse.csr_matrix, weights: sparse.csr_matrix, before: Ints, was: Floats, whole: float
) -> Floats:
    """Mean square of each group's months before, over what its comparison foretells of them; about 1 by chance alone."""
    months = panel.counts[:, before]
    course = weights @ months + BEHIND * months[panel.own].sum(0) / whole
    foretold = was[:, None] * course / np.maximum(course.sum(1, keepdims=True), 1e-9)
    return np.asarray(((inside @ months - foretold) ** 2).sum(1) / np.maximum(was, 1.0))
