"""The same problem found by several kinds is one signal with several reasons."""

from __future__ import annotations

import json
from typing import Any

import pytest
from made_force import signal

from forestall.results import Signal
from forestall.scan import ranking
from forestall.scan.merging import merge

RISE = signal(id="a")
HELD: dict[str, Any] = {"kind": "concentrated", "p_value": None, "q_value": None, "established": False}


def kinds(signals: list[Signal]) -> list[tuple[str, ...]]:
    return [s.kinds for s in signals]


def test_half_of_the_areas_and_windows_that_touch_make_one() -> None:
    held = signal(**HELD, since="2021-07", areas=("c", "d"))
    assert kinds(merge([RISE, held])) == [("rising", "concentrated")]
    [one] = merge([held, RISE])
    assert (one.kind, one.reasons[0].kind, one.reasons[0].areas) == ("rising", "concentrated", ("c", "d"))
    assert one.areas == RISE.areas


@pytest.mark.parametrize(
    "other",
    [
        {"areas": ("x", "y")},
        {"category": "robbery"},
        {"since": "2021-01", "until": "2021-06"},
        {"areas": ("a", "x", "y", "z", "w")},
    ],
)
def test_other_problems_stay_apart(other: dict[str, Any]) -> None:
    assert len(merge([RISE, signal(**{**HELD, **other})])) == 2


@pytest.mark.parametrize("kind", ["falling", "force-wide", "repeat-victim", "repeat-suspect", "frequent-caller", "rising"])
def test_some_are_never_merged(kind: str) -> None:
    assert len(merge([RISE, signal(kind=kind)])) == 2


def test_what_could_be_chance_never_heads_what_is_established_or_lasts() -> None:
    chance = signal(established=False, q_value=0.5)
    assert kinds(merge([chance, signal(**HELD)])) == [("concentrated", "rising")]
    assert kinds(merge([chance, signal(kind="outlier")])) == [("outlier", "rising")]
    assert kinds(merge([signal(kind="outlier"), signal(**HELD)])) == [("concentrated", "outlier")]


def test_reasons_are_in_every_form_and_read_back() -> None:
    [one] = merge([RISE, signal(**HELD)])
    assert Signal.from_json(json.loads(json.dumps(one.to_json()))) == one
    told = one.to_json("en")["reasons"]
    assert [(r["kind"], r["why"]) for r in told] == [("concentrated", "because")]


def test_what_fell_stands_after_the_established_changes() -> None:
    many = [signal(id=str(i), theme="theft", category="shoplifting") for i in range(4)]
    chance = [signal(id=f"c{i}", established=False, q_value=0.6, theme="theft") for i in range(3)]
    fell = signal(id="f", kind="falling")
    listed = [s.id for s in ranking.order([fell, *many, *chance])]
    assert listed.index("f") == 4
    for by in ("harm", "change", "count"):
        assert ranking.order([fell, *many], by)[-1].id == "f"
