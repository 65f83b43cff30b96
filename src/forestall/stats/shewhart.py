"""Control charts: does a period differ from the baseline by more than the baseline's own scatter?

Limits are frozen on a baseline and never move by themselves. Where a shift has lasted, the chart proposes to rebase; a
person decides, and :func:`rebased` records who and why. Rules annotate and don't decide: of stable series of 21 quarters
they fire somewhere on one in eight where all 21 make the limits and on one in four where the first twelve do
(docs/benchmarks/control-charts.md), and each chart says how often its own would.

Sources: Shewhart, *Economic Control of Quality of Manufactured Product* (1931); Wheeler and Chambers, *Understanding
Statistical Process Control* (1992), for XmR; Laney (2002) for overdispersed counts; Benneyan (2001) for days between.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import stats as ss

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats import _limits as limits
from forestall.stats import _runs as runs
from forestall.stats import _shift_kernels as kernels
from forestall.stats._chart_drawing import control_drawing
from forestall.stats._levels import (
    FEW,
    checked_exposure,
    checked_labels,
    checked_series,
    draws_given_total,
    is_whole,
    label_name,
    log_linear,
    moving_dispersion,
    season_design,
)
from forestall.stats._runs import ChartRules
from forestall.stats._unfit import Unfit
from forestall.text import msg, msg_n

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

KINDS = ("auto", "xmr", "poisson", "overdispersed", "days_between", "seasonal")
DISTRIBUTIONS = ("auto", "exponential", "geometric", "weibull")

#: Fewer baseline periods than these are warned of.
ENOUGH = 12

#: A shift is proposed as a new baseline once it has lasted so many periods, of the last of which all but one keep to it.
LASTED = 8

#: A shift is proposed where chance alone, searching as hard, would show as much with at most this probability.
PROPOSE = 0.01

#: Of moving ranges, the scatter is known as if from this share of as many independent periods.
WORTH = 0.62


@dataclass(frozen=True)
class ChartSignal:
    """Where a rule is met. ``rule``: ``outside``, ``run``, ``trend`` or ``near``; ``side``: ``above``, ``below``,
    ``rising`` or ``falling``. ``start``: first period that belongs to it; ``at``: the period at which it was complete;
    ``end``: the last one to which it goes on. Counted from 0."""

    rule: str
    side: str
    start: int
    at: int
    end: int


@dataclass(frozen=True)
class Phase:
    """Periods under one set of limits: ``start`` to before ``stop``, with limits from ``baseline`` (first, last + 1).
    ``reason`` and ``by``: why and by whom the chart was rebased here; empty in the first phase."""

    start: int
    stop: int
    baseline: tuple[int, int]
    reason: str = ""
    by: str = ""


@dataclass(frozen=True)
class Rebase:
    """A proposal, on which a person decides: the level seems to have shifted for good. ``at``: the first period of the new
    level; ``lasted``: periods since; ``before``, ``after``: values over what the limits expect; ``p_value``: that chance
    alone, searching all periods, would show as much (two-sided)."""

    at: int
    label: str
    lasted: int
    before: float
    after: float
    p_value: float

    def explain(self, language: str = "en") -> str:
        """The evidence as a sentence."""
        return msg(
            "Since {label}, for {n:count} periods, values lie at {after:ratio} times what the limits expect, against "
            "{before:ratio} before (p = {p:.2g}). If the reason is known and lasts, set a new baseline there; the limits "
            "stay until a person does.",
            label=label_name(self.label), n=self.lasted, after=self.after, before=self.before, p=self.p_value,
        ).render(language)  # fmt: skip


@register
@dataclass(frozen=True, kw_only=True)
class ControlChart(Figures):
    """A series with its limits. ``kind``: the one that was used. Arrays have shape (periods,): ``values`` as given;
    ``centre``: expected; ``middle``: the line that runs are judged against (the median of what is expected; the mean of an
    XmR chart); ``lower``, ``upper``: limits, on which a value is still inside; ``near_lower``, ``near_upper``: warning
    lines; NaN where the baseline doesn't vary. ``outside``: beyond a limit. ``signals``: every rule that is met.
    ``dispersion``: variance over mean of counts. ``proposal``: where a new baseline may be due, or None. ``false_alarm``:
    how often a series like this in which nothing changes has any signal at all; NaN where the limits are."""

    type_name: ClassVar[str] = "control-chart"

    kind: str
    values: Floats
    labels: tuple[str, ...]
    exposure: Floats
    centre: Floats
    middle: Floats
    lower: Floats
    upper: Floats
    near_lower: Floats
    near_upper: Floats
    outside: Flags
    signals: tuple[ChartSignal, ...]
    rules: ChartRules
    phases: tuple[Phase, ...]
    dispersion: float
    proposal: Rebase | None
    false_alarm: float

    @property
    def baseline(self) -> tuple[int, int]:
        """First period, and the one after the last, on which the present limits are frozen."""
        return self.phases[-1].baseline

    def table(self) -> Table:
        columns = (
            Column("period", msg("Period")),
            Column("value", msg("Value"), numeric=True),
            Column("centre", msg("Expected"), numeric=True),
            Column("lower", msg("Lower limit"), numeric=True),
            Column("upper", msg("Upper limit"), numeric=True),
            Column("signals", msg("Signals")),
        )
        said = {"outside": msg("outside"), "run": msg("run"), "trend": msg("trend"), "near": msg("near a limit")}
        rows = []
        for i, label in enumerate(self.labels):
            names = [s.rule for s in self.signals if s.at <= i <= s.end]
            here: Any = msg("{names:list}", names=[said[r] for r in dict.fromkeys(names)]) if names else None
            figures = (self.values[i], self.centre[i], self.lower[i], self.upper[i])
            rows.append((label, *(float(v) if math.isfinite(v) else None for v in figures), here))
        return Table(columns, tuple(rows))

    def chart(self, language: str = "en") -> Any:
        flagged = sorted({i for s in self.signals for i in range(s.at, s.end + 1)})
        return control_drawing(
            self.labels, self.values, (self.centre, self.lower, self.upper), flagged, [p.start for p in self.phases[1:]],
            self.kind == "days_between", language,
        )  # fmt: skip

    def explain(self, language: str = "en") -> str:
        first, stop = self.baseline
        beyond = int(self.outside.sum())
        others = sum(s.rule != "outside" for s in self.signals)
        given: dict[str, Any] = {
            "n": len(self.labels), "first": label_name(self.labels[first]), "last": label_name(self.labels[stop - 1]),
            "base": stop - first, "beyond": beyond, "others": others,
        }  # fmt: skip
        parts = [
            msg(
                "Limits rest on the {base:count} periods from {first} to {last} and stay as they are. Of {n:count} periods "
                "{beyond:count} lie outside them; signals by runs, trends and pairs near a limit: {others:count}.",
                **given,
            )
        ]
        if self.kind == "days_between":
            parts.append(
                msg("These are days between events: high values are long quiet spells, low ones come close together.")
            )
        if self.signals:
            parts.append(
                msg(
                    "A signal is a note and no decision: of series like this in which nothing changes, {share:percent} "
                    "show one somewhere. What caused it the chart can't tell.",
                    share=self.false_alarm,
                )
            )
        elif not math.isnan(self.false_alarm):
            parts.append(
                msg(
                    "No signal is no proof that nothing changed: a small shift stays inside the limits for long. Of series "
                    "like this in which nothing changes, {share:percent} show a signal.",
                    share=self.false_alarm,
                )
            )
        for phase in self.phases[1:]:
            parts.append(
                msg(
                    "The limits were set anew at {label} by {by}: {reason}",
                    label=label_name(self.labels[phase.start]), by=phase.by, reason=phase.reason,
                )
            )  # fmt: skip
        said = [p.render(language) for p in parts]
        if self.proposal is not None:
            said.append(self.proposal.explain(language))
        return " ".join(said + [c.text.render(language) for c in self.checks if not c.passed])


def control_chart(
    values: npt.ArrayLike,
    *,
    kind: str = "auto",
    exposure: npt.ArrayLike | None = None,
    baseline: int | slice | None = None,
    labels: Sequence[object] | None = None,
    rules: ChartRules | None = None,
    period: int = 12,
    alpha: float = limits.ALPHA,
    standard: float | None = None,
    dispersion: float | None = None,
    distribution: str = "auto",
    draws: int = 999,
    seed: int = 0,
) -> ControlChart:
    """A control chart of one value a period, oldest first.

    ``kind``: ``xmr`` for measurements, rates and sums of weights (harm, cost); ``poisson`` and ``overdispersed`` for
    counts; ``days_between`` for the days from each event to the next; ``seasonal`` for counts or other values of 0 or more
    with a season of ``period`` periods and two years of baseline. ``auto`` takes Poisson or, where the baseline scatters
    clearly more, overdispersed limits for whole numbers, and XmR for others. ``exposure``: days, persons or beds of each
    period, for counts. ``baseline``: the first so many periods, or a slice of them, on which the limits are frozen; all of
    now where None. ``rules``: a :class:`ChartRules`; None for runs of 8, trends of 6. ``alpha``: two-sided chance of lying
    outside. ``standard``: a rate (count a period, or by unit of exposure) that is given and not estimated. ``dispersion``:
    variance over mean, estimated from neighbouring periods of the baseline where None. ``distribution``: of days between:
    ``exponential``, ``geometric`` (whole days), ``weibull`` (clustered events), or ``auto``. ``draws``, ``seed``: for the
    false alarms and the p-value of a proposal.

    Raises ``ValueError`` for no values, missing or (but for XmR) negative ones, a baseline outside the series or of fewer
    than 3 periods, an exposure that is not above 0, unknown kinds, and a season with less than two years of baseline.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    if distribution not in DISTRIBUTIONS:
        raise ValueError(f"distribution must be one of {', '.join(DISTRIBUTIONS)}, not {distribution!r}")
    if not 0 < alpha < NEAREST:
        raise ValueError(f"alpha must lie between 0 and {NEAREST}, where the warning lines are, not {alpha!r}")
    if rules is not None and not isinstance(rules, ChartRules):
        raise ValueError(f"rules must be a ChartRules, such as ChartRules(run=8, trend=6), not {rules!r}")
    if standard is not None and not (standard > 0 and math.isfinite(standard)):
        raise ValueError(f"standard must be a rate above 0, not {standard!r}")
    if dispersion is not None and not (dispersion >= 1 and math.isfinite(dispersion)):
        raise ValueError(f"dispersion must be 1 or more, not {dispersion!r}")
    if period < 2:
        raise ValueError(f"period must be 2 or more, not {period!r}")
    if draws < 99:
        raise ValueError(f"draws must be 99 or more, not {draws!r}")
    x = checked_series(values, "values", negative=kind in ("auto", "xmr"))
    first, stop = _baseline(baseline, x.size)
    if kind == "auto":
        kind = _kind(x, checked_exposure(exposure, x.size), slice(first, stop), exposure is not None)
    _fitting(kind, x, exposure is not None, standard, dispersion)
    _long_enough(kind, stop - first, period)
    asked: dict[str, Any] = {
        "kind": kind, "period": period, "alpha": alpha, "standard": standard, "dispersion": dispersion,
        "distribution": distribution, "draws": draws, "baseline": [first, stop],
    }  # fmt: skip
    return _chart(
        x, checked_exposure(exposure, x.size), checked_labels(labels, x.size), (Phase(0, x.size, (first, stop)),),
        rules or ChartRules(), asked, seed,
    )  # fmt: skip


