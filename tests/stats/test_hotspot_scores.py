"""Scores of forecasts: by hand, every order of ties, exact intervals, and honesty about the naive one."""

from __future__ import annotations

import csv
import gzip
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as ss

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_hotspots as slow

from forestall.report.charts import chart_svg
from forestall.results import read
from forestall.stats.hotspot_scores import HotspotAccuracy, _mcnemar, hotspot_accuracy, taken
from forestall.stats.hotspots import forecast_hotspots


def test_pai_and_pei_by_hand() -> None:
    """Ten cells, 20 later events. The riskiest cell holds 5, the two riskiest 7; the two fullest hold 5 + 6 = 11."""
    risk = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    later = [5, 2, 1, 6, 0, 1, 2, 0, 3, 0]
    scored = hotspot_accuracy(risk, later, shares=(0.1, 0.2, 0.5))
    np.testing.assert_allclose(scored.captured, [5, 7, 14])
    np.testing.assert_allclose(scored.pai, [5 / 20 / 0.1, 7 / 20 / 0.2, 14 / 20 / 0.5])
    np.testing.assert_allclose(scored.best, [6, 11, 18])
    np.testing.assert_allclose(scored.pei, [5 / 6, 7 / 11, 14 / 18])
    exact = ss.binomtest(7, 20).proportion_ci(0.95, method="exact")
    np.testing.assert_allclose(scored.rate_interval[1], [exact.low, exact.high])
    np.testing.assert_allclose(scored.pai_interval[1], np.array([exact.low, exact.high]) / 0.2)


def test_pai_of_places_of_different_size_by_hand() -> None:
    """Places of 1, 3 and 6 km², ranked in that order: half the area is the first, the second and a sixth of the third."""
    scored = hotspot_accuracy([3, 2, 1], [4, 3, 12], areas=[1, 3, 6], shares=(0.1, 0.4, 0.5))
    np.testing.assert_allclose(scored.captured, [4, 7, 7 + 12 / 6])
    np.testing.assert_allclose(scored.pai, [4 / 19 / 0.1, 7 / 19 / 0.4, 9 / 19 / 0.5])
    np.testing.assert_allclose(scored.best, [4, 4 + 3 * 2, 4 + 4 * 2], err_msg="by events per area: the first, the third")


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), min_size=2, max_size=6), st.data())
@settings(max_examples=60, deadline=None)
def test_ties_give_the_mean_over_every_order(places: list[tuple[int, int]], data: st.DataObject) -> None:
    risk, events = [float(r) for r, _ in places], [float(e) for _, e in places]
    if sum(events) == 0:
        return
    k = data.draw(st.integers(1, len(places)))
    scored = hotspot_accuracy(risk, events, shares=(k / len(places),))
    assert scored.captured[0] == pytest.approx(slow.expected_capture(risk, events, k))
    assert scored.best[0] == pytest.approx(slow.best_capture(events, k))


def test_a_flat_risk_is_chance() -> None:
    later = np.random.default_rng(1).poisson(3.0, 200)
    scored = hotspot_accuracy(np.zeros(200), later)
    np.testing.assert_allclose(scored.pai, 1)
    assert "a draw among places of the same risk" in scored.explain()


def test_a_rounding_difference_is_a_tie() -> None:
    part = taken(np.array([0.1 + 0.2, 0.3, 0.1]), np.ones(3), 1 / 3)
    np.testing.assert_allclose(part, [0.5, 0.5, 0])


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_paired_test_is_the_exact_binomial_one(a: int, b: int) -> None:
    expected = ss.binomtest(a, a + b).pvalue if a + b else 1.0
    assert _mcnemar(a, b) == pytest.approx(expected, rel=1e-9)


