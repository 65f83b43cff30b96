"""The statistical model of the fictional force: how many records of each category in each area and month.

A count is Poisson given its rate, and the rate is

    share of the area x season x trend x length of the month (by weekdays) x wobble of the force's month
    x burst of the area's month (gamma) x drift of the area x drift of its neighbourhood (both lognormal, first-order)

so counts are overdispersed, more so over several months, and neighbours move together a little, as they do in real records.
:func:`model` builds it; :meth:`Model.draw_counts` draws from it. The records of ``forestall sample`` are one such draw, so
what is calibrated on the model holds for the sample.
"""

from __future__ import annotations

import calendar
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from forestall.sample.geography import Floats, Geography, Ints, geography

#: The months of the sample: four years.
MONTHS = tuple(f"{year}-{month:02d}" for year in range(2022, 2026) for month in range(1, 13))
#: Standard scores at which ``curve`` in constants.yaml gives the log of an area's rate over the mean.
CURVE_AT = (-3.0, -1.0, 0.0, 1.0, 2.0, 3.0)
#: How far a neighbourhood's drift reaches, in areas by order of nearness (width of a Gaussian).
NEIGHBOURHOOD = 5.0

Boost = tuple[str, Sequence[str] | Ints, Sequence[str] | Ints, float]


@functools.cache
def constants() -> Mapping[str, Mapping[str, Any]]:
    """The numbers that the model takes from real life, by category (see constants.yaml)."""
    import yaml

    text = resources.files("forestall.sample").joinpath("constants.yaml").read_text(encoding="utf-8")
    return {str(k): v for k, v in yaml.safe_load(text)["categories"].items()}


@dataclass(frozen=True)
class Model:
    """Rates and dispersion of the fictional force. C categories, A areas, T months.

    ``mean``: float64 (C, A, T), expected counts. ``planted``: float64 (C, A, T), the factors by which planted problems and
    responses change the mean (1 where nothing is planted). ``burst``, ``drift``, ``quarter``, ``wobble``: float64 (C, 2 or
    1), see constants.yaml.
    """

    geography: Geography
    categories: tuple[str, ...]
    months: tuple[str, ...]
    mean: Floats
    planted: Floats
    wobble: Floats
    burst: Floats
    drift: Floats
    quarter: Floats
    blend: Floats

    @property
    def codes(self) -> tuple[str, ...]:
        """Area codes, in the order of the second axis of counts."""
        return self.geography.codes

    @property
    def easting(self) -> Floats:
        """Centroids, British National Grid metres."""
        return self.geography.easting

    @property
    def northing(self) -> Floats:
        """Centroids, British National Grid metres."""
        return self.geography.northing

    @property
    def population(self) -> dict[int, Floats]:
        """Residents by year."""
        return self.geography.population

    def draw_rates(self, rng: np.random.Generator, *, planted: bool = False, boost: Boost | None = None) -> Floats:
        """Rates of one possible history, (C, A, T): the mean with its bursts and drifts, before the Poisson draw."""
        C, A, T = self.mean.shape
        log = np.empty((C, A, T), dtype=np.float32)
        log[:] = (self.wobble[:, 0, None, None] * rng.standard_normal((C, 1, T))) - 0.5 * self.wobble[:, 0, None, None] ** 2
        log += _first_order(rng.standard_normal((C, A, T), dtype=np.float32), self.drift)
        apart = _first_order(rng.standard_normal((C, A, T), dtype=np.float32), self.quarter, centre=False)
        log += np.einsum("ab,cbt->cat", self.blend.astype(np.float32), apart, optimize=True)
        log -= (0.5 * self.quarter[:, 0])[:, None, None].astype(np.float32)
        variance = self.burst[:, 0, None, None] * np.maximum(self.mean, 0.02) ** -self.burst[:, 1, None, None]
        shape = 1.0 / np.maximum(variance, 1e-6)
        rate = self.mean * np.exp(log) * (rng.standard_gamma(shape) / shape)
        if planted:
            more = self.mean * np.maximum(self.planted - 1.0, 0.0)  # what is added has no bursts or drifts of its own
            rate = rate * np.minimum(self.planted, 1.0) + more
        if boost is not None:
            category, areas, months, factor = boost
            c = self.categories.index(category)
            a = _positions(areas, self.codes)
            t = _positions(months, self.months)
            rate[c, a[:, None], t] *= factor
        return np.asarray(rate, dtype=np.float64)

    def draw_counts(
        self, rng: np.random.Generator, planted: bool = False, boost: Boost | None = None
    ) -> npt.NDArray[np.int64]:
        """One possible history of counts, int64 (C, A, T).

        ``planted`` adds the planted problems and responses of truth.json. ``boost`` is (category, areas, months, factor):
        the rates of those areas (codes or indices) in those months (names or indices) times the factor, for curves of
        power.
        """
        return rng.poisson(self.draw_rates(rng, planted=planted, boost=boost)).astype(np.int64)


