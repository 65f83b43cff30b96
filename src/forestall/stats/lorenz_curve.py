"""How far events gather at few places, and how much of that chance alone would give.

Lorenz curve and Gini index of counts over places; the same curve when the same number of events falls on the places at
random (in proportion to ``exposure`` where given). With fewer events than places even pure chance looks concentrated
(Bernasco and Steenbeek, *More places than crimes*, Journal of Quantitative Criminology 33 (2017) 451-467), so the excess
over chance is the finding and the plain share is not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import special
from scipy import stats as ss

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats._unfit import Unfit
from forestall.text import msg, probability

Floats = npt.NDArray[np.float64]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


@register
@dataclass(frozen=True, kw_only=True)
class Concentration(Figures):
    """``places`` and ``events``: totals. ``gini`` in [0, 1]; ``gini_chance``: its mean under chance alone, with
    ``gini_chance_interval`` (95 %); ``gini_expected``: the same mean without drawing (None for weighted events);
    ``gini_excess`` = (gini - gini_chance) / (1 - gini_chance); ``gini_generalised``: Bernasco and Steenbeek's, 0 where
    events lie as far apart as so few can; ``p_value``: one-sided, that chance gives so high a Gini. ``half_share``: the
    smallest share of places that holds half of the events, ``half_share_chance`` the same of the mean curve under chance,
    with ``half_share_chance_interval`` (95 %). ``curve`` and ``curve_chance``: cumulative share of events at the top 0, 1,
    2 … places, each of shape (places + 1,)."""

    type_name: ClassVar[str] = "concentration"

    places: int
    events: float
    gini: float
    gini_chance: float
    gini_chance_interval: tuple[float, float]
    gini_expected: float | None
    gini_excess: float
    gini_generalised: float
    p_value: float
    half_share: float
    half_share_chance: float
    half_share_chance_interval: tuple[float, float]
    curve: Floats
    curve_chance: Floats

    def table(self) -> Table:
        columns = (
            Column("places", msg("Places, the fullest first"), None, True),
            Column("share_of_places", msg("Share of places"), None, True),
            Column("share", msg("Share of events"), None, True),
            Column("share_chance", msg("Share of events by chance alone"), None, True),
        )
        rows = tuple(
            (k, k / self.places, float(self.curve[k]), float(self.curve_chance[k])) for k in _steps(self.places, 25)
        )
        return Table(columns, rows, msg("Share of events at the fullest places"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        def line(curve: Floats, style: str) -> dict[str, Any]:
            values = [{"x": k / self.places, "y": float(curve[k])} for k in _steps(self.places, 200)]
            mark = {"type": "line", "style": style}
            return {"data": {"values": values}, "mark": mark, "encoding": {"x": x, "y": y}}

        percent = {"format": "%"}
        x = {"field": "x", "type": "quantitative", "axis": percent, "title": msg("Share of places").render(language)}
        y = {"field": "y", "type": "quantitative", "axis": percent, "title": msg("Share of events").render(language)}
        half = {
            "data": {"values": [{"x": self.half_share, "y": 0.5}]},
            "mark": {"type": "point", "filled": True, "style": "flagged", "size": 80},
            "encoding": {"x": x, "y": y},
        }
        layer = [line(self.curve_chance, "expected"), line(self.curve, "observed"), half]
        return {"$schema": SCHEMA, "width": 420, "height": 300, "layer": layer}

    def explain(self, language: str = "en") -> str:
        first = msg(
            "Half of the {events:count} events lie at {half:percent} of the {places:count} places; chance alone would put "
            "half of so few events at {chance:percent}.",
            events=self.events, half=self.half_share, places=self.places, chance=self.half_share_chance,
        )  # fmt: skip
        p = probability(self.p_value, language)
        if self.p_value <= 0.05:
            second = msg(
                "That is more than chance (p {p}); the excess of the Gini index is {excess:ratio} of the most there could "
                "be. What the places have that draws events, and whether it lasts, the curve can't tell.",
                p=p, excess=self.gini_excess,
            )  # fmt: skip
        else:
            second = msg("That is not clearly more than chance (p {p}), so there is no concentration to explain.", p=p)
        failed = (c.text for c in self.checks if not c.passed)
        return " ".join(m.render(language) for m in (first, second, *failed))


def concentration(
    counts: npt.ArrayLike,
    *,
    exposure: npt.ArrayLike | None = None,
    event_weights: npt.ArrayLike | None = None,
    draws: int = 199,
    seed: int = 0,
) -> Concentration:
    """Concentration of ``counts`` (one a place, 0 or more; weights such as harm may be fractions).

    ``exposure``: what chance is proportional to (population, street length); equal where None. The chance curve is the
    mean of ``draws`` multinomial draws of the rounded number of events. Where ``counts`` add up weights (harm, cost), give
    ``event_weights``, the weight of each single event, in any order: chance then deals those very events, since one
    murder can't be spread over 5,475 places. Raises ``ValueError`` for negative or missing counts, for no events at all,
    and for event weights that don't add up to the counts.
    """
    x = _counts(counts)
    total = x.sum()
    share = np.full(x.size, 1 / x.size) if exposure is None else np.asarray(exposure, float).ravel()
    if share.shape != x.shape or not (np.isfinite(share) & (share >= 0)).all() or share.sum() <= 0:
        raise ValueError("exposure needs one number of 0 or more for each place, and some above 0")
    if draws < 1:
        raise ValueError(f"draws must be 1 or more, not {draws!r}")
    share = share / share.sum()
    rng = np.random.default_rng(seed)
    n = max(1, round(total))
    if event_weights is None:
        weights = None
    else:
        weights = _weights(event_weights, float(total))
        n = weights.size
    chance, ginis, halves = np.zeros(x.size + 1), np.empty(draws), np.empty(draws)
    dealt = rng.multinomial(n, share, size=draws) if weights is None and x.size * draws <= 50_000_000 else None
    for i in range(draws):
        if dealt is not None:
            s: npt.NDArray[Any] = dealt[i]
        elif weights is None:
            s = rng.multinomial(n, share)
        else:
            s = np.bincount(rng.choice(x.size, n, p=share), weights, x.size)
        drawn = lorenz(s)
        chance += drawn
        ginis[i] = gini(s)
        halves[i] = half_share(drawn)
    curve, curve_chance = lorenz(x), chance / draws
    g, g0 = gini(x), float(ginis.mean())
    return Concentration(
        places=x.size,
        events=float(total),
        gini=g,
        gini_chance=g0,
        gini_chance_interval=(float(np.quantile(ginis, 0.025)), float(np.quantile(ginis, 0.975))),
        gini_expected=gini_expected(n, share) if weights is None else None,
        gini_excess=(g - g0) / (1 - g0) if g0 < 1 else 0.0,
        gini_generalised=gini_generalised(g, x.size, n),
        p_value=float((1 + (ginis >= g - 1e-12).sum()) / (draws + 1)),
        half_share=half_share(curve),
        half_share_chance=half_share(curve_chance),
        half_share_chance_interval=(float(np.quantile(halves, 0.025)), float(np.quantile(halves, 0.975))),
        curve=curve,
        curve_chance=curve_chance,
        parameters={"draws": draws, "exposure": exposure is not None, "event_weights": weights is not None},
        seed=seed,
        checks=(_whole(x, weights is not None),),
    )


def _counts(counts: npt.ArrayLike) -> Floats:
    x = np.asarray(counts, float).ravel()
    bad = ~(np.isfinite(x) & (x >= 0))
    if bad.any():
        raise ValueError(f"counts must be 0 or more, with none missing, not {float(x[bad][0])!r}")
    if not x.any():
        raise Unfit(msg("there are no events, so their concentration is not known"))
    return x


def _weights(values: npt.ArrayLike, total: float) -> Floats:
    w = np.asarray(values, float).ravel()
    bad = ~(np.isfinite(w) & (w >= 0))
    if bad.any():
        raise ValueError(f"event_weights must be 0 or more, with none missing, not {float(w[bad][0])!r}")
    if not math.isclose(float(w.sum()), total, rel_tol=1e-6):
        raise ValueError(
            f"event_weights add up to {w.sum():g} and the counts to {total:g}: give the events behind the counts"
        )
    return w


def _whole(counts: Floats, weighted: bool) -> Check:
    whole = weighted or bool((counts == np.round(counts)).all())
    text = (
        msg("Chance deals the same events that were counted.")
        if whole
        else msg(
            "The counts are not whole, so they add up weights, and chance was dealt in ones: that makes chance look more "
            "even than it is. Give the weight of each event."
        )
    )
    return Check("whole-counts", whole, text)


def _steps(places: int, most: int) -> list[int]:
    """Numbers of places from 0 to all, no more than about ``most``, closest together at the start."""
    if places <= most:
        return list(range(places + 1))
    return sorted({0, places, *(round(places * (i / most) ** 2) for i in range(1, most))})


def gini_generalised(gini: float, places: int, events: float) -> float:
    """Bernasco and Steenbeek's: 0 where each event has a place of its own, which is the most even that fewer events than
    places can be; the plain Gini index where events are as many as places or more."""
    if not (0 <= gini <= 1 and places >= 1 and events > 0):
        raise ValueError(
            f"a Gini index lies from 0 to 1, of 1 place or more and events above 0, not {gini!r} of {places!r}"
        )
    return max(places / events, 1.0) * (gini - 1) + 1


def gini_expected(events: int, share: npt.ArrayLike) -> float:
    """The mean of the Gini index when ``events`` fall on places at random with probabilities ``share``, shape (places,).

    Exact where all places are alike: two places' counts differ, given their sum s ~ Binomial(events, 2 / places), by a
    simple random walk of s steps. Otherwise counts are taken as independent Poisson, whose differences have nearly the
    same variance. Raises ``ValueError`` for fewer than one event, and shares that don't add up to 1.
    """
    p = np.asarray(share, float).ravel()
    n = p.size
    if not events >= 1:
        raise ValueError(f"events must be 1 or more, not {events!r}")
    if not ((p >= 0).all() and math.isclose(float(p.sum()), 1.0, rel_tol=1e-6)):
        raise ValueError("share must hold the probability of each place, 0 or more and 1 in all")
    if n < 2:
        return 0.0
    if np.allclose(p, 1 / n, rtol=1e-9):
        top = int(ss.binom.isf(1e-15, events, 2 / n)) + 1
        s = np.arange(max(1, int(ss.binom.ppf(1e-15, events, 2 / n))), min(top, events) + 1)
        half = (s + 1) // 2
        walk = (
            2
            * half
            * np.exp(special.gammaln(s + 1) - special.gammaln(half + 1) - special.gammaln(s - half + 1) - s * math.log(2))
        )
        gap = float(ss.binom.pmf(s, events, 2 / n) @ walk)
        return (n - 1) * gap / (2 * events)
    mean = events * p
    k_most = int(ss.poisson.isf(1e-12, mean.max())) + 1
    # Around k the distributions change over sqrt(k) or slower: every k at first, then eight to each such stretch.
    k = np.unique(((np.arange(16 * math.sqrt(k_most) + 17) / 16) ** 2).astype(np.int64))
    term = np.empty(k.size)
    for part in np.array_split(np.arange(k.size), max(1, k.size * n // 1_000_000)):
        f = special.pdtr(k[part, None], mean[None, :])
        term[part] = f.sum(1) * (1 - f).sum(1) - (f * (1 - f)).sum(1)
    total = float(np.diff(k) @ (term[:-1] + term[1:]) + term[0] - term[-1]) / 2 + float(term[-1])
    # total is the sum over ordered pairs of E(Xi - Xj)+, and so half the sum of E|Xi - Xj|.
    return total / (n * events)


def lorenz(counts: npt.ArrayLike) -> Floats:
    """Cumulative share of events at the top 0, 1, 2 … places, fullest first; shape (places + 1,). Raises ``ValueError`` for
    counts below 0 or missing, and for no events at all."""
    x = np.sort(_counts(counts))[::-1]
    return np.concatenate([[0.0], np.cumsum(x) / x.sum()])


def gini(counts: npt.ArrayLike) -> float:
    """Gini index of ``counts``: 0 where all places have the same, (n - 1) / n where one has all. Raises as
    :func:`lorenz`."""
    x = np.sort(_counts(counts))
    n = x.size
    return float((2 * np.arange(1, n + 1) - n - 1) @ x / (n * x.sum()))


def half_share(curve: Floats) -> float:
    """The smallest share of places whose cumulative share (a :func:`lorenz` curve) reaches one half."""
    return float(np.argmax(curve >= 0.5 - 1e-12) / (curve.size - 1))