def test_a_forecast_that_does_not_beat_the_naive_one_says_so() -> None:
    rng = np.random.default_rng(2)
    level = rng.gamma(0.3, 10.0, 400)
    naive, later = rng.poisson(level), rng.poisson(level / 10)
    worse = hotspot_accuracy(rng.permutation(naive), later, naive=naive)
    assert worse.verdict == "worse"
    assert "worse than last year's counts" in worse.explain()
    same = hotspot_accuracy(naive, later, naive=naive)
    assert (same.verdict, same.beats_naive) == ("unclear", False)
    assert "does not beat last year's counts, which held as much" in same.explain()
    much = rng.poisson(level * 3)
    better = hotspot_accuracy(level, much, naive=rng.permutation(naive))
    assert better.beats_naive
    assert "It beats last year's counts" in better.explain()
    alone = hotspot_accuracy(level, later)
    assert alone.verdict == "not compared"
    assert "nobody knows whether it is worth more" in alone.explain()
    assert [c.passed for s in (worse, same, better, alone) for c in s.checks if c.name == "naive"] == [
        False,
        False,
        True,
        False,
    ]


def test_a_forecast_brings_its_naive_rival_along() -> None:
    rng = np.random.default_rng(3)
    x, y = np.clip(rng.normal(2000, 500, (2, 3000)), 0, 3999)
    t = rng.uniform(0, 500, 3000)
    forecast = forecast_hotspots(x, y, t, at=440, horizon=60, bounds=(0, 0, 4000, 4000))
    scored = hotspot_accuracy(forecast, forecast.later(x, y, t))
    assert scored.verdict in ("better", "worse", "unclear")
    by_hand = hotspot_accuracy(forecast.last_year, forecast.later(x, y, t))
    np.testing.assert_allclose(scored.naive_captured, by_hand.captured)
    naive = forecast_hotspots(x, y, t, method="last_year", at=440, horizon=60, bounds=(0, 0, 4000, 4000))
    assert hotspot_accuracy(naive, naive.later(x, y, t)).verdict == "is the naive"


def test_weighted_events_have_no_interval_and_say_so() -> None:
    scored = hotspot_accuracy([3.0, 2.0, 1.0], [0.5, 10.25, 3.0], naive=[1.0, 2.0, 3.0], shares=(1 / 3,))
    assert np.isnan(scored.rate_interval).all()
    assert scored.verdict == "not known"
    assert "of weighted events" in scored.explain()


def test_events_where_nothing_is_known_are_counted_apart() -> None:
    scored = hotspot_accuracy([[1.0, math.nan], [3.0, 2.0]], [[1, 4], [6, 3]], shares=(1 / 3,))
    assert (scored.events, scored.places, scored.captured[0]) == (10, 3, 6)
    assert "4 later events lie where the risk is not known" in scored.explain()


@pytest.mark.parametrize("events", [10, 60])
def test_a_95_percent_interval_covers_95_percent(events: int) -> None:
    rng = np.random.default_rng(5)
    share = rng.dirichlet(np.full(50, 0.5))
    risk = rng.permutation(50)
    truth = share[np.argsort(-risk)][:5].sum()
    covered = 0
    for _ in range(400):
        low, high = hotspot_accuracy(risk, rng.multinomial(events, share), shares=(0.1,)).rate_interval[0]
        covered += low <= truth <= high
    assert 0.935 <= covered / 400 <= 1.0


def rivals(rng: np.random.Generator, events: int, draws: int, lead: float) -> tuple[float, float]:
    """How often a rival is called better or worse, and how often the interval covers the true difference, which is
    ``lead``."""
    share = np.full(100, 0.01)
    share[:10] += lead / 20
    share[10:20] -= lead / 20
    one, two = np.zeros(100), np.zeros(100)
    one[:10], two[10:20] = 1, 1
    called = covered = 0
    for _ in range(draws):
        scored = hotspot_accuracy(one, rng.multinomial(events, share), naive=two, shares=(0.1,))
        called += scored.verdict != "unclear"
        low, high = scored.difference_interval[0]
        covered += low <= lead <= high
    return called / draws, covered / draws


