"""Concentration against its pairwise definition, small cases by hand, and chance itself."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_rates

from forestall.stats.lorenz_curve import concentration, gini, gini_expected, gini_generalised, lorenz

from .showing import shows_itself

counts = st.lists(st.integers(0, 50), min_size=2, max_size=30).filter(any)


@given(counts)
def test_gini_is_half_the_mean_difference_of_all_pairs_over_the_mean(x: list[int]) -> None:
    n = len(x)
    slow = sum(abs(a - b) for a in x for b in x) / (2 * n * sum(x))
    assert gini(x) == pytest.approx(slow, abs=1e-12)


@given(counts)
def test_the_curve_rises_ever_more_slowly_to_one(x: list[int]) -> None:
    curve = lorenz(x)
    assert curve[0] == 0
    assert curve[-1] == pytest.approx(1)
    steps = np.diff(curve)
    assert (steps >= -1e-12).all()
    assert (np.diff(steps) <= 1e-12).all()


def test_small_cases_by_hand() -> None:
    assert gini([1, 1, 1, 1]) == pytest.approx(0)
    assert gini([0, 0, 0, 9]) == pytest.approx(3 / 4)
    assert lorenz([1, 3, 0]) == pytest.approx([0, 0.75, 1, 1])
    found = concentration([6, 2, 2, 2])
    assert found.half_share == 1 / 4
    assert found.events == 12


def test_chance_alone_has_no_excess() -> None:
    """300 events dealt to 400 places look concentrated, and are no more so than chance."""
    rng = np.random.default_rng(3)
    excess = [concentration(rng.multinomial(300, np.full(400, 1 / 400)), draws=99).gini_excess for _ in range(60)]
    inside = 0
    for seed in range(60):
        c = concentration(rng.multinomial(300, np.full(400, 1 / 400)), draws=199, seed=seed)
        inside += c.gini_chance_interval[0] <= c.gini <= c.gini_chance_interval[1]
        assert c.gini > 0.5
    assert abs(np.mean(excess)) < 0.02
    assert inside >= 51


def test_exposure_explains_what_it_explains() -> None:
    people = np.array([1000.0] * 50 + [9000.0] * 50)
    dealt = np.random.default_rng(8).multinomial(20_000, people / people.sum())
    assert concentration(dealt).gini_excess > 0.3
    assert abs(concentration(dealt, exposure=people).gini_excess) < 0.03


@pytest.mark.parametrize("bad", [[-1, 2], [float("nan"), 1], [0, 0]])
def test_counts_that_cannot_be_are_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match=r"counts|no events"):
        concentration(bad)


@pytest.mark.parametrize(("events", "places"), [(1, 2), (3, 4), (5, 3), (6, 4)])
def test_the_expected_gini_is_the_mean_over_every_fall(events: int, places: int) -> None:
    assert gini_expected(events, np.full(places, 1 / places)) == pytest.approx(slow_rates.expected_gini(events, places))


@pytest.mark.parametrize(("events", "places"), [(300, 400), (2000, 50)])
def test_the_expected_gini_is_the_mean_of_draws(events: int, places: int) -> None:
    rng = np.random.default_rng(1)
    for share in (np.full(places, 1 / places), rng.dirichlet(np.full(places, 3.0))):
        drawn = [gini(x) for x in rng.multinomial(events, share, 800)]
        assert gini_expected(events, share) == pytest.approx(np.mean(drawn), abs=4 * np.std(drawn) / 800**0.5 + 2e-4)


def test_the_generalised_gini_is_0_where_events_lie_apart() -> None:
    """Bernasco and Steenbeek: 20 events at 100 places, each on its own, are as even as they can be."""
    x = np.r_[np.ones(20), np.zeros(80)]
    found = concentration(x)
    assert found.gini == pytest.approx(0.8)
    assert found.gini_generalised == pytest.approx(0, abs=1e-12)
    assert gini_generalised(0.99, 100, 20) == pytest.approx(0.95)
    assert gini_generalised(0.4, 100, 500) == pytest.approx(0.4)


def test_a_5_percent_test_fires_5_percent_of_the_time() -> None:
    rng = np.random.default_rng(6)
    p = np.array([concentration(rng.multinomial(150, np.full(200, 1 / 200)), draws=39, seed=s).p_value for s in range(300)])
    assert (p > 0).all()
    assert np.mean(p <= 0.05) <= 0.08
    assert np.mean(p <= 0.5) == pytest.approx(0.5, abs=0.1)


def test_harm_is_dealt_by_whole_events() -> None:
    """Two murders outweigh all else, and chance would put them somewhere too."""
    rng = np.random.default_rng(0)
    weights = np.r_[np.full(2, 5475.0), np.full(200, 2.0)]
    harm = np.bincount(rng.integers(0, 100, weights.size), weights, 100)
    naive, right = concentration(harm), concentration(harm, event_weights=weights)
    assert naive.p_value <= 0.01
    assert right.p_value > 0.05
    assert right.gini_expected is None
    assert "Give the weight" in concentration(harm + 0.5).explain()
    with pytest.raises(ValueError, match="add up to"):
        concentration(harm, event_weights=weights[1:])
    with pytest.raises(ValueError, match="-1"):
        concentration([1], event_weights=[2, -1])


def test_the_half_share_lies_in_its_chance_interval_where_chance_deals() -> None:
    rng = np.random.default_rng(3)
    inside = 0
    for s in range(60):
        c = concentration(rng.multinomial(300, np.full(400, 1 / 400)), draws=99, seed=s)
        inside += c.half_share_chance_interval[0] <= c.half_share <= c.half_share_chance_interval[1]
    assert inside >= 52


def test_concentration_shows_itself() -> None:
    shows_itself(concentration([6, 2, 2, 2]))
    shows_itself(concentration(np.random.default_rng(1).poisson(0.4, 3000)))
