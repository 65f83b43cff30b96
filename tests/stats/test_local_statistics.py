"""Local statistics against printed answers, every deal of small maps, the hypergeometric, and what p-values promise."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats as ss

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_local

from forestall.report.charts import chart_svg
from forestall.results import read
from forestall.stats._local_exact import Dealt
from forestall.stats.local_statistics import LocalStatistic, getis_ord, local_join_count, local_moran
from forestall.stats.neighbours import Neighbours

#: The worked example of the PySAL documentation (esda.getisord.G_Local): six points, a band of 15 and binary weights.
POINTS = np.array([(10, 10), (20, 10), (40, 10), (15, 20), (30, 20), (30, 30)])
PYSAL = [2, 3, 3.2, 5, 8, 7]


@st.composite
def small_maps(draw: st.DrawFn, weighted: bool = False, real: bool = False) -> tuple[list[float], Neighbours]:
    n = draw(st.integers(3, 6))
    value: Any = st.floats(-5, 5).map(lambda v: round(v, 2)) if real else st.integers(-2, 6)
    values = draw(st.lists(value, min_size=n, max_size=n))
    lists = [draw(st.lists(st.sampled_from([j for j in range(n) if j != i]), unique=True)) for i in range(n)]
    weights = None
    if weighted:
        weights = [[draw(st.sampled_from([0.5, 1.0, 2.0])) for _ in row] for row in lists]
    return values, Neighbours.from_lists(lists, weights)


def row_of(near: Neighbours, i: int) -> list[tuple[int, float]]:
    part = slice(near.indptr[i], near.indptr[i + 1])
    return list(zip(near.indices[part].tolist(), near.weights[part].tolist(), strict=True))


def test_gi_and_gi_star_are_those_printed_by_pysal() -> None:
    near = Neighbours.within(*POINTS.T, 15)
    printed = [-1.0136729, -0.04361589, 1.31558703, -0.31412676, 1.15373986, 1.77833941]
    starred = [-1.39727626, -0.28917762, 0.65064964, -0.28917762, 1.23452088, 2.02424331]
    assert getis_ord(PYSAL, near, star=False).z_score == pytest.approx(printed, abs=5e-9)
    assert getis_ord(PYSAL, near).z_score == pytest.approx(starred, abs=5e-9)


def test_an_isolated_place_has_no_statistic_and_says_so() -> None:
    near = Neighbours.from_lists([[1], [0, 2], [1], []])
    for found in (getis_ord([4, 5, 1, 9], near), local_moran([4, 5, 1, 9], near), local_join_count([1, 1, 0, 1], near)):
        assert np.isnan(found.p_value[3])
        assert np.isnan(found.q_value[3])
        assert np.isnan(found.statistic[3])
        assert not found.flagged[3]
        assert found.kind[3] == ""
        islands = next(c for c in found.checks if c.name == "islands")
        assert not islands.passed
        assert islands.text.render() == "1 of 4 places have no neighbours and are not judged."


def test_a_grid_of_nine_by_hand() -> None:
    """A three by three map with 9 in the middle row's first two cells and 0 elsewhere; the cell in the corner above
    them has three neighbours, two of which are full: of the C(8, 3) = 56 ways to deal three of the others 6 hold
    both."""
    values = [0, 0, 0, 9, 9, 0, 0, 0, 0]
    found = getis_ord(values, Neighbours.queen(3, 3), alternative="greater")
    assert found.statistic[0] == 18
    assert found.expected[0] == pytest.approx(3 * 18 / 8)
    assert found.p_value[0] == pytest.approx(6 / 56, rel=1e-13)
    assert found.mid_p[0] == pytest.approx(3 / 56, rel=1e-13)
    joins = local_join_count(np.array(values) > 0, Neighbours.queen(3, 3))
    assert joins.statistic[3] == 1
    assert joins.p_value[3] == pytest.approx(5 / 8, rel=1e-13)  # the other full cell lies among 5 of 8
    assert np.isnan(joins.p_value[0])


def test_joins_of_the_lattice_in_the_peer_s_documentation() -> None:
    """Four by four, rook, the lower half marked."""
    found = local_join_count([0] * 8 + [1] * 8, Neighbours.rook(4, 4))
    assert found.statistic[8:].tolist() == [2, 3, 3, 2, 2, 3, 3, 2]
    assert np.isnan(found.statistic[:8]).all()


@settings(max_examples=60, deadline=None)
@given(small_maps())
def test_exact_tails_are_those_of_every_deal(small: tuple[list[float], Neighbours]) -> None:
    values, near = small
    greater, less = (getis_ord(values, near, alternative=a) for a in ("greater", "less"))
    both = getis_ord(values, near, star=False)
    assert greater.null == "exact"
    for i in range(len(values)):
        row = row_of(near, i)
        if not row:
            continue
        above, below, same = (float(v) for v in slow_local.tails(values, i, row))
        assert greater.p_value[i] == pytest.approx(above, rel=1e-12)
        assert less.p_value[i] == pytest.approx(below, rel=1e-12)
        assert both.p_value[i] == pytest.approx(min(1, 2 * min(above, below)), rel=1e-12)
        assert greater.mid_p[i] == pytest.approx(above - same / 2, rel=1e-12)
        assert both.mid_p[i] == pytest.approx(2 * min(above, below) - same, rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(small_maps(), st.sampled_from(["greater", "less"]))
def test_exact_tails_are_those_of_every_deal_of_the_place_s_own_too(
    small: tuple[list[float], Neighbours], alternative: str
) -> None:
    values, near = small
    found = getis_ord(values, near, own="dealt", alternative=alternative)
    assert found.null == "exact"
    for i in range(len(values)):
        row = row_of(near, i)
        if row:
            above, below, same = (float(v) for v in slow_local.full_tails(values, [*row, (i, 1.0)]))
            p = above if alternative == "greater" else below
            assert found.p_value[i] == pytest.approx(p, rel=1e-12)
            assert found.mid_p[i] == pytest.approx(p - same / 2, rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(small_maps(weighted=True, real=True))
def test_dealt_moments_are_those_of_every_deal_and_of_the_z_score(small: tuple[list[float], Neighbours]) -> None:
    values, near = small
    found = getis_ord(values, near, own="dealt", null="permutation", permutations=999, alternative="greater")
    scale = max(1.0, *(abs(v) for v in values)) ** 2
    for i in range(len(values)):
        row = row_of(near, i)
        if not row:
            continue
        row = [*row, (i, max(w for _, w in row))]
        deals = np.array(slow_local.every_full_deal(values, row))
        assert found.expected[i] == pytest.approx(deals.mean(), abs=1e-9)
        assert found.variance[i] == pytest.approx(deals.var(), abs=1e-9 * scale)
        above = float(slow_local.full_tails(values, row)[0])
        assert abs(found.p_value[i] - above) <= 6 * np.sqrt(above * (1 - above) / 1000) + 0.002
    z = (found.statistic - found.expected) / np.sqrt(np.where(found.variance > 1e-9, found.variance, np.nan))
    assert z[np.isfinite(z)] == pytest.approx(found.z_score[np.isfinite(z)], rel=1e-5, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(small_maps(), st.sampled_from(["greater", "less", "two-sided"]))
def test_moran_s_exact_tails_are_those_of_every_deal(small: tuple[list[float], Neighbours], alternative: str) -> None:
    values, near = small
    assume(max(values) > min(values))
    found = local_moran(values, near, alternative=alternative)
    mean = sum(values) / len(values)
    for i in range(len(values)):
        row = row_of(near, i)
        if not row:
            continue
        assert found.statistic[i] == pytest.approx(slow_local.moran(values, i, row), abs=1e-12)
        above, below, _ = (float(v) for v in slow_local.tails(values, i, row))
        own = values[i] * len(values) - sum(values)
        high, low = (1.0, 1.0) if own == 0 else (above, below) if own > 0 else (below, above)
        p = {"greater": high, "less": low, "two-sided": min(1.0, 2 * min(high, low))}[alternative]
        assert found.p_value[i] == pytest.approx(p, rel=1e-12)
        around = sum(w * (values[j] - mean) for j, w in row)
        if abs(around) > 1e-9 and own != 0:
            assert found.kind[i] == ("H" if own > 0 else "L") + ("H" if around > 0 else "L")


@settings(max_examples=60, deadline=None)
@given(small_maps(weighted=True, real=True))
def test_moments_are_those_of_every_deal(small: tuple[list[float], Neighbours]) -> None:
    values, near = small
    found = getis_ord(values, near, star=False, null="moments", permutations=0)
    i_of_moran = local_moran(values, near, null="moments", permutations=0)
    centre, scale = sum(values) / len(values), max(1.0, *(abs(v) for v in values)) ** 2
    m2 = sum((v - centre) ** 2 for v in values) / len(values)
    for i in range(len(values)):
        row = row_of(near, i)
        if not row:
            continue
        mean, variance, _ = slow_local.moments(values, i, row)
        assert found.expected[i] == pytest.approx(mean, abs=1e-9)
        assert found.variance[i] == pytest.approx(variance, abs=1e-9 * scale)
        if m2 > 1e-9:
            factor = (values[i] - centre) / m2
            w1 = sum(w for _, w in row)
            assert i_of_moran.expected[i] == pytest.approx(factor * (mean - centre * w1), rel=1e-6, abs=1e-8)
            assert i_of_moran.variance[i] == pytest.approx(factor**2 * variance, rel=1e-6, abs=1e-8)


@settings(max_examples=40, deadline=None)
@given(small_maps(weighted=True, real=True))
def test_third_moments_are_those_of_every_deal(small: tuple[list[float], Neighbours]) -> None:
    from forestall.stats._local_moments import sum_moments

    values, near = small
    y = np.array(values) - np.mean(values)
    third = sum_moments(y, near).third
    for i in range(len(values)):
        row = row_of(near, i)
        if row:
            assert third[i] == pytest.approx(
                slow_local.moments(values, i, row)[2], abs=1e-8 * (1 + np.abs(y).max() ** 3) * 8
            )


@settings(max_examples=60, deadline=None)
@given(small_maps(weighted=True, real=True))
def test_gi_star_is_the_formula_as_printed(small: tuple[list[float], Neighbours]) -> None:
    values, near = small
    assume(max(values) - min(values) > 0.1)
    found = getis_ord(values, near, permutations=0)
    for i in range(len(values)):
        row = row_of(near, i)
        if not row:
            continue
        own = [*row, (i, max(w for _, w in row))]
        w1, w2 = sum(w for _, w in own), sum(w * w for _, w in own)
        if len(values) * w2 - w1**2 < 1e-9:  # everything is in the neighbourhood
            assert np.isnan(found.z_score[i])
        else:
            assert found.z_score[i] == pytest.approx(slow_local.gi_star(values, own), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("places", [60, 400])
def test_marks_are_hypergeometric(places: int) -> None:
    """Any number of neighbours, from one to nearly all, on one map."""
    rng = np.random.default_rng(places)
    x = rng.random(places) < 0.3
    near = Neighbours.from_lists(
        [
            rng.choice([j for j in range(places) if j != i], rng.integers(1, places), replace=False).tolist()
            for i in range(places)
        ]
    )
    marked = getis_ord(x, near, alternative="greater").p_value
    fewer = getis_ord(x, near, alternative="less").p_value
    sums = near.sums(x)
    slow = ss.hypergeom(places - 1, x.sum() - x, near.counts)
    assert marked == pytest.approx(slow.sf(sums - 1), rel=1e-9)
    assert fewer == pytest.approx(slow.cdf(sums), rel=1e-9)
    joins = local_join_count(x, near)
    assert joins.p_value[x] == pytest.approx(slow.sf(sums - 1)[x], rel=1e-9)


def test_far_tails_keep_their_digits() -> None:
    """All eight neighbours of one cell are the only full ones of 10,000."""
    x = np.zeros((100, 100), int)
    x[49:52, 49:52] = 1
    x[50, 50] = 0
    found = getis_ord(x.ravel(), Neighbours.queen(100, 100), alternative="greater")
    assert found.p_value[5050] == pytest.approx(float(ss.hypergeom(9999, 8, 8).pmf(8)), rel=1e-9)
    assert found.p_value[5050] < 1e-26
    assert found.flagged[5050]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("statistic", [getis_ord, local_moran])
def test_permutations_agree_with_the_exact_and_the_moments(statistic: Any, weighted: bool) -> None:
    rng = np.random.default_rng(4)
    x = rng.negative_binomial(1, 0.2, 400)
    near = Neighbours.queen(20, 20)
    if weighted:
        near = Neighbours(near.indptr, near.indices, rng.uniform(0.5, 1.5, near.indices.size), near.own)
    assert statistic(x, near, permutations=9).null == ("permutation" if weighted else "exact")
    found = statistic(x, near, null="moments" if weighted else "exact", permutations=4999, seed=2)
    # Beside what drawing scatters, Pearson III may be 0.02 off in a tail of so skewed counts: 0.04 where tails are doubled.
    error = 5 * np.sqrt(2 * found.p_value * (1 - found.p_value / 2) / 5000) + 0.04 * weighted
    assert (np.abs(found.permutation_p - found.p_value) <= error + 4e-4).all()
    if statistic is getis_ord:
        dealt = getis_ord(x, near, own="dealt", null=found.null, permutations=4999, seed=3)
        error = 5 * np.sqrt(2 * dealt.p_value * (1 - dealt.p_value / 2) / 5000) + 0.04 * weighted
        assert (np.abs(dealt.permutation_p - dealt.p_value) <= error + 4e-4).all()
    asked = statistic(x, near, null="permutation", permutations=4999, seed=2)
    assert (asked.p_value == found.permutation_p).all()
    assert asked.p_value.min() >= 1 / 5000
    assert asked.p_value.max() <= 1
    assert (asked.mid_p <= asked.p_value + 1e-12).all()


@settings(max_examples=25, deadline=None)
@given(small_maps(weighted=True), st.integers(0, 5))
def test_permutations_deal_only_the_others(small: tuple[list[float], Neighbours], seed: int) -> None:
    """On maps so small that a place often draws itself, 2,000 permutations find the shares of all deals."""
    values, near = small
    found = getis_ord(values, near, null="permutation", permutations=1999, seed=seed, alternative="greater")
    for i in range(len(values)):
        row = row_of(near, i)
        if row:
            above = float(slow_local.tails(values, i, row)[0])
            assert abs(found.p_value[i] - above) <= 6 * np.sqrt(above * (1 - above) / 2000) + 0.001


def test_a_seed_gives_the_same_again() -> None:
    x, near = np.random.default_rng(0).random(100), Neighbours.rook(10, 10)
    one, two, other = (getis_ord(x, near, null="permutation", seed=s).p_value for s in (1, 1, 2))
    assert (one == two).all()
    assert (one != other).any()


def test_scale_of_the_weights_changes_nothing() -> None:
    """The famous mistake is a variance that forgets the sum of squared weights; the formula doesn't care for their
    scale."""
    rng = np.random.default_rng(3)
    x = rng.poisson(4, 144)
    near = Neighbours.queen(12, 12)
    plain, standard = getis_ord(x, near), getis_ord(x, near.row_standardised())
    assert standard.null == "exact"
    assert standard.z_score == pytest.approx(plain.z_score, abs=1e-9)
    assert standard.p_value == pytest.approx(plain.p_value, rel=1e-12)
    with_self = getis_ord(x, near.with_self().row_standardised())
    assert with_self.z_score == pytest.approx(plain.z_score, abs=1e-9)


def test_without_its_scaling_gi_star_flags_nothing() -> None:
    rng = np.random.default_rng(7)
    x = rng.poisson(6, (30, 30))
    x[10:13, 10:13] += 9
    near = Neighbours.queen(30, 30)
    found = getis_ord(x.ravel(), near)
    assert found.flagged.reshape(30, 30)[11, 11]
    rows = [[*row_of(near, i), (i, 1.0)] for i in range(900)]
    wrong = np.array([slow_local.gi_star_unscaled(x.ravel().tolist(), row) for row in rows])
    ratio = found.z_score.reshape(30, 30)[11, 11] / wrong[11 * 30 + 11]
    assert ratio == pytest.approx(3.0, abs=0.02)  # the root of nine cells


def test_a_planted_spot_is_found_and_nothing_elsewhere_much() -> None:
    rng = np.random.default_rng(11)
    x = rng.poisson(1, (60, 60))
    x[20:24, 30:34] += rng.poisson(5, (4, 4))
    found = getis_ord(x.ravel(), Neighbours.queen(60, 60))
    flagged = found.flagged.reshape(60, 60)
    assert flagged[21:23, 31:33].all()
    assert flagged[:15].sum() + flagged[30:].sum() <= 3
    assert (found.kind[found.flagged] == "high").all()
    alike = local_moran(x.ravel(), Neighbours.queen(60, 60))
    assert alike.count("HH") >= 4


def p_values(draw: Any, statistic: Any, maps: int, seed: int, **options: Any) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    near = Neighbours.queen(12, 12)
    found = [statistic(draw(rng), near, **options) for _ in range(maps)]
    return tuple(np.concatenate([getattr(f, name) for f in found]) for name in ("p_value", "mid_p"))


NULLS: dict[str, Any] = {
    "few events": lambda rng: rng.multinomial(60, np.full(144, 1 / 144)),
    "poisson": lambda rng: rng.poisson(3, 144),
    "overdispersed": lambda rng: rng.negative_binomial(0.5, 0.1, 144),
}


@pytest.mark.parametrize("name", NULLS)
@pytest.mark.parametrize("statistic", [getis_ord, local_moran])
def test_by_chance_a_5_percent_test_fires_no_oftener(name: str, statistic: Any) -> None:
    p, mid = p_values(NULLS[name], statistic, 150, 5)
    for level in (0.01, 0.05, 0.2):
        error = 4 * np.sqrt(level * (1 - level) / (p.size / 9))  # neighbourhoods overlap: a ninth of them tell apart
        assert (p <= level).mean() <= level + error
        assert abs((mid <= level).mean() - level) <= error + 0.25 * level


@pytest.mark.slow
@pytest.mark.parametrize("name", NULLS)
@pytest.mark.parametrize("options", [{}, {"own": "dealt"}, {"alternative": "greater"}, {"alternative": "less"}], ids=str)
def test_by_chance_over_many_maps(name: str, options: dict[str, Any]) -> None:
    """P(p ≤ level) ≤ level within simulation error on 3,000 maps; mid-p within a tenth where counts aren't few."""
    p, mid = p_values(NULLS[name], getis_ord, 3000, 77, **options)
    for level in (0.001, 0.01, 0.05, 0.2):
        error = 4 * np.sqrt(level * (1 - level) / (p.size / 9))
        assert (p <= level).mean() <= level + error
        if name != "few events":
            assert abs((mid <= level).mean() - level) <= error + 0.15 * level


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ["normal", "lognormal"])
def test_by_chance_a_test_of_real_values_fires_as_it_says(name: str, weighted: bool) -> None:
    near = Neighbours.queen(12, 12)
    rng = np.random.default_rng(6)
    if weighted:
        near = Neighbours(near.indptr, near.indices, rng.uniform(0.5, 1.5, near.indices.size), near.own)
    found = [getis_ord(getattr(rng, name)(size=144), near, permutations=999 if weighted else 0) for _ in range(25)]
    p = np.concatenate([f.p_value for f in found])
    for level in (0.01, 0.05, 0.2):
        error = 4 * np.sqrt(level * (1 - level) / (p.size / 9))
        assert abs((p <= level).mean() - level) <= error + 0.1 * level


