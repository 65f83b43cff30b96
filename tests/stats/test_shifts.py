"""Change points: the coal mines' published answer, exact and slow twins, coverage, and Gwent's own traps."""

from __future__ import annotations

import csv
import gzip
import json
import math
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_charts as slow

from forestall.report.charts import chart_svg
from forestall.results import Figures, read
from forestall.stats import _shift_kernels as kernels
from forestall.stats.shifts import change_point, change_points, shared_change

#: British coal-mining disasters with ten or more killed, 1851 to 1962 (Jarrett 1979, Biometrika 66, 191-193).
COAL = [
    4, 5, 4, 1, 0, 4, 3, 4, 0, 6, 3, 3, 4, 0, 2, 6, 3, 3, 5, 4, 5, 3, 1, 4, 4, 1, 5, 5, 3, 4, 2, 5, 2, 2, 3, 4, 2, 1,
    3, 2, 2, 1, 1, 1, 1, 3, 0, 0, 1, 0, 1, 1, 0, 0, 3, 1, 0, 3, 2, 2, 0, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 2, 1, 0, 0, 0,
    1, 1, 0, 2, 3, 3, 1, 1, 2, 1, 1, 1, 1, 2, 4, 2, 0, 0, 1, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0,
]  # fmt: skip
YEARS = [str(1851 + i) for i in range(len(COAL))]

Counts = Counter[tuple[str, str, str]]


@pytest.fixture(scope="module")
def gwent(shared: Path) -> Counts:
    """(area, category, month) -> how many rows, straight from the files."""
    found: Counts = Counter()
    for path in sorted((shared / "data" / "police_uk" / "gwent").glob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as f:
            for row in csv.DictReader(f):
                found[row["LSOA code"], row["Crime type"], row["Month"]] += 1
    return found


def by_area(gwent: Counts, category: str | None) -> tuple[list[str], list[str], npt.NDArray[np.float64]]:
    months = sorted({m for _, _, m in gwent})
    areas = sorted({a for a, _, _ in gwent if a})
    x = np.zeros((len(areas), len(months)))
    at = {a: i for i, a in enumerate(areas)}
    for (area, kind, month), n in gwent.items():
        if area and category in (None, kind):
            x[at[area], months.index(month)] += n
    return areas, months, x


# Against something else.


def test_the_coal_mines() -> None:
    """The likeliest change is after 1891, the 41st year, from 3.1 to 0.9 a year (Carlin, Gelfand and Smith 1992, Applied
    Statistics 41, 389-405: posterior mode at 41, levels 3.1 and 0.9, years 1887 to 1895 for the change)."""
    change = change_point(COAL, labels=YEARS)
    assert change.label == "1892"
    assert change.index == 41
    assert change.before == pytest.approx(127 / 41)
    assert change.after == pytest.approx(64 / 71)
    assert f"{change.before:.1f} {change.after:.1f}" == "3.1 0.9"
    assert change.p_value == 0.001
    assert change.dispersion == pytest.approx(1, abs=0.2)
    first, last = (int(change.labels[i]) - 1 for i in change.interval)
    assert 1882 <= first <= 1888
    assert 1893 <= last <= 1898
    assert change.ratio_interval[0] < 64 / 71 * 41 / 127 < change.ratio_interval[1] < 0.5


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 9), st.floats(0.5, 3)), min_size=6, max_size=10), st.integers(1, 2))
def test_the_cuts_are_the_best_of_all(pairs: list[tuple[int, float]], least: int) -> None:
    x, e = [float(p[0]) for p in pairs], [p[1] for p in pairs]
    gains, cuts = kernels.best_cuts(np.array([x]), np.array([e]), least, 3)
    for k in (1, 2, 3):
        expected = slow.best_cuts(x, e, least, k)
        assert gains[0, k - 1] == pytest.approx(expected, abs=1e-7)
        if math.isfinite(expected):
            at = cuts[0, k - 1, :k].tolist()
            assert slow.gain(x, e, at) == pytest.approx(expected, abs=1e-7)
    single, _ = kernels.best_single(np.array([x]), np.array([e]), least, 0)
    assert single[0] == pytest.approx(max(0.0, slow.best_cuts(x, e, least, 1)), abs=1e-7)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 9), st.floats(0.5, 3)), min_size=6, max_size=12))
