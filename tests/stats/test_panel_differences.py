"""Difference in differences: published answers, slow twins with a dummy for everything, calibration, and bad input."""

from __future__ import annotations

import csv
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_differences as slow

from forestall.report.charts import chart_svg
from forestall.stats._assignments import Choices
from forestall.stats._event_study import pre_trend
from forestall.stats._panel_contrast import Ratio, two_scales
from forestall.stats._unfit import Unfit
from forestall.stats.panel_differences import DifferenceInDifferences, difference_in_differences

from .showing import shows_itself

FIRST, PERIODS = 6, 10


def restless(rng: np.random.Generator, units: int, *, periods: int = PERIODS, drift: float = 0.2, mean: float = 9.0) -> Any:
    """Counts of unlike units that scatter twice as much as chance and drift slowly, each for itself."""
    level = np.exp(rng.normal(math.log(mean), 0.6, units))
    walk = np.zeros((units, periods))
    walk[:, 0] = rng.normal(size=units)
    for t in range(1, periods):
        walk[:, t] = 0.9 * walk[:, t - 1] + math.sqrt(1 - 0.81) * rng.normal(size=units)
    mu = level[:, None] * np.exp(drift * walk + rng.normal(0, 0.15, periods))
    return rng.negative_binomial(mu, 0.5)


def way(found: DifferenceInDifferences, name: str) -> Any:
    return next(w for w in found.ways if w.name == name)


# Against something else.


@pytest.fixture(scope="module")
def prop99(shared: Path) -> tuple[Any, Any, int, list[str]]:
    """Packs of cigarettes a head by state and year; California; the first year of its tax; years."""
    with (shared / "data" / "validation" / "quasi_experimental" / "california_prop99.csv").open(encoding="utf-8") as f:
        head, *rows = csv.reader(f)
    x = np.array([[float(v) for v in row[1:]] for row in rows]).T
    years = [row[0] for row in rows]
    return x, np.array(head[1:]) == "California", years.index("1989"), years


def test_california_s_tobacco_tax(prop99: tuple[Any, Any, int, list[str]]) -> None:
    """-27.3 packs a head (Arkhangelsky, Athey, Hirshberg, Imbens and Wager 2021, American Economic Review 111, Table 1)."""
    x, treated, first, years = prop99
    found = difference_in_differences(x, treated, first, model="levels", labels=years)
    assert round(found.estimate, 1) == -27.3
    # One treated state has no scatter of its own: by the others', -27.3 is nothing out of the ordinary.
    placebos = np.abs(slow.level_placebos(x, 1, first))
    rank = int((placebos >= abs(found.estimate) - 1e-9).sum())
    assert found.method == "randomisation"
    assert found.p_value == pytest.approx(rank / 39)
    assert found.interval[0] < 0 < found.interval[1]
    # The textbook's cluster-robust error takes the one treated state for certain, and is many times too small.
    assert way(found, "cluster").standard_error < way(found, "scatter").standard_error / 5


