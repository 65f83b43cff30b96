"""Difference in differences over a panel of units and periods: did the treated units leave the course of the others?

On counts: Poisson with unit and period effects, whose one effect is the log of a ratio of ratios (Wooldridge, *Simple
approaches to nonlinear difference-in-differences with panel data*, Econometrics Journal 26 (2023) C31-C66; for one
beginning the fit is exact without iteration, ``_panel_contrast.py``). On levels: the two-way fixed-effects difference of
mean changes. Counts of one unit hang together and scatter more than chance, so four answers stand side by side: the
textbook's (Poisson), cluster-robust by unit, by leaving out each unit with Satterthwaite's degrees of freedom (MacKinnon,
Nielsen and Webb, Journal of Econometrics 232 (2023) 272-299), and by the placebo distribution of other choices of treated
units (randomisation inference, studentised). The last decides where there are enough choices.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats import _assignments as assign
from forestall.stats import _panel_charts as charts
from forestall.stats._event_study import EventStudy, PreTrend, event_study, pre_trend
from forestall.stats._levels import checked_labels
from forestall.stats._panel_contrast import Bools, Level, Ratio
from forestall.stats._panel_input import counted as check_ratio
from forestall.stats._panel_input import masks_of, panel
from forestall.stats._panel_ways import FEW_UNITS, Way, best_spread, choose, ways
from forestall.stats.rates import Floats, check_level, finite, plain
from forestall.text import Message, msg, probability

#: A p-value that rests on the scatter of counts is given with as many events before and after in both groups.
LEAST_EVENTS = 10

#: The groups didn't move together before where the joint test's p-value is below this.
APART = 0.05


@register
@dataclass(frozen=True, kw_only=True)
class DifferenceInDifferences(Figures):
    """``estimate``: with ``model`` counts the ratio of what came to what the comparison makes one expect, with levels the
    difference. ``effect``: its logarithm, or the difference itself; ``standard_error`` is the effect's, of ``method`` where
    that has one, and else that which the number of units allows. ``method``: the name of the one of ``ways`` that interval
    and p-value come from, or ``none``. ``dispersion``: Pearson's of single
    periods over the fit (NaN of levels), and ``window_dispersion`` that of whole windows. ``treated_course`` and
    ``control_course``: totals (of levels means) by period, shape (periods,). ``units``: treated and control ones used."""

    type_name: ClassVar[str] = "difference-in-differences"
    version: ClassVar[str] = "2"

    estimate: float
    effect: float
    standard_error: float
    interval: tuple[float, float]
    p_value: float
    level: float
    model: str
    method: str
    ways: tuple[Way, ...]
    study: EventStudy
    pre_trend: PreTrend
    dispersion: float
    window_dispersion: float
    treated_course: Floats
    control_course: Floats
    units: tuple[int, int]
    choices: int
    labels: tuple[str, ...]

    @property
    def first(self) -> int:
        return self.study.first

    @property
    def expected(self) -> Floats:
        """The treated course as the comparison makes one expect it, shape (periods,)."""
        t0, c0 = self.treated_course[: self.first], self.control_course[: self.first]
        if self.model == "levels":
            return np.asarray(self.control_course + t0.mean() - c0.mean(), float)
        return np.asarray(self.control_course * t0.sum() / c0.sum(), float)

    @property
    def prevented(self) -> tuple[float, tuple[float, float]]:
        """Events fewer than expected after the beginning (negative: more), with the interval; NaN of levels."""
        came = float(self.treated_course[self.first :].sum())
        expected = float(self.expected[self.first :].sum())
        if self.model == "levels":
            return math.nan, (math.nan, math.nan)
        return expected - came, (expected * (1 - self.interval[1]), expected * (1 - self.interval[0]))

    def table(self) -> Table:
        what = msg("Rate ratio") if self.model == "counts" else msg("Difference of changes")
        columns = (
            Column("way", msg("Way")),
            Column("estimate", what, None, True),
            Column(
                "standard_error", msg("Standard error"), msg("of the logarithm") if self.model == "counts" else None, True
            ),
            Column("degrees", msg("Degrees of freedom"), None, True),
            Column("low", msg("Lower end"), None, True),
            Column("high", msg("Upper end"), None, True),
            Column("p_value", msg("p-value, two-sided"), None, True),
        )
        rows = tuple(
            (_WAYS[w.name], *(finite(v) for v in (self.estimate, w.standard_error, w.degrees, *w.interval, w.p_value)))
            for w in self.ways
        )
        return Table(columns, rows, msg("Difference in differences, with {level:percent} intervals", level=self.level))

    def study_table(self) -> Table:
        """The effect in each period against the last one before."""
        columns = (
            Column("period", msg("Period")),
            Column("treated", msg("Treated"), None, True),
            Column("control", msg("Comparison"), None, True),
            Column("effect", msg("Effect"), msg("logarithm") if self.model == "counts" else None, True),
            Column("low", msg("Lower end"), None, True),
            Column("high", msg("Upper end"), None, True),
        )
        arrays = (self.treated_course, self.control_course, self.study.effect, self.study.low, self.study.high)
        rows = tuple((label, *(finite(float(a[i])) for a in arrays)) for i, label in enumerate(self.labels))
        return Table(columns, rows, msg("Effect by period"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        title = msg("Treated").render(language)
        return charts.courses(self.treated_course, self.expected, self.first, self.labels, title)

    def study_chart(self, language: str = "en") -> dict[str, Any]:
        """The effect in each period, with its interval, and where the response began."""
        return charts.effects(self.study, self.labels, msg("Effect").render(language))

    def explain(self, language: str = "en") -> str:
        said = [self._raw(), self._verdict(language), _METHODS[self.method], self._together(language)]
        said += [c.text for c in self.checks if not c.passed]
        said.append(
            msg(
                "All this takes for granted that without the response both would have moved alike afterwards too, and that "
                "the response reached none of the comparison; the data can't show either."
            )
        )
        return " ".join(m.render(language) for m in said)

    def _raw(self) -> Message:
        f = self.first
        t, c = self.treated_course, self.control_course
        if self.model == "levels":
            return msg(
                "The treated units' mean ({n:count} of them) went from {t0} to {t1}, and that of the others "
                "({m:count}) from {c0} to {c1}.",
                n=self.units[0], m=self.units[1], t0=plain(float(t[:f].mean())), t1=plain(float(t[f:].mean())),
                c0=plain(float(c[:f].mean())), c1=plain(float(c[f:].mean())),
            )  # fmt: skip
        return msg(
            "Treated units counted {t0:count} in {p0:count} periods before and {t1:count} in {p1:count} after; the "
            "comparison counted {c0:count} and {c1:count}.",
            t0=float(t[:f].sum()), t1=float(t[f:].sum()), c0=float(c[:f].sum()), c1=float(c[f:].sum()), p0=f, p1=t.size - f,
        )  # fmt: skip

    def _verdict(self, language: str) -> Message:
        counts = self.model == "counts"
        shown = (lambda v: f"{v:.2f}") if counts else plain
        told = {"e": shown(self.estimate)}
        if math.isnan(self.p_value):
            if counts:
                return msg(
                    "That is {e} times what the comparison makes one expect; how sure that is can't be said here.", **told
                )
            return msg(
                "That is {e} away from what the comparison makes one expect; how sure that is can't be said here.", **told
            )
        low, high = (_end(v, shown) for v in self.interval)
        more = {**told, "low": low, "high": high, "level": self.level, "p": probability(self.p_value, language)}
        still = 1.0 if counts else 0.0
        clear = self.interval[1] < still or self.interval[0] > still
        if counts and clear:
            return msg(
                "That is {e} times what the comparison makes one expect; ratios from {low} to {high} fit at "
                "{level:percent} (p {p}).",
                **more,
            )
        if counts:
            return msg(
                "No clear effect: it is {e} times what the comparison makes one expect, and ratios from {low} to {high} "
                "fit at {level:percent} (p {p}).",
                **more,
            )
        if clear:
            return msg(
                "That is {e} away from what the comparison makes one expect; differences from {low} to {high} fit at "
                "{level:percent} (p {p}).",
                **more,
            )
        return msg(
            "No clear effect: it is {e} away from what the comparison makes one expect, and differences from {low} to "
            "{high} fit at {level:percent} (p {p}).",
            **more,
        )

    def _together(self, language: str) -> Message:
        p = self.pre_trend.p_value
        if math.isnan(p):
            return msg("Whether the groups moved together before can't be tested here.")
        if p < APART:
            return msg(
                "Before the response the groups did not move together (p {p}), so the difference after it proves little.",
                p=probability(p, language),
            )
        return msg(
            "Before the response the groups show no sign of moving apart (p {p}), which with few events is no proof that "
            "they didn't.",
            p=probability(p, language),
        )


_WAYS = {
    "poisson": msg("Poisson, as in textbooks: too sure"),
    "cluster": msg("Cluster-robust by unit"),
    "jackknife": msg("Cluster-robust, leaving out each unit"),
    "scatter": msg("Scatter of all units"),
    "randomisation": msg("Other choices of treated units"),
    "placebos": msg("Placebos that were given"),
}
_METHODS = {
    "jackknife": msg("That allows for all that makes counts of one unit hang together."),
    "scatter": msg("That takes the treated units to scatter as the others do, for they are too few to tell."),
    "randomisation": msg("That compares with what other choices of as many units would have shown, had they been treated."),
    "placebos": msg("That compares with what the placebos given would have shown, had they been treated."),
    "none": msg("There are too few units, or too few events, for a p-value."),
}


def difference_in_differences(
    counts: npt.ArrayLike,
    treated: npt.ArrayLike,
    first: int,
    *,
    model: str = "counts",
    inference: str = "auto",
    placebos: npt.ArrayLike | None = None,
    draws: int = 999,
    seed: int = 0,
    labels: Sequence[str] | None = None,
    level: float = 0.95,
) -> DifferenceInDifferences:
    """The effect on the ``treated`` units from period ``first`` on, against the course of all other units.

    ``counts``: shape (units, periods), or any values with ``model="levels"``. ``treated``: flags, shape (units,).
    ``first``: index of the first treated period, one for all (units that begin at different times need a panel each, or two
    periods each). ``placebos``: flags of shape (placebos, units), sets of units that might as well have been treated: the
    p-value then comes from them. ``inference``: ``auto``, or one of ``randomisation``, ``placebos``, ``jackknife``,
    ``scatter``. Auto takes placebos where given, else randomisation where the number of choices lets the test reject at
    ``level``, else what the number of units allows. ``labels``: names of the periods.

    Raises ``ValueError`` for values that are missing or negative, other shapes, fewer than two periods before or none
    after, no treated or no other unit; :class:`Unfit` where a group counted nothing.
    """
    x, flags, first = panel(counts, treated, first, model)
    names = checked_labels(labels, x.shape[1])
    check_level(level)
    if inference not in ("auto", "randomisation", "placebos", "jackknife", "scatter"):
        raise ValueError(
            f"inference must be 'auto', 'randomisation', 'placebos', 'jackknife' or 'scatter', not {inference!r}"
        )
    if isinstance(draws, bool) or int(draws) != draws or draws < 1:
        raise ValueError(f"draws must be a whole number, 1 or more, not {draws!r}")
    masks = masks_of(placebos, flags.size)
    if inference == "placebos" and masks is None:
        raise ValueError("inference 'placebos' needs placebos, flags of shape (placebos, units)")

    counted = model == "counts"
    used = x.sum(1) > 0 if counted else np.ones(flags.size, bool)
    dropped = int((~used).sum())
    x, flags = x[used], flags[used]
    if masks is not None:
        masks = masks[:, used]
        masks = masks[masks.any(1) & ~masks.all(1)]
    made: Ratio | Level
    if counted:
        check_ratio(x, flags, first)
        made = Ratio(x[:, :first].sum(1), x[:, first:].sum(1), flags)
    else:
        made = Level(x[:, :first].mean(1), x[:, first:].mean(1), flags)

    sets = None
    if masks is not None and len(masks):
        sets = assign.Choices.given(masks)
    elif masks is None:
        sets = assign.Choices.drawn(flags.size, np.flatnonzero(flags), int(draws), np.random.default_rng(seed))
    telling = sets is not None and 1 / (len(sets) + 1) <= 1 - level
    events = float(min(x[g][:, p].sum() for g in (flags, ~flags) for p in (slice(0, first), slice(first, None))))
    found = ways(made, sets, "placebos" if masks is not None else "randomisation", level)
    method = choose(inference, found, telling, not counted or events >= LEAST_EVENTS, flags)
    chosen = next((w for w in found if w.name == method), Way("none", math.nan, math.nan, (math.nan, math.nan), math.nan))
    estimate = math.exp(made.effect) if counted else made.effect
    error = chosen.standard_error if math.isfinite(chosen.standard_error) else best_spread(made, flags).error
    dispersion, windows = _dispersion(x, flags, first) if counted else (math.nan, math.nan)
    before = pre_trend(x, flags, first, counted, sets if telling else None)
    courses = [x[g].sum(0) if counted else x[g].mean(0) for g in (flags, ~flags)]
    return DifferenceInDifferences(
        estimate=estimate,
        effect=made.effect,
        standard_error=error,
        interval=chosen.interval,
        p_value=chosen.p_value,
        level=level,
        model=model,
        method=method,
        ways=found,
        study=event_study(x, flags, first, type(made), lambda m: best_spread(m, flags), level),
        pre_trend=before,
        dispersion=dispersion,
        window_dispersion=windows,
        treated_course=courses[0],
        control_course=courses[1],
        units=(int(flags.sum()), int((~flags).sum())),
        choices=0 if sets is None else len(sets),
        labels=names,
        seed=seed,
        parameters={
            "first": first, "model": model, "inference": inference, "draws": int(draws), "level": level,
            "placebos": None if masks is None else len(masks),
        },
        checks=_checks(flags, dropped, before, events if counted else math.inf),
    )  # fmt: skip


def _checks(flags: Bools, dropped: int, before: PreTrend, events: float) -> tuple[Check, ...]:
    n, m = int(flags.sum()), int((~flags).sum())
    few = min(n, m) < FEW_UNITS
    return (
        Check(
            "units",
            not few,
            msg("With so few units (treated {n:count}, others {m:count}) cluster-robust errors are too small.", n=n, m=m)
            if few
            else msg("Treated units: {n:count}; others: {m:count}.", n=n, m=m),
        ),
        Check(
            "enough-events",
            events >= LEAST_EVENTS,
            msg("Each group counted ten events or more, before and after.")
            if events >= LEAST_EVENTS
            else msg("One of the groups counted fewer than ten events before or after."),
        ),
        Check(
            "empty-units",
            dropped == 0,
            msg("Units that counted nothing at all ({n:count}) say nothing of a ratio and were left out.", n=dropped)
            if dropped
            else msg("Every unit counted something."),
        ),
        Check(
            "pre-trend",
            not before.p_value < APART,
            msg("The groups did not move together before, so the method's main assumption fails.")
            if before.p_value < APART
            else msg("The groups show no sign of moving apart before."),
        ),
    )


def _dispersion(x: Floats, flags: Bools, first: int) -> tuple[float, float]:
    """Pearson's dispersion of single periods over the Poisson fit, and of whole windows."""
    n, total = x.sum(1), x.sum(0)
    t, c = x[flags], x[~flags]
    after = np.arange(x.shape[1]) >= first
    ratio = (t[:, after].sum() / t[:, ~after].sum()) / (c[:, after].sum() / c[:, ~after].sum())
    # Period totals part between the groups as their windows do, and within a group as its units' totals.
    size = t[:, ~after].sum() / c[:, ~after].sum() * np.where(after, ratio, 1.0)
    mine = total * size / (1 + size)
    course = np.where(flags[:, None], mine, total - mine)
    fitted = course * (n / np.where(flags, t.sum(), c.sum()))[:, None]
    square = np.divide((x - fitted) ** 2, fitted, out=np.zeros_like(x), where=fitted > 0)
    free = (x.shape[0] - 1) * (int((total > 0).sum()) - 1) - 1
    share = np.where(flags, t[:, after].sum() / t.sum(), c[:, after].sum() / c.sum())
    m = n * share * (1 - share)
    whole = np.divide((x[:, after].sum(1) - n * share) ** 2, m, out=np.zeros_like(m), where=m > 0)
    units = x.shape[0] - 2
    return (float(square.sum()) / free if free > 0 else math.nan, float(whole.sum()) / units if units > 0 else math.nan)


def _end(value: float, shown: Any) -> Message | str:
    if math.isinf(value):
        return msg("any lower one") if value < 0 else msg("any higher one")
    return str(shown(value))
