"""Originators, near repeats and chains: the slow twin, same times, and what is refused."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_knox

from forestall.report.charts import chart_svg
from forestall.results import read
from forestall.stats.knox import near_repeat
from forestall.stats.repeat_chains import RepeatChains, near_repeat_chains

PLACE = st.integers(0, 8) | st.floats(0, 8)
ROWS = st.lists(st.tuples(PLACE, PLACE, st.integers(0, 9) | st.floats(0, 9)), min_size=2, max_size=40)


@given(ROWS, st.sampled_from([(0, 2), (1, 3), (0, 0.5)]), st.sampled_from([(0, 2), (1, 4), (0, 0.5)]), st.booleans())
@settings(max_examples=150, deadline=None)
def test_pairs_and_chains_are_those_of_all_pairs(
    rows: list[tuple[float, float, float]], space: tuple[float, float], time: tuple[float, float], same: bool
) -> None:
    x, y, t = zip(*rows, strict=True)
    found = near_repeat_chains(x, y, t, space_band=space, time_band=time, same_location=same)
    ordered, tied, chains = slow_knox.chains(x, y, t, space, time, same)
    assert {tuple(p) for p in found.pairs.tolist()} == ordered
    assert {tuple(p) for p in found.tied.tolist()} == tied
    assert len(found.pairs) + len(found.tied) == len(ordered) + len(tied)
    assert {tuple(sorted(c.tolist())) for c in found.chains} == chains
    for chain in found.chains:
        assert (np.diff(np.asarray(t)[chain]) >= 0).all()


def example() -> RepeatChains:
    x = [0, 50, 90, 1000, 1000, 5000, 90]
    t = [0, 3, 5, 10, 10, 40, 5.0]
    return near_repeat_chains(x, [0] * 7, t, space_band=(0, 100), time_band=(0, 7))


def test_roles_of_a_chain_and_of_events_of_one_day() -> None:
    found = example()
    assert found.pairs.tolist() == [[0, 1], [0, 2], [0, 6], [1, 2], [1, 6]]
    assert found.tied.tolist() == [[2, 6], [3, 4]]
    assert np.flatnonzero(found.originator).tolist() == [0, 1]
    assert np.flatnonzero(found.near_repeat).tolist() == [1, 2, 6]
    assert np.flatnonzero(found.both).tolist() == [1]
    assert np.flatnonzero(found.only_tied).tolist() == [3, 4]
    assert [c.tolist() for c in found.chains] == [[0, 1, 2, 6], [3, 4]]
    assert [str(row[3]) for row in found.table().rows][-2:] == ["at the same time as another"] * 2
    assert not found.checks[0].passed


def test_the_same_day_can_be_left_out() -> None:
    t = np.array(["2024-01-01T01:00", "2024-01-01T23:00", "2024-01-02T09:00"], "datetime64[m]")
    found = near_repeat_chains([0, 0, 0], [0, 0, 0], t, space_band=(0, 9), time_band=(0, 7), same_day="apart")
    assert found.pairs.tolist() == [[0, 2], [1, 2]]
    assert found.tied.tolist() == []
    together = near_repeat_chains([0, 0, 0], [0, 0, 0], t, space_band=(0, 9), time_band=(0, 7))
    assert together.pairs.tolist() == [[0, 1], [0, 2], [1, 2]]


def test_as_many_pairs_as_the_test_counts() -> None:
    rng = np.random.default_rng(0)
    x, y = np.round(rng.normal(0, 500, (2, 2000)), -1)
    t = rng.integers(0, 300, 2000)
    for metric in ("euclidean", "manhattan"):
        counted = near_repeat(x, y, t, space_bands=[0, 100, 200], time_bands=[0, 7, 14], metric=metric)
        found = near_repeat_chains(x, y, t, space_band=(100, 200), time_band=(7, 14), metric=metric, same_location=False)
        assert len(found.pairs) == counted.observed[2, 1]
        found = near_repeat_chains(x, y, t, space_band=(0, 200), time_band=(0, 14), metric=metric)
        assert len(found.pairs) + len(found.tied) == counted.observed[:3, :2].sum()
        assert len(found.tied) == counted.tied.sum()


def test_it_comes_back_from_json_and_shows_itself() -> None:
    before = example()
    text = json.dumps(before.to_json(), allow_nan=False)
    after = read(json.loads(text))
    assert isinstance(after, RepeatChains)
    assert json.dumps(after.to_json()) == text
    assert [c.tolist() for c in after.chains] == [c.tolist() for c in before.chains]
    assert chart_svg(before.chart(), "en", "Chains")
    assert "chains 2, the longest of 4 events" in before.explain()
    nothing = near_repeat_chains([0, 900], [0, 0], [0, 0], space_band=(0, 9), time_band=(0, 7))
    assert nothing.chains == ()
    assert "No two of the 2 events" in nothing.explain()
    assert chart_svg(nothing.chart(), "en", "Chains")
    assert read(json.loads(json.dumps(nothing.to_json()))).explain() == nothing.explain()


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"space_band": (5, 5)}, "from 5 to 5"),
        ({"space_band": (0, math.inf)}, "finite"),
        ({"time_band": (-1, 5)}, "from -1 to 5"),
        ({"time_band": (0, 1, 2)}, "two numbers"),
        ({"x": [0, math.nan, 1]}, "event 1 has nan"),
        ({"precision": "month"}, "month only"),
        ({"precision": "week"}, "week"),
        ({"same_day": "never"}, "never"),
        ({"metric": "miles"}, "miles"),
        ({"most_pairs": 1}, "3 pairs lie within"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(bad: dict[str, Any], words: str) -> None:
    good: dict[str, Any] = {"x": [0, 1, 2], "y": [0, 0, 0], "t": [0, 1, 2], "space_band": (0, 5), "time_band": (0, 5)}
    with pytest.raises(ValueError, match=words):
        near_repeat_chains(**{**good, **bad})