def test_equal_rivals_are_seldom_called_different_and_intervals_cover() -> None:
    called, covered = rivals(np.random.default_rng(6), 120, 400, 0.0)
    assert called <= 0.07
    assert covered >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize("events", [15, 40, 120, 500])
@pytest.mark.parametrize("lead", [0.0, 0.05, 0.15])
def test_the_paired_comparison_is_calibrated(events: int, lead: float) -> None:
    called, covered = rivals(np.random.default_rng(events), events, 2000, lead)
    assert covered >= 0.94
    if lead == 0:
        assert called <= 0.06


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"events": [1, 2]}, r"events_later has the shape \(2,\) and risk \(3,\)"),
        ({"events": [1, -2, 3]}, "counts of 0 or more wherever the risk is known, not -2"),
        ({"events": [1, math.nan, 3]}, "not nan"),
        ({"events": [0, 0, 0]}, "no later events"),
        ({"risk": [math.nan] * 3}, "known nowhere"),
        ({"risk": [1, math.inf, 0]}, "infinite"),
        ({"areas": [1, 0, 1]}, "areas must be above 0 wherever the risk is known, not 0"),
        ({"areas": [1, 1]}, "areas has the shape"),
        ({"shares": (0.2, 0.1)}, r"shares must rise, .*not \[0.2, 0.1\]"),
        ({"shares": (0.0, 0.1)}, "shares must rise"),
        ({"shares": ()}, "shares must rise"),
        ({"judged_at": 0.3}, "judged_at must be one of the shares"),
        ({"level": 95}, "level must be between 0 and 1"),
        ({"naive": [1, 2]}, "naive has the shape"),
        ({"naive": [1, 2, math.nan]}, "naive must be a number wherever"),
    ],
)
def test_input_that_cannot_be_is_quoted_with_the_remedy(options: dict[str, Any], said: str) -> None:
    given = {"risk": [3, 2, 1], "events": [1, 2, 3], **options}
    with pytest.raises(ValueError, match=said):
        hotspot_accuracy(given.pop("risk"), given.pop("events"), **given)


def test_an_accuracy_comes_back_from_json_and_draws() -> None:
    rng = np.random.default_rng(8)
    level = rng.gamma(0.5, 1.0, 300)
    for naive in (None, rng.poisson(level)):
        scored = hotspot_accuracy(level, rng.poisson(level), naive=naive)
        again = read(json.loads(json.dumps(scored.to_json(), allow_nan=False)))
        assert isinstance(again, HotspotAccuracy)
        np.testing.assert_array_equal(again.captured, scored.captured)
        assert again.explain() == scored.explain()
        assert len(scored.table().rows) == 5
        assert len(scored.table().columns) == len(scored.table().rows[0])
        for language in ("en", "cy"):
            assert "<svg" in chart_svg(scored.chart(language), language, "title")


def test_on_real_gwent_a_month_s_counts_do_not_beat_last_year_s(shared: Path) -> None:
    """Shoplifting by LSOA, twelve months before 2022-02 against the month before it; scored on the months to May 2022,
    before the map points were replaced. Months are enough for counts of places."""
    counts: dict[str, np.ndarray] = {}
    months = [f"{2021 + m // 12}-{m % 12 + 1:02d}" for m in range(1, 18)]
    for k, month in enumerate(months):
        file = shared / "data" / "police_uk" / "gwent" / f"{month}-gwent-street.csv.gz"
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                if row["Crime type"] == "Shoplifting" and row["LSOA code"]:
                    counts.setdefault(row["LSOA code"], np.zeros(len(months)))[k] += 1
    table = np.array(list(counts.values()))
    year, month, later = table[:, :12].sum(1), table[:, 11], table[:, 12:].sum(1)
    scored = hotspot_accuracy(month, later, naive=year)
    assert scored.verdict in ("unclear", "worse")
    assert scored.naive_captured.sum() > scored.captured.sum()
    assert "last year's counts" in scored.explain()
    assert 2 < hotspot_accuracy(year, later).pai[2] < 20