def test_what_the_method_needs_is_checked() -> None:
    near = Neighbours.queen(8, 8)
    rng = np.random.default_rng(1)
    sparse = {c.name: c for c in getis_ord(rng.poisson(0.3, 64), near).checks}
    assert not sparse["sparse"].passed
    assert sparse["exact"].passed
    dense = {c.name: c for c in getis_ord(rng.poisson(30, 64), near).checks}
    assert dense["sparse"].passed
    uneven = Neighbours(near.indptr, near.indices, rng.uniform(1, 2, near.indices.size), near.own)
    checks = {c.name: c for c in getis_ord(rng.poisson(30, 64), uneven).checks}
    assert not checks["exact"].passed
    assert "weights in a neighbourhood differ" in checks["exact"].text.render()
    assert checks["agreement"].passed
    assert checks["skew"].passed
    assert getis_ord(rng.poisson(0.2, 64), uneven).null == "permutation"
    few = {c.name: c for c in getis_ord(rng.poisson(3, 64), near, null="permutation", permutations=99).checks}
    assert not few["fine_enough"].passed
    torn = np.where(rng.random(64) < 0.05, 1e6, rng.random(64))
    assert not {c.name: c for c in getis_ord(torn, near, null="moments").checks}["agreement"].passed


def test_values_too_many_for_a_table_are_rounded_and_the_p_is_exact_for_those() -> None:
    rng = np.random.default_rng(0)
    near = Neighbours.nearest(*rng.random((2, 300)), 6)
    for x in (rng.gamma(3.0, 1.0, 300), rng.integers(0, 10**9, 300), rng.normal(size=300)):
        for own in ("kept", "dealt"):
            found = getis_ord(x, near, own=own, permutations=9999, seed=4)
            assert found.null == "exact"
            assert "rounded to steps of" in next(c for c in found.checks if c.name == "exact").text.render()
            error = 5 * np.sqrt(2 * found.p_value * (1 - found.p_value / 2) / 10_000) + 2e-4
            assert (np.abs(found.permutation_p - found.p_value) <= error + 0.01).all()


