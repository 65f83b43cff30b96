"""Outliers: an area far above areas of its kind, for as many residents; never Wales against England."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_force import MadeForce, code, quiet

from forestall import scan
from forestall.places import Places
from forestall.records.ground import lay
from forestall.results import Signal
from forestall.scan.outlier import compare, kinds
from forestall.stats.multiple import benjamini_hochberg


def peopled(force: MadeForce, people: Any) -> Places:
    level = force.places().level()
    return Places({"lsoa": replace(level, population={2022: np.asarray(people, float)})}, "v1")


def outliers(force: MadeForce, places: Places | None = None) -> list[Signal]:
    n = force.counts.shape[1]
    places = places or peopled(force, np.full(n, 1500.0))
    result = scan.find(force, places, replicates=19, kinds=["outlier"])  # type: ignore[arg-type]
    return list(result.signals)


def test_what_stands_out_is_found_and_measured_over_a_year() -> None:
    counts = quiet(3, areas=96)
    counts["burglary"][20] += np.random.default_rng(1).poisson(12, 36)
    force = MadeForce(counts)
    [s] = [s for s in outliers(force) if s.established]
    assert (s.category, s.areas, s.since, s.until) == ("burglary", (code(20),), "2022-01", "2022-12")
    assert s.observed == force.raw(s)
    assert s.expected == pytest.approx(48, rel=0.1)
    assert s.interval[0] < s.ratio < s.interval[1]
    assert "residents" in str(s.why)
    assert any("of one nation" in str(c) or "poor yardstick" in str(c) for c in s.cautions)


def test_as_many_more_people_is_no_outlier_and_no_people_no_comparison() -> None:
    counts = quiet(3, areas=96)
    counts["burglary"][20] = np.random.default_rng(1).poisson(16, 36)
    force = MadeForce(counts)
    people = np.full(96, 1500.0)
    people[20] = 6000
    assert not [s for s in outliers(force, peopled(force, people)) if s.established and s.category == "burglary"]
    assert outliers(force, force.places()) == []


def test_two_nations_are_never_compared() -> None:
    counts = quiet(3, areas=96)
    force = MadeForce(counts)
    ground = lay(force, peopled(force, np.full(96, 1500.0)), force=None, until=None, lookback=36, neighbours=25)  # type: ignore[arg-type]
    codes = tuple(("E01" if i < 48 else "W01") + a[3:] for i, a in enumerate(ground.cube.areas))
    mixed = replace(ground, cube=replace(ground.cube, areas=codes))
    kind = kinds(mixed, np.full(96, 1500.0))
    assert not set(kind[:48].tolist()) & set(kind[48:].tolist())


@pytest.mark.parametrize(("mean", "spread"), [(10.0, 0.05), (20.0, 0.5), (60.0, 0.8)])
def test_areas_that_differ_and_no_more_are_seldom_outliers(mean: float, spread: float) -> None:
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(60):
        people = rng.uniform(1000, 3000, 90)
        tail, _, _ = compare(rng.poisson(mean * people / 2000 * np.exp(spread * rng.standard_normal(90))), people)
        hits += bool((benjamini_hochberg(tail[np.isfinite(tail)]) <= 0.05).any())
    assert hits <= 9, "three of 60 are due; ten come once in two thousand"


def test_few_records_are_not_compared() -> None:
    tail, _, _ = compare(np.ones(90, np.int64), np.full(90, 1500.0))
    assert np.isnan(tail).all()
