"""Funnels: Spiegelhalter's formula where counts are large, a slow twin where they are small, and how often they fire."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as ss

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_rates

from forestall.stats.funnel_plot import count_limits, funnel, scatter

from .showing import shows_itself


@pytest.mark.parametrize(("phi", "tau"), [(1.0, 0.0), (3.0, 0.0), (1.0, 0.02)])
@pytest.mark.parametrize("level", [0.95, 0.998])
def test_limits_are_spiegelhalter_s_where_counts_are_large(phi: float, tau: float, level: float) -> None:
    expected = np.array([20_000.0, 100_000.0])
    low, high = count_limits(expected, level, phi, tau)
    z = float(ss.norm.isf((1 - level) / 2))
    for e, lo, hi in zip(expected, low, high, strict=True):
        slow = slow_rates.spiegelhalter_limits(e, z, phi, tau)
        assert (lo, hi) == pytest.approx(slow, rel=2e-3)
        assert hi - lo == pytest.approx(slow[1] - slow[0], rel=5e-3)


@given(
    st.floats(0.05, 40),
    st.integers(0, 90),
    st.sampled_from([0.9, 0.95, 0.998]),
    st.sampled_from([(1, 0), (2.5, 0), (1, 0.4)]),
)
def test_a_count_lies_beyond_a_limit_where_its_mid_p_is_small(
    expected: float, count: int, level: float, law: tuple[float, float]
) -> None:
    phi, tau = law
    low, high = count_limits(np.array([expected]), level, phi, tau)
    as_low, as_high = slow_rates.mid_tails(count, expected, phi * expected + tau**2 * expected**2)
    tail = (1 - level) / 2
    if abs(as_high - tail) > 1e-9:
        assert (count > high[0]) == (as_high < tail)
    if abs(as_low - tail) > 1e-9:
        assert (count < low[0]) == (as_low < tail)


def test_the_interpolated_limit_lies_half_a_count_inside_spiegelhalter_s() -> None:
    """His runs straight through the distribution function at whole counts, ours through its middle."""
    mean = 8.3
    for p in (0.025, 0.975):
        r = int(ss.poisson.ppf(p, mean))
        his = r - (ss.poisson.cdf(r, mean) - p) / ss.poisson.pmf(r, mean)
        ours = count_limits(np.array([mean]), 0.95)[0 if p < 0.5 else 1][0]
        assert ours == pytest.approx(his + 0.5, abs=0.2)


@pytest.mark.parametrize("size", [10, 100])
def test_a_95_percent_limit_fires_about_5_percent_of_the_time(size: float) -> None:
    rng = np.random.default_rng(4)
    beyond, outside, over = [], [], 0
    for _ in range(80):
        e = rng.lognormal(0, 0.6, 100) * size
        found = funnel(rng.poisson(e), e)
        beyond.append(np.mean(found.position != 0))
        outside.append(np.mean(np.abs(found.position) == 2))
        over += found.kind != "poisson"
    assert np.mean(beyond) == pytest.approx(0.05, abs=0.012)
    assert np.mean(outside) <= 0.004
    assert over <= 12


@pytest.mark.parametrize("tau", [0.2, 0.5])
def test_with_overdispersion_it_still_fires_about_5_percent(tau: float) -> None:
    rng = np.random.default_rng(9)
    beyond, taus = [], []
    for _ in range(60):
        e = rng.lognormal(0, 0.6, 150) * 80
        found = funnel(rng.poisson(e * rng.gamma(1 / tau**2, tau**2, e.size)), e)
        assert found.kind == "additive"
        beyond.append(np.mean(found.position != 0))
        taus.append(found.tau)
    assert np.mean(taus) == pytest.approx(tau, rel=0.12)
    assert 0.03 <= np.mean(beyond) <= 0.08


def test_winsorised_scatter_is_1_for_normal_scores_and_keeps_outliers_out() -> None:
    rng = np.random.default_rng(0)
    e = np.full(4000, 400.0)
    y = rng.poisson(e).astype(float)
    assert scatter(y, e) == pytest.approx(1.0, abs=0.08)
    y[:80] = 900.0
    assert scatter(y, e) < 1.5


def test_multiplicative_limits_are_root_phi_as_far() -> None:
    e = np.linspace(2000, 9000, 30)
    y = np.round(e + np.sqrt(e) * np.tile([1.7, -1.7, 0.1], 10))
    plain, wide = (
        funnel(y, e, target=1, per=1, dispersion="none"),
        funnel(y, e, target=1, per=1, dispersion="multiplicative"),
    )
    assert wide.kind == "multiplicative"
    ratio = (wide.upper - wide.target) / (plain.upper - plain.target)
    assert ratio.mean() == pytest.approx(np.sqrt(wide.phi), rel=0.02)
    assert funnel(y, e, dispersion=wide.phi, target=1, per=1).upper == pytest.approx(wide.upper)


def test_town_centres_are_set_apart_and_said_so() -> None:
    e = np.full(30, 1500.0)
    y = np.full(30, 100)
    y[7], y[9] = 1700, 300
    centre = np.arange(30) == 7
    found = funnel(y, e, residents_wrong=centre)
    assert found.target == pytest.approx((29 * 100 + 200) / (29 * 1500) * 1000)
    assert found.position[7] == 0
    assert found.high == (9,)
    assert found.low == ()
    assert np.isnan(found.q_value[7])
    assert "set apart" in found.explain()
    assert "set apart" in found.table().to_csv()


def test_few_or_empty_places_are_said() -> None:
    few = funnel([3, 4, 5], [10, 10, 10])
    assert "can't be measured" in few.explain()
    rare = funnel([0, 0, 1, 0, 0, 2, 0, 0, 0, 1], np.full(10, 100.0))
    assert not next(c for c in rare.checks if c.name == "small-places").passed
    assert rare.low == ()
    assert funnel([0, 0], [5, 5], target=2).kind == "poisson"


def test_a_funnel_shows_itself() -> None:
    rng = np.random.default_rng(1)
    y = rng.poisson(np.r_[np.full(20, 8.0), 60, 90])
    shows_itself(funnel(y, np.full(22, 1000.0)))
    shows_itself(funnel(y, rng.uniform(500, 4000, 22), dispersion="multiplicative", residents_wrong=np.arange(22) == 3))


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ({"counts": []}, "no places"),
        ({"counts": [1, -1, 2]}, "counts must be 0 or more.*-1"),
        ({"counts": [1, np.nan, 2]}, "nan"),
        ({"counts": [1, 1.5, 2]}, "whole.*1.5"),
        ({"exposure": [1, 0, 1]}, "exposure must be above 0.*0.0"),
        ({"exposure": [1, 2]}, "3 counts and 2 exposures"),
        ({"target": -1}, "target must be a rate above 0, not -1"),
        ({"dispersion": "lots"}, "lots"),
        ({"dispersion": 0.5}, "0.5"),
        ({"limits": (0.998, 0.95)}, "inner first"),
        ({"limits": ()}, "limits"),
        ({"names": ["a"]}, "3 places and 1 names"),
        ({"residents_wrong": [True, True, False]}, "fewer than two"),
        ({"counts": [0, 0, 0]}, "give a target"),
        ({"per": -1}, "per must"),
    ],
)
def test_places_that_cannot_be_are_refused(kwargs: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        funnel(**{"counts": [1, 2, 3], "exposure": [10, 10, 10], **kwargs})  # type: ignore[arg-type]
