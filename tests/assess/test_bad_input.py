"""What no honest test can stand on: each a sentence, and no p-value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forestall.assess.evaluate import evaluate
from forestall.assess.panel import Panel
from forestall.assess.propose import propose
from forestall.assess.windows import windows
from forestall.errors import ForestallError
from forestall.places import Level, Places
from forestall.results import Asked, Design
from forestall.results.design import Lock

from . import made_panel as made

ROWS = made.block()
PANEL = made.made()


def design(panel: Panel = PANEL, asked: Asked | None = None) -> Design:
    return propose(None, None, asked or made.asked(ROWS), panel=panel)  # type: ignore[arg-type]


def untested(panel: Panel, asked: Asked | None = None) -> str:
    """What a design says that offers no method; its evaluation has no p-value."""
    d = design(panel, asked)
    assert (d.method, d.power) == ("", None)
    e = evaluate(None, None, d, panel=panel)  # type: ignore[arg-type]
    assert e.verdict == "cant-tell"
    assert all(np.isnan(x.p_value) for x in e.effects)
    return d.explain()


def level(codes: tuple[str, ...], vintage: str) -> Level:
    blank = ("",) * len(codes)
    return Level("lsoa", codes, blank, blank, np.zeros(len(codes)), np.zeros(len(codes)), vintage=vintage)


def test_a_code_of_the_other_vintage_is_named_as_such() -> None:
    places = Places({"lsoa": level(PANEL.areas, "2021"), "lsoa-2011": level(("Z001",), "2011")}, "none")
    asked = replace(made.asked(ROWS), treated=("Z001",))
    with pytest.raises(ForestallError, match="an area of 2011, but these records use the areas of 2021"):
        design(replace(PANEL, places=places), asked)


def test_an_outcome_that_is_nowhere() -> None:
    nothing = replace(PANEL, counts=np.zeros_like(PANEL.counts), raw=np.zeros_like(PANEL.raw))
    assert "Nothing was counted in these areas" in untested(nothing)


def test_a_place_above_all_others_and_one_that_is_most_of_the_force() -> None:
    assert "Hardly any other place of this size" in untested(made.changed(PANEL, ROWS, 0, 30))
    with pytest.raises(ForestallError, match="areas are treated: too few are left to compare with"):
        design(asked=made.asked(list(range(len(PANEL.areas) // 3 + 1))))


def test_months_that_are_all_set_aside() -> None:
    usable = np.ones(made.MONTHS, bool)
    usable[:28] = False
    with pytest.raises(ForestallError, match="no usable month before"):
        windows(replace(PANEL, usable=usable), made.asked(ROWS))


def test_a_lock_after_the_start_is_listed() -> None:
    d = design()
    late = replace(d, lock=Lock(hash=d.hash(), on="2023-05-09", by=("A Sergeant",), late=8))
    e = evaluate(None, None, late, panel=PANEL)  # type: ignore[arg-type]
    assert any("8 days after the response began" in m.render() for m in e.deviations)


def test_one_month_before() -> None:
    with pytest.raises(ForestallError, match="one usable month before"):
        design(asked=made.asked(ROWS, before=1))
