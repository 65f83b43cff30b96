from __future__ import annotations

import time

import numpy as np
import pytest

from forestall import sample
from forestall.sample.counts import MONTHS


def test_a_draw_has_every_category_area_and_month(force):
    counts = force.draw_counts(np.random.default_rng(1))
    assert counts.dtype == np.int64
    assert counts.shape == (14, 368, 48) == (len(force.categories), len(force.codes), len(force.months))
    assert MONTHS[0] == "2022-01"
    assert MONTHS[-1] == "2025-12"
    assert 4300 < counts.sum() / 48 < 5600


def test_the_same_seed_draws_the_same_and_another_another(force):
    one, again = (force.draw_counts(np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, force.draw_counts(np.random.default_rng(5)))
    assert np.array_equal(sample.model(2).mean, sample.model(2).mean)


def test_draws_have_the_models_mean(force):
    rng = np.random.default_rng(6)
    mean = np.mean([force.draw_counts(rng) for _ in range(30)], axis=0)
    assert mean.sum() == pytest.approx(force.mean.sum(), rel=0.015)
    assert mean.sum(axis=(1, 2)) == pytest.approx(force.mean.sum(axis=(1, 2)), rel=0.04)
    busy = force.mean.sum(axis=2) > 100
    assert np.abs(mean.sum(axis=2)[busy] / force.mean.sum(axis=2)[busy] - 1).max() < 0.2


def test_boost_multiplies_one_categorys_rates_in_the_given_areas_and_months(force):
    areas, months = force.codes[10:14], force.months[-3:]
    boost = ("vehicle-crime", areas, months, 3.0)
    plain = force.draw_rates(np.random.default_rng(8))
    lifted = force.draw_rates(np.random.default_rng(8), boost=boost)
    ratio = lifted / plain
    c = force.categories.index("vehicle-crime")
    assert ratio[c, 10:14, -3:] == pytest.approx(3.0)
    ratio[c, 10:14, -3:] = 1.0
    assert ratio == pytest.approx(1.0)
    by_index = force.draw_counts(
        np.random.default_rng(8), boost=("vehicle-crime", np.arange(10, 14), np.arange(45, 48), 3.0)
    )
    assert np.array_equal(by_index, force.draw_counts(np.random.default_rng(8), boost=boost))


def test_neighbours_drift_together_and_distant_areas_apart(force):
    c = force.categories.index("vehicle-crime")
    rng = np.random.default_rng(9)
    near = force.geography.nearest(300)
    close, far = [], []
    for _ in range(15):
        log = np.log(force.draw_rates(rng)[c] / force.mean[c])
        log = log - log.mean(axis=0)
        close.append((log * log[near[:, 1]]).mean())
        far.append((log * log[near[:, 299]]).mean())
    assert np.mean(close) > 0.05
    assert abs(np.mean(far)) < 0.02


def test_a_draw_is_quick_enough_for_hundreds(force):
    rng = np.random.default_rng(10)
    force.draw_counts(rng)
    spent = []
    for _ in range(5):
        start = time.process_time()
        force.draw_counts(rng)
        spent.append(time.process_time() - start)
    assert min(spent) < 0.15
