"""Shrinkage: a slow twin that sums over a fine grid, and intervals that cover whatever the spread."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats as ss

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_rates

from forestall.stats.small_area_rates import mixture_quantile, shrunk_rates

from .showing import shows_itself


@pytest.mark.parametrize("counts", [[0, 1, 3, 8, 2, 5], [4, 4, 5, 3, 4, 4], [0, 0, 30, 2, 1, 0]])
def test_the_shrunk_rate_is_the_sum_over_a_fine_grid(counts: list[int]) -> None:
    exposure = [1.0, 2.0, 1.5, 3.0, 0.5, 2.0]
    found = shrunk_rates(counts, exposure, per=1)
    for place in (0, 2, 3):
        assert found.rate[place] == pytest.approx(slow_rates.shrunk(counts, exposure, place), rel=0.02)


def test_a_mixture_s_quantile_is_where_its_distribution_function_says() -> None:
    rng = np.random.default_rng(3)
    shape, rate, weight = rng.uniform(0.05, 30, (20, 7)), rng.uniform(0.1, 9, (20, 7)), rng.dirichlet(np.ones(7))
    for p in (0.001, 0.025, 0.5, 0.975):
        q = mixture_quantile(shape, rate, weight, p)
        assert ss.gamma.cdf(q[:, None], shape, scale=1 / rate) @ weight == pytest.approx(np.full(20, p), rel=1e-6)


def test_where_the_prior_is_known_it_is_the_gamma_poisson_rule() -> None:
    """With very many areas the prior is as good as known: (k + y) / (k / m + e)."""
    rng = np.random.default_rng(1)
    e = np.tile([2.0, 10.0], 2000)
    y = rng.poisson(e * rng.gamma(4.0, 0.25, e.size))
    found = shrunk_rates(y, e, per=1)
    assert found.spread == pytest.approx(0.5, abs=0.03)
    assert found.common == pytest.approx(1.0, abs=0.03)
    k = 1 / found.spread**2
    assert found.rate == pytest.approx((k + y) / (k / found.common + e), rel=0.01)
    assert found.own == pytest.approx(e / (k / found.common + e), rel=0.03)


@pytest.mark.parametrize(("areas", "spread", "size"), [(8, 0.6, 5), (30, 0.1, 2), (30, 0.8, 0.7), (60, 0.4, 20)])
def test_a_95_percent_interval_covers_95_percent_of_true_rates(areas: int, spread: float, size: float) -> None:
    """Putting the fitted prior in as if it were known covers 80 to 90 % with so few areas."""
    rng = np.random.default_rng(7)
    held = []
    for _ in range(60):
        e = rng.lognormal(0, 0.6, areas) * size
        true = rng.gamma(1 / spread**2, spread**2, areas)
        y = rng.poisson(e * true)
        found = shrunk_rates(y, e, per=1)
        held.append(np.mean((found.lower <= true) & (true <= found.upper)))
    assert 0.915 <= np.mean(held) <= 1.0


def test_shrinkage_is_nearer_the_truth_than_plain_rates() -> None:
    rng = np.random.default_rng(2)
    e = rng.lognormal(0, 1, 300) * 3
    true = rng.gamma(6, 1 / 6, 300)
    found = shrunk_rates(rng.poisson(e * true), e, per=1)
    assert ((found.rate - true) ** 2).mean() < 0.5 * ((found.raw - true) ** 2).mean()
    assert (found.lower <= found.rate).all()
    assert (found.rate <= found.upper).all()


def test_alike_places_are_said_to_be_alike() -> None:
    found = shrunk_rates(np.random.default_rng(5).poisson(4, 40), np.ones(40))
    assert "may be all alike" in found.explain()
    assert np.ptp(found.rate) < np.ptp(found.raw) / 2


def test_places_set_apart_keep_their_own_rate() -> None:
    y, e = np.r_[np.full(20, 5), 400], np.full(21, 1000.0)
    found = shrunk_rates(y, e, residents_wrong=np.arange(21) == 20)
    assert found.rate[20] == 400
    assert found.own[20] == 1
    assert found.common < 10
    assert "set apart" in found.explain()
    shows_itself(found)


@pytest.mark.parametrize(
    ("counts", "exposure", "said"),
    [
        ([1, 2, 3], [1, 1, 1], "3 places are too few"),
        ([0] * 6, [1] * 6, "nothing was counted"),
        ([1] * 6, [1] * 5 + [-1], "-1"),
        ([1] * 6, [1] * 5, "6 counts and 5"),
        ([np.inf] + [1] * 5, [1] * 6, "inf"),
    ],
)
def test_places_that_cannot_be_are_refused(counts: list[float], exposure: list[float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        shrunk_rates(counts, exposure)
