"""Near repeats: the published cases, the slow twins, calibration, and what is refused."""

from __future__ import annotations

import csv
import json
import math
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as ss

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
sys.path.insert(0, str(Path(__file__).parent.parent.parent / "benchmarks"))
import slow_knox

from forestall.report.charts import chart_svg
from forestall.results import read
from forestall.stats import _knox_input, _knox_pairs
from forestall.stats import _knox_moments as moments
from forestall.stats._knox_layout import lay_out
from forestall.stats.knox import NearRepeat, near_repeat


def burkitt(shared: Path) -> tuple[list[float], list[float], list[float]]:
    """Places and days of the cases of Burkitt's lymphoma in the West Nile district."""
    data = (shared / "data" / "validation" / "burkitt" / "burkitt.dbf").read_bytes()
    n, head, length = struct.unpack("<IHH", data[4:12])
    columns, at = {}, 1
    for i in range(32, head - 1, 32):
        columns[data[i : i + 11].split(b"\0")[0].decode()] = slice(at, at + data[i + 16])
        at += data[i + 16]
    rows = [data[head + k * length : head + (k + 1) * length] for k in range(n)]
    x, y, t = ([float(row[columns[name]]) for row in rows] for name in ("X", "Y", "T"))
    return x, y, t


def arson(shared: Path) -> tuple[list[float], list[float], Any]:
    with (shared / "data" / "validation" / "near_repeat" / "chicago_arson.csv").open() as f:
        rows = list(csv.DictReader(f))
    x, y = [float(r["x"]) for r in rows], [float(r["y"]) for r in rows]
    return x, y, np.array([r["date"] for r in rows], "datetime64[D]")


def test_burkitt_s_lymphoma_as_published(shared: Path) -> None:
    """PySAL: 13 pairs up to 20 units and 5 days; there p 0.1462 is the Poisson chance of *more* than 13."""
    x, y, t = burkitt(shared)
    found = near_repeat(x, y, t, space_bands=[0, math.nextafter(20, 21)], time_bands=[0, 6])
    near = found.observed[:-1, 0].sum(), found.expected[:-1, 0].sum()
    assert near[0] == 13
    assert round(float(ss.poisson.sf(13, near[1])), 4) == 0.1462
    assert near_repeat(x, y, t, space_bands=[0, 20], time_bands=[0, 6]).observed[:-1, 0].sum() == 13


def test_chicago_s_arsons_as_published(shared: Path) -> None:
    x, y, t = arson(shared)
    found = near_repeat(x, y, t, space_bands=[0, 200, 400, 600], time_bands=[0, 1, 2, 3], metric="manhattan")
    assert len(x) == 522
    assert found.observed[1, 0] == 9
    assert round(float(found.ratio[1, 0]), 2) == 53.04
    assert found.flagged[1, 0]
    assert str(found.time_labels[0]) == "same day"  # where the Near Repeat Calculator says "0 to 1 days"
    assert found.tied[1] == 9
    # The table of docs/methods/near-repeat.md; the calculator labels these columns one day on.
    assert found.observed[0].tolist() == [0, 2, 0, 8]
    assert found.observed[1, :3].tolist() == [9, 1, 1]
    assert found.p_adjusted[1, 1] > 0.5


def events(lowest: int, most: int) -> st.SearchStrategy[list[tuple[float, float, float]]]:
    """Events with many at one place and on one day."""
    place = st.integers(0, 6) | st.floats(0, 6)
    return st.lists(st.tuples(place, place, st.integers(0, 9) | st.floats(0, 9)), min_size=lowest, max_size=most)


EDGES = st.lists(st.sampled_from([0.5, 1.0, 2.0, 2.5, 4.0, 7.0]), min_size=1, max_size=3, unique=True)


@given(events(2, 40), EDGES, EDGES, st.sampled_from(["euclidean", "manhattan"]), st.booleans())
@settings(max_examples=150, deadline=None)
def test_every_pair_is_counted_in_its_cell(
    rows: list[tuple[float, float, float]], space: list[float], time: list[float], metric: Any, apart: bool
) -> None:
    x, y, t = zip(*rows, strict=True)
    s, w = [0.0, *sorted(space)], [0.0, *sorted(time)]
    found = near_repeat(x, y, t, space_bands=s, time_bands=w, metric=metric, same_day="apart" if apart else "together")
    assert found.observed.tolist() == slow_knox.counts(x, y, t, s, w, metric, apart)


