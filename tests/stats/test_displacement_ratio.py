"""Displacement quotient: the published example, what each band says, and where there is none."""

from __future__ import annotations

import math

import pytest

from forestall.stats._unfit import Unfit
from forestall.stats.displacement_ratio import displacement_quotient

from .showing import shows_itself


def test_the_published_example() -> None:
    """0.26 on the counts of Wheeler and Ratcliffe (2018)."""
    found = displacement_quotient((207, 110), (308, 318), (178, 157))
    assert round(found.estimate, 2) == 0.26
    assert found.estimate == pytest.approx((157 / 318 - 178 / 308) / (110 / 318 - 207 / 308))
    assert math.isnan(found.standard_error)
    assert math.isnan(found.p_value)
    assert "no standard error" in found.explain()


@pytest.mark.parametrize(
    ("ring", "said"),
    [
        ((100, 20), "by more than the treated area did"),
        ((100, 80), "by less than the treated area did"),
        ((100, 100), "neither better nor worse"),
        ((100, 120), "some of the gain was lost"),
        ((100, 150), "lost as much as the treated area won"),
        ((100, 190), "lost as much as the treated area won"),
    ],
)
def test_each_band_says_what_it_means(ring: tuple[int, int], said: str) -> None:
    found = displacement_quotient((100, 50), (100, 100), ring)
    assert found.estimate == pytest.approx((ring[1] - 100) / -50)
    assert said in found.explain()
    shows_itself(found)


@pytest.mark.parametrize("treated", [(100, 100), (100, 130)])
def test_without_a_gain_there_is_no_quotient(treated: tuple[int, int]) -> None:
    found = displacement_quotient(treated, (100, 100), (100, 80))
    assert math.isnan(found.estimate)
    assert not found.checks[0].passed
    assert "no gain that could have moved" in found.explain()
    shows_itself(found)


def test_bad_input_gets_a_sentence() -> None:
    with pytest.raises(Unfit, match="no events before, or none after"):
        displacement_quotient((10, 5), (10, 0), (10, 5))
    with pytest.raises(ValueError, match="displacement must be counts of 0 or more"):
        displacement_quotient((10, 5), (10, 10), (10, -5))
    with pytest.raises(ValueError, match="treated must be two counts"):
        displacement_quotient((10, 5, 2), (10, 10), (10, 5))