#: Limits closer than the warning lines make no chart.
NEAREST = limits.NEAR


def rebased(chart: ControlChart, *, at: int | str, reason: str, by: str) -> ControlChart:
    """A new chart whose limits rest on the periods from ``at`` on, because ``by`` decided so for a ``reason``.

    ``at``: a period's number, counted from 0, or its label. What lies before keeps its limits and signals; runs don't
    cross over. Raises ``ValueError`` for no reason or name, an unknown period, and fewer than 3 periods from there on (two
    years where there is a season).
    """
    if not reason.strip() or not by.strip():
        raise ValueError("a chart is rebased for a reason, by a person: give both reason and by")
    if isinstance(at, str):
        if chart.labels.count(at) != 1:
            raise ValueError(f"no single period is labelled {at!r}: give one of the chart's labels, or the period's number")
        at = chart.labels.index(at)
    last, n = chart.phases[-1], chart.values.size
    if not last.start < at < n:
        raise ValueError(f"at must lie after period {last.start} and before {n}, not at {at!r}")
    if chart.parameters["standard"] is not None:
        raise ValueError("this chart's limits rest on a standard and not on a baseline: make a chart with another standard")
    _long_enough(chart.kind, n - at, int(chart.parameters["period"]))
    # A baseline that reaches beyond the new beginning stays what it was for the old limits: they don't move.
    phases = (*chart.phases[:-1], replace(last, stop=at), Phase(at, n, (at, n), reason.strip(), by.strip()))
    return _chart(chart.values, chart.exposure, chart.labels, phases, chart.rules, chart.parameters, chart.seed or 0)


