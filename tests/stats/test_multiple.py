"""q-values against SciPy's, and against the promise that they make."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as ss

from forestall.stats.multiple import benjamini_hochberg


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_q_values_are_scipy_s(p: list[float]) -> None:
    assert benjamini_hochberg(p) == pytest.approx(ss.false_discovery_control(p, method="bh"), abs=1e-12)


def test_the_false_share_is_held() -> None:
    """Of 200 tests 40 have something in them; of what is listed at q ≤ 0.05, at most one in twenty is false on average."""
    rng = np.random.default_rng(5)
    shares = []
    for _ in range(300):
        z = rng.standard_normal(200)
        z[:40] += 3
        listed = benjamini_hochberg(ss.norm.sf(z)) <= 0.05
        shares.append(listed[40:].sum() / max(listed.sum(), 1))
    assert np.mean(shares) <= 0.05


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan")])
def test_a_p_value_that_cannot_be_is_quoted(bad: float) -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        benjamini_hochberg([0.5, bad])


def test_no_tests_no_answers() -> None:
    assert benjamini_hochberg([]).size == 0
