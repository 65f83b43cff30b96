"""Force-wide: the whole area rises, in categories that may raise a signal, records without an area included."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from made_force import MadeForce, block, quiet, trebled

from forestall import scan
from forestall.results import Scan


def found(force: MadeForce, **kw: Any) -> Scan:
    return scan.find(force, force.places(), **{"replicates": 19, **kw})  # type: ignore[arg-type]


def risen(times: float = 1.5, last: int = 3, seed: int = 2) -> dict[str, Any]:
    counts = quiet(seed)
    counts["burglary"][:, -last:] = np.random.default_rng(seed).poisson(4 * times, (48, last))
    return counts


def test_a_rise_of_the_whole_is_found_with_its_month() -> None:
    force = MadeForce(risen())
    hits = [s for s in found(force).signals if s.kind == "force-wide" and s.established]
    [s] = hits
    assert (s.category, s.until) == ("burglary", "2022-12")
    assert "2022-09" <= s.since <= "2022-11"
    assert s.observed == force.raw(s)
    assert len(s.areas) == 48
    assert s.interval[0] < s.ratio < s.interval[1]
    assert 1.3 < s.ratio < 1.7
    assert s.p_value <= s.q_value <= 0.05  # type: ignore[operator]


def test_records_without_an_area_are_not_counted_and_are_told_of() -> None:
    unplaced = np.arange(36)
    force = MadeForce(risen(), unplaced={"burglary": unplaced})
    [s] = [s for s in found(force).signals if s.kind == "force-wide" and s.category == "burglary"]
    assert s.details["unplaced"] == unplaced[force.held.index(s.since) :].sum()
    assert s.observed == force.raw(s)
    assert s.series.observed == tuple(force.cube().of("burglary").sum(0).tolist())


def test_a_fall_is_no_signal_and_still_a_family() -> None:
    counts = quiet(2)
    counts["burglary"][:, -6:] = 0
    result = found(MadeForce(counts))
    assert not [s for s in result.signals if s.kind == "force-wide" and s.category == "burglary"]
    assert result.families["force-wide"] == 4


@pytest.mark.parametrize("records", [0, 1, 3, 20])
def test_a_category_that_begins_is_not_tested_and_stops_nothing(records: int) -> None:
    rng = np.random.default_rng(records)
    counts = quiet(2)
    counts["burglary"][:, :-2] = 0
    np.add.at(counts["burglary"], (rng.integers(0, 48, records), rng.integers(0, 30, records)), 1)
    result = found(MadeForce(counts))
    assert "burglary" not in {s.category for s in result.signals if s.kind == "force-wide"}
    assert result.families["force-wide"] == 3


def test_nor_is_one_that_is_silent_for_most_of_the_year() -> None:
    counts = quiet(2)
    counts["burglary"][:, [t for t in range(36) if t % 12 not in (11, 0, 1)]] = 0
    counts["burglary"][:5, -5] = 1
    assert found(MadeForce(counts)).families["force-wide"] == 3


@pytest.mark.parametrize("category", ["drugs", "possession-of-weapons"])
def test_what_the_police_find_by_looking_is_counted_and_never_a_signal(category: str) -> None:
    counts = trebled(1, rows=block(0), last=5)
    counts[category] = counts["burglary"] * 2
    counts[category][12, :] += 90
    result = found(MadeForce(counts), replicates=99)
    assert "burglary" in {s.category for s in result.signals}
    assert category not in {s.category for s in result.signals}
    assert (result.families["rising"], result.families["force-wide"]) == (4, 4)
    origin = next(c for c in result.checks if c.name == "origin")
    assert category.replace("-", " ").capitalize() in str(origin.text)


@pytest.mark.parametrize(("share", "signals"), [(0.0, True), (0.5, True), (0.51, False), (1.0, False)])
def test_so_is_what_most_records_say_they_found_by_looking(share: float, signals: bool) -> None:
    counts = trebled(1, rows=block(0), last=5)
    counts["burglary"][40] += 90
    result = found(MadeForce(counts, police={"burglary": share}), replicates=99)
    kinds = {k for s in result.signals if s.category == "burglary" for k in s.kinds}
    assert (kinds >= {"rising", "concentrated"}) is signals
    assert bool(kinds) is signals
    assert any(c.name == "origin" for c in result.checks) is not signals