def extended(
    chart: ControlChart,
    values: npt.ArrayLike,
    *,
    exposure: npt.ArrayLike | None = None,
    labels: Sequence[object] | None = None,
) -> ControlChart:
    """The chart with later periods under the limits that it has: its baseline stays as it is frozen."""
    more = checked_series(values, "values", negative=chart.kind == "xmr")
    _fitting(chart.kind, more, exposure is not None, None, None)
    n = chart.values.size
    names = checked_labels(labels, more.size) if labels is not None else tuple(str(n + i + 1) for i in range(more.size))
    return _chart(
        np.concatenate([chart.values, more]),
        np.concatenate([chart.exposure, checked_exposure(exposure, more.size)]),
        chart.labels + names,
        (*chart.phases[:-1], replace(chart.phases[-1], stop=n + more.size)),
        chart.rules,
        chart.parameters,
        chart.seed or 0,
    )


# What was asked, checked.


def _baseline(baseline: int | slice | None, n: int) -> tuple[int, int]:
    if baseline is None:
        first, stop = 0, n
    elif isinstance(baseline, slice):
        if baseline.step not in (None, 1):
            raise ValueError(f"a baseline is a stretch of periods, so its slice has no step, not {baseline.step!r}")
        first, stop = baseline.start or 0, n if baseline.stop is None else baseline.stop
        if not 0 <= first < stop <= n:
            raise ValueError(f"the baseline must lie within the {n} periods, counted from 0, not at {first} to {stop}")
    else:
        first, stop = 0, int(baseline)
        if not 0 < stop <= n:
            raise Unfit(msg("the baseline must be the first 1 to {n:count} periods, not {given}", n=n, given=str(baseline)))
    return first, stop


