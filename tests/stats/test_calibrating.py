"""Calibration weights: exactness, a slow twin, placebos by hand, calibration on overdispersed counts, and bad input."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_weights

from forestall.stats._balancing import balance
from forestall.stats.calibrating import calibration_weights

from .showing import shows_itself


def force(seed: int, places: int = 200, periods: int = 24) -> np.ndarray:
    """Counts that scatter as a force's do: places differ, drift, share a season, and vary more than Poisson counts."""
    rng = np.random.default_rng(seed)
    level = rng.gamma(1.5, 2, places)[:, None] * np.exp(np.cumsum(rng.normal(0, 0.03, (places, periods)), axis=1))
    season = 1 + 0.2 * np.sin(np.arange(periods) / 12 * 2 * np.pi)
    return rng.poisson(level * season * rng.gamma(4, 0.25, (places, periods))).astype(float)


def ordinary(y: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Places chosen where others are alike: none of the highest twentieth."""
    rng = np.random.default_rng(seed)
    pool = np.argsort(-y[:, :18].sum(1))[len(y) // 20 :]
    treated = np.zeros(len(y), bool)
    treated[rng.choice(pool, size, replace=False)] = True
    return treated


def test_each_total_before_is_reproduced_and_what_follows_is_weighted() -> None:
    y = np.array([force(1), force(2)])
    treated = ordinary(y[0], 10, 1)
    people = np.random.default_rng(5).normal(1500, 200, 200)
    made = calibration_weights(y, treated, 18, covariates=people, every=3, draws=99, outcomes=["burglary", "damage"])
    assert made.exact
    w = made.weights
    assert (w >= 0).all()
    assert w[treated].sum() == 0
    assert w.sum() == pytest.approx(10)
    assert w @ people == pytest.approx(people[treated].sum(), rel=1e-6)
    for k, outcome in enumerate(made.outcomes):
        for first in range(0, 18, 3):
            block = y[k, :, first : first + 3].sum(1)
            assert w @ block == pytest.approx(block[treated].sum(), rel=1e-5)
        assert outcome.estimate == pytest.approx(y[k, treated, 18:].sum() - w @ y[k, :, 18:].sum(1))
    assert made.estimate == made.outcomes[0].estimate
    assert made.effective_size == pytest.approx(w.sum() ** 2 / (w**2).sum())


def test_newton_s_weights_are_those_of_a_general_optimiser() -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(size=(40, 3))
    goal = np.array([0.3, -0.2, 0.1])
    made = balance(x, goal[None] * 5, np.array([5.0]), np.ones((1, 40), bool))
    assert made.exact[0]
    assert made.weights[0] == pytest.approx(slow_weights.entropy_weights(x, goal * 5, 5.0), abs=2e-5)


def test_the_nearest_miss_is_that_of_a_general_optimiser() -> None:
    rng = np.random.default_rng(9)
    x = rng.normal(size=(25, 6))
    goals = rng.normal(size=(4, 6)) * 2
    made = balance(x, goals, np.ones(4), np.ones((4, 25), bool))
    assert not made.exact.any()
    for b in range(4):
        assert made.distance[b] == pytest.approx(slow_weights.nearest_miss(x, goals[b]), rel=1e-4)
        assert made.weights[b].sum() == pytest.approx(1)
        assert (made.weights[b] >= 0).all()


def test_no_place_that_may_bear_weight_would_bring_the_nearest_miss_nearer() -> None:
    rng = np.random.default_rng(10)
    x = rng.normal(size=(60, 5))
    goals, usable = rng.normal(size=(6, 5)) * 3, rng.random((6, 60)) < 0.5
    made = balance(x, 4 * goals, np.full(6, 4.0), usable)
    assert not made.exact.any()
    for goal, weights, may in zip(goals, made.weights / 4, usable, strict=True):
        assert not weights[~may].any()
        gap = weights @ x - goal
        assert ((x[may] - goal) @ gap).min() == pytest.approx(gap @ gap, rel=1e-12)


def test_a_placebo_group_gets_what_it_would_get_as_the_treated_one() -> None:
    y = force(3)
    treated = ordinary(y, 6, 3)
    group = np.flatnonzero(ordinary(y, 6, 4) & ~treated)
    made = calibration_weights(y, treated, 18, every=3, groups=[group.tolist()])
    as_treated = np.zeros(len(y), bool)
    as_treated[group] = True
    twin = calibration_weights(y, as_treated, 18, every=3, draws=0)
    assert made.placebos[0, 0] == pytest.approx(twin.outcomes[0].score, rel=1e-6)
    assert math.isnan(made.p_value)  # one group is no distribution
    assert "19 are needed" in made.explain()


def test_the_p_value_and_the_interval_are_ranks_among_placebo_groups() -> None:
    y = force(4)
    made = calibration_weights(y, ordinary(y, 8, 4), 18, every=3, draws=199, seed=2)
    first = made.outcomes[0]
    beyond = (np.abs(made.placebos[:, 0]) >= abs(first.score)).sum()
    assert made.p_value == pytest.approx((1 + beyond) / 200)
    assert (made.p_value > 0.05) == (made.interval[0] <= 0 <= made.interval[1])
    assert made.omnibus_p == pytest.approx(made.p_value)  # one outcome: the same test
    again = calibration_weights(y, ordinary(y, 8, 4), 18, every=3, draws=199, seed=2)
    assert again.to_json() == made.to_json()


def test_a_5_percent_test_fires_about_5_percent_of_the_time() -> None:
    fired, covered, asked = 0, 0, 200
    for seed in range(asked):
        y = force(1000 + seed)
        made = calibration_weights(y, ordinary(y, 8, seed), 18, every=3, draws=99, seed=seed)
        fired += made.p_value <= 0.05
        covered += made.interval[0] <= 0 <= made.interval[1]
    assert 0.02 <= fired / asked <= 0.08
    assert covered / asked == pytest.approx(1 - fired / asked)


def test_a_planted_halving_is_found_and_covered() -> None:
    found, covered, asked = 0, 0, 60
    for seed in range(asked):
        y = force(3000 + seed)
        treated = ordinary(y, 15, seed)
        rng = np.random.default_rng(seed)
        whole = y[treated, 18:].copy()
        y[treated, 18:] = rng.binomial(whole.astype(int), 0.5)
        made = calibration_weights(y, treated, 18, every=3, draws=99, seed=seed)
        found += made.p_value <= 0.05 and made.estimate < 0
        covered += made.interval[0] <= y[treated, 18:].sum() - whole.sum() <= made.interval[1]
    assert found / asked >= 0.9
    assert covered / asked >= 0.88


def test_places_like_no_others_get_no_p_value() -> None:
    y = force(6)
    treated = np.zeros(len(y), bool)
    treated[:3] = True
    y[:3] = 40 * y[3:6] + 100
    made = calibration_weights(y, treated, 18, every=3, draws=99)
    assert not made.exact
    assert math.isnan(made.p_value)
    assert math.isnan(made.interval[0])
    assert "like no untreated ones" in made.explain()
    shows_itself(made)


def test_too_few_candidates_get_no_p_value() -> None:
    y = force(7, places=12)
    treated = np.zeros(12, bool)
    treated[:7] = True
    made = calibration_weights(y, treated, 18, every=6)
    assert math.isnan(made.p_value)
    assert "too few for placebo groups" in made.explain()


def test_thousands_of_places_are_quick() -> None:
    """Thirty-five thousand candidates, with a hundred placebo groups; ratios to peers are in the benchmark."""
    y = force(11, places=35_000)
    made = calibration_weights(y, ordinary(y, 20, 1), 18, every=3, draws=39)
    assert made.exact
    assert made.effective_size > 1000


def test_it_shows_itself() -> None:
    y = np.array([force(1), force(2)])
    months = [f"2024-{m:02d}" for m in range(1, 13)] + [f"2025-{m:02d}" for m in range(1, 13)]
    made = calibration_weights(y, ordinary(y[0], 10, 1), 18, every=3, draws=99, labels=months)
    shows_itself(made)
    ratio, error = made.log_ratio
    assert ratio == pytest.approx(math.log(made.outcomes[0].after[0] / made.outcomes[0].after[1]))
    assert error > 0


Y = force(12, places=40)
T = np.arange(40) < 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"counts": -Y}, "0 or more, with none missing"),
        ({"counts": np.where(Y > 15, np.nan, Y)}, "none missing"),
        ({"counts": Y[:, 0]}, "a row for each place"),
        ({"counts": Y[:0]}, "a row for each place"),
        ({"treated": T[:-1]}, "for each of the 40 places"),
        ({"treated": np.zeros(40, bool)}, "no place is treated"),
        ({"treated": np.ones(40, bool)}, "fewer than two untreated places"),
        ({"candidates": T}, "fewer than two untreated places"),
        ({"first_post": 24}, "index of a period, from 0 to 23"),
        ({"first_post": 1}, "at least two periods before"),
        ({"every": 0}, "every must be a whole number"),
        ({"draws": -1}, "draws must be a whole number"),
        ({"counts": Y * ~T[:, None]}, "nothing was counted at the treated places"),
        ({"covariates": np.ones(39)}, "a row for each of the 40 places"),
        ({"covariates": np.full(40, np.inf)}, "covariate is missing or infinite"),
        ({"outcomes": ["a", "b"]}, "outcomes must have one name for each of the 1 outcomes"),
        ({"labels": ["a"]}, "labels must have one name for each of the 24 periods"),
        ({"groups": [[5, 5]]}, "different places from 0 to 39"),
        ({"groups": [[99]]}, "different places from 0 to 39"),
        ({"candidates": np.arange(40) != 5, "groups": [[0, 5]]}, "no candidate"),
        ({"groups": [list(range(40))]}, "holds every place"),
        ({"level": 0.0}, "level must lie between 0 and 1"),
    ],
)
def test_bad_input_is_a_sentence(change: dict[str, Any], words: str) -> None:
    given: dict[str, Any] = {"counts": Y, "treated": T, "first_post": 18, **change}
    with pytest.raises(ValueError, match=words):
        calibration_weights(**given)