@given(events(2, 6), EDGES, EDGES, st.sampled_from(["euclidean", "manhattan"]), st.booleans())
@settings(max_examples=40, deadline=None)
def test_mean_variance_and_skewness_are_those_over_all_orders(
    rows: list[tuple[float, float, float]], space: list[float], time: list[float], metric: Any, apart: bool
) -> None:
    x, y, t = zip(*rows, strict=True)
    s, w = [0.0, *sorted(space)], [0.0, *sorted(time)]
    found = near_repeat(x, y, t, space_bands=s, time_bands=w, metric=metric, same_day="apart" if apart else "together")
    slow = np.array(slow_knox.moments(x, y, t, s, w, metric, apart), float)
    np.testing.assert_allclose(found.expected, slow[..., 0], atol=1e-12)
    np.testing.assert_allclose(found.variance, slow[..., 1], atol=1e-12)
    np.testing.assert_allclose(found.skewness * found.variance**1.5, slow[..., 2], atol=1e-9)


def crowded(n: int, seed: int = 0) -> tuple[Any, Any, Any]:
    """Clustered and snapped places, days of uneven weight."""
    rng = np.random.default_rng(seed)
    place = rng.uniform(0, 2000, (12, 2))[rng.choice(12, n, p=rng.dirichlet(np.ones(12)))]
    x, y = np.round(place + rng.normal(0, 120, (n, 2)), -1).T
    return x, y, rng.choice(120, n, p=rng.dirichlet(np.ones(120)))


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
def test_large_sets_are_counted_as_numpy_counts_them(metric: Any) -> None:
    """Boxes of many pairs, heavy places and runs of equal days are all met here."""
    x, y, t = crowded(2000)
    x[:500], y[:500] = 500, 500
    x[500:900], y[500:900] = 560, 500
    s, w = [0, 60, 150, 400], [0, 1, 7, 30]
    found = near_repeat(x, y, t, space_bands=s, time_bands=w, metric=metric)
    dx, dy = np.abs(x[:, None] - x), np.abs(y[:, None] - y)
    key = dx + dy if metric == "manhattan" else np.sqrt(dx**2 + dy**2)
    rows = np.where((dx == 0) & (dy == 0), 0, np.searchsorted(s, key, side="right"))
    columns = np.searchsorted(w, np.abs(t[:, None] - t), side="right") - 1
    upper = np.triu_indices(t.size, 1)
    slow = np.zeros((5, 4), int)
    np.add.at(slow, (rows[upper], columns[upper]), 1)
    assert found.observed.tolist() == slow.tolist()


@pytest.mark.parametrize("wide", [False, True], ids=["by place", "by time"])
def test_shuffles_agree_with_the_moments(wide: bool) -> None:
    """Both ways of shuffling (the list of close places, or of close times, whichever is shorter)."""
    x, y, t = crowded(300)
    bands = ([0, 800, 2000], [0, 1, 2]) if wide else ([0, 50, 150], [0, 3, 10])
    found = near_repeat(x, y, t, space_bands=bands[0], time_bands=bands[1], permutations=4000, seed=3)
    assert found.p_permutation is not None
    np.testing.assert_array_equal(found.p_value, found.p_permutation)
    assert found.p_source == "permutations"
    np.testing.assert_allclose(found.p_permutation, found.p_moments, atol=0.04)
    assert found.p_value.min() >= 1 / 4001
    assert found.p_value.max() <= 1
    np.testing.assert_array_equal(np.round(found.p_value * 4001), np.round(found.p_value * 4001, 6))


