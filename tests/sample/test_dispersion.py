from __future__ import annotations

import numpy as np
import pytest

from forestall.sample.dispersion import pearson, quarters


def slow_pearson(y):
    areas = [a for a in range(len(y)) if y[a].sum() > 0]
    months = [t for t in range(y.shape[1]) if y[:, t].sum() > 0]
    total = 0.0
    for a in areas:
        for t in months:
            expected = y[a].sum() * y[:, t].sum() / y.sum()
            total += (y[a, t] - expected) ** 2 / expected
    return total / ((len(areas) - 1) * (len(months) - 1))


def test_pearson_agrees_with_a_slow_twin():
    rng = np.random.default_rng(1)
    y = rng.poisson(rng.gamma(0.5, 1.0, (30, 1)) * np.ones((30, 12)))
    y[3] = 0
    assert pearson(y) == pytest.approx(slow_pearson(y))
    assert pearson(np.stack([y, y])).shape == (2,)


def test_it_is_one_for_poisson_counts_and_more_for_bursts():
    rng = np.random.default_rng(2)
    rate = rng.gamma(1.0, 3.0, (300, 1)) * np.ones((300, 24))
    plain = [pearson(rng.poisson(rate)) for _ in range(20)]
    assert np.mean(plain) == pytest.approx(1.0, abs=0.01)
    assert pearson(rng.poisson(rate * rng.gamma(4.0, 0.25, rate.shape))) > 1.3


def test_quarters_add_three_months_and_drop_the_rest():
    y = np.arange(14).reshape(2, 7)
    assert quarters(y).tolist() == [[3, 12], [24, 33]]
