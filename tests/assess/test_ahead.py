"""What a design foretells from where a place stands, and when an evaluation keeps its p-value to itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forestall.assess.evaluate import evaluate
from forestall.assess.propose import propose
from forestall.assess.verdict import verdict
from forestall.results import Asked, Effect, Fidelity, Outcome

NONE: Any = None


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent.parent / "benchmarks"))
    import bench_wide

    yield bench_wide
    sys.modules.pop("bench_wide", None)


def asked(panel: Any, rows: Any) -> Asked:
    treated = tuple(panel.areas[i] for i in rows)
    return Asked(treated=treated, outcome=Outcome(("burglary",)), starts="2023-07", months=6, force="made")


ROWS = np.array([105, 106, 125, 126])


def test_a_place_that_rose_lately_is_not_foretold_to_stay_there(wide: Any) -> None:
    panel = wide.made(400, 400)
    start = panel.months.index("2023-07")
    raw = panel.raw.copy()
    raw[np.ix_(ROWS, range(start - 24, start))] = 2
    raw[np.ix_(ROWS, range(start - 3, start))] = 8
    high = replace(panel, raw=raw, counts=raw.astype(float))
    design = propose(NONE, NONE, asked(high, ROWS), panel=high)
    assert design.power is not None
    late = raw[ROWS][:, start - 3 : start].sum() * 2
    assert design.power.expected < 0.8 * late


def test_power_grows_with_the_fall_and_with_the_count(wide: Any) -> None:
    panel = wide.made(400, 400)
    once = propose(NONE, NONE, asked(panel, ROWS), panel=panel).power
    assert once is not None
    assert (np.diff(once.found) >= 0).all()
    assert 0 <= once.found[0] < once.found[-1] <= 1
    longer = propose(NONE, NONE, replace(asked(panel, ROWS), months=12), panel=panel).power
    assert longer is not None
    assert longer.expected > 1.5 * once.expected
    assert longer.chance(0.5) > once.chance(0.5)


def test_where_the_recording_of_treated_areas_broke_there_is_no_p_value(wide: Any) -> None:
    panel = wide.made(400, 400)
    design = propose(NONE, NONE, asked(panel, ROWS), panel=panel)
    whole = evaluate(NONE, NONE, design, panel=panel).effect()
    assert whole is not None
    assert whole.tested
    broken = panel.broken.copy()
    broken[ROWS[0]] = True
    made = evaluate(NONE, NONE, design, panel=replace(panel, broken=broken))
    local = made.effect()
    assert local is not None
    assert not local.tested
    assert made.verdict == "cant-tell"
    assert any(c.name == "recording-after" and not c.passed for c in made.checks)


def test_groups_are_drawn_once_for_a_panel_and_what_is_cut_from_it(wide: Any) -> None:
    panel = wide.made(400, 400)
    propose(NONE, NONE, asked(panel, ROWS), panel=panel)
    assert set(panel.drawn) == {8}
    assert panel.upto("2023-05").drawn[8] is panel.drawn[8]


def effect(part: str, ratio: float, low: float, high: float, p: float) -> Effect:
    nothing = (float("nan"), float("nan"))
    return Effect(
        part=part, areas=4, before=100, after=100 * ratio, expected=100, plain=100, ratio=ratio, interval=(low, high),
        p_value=p, prevented=0, prevented_interval=nothing,
    )  # fmt: skip


def test_what_moved_has_not_worked_unless_both_together_fell(wide: Any) -> None:
    panel = wide.made(400, 400)
    design = propose(NONE, NONE, asked(panel, ROWS), panel=panel)
    local, ring = effect("local", 0.4, 0.2, 0.7, 0.01), effect("ring", 1.9, 1.3, 2.6, 0.01)
    even, fell = effect("total", 0.97, 0.8, 1.2, 0.8), effect("total", 0.7, 0.5, 0.9, 0.01)
    assert verdict(design, local, ring, even, Fidelity())[0] == "no-evidence"
    assert verdict(design, local, ring, fell, Fidelity())[0] == "worked"
    assert verdict(design, local, effect("ring", 1.1, 0.8, 1.4, 0.5), even, Fidelity())[0] == "worked"
