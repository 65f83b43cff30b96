"""Recording events in plain counts: planted ones are found, problems and seasons are not taken for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from forestall.records import events

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
AREAS, MONTHS = 368, 34
#: Records a month of the categories of a force of middling size.
SIZES = (1200, 25, 160, 75, 110, 115, 300, 25, 750, 23, 190, 20, 195, 1800)


def means(
    rng: np.random.Generator,
    size: float,
    *,
    areas: int = AREAS,
    months: int = MONTHS,
    season: float = 0.3,
    noise: float = 0.05,
    drift: float = 0.03,
) -> Floats:
    """What a category with nothing in it leads to expect: areas of unequal size, a season, a trend, months that differ by
    ``noise``, and levels of areas that drift by themselves."""
    share = rng.dirichlet(np.full(areas, 1.0))
    t = np.arange(months)
    level = 1 + season * np.cos(2 * np.pi * (t - rng.uniform(0, 12)) / 12)
    level = level * np.exp(rng.normal(0, 0.01) * t + rng.normal(0, noise, months))
    return np.asarray(size * share[:, None] * level * np.exp(np.cumsum(rng.normal(0, drift, (areas, months)), axis=1)))


def draw(rng: np.random.Generator, mean: Floats) -> Ints:
    """Negative-binomial counts whose variance is one to two times the mean."""
    extra = max(rng.uniform(0, 1), 1e-6)
    return rng.poisson(rng.gamma(np.maximum(mean / extra, 1e-12), extra)).astype(np.int64)


def null(rng: np.random.Generator, size: float, **how: Any) -> Ints:
    """Counts of a category with nothing in it."""
    return draw(rng, means(rng, size, **how))


def planted(rng: np.random.Generator, size: float, factor: float, where: slice, since: int, until: int, **how: Any) -> Ints:
    """Counts with ``factor`` times as many in the areas ``where`` from ``since`` to ``until``, inclusive."""
    mean = means(rng, size, **how)
    mean[where, since : until + 1] *= factor
    return draw(rng, mean)


# Spells


def test_a_lockdown_is_one_spell_from_its_jump_to_its_last_high_month() -> None:
    rng = np.random.default_rng(1)
    mean = means(rng, 760, season=0.05, noise=0.02)
    mean[:, 12:18] *= (1.7, 6.7, 5.2, 2.8, 2.3, 1.9)
    (spell,) = events.spells(draw(rng, mean))
    assert (spell.shape, spell.direction, spell.start, spell.end, spell.open) == ("passing", 1, 13, 17, False)
    assert spell.run_up == 12
    assert spell.level == pytest.approx(np.median(mean[:, :12].sum(axis=0)), rel=0.1)
    assert spell.areas_moved > 0.8 * spell.areas


@pytest.mark.parametrize("last", [3, 4, 6, 9])
def test_three_months_before_the_jump_suffice_and_an_unfinished_spell_is_open(last: int) -> None:
    rng = np.random.default_rng(2)
    counts = planted(rng, 760, 5.0, slice(None), 3, 9, season=0.1)[:, : last + 1]
    (spell,) = events.spells(counts)
    assert (spell.start, spell.end, spell.open) == (3, last, True)


def test_nothing_after_the_last_month_is_looked_at() -> None:
    rng = np.random.default_rng(3)
    counts = planted(rng, 760, 4.0, slice(None), 20, 25)
    assert events.spells(counts[:, :20]) == ()
    assert [s.start for s in events.spells(counts[:, :21])] == [20]


def test_a_lasting_jump_becomes_a_step_once_a_year_shows_it() -> None:
    rng = np.random.default_rng(4)
    counts = planted(rng, 760, 3.0, slice(None), 15, 33, season=0.05, noise=0.03)
    (young,) = events.spells(counts[:, :22])
    assert (young.shape, young.start, young.open) == ("passing", 15, True)
    (old,) = events.spells(counts)
    assert (old.shape, old.start, old.end) == ("step", 15, None)


def test_an_incomplete_month_is_a_passing_fall() -> None:
    rng = np.random.default_rng(5)
    counts = planted(rng, 760, 0.1, slice(None), 21, 21)
    (spell,) = events.spells(counts)
    assert (spell.shape, spell.direction, spell.start, spell.end) == ("passing", -1, 21, 21)


def test_a_gap_is_no_event() -> None:
    rng = np.random.default_rng(6)
    counts = null(rng, 760)
    counts[:, 20] = 0
    assert events.spells(counts, counts.sum(axis=0) == 0) == ()


@pytest.mark.parametrize(
    ("factor", "where"),
    [(3.0, slice(100, 104)), (30.0, slice(7, 8)), (5.0, slice(100, 192)), (4.0, slice(0, 184))],
    ids=["four areas tripled", "one area times 30", "a quarter of the force", "half of the force"],
)
def test_problems_of_some_areas_are_no_recording_events(factor: float, where: slice) -> None:
    rng = np.random.default_rng(7)
    for size in (1200, 190, 60):
        assert events.spells(planted(rng, size, factor, where, 20, 25)) == ()


def test_a_rise_of_a_third_everywhere_and_a_slow_doubling_are_left_to_the_scan() -> None:
    rng = np.random.default_rng(8)
    for size in (1200, 190):
        assert events.spells(planted(rng, size, 1.3, slice(None), 20, 33)) == ()
        slow = means(rng, size)
        slow[:, 16:] *= 1 + np.arange(1, 19) / 12
        assert events.spells(draw(rng, slow)) == ()


def test_a_strong_season_is_no_event_even_in_its_first_year() -> None:
    rng = np.random.default_rng(9)
    for _ in range(20):
        assert events.spells(null(rng, 300, season=0.6)) == ()


def test_a_handful_of_records_is_too_few_to_tell() -> None:
    rng = np.random.default_rng(10)
    assert events.spells(planted(rng, 20, 5.0, slice(None), 20, 25)) == ()


def test_where_nothing_happens_spells_are_hardly_ever_found() -> None:
    rng = np.random.default_rng(11)
    draws = 25
    false = sum(bool(events.spells(null(rng, size, noise=0.1))) for _ in range(draws) for size in SIZES)
    assert false / (draws * len(SIZES)) <= 0.003


@pytest.mark.slow
def test_the_documented_rates_hold() -> None:
    """docs/methods/recording-events.md: false alarms per force of 14 categories and 34 months; power of a tripling."""
    rng = np.random.default_rng(12)
    draws = 200
    false = [sum(len(events.spells(null(rng, s, noise=0.1))) for s in SIZES) for _ in range(draws)]
    assert np.mean(np.array(false) > 0) <= 0.05
    for size, least in ((1200, 0.95), (190, 0.8), (110, 0.7)):
        found = 0
        for _ in range(100):
            counts = planted(rng, size, 3.0, slice(None), 20, 25)
            found += any(s.start == 20 for s in events.spells(counts))
        assert found / 100 >= least


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.int64, st.tuples(st.integers(1, 12), st.integers(1, 30)), elements=st.integers(0, 400)))
def test_any_counts_give_ordered_spells_within_the_months(counts: Ints) -> None:
    last = -1
    for spell in events.spells(counts):
        assert last < spell.start < counts.shape[1]
        assert spell.end is None or spell.start <= spell.end < counts.shape[1]
        assert spell.run_up in (None, spell.start - 1)
        assert (spell.end is None) == (spell.shape == "step")
        last = spell.start


def test_the_recording_change_of_the_sample_is_found_and_its_problems_are_not_taken_for_one() -> None:
    from forestall import sample

    model = sample.model(1)
    rng = np.random.default_rng(13)
    draws = [model.draw_counts(rng, planted=True) for _ in range(6)]
    found = [(c, s.start) for counts in draws for c in range(len(counts)) for s in events.spells(counts[c])]
    change = (model.categories.index("other-crime"), model.months.index("2023-06"))
    assert sum(f == change for f in found) >= 5
    assert sum(f != change for f in found) <= 1


# Turnovers


def points(rng: np.random.Generator, months: int, rows: int, areas: int = 10, each: int = 12) -> tuple[Ints, Ints, Ints]:
    """(area, point, month) of rows that fall on each area's own points."""
    month = np.repeat(np.arange(months), rows)
    area = rng.integers(0, areas, len(month))
    return area, area * each + rng.integers(0, each, len(month)), month


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 5)), max_size=60))
def test_new_share_is_what_a_slow_count_gives(rows: list[tuple[int, int]]) -> None:
    key = np.array([k for k, _ in rows], dtype=np.int64)
    month = np.array([m for _, m in rows], dtype=np.int64)
    share, n = events.new_share(key, month, 6)
    for t in range(6):
        now = [k for k, m in rows if m == t]
        seen = {k for k, m in rows if m < t}
        assert n[t] == len(now)
        if now:
            assert share[t] == pytest.approx(sum(k not in seen for k in now) / len(now))
        else:
            assert np.isnan(share[t])


