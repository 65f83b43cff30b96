"""Times on a circle: Zar's published examples, SciPy, definitions gone through one by one, and how often tests fire."""

from __future__ import annotations

import csv
import gzip
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as ss

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_circular as slow

from forestall.report.charts import chart_svg
from forestall.results import read
from forestall.stats.circular import Circular, circular_difference, circular_summary, rayleigh_p, watson_p

TREES = [45, 55, 81, 96, 110, 117, 132, 154]
ONE = [35, 45, 50, 55, 60, 70, 85, 95, 105, 120]
TWO = [75, 80, 90, 100, 110, 130, 135, 140, 150, 155, 165]


def test_rayleigh_s_test_gives_the_published_answer() -> None:
    """Zar 2010, examples 26.2, 26.4 and 27.1: mean 99°, r 0.82522, angular deviation and z 5.448, 0.001 < p < 0.002."""
    found = circular_summary(TREES, period=360)
    assert round(found.mean) == 99
    assert found.resultant == pytest.approx(0.82522, abs=5e-6)
    assert found.rayleigh == pytest.approx(5.448, abs=5e-4)
    assert 0.001 < found.p_value < 0.002
    assert found.spread == pytest.approx(math.degrees(math.sqrt(-2 * math.log(0.82522))), abs=1e-3)


def test_watson_s_two_samples_give_the_published_answer() -> None:
    """Zar 2010, example 27.10: U² 0.1458 (worked by hand from rounded terms; 0.14574 unrounded), 0.10 < p < 0.20."""
    found = circular_difference(ONE, TWO, period=360, draws=9999)
    assert found.u2 == pytest.approx(0.1458, abs=1e-4)
    assert found.u2 == pytest.approx(slow.watson_u2(ONE, TWO))
    assert 0.10 < found.p_value < 0.20
    assert 0.10 < found.p_asymptotic < 0.20


angles = st.lists(st.floats(0, 24, exclude_max=True), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(angles)
def test_mean_and_variance_are_scipy_s(hours: list[float]) -> None:
    found = circular_summary(hours)
    assert found.variance == pytest.approx(ss.circvar(hours, high=24), abs=1e-9)
    if found.resultant > 1e-6:
        gap = math.remainder(found.mean - float(ss.circmean(hours, high=24)), 24)
        assert abs(gap) < 1e-6
        assert found.spread == pytest.approx(float(ss.circstd(hours, high=24)), abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 23), min_size=1, max_size=12), st.lists(st.integers(0, 23), min_size=1, max_size=12))
def test_watson_s_statistic_is_its_definition_ties_and_all(a: list[int], b: list[int]) -> None:
    assert circular_difference(a, b, draws=1).u2 == pytest.approx(slow.watson_u2(a, b), abs=1e-12)


@pytest.mark.parametrize("resultant", [0.05, 0.3, 0.6, 0.84, 0.9, 0.99])
def test_kappa_solves_its_equation(resultant: float) -> None:
    n = 1000
    half = math.acos(resultant)
    hours = np.repeat([half, -half], n) * 24 / (2 * math.pi)
    assert circular_summary(hours).kappa == pytest.approx(slow.kappa(resultant), rel=1e-5)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 24, exclude_max=True), st.integers(1, 4)), min_size=1, max_size=12))
def test_whole_weights_are_events_said_again(drawn: list[tuple[float, int]]) -> None:
    hours, times = zip(*drawn, strict=True)
    weighed, said = circular_summary(hours, weights=times), circular_summary(np.repeat(hours, times))
    assert weighed.resultant == pytest.approx(said.resultant, abs=1e-12)
    assert weighed.classes == pytest.approx(said.classes)
    assert weighed.effective <= said.effective + 1e-9