@pytest.mark.parametrize("wide", [False, True], ids=["by place", "by time"])
def test_shuffled_counts_have_the_exact_mean_and_variance(wide: bool) -> None:
    x, y, t = crowded(200, seed=5)
    t = t + np.random.default_rng(1).random(t.size)
    s, w = ([0.0, 800, 2000], [0.0, 1, 2]) if wide else ([0.0, 50, 150], [0.0, 3, 10])
    found = near_repeat(x, y, t, space_bands=s, time_bands=w)
    pairs = _knox_pairs.Pairs(lay_out(x, y), t, np.array(s[1:]) ** 2, np.array(w[1:]), False, 11)
    pairs.space_shapes(), pairs.time_shapes()
    draws = pairs.shuffled(5000, None)
    np.testing.assert_array_less(
        np.abs(draws.mean(0) - found.expected[:-1, :-1]), 4.5 * np.sqrt(found.variance[:-1, :-1] / 5000) + 1e-9
    )
    np.testing.assert_allclose(draws.var(0), found.variance[:-1, :-1], rtol=0.15, atol=1e-9)


def test_the_same_seed_gives_the_same_answer_and_progress_is_told() -> None:
    x, y, t = crowded(400)
    told: list[tuple[int, int]] = []
    first = near_repeat(x, y, t, space_bands=[0, 100], time_bands=[0, 7], permutations=99, seed=4,
                        progress=lambda done, all_: told.append((done, all_)))  # fmt: skip
    again = near_repeat(x, y, t, space_bands=[0, 100], time_bands=[0, 7], permutations=99, seed=4)
    other = near_repeat(x, y, t, space_bands=[0, 100], time_bands=[0, 7], permutations=99, seed=5)
    np.testing.assert_array_equal(first.p_value, again.p_value)
    assert (first.p_value != other.p_value).any()
    assert told[-1] == (99, 99)


def test_sampled_triangles_come_near_the_exact_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y, t = crowded(1500)
    exact = near_repeat(x, y, t, space_bands=[0, 60, 150, 300], time_bands=[0, 3, 10])
    monkeypatch.setattr(_knox_pairs, "EXACT_TRIPLES", 0.0)
    sampled = near_repeat(x, y, t, space_bands=[0, 60, 150, 300], time_bands=[0, 3, 10])
    np.testing.assert_array_equal(sampled.variance, exact.variance)
    np.testing.assert_allclose(sampled.skewness, exact.skewness, rtol=0.1, atol=0.01)
    np.testing.assert_allclose(sampled.p_value, exact.p_value, atol=0.005)


def test_the_tail_of_two_moments_is_the_usual_one() -> None:
    """Where the third moment is the negative binomial's, Poisson's or binomial's own, so is the tail."""
    k = np.arange(1, 40)
    m, v = 5.0, 9.0
    nb = moments.upper_tail(k, moments.Moments(m, v, v * (2 * v / m - 1)))
    np.testing.assert_allclose(nb, ss.nbinom(m * m / (v - m), m / v).sf(k - 1).clip(1e-12), rtol=1e-8)
    poisson = moments.upper_tail(k, moments.Moments(m, m, m))
    np.testing.assert_allclose(poisson, ss.poisson(m).sf(k - 1).clip(1e-12), rtol=1e-8)
    b = ss.binom(40, 0.2)
    binomial = moments.upper_tail(k, moments.Moments(8.0, 6.4, 6.4 * 0.6))
    np.testing.assert_allclose(binomial, b.sf(k - 1).clip(1e-12), rtol=1e-7, atol=1e-12)


def test_planted_near_repeats_are_found() -> None:
    rng = np.random.default_rng(2)
    x, y, t = rng.uniform(0, 5000, 400), rng.uniform(0, 5000, 400), np.floor(rng.uniform(0, 365, 400))
    x[200:220], y[200:220], t[200:220] = x[:20] + 30, y[:20], t[:20] + 3
    found = near_repeat(x, y, t, space_bands=[0, 100, 200], time_bands=[0, 7, 14])
    assert found.flagged.tolist() == [[False] * 3, [True, False, False], [False] * 3, [False] * 3]


def test_under_the_null_small_p_values_are_as_rare_as_they_say() -> None:
    """A short sample of benchmarks/knox_calibration.py, which has the full sweep."""
    import knox_calibration

    told = knox_calibration.sweep(sets=3, shuffles=400, seed=1, sizes=(30, 200))
    for world, tally in told.items():
        for bound, share, error in tally.shares():
            assert share <= bound + 4 * error, (world, bound, share)
        assert abs(tally.middle - 0.5) < 0.03, (world, tally.middle)


