"""Weighted displacement difference: published answers, a slow twin, weights, scatter and bad input."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_differences as slow

from forestall.stats._unfit import Unfit
from forestall.stats.displacement import weighted_displacement
from forestall.stats.window_counts import window_scatter

from .showing import shows_itself

#: Wheeler and Ratcliffe (2018), the example of their paper: treated, control, displacement, its control.
PAPER = ((207, 110), (308, 318), (178, 157), (150, 140))


def rounded(part: Any) -> tuple[int, float]:
    return round(part.estimate), round(part.standard_error, 1)


def test_the_paper_s_example() -> None:
    """Local -107 (30.7), displacement -11 (25.0), total -118 (39.6), Z -2.98, 95 % from -196 to -40."""
    found = weighted_displacement(*PAPER)
    assert [rounded(p) for p in found.parts] == [(-107, 30.7), (-11, 25.0), (-118, 39.6)]
    assert round(found.z, 2) == -2.98
    assert [round(v) for v in found.interval] == [-196, -40]
    assert found.p_value == pytest.approx(0.00288, abs=1e-5)


def test_the_answers_of_ptools_and_crimepy() -> None:
    """The help of ptools: -10, SE 8.3666, z -1.195, 90 % -23.76 to 3.76. crimepy's: -50, SE 24.9, 90 % -91.0 to -9.0."""
    small = weighted_displacement((20, 10), (20, 20), level=0.9)
    assert (small.estimate, round(small.standard_error, 4), round(small.z, 3)) == (-10, 8.3666, -1.195)
    assert [round(v, 2) for v in small.interval] == [-23.76, 3.76]
    ring = weighted_displacement((120, 100), (130, 150), (40, 25), (30, 25), level=0.9)
    assert rounded(ring) == (-50, 24.9)
    assert [round(v, 1) for v in ring.interval] == [-91.0, -9.0]


def test_the_published_answers_with_weights() -> None:
    """Two years before and one after: -20, variance 115. Areas of 1.2, 0.9, 1.5 and 1.6: -99.69444444, SE 35.4280755, Z
    -2.813995483, 95 % -169.1321965 to -30.25669241 (A. P. Wheeler's notes of January and February 2021)."""
    time = weighted_displacement((80, 20), (100, 50), time_weights=(2, 1))
    assert (time.estimate, time.standard_error) == pytest.approx((-20, math.sqrt(115)), rel=1e-12)
    area = weighted_displacement(*PAPER, area_weights=(1.2, 0.9, 1.5, 1.6))
    told = (area.estimate, area.standard_error, area.z, *area.interval)
    assert told == pytest.approx((-99.69444444, 35.4280755, -2.813995483, -169.1321965, -30.25669241), rel=1e-9)
    local = weighted_displacement(*PAPER[:2], area_weights=(1.2, 0.9))
    assert (round(local.estimate, 1), round(local.standard_error, 1)) == (-91.9, 31.5)


def test_the_published_answer_with_harm_weights() -> None:
    """crimepy's notebook: five categories weighing 3, 2, 5, 7 and 10 give -1721, SE 304.1036, z -5.659."""
    control = [(133, 91), (388, 305), (148, 97), (86, 64), (94, 67)]
    treated = [(130, 74), (327, 202), (398, 190), (144, 92), (183, 96)]
    found = weighted_displacement(treated, control, harm_weights=(3, 2, 5, 7, 10))
    assert found.estimate == pytest.approx(-1721)
    assert found.standard_error == pytest.approx(304.1036007678962)
    assert found.z == pytest.approx(-5.659255581500118)
    assert found.interval == pytest.approx((-2317.0321050740235, -1124.9678949259765))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_cell_by_itself(data: st.DataObject) -> None:
    """Any counts and weights, against the twin that adds up cell by cell."""
    categories = data.draw(st.integers(1, 3))
    cell = st.lists(st.integers(1, 200), min_size=2, max_size=2)
    areas: list[Any] = [data.draw(st.lists(cell, min_size=categories, max_size=categories)) for _ in range(4)]
    if data.draw(st.booleans()):
        areas[2] = areas[3] = None
    weight = st.floats(0.1, 10)
    time = data.draw(st.tuples(weight, weight))
    sizes = data.draw(st.tuples(weight, weight, weight, weight))
    harm = data.draw(st.lists(weight, min_size=categories, max_size=categories))
    found = weighted_displacement(*areas, time_weights=time, area_weights=sizes, harm_weights=harm)
    estimate, error = slow.displacement(areas, time, sizes, harm)
    assert found.estimate == pytest.approx(estimate, rel=1e-9, abs=1e-7)
    assert found.plain_standard_error == pytest.approx(error, rel=1e-9)


def test_scatter_widens_and_the_plain_error_is_shown_with_a_warning() -> None:
    plain, wide = weighted_displacement(*PAPER), weighted_displacement(*PAPER, dispersion=4)
    assert wide.standard_error == pytest.approx(2 * plain.standard_error)
    assert wide.plain_standard_error == pytest.approx(plain.standard_error)
    assert wide.p_value > plain.p_value
    assert "the p-value is too small" in plain.explain()
    assert "too small" not in wide.explain()
    history = np.random.default_rng(1).negative_binomial(20, 0.4, (4, 24))
    measured = window_scatter(history, window=6)
    student = weighted_displacement(*PAPER, dispersion=measured)
    assert student.dispersion == measured.estimate
    assert student.degrees == 9
    normal = weighted_displacement(*PAPER, dispersion=measured.estimate)
    assert student.interval[0] < normal.interval[0]


