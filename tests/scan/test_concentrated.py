"""Concentrated: chosen on the year before, measured on the last, and held to an even spread or to residents."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from made_force import MadeForce, block, code, event, quiet
from scipy import stats as ss

from forestall import scan
from forestall.places import Places
from forestall.results import Signal


def found(force: MadeForce, places: Places | None = None) -> list[Signal]:
    result = scan.find(force, places or force.places(), replicates=19)  # type: ignore[arg-type]
    return [s for s in result.signals if s.kind == "concentrated"]


def full(rows: tuple[int, ...] = (20,), times: float = 8.0, since: int = 0, areas: int = 96) -> dict[str, Any]:
    counts = quiet(3, areas=areas)
    at = np.ix_(rows, range(since, 36))
    counts["shoplifting"][at] = np.random.default_rng(5).poisson(4 * times, (len(rows), 36 - since))
    return counts


@pytest.mark.parametrize("rows", [(20,), (20, 21)])
def test_a_planted_set_is_found_and_its_share_counted(rows: tuple[int, ...]) -> None:
    force = MadeForce(full(rows))
    [s] = found(force)
    assert s.category == "shoplifting"
    assert set(s.areas) == {code(i) for i in rows}
    assert (s.since, s.until) == ("2022-01", "2022-12")
    last = force.counts[force.categories.index("shoplifting")][:, -12:]
    assert s.observed == last[list(rows)].sum() == force.raw(s)
    assert s.details["share"] == pytest.approx(s.observed / last.sum())
    assert s.details["chance_share"] == pytest.approx(len(rows) / 96)
    assert s.expected == pytest.approx(last.sum() * len(rows) / 96)
    assert s.ratio == pytest.approx(s.observed / s.expected)
    assert s.details["persistence"] == 1
    assert s.details["quarters"] == 12
    exact = ss.binomtest(s.observed, int(last.sum())).proportion_ci(method="exact")
    assert s.interval == pytest.approx((exact.low * 96 / len(rows), exact.high * 96 / len(rows)))
    assert (s.p_value, s.q_value, s.established) == (None, None, False)


def test_there_is_none_in_even_counts() -> None:
    assert not [s for seed in range(5) for s in found(MadeForce(quiet(seed, areas=96, mean=1.0)))]


def test_the_choice_is_made_on_the_year_before() -> None:
    counts = quiet(3, areas=96)
    # Two that were full in the earlier year; one of them has gone since, one has come up only now.
    counts["shoplifting"][[20, 60], :24] += 40
    counts["shoplifting"][[20, 90], 24:] += 40
    assert [s.areas for s in found(MadeForce(counts))] == [(code(20),)]


def test_full_in_the_last_year_but_not_in_the_one_before_is_not_chosen() -> None:
    counts = quiet(3, areas=96)
    counts["shoplifting"][20, :12] += 36
    counts["shoplifting"][20, 12:15] += 12
    assert not found(MadeForce(counts))
    counts["shoplifting"][20, 24:] += 36
    assert not found(MadeForce(counts)), "full in nine quarters of twelve, and the choice is the middle year's"
    counts["shoplifting"][20, 15:24] += 12
    assert [s.areas for s in found(MadeForce(counts))] == [(code(20),)]


def test_a_spell_is_not_persistent() -> None:
    counts = quiet(3, areas=96)
    counts["shoplifting"][20, 21:27] += 150
    assert not found(MadeForce(counts))


def test_residents_are_the_yardstick_where_they_are_known() -> None:
    force = MadeForce(full((20,), times=4.0))
    cube = force.cube()
    bare = force.places().level()
    people = np.full(96, 1000.0)
    assert found(force)
    from dataclasses import replace

    def peopled(n: float) -> Places:
        size = people.copy()
        size[20] = n
        return Places({"lsoa": replace(bare, population={2021: size})}, "v1")

    [s] = found(force, peopled(1000.0))
    assert any("Residents are a poor yardstick" in str(c) for c in s.cautions)
    assert "In proportion to residents" in str(s.why)
    assert not found(force, peopled(4000.0)), "four times the people, four times the records"
    assert len(cube.areas) == 96


def test_two_years_are_needed_and_months_set_aside_are_none_of_them() -> None:
    assert not found(MadeForce(full(), events=[event("2020-06", "passing", until="2021-06")]))
    assert found(MadeForce(full(), events=[event("2020-06", "passing", until="2021-05")]))


def test_a_broken_area_is_no_gathering() -> None:
    assert not found(MadeForce(full(), events=[event("2021-06", "step", areas=(code(20),))]))


def test_the_set_stays_small_and_there_are_three_of_a_category_at_most() -> None:
    counts = full((*block(0), *block(20), 40, 60, 80))
    signals = found(MadeForce(counts))
    assert 1 <= len(signals) <= 3
    assert all(len(s.areas) <= 2 for s in signals), "three in a hundred of 96 areas"
    excess = [s.details["excess"] for s in signals]
    assert excess == sorted(excess, reverse=True)