def test_the_likelihood_of_each_period_is_the_slow_one(pairs: list[tuple[int, float]]) -> None:
    x, e = [float(p[0]) for p in pairs], [p[1] for p in pairs]
    if sum(x) == 0:
        return
    change = change_point(x, exposure=e, draws=19)
    for t in range(len(x)):
        if 2 <= t <= len(x) - 2:
            assert change.likelihood[t] * change.dispersion == pytest.approx(slow.gain(x, e, [t]), abs=1e-7)
        else:
            assert math.isnan(change.likelihood[t])


@pytest.mark.parametrize("x", [[0, 1, 0, 2, 5, 4, 6], [3, 1, 4, 1, 5, 9, 2], [2, 2, 2, 7, 7, 7, 7]])
def test_the_p_value_is_that_of_all_orders(x: list[int]) -> None:
    exact = slow.exact_p(x, 2)
    assert change_point(x, draws=9999).p_value == pytest.approx(exact, abs=4 * math.sqrt(exact / 9999) + 1e-3)


def test_given_levels_the_draws_keep_totals_and_scatter() -> None:
    from forestall.stats._levels import draws_given_total

    mean = np.array([10.0, 20, 30, 40] * 5)
    rows = draws_given_total(500, mean, 3.0, True, 4000, np.random.default_rng(1))
    assert (rows.sum(1) == 500).all()
    np.testing.assert_allclose(rows.mean(0), mean, rtol=0.06)
    # Given the total, a share s of it has the variance 3 m (1 - s), a little less by the Dirichlet's own denominator.
    np.testing.assert_allclose(rows.var(0), 3 * mean * (1 - mean / 500), rtol=0.12)
    fractions = draws_given_total(500.5, mean, 2.0, False, 4000, np.random.default_rng(1))
    np.testing.assert_allclose(fractions.sum(1), 500.5)
    np.testing.assert_allclose(fractions.var(0), 2 * mean * (1 - mean / 500), rtol=0.12)


# Calibration: short here, the sweep is benchmarks/control_charts.py.


def p_values(draw: Any, series: int, **options: Any) -> npt.NDArray[np.float64]:
    rng = np.random.default_rng(12)
    return np.array([change_point(draw(rng), draws=99, seed=i, **options).p_value for i in range(series)])


@pytest.mark.parametrize(
    ("draw", "options"),
    [
        (lambda r: r.poisson(2, 24), {}),
        (lambda r: r.negative_binomial(6, 0.25, 36), {}),
        (lambda r: r.poisson(8 * np.linspace(0.5, 1.5, 30)), {"exposure": np.linspace(0.5, 1.5, 30)}),
        (lambda r: r.negative_binomial(10 * np.exp(0.4 * np.cos(np.arange(36) * np.pi / 6)), 0.4), {"period": 12}),
        (lambda r: r.gamma(3, 20, 30), {}),
    ],
)
def test_a_10_percent_test_fires_on_10_percent(draw: Any, options: dict[str, Any]) -> None:
    p = p_values(draw, 100, **options)
    assert 0.03 <= (p <= 0.1).mean() <= 0.18


def test_neighbours_that_are_alike_can_be_allowed_for() -> None:
    rng = np.random.default_rng(21)
    plain, allowed = [], []
    for i in range(150):
        z = rng.standard_normal(56) * 0.25
        for t in range(1, 56):
            z[t] += 0.4 * z[t - 1]
        x = 100 * np.exp(z[20:])
        plain.append(change_point(x, draws=99, seed=i).p_value <= 0.1)
        allowed.append(change_point(x, draws=99, seed=i, correlation=0.4).p_value <= 0.1)
    assert np.mean(plain) > 0.3
    assert np.mean(allowed) <= 0.15


def test_the_intervals_cover_the_month_and_the_ratio() -> None:
    rng = np.random.default_rng(9)
    month, ratio, series = 0, 0, 150
    for i in range(series):
        x = np.r_[rng.negative_binomial(10, 0.5, 20), rng.negative_binomial(18, 0.5, 16)]
        change = change_point(x, draws=99, seed=i)
        month += change.interval[0] <= 20 <= change.interval[1]
        ratio += change.ratio_interval[0] <= 1.8 <= change.ratio_interval[1]
    assert month / series >= 0.93
    assert ratio / series >= 0.93


def test_series_without_a_change_show_seldom_any() -> None:
    rng = np.random.default_rng(5)
    fired = [
        len(change_points(rng.negative_binomial(8, 0.4, 40), draws=99, level=0.9, seed=i).changes) > 0 for i in range(200)
    ]
    assert 0.04 <= np.mean(fired) <= 0.15


# What they find.


