"""What would have happened without the response, from a weighted mean of places that had none?

``method="control"``: the synthetic control of Abadie, Diamond and Hainmueller (*Synthetic control methods for comparative
case studies*, JASA 105 (2010) 493-505): weights w ≥ 0, Σw = 1, that make (x₁ - X₀w)'V(x₁ - X₀w) least, solved exactly.
``method="did"``: synthetic difference in differences (Arkhangelsky, Athey, Hirshberg, Imbens and Wager, *American Economic
Review* 111 (2021) 4088-4118): a level of its own, a ridge on the weights of units, and weights of periods.

The effect is the mean gap after. Chance is told from placebos: every other unit is treated in turn, as if it had been it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from forestall.results import Column, Figures, Table, register
from forestall.stats._levels import checked_labels
from forestall.stats._shift_charts import SCHEMA, period_axis, unique
from forestall.stats._synthetic_check import checks
from forestall.stats._synthetic_fit import Fit, Fitted, Flags, Floats, Ints, Panel, differenced, plain, refit
from forestall.stats._synthetic_input import flags_of, panel_of
from forestall.stats._tails import students_p, students_quantile
from forestall.stats._times import level_of, sentences
from forestall.stats.rates import plain as shown
from forestall.text import Message, msg, msg_n, probability

Method = Literal["control", "did"]
Inference = Literal["scaled", "ratio", "placebo", "jackknife"]

#: Checks without which a p-value of each inference would not be honest.
NEEDED: dict[str, tuple[str, ...]] = {
    "scaled": ("scatter", "hull"),
    "ratio": ("scatter", "hull"),
    "placebo": ("hull", "fit", "chosen"),
    "jackknife": ("hull", "chosen"),
}


@register
@dataclass(frozen=True, kw_only=True)
class SyntheticControl(Figures):
    """``estimate``: mean gap a period after, treated less synthetic, in the unit of the outcomes; ``standard_error``,
    ``interval`` and ``p_value`` are NaN where none is honest (``withheld`` names the checks that say so). ``weights``: of
    the units, 0 for the treated; ``time_weights``: of ``pre`` (all 0 for a plain synthetic control); ``importance``: of the
    predictors. ``observed``, ``synthetic``: (periods,). ``before``, ``after``: root mean squared gaps; ``fit_ratio``:
    ``before`` over the median placebo's; ``ratio_p``: rank of ``after`` over ``before`` among the placebos (Abadie).
    ``placebos``: their estimates; ``placebo_before``, ``placebo_after``: their gaps."""

    type_name: ClassVar[str] = "synthetic-control"

    estimate: float
    standard_error: float
    interval: tuple[float, float]
    p_value: float
    level: float
    method: str
    inference: str
    treated: tuple[int, ...]
    pre: tuple[int, ...]
    post: tuple[int, ...]
    weights: Floats
    time_weights: Floats
    importance: Floats
    observed: Floats
    synthetic: Floats
    before: float
    after: float
    fit_ratio: float
    ratio_p: float
    placebos: Floats
    placebo_before: Floats
    placebo_after: Floats
    withheld: tuple[str, ...]
    periods: tuple[str, ...]
    units: tuple[str, ...]

    def table(self) -> Table:
        columns = (
            Column("period", msg("Period")),
            Column("side", msg("Before or after")),
            Column("observed", msg("Observed"), numeric=True),
            Column("synthetic", msg("Without the response, by the other units"), numeric=True),
            Column("gap", msg("Difference"), numeric=True),
        )
        side = {**dict.fromkeys(self.pre, msg("before")), **dict.fromkeys(self.post, msg("after"))}
        rows = tuple(
            (self.periods[t], side[t], float(a), float(b), float(a - b))
            for t, (a, b) in enumerate(zip(self.observed, self.synthetic, strict=True))
            if t in side
        )
        return Table(columns, rows, msg("The treated beside their synthetic control"))

    def donors(self, *, least: float = 0.0005) -> Table:
        """The units that make the synthetic control, the heaviest first, down to a weight of ``least``."""
        order = [int(j) for j in np.argsort(-self.weights, kind="stable") if self.weights[j] >= least]
        columns = (Column("unit", msg("Unit")), Column("weight", msg("Weight"), numeric=True))
        rows = tuple((self.units[j], float(self.weights[j])) for j in order)
        return Table(columns, rows, msg("What the synthetic control is made of"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        labels = unique(self.periods)
        rows = [
            {"period": label, "observed": float(a), "synthetic": float(b)}
            for label, a, b in zip(labels, self.observed, self.synthetic, strict=True)
        ]
        x = period_axis(labels, language)
        y = {"type": "quantitative", "title": msg("outcome a period").render(language), "scale": {"zero": False}}
        after = [{"period": labels[t]} for t in self.post]
        return {
            "$schema": SCHEMA,
            "width": 600,
            "height": 240,
            "data": {"values": rows},
            "layer": [
                {
                    "data": {"values": after},
                    "mark": {"type": "bar", "style": "interval", "width": {"band": 1}},
                    "encoding": {"x": x, "y": {"value": 0}, "y2": {"value": "height"}},
                },
                {
                    "mark": {"type": "line", "style": "observed"},
                    "encoding": {"x": x, "y": {**y, "field": "observed"}},
                },
                {
                    "mark": {"type": "line", "style": "expected"},
                    "encoding": {"x": x, "y": {**y, "field": "synthetic"}},
                },
            ],
        }

    def explain(self, language: str = "en") -> str:
        amount, donors = shown(abs(self.estimate)), int((self.weights > 0.0005).sum())
        parts: list[Message] = [
            msg_n(
                "After the response the treated stood {amount} a period below what {n:count} other unit makes one expect.",
                "After the response the treated stood {amount} a period below what a weighted mean of {n:count} other "
                "units makes one expect.",
                n=donors, amount=amount,
            )
            if self.estimate < 0
            else msg_n(
                "After the response the treated stood {amount} a period above what {n:count} other unit makes one expect.",
                "After the response the treated stood {amount} a period above what a weighted mean of {n:count} other "
                "units makes one expect.",
                n=donors, amount=amount,
            )
        ]  # fmt: skip
        if math.isnan(self.p_value):
            parts.append(msg("No p-value and no interval are given, because none would be honest here."))
        else:
            low, high = self.interval
            if math.isfinite(low):
                parts.append(
                    msg(
                        "Effects from {low} to {high} a period fit at {level:percent}.",
                        low=shown(low), high=shown(high), level=self.level,
                    )
                )  # fmt: skip
            elif math.isnan(low):
                parts.append(
                    msg("No steady effect fits: the gap changes too much from period to period for any single number.")
                )
            if self.inference in ("scaled", "ratio"):
                parts.append(
                    msg(
                        "Held against {n:count} placebos that had no response, a gap as large for its fit comes by chance "
                        "with probability {p}.",
                        n=self.placebos.size, p=probability(self.p_value, language),
                    )
                )  # fmt: skip
            else:
                parts.append(
                    msg(
                        "A gap as large comes by chance with probability {p}, if every unit scatters alike.",
                        p=probability(self.p_value, language),
                    )
                )
        parts += [c.text for c in self.checks if not c.passed]
        parts.append(
            msg(
                "The method can't tell the response from anything else that happened to the treated alone at that time, "
                "and it takes it that nothing spilled over into the other units."
            )
        )
        return sentences(parts, language)


def synthetic_control(
    outcomes: npt.ArrayLike,
    treated: int | Sequence[int],
    pre: int | Sequence[int],
    *,
    post: Sequence[int] | None = None,
    method: Method = "control",
    predictors: npt.ArrayLike | None = None,
    predictor_weights: npt.ArrayLike | Literal["optimised"] | None = None,
    inference: Inference = "scaled",
    guard: bool = True,
    draws: int = 999,
    level: float = 0.95,
    seed: int = 0,
    periods: Sequence[str] | None = None,
    units: Sequence[str] | None = None,
) -> SyntheticControl:
    """The effect on the treated units, against a weighted mean of all others.

    ``outcomes``: (units, periods), all known; counts, rates or any other number. ``treated``: row or rows; several are
    taken as their mean. ``pre``: number of periods before the response, or their indices (leave recording events out);
    ``post``: indices after, by default all that follow the last of ``pre``.

    ``predictors``: (k, units), each divided by its standard deviation; without them the outcomes before are the predictors,
    as they are. ``predictor_weights``: (k,) V's diagonal, equal by default, or "optimised" for those whose control follows
    the outcomes before best (for each placebo anew). ``method="did"`` takes no predictors.

    ``inference``: "scaled" ranks the mean gap after over the root mean squared gap before, and its inverted test is the
    interval; "ratio" does it with Abadie's root mean squared gaps; "placebo" and (two or more treated) "jackknife" are the
    normal intervals of Arkhangelsky and others, the first with the placebos' standard deviation. ``guard`` withholds
    p-value and interval where a check fails without which they would mislead. ``draws``, ``seed``: placebos of
    several treated are groups drawn; of one they are all others.

    Raises ``ValueError`` for shapes that don't fit, outcomes that are not numbers, one period before, fewer than two other
    units, or outcomes that are all 0 or all alike.
    """
    level_of(level)
    panel, group, pool = panel_of(outcomes, treated, pre, post, method, predictors, predictor_weights)
    if inference not in NEEDED:
        raise ValueError(f"inference must be scaled, ratio, placebo or jackknife, not {inference!r}")
    if inference == "jackknife" and (group.size < 2 or method != "did"):
        raise ValueError("the jackknife needs method='did' and two treated units or more: use another inference")
    if not draws >= 19:
        raise ValueError(f"draws must be 19 or more, not {draws!r}")
    n, length = panel.y.shape
    of_periods, of_units = checked_labels(periods, length, "periods"), checked_labels(units, n, "units", of="units")
    fit: Fit = differenced if method == "did" else plain
    found = fit(panel, group, pool)
    guises = _guises(group.size, pool, draws, seed)
    made = [fit(panel, g, pool & ~flags_of(g, pool.size)) for g in guises]
    estimates = np.array([m.estimate for m in made])
    before = np.array([m.before(panel) for m in made])
    after = np.array([m.after(panel) for m in made])
    least = 1 / (len(made) + 1)
    middle = float(np.median(before))
    fit_ratio = found.before(panel) / middle if middle > 0 else (math.inf if found.before(panel) > 0 else 1.0)
    said = checks(panel, group, pool, found, fit_ratio, method == "did", least, level)
    withheld = tuple(c.name for c in said if not c.passed and c.name in NEEDED[inference]) if guard else ()
    if inference in ("scaled", "ratio") and "scatter" not in withheld and found.before(panel) <= 0:
        withheld = (*withheld, "scatter")  # nothing to hold the gap against, guarded or not
    ratio_p = _rank(_over(found.after(panel), found.before(panel)), _over(after, before))
    error, interval, p = _chance(panel, group, pool, found, inference, estimates, before, after, level)
    if withheld:
        error, interval, p = math.nan, (math.nan, math.nan), math.nan
    observed = panel.y[group].mean(0)
    return SyntheticControl(
        estimate=found.estimate,
        standard_error=error,
        interval=interval,
        p_value=p,
        level=level,
        method=method,
        inference=inference,
        treated=tuple(int(i) for i in group),
        pre=tuple(int(t) for t in panel.pre),
        post=tuple(int(t) for t in panel.post),
        weights=found.weights,
        time_weights=found.times,
        importance=found.importance,
        observed=observed,
        synthetic=observed - found.gap,
        before=found.before(panel),
        after=found.after(panel),
        fit_ratio=fit_ratio,
        ratio_p=ratio_p,
        placebos=estimates,
        placebo_before=before,
        placebo_after=after,
        withheld=withheld,
        periods=of_periods,
        units=of_units,
        parameters={
            "method": method, "inference": inference, "guard": guard, "level": level, "treated": [int(i) for i in group],
            "pre": [int(t) for t in panel.pre], "post": [int(t) for t in panel.post],
            "predictors": 0 if panel.predictors is None else int(panel.predictors.shape[0]),
            "draws": len(made),
        },
        seed=seed if group.size > 1 else None,
        checks=said,
    )  # fmt: skip


def _chance(
    panel: Panel,
    group: Ints,
    pool: Flags,
    found: Fitted,
    inference: str,
    estimates: Floats,
    before: Floats,
    after: Floats,
    level: float,
) -> tuple[float, tuple[float, float], float]:
    """Standard error, interval and p-value."""
    own, tau = found.before(panel), found.estimate
    if inference in ("placebo", "jackknife"):
        spread = float(estimates.std()) if inference == "placebo" else _jackknife(panel, group, pool, found)
        half = students_quantile(level, math.inf) * spread
        p = students_p(tau / spread, math.inf) if spread > 0 else math.nan
        return spread, (tau - half, tau + half), p
    scaled = _over(np.abs(estimates), before)
    finite = scaled[np.isfinite(scaled)]
    spread = own * math.sqrt(float(np.mean(finite**2))) if finite.size else math.nan
    if inference == "scaled":
        half = own * _edge(scaled, level)
        return spread, (tau - half, tau + half), _rank(_over(abs(tau), own), scaled)
    gaps = found.gap[panel.post]
    ratios = _over(after, before)
    left = (own * _edge(ratios, level)) ** 2 - float(gaps.var())
    half = math.sqrt(left) if left >= 0 else math.nan
    return spread, (tau - half, tau + half), _rank(_over(found.after(panel), own), ratios)


def _edge(placebos: Floats, level: float) -> float:
    """The largest statistic that is not rejected at 1 - ``level``; infinite where none would be."""
    allowed = math.floor((1 - level) * (placebos.size + 1) + 1e-9)
    return math.inf if allowed < 1 else float(np.sort(placebos)[-allowed])


def _rank(own: float, placebos: Floats) -> float:
    """(r + 1) / (n + 1), r of the n placebos at least as far out."""
    return float((1 + (placebos >= own * (1 - 1e-12)).sum()) / (placebos.size + 1))


def _over(above: Any, below: Any) -> Any:
    """A quotient that is infinite over 0, and 0 where both are."""
    a, b = np.asarray(above, float), np.asarray(below, float)
    out = np.where(b > 0, a / np.where(b > 0, b, 1.0), np.where(a > 0, math.inf, 0.0))
    return float(out) if out.ndim == 0 else out


def _jackknife(panel: Panel, group: Ints, pool: Flags, found: Fitted) -> float:
    """Arkhangelsky and others' algorithm 3; NaN where one unit carries all the weight."""
    if float(found.weights.max()) > 1 - 1e-12:
        return math.nan
    out = [refit(panel, group[group != i], pool, found) for i in group]
    out += [refit(panel, group, pool & ~flags_of(np.array([j]), pool.size), found) for j in np.flatnonzero(pool)]
    values = np.array(out)
    return float(np.sqrt((values.size - 1) / values.size * ((values - values.mean()) ** 2).sum()))


def _guises(size: int, pool: Flags, draws: int, seed: int) -> list[Ints]:
    """Who plays the treated in each placebo: every other unit, or groups of ``size`` drawn from them."""
    others = np.flatnonzero(pool)
    if size == 1:
        return [np.array([j]) for j in others]
    rng = np.random.default_rng(seed)
    return [np.sort(rng.choice(others, size, replace=False)) for _ in range(draws)]
