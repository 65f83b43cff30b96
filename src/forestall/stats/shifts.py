"""When did a series change its level: the month, with an interval; several changes; and was it everywhere at once?

One change: the highest likelihood ratio over all months, its p-value by exact permutation (or by draws given the total),
and the months that fit, by inverting the likelihood ratio. Worsley, *Confidence regions and tests for a change-point in a
sequence of exponential family random variables*, Biometrika 73 (1986) 91-104. Several changes: exact dynamic programming
with a penalty that is set on series without a change.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import stats as ss

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats import _shift_kernels as kernels
from forestall.stats._levels import (
    checked_areas,
    checked_exposure,
    checked_labels,
    checked_series,
    draws_given_total,
    is_whole,
    label_name,
    log_linear,
    moving_dispersion,
    season_design,
    step_gains,
)
from forestall.stats._shift_charts import changes_chart, shared_chart
from forestall.stats._unfit import Unfit
from forestall.stats.rates import conditional_interval
from forestall.text import Message, msg, msg_n

Floats = npt.NDArray[np.float64]

#: Share of the interval's error that goes to the month; the rest goes to the ratio at each month that fits.
MONTH_SHARE = 0.4

#: A month whose likelihood ratio falls this far below the best (twice the logarithm, over the scatter) is not simulated.
HOPELESS = 40.0

#: Of the whole's movement (in logarithms), an area that went a third of it the same way has moved with it.
THIRD = 1 / 3

#: Records, before and after together, that a group of areas needs before one can say whether it moved.
GROUP = 30

#: Beginnings of their own must explain this much of the change beyond chance before areas changed "not at one time".
APART = 0.1

#: Groups that are needed before one can say "everywhere".
LEAST_GROUPS = 5


@register
@dataclass(frozen=True, kw_only=True)
class ChangePoint(Figures):
    """One change of level. ``index``: the first period of the new level, counted from 0; ``interval``: the first and the
    last period at which it may have begun, both included. ``before`` and ``after``: rates (count a period, or by unit of
    exposure); ``ratio`` their quotient, whose ``ratio_interval`` allows for having searched for the month. ``p_value``:
    two-sided, against no change at all, allowing for the search. ``likelihood``: twice the log-likelihood gain of a change
    at each period, over the dispersion, NaN where none was tried; ``plausible``: how well each period fits as the beginning
    (p-value). ``fitted``: expected counts. ``dispersion``: variance over mean; ``autocorrelation``: of neighbouring
    residuals. Arrays have shape (periods,)."""

    type_name: ClassVar[str] = "change-point"

    counts: Floats
    labels: tuple[str, ...]
    index: int
    interval: tuple[int, int]
    before: float
    after: float
    ratio: float
    ratio_interval: tuple[float, float]
    p_value: float
    level: float
    dispersion: float
    autocorrelation: float
    likelihood: Floats
    plausible: Floats
    fitted: Floats
    offset: int = 0

    @property
    def found(self) -> bool:
        """Whether chance alone, searching as hard, would seldom show as much."""
        return self.p_value <= 1 - self.level + 1e-12

    @property
    def label(self) -> str:
        return self.labels[self.index]

    def table(self) -> Table:
        columns = (
            Column("period", msg("Period")),
            Column("count", msg("Count"), numeric=True),
            Column("expected", msg("Expected"), numeric=True),
            Column("likelihood", msg("Likelihood ratio of a change here"), numeric=True),
            Column("fits", msg("Fits as the beginning (p)"), numeric=True),
        )
        rows = tuple(
            (label, *(None if math.isnan(v) else float(v) for v in values))
            for label, *values in zip(self.labels, self.counts, self.fitted, self.likelihood, self.plausible, strict=True)
        )
        return Table(columns, rows)

    def chart(self, language: str = "en") -> Any:
        spans = [(self.index, *self.interval)] if self.found else []
        return changes_chart(self.labels, self.counts, self.fitted, spans, language)

    def explain(self, language: str = "en") -> str:
        parts = [self._verdict()]
        if self.found:
            first, last = self.interval
            months = int((np.nan_to_num(self.plausible) > (1 - self.level) * MONTH_SHARE).sum())
            parts.append(
                msg(
                    "The beginning lies between {first} and {last}: {n:count} of the periods fit.",
                    first=label_name(self.labels[first]), last=label_name(self.labels[last]), n=months,
                )
            )  # fmt: skip
            parts.append(
                msg(
                    "A change in what is recorded and how looks the same in one series: compare the areas, and ask what "
                    "changed then."
                )
            )
        else:
            parts.append(
                msg("That is no proof of a steady level: a small or a late change stays unseen in so few records.")
            )
        parts += [c.text for c in self.checks if not c.passed]
        return " ".join(p.render(language) for p in parts)

    def _verdict(self) -> Message:
        low, high = self.ratio_interval
        given: dict[str, Any] = {
            "label": label_name(self.label), "before": _figure(self.before), "after": _figure(self.after), "r": self.ratio,
            "low": low, "high": high, "p": self.p_value,
        }  # fmt: skip
        if not self.found:
            return msg(
                "No clear change of level: the likeliest, at {label}, is one that chance alone would show with probability "
                "{p:.2g} when every period is tried.",
                **given,
            )
        if not math.isfinite(self.ratio):
            return msg(
                "The level changed at {label}: nothing was counted before, {after} a period after (p = {p:.2g}).",
                **given,
            )
        if not math.isfinite(high):
            return msg(
                "The level changed at {label}: from {before} to {after}, {r:ratio} times as much (at least "
                "{low:ratio} times fits; p = {p:.2g}, two-sided, all periods tried).",
                **given,
            )
        return msg(
            "The level changed at {label}: from {before} to {after}, {r:ratio} times as much ({low:ratio} to "
            "{high:ratio} times fits; p = {p:.2g}, two-sided, all periods tried).",
            **given,
        )


@register
@dataclass(frozen=True, kw_only=True)
class ChangePoints(Figures):
    """All changes of level. ``changes``: each judged between its neighbours, first one first. ``p_value``: that chance
    alone would show any. ``penalty``: what each change had to gain in twice the log likelihood over the dispersion.
    ``fitted``: expected counts, shape (periods,)."""

    type_name: ClassVar[str] = "change-points"

    counts: Floats
    labels: tuple[str, ...]
    changes: tuple[ChangePoint, ...]
    p_value: float
    penalty: float
    dispersion: float
    fitted: Floats

    @property
    def indices(self) -> tuple[int, ...]:
        """The first period of each new level, counted from 0 over the whole series."""
        return tuple(c.index + c.offset for c in self.changes)

    def table(self) -> Table:
        columns = (
            Column("period", msg("Period")),
            Column("first", msg("Earliest")),
            Column("last", msg("Latest")),
            Column("before", msg("Level before"), numeric=True),
            Column("after", msg("Level after"), numeric=True),
            Column("ratio", msg("Ratio"), numeric=True),
            Column("low", msg("Ratio, lower end"), numeric=True),
            Column("high", msg("Ratio, upper end"), numeric=True),
        )
        rows = tuple(
            (c.label, c.labels[c.interval[0]], c.labels[c.interval[1]], c.before, c.after, c.ratio, *c.ratio_interval)
            for c in self.changes
        )
        return Table(columns, rows)

    def chart(self, language: str = "en") -> Any:
        spans = [(c.index + c.offset, c.interval[0] + c.offset, c.interval[1] + c.offset) for c in self.changes]
        return changes_chart(self.labels, self.counts, self.fitted, spans, language)

    def explain(self, language: str = "en") -> str:
        if not self.changes:
            text = msg(
                "No clear change of level in {n:count} periods: chance alone would show as much with probability {p:.2g}. "
                "A small or a late change stays unseen in so few records.",
                n=len(self.labels), p=self.p_value,
            )  # fmt: skip
            parts = [text]
        else:
            parts = [
                msg_n(
                    "The level changed once in the {periods:count} periods, at {at:list}.",
                    "The level changed {n:count} times in the {periods:count} periods, at {at:list}.",
                    len(self.changes), periods=len(self.labels), at=[label_name(c.label) for c in self.changes],
                ),
                msg(
                    "A series in which nothing changes would show any change with probability {p:.2g}. A change in what is "
                    "recorded and how looks the same in one series: compare the areas.",
                    p=self.p_value,
                ),
            ]  # fmt: skip
        parts += [c.text for c in self.checks if not c.passed]
        return " ".join(p.render(language) for p in parts)


@register
@dataclass(frozen=True, kw_only=True)
class SharedChange(Figures):
    """Whether a change came everywhere at once. ``verdict``: ``everywhere`` (look for a recording change), ``spreading``
    (nearly everywhere, and not at one time), ``local``, ``unclear`` or ``none``. ``index``: the first period of the new
    level. ``moved_share``: of groups of areas with enough records, how many moved the same way as the whole, by a third of
    its movement in logarithms at least; ``moved_interval``: its 95 % Wilson interval. ``heterogeneity_p``: that areas which
    all moved by the same ratio would differ as much; ``simultaneity_p``: that areas which all changed at one time would fit
    as badly; ``apart``: how much of the change (as likelihood) beginnings of their own explain beyond that. ``before``,
    ``after``: counts of each area in the ``span`` (first, last + 1) of periods compared; ``ratio``: of their rates; shape
    (areas,). ``group``: the number of each area's group; ``group_ratio``: shape (groups,)."""

    type_name: ClassVar[str] = "shared-change"

    index: int
    labels: tuple[str, ...]
    areas: tuple[str, ...]
    verdict: str
    p_value: float
    whole_ratio: float
    moved_share: float
    moved_interval: tuple[float, float]
    heterogeneity_p: float
    simultaneity_p: float
    apart: float
    dispersion: float
    span: tuple[int, int]
    before: Floats
    after: Floats
    ratio: Floats
    group: npt.NDArray[np.int64]
    group_ratio: Floats

    def table(self) -> Table:
        columns = (
            Column("area", msg("Area")),
            Column("before", msg("Before"), numeric=True),
            Column("after", msg("After"), numeric=True),
            Column("ratio", msg("Ratio"), numeric=True),
            Column("group", msg("Group"), numeric=True),
        )
        rows = tuple(
            (a, float(b), float(c), None if not math.isfinite(r) else float(r), int(g) + 1)
            for a, b, c, r, g in zip(self.areas, self.before, self.after, self.ratio, self.group, strict=True)
        )
        return Table(columns, rows)

    def chart(self, language: str = "en") -> Any:
        return shared_chart(self.group_ratio, self.whole_ratio, language)

    def explain(self, language: str = "en") -> str:
        low, high = self.moved_interval
        given: dict[str, Any] = {
            "label": label_name(self.labels[self.index]), "r": self.whole_ratio, "share": self.moved_share, "low": low,
            "high": high, "n": self.group_ratio.size,
        }  # fmt: skip
        moved = msg(
            "Of {n:count} areas or groups of areas with enough records, {share:percent} moved the same way ({low:percent} "
            "to {high:percent} fits).",
            **given,
        )
        texts = {
            "everywhere": [
                msg("Everywhere at once, at {label} ({r:ratio} times as much): look for a recording change.", **given),
                moved,
                msg("A true change that reaches everybody in one period looks the same: only the registrar can tell."),
            ],
            "spreading": [
                msg(
                    "Nearly everywhere, but not at one time (the whole changed at {label}): it spread, or was introduced "
                    "by steps.",
                    **given,
                ),
                moved,
            ],
            "local": [
                msg("Local: the whole changed at {label} because of some areas and not of all.", **given),
                moved,
                msg("A change of recording in one area alone looks the same."),
            ],
            "unclear": [
                msg("The whole changed at {label}; whether everywhere or in some areas can't be told.", **given),
                moved,
            ],
            "none": [msg("All areas together show no clear change, so there is nothing to tell apart.")],
        }[self.verdict]
        return " ".join(t.render(language) for t in [*texts, *(c.text for c in self.checks if not c.passed)])


