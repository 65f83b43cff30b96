"""Control charts: a textbook's case by hand, exact laws, slow twins of the rules, and how often they fire on nothing."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as ss

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_charts as slow

from forestall.report.charts import chart_svg
from forestall.results import read
from forestall.stats import _limits as limits
from forestall.stats import _runs as runs
from forestall.stats.shewhart import ChartRules, ControlChart, control_chart, extended, rebased

#: Twelve monthly figures, worked by hand below.
FIGURES = [39, 41, 41, 41, 43, 44, 41, 42, 40, 41, 44, 40]


def chart_of(values: Any, **options: Any) -> ControlChart:
    return control_chart(values, **{"draws": 99, **options})


# Against something else.


def test_xmr_limits_worked_by_hand() -> None:
    """The twelve figures add up to 497, mean 41.4167; their eleven moving ranges 2 0 0 2 1 3 1 2 1 3 4 to 19, mean 1.7273;
    so the limits are 41.4167 -+ 2.66 x 1.7273 = 36.8221 and 46.0112 (NIST/SEMATECH e-Handbook 6.3.2.2 has the formula)."""
    chart = chart_of(FIGURES, kind="xmr")
    assert chart.centre[0] == pytest.approx(497 / 12)
    assert chart.lower[0] == pytest.approx(36.8221, abs=5e-5)
    assert chart.upper[0] == pytest.approx(46.0112, abs=5e-5)
    assert not chart.outside.any()


def test_xmr_of_the_handbook_s_flow_rates() -> None:
    """NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2: mean 50.81, mean moving range 1.8778, limits 55.8041 and
    45.8159."""
    flow = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
    chart = chart_of(flow, kind="xmr", baseline=10)
    assert chart.centre[0] == pytest.approx(50.81)
    assert chart.upper[0] == pytest.approx(55.8041, abs=2e-3)
    assert chart.lower[0] == pytest.approx(45.8159, abs=2e-3)


@given(st.lists(st.integers(0, 12), min_size=3, max_size=10), st.integers(0, 40))
def test_poisson_limits_are_binomial_tests_against_the_baseline(base: list[int], later: int) -> None:
    chart = chart_of([*base, later], kind="poisson", baseline=len(base))
    total, n = sum(base), len(base)
    for i, value, share, all_ in [(-1, later, 1 / (n + 1), total + later), (0, base[0], 1 / n, total)]:
        if all_ == 0:
            assert not chart.outside[i]
            continue
        high = ss.binomtest(value, all_, share, alternative="greater").pvalue <= limits.ALPHA / 2
        low = ss.binomtest(value, all_, share, alternative="less").pvalue <= limits.ALPHA / 2
        assert bool(chart.outside[i]) == (high or low)


def test_with_a_standard_they_are_the_poisson_s_own_quantiles() -> None:
    chart = chart_of([3, 5, 2, 4, 12], kind="poisson", standard=4.0)
    assert chart.upper[0] == ss.poisson.isf(0.00135, 4)
    assert chart.lower[0] == ss.poisson.ppf(0.00135, 4) == 0
    assert ss.poisson.sf(chart.upper[0], 4) <= 0.00135 < ss.poisson.sf(chart.upper[0] - 1, 4)
    assert chart.outside.tolist() == [False, False, False, False, True]


@given(st.lists(st.integers(0, 30), min_size=3, max_size=8), st.integers(0, 300))
def test_gaps_in_days_count_all_ways_to_part_the_days(base: list[int], later: int) -> None:
    if sum(base) == 0:
        return
    chart = chart_of([*base, later], kind="days_between", baseline=len(base), distribution="geometric")
    n, total = len(base), sum(base)
    high = slow.reach_geometric(total + later, n + 1, later) <= 0.00135
    low = 1 - slow.reach_geometric(total + later, n + 1, later + 1) <= 0.00135
    assert bool(chart.outside[-1]) == (high or low)
    inner = slow.reach_geometric(total, n, base[0]) <= 0.00135 or 1 - slow.reach_geometric(total, n, base[0] + 1) <= 0.00135
    assert bool(chart.outside[0]) == inner


def test_exact_gaps_are_spread_like_spacings() -> None:
    """Given their sum, exponential gaps are uniform spacings: beta within the baseline, F beyond it."""
    base = np.array([3.0, 11.5, 0.7, 20.1, 5.2])
    chart = chart_of(np.r_[base, 1.0], kind="days_between", baseline=5)
    total = base.sum()
    assert chart.upper[0] == pytest.approx(total * ss.beta.isf(0.00135, 1, 4))
    assert chart.lower[0] == pytest.approx(total * ss.beta.ppf(0.00135, 1, 4))
    assert chart.upper[-1] == pytest.approx(base.mean() * ss.f.isf(0.00135, 2, 10))
    assert chart.lower[-1] == pytest.approx(base.mean() * ss.f.ppf(0.00135, 2, 10))


def test_the_weibull_fit_is_scipy_s() -> None:
    gap = 12 * np.random.default_rng(4).weibull(0.6, 80)
    shape, _, scale = ss.weibull_min.fit(gap, floc=0)
    ours = limits.fit_weibull(gap, False)
    assert ours[0] == pytest.approx(shape, rel=1e-3)
    assert ours[1] == pytest.approx(scale, rel=1e-3)
    lr = 2 * (ss.weibull_min.logpdf(gap, shape, 0, scale).sum() - ss.expon.logpdf(gap, 0, gap.mean()).sum())
    assert ours[2] == pytest.approx(lr, rel=1e-3)


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=25), st.integers(2, 5))
def test_the_rules_are_the_slow_ones(values: list[int], length: int) -> None:
    x = np.array([values], float)
    half = np.full(x.shape[1], 0.5)
    middle = np.full(x.shape[1], 2.0)
    assert np.flatnonzero(runs.run(x, middle, half, half, length).where[0]).tolist() == slow.run_ends(values, 2, length)
    assert np.flatnonzero(runs.trend(x, length).where[0]).tolist() == slow.trend_ends(values, length)
    lines = np.full(x.shape[1], 1.0), np.full(x.shape[1], 3.0)
    assert np.flatnonzero(runs.near(x, *lines).where[0]).tolist() == slow.near_ends(values, 1, 3)


def test_ties_neither_break_a_run_nor_lengthen_it() -> None:
    x = np.array([[5, 6, 6, 5, 5, 6, 6, 6, 4.0]])
    line = np.full(9, 5.0)
    half = np.full(9, 0.5)
    fired = runs.run(x, line, half, half, 5)
    assert np.flatnonzero(fired.where[0]).tolist() == [7]
    assert fired.start[0, 7] == 1
    rise = runs.trend(np.array([[1, 2, 2, 3, 3, 3, 4, 4.0]]), 4)
    assert np.flatnonzero(rise.where[0]).tolist() == [6]


def test_zeros_in_a_row_are_no_run_where_most_periods_are_zero() -> None:
    """At 0.2 a month eight zeros in a row come with probability 0.82^8 = 0.2; a run has to be as rare as eight tosses."""
    x = np.zeros(60)
    x[[0, 15, 30, 45, 59]] = [3, 2, 3, 2, 2]
    chart = chart_of(x, kind="poisson", rules=ChartRules(outside=False, trend=None, near=False))
    assert chart.signals == ()
    assert chart_of(np.r_[x, np.zeros(40)], kind="poisson", baseline=60).signals != ()


# How often they fire on nothing: short here, the sweep is benchmarks/control_charts.py.


def outside_rate(chart_kind: str, draw: Any, series: int, **options: Any) -> float:
    """Of one later period each, how many lie outside limits from a baseline of 24."""
    rng = np.random.default_rng(8)
    hits = 0
    inside = np.r_[np.ones(24, bool), np.zeros(200, bool)]
    for _ in range(series):
        x = draw(rng, 224)
        if chart_kind == "gaps":
            law = limits.gaps(x, inside, 0.02, options["distribution"])
        elif chart_kind == "xmr":
            law = limits.xmr(x, np.ones(224), inside, 0.02)
        else:
            law = limits.counts(x, np.ones(224), inside, 0.02, 1.0, math.inf, None)
        hits += int(((x > law.upper) | (x < law.lower))[24:].sum())
    return hits / (200 * series)


@pytest.mark.parametrize(
    ("kind", "draw", "least", "options"),
    [
        ("counts", lambda r, n: r.poisson(30, n).astype(float), 0.012, {}),
        ("counts", lambda r, n: r.poisson(3, n).astype(float), 0.003, {}),
        ("gaps", lambda r, n: r.exponential(9, n), 0.017, {"distribution": "exponential"}),
        ("gaps", lambda r, n: r.geometric(0.02, n) - 1.0, 0.010, {"distribution": "geometric"}),
    ],
)
def test_probability_limits_hold_their_rate(kind: str, draw: Any, least: float, options: Any) -> None:
    """With alpha 2 % and a baseline of 24, a later period lies outside in 2 % at the most, and not much less."""
    assert least <= outside_rate(kind, draw, 300, **options) <= 0.0225


def test_overdispersed_limits_hold_their_rate() -> None:
    rng = np.random.default_rng(3)
    hits = []
    for _ in range(150):
        x = rng.negative_binomial(20, 1 / 3, 64)
        hits.append(chart_of(x, kind="overdispersed", baseline=24, alpha=0.02).outside[24:].mean())
    assert 0.008 <= np.mean(hits) <= 0.025


def test_dispersion_is_found_and_a_jump_hardly_enters_it() -> None:
    rng = np.random.default_rng(5)
    x = rng.negative_binomial(40, 1 / 3, 400)
    assert chart_of(x, kind="overdispersed").dispersion == pytest.approx(3, rel=0.2)
    x[200] = 4000
    assert chart_of(x, kind="overdispersed").dispersion == pytest.approx(3, rel=0.3)


def test_textbook_rules_fire_on_many_stable_series() -> None:
    """21 quarters of a stable measurement: one series in eight has a signal where all 21 make the limits, one in four where
    the first twelve do; the sweep has the figures for each rule."""
    x = np.random.default_rng(1).normal(100, 10, 21)
    chart = control_chart(x, kind="xmr", draws=2000)
    assert 0.10 <= chart.false_alarm <= 0.15
    assert 0.21 <= control_chart(x, kind="xmr", draws=2000, baseline=12).false_alarm <= 0.29
    fewer = control_chart(x, kind="xmr", draws=2000, rules=ChartRules(near=False, trend=None))
    assert fewer.false_alarm < chart.false_alarm


# What a chart does.


def test_a_frozen_baseline_never_moves() -> None:
    rng = np.random.default_rng(2)
    first, later = rng.poisson(20, 24), rng.poisson(32, 12)
    chart = chart_of(first)
    more = extended(chart, later)
    assert more.baseline == chart.baseline == (0, 24)
    np.testing.assert_array_equal(more.lower[:24], chart.lower)
    assert len(set(more.upper[24:])) == 1
    same = chart_of(np.r_[first, later], baseline=24)
    np.testing.assert_array_equal(same.upper, more.upper)


def test_rebasing_is_proposed_and_a_person_decides() -> None:
    rng = np.random.default_rng(2)
    x = np.r_[rng.poisson(20, 24), rng.poisson(32, 12)]
    labels = [f"{2020 + i // 12}-{i % 12 + 1:02d}" for i in range(36)]
    chart = chart_of(x, baseline=24, labels=labels)
    proposal = chart.proposal
    assert proposal is not None
    assert 22 <= proposal.at <= 26
    assert proposal.p_value <= 0.01
    assert proposal.lasted == 36 - proposal.at
    assert "a person does" in proposal.explain()
    assert chart.baseline == (0, 24)
    new = rebased(chart, at="2022-01", reason="Beat boundaries changed", by="R. Registrar")
    assert new.baseline == (24, 36)
    assert new.phases[-1].reason == "Beat boundaries changed"
    assert "R. Registrar" in new.explain()
    np.testing.assert_array_equal(new.upper[:24], chart.upper[:24])
    assert new.centre[-1] == pytest.approx(x[24:].mean())
    assert new.proposal is None
    again = rebased(extended(new, rng.poisson(15, 14)), at=36, reason="The scheme began", by="R. Registrar")
    assert [p.start for p in again.phases] == [0, 24, 36]
    np.testing.assert_array_equal(again.upper[:36], new.upper)


def test_a_passing_spell_is_no_new_baseline() -> None:
    rng = np.random.default_rng(2)
    x = np.r_[rng.poisson(20, 20), rng.poisson(35, 9), rng.poisson(20, 9)]
    assert chart_of(x, baseline=20).proposal is None


def test_a_stable_series_is_seldom_proposed_for_rebasing() -> None:
    rng = np.random.default_rng(6)
    proposed = sum(chart_of(rng.poisson(12, 36)).proposal is not None for _ in range(200))
    assert proposed <= 4


def test_the_seasonal_chart_takes_the_season_out() -> None:
    rng = np.random.default_rng(7)
    t = np.arange(48)
    x = rng.poisson(60 * np.exp(0.5 * np.cos(2 * np.pi * t / 12)))
    x[44] = 120
    plain, seasonal = chart_of(x, baseline=36), chart_of(x, kind="seasonal", baseline=36)
    assert not {c.name: c.passed for c in plain.checks}["season"]
    assert np.flatnonzero(seasonal.outside).tolist() == [44]
    assert seasonal.upper[0] > seasonal.upper[6] + 20
    harm = chart_of(x * 7.5, kind="seasonal", baseline=36)
    assert 44 in np.flatnonzero(harm.outside)


def test_exposure_scales_the_limits() -> None:
    days = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    chart = chart_of(np.full(12, 30), exposure=days, kind="poisson")
    np.testing.assert_allclose(chart.centre, 30 * 12 * days / 365)
    assert chart.upper[0] > chart.upper[1]


def test_what_auto_takes() -> None:
    rng = np.random.default_rng(1)
    assert chart_of(rng.poisson(3, 30)).kind == "poisson"
    assert chart_of(rng.negative_binomial(10, 0.2, 40)).kind == "overdispersed"
    assert chart_of(rng.normal(0, 1, 20)).kind == "xmr"


def test_warnings_are_said() -> None:
    few = chart_of([3, 1, 4, 1, 5], kind="xmr")
    failed = {c.name for c in few.checks if not c.passed}
    assert {"enough", "counts"} <= failed
    assert "only 5 periods" in few.explain()
    constant = chart_of([5.5] * 14)
    assert np.isnan(constant.upper).all()
    assert not constant.outside.any()
    assert "doesn't vary" in constant.explain()
    nothing = extended(chart_of([0] * 24), [0, 4])
    assert nothing.outside.tolist() == [False] * 25 + [True]


def test_one_huge_period_is_outside_and_no_warning() -> None:
    chart = chart_of([5, 4, 6, 5, 7, 3, 5, 6, 4, 5, 6, 5, 4, 1_000_000_000], baseline=13)
    assert chart.outside[-1]
    assert chart.signals[0].rule == "outside"


@pytest.mark.parametrize(
    ("values", "options", "said"),
    [
        ([], {}, "holds nothing"),
        ([1, math.nan, 2], {}, "nan"),
        ([[1, 2], [3, 4]], {}, "one series"),
        (["a", "b"], {}, "numbers"),
        ([1, -2, 3, 4], {"kind": "poisson"}, "-2"),
        ([1, 2.5, 3, 4], {"kind": "poisson"}, "2.5"),
        ([1, 2, 3], {"kind": "sigma"}, "'sigma'"),
        ([1, 2, 3, 4], {"baseline": 2}, "baseline of 2"),
        ([1, 2, 3, 4], {"baseline": 9}, "9"),
        ([1, 2, 3, 4], {"baseline": slice(2, 9)}, "9"),
        ([1, 2, 3, 4], {"baseline": slice(0, 4, 2)}, "2"),
        ([1, 2, 3, 4], {"exposure": [1, 1, 0, 1]}, "0.0"),
        ([1, 2, 3, 4], {"exposure": [1, 1]}, "(2,)"),
        ([1, 2, 3, 4], {"exposure": [1, 1, 1, 1], "kind": "xmr"}, "divide"),
        ([1.5, 2, 3, 4], {"exposure": [1, 1, 1, 1]}, "divide"),
        ([1, 2, 3, 4], {"labels": ["a"]}, "labels"),
        ([1] * 20, {"kind": "seasonal"}, "24"),
        ([1, 2, 3, 4], {"kind": "seasonal", "period": 1}, "period"),
        ([0] * 30, {"kind": "seasonal"}, "no season"),
        ([0, 0, 0, 0], {"kind": "days_between"}, "0 days"),
        ([1.5, 0, 2, 3], {"kind": "days_between", "distribution": "weibull"}, "above 0"),
        ([1.5, 1, 2, 3], {"kind": "days_between", "distribution": "geometric"}, "1.5"),
        ([1, 2, 3, 4], {"distribution": "normal"}, "'normal'"),
        ([1, 2, 3, 4], {"alpha": 0}, "alpha"),
        ([1, 2, 3, 4], {"rules": (8, 6)}, "ChartRules"),
        ([1, 2, 3, 4], {"standard": 0}, "standard"),
        ([1.5, 2, 3, 4], {"standard": 2.0}, "standard"),
        ([1, 2, 3, 4], {"dispersion": 0.5}, "0.5"),
        ([1, 2, 3, 4], {"kind": "poisson", "dispersion": 2}, "overdispersed"),
        ([1, 2, 3, 4], {"draws": 5}, "draws"),
    ],
)
def test_bad_input_is_a_sentence(values: Any, options: Any, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        control_chart(values, **options)
    assert said in str(error.value)


def test_rebasing_asks_for_a_reason_and_a_name() -> None:
    chart = chart_of(np.arange(20) % 5, kind="poisson")
    for at, reason, by, said in [
        (10, "", "A", "reason"), (10, "x", " ", "by"), (0, "x", "A", "at"), (19, "x", "A", "baseline of 1"),
        ("z", "x", "A", "'z'"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=said):
            rebased(chart, at=at, reason=reason, by=by)
    with pytest.raises(ValueError, match="standard"):
        rebased(chart_of([3] * 20, kind="poisson", standard=3), at=10, reason="x", by="A")
    with pytest.raises(ValueError, match="run"):
        ChartRules(run=1)


def every_kind() -> list[ControlChart]:
    rng = np.random.default_rng(1)
    t = np.arange(30)
    base = chart_of(np.r_[rng.poisson(8, 20), rng.poisson(22, 10)], baseline=20)
    return [
        base,
        rebased(base, at=20, reason="New rule", by="A. Name"),
        chart_of(FIGURES, kind="xmr"),
        chart_of([5.5] * 14),
        chart_of(rng.exponential(9, 30), kind="days_between"),
        chart_of(np.floor(20 * rng.weibull(0.4, 40)), kind="days_between", labels=["same"] * 40),
        chart_of(rng.poisson(30 + 10 * np.cos(t / 6 * np.pi)), kind="seasonal"),
    ]


@pytest.mark.parametrize("chart", every_kind(), ids=lambda c: c.kind)
def test_charts_show_themselves_and_come_back_from_json(chart: ControlChart) -> None:
    text = json.dumps(chart.to_json(), allow_nan=False)
    back = read(json.loads(text))
    assert isinstance(back, ControlChart)
    assert json.dumps(back.to_json()) == text
    assert back.phases == chart.phases
    assert back.rules == chart.rules
    for language in ("en", "cy"):
        assert "<svg" in chart_svg(chart.chart(language), language, "A chart")
        assert chart.explain(language)
    assert len(chart.table().rows) == chart.values.size
    assert chart.table().to_csv().count("\n") == chart.values.size + 1


@pytest.mark.slow
def test_no_rule_fires_more_often_than_the_chart_says() -> None:
    """What a chart says of its own false alarms against fresh stable series of each kind."""
    rng = np.random.default_rng(17)
    for draw in (lambda: rng.poisson(4, 36), lambda: rng.poisson(40, 36), lambda: rng.negative_binomial(15, 0.3, 36)):
        charts = [control_chart(draw(), draws=499) for _ in range(400)]
        fired = np.mean([bool(c.signals) for c in charts])
        said = np.mean([c.false_alarm for c in charts])
        assert abs(fired - said) < 0.08