def test_two_changes_are_both_found() -> None:
    rng = np.random.default_rng(4)
    x = np.r_[rng.poisson(10, 15), rng.poisson(25, 12), rng.poisson(12, 13)]
    found = change_points(x)
    assert [abs(a - b) <= 1 for a, b in zip(found.indices, (15, 27), strict=True)] == [True, True]
    assert found.changes[0].ratio > 1.5 > 1 > found.changes[1].ratio
    for change, at in zip(found.changes, found.indices, strict=True):
        assert change.label == found.labels[at]


def test_a_season_is_no_change_and_hides_none() -> None:
    rng = np.random.default_rng(3)
    season = np.exp(0.6 * np.cos(2 * np.pi * np.arange(48) / 12))
    x = rng.poisson(40 * season * np.where(np.arange(48) < 30, 1, 2))
    change = change_point(x, period=12)
    assert change.interval[0] <= 30 <= change.interval[1] <= 33
    assert change.found
    assert change.ratio_interval[0] < 2 < change.ratio_interval[1]
    steady = rng.poisson(40 * season)
    assert change_points(steady, period=12).changes == ()
    assert 30 in change_points(x, period=12).indices


def test_weights_change_nothing_but_the_unit() -> None:
    plain, harm = change_point(COAL, draws=199), change_point(np.array(COAL) * 5.5, draws=199)
    assert (plain.index, plain.p_value) == (harm.index, harm.p_value)
    assert harm.ratio == pytest.approx(plain.ratio)
    assert harm.before == pytest.approx(5.5 * plain.before)


def test_a_lockdown_everywhere_is_told_from_a_problem(gwent: Counts) -> None:
    areas, months, asb = by_area(gwent, "Anti-social behaviour")
    found = change_points(asb.sum(0), labels=months)
    assert "2020-04" in [c.label for c in found.changes]
    april = next(c for c in found.changes if c.label == "2020-04")
    assert april.ratio > 4
    assert [april.labels[i] for i in april.interval] == ["2020-04", "2020-04"]
    for at in (None, months.index("2020-04")):
        shared = shared_change(asb, labels=months, areas=areas, at=at)
        assert shared.labels[shared.index] == "2020-04"
        assert shared.verdict == "everywhere"
        assert shared.moved_share > 0.9
        assert "look for a recording change" in shared.explain()


def test_one_area_s_map_points(gwent: Counts) -> None:
    areas, months, every = by_area(gwent, None)
    series = every[areas.index("W01001662")]
    change = change_point(series, labels=months)
    assert change.label == "2022-07"
    assert change.found
    assert months[change.interval[0]] <= "2022-07" <= months[change.interval[1]] <= "2022-09"
    assert "2022-07" in [c.label for c in change_points(series, labels=months).changes]
    assert shared_change(every, labels=months, areas=areas, at=months.index("2022-07")).verdict in ("local", "none")