@settings(max_examples=40, deadline=None)
@given(small_maps(real=True))
def test_hundredths_are_exact_without_rounding(small: tuple[list[float], Neighbours]) -> None:
    values, near = small
    found = getis_ord(values, near, alternative="greater", null="exact")
    assert next((c for c in found.checks if c.name == "exact"), None) is None
    for i in range(len(values)):
        row = row_of(near, i)
        if row:
            assert found.p_value[i] == pytest.approx(float(slow_local.tails(values, i, row)[0]), rel=1e-12)


def test_values_that_no_steps_resolve_are_left_to_permutations() -> None:
    rng = np.random.default_rng(1)
    x = rng.random(400)
    x[7] = 1e7
    near = Neighbours.queen(20, 20)
    found = getis_ord(x, near)
    assert found.null == "permutation"
    assert found.parameters["permutations"] == 9999
    with pytest.raises(ValueError, match="the exact null can't be had: most values lie too close together"):
        getis_ord(x, near, null="exact")
    moments = getis_ord(x, near, null="moments")
    assert not next(c for c in moments.checks if c.name == "skew").passed
    assert getis_ord(x, near, permutations=0).null == "moments"


@pytest.mark.parametrize("statistic", [getis_ord, local_moran])
def test_where_nothing_differs_nothing_stands_out(statistic: Any) -> None:
    for value in (0, 7, 0.1):
        found = statistic([value] * 9, Neighbours.queen(3, 3))
        assert (found.p_value == 1).all()
        assert not found.flagged.any()
        assert np.isnan(found.z_score).all()
        assert not next(c for c in found.checks if c.name == "variation").passed


