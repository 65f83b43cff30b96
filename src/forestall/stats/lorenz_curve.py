"""How far events gather at few places, and how much of that chance alone would give.

Lorenz curve and Gini index of counts over places; the same curve when the same number of events falls on the places at
random (in proportion to ``exposure`` where given). With fewer events than places even pure chance looks concentrated
(Bernasco and Steenbeek, *More places than crimes*, Journal of Quantitative Criminology 33 (2017) 451-467), so the excess
over chance is the finding and the plain share is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forestall.text import msg

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Concentration:
    """``places`` and ``events``: totals. ``gini`` in [0, 1]; ``gini_chance``: its mean under chance alone, with
    ``gini_chance_interval`` (95 %); ``gini_excess`` = (gini - gini_chance) / (1 - gini_chance). ``half_share``: the
    smallest share of places that holds half of the events, ``half_share_chance`` the same under chance. ``curve`` and
    ``curve_chance``: cumulative share of events at the top 0, 1, 2 … places, each of shape (places + 1,)."""

    places: int
    events: float
    gini: float
    gini_chance: float
    gini_chance_interval: tuple[float, float]
    gini_excess: float
    half_share: float
    half_share_chance: float
    curve: Floats
    curve_chance: Floats

    def explain(self, language: str = "en") -> str:
        return msg(
            "Half of the {events:count} events lie at {half:percent} of the {places:count} places; chance alone would put "
            "half of so few events at {chance:percent}.",
            events=self.events, half=self.half_share, places=self.places, chance=self.half_share_chance,
        ).render(language)  # fmt: skip


def concentration(
    counts: npt.ArrayLike, *, exposure: npt.ArrayLike | None = None, draws: int = 199, seed: int = 0
) -> Concentration:
    """Concentration of ``counts`` (one a place, 0 or more; weights such as harm may be fractions).

    ``exposure``: what chance is proportional to (population, street length); equal where None. The chance curve is the
    mean of ``draws`` multinomial draws of the rounded number of events. Raises ``ValueError`` for negative or missing
    counts and for no events at all.
    """
    x = np.asarray(counts, float).ravel()
    if not (x >= 0).all():
        raise ValueError("counts must be 0 or more, with none missing")
    total = x.sum()
    if total <= 0:
        raise ValueError("there are no events, so their concentration is not known")
    share = np.full(x.size, 1 / x.size) if exposure is None else np.asarray(exposure, float).ravel()
    if share.shape != x.shape or not (share >= 0).all() or share.sum() <= 0:
        raise ValueError("exposure needs one number of 0 or more for each place, and some above 0")
    rng = np.random.default_rng(seed)
    n = max(1, round(total))
    simulated = rng.multinomial(n, share / share.sum(), size=draws)
    chance = np.array([lorenz(s) for s in simulated])
    ginis = np.array([gini(s) for s in simulated])
    curve, curve_chance = lorenz(x), chance.mean(0)
    g, g0 = gini(x), float(ginis.mean())
    return Concentration(
        places=x.size,
        events=float(total),
        gini=g,
        gini_chance=g0,
        gini_chance_interval=(float(np.quantile(ginis, 0.025)), float(np.quantile(ginis, 0.975))),
        gini_excess=(g - g0) / (1 - g0) if g0 < 1 else 0.0,
        half_share=half_share(curve),
        half_share_chance=half_share(curve_chance),
        curve=curve,
        curve_chance=curve_chance,
    )


def lorenz(counts: npt.ArrayLike) -> Floats:
    """Cumulative share of events at the top 0, 1, 2 … places, fullest first; shape (places + 1,)."""
    x = np.sort(np.asarray(counts, float).ravel())[::-1]
    return np.concatenate([[0.0], np.cumsum(x) / x.sum()])


def gini(counts: npt.ArrayLike) -> float:
    """Gini index of ``counts``: 0 where all places have the same, (n - 1) / n where one has all."""
    x = np.sort(np.asarray(counts, float).ravel())
    n = x.size
    return float((2 * np.arange(1, n + 1) - n - 1) @ x / (n * x.sum()))


def half_share(curve: Floats) -> float:
    """The smallest share of places whose cumulative share (a :func:`lorenz` curve) reaches one half."""
    return float(np.argmax(curve >= 0.5 - 1e-12) / (curve.size - 1))