@pytest.mark.parametrize("seed", range(6))
def test_everywhere_local_and_spreading_are_told_apart(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mean = rng.gamma(2, 4, (80, 1)) * np.ones(36)
    everywhere, local, spreading = mean.copy(), mean.copy(), mean.copy()
    everywhere[:, 20:] *= 2
    local[:6, 20:] *= 12
    for i, at in enumerate(rng.integers(17, 24, 80)):
        spreading[i, at:] *= 3
    assert shared_change(rng.poisson(everywhere)).verdict == "everywhere"
    assert shared_change(rng.poisson(local)).verdict == "local"
    assert shared_change(rng.poisson(spreading)).verdict in ("spreading", "unclear")
    assert shared_change(rng.poisson(spreading), at=20).verdict == "spreading"


def test_nothing_to_tell_apart() -> None:
    rng = np.random.default_rng(1)
    quiet = shared_change(rng.poisson(6, (40, 36)))
    assert quiet.verdict == "none"
    few = shared_change(rng.poisson(np.r_[[8] * 12, [20] * 12], (2, 24)))
    assert few.verdict == "unclear"
    assert "too few" in few.explain()


# Bad input, and showing it.


@pytest.mark.parametrize(
    ("counts", "options", "said"),
    [
        ([], {}, "holds nothing"),
        ([1, 2, 3], {}, "3 periods"),
        ([0] * 10, {}, "nothing was counted"),
        ([1, math.nan, 2, 3], {}, "nan"),
        ([1, -1, 2, 3], {}, "-1"),
        ([1, 2, 3, 4, 5], {"least": 0}, "least"),
        ([1, 2, 3, 4, 5], {"least": 3}, "5 periods"),
        ([1, 2, 3, 4, 5], {"exposure": [1, 1, 1, 1, -1]}, "-1"),
        ([1, 2, 3, 4, 5], {"exposure": [1, 1]}, "exposure"),
        ([1, 2, 3, 4, 5], {"dispersion": 0}, "dispersion"),
        ([1, 2, 3, 4, 5], {"correlation": 1}, "correlation"),
        ([1, 2, 3, 4, 5], {"level": 1}, "level"),
        ([1, 2, 3, 4, 5], {"draws": 3}, "draws"),
        ([1, 2, 3, 4, 5], {"period": 12}, "24"),
        ([1, 2, 3, 4, 5], {"period": 1}, "period"),
        ([1, 2, 3, 4, 5], {"labels": ["a"]}, "labels"),
    ],
)
def test_bad_input_is_a_sentence(counts: Any, options: Any, said: str) -> None:
    for method in (change_point, change_points):
        with pytest.raises(ValueError, match=r".") as error:
            method(counts, **options)
        assert said in str(error.value)


def test_more_bad_input() -> None:
    with pytest.raises(ValueError, match="most"):
        change_points([1, 2, 3, 4, 5], most=0)
    with pytest.raises(ValueError, match="penalty"):
        change_points([1, 2, 3, 4, 5], penalty=-1)
    x = np.ones((4, 12))
    for counts, options, said in [
        (x[0], {}, "areas by periods"), (x[:1], {}, "two areas"), (-x, {}, "-1"), (x, {"at": 12}, "12"),
        (x, {"at": 0}, "0"),
        (x, {"window": 0}, "window"), (x, {"nearly": 0}, "nearly"), (x, {"exposure": np.ones((2, 2))}, "exposure"),
        (x, {"areas": ["a"]}, "areas must have one name"), (x * 0, {}, "nothing"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=said):
            shared_change(counts, **options)


@pytest.mark.parametrize(
    "x",
    [[0, 0, 0, 5], [5, 0, 0, 0], [0] * 11 + [1], [7] * 12, [0, 0, 0, 0, 4, 4, 4, 4], [1e9, 1e9, 2e9, 2e9, 2e9], [0.5] * 9],
)
def test_odd_series_have_answers(x: list[float]) -> None:
    for result in (change_point(x), change_points(x)):
        assert 0 < result.p_value <= 1
        assert result.explain()
        json.dumps(result.to_json(), allow_nan=False)
    assert change_point(x, exposure=np.arange(1, len(x) + 1)).p_value > 0


def some_results() -> list[Figures]:
    rng = np.random.default_rng(1)
    area = rng.poisson(8, (30, 30))
    area[:, 18:] = rng.poisson(18, (30, 12))
    months = [f"{2020 + i // 12}-{i % 12 + 1:02d}" for i in range(30)]
    quiet = rng.poisson(5, 30)
    return [
        change_point(COAL, labels=YEARS, draws=99),
        change_point(quiet, draws=99),
        change_point([0, 0, 0, 0, 0, 0, 9, 8, 7, 9, 11, 8, 6], draws=99),
        change_points(area.sum(0), labels=months),
        change_points(quiet),
        shared_change(area, labels=months),
        shared_change(area[:, :18], labels=months[:18]),
    ]


@pytest.mark.parametrize("result", some_results(), ids=lambda r: r.type_name)
def test_results_show_themselves_and_come_back_from_json(result: Figures) -> None:
    text = json.dumps(result.to_json(), allow_nan=False)
    back = read(json.loads(text))
    assert type(back) is type(result)
    assert json.dumps(back.to_json()) == text
    for language in ("en", "cy"):
        assert "<svg" in chart_svg(result.chart(language), language, "A chart")
        assert result.explain(language)
    result.table().to_csv()


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [1.3, 2.0])
@pytest.mark.parametrize("at", [6, 20, 32])
def test_coverage_over_sizes_and_places(ratio: float, at: int) -> None:
    rng = np.random.default_rng(int(ratio * 10) + at)
    month, truth, series = 0, 0, 400
    for i in range(series):
        size = np.where(np.arange(40) < at, 10.0, 10.0 * ratio)
        change = change_point(rng.negative_binomial(size, 0.5), draws=199, seed=i)
        month += change.interval[0] <= at <= change.interval[1]
        truth += change.ratio_interval[0] <= ratio <= change.ratio_interval[1]
    assert month / series >= 0.93
    assert truth / series >= 0.93