def test_one_event_and_everybody_a_neighbour() -> None:
    one = getis_ord([0, 0, 1, 0, 0], Neighbours.from_lists([[1], [0, 2], [1, 3], [2, 4], [3]]))
    assert one.p_value[2] == 1  # no event is left to be dealt
    assert one.p_value[1] == pytest.approx(min(1, 2 * 2 / 4))
    everyone = Neighbours.within(range(6), [0] * 6, 99)
    found = getis_ord([1, 2, 3, 4, 5, 60], everyone)
    assert (found.p_value == 1).all()  # the others' sum can't be otherwise
    assert np.isnan(found.z_score).all()
    nobody = Neighbours.within([0, 50, 100], [0, 0, 0], 1)
    none = local_moran([1, 2, 3], nobody)
    assert none.tested == 0
    assert none.explain() == "No place could be judged: none has neighbours and a value that could have been otherwise."
    assert getis_ord([0.5, 2, 3], nobody).tested == 0


def test_what_cannot_be_is_quoted() -> None:
    near = Neighbours.queen(2, 2)
    calls: list[tuple[Any, str]] = [
        (lambda: getis_ord([1, 2, float("nan"), 4], near), r"values\[2\] is nan"),
        (lambda: getis_ord([1, 2, 3, float("inf")], near), r"values\[3\] is inf"),
        (lambda: getis_ord([1, 2, 3], near), "there are 3 values and neighbours of 4 places"),
        (lambda: getis_ord([], near), "there are 0 values"),
        (lambda: getis_ord(["a", "b", "c", "d"], near), "values must be numbers"),
        (lambda: getis_ord([1, 2], Neighbours.queen(1, 2)), "there are 2 places: chance can be judged among 3 or more"),
        (lambda: getis_ord([1, 2, 3, 1e99], near), r"values reach 1e\+99"),
        (lambda: getis_ord([1, 2, 3, 4], near, null="normal"), "not 'normal'"),
        (lambda: getis_ord([1, 2, 3, 4], near, alternative="more"), "not 'more'"),
        (lambda: getis_ord([1, 2, 3, 4], near, own="lost"), "own must be kept or dealt, not 'lost'"),
        (lambda: getis_ord([1, 2, 3, 4], near, own="dealt", star=False), "leave one of them out"),
        (
            lambda: getis_ord([1, 2, 3, 4], near.with_self(3), own="dealt", null="exact"),
            "a place and its neighbours weigh differently",
        ),
        (lambda: getis_ord([1, 2, 3, 4], near, fdr=5), "fdr must lie between 0 and 1, not 5"),
        (lambda: getis_ord([1, 2, 3, 4], near, permutations=-1), "permutations must be .* not -1"),
        (lambda: getis_ord([1, 2, 3, 4], near, permutations=0, null="permutation"), "permutations is 0"),
        (
            lambda: getis_ord([1, 2, 3], Neighbours.from_lists([[1, 2], [0], [0]], [[1, 2], [1], [1]]), null="exact"),
            "neighbours weigh differently",
        ),
        (lambda: local_moran([1, 2, 3, 4], near.with_self()), "place 0 is in its own neighbourhood"),
        (lambda: local_join_count([1, 0, 2, 0], near), r"flags\[2\] is 2"),
        (lambda: local_join_count([1, 0, 1, 0], near.with_self()), "use without_self"),
    ]
    for call, words in calls:
        with pytest.raises(ValueError, match=words):
            call()


