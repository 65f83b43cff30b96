"""Shares: the published intervals, power by every outcome there could be, and tests that reject as often as they say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as ss

from forestall.stats.proportions import contrast, detectable, wilson


def test_the_published_wilson_intervals() -> None:
    """Newcombe (1998), *Statistics in Medicine* 17, 857-872, table I, method 3."""
    for yes, of, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert np.array(wilson(yes, of)) == pytest.approx([low, high], abs=6e-5)


def test_the_published_newcombe_intervals() -> None:
    """Newcombe (1998), *Statistics in Medicine* 17, 873-890, table II, method 10, examples (a) to (h)."""
    published = (
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (6, 7, 2, 7, 0.0582, 0.8062),
        (5, 56, 0, 29, -0.0381, 0.1926),
        (0, 10, 0, 20, -0.1611, 0.2775),
        (0, 10, 0, 10, -0.2775, 0.2775),
        (10, 10, 0, 20, 0.6791, 1.0),
        (10, 10, 0, 10, 0.6075, 1.0),
    )
    for a, m, b, n, low, high in published:
        assert contrast([a, b], [m, n], [1, -1]).interval == pytest.approx((low, high), abs=6e-5)


def test_wilson_is_where_the_score_test_just_refuses() -> None:
    low, high = wilson(17, 60)
    for p in (float(low), float(high)):
        assert abs(17 / 60 - p) / math.sqrt(p * (1 - p) / 60) == pytest.approx(ss.norm.isf(0.025))


def test_a_contrast_of_four_is_the_two_newcombe_intervals_joined() -> None:
    yes, of = [22, 40, 39, 41], [115, 120, 90, 130]
    made = contrast(yes, of, [1, -1, -1, 1])
    one, two = contrast(yes[:2], of[:2], [1, -1]), contrast(yes[2:], of[2:], [1, -1])
    d1, d2, (l1, u1), (l2, u2) = one.estimate, two.estimate, one.interval, two.interval
    assert made.estimate == pytest.approx(d1 - d2)
    assert made.interval[0] == pytest.approx(d1 - d2 - math.hypot(d1 - l1, u2 - d2))
    assert made.interval[1] == pytest.approx(d1 - d2 + math.hypot(u1 - d1, d2 - l2))
    p = [a / b for a, b in zip(yes, of, strict=True)]
    assert made.standard_error == pytest.approx(math.sqrt(sum(v * (1 - v) / n for v, n in zip(p, of, strict=True))))


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(60, 90)), min_size=4, max_size=4))
@settings(max_examples=80, deadline=None)
def test_the_p_value_is_the_level_at_which_the_interval_touches_0(cells: list[tuple[int, int]]) -> None:
    yes, of = [c[0] for c in cells], [c[1] for c in cells]
    made = contrast(yes, of, [1, -1, -1, 1])
    if not 1e-6 < made.p_value < 1:
        return
    ends = contrast(yes, of, [1, -1, -1, 1], level=1 - made.p_value).interval
    assert min(abs(e) for e in ends) < 1e-6


@pytest.mark.parametrize(("n1", "n0"), [(12, 13), (20, 20), (28, 40)])
def test_a_5_percent_test_of_small_bases_rejects_as_it_says(n1: int, n0: int) -> None:
    """Summed over every outcome there could be, at every share: no simulation."""
    refused = np.array(
        [[contrast([a, b], [n1, n0], [1, -1]).p_value <= 0.05 for b in range(n0 + 1)] for a in range(n1 + 1)]
    )
    sizes = []
    for p in np.linspace(0.02, 0.98, 49):
        sizes.append(ss.binom.pmf(np.arange(n1 + 1), n1, p) @ refused @ ss.binom.pmf(np.arange(n0 + 1), n0, p))
    assert max(sizes) < 0.06
    assert np.mean(sizes) > 0.03


def test_a_difference_in_differences_covers_as_it_says() -> None:
    rng = np.random.default_rng(4)
    of, p = np.array([45, 60, 50, 80]), np.array([0.35, 0.5, 0.55, 0.5])
    truth = float(np.array([1, -1, -1, 1]) @ p)
    held = refused = 0
    for _ in range(2000):
        low, high = contrast(rng.binomial(of, p), of, [1, -1, -1, 1]).interval
        held += low <= truth <= high
        refused += contrast(rng.binomial(of, 0.4), of, [1, -1, -1, 1]).p_value <= 0.05
    assert 0.935 < held / 2000 < 0.97
    assert 0.03 < refused / 2000 < 0.065


def test_clusters_that_answer_alike_need_the_design_effect() -> None:
    """Schools of 20, whose own shares scatter: an intraclass correlation of 0.1 makes a design effect of 1 + 19 x 0.1 =
    2.9."""
    rng = np.random.default_rng(8)
    held = plain = 0
    for _ in range(1500):
        yes = [int(rng.binomial(20, rng.beta(0.4 * 9, 0.6 * 9, 10)).sum()) for _ in range(2)]
        for effect in (1.0, 2.9):
            low, high = contrast(yes, [200, 200], [1, -1], design_effect=effect).interval
            held += effect > 1 and low <= 0 <= high
            plain += effect == 1 and low <= 0 <= high
    assert 0.93 < held / 1500 < 0.975
    assert plain / 1500 < 0.85


def test_the_detectable_fall_is_shown_four_times_out_of_five() -> None:
    """Power of the very test, summed over every outcome: within a few points of what the normal approximation promises."""
    for n, share in ((40, 0.5), (60, 0.3), (50, 0.7)):
        fall, rise = detectable([n, n], [1, -1], share)
        k = np.arange(n + 1)
        refused = np.array([[contrast([a, b], [n, n], [1, -1]).p_value <= 0.05 for b in k] for a in k])
        for after in (share - fall, share + rise):
            power = ss.binom.pmf(k, n, after) @ refused @ ss.binom.pmf(k, n, share)
            assert 0.74 < power < 0.87


def test_detectable_changes_grow_with_less() -> None:
    small, large = detectable([40] * 4, [1, -1, -1, 1], 0.5), detectable([400] * 4, [1, -1, -1, 1], 0.5)
    assert small[0] > large[0]
    assert large[0] == pytest.approx(2.8 * math.sqrt(4 * 0.25 / 400), rel=0.02)  # 2.8 standard errors
    assert math.isnan(detectable([15, 15], [1, -1], 0.05)[0])
    assert detectable([400] * 2, [1, -1], 0.5, design_effect=4)[0] == pytest.approx(
        detectable([100] * 2, [1, -1], 0.5)[0], abs=0.01
    )


def test_a_finite_population_narrows_the_interval_of_a_share() -> None:
    plain, narrow, all_ = (wilson(40, 100, population=n) for n in (math.nan, 150, 100))
    assert np.array(plain) == pytest.approx(np.array(wilson(40, 100)))
    worth = 100 * 149 / 50  # people of an endless population who would tell as much
    assert np.array(narrow) == pytest.approx(np.array(wilson(0.4 * worth, worth)))
    assert (float(all_[0]), float(all_[1])) == (0.4, 0.4)


def test_a_finite_population_covers_by_the_hypergeometric() -> None:
    rng = np.random.default_rng(3)
    low, high = wilson(x := rng.hypergeometric(48, 72, 60, 4000), 60, population=120)
    assert x.size == 4000
    assert 0.93 < ((low <= 0.4) & (high >= 0.4)).mean() < 0.975


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: wilson(3, 0), "above 0"),
        (lambda: wilson(3, math.nan), "above 0"),
        (lambda: wilson(-1, 10), "0 or more"),
        (lambda: wilson(math.nan, 10), "0 or more"),
        (lambda: wilson(11, 10), "more than the people"),
        (lambda: wilson(3, 10, population=9), "smaller than"),
        (lambda: wilson(3, 10, level=1), "level"),
        (lambda: contrast([1, 2], [3, 4], [1, -1, 1]), "one weight a group"),
        (lambda: contrast([1, 2], [3, 4], [0, 0]), "not all 0"),
        (lambda: contrast([1, 2], [3, 4], [1, math.nan]), "weights must be numbers"),
        (lambda: contrast([1, 2], [3, 4], [1, -1], design_effect=0.5), "design_effect"),
        (lambda: contrast([5, 2], [3, 4], [1, -1]), "more than the people"),
        (lambda: detectable([10, 10], [1, -1], 0.0), "share must lie"),
        (lambda: detectable([10, 10], [1, -1], 0.5, power=1), "power must lie"),
        (lambda: detectable([10, 0], [1, -1], 0.5), "above 0"),
        (lambda: detectable([10, 10], [0, -1], 0.5), "not 0"),
        (lambda: detectable([10, 10], [1, -1], 0.5, design_effect=0), "design_effect"),
    ],
)
def test_bad_input_is_one_sentence(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()