def _kind(x: Floats, exposure: Floats, base: slice, exposed: bool) -> str:
    """What ``auto`` takes: XmR for other than counts; Poisson unless the baseline scatters clearly more."""
    if not is_whole(x) or (x < 0).any():
        if exposed:
            raise ValueError("values with an exposure must be whole counts of 0 or more: divide by it and use kind='xmr'")
        return "xmr"
    y, e = x[base], exposure[base]
    phi = float(moving_dispersion(y, y.sum() / e.sum() * e, True)) if y.sum() > 0 else 1.0
    return "overdispersed" if phi > 1 + 3 / math.sqrt(y.size) else "poisson"


def _long_enough(kind: str, base: int, period: int) -> None:
    """Raises ``ValueError`` where the baseline is too short to show its scatter, or its season."""
    if base < 3:
        raise Unfit(
            msg_n(
                "a baseline of {n:count} period shows no scatter: 3 are needed, and {wanted:count} are wanted",
                "a baseline of {n:count} periods shows no scatter: 3 are needed, and {wanted:count} are wanted",
                n=base,
                wanted=ENOUGH,
            )
        )
    if kind == "seasonal" and base < 2 * period:
        raise Unfit(
            msg(
                "a season of {season:count} periods needs a baseline of {least:count} at the least, not {n:count}: until "
                "then use kind='overdispersed' or 'xmr', and compare with the same month of the year before by eye",
                season=period,
                least=2 * period,
                n=base,
            )
        )