def results() -> list[LocalStatistic]:
    rng = np.random.default_rng(2)
    x = rng.poisson(4, (20, 20))
    x[5:8, 5:8] += 12
    x[15:18, 12:15] = 0
    near = Neighbours.queen(20, 20)
    return [
        getis_ord(x.ravel(), near),
        getis_ord(x.ravel(), near, own="dealt"),
        getis_ord(x.ravel() + 0.5, near, star=False, permutations=99, alternative="greater"),
        local_moran(x.ravel(), near, null="permutation", permutations=99),
        local_join_count(x.ravel() > 8, near, alternative="less"),
        getis_ord([1, 2, 3], Neighbours.from_lists([[], [], []])),
    ]


@pytest.mark.parametrize("found", results(), ids=lambda f: f"{f.method} {f.null}")
def test_results_come_back_from_json(found: LocalStatistic) -> None:
    back = read(json.loads(json.dumps(found.to_json(), allow_nan=False)))
    assert isinstance(back, LocalStatistic)
    for name in ("p_value", "statistic", "z_score", "q_value", "permutation_p", "values"):
        assert np.array_equal(getattr(back, name), getattr(found, name), equal_nan=True)
    assert (back.kind == found.kind).all()
    assert (back.flagged == found.flagged).all()
    assert back.checks == found.checks
    assert back.seed == found.seed
    assert back.explain() == found.explain()
    assert back.table() == found.table()