@pytest.mark.parametrize("n", [5, 8, 20, 100])
def test_rayleigh_s_p_is_what_simulation_gives(n: int) -> None:
    rng = np.random.default_rng(n)
    turns = np.exp(1j * rng.uniform(0, 2 * math.pi, (60_000, n))).mean(1)
    p = np.array([rayleigh_p(r, n) for r in np.abs(turns[:20_000])])
    for alpha in (0.5, 0.1, 0.05, 0.01):
        assert (p <= alpha).mean() == pytest.approx(alpha, abs=0.003 + 3 * math.sqrt(alpha / 20_000))


def test_the_limiting_distribution_of_watson_s_statistic() -> None:
    """The upper 10, 5, 2.5 and 1 % points are 0.152, 0.187, 0.222 and 0.268 (Watson 1961)."""
    assert [watson_p(u) for u in (0.152, 0.187, 0.222, 0.268)] == pytest.approx([0.1, 0.05, 0.025, 0.01], rel=0.02)
    assert watson_p(0) == 1
    assert 0 < watson_p(400) < 1e-200


def test_two_samples_of_one_kind_seldom_differ() -> None:
    """Ties and all: hours rounded to fifteen minutes, from one uneven day; both ways of dealing the labels."""
    rng = np.random.default_rng(4)
    runs = 150
    fired = [0, 0]
    for i in range(runs):
        hours = np.round((22 + 3 * rng.standard_normal(160)) * 4) / 4
        for way, size in enumerate((70, 16)):
            found = circular_difference(hours[:size], hours[size : 16 + 2 * size], draws=199, seed=i)
            fired[way] += found.p_value <= 0.05
    assert max(fired) <= 17  # 5 % is 7.5, and a binomial passes 17 less than once in a thousand


def test_both_ways_of_dealing_labels_agree() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 24, 400), (rng.integers(0, 24, 300) + (rng.random(300) < 0.1) * 3) % 24
    fast = circular_difference(a, b, draws=1999)
    plain = circular_difference(a, b, draws=1999, weights=(np.ones(400), np.ones(300)))
    assert fast.u2 == pytest.approx(plain.u2)
    assert fast.p_value == pytest.approx(plain.p_value, abs=4 * math.sqrt(0.25 / 2000))


def test_midnight_is_no_edge() -> None:
    found = circular_summary(np.concatenate([np.linspace(22, 24, 60), np.linspace(0, 2, 60)]))
    assert min(found.mean, 24 - found.mean) < 1e-6
    low, high = found.interval
    assert low > 23
    assert high < 1
    assert len(found.chart()["layer"][0]["data"]["values"]) == 2
    assert "00:00" in found.explain() or "24:00" in found.explain()


def test_the_interval_of_the_mean_covers() -> None:
    rng = np.random.default_rng(9)
    hit = []
    for n, kappa in ((30, 1.0), (100, 0.5), (200, 3.0)):
        for _ in range(200):
            hours = rng.vonmises(0, kappa, n) * 24 / (2 * math.pi) + 23
            found = circular_summary(hours)
            if math.isfinite(found.interval[0]):
                half = math.remainder(found.interval[1] - found.mean, 24)
                hit.append(abs(math.remainder(found.mean - 23, 24)) <= half)
    assert 0.92 <= np.mean(hit) <= 0.975


@pytest.mark.slow
def test_watson_s_test_on_small_and_large_samples() -> None:
    rng = np.random.default_rng(41)
    for n, m in ((5, 7), (20, 200), (500, 400)):
        p = []
        for i in range(1000):
            hours = np.round(rng.vonmises(2, 0.8, n + m) * 24 / (2 * math.pi), 2)
            p.append(circular_difference(hours[:n], hours[n:], draws=199, seed=i).p_value)
        for alpha in (0.05, 0.2, 0.5):
            assert np.mean(np.array(p) <= alpha) <= alpha + 3.3 * math.sqrt(alpha * (1 - alpha) / 1000)


def test_two_opposite_peaks_are_said() -> None:
    rng = np.random.default_rng(3)
    hours = np.concatenate([rng.normal(8, 1, 100), rng.normal(20, 1, 100)])
    found = circular_summary(hours)
    assert found.p_half < 1e-6
    assert {c.name: c.passed for c in found.checks}["one-peak"] is False
    assert "two opposite parts" in found.explain()


