"""Outlier: an area with far more in the last year than areas of its kind, for as many residents.

Areas of a kind are those of one nation with about as many residents to the square kilometre. (Welsh and English measures of
deprivation rank different things, so areas of the two are never compared.) Rates of areas of a kind differ by more than
chance; how much is fitted, robustly, and only what stands out from that counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import optimize, special
from scipy import stats as ss

from forestall.records.ground import Ground
from forestall.scan.targets import targets
from forestall.stats.multiple import benjamini_hochberg
from forestall.stats.rates import conditional_interval

Floats = npt.NDArray[np.float64]

#: Fewest areas of a kind; records that an area must expect to be compared.
KIND, EXPECTED = 40, 4.0
#: Share of a kind's areas, by rate, whose counts set its middle and spread.
KNOWN = 0.9
#: Kinds by density of residents: from the emptiest to the fullest fifth.
DENSITIES = 5
#: Outliers listed: q up to this, and so many a category.
LISTED, EACH = 0.2, 3


@dataclass(frozen=True)
class Outlier:
    """``row``: index of the area. ``peers``: how many areas of its kind. ``spread``: standard deviation of the log of the
    rates of its kind beyond chance. ``centre``: whether many more come there than live there, as far as the records of all
    categories tell."""

    category: str
    row: int
    since: int
    observed: int
    expected: float
    interval: tuple[float, float]
    p_value: float
    q_value: float
    peers: int
    spread: float
    centre: bool


def find(ground: Ground) -> tuple[list[Outlier], dict[str, int]]:
    """Outliers with q up to :data:`LISTED`, strongest first, and for each category how many areas were compared.

    Nothing is compared where no residents are loaded.
    """
    cube = ground.cube
    people = residents(ground)
    number = {c: 0 for c in cube.categories if targets(c, cube)}
    if people is None:
        return [], number
    kind = kinds(ground, people)
    centre = town_centres(ground, people)
    pending: list[tuple[Outlier, int]] = []  # with the records of the others of its kind
    for category in number:
        used = np.flatnonzero(ground.usable[category])[-12:]
        if used.size < 12:
            continue
        counts = cube.of(category)[:, used].sum(1)
        for k in np.unique(kind[kind >= 0]):
            rows = np.flatnonzero((kind == k) & (people > 0) & ~ground.broken[category])
            if rows.size < KIND or counts[rows].sum() == 0:
                continue
            tail, expected, spread = compare(counts[rows], people[rows])
            tried = np.flatnonzero(np.isfinite(tail))
            number[category] += tried.size
            for j in tried:
                area, c, e = int(rows[j]), int(counts[rows[j]]), float(expected[j])
                rest = int(counts[rows].sum()) - c
                found = Outlier(
                    category, area, int(used[0]), c, e, (0.0, np.inf), float(tail[j]), 1.0, rows.size - 1, spread,
                    bool(centre[area]),
                )  # fmt: skip
                pending.append((found, rest))
    p = [o.p_value for o, _ in pending]
    q = benjamini_hochberg(p)
    listed: list[Outlier] = []
    held: dict[str, int] = {}
    for j in np.argsort(p, kind="stable"):
        if q[j] > LISTED:
            break
        o, rest = pending[j]
        held[o.category] = held.get(o.category, 0) + 1
        if held[o.category] <= EACH:
            interval = conditional_interval(o.observed, rest, o.expected / rest) if rest else o.interval
            listed.append(replace(o, q_value=float(q[j]), interval=interval))
    return listed, number


def compare(counts: npt.NDArray[np.int64], people: Floats) -> tuple[Floats, Floats, float]:
    """For areas of one kind: p of so many records or more (NaN where there is too little to compare), what each is expected
    to have, and the spread of log rates beyond chance.

    Rates are taken as log-normal about the kind's middle rate, and counts as Poisson given the rate. Middle and spread are
    the most likely ones for the areas below :data:`KNOWN` of the kind, with the others known only to lie above: so the
    outliers that are looked for don't set them.
    """
    flat = counts.sum() * people / people.sum()
    worth = flat >= EXPECTED
    if worth.sum() < KIND // 2:
        return np.full(counts.size, np.nan), flat, float("nan")
    middle, spread = fit(counts[worth], flat[worth])
    expected = flat * np.exp(middle)
    # The spread is an estimate, from areas some of which are censored: a t law is wider in its tails.
    stretched = ss.t.ppf(ss.norm.cdf(_NODE), max(3.0, 0.5 * float(worth.sum())))
    mean = expected[:, None] * np.exp(spread * stretched)[None, :]
    tail = (special.pdtrc(np.maximum(counts[:, None] - 1, 0), mean) * _WEIGHT).sum(1)
    tail = np.where(counts > 0, np.clip(tail, 1e-300, 1.0), 1.0)
    return np.where(worth, tail, np.nan), expected, spread


#: Nodes and weights of a standard normal mean: evenly spaced, because a Poisson law of many records is narrow.
_NODE = np.linspace(-6, 6, 241)
_WEIGHT = np.exp(-0.5 * _NODE**2) / np.exp(-0.5 * _NODE**2).sum()


def fit(counts: npt.NDArray[np.int64], flat: Floats) -> tuple[float, float]:
    """Mean and standard deviation of log rates (over ``flat``), by likelihood, the highest rates censored."""
    rate = counts / flat
    limit = np.floor(np.quantile(rate, KNOWN) * flat)
    above = counts > limit
    constant = special.gammaln(counts[~above] + 1.0)
    c, e, edge, e_above = counts[~above, None].astype(float), flat[~above, None], limit[above, None], flat[above, None]

    def cost(at: Floats) -> float:
        factor = np.exp(np.clip(at[0] + np.exp(np.clip(at[1], -7, 1.5)) * _NODE, -30, 30))[None, :]
        m = e * factor
        inside = np.exp(c * np.log(m) - m - constant[:, None]) @ _WEIGHT
        outside = special.pdtrc(edge, e_above * factor) @ _WEIGHT
        return -float(np.log(np.maximum(inside, 1e-300)).sum() + np.log(np.maximum(outside, 1e-300)).sum())

    start = np.array([float(np.log(max(np.median(rate), 0.1))), np.log(0.4)])
    found = optimize.minimize(cost, start, method="Nelder-Mead", options={"xatol": 0.01, "fatol": 0.01, "maxiter": 200})
    return float(found.x[0]), float(np.exp(np.clip(found.x[1], -7, 1.5)))


def residents(ground: Ground) -> Floats | None:
    """Residents of each area in the last year's nearest year; None where none are loaded."""
    near = ground.level.population_near(int(ground.cube.months[-1][:4]))
    return None if near is None else np.nan_to_num(np.asarray(near[1][ground.rows], float))