@dataclass(frozen=True)
class _Setting:
    """A checked series with all that its methods share."""

    x: Floats
    exposure: Floats
    labels: tuple[str, ...]
    least: int
    whole: bool
    design: Floats | None
    known: float | None
    draws: int
    level: float
    correlation: float = 0.0
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def swing(self) -> float:
        """How much more the means of long stretches vary than those of independent periods: neighbours are alike."""
        return (1 + self.correlation) / (1 - self.correlation)

    def scatter(self, x: Floats, mean: Floats, scale: Floats | None = None) -> Floats:
        """Variance over mean of single periods; neighbours that are alike differ less, which is put right."""
        return moving_dispersion(x, mean, self.whole, scale) / (1 - self.correlation)

    @property
    def permutes(self) -> bool:
        """Whether periods can change places while nothing changes, so that their order alone is the test."""
        return self.design is None and self.known is None and bool((self.exposure == self.exposure[0]).all())

    def season(self, rows: Floats, exposure: Floats | None = None) -> Floats:
        """The exposure of each row times its own season, fitted to it; one row where there is no season."""
        e = self.exposure if exposure is None else exposure
        if self.design is None:
            return e[None]
        beta = log_linear(self.design, rows, e)
        index = np.exp(np.clip(beta[:, 1:] @ self.design[:, 1:].T, -20, 20))
        return np.asarray(self.exposure * index / index.mean(1, keepdims=True), float)


