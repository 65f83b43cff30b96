"""Fixed neighbourhoods and their counts: what falls and returning seasons are tested on.

A neighbourhood is an area with its nearest, in a few sizes; where places are loaded, each local authority is one more.
Given all its records, those that fall in a window are beta-binomial with the whole force's share of that window, scattering
by the dispersion that was fitted to the history (:mod:`forestall.stats.dispersion`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special
from scipy import stats as ss

from forestall.records.ground import Ground
from forestall.stats.dispersion import LONGEST, fit_dispersion
from forestall.stats.scan_statistics import shrink

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Areas in a neighbourhood, the centre included.
SIZES = (1, 5, 10, 25)
#: A neighbourhood holds this share of the force's records at most: what is larger is the force's own course.
MOST = 0.5
#: Scatter beyond the binomial's is taken as so many times the fitted: the fit has an error of its own (set on draws with
#: nothing planted of another seed than the benchmark's).
MARGIN = 1.2
#: Tails above this are left as the beta function approximates them: only smaller ones can count.
EXACT_BELOW = 0.01


@dataclass(frozen=True)
class Zones:
    """``rows``: areas of each zone, the centre first. ``phi``: variance over the binomial's of each zone and window,
    shape (zones, windows). ``member``: which areas a zone has, shape (zones, areas)."""

    rows: tuple[Ints, ...]
    member: Bools
    phi: Floats

    def sum(self, x: npt.NDArray[np.int64]) -> Ints:
        """Counts of areas, shape (areas, …), as counts of zones."""
        return np.asarray(self.member.astype(np.int64) @ x, np.int64)


def lay_zones(ground: Ground, counts: Ints, broken: Bools, windows: Ints) -> Zones:
    """All neighbourhoods, with the scatter of the last ``windows`` of ``counts``, shape (areas, periods).

    Counts of broken areas must be 0 already.
    """
    near, areas = ground.neighbours, counts.shape[0]
    width = min(max(SIZES), near.shape[1])
    filled = np.where(near[:, :width] >= 0, near[:, :width], 0)
    reach = (near[:, :width] >= 0).sum(1)
    at = [k for k in SIZES if k <= width]
    phi_near = _phi(counts, filled, reach, windows)
    rows: list[Ints] = []
    phi: list[Floats] = []
    seen: set[tuple[int, ...]] = set()
    for k in at:
        for a in range(areas):
            if broken[a] or reach[a] < k:
                continue
            zone = filled[a, :k]
            zone = zone[~broken[zone]]
            key = tuple(sorted(zone.tolist()))
            if key not in seen:
                seen.add(key)
                rows.append(zone)
                phi.append(phi_near[a, k - 1])
    hubs = [ground.places.parent(a, "lad") or "" for a in ground.cube.areas]
    names = sorted(set(hubs) - {""})
    if len(names) > 1:
        member = np.array([[h == name for h in hubs] for name in names]) & ~broken
        own = np.arange(len(names))[:, None]
        scatter = _phi(member.astype(np.int64) @ counts, own, np.ones(len(names), np.int64), windows)[:, 0]
        for i in range(len(names)):
            if member[i].any() and tuple(np.flatnonzero(member[i]).tolist()) not in seen:
                rows.append(np.flatnonzero(member[i]))
                phi.append(scatter[i])
    member = np.zeros((len(rows), areas), bool)
    for i, zone in enumerate(rows):
        member[i, zone] = True
    return Zones(tuple(rows), member, np.array(phi).reshape(len(rows), windows.size))


def _phi(counts: Ints, near: Ints, reach: Ints, windows: Ints) -> Floats:
    """Dispersion of every zone, from the periods before the longest window; shape (areas, zones, windows)."""
    periods, longest = counts.shape[1], int(windows.max())
    earlier = counts[:, : periods - longest]
    dispersion = fit_dispersion(earlier, near, reach=reach)
    before = earlier.sum(1)
    total = float(counts.sum())
    level = shrink(before) * total / float(before.sum()) if before.any() else counts.sum(1).astype(float)
    level = level / periods
    phi = dispersion.of_zones(level, near, windows, periods)
    for j in np.flatnonzero(windows > LONGEST):
        # Scatter is measured up to LONGEST periods: beyond, it goes on growing as it grew over the last doubling.
        half, full = dispersion.of_zones(level, near, np.array([LONGEST // 2, LONGEST]), periods).transpose(2, 0, 1)
        growth = np.clip((full - 1) / np.maximum(half - 1, 1e-9), 1.0, 2.0)
        phi[:, :, j] = 1 + (phi[:, :, j] - 1) * growth
    return np.asarray(1 + (phi - 1) * MARGIN, float)


def lower_tail(c: npt.ArrayLike, r: npt.ArrayLike, share: npt.ArrayLike, phi: npt.ArrayLike) -> Floats:
    """P(no more than ``c`` of ``r``), where a ``share`` is expected and the variance is ``phi`` times the binomial's."""
    return _tail(c, r, share, phi, lower=True)


def upper_tail(c: npt.ArrayLike, r: npt.ArrayLike, share: npt.ArrayLike, phi: npt.ArrayLike) -> Floats:
    """P(``c`` or more of ``r``), likewise."""
    return _tail(c, r, share, phi, lower=False)


def _tail(c: npt.ArrayLike, r: npt.ArrayLike, share: npt.ArrayLike, phi: npt.ArrayLike, *, lower: bool) -> Floats:
    c, r, share, phi = np.broadcast_arrays(*(np.asarray(v, float) for v in (c, r, share, phi)))
    tiny = 1e-9
    if lower:
        p = special.betaincc(c / phi + 1, np.maximum(r - c, tiny) / phi, share)
    else:
        p = special.betainc(np.maximum(c, tiny) / phi, np.maximum(r - c, 0) / phi + 1, share)
    p = np.array(np.clip(p, 0.0, 1.0))
    sure = (share > 0) & (share < 1) & (r > 0)
    p[~sure] = 1.0
    small = sure & (p < EXACT_BELOW) & (phi > 1 + 1e-6)  # without scatter the beta function is exact
    if small.any():
        n, k, s = r[small], c[small], share[small]
        strength = np.maximum(n / (phi[small] - 1) - 1, 0.05)
        if lower:
            # The dispersion is itself fitted: of the two lower tails the larger keeps the promise (benchmarks).
            p[small] = np.maximum(p[small], ss.betabinom.cdf(k, n.astype(np.int64), strength * s, strength * (1 - s)))
        else:  # as the lower tail of the rest: one less the lower tail would have lost the digits of a small one
            p[small] = ss.betabinom.cdf(n - k, n.astype(np.int64), strength * (1 - s), strength * s)
    return np.asarray(np.clip(p, 1e-300, 1.0), float)
