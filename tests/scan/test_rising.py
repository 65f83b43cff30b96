"""Rising: what is planted is found with its category and areas, what is not is not, and p and q mean what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_force import MadeForce, block, code, quiet, trebled
from scipy import stats as ss

from forestall import scan
from forestall.places import Places
from forestall.results import Scan
from forestall.scan.rising import q_values, scan_category, season_check

P = st.floats(0.0001, 1.0)


def found(force: MadeForce, **kw: Any) -> Scan:
    return scan.find(force, force.places(), **{"replicates": 99, "seed": 3, **kw})  # type: ignore[arg-type]


# -- q ---------------------------------------------------------------------------------------------------------------------


@given(st.dictionaries(st.sampled_from("abcdefgh"), P, min_size=1))
def test_q_of_the_strongest_is_benjamini_and_hochberg_s(first: dict[str, float]) -> None:
    q = q_values(first, list(first.items()))
    assert q == pytest.approx(list(ss.false_discovery_control(list(first.values()))))


@given(st.dictionaries(st.sampled_from("abcdefgh"), P, min_size=1), st.data())
def test_q_is_monotone_and_never_below_p_or_the_first(first: dict[str, float], data: st.DataObject) -> None:
    family = data.draw(st.sampled_from(sorted(first)))
    further = sorted(data.draw(st.lists(P, min_size=1, max_size=4)))
    q = q_values(first, [(family, first[family]), *((family, p) for p in further)])
    assert all(v >= p - 1e-12 for v, p in zip(q, [first[family], *further], strict=True))
    assert all(v >= q[0] - 1e-12 for v in q[1:]), "a further cluster is never better than the first"
    assert q[1:] == pytest.approx(sorted(q[1:]))
    assert max(q) <= 1


def test_q_by_hand() -> None:
    first = {"a": 0.01, "b": 0.04, "c": 0.05, "d": 0.9}
    clusters = [("a", 0.01), ("a", 0.03), ("b", 0.04), ("c", 0.05), ("c", 0.5), ("d", 0.9), ("d", 0.001)]
    # 0.03 and 0.04 step up to 4 x 0.05 / 3; 0.001 is no better than its family's first.
    stepped = 4 * 0.05 / 3
    assert q_values(first, clusters) == pytest.approx([0.04, stepped, stepped, stepped, 4 * 0.5 / 3, 0.9, 0.9])


# -- season ----------------------------------------------------------------------------------------------------------------


def test_a_peak_of_every_summer_is_season_and_a_new_one_is_not() -> None:
    months = np.arange(36)
    whole = np.full(36, 400)
    window, used = np.array([34, 35]), months
    summer = np.where(months % 12 >= 10, 60, 20)
    new = np.where(months >= 34, 60, 20)
    assert season_check(summer, whole, window, used, 1.0) > 0.3  # type: ignore[operator]
    assert season_check(new, whole, window, used, 1.0) < 1e-6  # type: ignore[operator]
    assert season_check(new, whole, window, used, 20.0) > 1e-6, "overdispersed counts say less"  # type: ignore[operator]
    assert season_check(np.where(months >= 34, 0, 20), whole, window, used, 1.0) == 1.0


def test_season_is_the_exact_binomial_tail_over_all_earlier_years() -> None:
    rng = np.random.default_rng(2)
    zone, whole = rng.poisson(5, 40), rng.poisson(200, 40)
    window = np.array([38, 39])
    before = [26, 27, 14, 15, 2, 3]
    c, b = zone[window].sum(), zone[before].sum()
    share = whole[window].sum() / (whole[window].sum() + whole[before].sum())
    assert season_check(zone, whole, window, np.arange(40), 1.0) == pytest.approx(ss.binom.sf(c - 1, c + b, share))


def test_season_is_not_known_without_an_earlier_year() -> None:
    zone, whole = np.ones(20, int), np.full(20, 9)
    assert season_check(zone, whole, np.array([10, 11]), np.arange(20), 1.0) is None
    used = np.array([t for t in range(20) if t != 7])
    assert season_check(zone, whole, np.array([18, 19]), used, 1.0) is None, "the year before was set aside"
    assert season_check(zone, whole, np.array([18]), used, 1.0) is not None


def test_its_own_season_is_no_established_rise_and_says_so() -> None:
    counts = quiet(5, months=48)
    rows, summer = block(18), [t for t in range(48) if t % 12 >= 10]
    counts["burglary"][np.ix_(rows, summer)] += np.random.default_rng(8).poisson(8, (4, len(summer)))
    force = MadeForce(counts)
    hits = [s for s in found(force, lookback=48).signals if s.kind == "rising" and s.category == "burglary"]
    mine = [s for s in hits if set(s.areas) & {code(i) for i in rows}]
    assert mine
    assert not any(s.established for s in mine)
    assert any("own season" in str(c) for s in mine for c in s.cautions)


# -- planted and not -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("category", "corner"), [("burglary", 0), ("shoplifting", 27), ("vehicle-crime", 38)])
def test_what_is_trebled_is_found_with_its_category_areas_and_months(category: str, corner: int) -> None:
    force = MadeForce(trebled(corner + 1, category=category, rows=block(corner)))
    signals = [s for s in found(force).signals if s.kind == "rising"]
    established = [s for s in signals if s.established]
    planted = {code(i) for i in block(corner)}
    best = established[0]
    assert best.category == category
    assert len(planted & set(best.areas)) >= 3
    assert len(set(best.areas) - planted) <= 2
    assert "2022-09" <= best.since <= "2022-11"
    assert best.until == "2022-12"
    assert 2 < best.ratio < 4
    assert best.interval[0] > 1.5
    assert best.p_value <= best.q_value <= 0.05  # type: ignore[operator]


def test_nothing_planted_nothing_established() -> None:
    false = {"rising": 0, "force-wide": 0}
    for seed in range(24):
        established = {s.kind for s in found(MadeForce(quiet(100 + seed)), seed=seed).signals if s.established}
        for kind in established:
            false[kind] += 1
    assert max(false.values()) <= 4, "one or two of 24 are due; five come once in a hundred and sixty"


def test_a_rise_everywhere_is_no_place_s() -> None:
    counts = quiet(4)
    counts["burglary"][:, -3:] = np.random.default_rng(1).poisson(12.0, (48, 3))
    signals = found(MadeForce(counts)).signals
    assert not [s for s in signals if s.kind == "rising" and s.category == "burglary" and s.established]
    wide = [s for s in signals if s.kind == "force-wide" and s.established]
    assert [s.category for s in wide] == ["burglary"]


def test_two_rises_are_two_signals_that_share_no_area() -> None:
    counts = trebled(6, rows=block(0))
    counts["burglary"][np.ix_(block(36), (33, 34, 35))] += 8
    hits = [s for s in found(MadeForce(counts)).signals if s.kind == "rising" and s.category == "burglary"]
    areas = [set(s.areas) for s in hits]
    assert sum(s.established for s in hits) == 2
    assert sum(map(len, areas)) == len(set().union(*areas))
    assert len({code(i) for i in block(0)} & areas[0]) + len({code(i) for i in block(36)} & areas[0]) >= 3


def test_windows_are_as_long_as_they_are_asked_to_be() -> None:
    force = MadeForce(trebled(7, rows=block(9), last=5))
    for windows in ((1, 2), (4, 6), (5, 5)):
        signals = [s for s in found(force, windows=windows).signals if s.kind == "rising"]
        lengths = {36 - force.held.index(s.since) for s in signals}
        assert lengths <= set(range(windows[0], windows[1] + 1))
        assert signals[0].established


# -- what cannot be tested -------------------------------------------------------------------------------------------------


def test_too_little_history_is_said() -> None:
    force = MadeForce(quiet(2, months=12))
    result = found(force)
    assert not [s for s in result.signals if s.kind in ("rising", "force-wide")]
    history = next(c for c in result.checks if c.name == "history")
    assert not history.passed
    for name in ("Burglary", "Vehicle crime", "Shoplifting", "Public order"):
        assert name in str(history.text)
    assert result.families == {"rising": 0, "force-wide": 0}


def test_a_year_and_a_month_is_enough_for_a_window_of_one() -> None:
    force = MadeForce(quiet(2, months=13))
    result = found(force)
    assert next(c for c in result.checks if c.name == "history").passed
    assert {s.since for s in result.signals if s.kind == "rising"} <= {"2021-01"}
    assert result.families["rising"] == 4


def test_counts_of_nothing_are_not_tested() -> None:
    near = np.arange(4)[None, :].repeat(4, 0)
    nothing = np.zeros((4, 36), int)
    every, none = np.ones(36, bool), np.zeros(4, bool)
    kw: Any = {"windows": (1, 6), "replicates": 19, "seed": 1}
    assert scan_category(nothing, near, every, none, **kw) is None
    some = nothing + 1
    assert scan_category(some, near, every, ~none, **kw) is None, "all areas are broken"
    assert scan_category(some, near, np.arange(36) < 35, none, **kw) is None, "the last month is set aside"
    assert scan_category(some, near, every, none, **kw) is not None


def test_areas_without_a_place_stand_alone() -> None:
    force = MadeForce(trebled(9, rows=(20,), mean=9.0))
    cube = force.cube()
    east = cube.easting.copy()
    east[20] = np.nan
    result = scan.find(force, Places.from_points(cube.areas, east, cube.northing), replicates=99)  # type: ignore[arg-type]
    best = next(s for s in result.signals if s.kind == "rising" and s.established)
    assert best.areas == (code(20),)
    assert not [s for s in result.signals if s.kind == "rising" and code(20) in s.areas and len(s.areas) > 1]