@pytest.mark.slow
def test_under_the_null_small_p_values_are_as_rare_as_they_say_in_full() -> None:
    import knox_calibration

    told = knox_calibration.sweep(sets=20, shuffles=2000, seed=7)
    for world, tally in told.items():
        for bound, share, error in tally.shares():
            assert share <= bound + 3 * error, (world, bound, share)


def test_the_lowest_p_of_all_cells_is_adjusted_to_be_fair() -> None:
    x, y, t = crowded(150, seed=8)
    rng = np.random.default_rng(0)
    lowest = np.array(
        [
            [
                np.nanmin(near_repeat(x, y, rng.permutation(t), space_bands=[0, 50, 150], time_bands=[0, 3, 10],
                                      permutations=n, seed=k).p_adjusted)
                for n in (0, 99)
            ]
            for k in range(150)
        ]
    )  # fmt: skip
    assert (lowest[:, 0] <= 0.05).mean() <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 150)
    assert (lowest[:, 1] <= 0.05).mean() <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 150)


def example(permutations: int = 0) -> NearRepeat:
    x, y, t = crowded(250)
    return near_repeat(x, y, t, space_bands=[0, 50, 150], time_bands=[0, 1, 7], permutations=permutations, seed=1)


@pytest.mark.parametrize("permutations", [0, 99])
def test_it_comes_back_from_json(permutations: int) -> None:
    before = example(permutations)
    text = json.dumps(before.to_json(), allow_nan=False)
    after = read(json.loads(text))
    assert isinstance(after, NearRepeat)
    assert json.dumps(after.to_json()) == text
    np.testing.assert_array_equal(after.observed, before.observed)
    assert (after.p_permutation is None) == (permutations == 0)


def test_it_shows_and_explains_itself() -> None:
    found = example()
    table = found.table()
    assert len(table.rows) == 4 * 3
    assert table.to_csv().splitlines()[0] == "distance,gap,observed,expected,ratio,p_value,p_adjusted"
    svg = chart_svg(found.chart(), "en", "Near repeats")
    assert "same location" in svg
    assert "one-sided" in found.explain()
    assert "originator" in found.explain()
    assert "No clear near repeats" in near_repeat([0, 9, 50], [0, 0, 0], [0, 50, 90], space_bands=[0, 10],
                                                  time_bands=[0, 7]).explain()  # fmt: skip
    assert [str(m) for m in found.space_labels][1] == "under 50 m, not the same location"


def test_bands_are_half_open_and_the_same_location_is_its_own() -> None:
    found = near_repeat([0, 0, 100, 0], [0, 0, 0, 200], [0, 7, 7, 14], space_bands=[0, 100, 200], time_bands=[0, 7, 14])
    assert found.observed.tolist() == [[0, 1, 0], [0, 0, 0], [1, 1, 0], [0, 2, 1]]


def test_the_same_day_stands_apart_on_request_and_in_whole_days() -> None:
    t = np.array(["2024-01-01T23:50", "2024-01-02T00:10", "2024-01-02T22:00"], "datetime64[m]")
    x = y = np.zeros(3)
    together = near_repeat(x, y, t, space_bands=[0, 100], time_bands=[0, 1, 7])
    apart = near_repeat(x, y, t, space_bands=[0, 100], time_bands=[0, 7], same_day="apart")
    assert together.observed[0].tolist() == [3, 0, 0]
    assert apart.observed[0].tolist() == [1, 2, 0]
    assert [str(m) for m in apart.time_labels] == ["same day", "under 7 days, not the same day", "7 days and more"]


