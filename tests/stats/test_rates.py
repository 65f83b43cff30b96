"""Two rates: a published answer, SciPy's exact test, and coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as ss

from forestall.stats.rates import e_test, rate_ratio


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