def test_too_few_events_have_no_p_value() -> None:
    few = weighted_displacement((4, 0), (2, 2))
    assert math.isnan(few.p_value)
    assert "too few events" in few.explain()
    # One category that outweighs the others counts for few, however many they are.
    heavy = weighted_displacement([(3, 1), (90, 80)], [(1, 0), (90, 95)], harm_weights=(5000, 1))
    assert math.isnan(heavy.p_value)
    assert not math.isnan(weighted_displacement((90, 80), (90, 95)).p_value)


@pytest.mark.parametrize("dispersion", [None, 3.0])
def test_a_ring_in_which_nothing_was_counted_is_no_certain_nought(dispersion: float | None) -> None:
    found = weighted_displacement((60, 40), (70, 75), (0, 0), (0, 0), dispersion=dispersion)
    ring, bare = found.displaced, weighted_displacement((60, 40), (70, 75), dispersion=dispersion)
    assert ring is not None
    assert (ring.estimate, ring.events) == (0, 0)
    assert all(math.isnan(v) for v in (ring.standard_error, *ring.interval, ring.p_value))
    assert found.table().rows[1][1:] == (0, None, None, None, None)
    assert (found.estimate, found.interval, found.p_value) == (bare.estimate, bare.interval, bare.p_value)
    told = next(c for c in found.checks if c.name == "enough-events")
    assert not told.passed
    assert "rests on 245 events, but one of its parts on only 0, too few" in found.explain()
    shows_itself(found)


@pytest.mark.parametrize(("ring", "enough"), [((4, 5), False), ((5, 5), True)])
def test_a_part_that_rests_on_too_few_events_is_told(ring: tuple[int, int], enough: bool) -> None:
    found = weighted_displacement((60, 40), (70, 75), ring)
    assert found.displaced is not None
    assert math.isnan(found.displaced.p_value) is not enough
    assert not math.isnan(found.p_value)
    assert next(c for c in found.checks if c.name == "enough-events").passed is enough
    assert ("one of its parts on only 9" in found.explain()) is not enough


def test_a_ring_without_a_comparison_is_told() -> None:
    found = weighted_displacement(*PAPER[:3])
    assert found.displaced is not None
    assert found.displaced.estimate == 157 - 178
    assert "The ring has no comparison" in found.explain()


@pytest.mark.parametrize("phi", [1.0, 3.0])
def test_a_5_percent_test_fires_about_5_percent_of_the_time(phi: float) -> None:
    """Counts that scatter by ``phi`` and don't change: with the scatter measured in a history of twelve windows of four
    areas the test holds; the textbook's fires far more often where they scatter."""
    rng = np.random.default_rng(7)
    mean = np.array([60.0, 90.0, 40.0, 70.0])[:, None]
    fired = plain = 0
    for _ in range(600):
        x = rng.poisson(mean, (4, 14)) if phi == 1 else rng.negative_binomial(mean / (phi - 1), 1 / phi, (4, 14))
        measured = window_scatter(x[:, :12], window=1)
        fired += weighted_displacement(*x[:, 12:], dispersion=measured).p_value <= 0.05
        plain += weighted_displacement(*x[:, 12:]).p_value <= 0.05
    assert 0.03 <= fired / 600 <= 0.07
    assert plain / 600 > 0.2 if phi == 3 else plain / 600 < 0.07


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"treated": (-1, 2)}, "treated must be counts of 0 or more"),
        ({"control": (math.nan, 2)}, "control must be counts of 0 or more"),
        ({"treated": (1, 2, 3)}, "treated must be two counts, before and after"),
        ({"treated": [(1, 2)]}, "counts by category need harm_weights"),
        ({"harm_weights": (1, 2)}, r"treated must have shape \(categories, 2\)"),
        ({"treated": [(1, 2)], "control": [(1, 2), (3, 4)], "harm_weights": (1,)}, "give each the same ones"),
        ({"treated": [(1, 2)], "control": [(3, 4)], "harm_weights": (1, 2)}, "harm_weights needs 1 numbers"),
        ({"displacement_control": (1, 2)}, "displacement_control compares with displacement"),
        ({"time_weights": (1, 0)}, "time_weights must be numbers above 0"),
        ({"area_weights": (1, 2, 3)}, "area_weights needs 4 numbers"),
        ({"area_weights": (1, 2), "displacement": (1, 2)}, "area_weights needs 4 numbers"),
        ({"dispersion": 0.5}, "dispersion must be 1 or more"),
        ({"dispersion": math.nan}, "dispersion must be 1 or more"),
        ({"level": 1.0}, "level must lie between 0 and 1"),
    ],
)
def test_bad_input_gets_a_sentence(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        weighted_displacement(**{"treated": (20, 10), "control": (20, 20), **given})


def test_nothing_anywhere_gets_a_sentence() -> None:
    with pytest.raises(Unfit, match="Nothing was counted in any of the areas"):
        weighted_displacement((0, 0), (0, 0), (0, 0))


def test_it_shows_itself() -> None:
    for found in (
        weighted_displacement(*PAPER),
        weighted_displacement(*PAPER[:2], dispersion=2, time_weights=(2, 1)),
        weighted_displacement((4, 0), (2, 2)),
        weighted_displacement([(3, 1)], [(1, 0)], harm_weights=(5,)),
        weighted_displacement((20, 60), (20, 20)),
    ):
        shows_itself(found)
        assert found.counts_table().rows
