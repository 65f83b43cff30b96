"""Scatter of whole windows: a slow twin, what is found again, and bad input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_differences as slow

from forestall.stats._unfit import Unfit
from forestall.stats.window_counts import window_scatter

from .showing import shows_itself


@pytest.mark.parametrize(("periods", "window"), [(24, 6), (25, 6), (12, 1), (13, 4)])
def test_it_is_the_chi_square_of_the_windows_laid_from_the_last_period_back(periods: int, window: int) -> None:
    x = np.random.default_rng(periods).negative_binomial(5, 0.3, (6, periods))
    square, free = slow.window_dispersion(x.tolist(), window)
    found = window_scatter(x, window=window)
    assert found.raw == pytest.approx(square / free, rel=1e-12)
    assert found.degrees == free
    assert found.totals.shape == (6, periods // window)


def test_the_scatter_that_was_put_in_is_found_again() -> None:
    """Independent counts scatter alike in long windows; what lasts makes windows scatter more than months."""
    rng = np.random.default_rng(3)
    level = rng.uniform(8, 40, (300, 1))
    free = rng.negative_binomial(level / 2, 1 / 3, (300, 24))
    assert window_scatter(free, window=6).raw == pytest.approx(3, rel=0.1)
    lasting = np.repeat(rng.gamma(20, 1 / 20, (300, 4)), 6, axis=1)
    x = rng.poisson(level * lasting)
    assert window_scatter(x, window=6).raw > 2 * window_scatter(x, window=1).raw
    poisson = window_scatter(rng.poisson(level, (300, 24)), window=6)
    assert poisson.interval[0] < 1 < poisson.interval[1]
    assert poisson.estimate >= 1


def test_areas_with_hardly_any_events_are_left_out() -> None:
    x = np.random.default_rng(0).poisson(5, (5, 12))
    x[0] = 0
    x[0, 0] = 2
    found = window_scatter(x, window=3)
    assert found.dropped == 1
    assert found.totals.shape == (4, 4)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"counts": [1, 2, 3, 4]}, "two areas or more"),
        ({"counts": [[1, 2, 3, 4]]}, "two areas or more"),
        ({"counts": [[1, -2, 3, 4], [9, 9, 9, 9]]}, "counts must be 0 or more"),
        ({"counts": [[1, np.nan, 3, 4], [9, 9, 9, 9]]}, "counts must be known numbers; number 1 is"),
        ({"window": 3}, "fewer than two windows of 3"),
        ({"window": 0}, "window must be a whole number"),
        ({"level": 0}, "level must lie between"),
    ],
)
def test_bad_input_gets_a_sentence(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        window_scatter(**{"counts": [[5, 6, 7, 8], [9, 9, 9, 9]], "window": 2, **given})


def test_nothing_to_measure_gets_a_sentence() -> None:
    with pytest.raises(Unfit, match="Fewer than two areas have enough events"):
        window_scatter(np.zeros((3, 8)), window=2)
    with pytest.raises(Unfit, match="fell into one window"):
        window_scatter([[0, 9], [0, 9]], window=1)


def test_it_shows_itself() -> None:
    shows_itself(window_scatter(np.random.default_rng(1).poisson(9, (3, 12)), window=6))