def change_point(
    counts: npt.ArrayLike,
    *,
    exposure: npt.ArrayLike | None = None,
    dispersion: float | None = None,
    correlation: float = 0.0,
    period: int | None = None,
    labels: Sequence[object] | None = None,
    least: int = 2,
    level: float = 0.95,
    draws: int = 999,
    seed: int = 0,
) -> ChangePoint:
    """When the level of a series changed, if it did: the likeliest period with its interval, and by how much.

    ``counts``: one number a period, oldest first, 0 or more; sums of weights (harm, cost) are fine. ``exposure``: days,
    persons or expected counts of each period, equal where None. ``dispersion``: variance over mean, estimated from
    neighbouring periods where None. ``period``: periods in a year (12 for months) takes a season out, and needs two years.
    ``correlation``: of neighbouring periods while nothing changes, to allow for; the ``independent`` check says what it is.
    ``least``: fewest periods before and after. ``level``: of the intervals. ``draws``: for p-values and the interval.

    The p-value is two-sided. It is exact by permutation of the periods where exposures are equal and neither season nor
    dispersion is given; else from draws of negative-binomial counts with the same total. Raises ``ValueError`` for missing
    or negative counts, for nothing counted at all, and for fewer periods than ``2 * least`` or, with a season, two years.
    """
    s = _setting(counts, exposure, dispersion, correlation, period, labels, least, level, draws)
    return _single(s, np.random.default_rng(seed), seed)