def _fitting(kind: str, x: Floats, exposed: bool, standard: float | None, dispersion: float | None) -> None:
    """Raises ``ValueError`` where values, or what else was given, don't go with ``kind``."""
    if kind in ("poisson", "overdispersed") and not is_whole(x):
        odd = x[x != np.round(x)][0]
        raise ValueError(f"{kind} limits are for whole counts, not {odd!r}: use kind='xmr' for rates and sums of weights")
    if exposed and kind in ("xmr", "days_between"):
        raise ValueError(f"kind {kind!r} takes no exposure: divide the values by it, or use a kind for counts")
    if standard is not None and kind not in ("poisson", "overdispersed"):
        raise ValueError(f"standard is a rate of counts, and kind {kind!r} takes none: use poisson or overdispersed")
    if dispersion is not None and kind in ("xmr", "poisson", "days_between"):
        raise ValueError(f"kind {kind!r} takes no dispersion: use overdispersed")


# The chart made.


def _chart(
    x: Floats,
    exposure: Floats,
    labels: tuple[str, ...],
    phases: tuple[Phase, ...],
    rules: ChartRules,
    asked: Mapping[str, Any],
    seed: int,
) -> ControlChart:
    n = x.size
    lines = [np.full(n, np.nan) for _ in range(6)]
    signals: list[ChartSignal] = []
    notes: list[Check] = []
    quiet, dispersion, proposal = 1.0, 1.0, None
    for i, phase in enumerate(phases):
        # The law is made over the stretch from which its limits come and on which they are judged.
        low, high = min(phase.start, phase.baseline[0]), max(phase.stop, phase.baseline[1])
        inside = np.zeros(high - low, bool)
        inside[phase.baseline[0] - low : phase.baseline[1] - low] = True
        law, checks = _law(x[low:high], exposure[low:high], inside, low, asked)
        own = slice(phase.start - low, phase.stop - low)
        part = slice(phase.start, phase.stop)
        drawn = (law.centre, law.middle, law.lower, law.upper, law.near_lower, law.near_upper)
        for line, made in zip(lines, drawn, strict=True):
            line[part] = made[own]
        signals += _signals(_rules(x[low:high][None], law, own, rules), phase.start)
        rng = np.random.default_rng([seed, i])
        quiet *= 1 - _false_alarm(law, own, inside, rules, asked, rng)
        dispersion = law.dispersion
        if i == len(phases) - 1:
            level = x[low:high][own] / np.maximum(law.centre[own], 1e-12)
            residual = x[low:high][inside] - law.centre[inside]
            notes = [*checks, *_checks(x[low:high], law, inside, residual, signals, phase, asked)]
            proposal = _proposal(x[part], law, own, level, labels, phase, str(asked["kind"]), asked, rng)
    centre, middle, lower, upper, near_lower, near_upper = lines
    return ControlChart(
        kind=str(asked["kind"]),
        values=x,
        labels=labels,
        exposure=exposure,
        centre=centre,
        middle=middle,
        lower=lower,
        upper=upper,
        near_lower=near_lower,
        near_upper=near_upper,
        outside=runs.outside(x[None], lower, upper).where[0],
        signals=tuple(sorted(signals, key=lambda s: (s.at, s.rule))),
        rules=rules,
        phases=phases,
        dispersion=dispersion,
        proposal=proposal,
        false_alarm=1 - quiet,
        parameters=dict(asked),
        seed=seed,
        checks=tuple(notes),
    )