def model(seed: int = 1, *, place: Geography | None = None) -> Model:
    """The model of the fictional force of ``seed``."""
    from forestall.sample.planted import factors

    place = geography(seed) if place is None else place
    table = constants()
    categories = tuple(sorted(table))
    share = _shares(np.random.default_rng([seed, 2]), place, categories)
    profile = np.array([_profile(table[c]) for c in categories])
    monthly = np.array([float(table[c]["monthly"]) for c in categories])
    mean = monthly[:, None, None] * share[:, :, None] * profile[:, None, :]
    column = {key: np.array([np.atleast_1d(table[c][key]) for c in categories], dtype=float) for key in _DISPERSION}
    return Model(
        geography=place,
        categories=categories,
        months=MONTHS,
        mean=mean,
        planted=factors(place, categories, MONTHS, mean),
        blend=_blend(place),
        **column,
    )


_DISPERSION = ("wobble", "burst", "drift", "quarter")


def _positions(wanted: Sequence[str] | Ints, names: tuple[str, ...]) -> Ints:
    return np.array([names.index(w) if isinstance(w, str) else int(w) for w in wanted], dtype=np.int64)


def _first_order(noise: npt.NDArray[np.float32], component: Floats, *, centre: bool = True) -> npt.NDArray[np.float32]:
    """Stationary first-order autoregression along the last axis, in place. ``component``: (C, 2), variance and
    correlation."""
    variance = component[:, 0].astype(np.float32)[:, None]
    rho = component[:, 1].astype(np.float32)[:, None]
    innovation = np.sqrt(1 - rho**2)
    for t in range(1, noise.shape[2]):
        noise[:, :, t] = rho * noise[:, :, t - 1] + innovation * noise[:, :, t]
    noise *= np.sqrt(variance)[:, :, None]
    if centre:
        noise -= 0.5 * variance[:, :, None]
    return noise


def _blend(place: Geography, reach: float = NEIGHBOURHOOD) -> Floats:
    """Weights (A, A) that turn independent unit noise into noise shared among neighbours, each row of unit length."""
    near = place.nearest(len(place.codes))
    weight = np.exp(-((np.arange(near.shape[1]) / reach) ** 2))
    out = np.zeros((len(near), len(near)))
    np.put_along_axis(out, near, np.broadcast_to(weight, near.shape), axis=1)
    return np.asarray(out / np.sqrt((out**2).sum(axis=1, keepdims=True)), dtype=np.float64)


def _shares(rng: np.random.Generator, place: Geography, categories: tuple[str, ...]) -> Floats:
    """Share of each category's records that falls in each area, (C, A); rows sum to 1.

    An area's standing in a category is a score of hardship, town centre, residents and its own luck; the score's rank is
    turned into a rate by the category's ``curve``.
    """
    n = len(place.codes)
    scores = _normal_scores(n)
    around = _blend(place, 4.0)

    def standard(x: Floats) -> Floats:
        return np.asarray((x - x.mean()) / x.std(), dtype=np.float64)

    # disorder: hardship as the census sees it, with what it does not see
    general = standard(0.75 * place.hardship + 0.35 * standard(place.centrality) + 0.55 * rng.standard_normal(n))
    centre = standard(place.centrality + 0.25 * rng.standard_normal(n))
    shops = rng.choice(n, size=9, replace=False, p=np.where(place.rural, 0.2, 1.0) / np.where(place.rural, 0.2, 1.0).sum())
    centre[shops] += rng.uniform(0.8, 2.2, size=len(shops))
    people = standard(np.log(place.population[2022]))
    out = np.empty((len(categories), n))
    for c, category in enumerate(categories):
        entry = constants()[category]
        load = entry["load"]
        own = np.sqrt(max(0.06, 1.0 - sum(v * v for v in load)))
        patch = float(entry["patch"])
        luck = np.sqrt(1 - patch) * rng.standard_normal(n) + np.sqrt(patch) * (around @ rng.standard_normal(n))
        score = load[0] * general + load[1] * centre + load[2] * people + own * luck
        rate = np.exp(np.interp(scores, CURVE_AT, entry["curve"]))
        out[c, np.argsort(score, kind="stable")] = rate / rate.sum()
    return out


def _normal_scores(n: int) -> Floats:
    from scipy.special import ndtri

    return np.asarray(ndtri((np.arange(n) + 0.5) / n), dtype=np.float64)


def _profile(entry: Mapping[str, Any]) -> Floats:
    """Expected level of each month relative to the mean month: season, trend and the weekdays that it has."""
    weekday = np.array(entry["weekday"], dtype=float)
    weekday = weekday / weekday.mean()
    amplitude, peak = entry["season"]
    out = np.empty(len(MONTHS))
    for t, month in enumerate(MONTHS):
        year, number = int(month[:4]), int(month[5:])
        first, days = calendar.monthrange(year, number)
        length = weekday[(first + np.arange(days)) % 7].sum() / 30.4375
        wave = amplitude * np.cos(2 * np.pi * (number - peak) / 12)
        out[t] = length * np.exp(wave + float(entry["trend"]) * (t - (len(MONTHS) - 1) / 2) / 12)
    return np.asarray(out / out.mean(), dtype=np.float64)