def test_a_shift_is_found_with_its_size() -> None:
    rng = np.random.default_rng(6)
    found = circular_difference(rng.normal(1, 2, 300), rng.normal(23, 2, 200), seed=1)
    assert found.p_value == 1 / 1000
    assert found.interval[0] < 2 < found.interval[1]
    assert "+" in found.explain()


def test_san_diego_s_calls_have_an_hour(shared: Path) -> None:
    with gzip.open(shared / "data" / "calls" / "san_diego_calls_for_service.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    at = np.array([r["date_time"] for r in rows], "datetime64[s]")
    found = circular_summary(at)
    seconds = (at - at.astype("datetime64[D]")).astype(int)
    assert found.mean == pytest.approx(float(ss.circmean(seconds / 3600, high=24)), abs=1e-6)
    assert found.classes.tolist() == np.bincount(seconds // 3600, minlength=24).tolist()
    assert found.p_value < 1e-6
    urgent = np.array([r["priority"] in "01" for r in rows])
    found_too = circular_difference(at[urgent], at[~urgent], draws=199)
    assert found_too.events == (int(urgent.sum()), int((~urgent).sum()))
    week = circular_summary(at, period=168)
    assert week.period == 168


def test_it_goes_to_json_and_back_and_draws() -> None:
    one, two = circular_summary(ONE), circular_difference(ONE, TWO, draws=9)
    for found in (one, two):
        text = json.dumps(found.to_json(), allow_nan=False)
        again = read(json.loads(text))
        assert json.dumps(again.to_json()) == text
        assert again.explain("cy")
        assert again.table().rows
        assert chart_svg(again.chart("cy"), "cy", "hours")
    assert isinstance(read(one.to_json()), Circular)
    flat = circular_summary([0, 6, 12, 18])
    assert math.isnan(flat.mean)
    assert "no clear gathering" in flat.explain()
    assert chart_svg(flat.chart(), "en", "hours")
    assert json.dumps(flat.to_json(), allow_nan=False)


def test_one_event_and_identical_times() -> None:
    one = circular_summary([23.5])
    assert one.mean == pytest.approx(23.5)
    assert one.p_value > 0.3
    assert not {c.name: c.passed for c in one.checks}["enough"]
    same = circular_summary([5.0] * 50)
    assert same.resultant == pytest.approx(1)
    assert math.isinf(same.kappa)
    assert 0 < same.p_value < 1e-10
    assert circular_difference([5.0] * 9, [5.0] * 4).p_value == 1


def test_unknown_times_are_counted() -> None:
    found = circular_summary([1.0, math.nan, 3.0, 25.0])
    assert (found.events, found.unknown) == (3, 1)
    clock = circular_summary(np.array(["2024-01-01T06:30", "NaT"], "datetime64[m]"))
    assert clock.mean == pytest.approx(6.5)
    assert "not known: 1." in clock.explain()


@pytest.mark.parametrize(
    ("times", "options", "says"),
    [
        ([], {}, "one or more times"),
        ([math.inf], {}, "row 0 has inf"),
        ([math.nan], {}, "none of the 1 times"),
        ([1.0], {"weights": [-2.0]}, "row 0 has -2.0"),
        ([1.0], {"weights": [0.0]}, "all weights are 0"),
        ([1.0], {"period": 0}, "period must be"),
        ([1.0], {"level": 1}, "level must lie"),
        (np.array(["2024-01-01"], "datetime64[D]"), {}, "without a time of day"),
        (np.array(["2024-01-01T10"], "datetime64[h]"), {"period": 12}, "period of 24 or 168"),
    ],
)
def test_input_that_cannot_be_is_quoted(times: object, options: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        circular_summary(times, **options)  # type: ignore[arg-type]
    if "weights" not in options:
        with pytest.raises(ValueError, match=says.replace("times", r"(times|second)")):
            circular_difference([1.0] if "period" not in options or options["period"] == 0 else times, times, **options)  # type: ignore[arg-type]