def change_points(
    counts: npt.ArrayLike,
    *,
    exposure: npt.ArrayLike | None = None,
    dispersion: float | None = None,
    correlation: float = 0.0,
    period: int | None = None,
    labels: Sequence[object] | None = None,
    most: int = 5,
    least: int = 2,
    penalty: float | None = None,
    level: float = 0.95,
    draws: int = 499,
    seed: int = 0,
) -> ChangePoints:
    """All changes of level of a series, ``most`` at the most, by exact dynamic programming.

    ``penalty``: what each change must gain in twice the log likelihood over the dispersion. Where None it is set so that a
    series with the same total and scatter and no change shows any change with probability ``1 - level``. The rest is as in
    :func:`change_point`; each change is judged by it between its neighbours, with the whole's dispersion.
    """
    s = _setting(counts, exposure, dispersion, correlation, period, labels, least, level, draws)
    if most < 1:
        raise ValueError(f"most must be 1 or more, not {most!r}")
    if penalty is not None and not penalty > 0:
        raise ValueError(f"penalty must be above 0, not {penalty!r}")
    most = min(most, s.x.size // least - 1)
    rng = np.random.default_rng(seed)

    def scaled(rows: Floats, levels: Floats | None = None) -> tuple[Floats, Floats, Floats, Floats]:
        """Gains over the dispersion, cuts, dispersion and exposure of each row; its season beside known ``levels``."""
        e = s.season(rows, None if levels is None else s.exposure * levels)
        gains, cuts = kernels.best_cuts(rows, e, least, most)
        if s.known is not None:
            phi = np.full(rows.shape[0], s.known)
        else:
            mean = rows.sum(1, keepdims=True) * e / e.sum(1, keepdims=True)
            phi = s.scatter(rows, mean, kernels.levels_of(rows, e, cuts[:, most - 1]))
        return gains / phi[:, None], cuts, phi, e

    k = np.arange(1, most + 1)
    gains, cuts, phi, e = scaled(s.x[None])
    gains = gains / s.swing
    observed = float((gains[0] / k).max())
    if s.permutes:
        null = rng.permuted(np.tile(s.x, (draws, 1)), axis=1)
    else:
        null = draws_given_total(s.x.sum(), e[0], _null_dispersion(s, float(phi[0])), s.whole, draws, rng)
    reached = (scaled(null)[0] / k).max(1)
    p = (int((reached >= observed * (1 - 1e-12)).sum()) + 1) / (draws + 1)
    if penalty is None:
        penalty = float(np.sort(reached)[max(0, math.ceil((1 - (1 - level)) * (draws + 1)) - 1)])
        found = p <= 1 - level + 1e-12
    else:
        found = observed > penalty
    chosen = int(np.argmax(gains[0] - penalty * k)) + 1 if found else 0
    if chosen and s.design is not None:
        # Once levels are known, the season is seen more clearly: it is fitted beside them and the cuts made again.
        for _ in range(10):
            before = cuts[0, chosen - 1]
            levels = kernels.levels_of(s.x[None], e, before[None])[0]
            gains, cuts, phi, e = scaled(s.x[None], levels / e[0])
            chosen = max(1, int(np.argmax(gains[0] / s.swing - penalty * k)) + 1)
            if (cuts[0, chosen - 1] == before).all():
                break
    at = [int(c) for c in cuts[0, chosen - 1, :chosen]] if chosen else []
    bounds = [0, *at, s.x.size]
    changes = []
    for j in range(len(at)):
        part = slice(bounds[j], bounds[j + 2])
        local = _Setting(
            s.x[part],
            e[0][part],
            s.labels[part],
            least,
            s.whole,
            None,
            float(phi[0]),
            s.draws,
            level,
            s.correlation,
            s.parameters,
        )
        changes.append(_single(local, rng, seed, offset=bounds[j], checks=False))
    fitted = kernels.levels_of(s.x[None], e, np.array([at or [-1]]))[0]
    return ChangePoints(
        counts=s.x,
        labels=s.labels,
        changes=tuple(changes),
        p_value=p,
        penalty=float(penalty),
        dispersion=float(phi[0]),
        fitted=fitted,
        parameters={**s.parameters, "most": most},
        seed=seed,
        checks=_checks(s, s.x - fitted, fitted, float(phi[0]))[0],
    )


def shared_change(
    counts: npt.ArrayLike,
    *,
    exposure: npt.ArrayLike | None = None,
    at: int | None = None,
    areas: Sequence[object] | None = None,
    labels: Sequence[object] | None = None,
    window: int = 12,
    nearly: float = 0.8,
    least: int = 2,
    draws: int = 199,
    seed: int = 0,
) -> SharedChange:
    """Whether a change came in nearly all areas at once, as a change of recording does, or in some.

    ``counts``: shape (areas, periods), neighbouring areas near each other. ``exposure``: shape (periods,) or (areas,
    periods). ``at``: first period of the new level; where None, the strongest change in the sum of all areas. Up to
    ``window`` periods before and after are compared, and none beyond the sum's next change back. Areas are gathered in the
    order given into groups of 30 records; *everywhere* needs five groups and a share of ``nearly`` that moved.
    Raises ``ValueError`` as :func:`change_point` does, for one area alone, and for ``at`` outside.
    """
    x = checked_areas(counts, "counts")
    n_areas, n = x.shape
    names = checked_labels(areas, n_areas, "areas", of="areas")
    e = _area_exposure(exposure, x.shape)
    if not 0 < nearly <= 1:
        raise ValueError(f"nearly must be a share above 0 and up to 1, not {nearly!r}")
    if window < 1:
        raise ValueError(f"window must be 1 period or more, not {window!r}")
    rng = np.random.default_rng(seed)
    total = x.sum(0)
    whole_exposure = e.mean(0)
    if at is not None and not least <= at <= n - least:
        raise ValueError(f"at must leave {least} periods before and after, so lie in {least} to {n - least}, not {at!r}")
    changes = change_points(
        total, exposure=None if exposure is None else whole_exposure, labels=labels, least=least, seed=seed
    )
    named = at is not None
    if at is None:
        strongest = max(changes.changes, key=lambda c: float(c.likelihood[c.index]), default=None)
        if strongest is None:
            s = _setting(total, None if exposure is None else whole_exposure, None, 0.0, None, labels, least, 0.95, 999)
            at = int(np.nanargmax(_gains(s.x, s.exposure, least)))
        else:
            at = strongest.index + strongest.offset
    first, last = _span(changes, at, window, least)
    p_total = math.nan if named else changes.p_value
    k = at - first
    x, e = x[:, first:last], e[:, first:last]
    whole = is_whole(x)
    before, after = x[:, :k].sum(1), x[:, k:].sum(1)
    e0, e1 = e[:, :k].sum(1), e[:, k:].sum(1)
    some = (before + after) > 0
    if math.isnan(p_total):
        p_total = _fixed_p(x.sum(0), e.mean(0), k, whole)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(some, (after / e1) / (before / e0), np.nan)
    whole_log = _log_ratio(before.sum(), after.sum(), e0.sum(), e1.sum())
    group = _groups(before + after)
    sums = [np.bincount(group, v, minlength=group.max() + 1) for v in (before, after, e0, e1)]
    group_log = np.array([_log_ratio(*v) for v in zip(*sums, strict=True)])
    moved = group_log * math.copysign(1, whole_log) >= THIRD * abs(whole_log)
    share, m = float(moved.mean()), moved.size
    interval = ss.binomtest(int(moved.sum()), m).proportion_ci(0.95, method="wilson")
    rate0, rate1 = before[:, None] * e[:, :k] / e0[:, None], after[:, None] * e[:, k:] / e1[:, None]
    level = np.concatenate([rate0, rate1], 1)
    phi = float((moving_dispersion(x[some], level[some], whole) * level[some].sum(1)).sum() / level[some].sum())
    different = _heterogeneity(before, after, e0, e1, phi, whole, draws, rng)
    together, apart = _simultaneity(x[some], e[some], k, phi, whole, least, draws, rng)
    if p_total > 0.05:
        verdict = "none"
    elif share >= nearly and m >= LEAST_GROUPS:
        verdict = "spreading" if together <= 0.05 and apart > APART else "everywhere"
    elif share < nearly and different <= 0.05 and interval.high < nearly:
        verdict = "local"
    else:
        verdict = "unclear"
    checks = (
        Check(
            "groups",
            m >= LEAST_GROUPS,
            msg_n(
                "There is only {n:count} area or group with enough records, too few to say “everywhere”.",
                "There are only {n:count} areas or groups with enough records, too few to say “everywhere”.",
                m,
            )
            if m < LEAST_GROUPS
            else msg("{n:count} areas or groups hold enough records to compare.", n=m),
        ),
    )
    return SharedChange(
        index=at,
        labels=changes.labels,
        areas=names,
        verdict=verdict,
        p_value=p_total,
        whole_ratio=math.exp(whole_log),
        moved_share=share,
        moved_interval=(float(interval.low), float(interval.high)),
        heterogeneity_p=different,
        simultaneity_p=together,
        apart=apart,
        dispersion=phi,
        span=(first, last),
        before=before,
        after=after,
        ratio=ratio,
        group=group,
        group_ratio=np.exp(group_log),
        parameters={"at": at, "window": window, "nearly": nearly, "least": least, "draws": draws},
        seed=seed,
        checks=checks,
    )


def _figure(value: float) -> str:
    """A rate in a sentence: three digits that tell something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


# One change.


def _setting(
    counts: npt.ArrayLike,
    exposure: npt.ArrayLike | None,
    dispersion: float | None,
    correlation: float,
    period: int | None,
    labels: Sequence[object] | None,
    least: int,
    level: float,
    draws: int,
) -> _Setting:
    x = checked_series(counts, "counts")
    n = x.size
    if least < 1:
        raise ValueError(f"least must be 1 period or more, not {least!r}")
    if n < max(4, 2 * least):
        raise Unfit(
            msg_n(
                "{n:count} period is too short a series to look for a change in: {least:count} are needed at the least",
                "{n:count} periods are too few to look for a change: {least:count} are needed at the least",
                n=n,
                least=max(4, 2 * least),
            )
        )
    if x.sum() == 0:
        raise Unfit(msg("nothing was counted in any period, so no change of level can be seen"))
    if dispersion is not None and not (dispersion > 0 and math.isfinite(dispersion)):
        raise ValueError(f"dispersion must be above 0, not {dispersion!r}: 1 is a Poisson count's")
    if not 0 <= correlation <= 0.9:
        raise ValueError(f"correlation must lie from 0 to 0.9, not {correlation!r}")
    if not 0.5 <= level < 1:
        raise ValueError(f"level must lie from 0.5 to below 1, not {level!r}")
    if draws < 19:
        raise ValueError(f"draws must be 19 or more, not {draws!r}")
    e = checked_exposure(exposure, n)
    whole = is_whole(x)
    design = None
    if period is not None:
        if period < 2:
            raise ValueError(f"period must be 2 or more, not {period!r}")
        if n < 2 * period:
            raise Unfit(
                msg(
                    "a season of {season:count} periods needs {least:count} periods of history, not {n:count}: leave "
                    "period out",
                    season=period,
                    least=2 * period,
                    n=n,
                )
            )
        design = season_design(n, period, n)
    parameters = {
        "dispersion": dispersion,
        "correlation": correlation,
        "period": period,
        "least": least,
        "level": level,
        "draws": draws,
    }
    known = dispersion if dispersion is None or not whole else max(1.0, dispersion)
    names = checked_labels(labels, n)
    return _Setting(x, e, names, least, whole, design, known, draws, level, correlation, parameters)


def _null_dispersion(s: _Setting, phi: float) -> float:
    return max(phi, 1.0) if s.whole else phi


def _two_levels(x: Floats, e: Floats, at: int) -> Floats:
    out = np.empty(x.size)
    for part in (slice(0, at), slice(at, x.size)):
        out[part] = x[part].sum() / e[part].sum() * e[part]
    return out


def _gains(x: Floats, e: Floats, least: int) -> Floats:
    """Twice the log-likelihood gain of a change at each period; NaN where none is tried."""
    y, w = np.cumsum(x), np.cumsum(e)
    out = np.full(x.size, np.nan)
    t = np.arange(least, x.size - least + 1)
    a, b, u, v = y[t - 1], y[-1] - y[t - 1], w[t - 1], w[-1] - w[t - 1]
    b = np.where(b < 1e-12 * y[-1], 0.0, b)
    out[t] = 2 * (_xlog(a, u) + _xlog(b, v) - _xlog(y[-1:], w[-1:]))
    return np.asarray(np.maximum(out, 0.0), float)


def _xlog(y: Floats, e: Floats) -> Floats:
    return np.asarray(y * np.log(np.where(y > 0, y, 1.0) / np.where(y > 0, e, 1.0)), float)


def _single(s: _Setting, rng: np.random.Generator, seed: int, offset: int = 0, checks: bool = True) -> ChangePoint:
    x, n, row = s.x, s.x.size, s.x[None]
    e = s.season(row)[0]
    first = _gains(x, e, s.least)
    at = int(np.nanargmax(first))
    permute = s.permutes
    phi = s.known if s.known is not None else float(s.scatter(x, _two_levels(x, e, at)))
    p = _no_change_p(s, e, float(first[at]), phi, permute, rng)
    if s.design is not None:
        # Once it is asked when and by how much, the season is fitted beside each possible change.
        gains, index = step_gains(s.design, x, s.exposure, s.least)
        at, e = int(np.nanargmax(gains)), s.exposure * index
        if s.known is None:
            phi = float(s.scatter(x, _two_levels(x, e, at)))
    else:
        gains = first
    plausible = _plausible(s, e, gains, phi, permute, rng)
    alpha = 1 - s.level
    fits = np.flatnonzero(np.nan_to_num(plausible) > alpha * MONTH_SHARE)
    fitted = _two_levels(x, e, at)
    y1, e1 = np.cumsum(x), np.cumsum(e)
    tail = alpha * (1 - MONTH_SHARE)
    if s.known is None:
        tail = 2 * float(ss.norm.sf(ss.t.isf(tail / 2, max(2.0, 0.62 * (n - 2)))))
    ends = []
    for t in fits:
        a, b = y1[t - 1], max(0.0, float(y1[-1] - y1[t - 1]))
        odds = (e1[-1] - e1[t - 1]) / e1[t - 1]
        ends.append(conditional_interval(b, a, odds, level=1 - tail, dispersion=max(phi * s.swing, 1e-9)))
    low, high = float(min(v[0] for v in ends)), float(max(v[1] for v in ends))
    rate0 = float(fitted[0] / e[0])
    rate1 = float(fitted[-1] / e[-1])
    found, rho = _checks(s, x - fitted, fitted, phi)
    return ChangePoint(
        counts=x,
        labels=s.labels,
        index=at,
        interval=(int(fits[0]), int(fits[-1])),
        before=rate0,
        after=rate1,
        ratio=rate1 / rate0 if rate0 > 0 else math.inf,
        ratio_interval=(low, high),
        p_value=p,
        level=s.level,
        dispersion=phi,
        autocorrelation=rho,
        likelihood=gains / phi,
        plausible=plausible,
        fitted=fitted,
        offset=offset,
        parameters={**s.parameters, "method": "permutation" if permute else "draws"},
        seed=seed,
        checks=found if checks else (),
    )


def _no_change_p(s: _Setting, e: Floats, observed: float, phi: float, permute: bool, rng: np.random.Generator) -> float:
    observed = observed / s.swing
    if permute:
        rows = rng.permuted(np.tile(s.x, (s.draws, 1)), axis=1)
        best, _ = kernels.best_single(rows, e[None], s.least, 0)
    else:
        rows = draws_given_total(s.x.sum(), e, _null_dispersion(s, phi), s.whole, s.draws, rng)
        own = s.season(rows)
        best, _ = kernels.best_single(rows, own if s.design is not None else e[None], s.least, 0)
        if s.known is None:
            best = best / s.scatter(rows, e / e.sum() * s.x.sum())
            observed = observed / phi
    return (int((best >= observed * (1 - 1e-12) - 1e-9).sum()) + 1) / (s.draws + 1)


def _plausible(s: _Setting, e: Floats, gains: Floats, phi: float, permute: bool, rng: np.random.Generator) -> Floats:
    """P-value of each period as the beginning: the likelihood ratio of the best against it, given the totals on its two
    sides, by permutation within them or by draws."""
    best = np.nanmax(gains)
    out = np.full(s.x.size, np.nan)
    for t in np.flatnonzero(~np.isnan(gains)):
        short = (best - gains[t]) / s.swing
        if short <= 1e-9:
            out[t] = 1.0
            continue
        if short / phi > HOPELESS:
            out[t] = 1 / (s.draws + 1)
            continue
        rows = np.empty((s.draws, s.x.size))
        for part in (slice(0, t), slice(t, s.x.size)):
            x = s.x[part]
            if permute:
                rows[:, part] = rng.permuted(np.tile(x, (s.draws, 1)), axis=1)
            else:
                total = x.sum()
                rows[:, part] = (
                    draws_given_total(total, e[part], _null_dispersion(s, phi), s.whole, s.draws, rng) if total else 0
                )
        top, here = kernels.best_single(rows, e[None], s.least, t)
        fall = top - here
        if not permute and s.known is None:
            fall = fall / s.scatter(rows, _two_levels(s.x, e, int(t)))
            short = short / phi
        out[t] = (int((fall >= short * (1 - 1e-12) - 1e-9).sum()) + 1) / (s.draws + 1)
    return out


def _checks(s: _Setting, residual: Floats, fitted: Floats, phi: float) -> tuple[tuple[Check, ...], float]:
    z = residual / np.sqrt(np.maximum(fitted, 1e-12) * phi)
    square = float(z @ z)
    rho = float(z[1:] @ z[:-1]) / square if square > 0 else 0.0
    limit = 2 / math.sqrt(z.size)
    alike = Check(
        "independent",
        rho <= limit,
        msg("Neighbouring periods are alike beyond the change (correlation {r:ratio}), so the p-value is too small.", r=rho)
        if rho > limit
        else msg("Neighbouring periods are no more alike than chance makes them (correlation {r:ratio}).", r=rho),
    )
    enough = Check(
        "enough",
        s.x.size >= 12,
        msg("There are only {n:count} periods: fewer than 12 seldom show when a change began.", n=s.x.size)
        if s.x.size < 12
        else msg("There are {n:count} periods.", n=s.x.size),
    )
    return (enough, alike), rho


# Everywhere at once?


def _area_exposure(exposure: npt.ArrayLike | None, shape: tuple[int, int]) -> Floats:
    if exposure is None:
        return np.ones(shape)
    e = np.asarray(exposure, float)
    if e.ndim == 1:
        return np.tile(checked_exposure(e, shape[1]), (shape[0], 1))
    if e.shape != shape:
        raise ValueError(f"exposure needs shape {shape} or ({shape[1]},), not {e.shape}")
    return np.stack([checked_exposure(row, shape[1]) for row in e])


def _span(changes: ChangePoints, at: int, window: int, least: int) -> tuple[int, int]:
    """The periods to compare: up to ``window`` on both sides, up to a change back and to any change half a window away.

    Changes in the same direction close by may be the same one, coming to one area after the other.
    """
    first, last = max(0, at - window), min(changes.counts.size, at + window)
    if not changes.changes:
        return first, last
    nearest = min(changes.changes, key=lambda c: abs(c.index + c.offset - at))
    for change in changes.changes:
        c = change.index + change.offset
        if (change.ratio > 1) == (nearest.ratio > 1) and abs(c - at) <= window / 2:
            continue
        if c <= at - least:
            first = max(first, c)
        elif c >= at + least:
            last = min(last, c)
    return first, last


def _log_ratio(y0: float, y1: float, e0: float, e1: float) -> float:
    """Logarithm of the rate ratio, half a record added on both sides."""
    return math.log((y1 + 0.5) / (y0 + 0.5) * (e0 / e1))


def _groups(records: Floats) -> npt.NDArray[np.int64]:
    """The number of each area's group; a rest that stays too small joins the last one."""
    group, now, held = np.zeros(records.size, np.int64), 0, 0.0
    for i, r in enumerate(records):
        group[i] = now
        held += float(r)
        if held >= GROUP:
            now, held = now + 1, 0.0
    full = max(now, 1)
    return np.minimum(group, full - 1)


def _fixed_p(x: Floats, e: Floats, at: int, whole: bool) -> float:
    """Two-sided p-value of a change at a period that was named beforehand."""
    gain = _gains(x, e, 1)[at]
    phi = float(moving_dispersion(x, _two_levels(x, e, at), whole))
    return 2 * float(ss.t.sf(math.sqrt(gain / phi), max(2.0, 0.62 * (x.size - 2))))


def _heterogeneity(
    before: Floats, after: Floats, e0: Floats, e1: Floats, phi: float, whole: bool, draws: int, rng: np.random.Generator
) -> float:
    n = before + after
    odds = (e1 / e0) * (after.sum() / (before.sum() if before.sum() > 0 else 0.5)) / (e1.sum() / e0.sum())
    share = np.clip(odds / (1 + odds), 1e-9, 1 - 1e-9)

    def statistic(a: Floats) -> Floats:
        return np.asarray(((a - n * share) ** 2 / np.maximum(n * share * (1 - share), 1e-12)).sum(-1), float)

    if whole:
        if phi > 1 + 1e-9:
            a, b = n * share / (phi - 1), n * (1 - share) / (phi - 1)
            chance = rng.beta(np.maximum(a, 1e-6), np.maximum(b, 1e-6), size=(draws, n.size))
        else:
            chance = np.broadcast_to(share, (draws, n.size))
        drawn = rng.binomial(n.astype(np.int64), chance).astype(float)
    else:
        drawn = n * rng.beta(
            np.maximum(n * share / phi, 1e-6), np.maximum(n * (1 - share) / phi, 1e-6), size=(draws, n.size)
        )
    return (int((statistic(drawn) >= statistic(after) * (1 - 1e-12)).sum()) + 1) / (draws + 1)


def _simultaneity(
    x: Floats, e: Floats, at: int, phi: float, whole: bool, least: int, draws: int, rng: np.random.Generator
) -> tuple[float, float]:
    """P-value of one common beginning (what the areas would gain from beginnings of their own, against draws without), and
    that gain beyond chance over what the common beginning gains."""
    least = min(least, at, x.shape[1] - at)
    observed, common, drawn = 0.0, 0.0, np.zeros(draws)
    for row, exposure in zip(x, e, strict=True):
        best, here = kernels.best_single(row[None], exposure[None], least, at)
        observed += float(best[0] - here[0])
        common += float(here[0])
        rows = np.zeros((draws, row.size))
        for part in (slice(0, at), slice(at, row.size)):
            total = row[part].sum()
            if total > 0:
                rows[:, part] = draws_given_total(total, exposure[part], phi, whole, draws, rng)
        best, here = kernels.best_single(rows, exposure[None], least, at)
        drawn += best - here
    p = (int((drawn >= observed * (1 - 1e-12)).sum()) + 1) / (draws + 1)
    return p, max(0.0, observed - float(drawn.mean())) / max(common, 1e-9)