def test_points_replaced_everywhere_are_one_turnover() -> None:
    rng = np.random.default_rng(20)
    area, key, month = points(rng, 24, 400)
    assert events.turnovers(*events.new_share(key, month, 24)) == ()
    moved = np.where(month >= 15, key + 1000, key)
    share, rows = events.new_share(moved, month, 24)
    assert events.turnovers(share, rows) == (15,)
    assert events.turnovers(share[:15], rows[:15]) == ()
    assert events.local_turnovers(area, moved, month, 10, 24, (15,)) == ()


def test_addresses_that_are_always_new_are_no_turnover() -> None:
    month = np.repeat(np.arange(12), 300)
    share, rows = events.new_share(np.arange(len(month)), month, 12)
    assert events.turnovers(share, rows) == ()


def test_points_replaced_in_one_area_are_found_there_and_then() -> None:
    rng = np.random.default_rng(21)
    area, key, month = points(rng, 24, 400)
    moved = np.where((area == 4) & (month >= 15), key + 1000, key)
    assert events.local_turnovers(area, moved, month, 10, 24) == ((4, 15),)
    until = month < 15
    assert events.local_turnovers(area[until], moved[until], month[until], 10, 15) == ()


def test_a_new_hot_spot_beside_the_old_points_is_no_turnover() -> None:
    rng = np.random.default_rng(22)
    area, key, month = points(rng, 24, 400)
    hot_month = np.repeat(np.arange(15, 24), 300)
    area = np.concatenate([area, np.full(len(hot_month), 4)])
    key = np.concatenate([key, np.full(len(hot_month), 5000)])
    month = np.concatenate([month, hot_month])
    assert events.local_turnovers(area, key, month, 10, 24) == ()