@pytest.mark.parametrize("unit", ["s", "us", "ns", "D"])
def test_gaps_between_instants_are_exact(unit: str) -> None:
    """A day is a day, to the second, and not a rounded fraction of one."""
    base = np.datetime64("2024-03-01T07:00:01")
    t = (base + np.arange(50) * np.timedelta64(1, "D")).astype(f"datetime64[{unit}]")
    found = near_repeat(np.zeros(50), np.zeros(50), t, space_bands=[0, 1], time_bands=[0, 1, 2])
    assert found.observed[0].tolist() == [0, 49, 50 * 49 // 2 - 49]


@pytest.mark.parametrize(("x", "y"), [([3.0] * 30, [4.0] * 30), (list(range(30)), [0.0] * 30)])
@pytest.mark.parametrize("t", [[5.0] * 30, list(range(30))])
def test_all_at_one_place_or_one_time_is_no_pattern(x: list[float], y: list[float], t: list[float]) -> None:
    found = near_repeat(x, y, t, space_bands=[0, 2], time_bands=[0, 2], permutations=19)
    if len(set(x)) == 1 or len(set(t)) == 1:
        np.testing.assert_array_equal(found.p_moments, 1)
        np.testing.assert_array_equal(found.p_value, 1)
        np.testing.assert_array_equal(found.variance, 0)
    assert found.observed.sum() == 30 * 29 // 2
    assert found.explain()
    assert chart_svg(found.chart(), "en", "x")


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_a_handful_of_events(n: int) -> None:
    found = near_repeat(range(n), range(n), range(n), space_bands=[0, 2], time_bands=[0, 2], permutations=9)
    assert ((found.p_value > 0) & (found.p_value <= 1)).all()
    assert found.observed.sum() == n * (n - 1) // 2


def test_a_stray_point_is_told_and_harms_nothing() -> None:
    x, y, t = crowded(300)
    x, y = x + 330_000.0, y + 180_000.0
    clean = near_repeat(x, y, t, space_bands=[0, 100], time_bands=[0, 7])
    strayed = near_repeat([*x, 0], [*y, 0], [*t, 5], space_bands=[0, 100], time_bands=[0, 7])
    np.testing.assert_array_equal(strayed.observed[:-1, 0], clean.observed[:-1, 0])
    assert {c.name: c.passed for c in strayed.checks}["places"] is False
    assert {c.name: c.passed for c in clean.checks}["places"] is True


GOOD: dict[str, Any] = {"x": [0, 1, 2], "y": [0, 1, 2], "t": [0, 1, 2], "space_bands": [0, 1], "time_bands": [0, 1]}


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"x": [0, math.nan, 2]}, "event 1 has nan"),
        ({"y": [0, 1, math.inf]}, "event 2 has inf"),
        ({"t": [0, 1, math.nan]}, "leave out events without a time"),
        ({"t": np.array(["2024-01-01", "NaT", "2024-01-02"], "datetime64[D]")}, "event 1 has no time"),
        ({"t": [0, 1]}, "3 events"),
        ({"x": [0, 1]}, "one length"),
        ({"x": [], "y": [], "t": []}, "found 0"),
        ({"x": [1], "y": [1], "t": [1]}, "found 1"),
        ({"space_bands": [100, 200]}, "begin at 0, not 100"),
        ({"space_bands": [0, 200, 100]}, "0, 200, 100"),
        ({"space_bands": [0, math.inf]}, "finite"),
        ({"space_bands": [0]}, "two edges or more"),
        ({"space_bands": [0, 1e-200]}, "too small"),
        ({"time_bands": [0, 1, 1]}, "rise"),
        ({"time_bands": [-1, 1]}, "begin at 0, not -1"),
        ({"time_bands": [0, math.nan]}, "finite"),
        ({"metric": "great circle"}, "great circle"),
        ({"precision": "month"}, "known to the month only"),
        ({"t": np.array(["2024-01", "2024-02", "2024-03"], "datetime64[M]")}, "known to the month only"),
        ({"precision": "hour"}, "hour"),
        ({"precision": "day", "t": [0, 1.5, 2]}, "event 1 has 1.5"),
        ({"permutations": -1}, "-1"),
        ({"permutations": 9.5}, "9.5"),
        ({"same_day": "no"}, "no"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(bad: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        near_repeat(**{**GOOD, **bad})


def test_too_many_events_and_too_many_pairs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_knox_pairs, "MOST_PAIRS", 10)
    x, y, t = crowded(300)
    with pytest.raises(ValueError, match="permutations=0"):
        near_repeat(x, y, t, space_bands=[0, 100], time_bands=[0, 60], permutations=9)
    monkeypatch.setattr(_knox_input, "MOST_EVENTS", 100)
    with pytest.raises(ValueError, match="at most 100 events"):
        near_repeat(x, y, t, space_bands=[0, 100], time_bands=[0, 60])
