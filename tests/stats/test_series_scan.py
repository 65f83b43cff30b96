"""The force-wide test: how often it fires on nothing, and that it finds what is there."""

from __future__ import annotations

import json

import numpy as np
import pytest

from forestall.report.charts import chart_svg
from forestall.results import read
from forestall.stats.series_scan import series_rise

MONTHS = np.arange(36)
OF_YEAR = MONTHS % 12 + 1
SEASON = 1 + 0.25 * np.sin(2 * np.pi * OF_YEAR / 12)


@pytest.mark.parametrize(("dispersion", "seasonal"), [(1.0, False), (1.0, True), (6.0, True)])
def test_a_5_percent_test_fires_about_5_percent_of_the_time(dispersion: float, seasonal: bool) -> None:
    rng = np.random.default_rng(21)
    mean = 300 * (SEASON if seasonal else np.ones(36))
    draws, fired = 300, 0
    for i in range(draws):
        counts = rng.poisson(mean) if dispersion == 1 else rng.negative_binomial(mean / (dispersion - 1), 1 / dispersion)
        rise = series_rise(counts, windows=6, period_of_year=OF_YEAR if seasonal else None, draws=499, seed=i)
        assert rise is not None
        fired += rise.p_value <= 0.05
    assert fired <= 28  # 5 % of 300 is 15, and a binomial passes 28 once in a thousand


def test_a_rise_is_found_with_its_months_and_size() -> None:
    counts = np.random.default_rng(1).poisson(300 * SEASON * np.where(MONTHS >= 33, 1.5, 1.0))
    rise = series_rise(counts, windows=6, period_of_year=OF_YEAR, seed=1)
    assert rise is not None
    assert rise.periods == 3
    assert rise.p_value < 0.001
    assert rise.interval[0] < 1.5 < rise.interval[1]
    assert rise.observed == counts[-3:].sum()


def test_a_season_alone_is_no_rise() -> None:
    counts = np.random.default_rng(2).poisson(300 * SEASON)
    rise = series_rise(counts[:28], windows=3, period_of_year=OF_YEAR[:28], seed=1)
    assert rise is not None
    assert rise.seasonal
    assert rise.p_value > 0.01


def test_months_set_aside_count_in_nothing() -> None:
    counts = np.random.default_rng(3).poisson(300.0 * np.ones(36))
    counts[10:14] = 5000
    keep = np.ones(36, bool)
    keep[10:14] = False
    rise = series_rise(counts, windows=6, periods=keep, seed=1)
    assert rise is not None
    assert np.isnan(rise.fitted[10:14]).all()
    assert rise.expected / rise.periods == pytest.approx(300, rel=0.05)


def test_less_than_a_year_of_history_is_not_known() -> None:
    assert series_rise(np.ones(12), windows=6) is None


@pytest.mark.parametrize("bad", [[[1, 2]], [1, -1], [1, float("nan")]])
def test_counts_that_cannot_be_are_refused(bad: list) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        series_rise(bad)


@pytest.mark.parametrize("language", ["en", "cy"])
def test_a_rise_shows_itself_and_comes_back_from_json(language: str) -> None:
    counts = np.random.default_rng(3).poisson(20, 36)
    periods = np.ones(36, bool)
    periods[4] = False
    found = series_rise(counts, periods=periods, seed=1)
    assert found is not None
    back = read(json.loads(json.dumps(found.to_json(), allow_nan=False)))
    assert back.to_json() == found.to_json()
    assert found.table().rows[4][1] is None
    assert "<svg" in chart_svg(found.chart(language), language, "series")
