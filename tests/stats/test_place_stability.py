"""Lasting concentration: ties by brute force, constant rates that don't fire, moved problems that do."""

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

from forestall.stats.place_stability import concentration_stability, membership

from .showing import shows_itself


@given(st.lists(st.integers(0, 3), min_size=2, max_size=6), st.integers(1, 2))
def test_ties_belong_as_often_as_chance_would_have_it(counts: list[int], k: int) -> None:
    assert membership(counts, k) == pytest.approx(slow_rates.membership(counts, k))


def test_constant_rates_seldom_fire() -> None:
    rng = np.random.default_rng(1)
    p = []
    for s in range(50):
        rate = rng.gamma(0.8, 5, (200, 1))
        p.append(concentration_stability(rng.poisson(np.tile(rate, 3)), draws=39, seed=s).p_value)
    assert np.mean(np.array(p) <= 0.05) <= 0.1
    assert min(p) > 0


def test_regression_to_the_mean_is_foreseen() -> None:
    """Places chosen in a year fall back by as much as constant rates say, and no worse than that."""
    rng = np.random.default_rng(4)
    found = concentration_stability(rng.poisson(np.tile(rng.gamma(2, 1, (1000, 1)), 4)), top=0.05)
    assert found.share_next < found.share_chosen
    low, high = found.share_next_same_rates_interval
    assert low <= found.share_next <= high
    assert found.stay_same_rates_interval[0] <= found.stay_mean <= found.stay_same_rates_interval[1]
    assert found.stay_chance == pytest.approx(0.05, abs=0.02)
    assert "fall back of themselves" in found.explain()


def test_problems_that_move_are_found() -> None:
    rng = np.random.default_rng(2)
    x = rng.poisson(4, (200, 3))
    for year in range(3):
        x[rng.choice(200, 10, replace=False), year] += 30
    found = concentration_stability(x)
    assert found.p_value <= 0.01
    assert "really move" in found.explain()


def test_the_rank_correlation_is_spearman_s_and_its_interval_covers() -> None:
    rng = np.random.default_rng(8)
    big = rng.lognormal(0, 0.7, (200_000, 1)) * 3
    truth = float(ss.spearmanr(rng.poisson(big[:, 0]), rng.poisson(big[:, 0])).statistic)
    held = 0
    for s in range(60):
        x = rng.poisson(np.tile(rng.lognormal(0, 0.7, (120, 1)) * 3, 2))
        found = concentration_stability(x, draws=59, seed=s)
        assert found.rank_correlation == pytest.approx(float(ss.spearmanr(x[:, 0], x[:, 1]).statistic))
        held += found.rank_correlation_interval[0] <= truth <= found.rank_correlation_interval[1]
    assert held >= 52


def test_stability_shows_itself() -> None:
    rng = np.random.default_rng(0)
    shows_itself(concentration_stability(rng.poisson(rng.gamma(0.5, 6, (100, 1)), (100, 4)), draws=19))
    sparse = concentration_stability(rng.poisson(0.3, (100, 2)), draws=19)
    assert "luck decides" in sparse.explain()
    shows_itself(sparse)


def test_all_alike_and_all_tied() -> None:
    found = concentration_stability(np.full((20, 2), 3), draws=19)
    assert found.stay_mean == pytest.approx(0.05)
    assert found.rank_correlation == 0


@pytest.mark.parametrize(
    ("counts", "kwargs", "said"),
    [
        (np.ones((20, 1)), {}, "no two years"),
        (np.ones((5, 2)), {}, "5 places are too few"),
        (np.c_[np.ones(20), np.zeros(20)], {}, "year 2 has no events"),
        (np.full((20, 2), 0.5), {}, "whole.*0.5"),
        (np.full((20, 2), np.nan), {}, "nan"),
        (np.ones((20, 2)), {"top": 0}, "top must.*0"),
        (np.ones((20, 2)), {"draws": 3}, "draws must.*3"),
        (np.ones((20, 2)), {"exposure": [1]}, "exposure"),
    ],
)
def test_what_cannot_be_is_refused(counts: object, kwargs: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        concentration_stability(counts, **kwargs)  # type: ignore[arg-type]