def kinds(ground: Ground, people: Floats) -> npt.NDArray[np.int64]:
    """A number for each area's kind: its nation, and the fifth of that nation's areas by density of residents that it is
    in. -1 where the density is not known."""
    level, out = ground.level, np.full(people.size, -1, np.int64)
    x, y = np.asarray(level.easting)[ground.rows], np.asarray(level.northing)[ground.rows]
    around = ground.neighbours[:, : min(7, ground.neighbours.shape[1])]
    known = np.isfinite(x) & (people > 0) & (around >= 0).all(1)
    # The distance to the sixth nearest centroid tells how far apart people live, with no need of boundaries.
    far = np.full(people.size, np.nan)
    last = around[:, -1]
    far[known] = np.hypot(x[known] - x[last[known]], y[known] - y[last[known]])
    density = np.full(people.size, np.nan)
    density[known] = people[around[known]].sum(1) / np.maximum(far[known], 1.0) ** 2
    nation = np.array([code[:1] for code in ground.cube.areas])
    first = 0
    for letter in np.unique(nation):
        here = np.flatnonzero((nation == letter) & np.isfinite(density))
        fifths = max(1, min(DENSITIES, here.size // KIND))
        rank = np.argsort(np.argsort(density[here], kind="stable"), kind="stable")
        out[here] = first + rank * fifths // max(here.size, 1)
        first += fifths
    return out


def town_centres(ground: Ground, people: Floats) -> npt.NDArray[np.bool_]:
    """Areas whose shoplifting and theft from the person, for their residents, lie in the top twentieth of the force: shops
    and nights out bring people there who don't live there."""
    cube = ground.cube
    told = [c for c in ("shoplifting", "theft-from-the-person") if c in cube.categories]
    if not told or people.sum() == 0:
        return np.zeros(people.size, bool)
    visited = sum(cube.of(c)[:, -12:].sum(1) for c in told)
    rate = np.where(people > 0, visited / np.maximum(people, 1), 0.0)
    return np.asarray((rate >= np.quantile(rate, 0.95)) & (rate > 0), bool)