def _law(
    x: Floats, exposure: Floats, inside: Flags, origin: int, asked: Mapping[str, Any]
) -> tuple[limits.Law, list[Check]]:
    kind, alpha = asked["kind"], float(asked["alpha"])
    base = x[inside]
    n = base.size
    if kind == "xmr":
        return limits.xmr(x, np.ones(x.size), inside, alpha), []
    if kind == "days_between":
        return _gaps(x, inside, alpha, str(asked["distribution"]))
    scale, used = exposure, 1
    if kind == "seasonal":
        if base.sum() == 0:
            raise Unfit(msg("nothing was counted in the baseline, so no season can be seen in it"))
        period = int(asked["period"])
        design = season_design(origin + x.size, period, n)[origin:]
        beta = log_linear(design[inside], base[None], exposure[inside])[0]
        index = np.exp(np.clip(design[:, 1:] @ beta[1:], -20, 20))
        scale, used = exposure * index / float(index[inside].mean()), design.shape[1]
        if not is_whole(x):
            return limits.xmr(x, scale, inside, alpha), []
    phi, free = 1.0, math.inf
    if kind != "poisson":
        known = asked["dispersion"]
        phi = float(known) if known is not None else 1.0
        if known is None and base.sum() > 0:
            mean = base.sum() / scale[inside].sum() * scale[inside]
            phi = max(1.0, float(moving_dispersion(base, mean, True)) * n / max(n - used + 1, 1))
        if known is None:
            free = max(2.0, WORTH * (n - used))
    return limits.counts(x, scale, inside, alpha, phi, free, asked["standard"]), []


def _gaps(x: Floats, inside: Flags, alpha: float, distribution: str) -> tuple[limits.Law, list[Check]]:
    base = x[inside]
    if base.sum() == 0:
        raise ValueError("all gaps of the baseline are 0 days: count events by day instead, with kind='poisson'")
    whole = is_whole(x)
    if distribution == "geometric" and not whole:
        raise ValueError(f"geometric limits are for whole days, not {x[x != np.round(x)][0]!r}: use 'exponential'")
    if not whole and (base == 0).any() and distribution == "weibull":
        raise ValueError("Weibull limits need gaps above 0 days: give exact times, or whole days")
    if distribution == "auto":
        distribution = "geometric" if whole else "exponential"
        if base.size >= ENOUGH and (whole or (base > 0).all()) and float(np.ptp(base)) > 0:
            shape, _, gain = limits.fit_weibull(base, whole)
            if shape < 1 and ss.chi2.sf(gain, 1) < 0.05:
                distribution = "weibull"
    notes = []
    if distribution == "weibull":
        notes.append(
            Check(
                "gaps",
                base.size >= 30,
                msg("Limits of clustered events rest on {n:count} gaps: with fewer than 30 they are rough.", n=base.size)
                if base.size < 30
                else msg("Limits of clustered events rest on {n:count} gaps.", n=base.size),
            )
        )
    return limits.gaps(x, inside, alpha, distribution), notes


def _rules(x: Floats, law: limits.Law, own: slice, rules: ChartRules) -> dict[str, runs.Fired]:
    """The rules on rows of shape (series, periods of the law), over the phase's own periods."""
    lines = (law.lower[own], law.upper[own], law.near_lower[own], law.near_upper[own])
    level = x[:, own] / law.centre[own] if (law.centre[own] > 0).all() else x[:, own]
    return runs.all_rules(rules, x[:, own], level, law.middle[own], law.above[own], law.below[own], lines)