@pytest.mark.parametrize("seed", range(4))
def test_the_exact_poisson_fit_is_that_of_a_dummy_for_everything(seed: int) -> None:
    """Effect, cluster-robust error and dispersion, against Newton's method on all dummies."""
    rng = np.random.default_rng(seed)
    x = restless(rng, 7 + seed)
    treated = np.arange(len(x)) < 2 + seed
    found = difference_in_differences(x, treated, FIRST, draws=19)
    effect, error, fitted = slow.poisson_fit(x, treated, FIRST)
    assert found.effect == pytest.approx(effect, abs=1e-9)
    assert found.estimate == pytest.approx(math.exp(effect))
    assert way(found, "cluster").standard_error == pytest.approx(error, rel=1e-7)
    assert way(found, "jackknife").standard_error == pytest.approx(slow.jackknife(x, treated, FIRST), rel=1e-9)
    square = ((x - fitted) ** 2 / fitted).sum()
    assert found.dispersion == pytest.approx(square / (x.size - len(x) - PERIODS), rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_levels_are_those_of_a_dummy_for_everything(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 3, (8, PERIODS)) + rng.normal(0, 5, (8, 1))
    treated = np.arange(8) < 3
    found = difference_in_differences(x, treated, FIRST, model="levels")
    effect, error = slow.level_fit(x, treated, FIRST)
    assert found.estimate == pytest.approx(effect, abs=1e-9)
    assert way(found, "cluster").standard_error == pytest.approx(error, rel=1e-9)
    every = np.abs(slow.level_placebos(x, 3, FIRST))
    assert found.choices == 55
    assert found.p_value == pytest.approx((every >= abs(effect) - 1e-9).mean())


def test_leaving_out_each_unit_is_welch_s_test_of_mean_changes() -> None:
    from scipy import stats as ss

    rng = np.random.default_rng(2)
    x = rng.normal(0, rng.uniform(1, 4, (20, 1)), (20, PERIODS))
    treated = np.arange(20) < 6
    change = x[:, FIRST:].mean(1) - x[:, :FIRST].mean(1)
    welch = ss.ttest_ind(change[treated], change[~treated], equal_var=False)
    pooled = ss.ttest_ind(change[treated], change[~treated])
    found = difference_in_differences(x, treated, FIRST, model="levels", inference="jackknife")
    assert found.p_value == pytest.approx(welch.pvalue)
    assert found.interval == pytest.approx(tuple(welch.confidence_interval(0.95)))
    assert way(found, "scatter").p_value == pytest.approx(pooled.pvalue)


def test_the_event_study_is_each_period_against_the_last_before() -> None:
    rng = np.random.default_rng(4)
    x = restless(rng, 14)
    treated = np.arange(14) < 6
    found = difference_in_differences(x, treated, FIRST)
    own, rest = x[treated].sum(0), x[~treated].sum(0)
    assert found.study.effect == pytest.approx(np.log(own / own[FIRST - 1] * rest[FIRST - 1] / rest))
    assert found.study.reference == FIRST - 1
    for t in (0, 3, 8):
        pair = x[:, [FIRST - 1, t]]
        assert found.study.standard_error[t] == pytest.approx(slow.jackknife(pair, treated, 1), rel=1e-9)


def test_two_scales_are_found_again() -> None:
    """A part of the scatter that grows with the count and one with its square."""
    rng = np.random.default_rng(5)
    both = rng.integers(20, 4000, 4000).astype(float)
    for phi, tau in ((1.0, 0.0), (3.0, 0.0), (1.5, 0.01), (1.0, 0.05)):
        m = both * 0.24
        after = both * 0.4 + rng.normal(size=both.size) * np.sqrt(m * (phi + tau * m))
        found = two_scales(both, after, np.full(both.size, 0.4), both.size)
        assert found == pytest.approx((phi, tau), rel=0.15, abs=0.002)


# What it promises.


def test_a_planted_fall_is_found_and_its_size_too() -> None:
    rng = np.random.default_rng(6)
    treated = np.arange(40) < 8
    held = found = 0
    for seed in range(60):
        x = restless(rng, 40, mean=20)
        x[np.ix_(treated, np.arange(FIRST, PERIODS))] = rng.binomial(x[treated][:, FIRST:], 0.5)
        made = difference_in_differences(x, treated, FIRST, draws=199, seed=seed)
        held += made.interval[0] <= 0.5 <= made.interval[1]
        found += made.p_value <= 0.05 and made.estimate < 1
        low, high = made.prevented[1]
        assert low <= made.prevented[0] <= high
    assert held / 60 >= 0.88
    assert found / 60 >= 0.95


@pytest.mark.parametrize(("units", "own", "drift"), [(12, 1, 0.2), (30, 2, 0.2), (25, 5, 0.2), (45, 8, 0.0)])
def test_a_5_percent_test_fires_about_5_percent_of_the_time(units: int, own: int, drift: float) -> None:
    """On restless counts with nothing done; the textbook's Poisson test on the same data fires far more often."""
    rng = np.random.default_rng(units)
    treated = np.arange(units) < own
    rejected, poisson, apart = [], [], []
    for seed in range(250):
        made = difference_in_differences(restless(rng, units, drift=drift), treated, FIRST, draws=99, seed=seed)
        rejected.append(made.p_value <= 0.05)
        poisson.append(way(made, "poisson").p_value <= 0.05)
        apart.append(made.pre_trend.p_value <= 0.05)
    # Two binomial standard errors (2.8 points) about 5 %.
    assert np.mean(rejected) <= 0.08
    assert np.mean(rejected) >= 0.02
    assert np.mean(apart) <= 0.09
    assert np.mean(poisson) > 0.08


def test_an_interval_by_placebos_holds_what_the_test_does_not_reject() -> None:
    """The test's p-value is above 5 % just inside the interval and not above it just outside."""
    rng = np.random.default_rng(9)
    x = restless(rng, 20)
    treated = np.arange(20) < 4
    made = difference_in_differences(x, treated, FIRST, draws=399, seed=3)
    contrast = Ratio(*(x[:, s].sum(1).astype(float) for s in (slice(0, FIRST), slice(FIRST, None))), treated)
    sets = Choices.drawn(20, np.flatnonzero(treated), 399, np.random.default_rng(3))
    statistics = contrast.against(sets)
    for end, side in zip(made.interval, (-1, 1), strict=True):
        for step, inside in ((-0.01, True), (0.01, False)):
            seen, drawn = statistics(math.log(end) + side * step)
            p = ((drawn >= seen).sum() + 1) / 400
            assert bool(p > 0.05) is inside


def test_groups_that_drift_apart_before_fail_the_pre_trend_test() -> None:
    rng = np.random.default_rng(10)
    treated = np.arange(30) < 10
    mu = 30 * np.exp(0.12 * np.arange(PERIODS) * treated[:, None])
    x = rng.poisson(mu)
    made = difference_in_differences(x, treated, FIRST)
    assert made.pre_trend.p_value < 0.01
    assert not next(c for c in made.checks if c.name == "pre-trend").passed
    assert "did not move together" in made.explain()
    by_f = pre_trend(x.astype(float), treated, FIRST, True, None)
    assert by_f.method == "f"
    assert by_f.p_value < 0.01


# Which answer is given, and when none is.


def test_the_way_that_is_gone_by() -> None:
    rng = np.random.default_rng(11)
    x = restless(rng, 30, mean=15)
    few = difference_in_differences(x[:8], np.arange(8) < 1, FIRST)
    assert few.method == "scatter"  # 8 choices can't make a p-value under 5 %
    assert way(few, "randomisation").p_value >= 1 / 8
    assert "take" in few.explain()
    many = difference_in_differences(x, np.arange(30) < 6, FIRST)
    assert many.method == "randomisation"
    masks = np.array([rng.permutation(30) < size for size in rng.integers(3, 9, 120)])
    given = difference_in_differences(x, np.arange(30) < 6, FIRST, placebos=masks)
    assert given.method == "placebos"
    assert given.choices == 120
    forced = difference_in_differences(x, np.arange(30) < 6, FIRST, inference="jackknife")
    assert forced.p_value == way(forced, "jackknife").p_value
    one_each = difference_in_differences(x[:2], [True, False], FIRST)
    assert one_each.method == "none"
    assert math.isnan(one_each.p_value)
    assert math.isnan(one_each.standard_error)
    assert "can't be said here" in one_each.explain()


@pytest.mark.parametrize("model", ["counts", "levels"])
@pytest.mark.parametrize("treated", [3, 8])
def test_the_error_is_that_of_the_way_that_is_gone_by(model: str, treated: int) -> None:
    x = restless(np.random.default_rng(16), 30, mean=15)
    flags = np.arange(30) < treated
    for name in ("jackknife", "scatter"):
        made = difference_in_differences(x, flags, FIRST, model=model, inference=name)
        assert made.method == name
        assert made.standard_error == way(made, name).standard_error
    # Ranks have no error of their own: beside them stands that which the number of units allows.
    ranked = difference_in_differences(x, flags, FIRST, model=model, inference="randomisation")
    assert ranked.standard_error == way(ranked, "jackknife" if treated >= 5 else "scatter").standard_error
    assert way(ranked, "jackknife").standard_error != way(ranked, "scatter").standard_error


def test_the_same_seed_gives_the_same_answer() -> None:
    x = restless(np.random.default_rng(12), 40)
    one, two, other = (difference_in_differences(x, np.arange(40) < 7, FIRST, draws=199, seed=s) for s in (1, 1, 2))
    assert one.to_json() == two.to_json()
    assert one.interval != other.interval


def test_nothing_left_after_the_response_is_no_infinite_certainty() -> None:
    x = np.random.default_rng(13).poisson(4, (25, PERIODS))
    x[:2, FIRST:] = 0
    made = difference_in_differences(x, np.arange(25) < 2, FIRST)
    assert made.estimate == 0
    assert made.interval[0] == 0
    # Clopper and Pearson's of none among n is 1 - 0.025^(1/n); these counts scatter no more than chance.
    share = 1 - 0.025 ** (1 / x[:2].sum())
    comparison = x[2:, FIRST:].sum() / x[2:, :FIRST].sum()
    assert made.interval[1] == pytest.approx(share / (1 - share) / comparison)
    assert math.isnan(made.standard_error)
    shows_itself(made)


def test_units_without_events_say_nothing_and_are_left_out() -> None:
    x = restless(np.random.default_rng(14), 30)
    treated = np.arange(30) < 6
    more = np.concatenate([x, np.zeros((9, PERIODS), int)])
    made = difference_in_differences(more, np.append(treated, np.zeros(9, bool)), FIRST)
    assert made.effect == difference_in_differences(x, treated, FIRST).effect
    assert made.units == (6, 24)
    assert "counted nothing at all (9)" in made.explain()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"counts": [1, 2, 3, 4]}, "two units or more"),
        ({"counts": -np.ones((4, 6))}, "counts must be 0 or more"),
        ({"counts": np.full((4, 6), np.nan)}, "some are missing or infinite"),
        ({"counts": np.full((4, 6), np.inf), "model": "levels"}, "some are missing or infinite"),
        ({"treated": [True, False]}, "treated must flag each of the 4 units"),
        ({"treated": [2, 0, 0, 0]}, "treated must flag each of the 4 units"),
        ({"treated": [True] * 4}, "leave one or more to compare with"),
        ({"treated": [False] * 4}, "must flag one unit or more"),
        ({"first": 1}, "with one period before nobody can tell"),
        ({"first": 6}, "lie among the 6"),
        ({"first": 2.5}, "first must be the index"),
        ({"model": "rates"}, "model must be 'counts' or 'levels'"),
        ({"inference": "magic"}, "inference must be 'auto'"),
        ({"inference": "placebos"}, "needs placebos"),
        ({"draws": 0}, "draws must be a whole number"),
        ({"labels": ["a"]}, "labels must have one name for each of the 6 periods"),
        ({"level": 2}, "level must lie between"),
        ({"placebos": np.ones((3, 2), bool)}, r"flags of shape \(placebos, 4\)"),
        ({"placebos": np.zeros((3, 4), bool)}, "each placebo must flag one unit or more"),
    ],
)
def test_bad_input_gets_a_sentence(given: dict[str, Any], said: str) -> None:
    fine = {"counts": np.full((4, 6), 9), "treated": [True, False, False, False], "first": 3}
    with pytest.raises(ValueError, match=said):
        difference_in_differences(**{**fine, **given})


