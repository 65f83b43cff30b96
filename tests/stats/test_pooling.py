"""Pooled effects: metafor's published answers, Paule and Mandel's condition, a slow twin, coverage, and bad input."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_weights

from forestall.stats.pooling import PooledEffects, pool_effects

from .showing import shows_itself

#: Colditz and others (1994): thirteen trials of BCG; ill and well where vaccinated, ill and well where not.
BCG = np.array([
    [4, 119, 11, 128], [6, 300, 29, 274], [3, 228, 11, 209], [62, 13536, 248, 12619], [33, 5036, 47, 5761],
    [180, 1361, 372, 1079], [8, 2537, 10, 619], [505, 87886, 499, 87892], [29, 7470, 45, 7232], [17, 1699, 65, 1600],
    [186, 50448, 141, 27197], [5, 2493, 3, 2338], [27, 16886, 29, 17825],
], float).T  # fmt: skip


def bcg() -> tuple[np.ndarray, np.ndarray]:
    a, b, c, d = BCG
    return np.log(a / (a + b)) - np.log(c / (c + d)), np.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))


def test_the_answers_that_metafor_prints() -> None:
    """README of metafor, rma(yi, vi, test="knha") and predict(transf=exp) on dat.bcg."""
    made = pool_effects(*bcg())
    assert made.estimate == pytest.approx(-0.7145, abs=5e-5)
    assert made.standard_error == pytest.approx(0.1808, abs=5e-5)
    assert made.estimate / made.standard_error == pytest.approx(-3.9522, abs=5e-5)
    assert made.p_value == pytest.approx(0.0019, abs=5e-5)
    assert made.interval == pytest.approx((-1.1084, -0.3206), abs=5e-5)
    assert made.tau2 == pytest.approx(0.3132, abs=5e-5)
    assert made.i2 == pytest.approx(0.9222, abs=5e-5)
    assert made.q == pytest.approx(152.2330, abs=5e-5)
    assert np.exp(made.prediction) == pytest.approx((0.14, 1.76), abs=5e-3)


def test_paule_and_mandel_leave_the_scatter_that_chance_gives() -> None:
    y, s = bcg()
    made = pool_effects(y, s, method="paule-mandel")
    assert made.tau2 == pytest.approx(0.318068452, abs=1e-9)  # statsmodels 0.15, combine_effects(method_re="iterated")
    assert made.standard_error == pytest.approx(0.180892, abs=1e-6)
    w = 1 / (s**2 + made.tau2)
    assert (w * (y - made.estimate) ** 2).sum() == pytest.approx(y.size - 1, rel=1e-9)


def test_reml_is_the_top_of_the_restricted_likelihood() -> None:
    rng = np.random.default_rng(3)
    for k in (2, 3, 5, 9, 20):
        for tau in (0.0, 0.2, 1.0):
            s = rng.uniform(0.05, 0.6, k)
            y = rng.normal(0, np.hypot(tau, s))
            assert pool_effects(y, s).tau2 == pytest.approx(slow_weights.restricted_tau2(y, s), abs=2e-6)


@pytest.mark.parametrize(("k", "tau"), [(3, 0.1), (8, 0.0), (8, 0.3)])
def test_the_interval_covers_as_it_says(k: int, tau: float) -> None:
    rng = np.random.default_rng(17)
    draws, covered, ahead = 1000, 0, 0
    for _ in range(draws):
        s = rng.uniform(0.1, 0.25, k)
        y = rng.normal(-0.2, np.hypot(tau, s))
        made = pool_effects(y, s)
        covered += made.interval[0] <= -0.2 <= made.interval[1]
        ahead += made.prediction[0] <= rng.normal(-0.2, tau) <= made.prediction[1]
    assert 0.93 <= covered / draws <= 0.97
    assert ahead / draws >= 0.88  # a spread put at 0 where it isn't makes prediction too sure: said in the docs


def test_leaving_one_out_is_pooling_the_others() -> None:
    y, s = bcg()
    made = pool_effects(y, s)
    for i in (0, 7):
        other = pool_effects(np.delete(y, i), np.delete(s, i))
        assert made.without[i] == pytest.approx(other.estimate, rel=1e-12)
        assert made.without_interval[i] == pytest.approx(other.interval, rel=1e-12)


def test_one_evaluation_that_decides_is_named() -> None:
    made = pool_effects([-1.0, -0.9, -1.1, 0.9], [0.1, 0.1, 0.1, 0.1], names=["A", "B", "C", "D"])
    alone = next(c for c in made.checks if c.name == "one-alone")
    assert not alone.passed
    assert "D" in made.explain()


def test_one_evaluation_and_perfect_agreement_get_no_interval() -> None:
    for made in (pool_effects([-0.3], [0.1]), pool_effects([0.5, 0.5, 0.5], [0.1, 0.2, 0.3])):
        assert math.isnan(made.p_value)
        assert math.isnan(made.interval[0])
        assert "nothing to pool" in made.explain()
    held = pool_effects([0.5, 0.5, 0.5], [0.1, 0.2, 0.3], never_narrower=True)
    assert held.standard_error == pytest.approx(1 / math.sqrt(100 + 25 + 1 / 0.09))


def test_it_shows_itself() -> None:
    for made in (pool_effects(*bcg()), pool_effects([0.1, -0.3], [0.2, 0.1], ratio=False), pool_effects([0.1], [0.2])):
        assert isinstance(made, PooledEffects)
        shows_itself(made)


@pytest.mark.parametrize(
    ("effects", "errors", "more", "words"),
    [
        ([], [], {}, "no evaluations"),
        ([0.1, 0.2], [0.1], {}, "2 effects and 1 standard errors"),
        ([0.1, math.nan], [0.1, 0.1], {}, "missing or infinite"),
        ([0.1, 0.2], [0.1, 0.0], {}, "above 0, not 0.0"),
        ([0.1, 0.2], [0.1, -1], {}, "above 0, not -1.0"),
        ([0.1, 1e9], [0.1, 0.1], {}, "within a million"),
        ([0.1, 0.2], [0.1, 0.1], {"method": "best"}, "method must be one of"),
        ([0.1, 0.2], [0.1, 0.1], {"names": ["A"]}, "2 effects and 1 names"),
        ([0.1, 0.2], [0.1, 0.1], {"level": 95}, "level must lie between 0 and 1"),
    ],
)
def test_bad_input_is_a_sentence(effects: list, errors: list, more: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        pool_effects(effects, errors, **more)
