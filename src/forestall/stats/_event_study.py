"""The effect in each period against the last one before, and whether the groups moved together until then."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats as ss

from forestall.stats._assignments import Choices, p_value
from forestall.stats._panel_contrast import Level, Ratio, Spread, two_scales
from forestall.stats._tails import students_quantile

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class EventStudy:
    """Arrays of shape (periods,), on the scale of the effect: 0 at the ``reference`` period; NaN where a group counted
    nothing in the period. ``first``: the first treated period."""

    effect: Floats
    standard_error: Floats
    low: Floats
    high: Floats
    first: int
    reference: int


@dataclass(frozen=True)
class PreTrend:
    """A joint test that the groups moved together in all periods before. ``method``: ``permutation`` over units or ``f``
    (its ``statistic`` then is F with ``degrees``); ``p_value`` is NaN where neither can be had."""

    statistic: float
    degrees: tuple[float, float]
    p_value: float
    method: str


def event_study(
    x: Floats, treated: Bools, first: int, contrast: type[Ratio] | type[Level], spread: Any, level: float
) -> EventStudy:
    """One contrast for each period of ``x``, shape (units, periods). ``spread`` takes a contrast to its standard error."""
    reference = first - 1
    out = np.full((4, x.shape[1]), np.nan)
    for k in range(x.shape[1]):
        if k == reference:
            out[:, k] = 0.0
            continue
        if contrast is Ratio and any(not x[g][:, p].sum() for g in (treated, ~treated) for p in (k, reference)):
            continue
        made = contrast(x[:, reference], x[:, k], treated)
        found: Spread = spread(made)
        half = found.error * students_quantile(level, found.degrees) if found.degrees > 0 else math.nan
        out[:, k] = made.effect, found.error, made.effect - half, made.effect + half
    return EventStudy(out[0], out[1], out[2], out[3], first, reference)


def pre_trend(x: Floats, treated: Bools, first: int, counts: bool, sets: Choices | None) -> PreTrend:
    """The joint test on the ``first`` periods of ``x``: by permutation over ``sets`` of units, or F without them."""
    past = x[:, :first]
    statistic = _shares_apart if counts else _means_apart
    own = Choices.given(treated[None])
    seen = float(statistic(past, own)[0])
    free = float(first - 1)
    rest = (x.shape[0] - 2) * free
    if not math.isfinite(seen) or (sets is None and rest <= 0):
        return PreTrend(math.nan, (free, math.nan), math.nan, "none")
    if sets is not None:
        drawn = np.nan_to_num(statistic(past, sets), nan=math.inf)
        return PreTrend(seen / free, (free, math.nan), p_value(lambda _theta: (seen, drawn)), "permutation")
    return PreTrend(seen / free, (free, rest), float(ss.f.sf(seen / free, free, rest)), "f")


def _shares_apart(past: Floats, sets: Choices) -> Floats:
    """How far the shares of the periods differ between each set of units and the rest, over their scatter (NaN where one
    of them counted nothing at all)."""
    both, period = past.sum(1), past.sum(0)
    n, squares = float(both.sum()), float((both * both).sum())
    use = period > 0
    if use.sum() < 2:
        return np.full(len(sets), math.nan)
    share = period[use] / n
    free = (int((both > 0).sum()) - 1) * (share.size - 1)
    phi, tau = two_scales(np.repeat(both, share.size), past[:, use].ravel(), np.tile(share, both.size), max(free, 1))
    spread = share * (1 - share)
    own, s2 = sets.sums(past[:, use]), sets.sums(both**2)[:, None]
    sn = own.sum(1)[:, None]
    rest = n - sn
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = own / sn - (period[use] - own) / rest
        variance = spread * phi * (1 / sn + 1 / rest) + spread**2 * tau * (s2 / sn**2 + (squares - s2) / rest**2)
        # The shares add up to 1, so their squares count for one fewer than there are.
        return np.asarray((apart**2 / variance * (1 - share)).sum(1), float)


def _means_apart(past: Floats, sets: Choices) -> Floats:
    """How far the courses of means differ between each set of units and the rest, over the scatter of units."""
    course = past - past.mean(1, keepdims=True)
    total, g = course.sum(0), past.shape[0]
    scale = float(((course - course.mean(0)) ** 2).sum()) / ((g - 1) * (past.shape[1] - 1))
    if scale <= 0:
        return np.zeros(len(sets))
    own, k = sets.sums(course), sets.sizes[:, None]
    apart = own / k - (total - own) / (g - k)
    return np.asarray((apart**2 / (scale * (1 / k + 1 / (g - k)))).sum(1), float)