def _signals(fired: Mapping[str, runs.Fired], offset: int) -> list[ChartSignal]:
    """Signals of the first series; what goes on is one signal."""
    found = []
    for rule, f in fired.items():
        at: int | None = None
        words = ("rising", "falling") if rule == "trend" else ("above", "below")
        times = [int(t) for t in np.flatnonzero(f.where[0])]
        for j, t in enumerate(times):
            at = t if at is None else at
            after = times[j + 1] if j + 1 < len(times) else None
            goes_on = after is not None and f.side[0, after] == f.side[0, t] and rule != "outside"
            if goes_on and after is not None and rule in ("run", "trend"):
                goes_on = bool(f.start[0, after] == f.start[0, at])
            elif goes_on and after is not None:
                goes_on = after - t <= 1
            if not goes_on:
                side = words[0] if f.side[0, t] > 0 else words[1]
                found.append(ChartSignal(rule, side, int(f.start[0, at]) + offset, at + offset, t + offset))
                at = None
    return found


def _false_alarm(
    law: limits.Law, own: slice, inside: Flags, rules: ChartRules, asked: Mapping[str, Any], rng: np.random.Generator
) -> float:
    """How often a series of this length with nothing in it has any signal. XmR limits are drawn anew on each."""
    if np.isnan(law.upper).any():
        return math.nan
    rows = law.draw(rng, int(asked["draws"]))
    if asked["kind"] == "xmr":
        base = rows[:, inside]
        mean = base.mean(1, keepdims=True)
        width = limits.xmr_factor(float(asked["alpha"])) * np.abs(np.diff(base, axis=1)).mean(1, keepdims=True)
        cut = rows[:, own]
        ones = np.full(cut.shape[1], 0.5)
        lines = (mean - width, mean + width, mean - 2 / 3 * width, mean + 2 / 3 * width)
        fired = runs.all_rules(rules, cut, cut, mean, ones, ones, lines)
    else:
        fired = _rules(rows, law, own, rules)
    any_ = np.zeros(rows.shape[0], bool)
    for f in fired.values():
        any_ |= f.where.any(1)
    return float(any_.mean())


def _checks(
    x: Floats, law: limits.Law, inside: Flags, residual: Floats, signals: Sequence[ChartSignal], phase: Phase,
    asked: Mapping[str, Any],
) -> list[Check]:  # fmt: skip
    base = x[inside]
    n, kind = base.size, asked["kind"]
    first, stop = phase.baseline
    out = [_enough(n)]
    in_it = sum(1 for s in signals if first <= s.start and s.end < stop and s.at >= phase.start)
    out.append(
        Check(
            "steady",
            in_it == 0,
            msg_n(
                "The baseline itself holds {n:count} signal: limits that rest on it may be too wide.",
                "The baseline itself holds {n:count} signals: limits that rest on it may be too wide.",
                in_it,
            )
            if in_it
            else msg("The baseline holds no signal."),
        )
    )
    z = residual / np.sqrt(np.maximum(law.centre[inside], 1e-12)) if kind not in ("xmr", "days_between") else residual
    z = z - z.mean()
    square = float(z @ z)
    rho = float(z[1:] @ z[:-1]) / square if square > 0 else 0.0
    alike = rho > 2 / math.sqrt(n)
    out.append(
        Check(
            "independent",
            not alike,
            msg("Neighbouring periods are alike (correlation {r:ratio}): runs and limits then fire too often.", r=rho)
            if alike
            else msg("Neighbouring periods are no more alike than chance makes them (correlation {r:ratio}).", r=rho),
        )
    )
    if np.isnan(law.upper).any():
        out.append(Check("varies", False, msg("The baseline doesn't vary at all, so its limits are not known.")))
    if kind == "xmr" and is_whole(x) and (x >= 0).all():
        few = float(base.mean()) < FEW
        out.append(
            Check(
                "counts",
                not few,
                msg(
                    "Counts of about {mean:decimal} a period are too few for XmR limits: use Poisson ones.",
                    mean=base.mean(),
                )
                if few
                else msg("Counts are large enough for XmR limits."),
            )
        )
    if kind not in ("xmr", "days_between") and not (law.lower > 0).any():
        out.append(
            Check(
                "fall",
                False,
                msg(
                    "No period is expected to hold enough for a low count to be a signal by itself: a fall shows only in "
                    "runs, or as days between events."
                ),
            )
        )
    period = int(asked["period"])
    if kind not in ("seasonal", "days_between") and n >= 2 * period:
        season = _season_p(residual, n, period)
        out.append(
            Check(
                "season",
                season >= 0.01,
                msg(
                    "The baseline has a season (p = {p:.2g}): use the seasonal chart before judging single periods.",
                    p=season,
                )
                if season < 0.01
                else msg("No season of {period:count} periods is seen in the baseline.", period=period),
            )
        )
    return out


