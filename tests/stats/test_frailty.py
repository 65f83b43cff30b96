"""Replicates with frailty: drawn as far apart as they should be, judged by the ratio that the records are judged by."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats as ss

from forestall.stats import _frailty_kernels as kernels
from forestall.stats import _scan_kernels as scan_kernels
from forestall.stats.dispersion import Dispersion, fit_dispersion
from forestall.stats.frailty import Frailty, maxima_by_size
from forestall.stats.scan_statistics import history_statistic, nearest

LENGTHS = np.arange(1, 4)


def ground(areas: int = 60, zones: int = 6, largest: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Expected counts over 24 periods, neighbours, and how many of these are zones. ``largest``: at least that many are
    expected in the first area."""
    rng = np.random.default_rng(5)
    near = nearest(rng.uniform(size=areas), rng.uniform(size=areas), zones - 1)
    base = rng.gamma(3.0, 24.0, areas)
    base[0] = max(base[0], largest)
    return base, near, np.full(areas, zones)


def maxima(
    dispersion: Dispersion, *, replicates: int = 400, seed: int = 1, refit: bool = False, largest: float = 0.0
) -> np.ndarray:
    base, near, reach = ground(largest=largest)
    by_period = np.full(24, base.sum() / 24)
    return maxima_by_size(
        base, by_period, near, reach, LENGTHS, reach, dispersion, refit=refit, least=2, runs=[(replicates, seed)]
    )[0]


def slow_maxima(frailty: float, replicates: int, largest: float = 0.0) -> np.ndarray:
    """The same with NumPy: gamma frailty of this variance over mean, every zone and window, Poisson's own ratio."""
    base, near, _ = ground(largest=largest)
    rng = np.random.default_rng(9)
    out = np.zeros((replicates, near.shape[1]))
    for i in range(replicates):
        mean = np.repeat(base[:, None] / 24, 24, 1)
        x = rng.poisson(mean if frailty == 0 else rng.gamma(mean / frailty, frailty))
        c = np.cumsum(np.cumsum(x[:, ::-1], 1)[:, LENGTHS - 1][near], 1)
        r = np.cumsum(x.sum(1)[near], 1)[:, :, None]
        share = np.cumsum(x.sum(0)[::-1])[LENGTHS - 1] / x.sum()
        ratio = history_statistic(c, np.broadcast_to(r, c.shape), share, 1.0 + frailty)
        out[i] = np.where(c >= 2, ratio, 0.0).max((0, 2))
    return out


@pytest.mark.parametrize("largest", [0.0, 2000.0])
@pytest.mark.parametrize("excess", [0.0, 0.5])
def test_the_highest_ratios_are_distributed_as_a_slow_twin_s(excess: float, largest: float) -> None:
    ours = maxima(Dispersion.constant(1.0 + excess, 6), largest=largest)
    slow = slow_maxima(excess, 400, largest)
    for k in range(6):
        assert ss.ks_2samp(ours[:, k], slow[:, k]).pvalue > 0.001


@pytest.mark.parametrize("phi", [1.0, 1.3, 3.0])
@pytest.mark.parametrize("mean", [0.02, 3.0, 600.0, 760.0, 1200.0, 40_000.0])
def test_counts_are_drawn_from_the_distribution_however_large_the_mean(mean: float, phi: float) -> None:
    """exp(-mean) is 0 to the machine from 746 on: a town centre's counts over three years are more."""
    cdf, _, guide = scan_kernels.count_tables(np.array([mean]), np.array([phi]))
    at = np.arange(cdf.size)
    true = ss.poisson.cdf(at, mean) if phi == 1.0 else ss.nbinom.cdf(at, mean / (phi - 1.0), 1.0 / phi)
    assert np.abs(cdf[:-1] - true[:-1]).max() < 1e-8
    assert cdf[-1] > 1.0 - 1e-8  # no draw goes past the end
    for sixteenth, first in enumerate(guide[0]):
        assert first == np.argmax(cdf > sixteenth / 16)


@settings(deadline=None)
@example(c=1, more=0, share=0.25, phi=1.000001)
@example(c=300, more=1700, share=0.05, phi=1 + 5e-7)
@example(c=300, more=1700, share=0.05, phi=1 + 2e-6)
@given(st.integers(1, 400), st.integers(0, 2000), st.floats(0.01, 0.6), st.floats(1.0, 8.0))
def test_the_kernel_s_ratio_is_the_documented_one_and_its_bound_is_never_below(
    c: int, more: int, share: float, phi: float
) -> None:
    r = float(c + more)
    if c <= r * share:
        return
    value = kernels.beta_binomial_ratio(float(c), r, share, phi)
    assert value == pytest.approx(float(history_statistic(c, r, share, phi)), rel=1e-6, abs=1e-9)
    bound = (c - r * share) ** 2 / (share * (1 - share)) / r
    assert value <= (bound / 2 / min(phi, r) if share <= 0.2 else bound) * 1.0001 + 1e-9


def test_what_is_drawn_scatters_as_what_was_fitted() -> None:
    """Counts with an area's own frailty and one that neighbours share: refits of draws find the variances again."""
    rng = np.random.default_rng(2)
    areas = 300
    near = nearest(rng.uniform(size=areas), rng.uniform(size=areas), 11)
    level = rng.gamma(2.0, 5.0, areas)
    field = rng.normal(size=(areas, 30))
    blend = np.exp(-((np.arange(12) / 10.0) ** 2))
    shared = 0.2 * np.einsum("k,akt->at", blend / np.sqrt((blend**2).sum()), field[near])
    counts = rng.poisson(level[:, None] * np.exp(shared) * rng.gamma(1 / 0.1, 0.1, (areas, 30)))
    found = Frailty.of(fit_dispersion(counts, near), near, np.full(areas, 12))
    assert found.deviations[0] ** 2 == pytest.approx(0.1, abs=0.04)
    assert found.deviations[2] ** 2 + found.deviations[3] ** 2 == pytest.approx(0.04, abs=0.02)


def test_the_same_seed_gives_the_same_on_any_number_of_threads() -> None:
    import numba

    fitted = Dispersion.constant(1.4, 6)
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        one = maxima(fitted, replicates=50, refit=True)
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(one, maxima(fitted, replicates=50, refit=True))
    assert (one != maxima(fitted, replicates=50, seed=2, refit=True)).any()
