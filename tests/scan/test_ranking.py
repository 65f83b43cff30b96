"""The order of the list: a few of every theme first, and harm, change and count as questions of their own."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_force import signal

from forestall import catalogue
from forestall.results import Signal
from forestall.scan import ranking

THEMES = tuple(t.slug for t in catalogue.themes())


@st.composite
def lists(draw: st.DrawFn) -> list[Signal]:
    out = []
    for i in range(draw(st.integers(0, 25))):
        kind = draw(st.sampled_from(["rising", "force-wide", "concentrated"]))
        p = None if kind == "concentrated" else draw(st.sampled_from([0.001, 0.02, 0.3, 0.9]))
        out.append(
            signal(
                id=str(i),
                kind=kind,
                theme=draw(st.sampled_from(THEMES)),
                p_value=p,
                q_value=p,
                established=p is not None and p <= 0.05,
                observed=draw(st.integers(0, 99)),
                interval=(draw(st.sampled_from([0.0, 0.5, 1.2, 3.0])), 9.0),
                harm=draw(st.sampled_from([None, 0.0, 1.0, 5000.0])),
            )
        )
    return out


@given(lists(), st.sampled_from(ranking.SORTS))
def test_every_sort_is_a_permutation_and_settled(signals: list[Signal], by: str) -> None:
    ordered = ranking.order(signals, by)
    assert Counter(s.id for s in ordered) == Counter(s.id for s in signals)
    assert ranking.order(ordered, by) == ordered


@given(lists())
def test_three_of_each_theme_open_the_list(signals: list[Signal]) -> None:
    ordered = ranking.order(signals)
    there = Counter(s.theme for s in signals)
    opening = [t for t in THEMES for _ in range(min(ranking.OPENING, there[t]))]
    assert [s.theme for s in ordered[: len(opening)]] == opening
    for theme in THEMES:
        mine = [s for s in ordered if s.theme == theme]
        shown, left = mine[: ranking.OPENING], mine[ranking.OPENING :]
        assert not any(s.established for s in left) or all(s.established for s in shown)
    rest = ordered[len(opening) :]
    assert [s.established for s in rest] == sorted((s.established for s in rest), reverse=True)
    p = [s.p_value for s in rest if not s.established and s.p_value is not None]
    assert p == sorted(p)


def test_a_rise_is_not_hidden_by_places_that_are_always_full() -> None:
    full = [signal(id=f"c{i}", kind="concentrated", p_value=None, q_value=None, established=False) for i in range(5)]
    weak = signal(id="r", p_value=0.4, q_value=0.6, established=False)
    assert [s.id for s in ranking.order([*full, weak])[:3]] == ["c0", "r", "c1"]


@given(lists())
def test_harm_is_largest_first_and_unknown_last(signals: list[Signal]) -> None:
    harm = [-math.inf if s.harm is None else s.harm for s in ranking.order(signals, "harm")]
    assert harm == sorted(harm, reverse=True)


@given(lists())
def test_change_goes_by_the_low_end_and_count_by_the_count(signals: list[Signal]) -> None:
    low = [s.interval[0] for s in ranking.order(signals, "change")]
    assert low == sorted(low, reverse=True)
    count = [s.observed for s in ranking.order(signals, "count")]
    assert count == sorted(count, reverse=True)


def test_no_such_sort() -> None:
    with pytest.raises(ValueError, match="themes, harm, change, count, not 'rank'"):
        ranking.order([], "rank")
