"""Two rates: a published answer, SciPy's exact test, and coverage."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as ss

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_rates

from forestall.results import Figures
from forestall.stats.rates import e_test, poisson_interval, rate, rate_ratio

from .showing import shows_itself


def test_the_e_test_gives_the_published_answer() -> None:
    """Counts 6 and 2: p = 0.17487 (apwheele/ptools)."""
    assert e_test(6, 2) == pytest.approx(0.17487, abs=5e-6)


@given(st.integers(0, 80), st.integers(0, 80), st.floats(0.1, 10))
def test_the_p_value_is_twice_the_smaller_binomial_tail(x1: int, x0: int, t1: float) -> None:
    if x1 + x0 == 0:
        return
    share = t1 / (1 + t1)
    tails = [ss.binomtest(x1, x1 + x0, share, alternative=a).pvalue for a in ("greater", "less")]
    assert rate_ratio(x1, x0, t1).p_value == pytest.approx(min(1.0, 2 * min(tails)), rel=1e-7)


@given(st.integers(0, 80), st.integers(0, 80), st.floats(0.1, 10), st.floats(0.1, 10))
def test_the_interval_is_scipy_s_exact_one_carried_over(x1: int, x0: int, t1: float, t0: float) -> None:
    if x1 + x0 == 0:
        return
    exact = ss.binomtest(x1, x1 + x0).proportion_ci(0.95, method="exact")
    low, high = rate_ratio(x1, x0, t1, t0).interval
    assert low == pytest.approx(exact.low / (1 - exact.low) * t0 / t1, rel=1e-6)
    assert high == pytest.approx(exact.high / (1 - exact.high) * t0 / t1 if x0 else math.inf, rel=1e-6)


@pytest.mark.parametrize(("mean1", "mean0", "t1", "t0"), [(5, 5, 1, 1), (30, 20, 2, 1), (3, 60, 1, 30)])
def test_a_95_percent_interval_covers_95_percent(mean1: float, mean0: float, t1: float, t0: float) -> None:
    rng = np.random.default_rng(11)
    truth = (mean1 / t1) / (mean0 / t0)
    draws = 800
    covered = 0
    for x1, x0 in zip(rng.poisson(mean1, draws), rng.poisson(mean0, draws), strict=True):
        low, high = rate_ratio(x1, x0, t1, t0).interval
        covered += low <= truth <= high
    assert 0.94 <= covered / draws <= 1.0


def test_dispersion_widens_the_interval_by_its_root() -> None:
    plain, wide = rate_ratio(400, 400), rate_ratio(400, 400, dispersion=4)
    width = [math.log(i[1] / i[0]) for i in (plain.interval, wide.interval)]
    assert width[1] / width[0] == pytest.approx(2, rel=0.02)
    assert wide.estimate == plain.estimate == 1


def test_nothing_counted_says_nothing() -> None:
    nothing = rate_ratio(0, 0)
    assert math.isnan(nothing.estimate)
    assert nothing.interval == (0, math.inf)
    assert nothing.p_value == 1


@pytest.mark.parametrize("bad", [{"x1": -1}, {"x0": math.nan}, {"t1": 0}, {"t0": -2}, {"dispersion": 0.5}])
def test_input_that_cannot_be_is_quoted(bad: dict[str, float]) -> None:
    ((name, value),) = bad.items()
    with pytest.raises(ValueError, match=f"{name} must be .*{value!r}"):
        rate_ratio(**{"x1": 3, "x0": 2, **bad})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [
        (0, 0.0, 3.689),
        (1, 0.0253, 5.572),
        (2, 0.2422, 7.225),
        (5, 1.623, 11.668),
        (10, 4.795, 18.390),
        (100, 81.36, 121.63),
    ],
)
def test_the_published_exact_poisson_intervals(count: int, low: float, high: float) -> None:
    """Exact 95 % limits as tables print them (Ulm, American Journal of Epidemiology 131 (1990) 373-375), and worked out
    again by Garwood's chi-square quantiles, with SciPy and nothing of ours."""
    found = rate(count, 1, per=1).interval
    garwood = ss.chi2.ppf(0.025, 2 * count) / 2 if count else 0.0, ss.chi2.ppf(0.975, 2 * count + 2) / 2
    assert found == pytest.approx(garwood, rel=1e-9)
    assert found == pytest.approx((low, high), abs=0.006 if count == 100 else 6e-4)


@given(st.integers(0, 60), st.sampled_from([0.8, 0.95, 0.998]))
def test_the_exact_interval_is_where_the_tails_are_spent(count: int, level: float) -> None:
    low, high = poisson_interval(count, level=level)
    assert (float(low), float(high)) == pytest.approx(slow_rates.exact_interval(count, level), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize(("mean", "dispersion"), [(0.7, 1.0), (4, 1.0), (60, 1.0), (40, 2.0), (200, 4.0)])
def test_a_rate_s_interval_covers(mean: float, dispersion: float) -> None:
    rng = np.random.default_rng(5)
    spread = dispersion - 1
    x = rng.poisson(mean, 4000) if spread == 0 else rng.negative_binomial(mean / spread, 1 / dispersion, 4000)
    low, high = poisson_interval(x, dispersion=dispersion)
    assert 0.94 <= np.mean((low <= mean) & (mean <= high)) <= 1.0


def test_a_rate_says_what_it_is_and_where_residents_mislead() -> None:
    found = rate(12, 1500)
    assert found.estimate == 8
    assert "8" in found.explain()
    assert all(c.passed for c in found.checks)
    centre = rate(1677, 2272, residents_wrong=True)
    assert not centre.checks[0].passed
    assert "not a risk" in centre.explain()


@pytest.mark.parametrize(
    "made", [rate(3, 100), rate(0, 100), rate_ratio(3, 5), rate_ratio(3, 0), rate_ratio(0, 0), rate_ratio(0, 4)]
)
def test_rates_show_themselves_and_come_back_from_json(made: Figures) -> None:
    shows_itself(made)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"count": -1}, "-1"),
        ({"count": math.inf}, "inf"),
        ({"exposure": 0}, "0"),
        ({"per": 0}, "0"),
        ({"level": 1.0}, "1.0"),
        ({"dispersion": 0.3}, "0.3"),
    ],
)
def test_a_rate_that_cannot_be_is_quoted(bad: dict[str, float], said: str) -> None:
    ((name, _),) = bad.items()
    with pytest.raises(ValueError, match=f"{name} must .*{said}"):
        rate(**{"count": 3, "exposure": 10, **bad})  # type: ignore[arg-type]
