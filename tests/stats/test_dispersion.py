"""The dispersion that is fitted, against the one that counts were drawn with."""

from __future__ import annotations

import numpy as np
import pytest

from forestall.stats.dispersion import fit_dispersion
from forestall.stats.scan_statistics import nearest


def ground(seed: int, areas: int = 200) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    """A generator, areas' means a month, and their ten nearest."""
    rng = np.random.default_rng(seed)
    return rng, rng.gamma(2.0, 3.0, areas), nearest(rng.uniform(size=areas), rng.uniform(size=areas), 9)


def test_counts_of_plain_chance_have_no_scatter_beyond_it() -> None:
    rng, level, near = ground(1)
    phi = fit_dispersion(rng.poisson(level[:, None] * np.ones((200, 30))), near).of_zones(level, near, np.arange(1, 7), 36)
    assert phi.min() >= 1
    assert np.median(phi) == pytest.approx(1.0, abs=0.08)


@pytest.mark.parametrize("variance", [0.05, 0.2])
def test_the_scatter_of_gamma_frailty_is_found_again(variance: float) -> None:
    """Counts drawn as negative binomials: an area of mean m scatters by 1 + variance * m in a month of its own."""
    rng, level, near = ground(2)
    frailty = rng.gamma(1 / variance, variance, (200, 60))
    phi = fit_dispersion(rng.poisson(level[:, None] * frailty), near).of_zones(level, near, np.array([1]), 66)[:, 0, 0]
    usual = level > np.median(level)
    assert np.median(phi[usual] / (1 + variance * level[usual])) == pytest.approx(1.0, abs=0.15)


def test_neighbours_that_move_together_scatter_more_in_larger_zones() -> None:
    rng, level, near = ground(3)
    together = np.repeat(rng.gamma(5, 1 / 5, (1, 60)), 200, axis=0) * rng.gamma(20, 1 / 20, (200, 60))
    patch = np.where(np.arange(200)[:, None] < 100, together, 1.0)
    phi = fit_dispersion(rng.poisson(level[:, None] * patch), near).of_zones(level, near, np.array([1]), 66)[:, :, 0]
    assert (np.diff(np.median(phi, 0)) > 0).mean() > 0.8


def test_too_little_to_tell_is_taken_as_chance() -> None:
    _, level, near = ground(4)
    assert fit_dispersion(np.zeros((200, 30), int), near).of_zones(level, near, np.array([1, 6]), 36).max() == 1