def _enough(n: int) -> Check:
    return Check(
        "enough",
        n >= ENOUGH,
        msg(
            "The baseline has only {n:count} periods: with fewer than {least:count} its limits are rough.",
            n=n,
            least=ENOUGH,
        )
        if n < ENOUGH
        else msg("The baseline has {n:count} periods.", n=n),
    )


def _season_p(residual: Floats, n: int, period: int) -> float:
    """F test of yearly harmonics in the residuals of the baseline."""
    design = season_design(n, period, n)
    fitted = design @ np.linalg.lstsq(design, residual, rcond=None)[0]
    rest = float(((residual - fitted) ** 2).sum())
    explained = float(((residual - residual.mean()) ** 2).sum()) - rest
    columns = design.shape[1]
    if rest <= 1e-12 * max(explained, 1e-300) or n <= columns:
        return 0.0 if explained > 0 else 1.0
    return float(ss.f.sf(explained / (columns - 1) / (rest / (n - columns)), columns - 1, n - columns))


# Has the level shifted for good?


def _proposal(
    x: Floats, law: limits.Law, own: slice, level: Floats, labels: tuple[str, ...], phase: Phase, kind: str,
    asked: Mapping[str, Any], rng: np.random.Generator,
) -> Rebase | None:  # fmt: skip
    n = x.size
    if n < 2 * LASTED or np.isnan(law.upper).any():
        return None
    centre, middle, draws = law.centre[own], law.middle[own], int(asked["draws"])
    if kind in ("poisson", "overdispersed", "seasonal") and is_whole(x):
        if x.sum() == 0 or not (centre > 0).all():
            return None
        best, at = _best_count(x[None], centre)
        rows = draws_given_total(float(x.sum()), centre, law.dispersion, True, draws, rng)
        reached, _ = kernels.best_single(rows, centre[None], 2, 0)
    else:
        z = np.log1p(x) if kind == "days_between" else (level if kind == "seasonal" else x)
        best, at = _best_mean(z[None])
        reached, _ = _best_mean(rng.permuted(np.tile(z, (draws, 1)), axis=1))
    p = (int((reached >= best[0] * (1 - 1e-12) - 1e-9).sum()) + 1) / (draws + 1)
    start = int(at[0])
    if p > PROPOSE or n - start < LASTED or start < 2:
        return None
    before, after = float(x[:start].sum() / centre[:start].sum()), float(x[start:].sum() / centre[start:].sum())
    side = np.sign(x - middle)[-LASTED:] * (1 if after > before else -1)
    # Once the limits are frozen, the new level is seen against them; else they lie between the two levels.
    if int((side > 0).sum()) < LASTED - 1:
        return None
    return Rebase(phase.start + start, labels[phase.start + start], n - start, before, after, p)


def _best_count(x: Floats, centre: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Twice the log-likelihood gain of the best change, and its first period; (rows,)."""
    gains, cuts = kernels.best_cuts(x, centre[None], 2, 1)
    return gains[:, 0], cuts[:, 0, 0]


def _best_mean(z: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """The largest fall in squares that a change of mean brings, and its first period; (rows,)."""
    n = z.shape[1]
    t = np.arange(2, n - 1)
    total = z.sum(1, keepdims=True)
    first = np.cumsum(z, 1)[:, t - 1]
    gain = (first - total * t / n) ** 2 * n / (t * (n - t))
    at = np.argmax(gain, 1)
    return gain[np.arange(z.shape[0]), at], t[at].astype(np.int64)
