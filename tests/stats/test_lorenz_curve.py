"""Concentration against its pairwise definition, small cases by hand, and chance itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forestall.stats.lorenz_curve import concentration, gini, lorenz

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
