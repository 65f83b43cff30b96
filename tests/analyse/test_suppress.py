"""Small numbers are hidden, and none can be worked out from a total."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forestall import analyse
from forestall.analyse.suppress import SMALL, hidden, rounded, shown, shown_by_group
from forestall.errors import ForestallError
from forestall.places import Places
from forestall.records.records import Records
from forestall.results import Profile

COUNTS = st.lists(st.integers(0, 30), min_size=1, max_size=12)


@given(COUNTS)
def test_no_small_count_is_shown_or_follows(counts: list[int]) -> None:
    told = shown(counts)
    assert not any(n is not None and 1 <= n <= SMALL for n in told)
    secret = [n for n, t in zip(counts, told, strict=True) if t is None]
    if secret:
        assert sum(secret) > SMALL or all(t is None for t in told)
        assert len(secret) >= 2 or len(counts) == 1


@given(COUNTS)
def test_nothing_is_hidden_without_need(counts: list[int]) -> None:
    if not any(1 <= n <= SMALL for n in counts):
        assert not any(hidden(counts))


def test_by_hand() -> None:
    assert shown([20, 3, 9, 0]) == (20, None, None, 0)
    assert shown([20, 3, 4, 9]) == (20, None, None, 9)
    assert shown([20, 1, 1, 9]) == (20, None, None, None)
    assert shown([20, 9], largest=[19, 2]) == (None, None)
    assert rounded(0.31) == 0.3
    with pytest.raises(ValueError, match="0 or more"):
        hidden([-1])


def test_the_public_form_holds_nothing_private(profile_of: Callable[..., Profile]) -> None:
    found = profile_of("night-time-economy", public=True)
    text = json.dumps(found.to_json())
    for private in ("domestic", "suspect_id", "location_id", "public-house", "repeat_victim", "alcohol"):
        assert private not in text, private
    assert not found.indicators
    assert found.cost is not None
    assert found.cost.low < found.cost.high  # an exact sum would tell how many of each kind
    assert {e.name for p in found.parts for e in p.exhibits}.isdisjoint(
        {"locations", "victims", "suspects", "method", "flags"}
    )
    for part in found.parts:
        for exhibit in part.exhibits:
            at = [i for i, c in enumerate(exhibit.table.columns) if c.name in ("records", "recorded", "here")]
            for row in exhibit.table.rows:
                assert not any(isinstance(row[i], int) and 1 <= row[i] <= SMALL for i in at), exhibit.name


def test_a_public_form_of_too_few_is_refused(records: Records, places: Places) -> None:
    rows = records.rows(category="robbery", since="2025-10").group_by("lsoa").aggregate([("line", "count")]).to_pylist()
    area = next(r["lsoa"] for r in rows if r["lsoa"] and 1 <= r["line_count"] <= SMALL)
    asked = {"areas": [area], "category": "robbery", "since": "2025-10"}
    with pytest.raises(ForestallError, match="fewer than 5"):
        analyse.profile(records, places, public=True, **asked)
    assert analyse.profile(records, places, **asked).what.headline.params["n"] <= SMALL


def test_months_of_the_window_cannot_be_worked_out_from_its_total(records: Records, places: Places) -> None:
    """The total of the window is told: hidden months in it are two or more, and add up to more than a small number."""
    for category in ("bicycle-theft", "robbery", "vehicle-crime", "burglary"):
        for since in ("2025-11", "2025-06", "2024-03"):
            asked = {"areas": places.level("lad").codes[:1], "category": category, "since": since}
            try:
                found = analyse.profile(records, places, public=True, **asked)
            except ForestallError as error:
                assert "fewer than 5" in str(error)  # noqa: PT017 - either is right, by what was drawn
                continue
            table = found.exhibit("trend").table
            names = [c.name for c in table.columns]
            told, inside = names.index("recorded"), names.index("in_window")
            total = found.what.headline.params["n"]
            window = [r[told] for r in table.rows if r[inside]]
            hidden_sum = total - sum(n for n in window if n is not None)
            if None in window:
                assert hidden_sum > SMALL or all(n in (None, 0) for n in window)
                assert window.count(None) >= 2
            else:
                assert hidden_sum == 0


def test_by_group() -> None:
    assert shown_by_group([3, 20, 8, 9], ["a", "b", "b", "a"]) == (None, 20, 8, None)