def test_groups_that_counted_nothing_get_a_sentence() -> None:
    x = np.full((4, 6), 9)
    x[0, :3] = 0
    with pytest.raises(Unfit, match="treated units counted nothing before"):
        difference_in_differences(x, [True, False, False, False], 3)
    with pytest.raises(Unfit, match="comparison counted nothing before or after"):
        difference_in_differences(x, [False, True, True, True], 3)
    with pytest.raises(Unfit, match="treated units counted nothing"):
        difference_in_differences(np.zeros((4, 6)), [True, False, False, False], 3)


def test_it_shows_itself() -> None:
    rng = np.random.default_rng(15)
    x = restless(rng, 30)
    made = [
        difference_in_differences(x, np.arange(30) < 6, FIRST),
        difference_in_differences(x, np.arange(30) < 1, FIRST),
        difference_in_differences(x[:2], [True, False], FIRST),
        difference_in_differences(x * 1.0, np.arange(30) < 6, FIRST, model="levels"),
        difference_in_differences(x[:3] * 1.0, [True, False, False], FIRST, model="levels"),
        difference_in_differences(rng.poisson(0.2, (30, PERIODS)), np.arange(30) < 6, FIRST),
    ]
    for found in made:
        shows_itself(found)
        assert len(found.study_table().rows) == PERIODS
        assert "<svg" in chart_svg(found.study_chart("cy"), "cy", "effect", "by period")