# Breaks


def test_an_area_whose_level_breaks_stands_out_and_the_trend_does_not_matter() -> None:
    rng = np.random.default_rng(30)
    counts = np.stack([null(rng, 1800, noise=0.0), null(rng, 750, noise=0.0)])
    counts[:, 5] = rng.poisson(12, (2, MONTHS))
    counts[:, 9] = rng.poisson(25, (2, MONTHS))
    counts[:, 5, 30:] = rng.poisson(36, (2, 4))
    counts[:, 9, 30:] = rng.poisson(5, (2, 4))
    counts[:, :, 30:] = rng.binomial(counts[:, :, 30:], 0.7)
    result = events.breaks(counts, np.ones((2, MONTHS), bool), 30)
    q = events.adjusted(result.p)
    assert q[5] <= 0.01
    assert q[9] <= 0.01
    assert set(np.argsort(result.p)[:2]) == {5, 9}
    assert (result.before, result.after) == (12, 4)
    others = np.setdiff1d(np.arange(AREAS), [5, 9])
    assert result.expected[others].sum() == pytest.approx(result.observed[others].sum(), rel=0.1)


def test_months_that_are_not_usable_are_not_compared() -> None:
    rng = np.random.default_rng(31)
    counts = null(rng, 1800)[None]
    usable = np.ones((1, MONTHS), bool)
    clean = events.breaks(counts, usable, 20)
    spoilt = counts.copy()
    spoilt[:, :, 14] *= 9
    usable[:, 14] = False
    again = events.breaks(spoilt, usable, 20)
    assert again.was.sum() == clean.was.sum() - counts[0, :, 14].sum()
    assert np.array_equal(again.now, clean.now)


def test_with_nothing_broken_p_values_are_small_as_often_as_they_say() -> None:
    rng = np.random.default_rng(32)
    small, tested, any_found, draws = 0, 0, 0, 25
    for _ in range(draws):
        counts = np.stack([null(rng, 4000, months=28, noise=0.1), null(rng, 800, months=28)])
        result = events.breaks(counts, np.ones((2, 28), bool), 24)
        p = result.p[~np.isnan(result.p)]
        small, tested = small + int((p <= 0.05).sum()), tested + len(p)
        any_found += bool((events.adjusted(result.p) <= 0.1).any())
    assert 0.02 <= small / tested <= 0.07
    assert any_found <= 8  # 10% of draws by design; 9 or more of 25 would be as good as impossible


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 300), st.floats(0.02, 0.98), st.floats(0.001, 0.4))
def test_the_beta_binomial_law_is_scipys(n: int, share: float, rho: float) -> None:
    from scipy.stats import betabinom

    scale = (1 - rho) / rho
    ours = events._beta_binomial(n, share * scale, (1 - share) * scale)
    theirs = betabinom(n, share * scale, (1 - share) * scale).pmf(np.arange(n + 1))
    assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-12)
    assert ours.sum() == pytest.approx(1, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_q_values_are_scipys(p: list[float]) -> None:
    from scipy.stats import false_discovery_control

    assert events.adjusted(np.array([*p, np.nan]))[:-1] == pytest.approx(false_discovery_control(p))
    assert np.isnan(events.adjusted(np.array([*p, np.nan]))[-1])