@pytest.mark.parametrize("found", results(), ids=lambda f: f"{f.method} {f.null}")
def test_results_show_themselves(found: LocalStatistic) -> None:
    table = found.table()
    assert len(table.rows) == found.values.size
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert table.to_csv().startswith("place,value,neighbours,")
    for language in ("en", "cy"):
        spec = found.chart(language)
        svg = chart_svg(spec, language, "Local statistic")
        assert svg.startswith("<svg")
    assert found.method in table.caption.render() if table.caption else False
    words = found.explain()
    assert ("exact" in words) or found.tested == 0 or found.null == "permutation"


def test_a_chart_stays_small_and_says_so() -> None:
    x = np.random.default_rng(0).poisson(3, 10_000)
    spec = getis_ord(x, Neighbours.queen(100, 100)).chart()
    drawn = sum(len(layer["data"]["values"]) for layer in spec["layer"][1:])
    assert drawn <= 1600
    assert f"{drawn:,} of 10,000 drawn" in spec["layer"][0]["encoding"]["x"]["title"]


def test_the_tables_of_many_values_are_right_too() -> None:
    """Sixty places of which hardly two have the same: the tree over values against drawing."""
    rng = np.random.default_rng(9)
    x = rng.integers(0, 500, 60)
    near = Neighbours.nearest(*rng.random((2, 60)), 5)
    found = getis_ord(x, near, permutations=9999, seed=1)
    assert found.null == "exact"
    assert Dealt(x, near.counts, near.sums(x).astype(np.int64)).levels.size > 50
    error = 5 * np.sqrt(2 * found.p_value * (1 - found.p_value / 2) / 10_000) + 2e-4
    assert (np.abs(found.permutation_p - found.p_value) <= error).all()
