"""Hot-spot forecasts: every event at every cell, and input that can't be."""

from __future__ import annotations

import datetime as dt
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_hotspots as slow

from forestall.report.charts import chart_svg
from forestall.results import read
from forestall.stats.density import kernel_density
from forestall.stats.hotspots import METHODS, HotspotForecast, forecast_hotspots

BOX = (0.0, 0.0, 1000.0, 800.0)
small = st.integers(0, 10**6)


def draw(seed: int, n: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 1000, n), rng.uniform(0, 800, n), rng.uniform(0, 400, n), rng.gamma(2.0, 1.0, n)


@given(small, st.sampled_from([50.0, 75.0, 130.0]), st.floats(60, 900))
@settings(max_examples=25, deadline=None)
def test_prospective_risk_is_every_event_at_every_cell(seed: int, cell: float, reach: float) -> None:
    x, y, t, w = draw(seed)
    ours = forecast_hotspots(x, y, t, at=400, cell=cell, bandwidth=reach, weights=w, bounds=BOX, window=100)
    recent = t >= 300
    twin = slow.prospective(x[recent], y[recent], 400 - t[recent], w[recent], (0, 0), cell, ours.risk.shape, reach)
    np.testing.assert_allclose(ours.risk, twin, rtol=1e-9, atol=1e-12)


@given(small, st.sampled_from([50.0, 80.0]), st.floats(60, 2000))
@settings(max_examples=25, deadline=None)
def test_prospective_risk_by_cells_is_every_event_at_every_cell(seed: int, cell: float, reach: float) -> None:
    x, y, t, w = draw(seed)
    ours = forecast_hotspots(
        x, y, t, at=400, cell=cell, bandwidth=reach, weights=w, bounds=BOX, window=100, distance="cells"
    )
    recent = t >= 300
    twin = slow.prospective_rings(x[recent], y[recent], 400 - t[recent], w[recent], (0, 0), cell, ours.risk.shape, reach)
    np.testing.assert_allclose(ours.risk, twin, rtol=1e-7, atol=1e-9)


def test_one_event_by_hand() -> None:
    """At the centre of its cell, 15 days ago: 1 / (1 + 2 weeks); the next cell is two half-cells off, the diagonal one
    2.83 and so two whole ones."""
    risk = forecast_hotspots([250.0], [250.0], [5.0], at=20, cell=100, bandwidth=200, bounds=(0, 0, 500, 500)).risk
    assert risk[2, 2] == pytest.approx(1 / 3)
    assert risk[2, 3] == risk[1, 2] == pytest.approx(1 / 3 / 3)
    assert risk[3, 3] == pytest.approx(1 / 3 / 3)
    assert risk[2, 4] == pytest.approx(1 / 3 / 5)
    assert risk[3, 4] == 0, "beyond 200 m"


def test_grid_and_last_year_count_events_of_their_windows() -> None:
    x, y, t, _ = draw(1, 300)
    for method, days in (("grid", 90), ("last_year", 365)):
        forecast = forecast_hotspots(x, y, t, method=method, at=390, cell=100, bounds=BOX)
        recent = (t < 390) & (t >= 390 - days)
        by_hand, _, _ = np.histogram2d(y[recent], x[recent], bins=(np.arange(0, 801, 100), np.arange(0, 1001, 100)))
        np.testing.assert_array_equal(forecast.risk, by_hand)
        assert forecast.events == recent.sum()
    assert forecast_hotspots(x, y, t, method="grid", at=390, cell=100, bounds=BOX).last_year.sum() == forecast.risk.sum()


def test_the_kernel_forecast_is_the_density_of_recent_events() -> None:
    x, y, t, w = draw(2, 200)
    forecast = forecast_hotspots(x, y, t, method="kernel", at=400, bandwidth=150, weights=w, cell=50, bounds=BOX)
    recent = t >= 310
    density = kernel_density(x[recent], y[recent], cell=50, bandwidth=150, weights=w[recent], bounds=BOX)
    np.testing.assert_allclose(forecast.risk, density.intensity)


@pytest.mark.parametrize("method", METHODS)
def test_what_comes_after_is_never_used(method: str) -> None:
    x, y, t, w = draw(3, 200)
    before = t < 370
    whole = forecast_hotspots(x, y, t, method=method, at=370, weights=w, bounds=BOX, bandwidth=200.0)
    known = forecast_hotspots(
        x[before], y[before], t[before], method=method, at=370, weights=w[before], bounds=BOX, bandwidth=200.0
    )
    np.testing.assert_array_equal(whole.risk, known.risk)
    np.testing.assert_array_equal(whole.last_year, known.last_year)


def test_later_events_are_those_of_the_horizon() -> None:
    x, y, t, _ = draw(4, 300)
    forecast = forecast_hotspots(x, y, t, at=300, horizon=30, cell=100, bounds=BOX)
    later = forecast.later(x, y, t)
    assert later.shape == forecast.risk.shape
    assert later.sum() == ((t >= 300) & (t < 330)).sum()
    assert forecast.later(x + 5000, y, t).sum() == 0
    assert forecast.later([], [], []).sum() == 0
    with pytest.raises(ValueError, match="no usable place"):
        forecast.later([math.nan], [1.0], [301.0])
    with pytest.raises(ValueError, match="x and y have 1 numbers and t has 2"):
        forecast.later([1.0], [1.0], [301.0, 302.0])


def test_dates_are_days() -> None:
    x, y, t, _ = draw(5, 100)
    dates = np.datetime64("2021-01-01T00:00") + (t * 86_400).astype("timedelta64[s]")
    at = dt.date(2022, 1, 20)
    dated = forecast_hotspots(x, y, dates, at=at, bounds=BOX)
    plain = forecast_hotspots(x, y, np.floor(t * 86_400) / 86_400, at=384, bounds=BOX)
    np.testing.assert_allclose(dated.risk, plain.risk)
    assert "from 2022-01-20," in dated.explain()
    assert dated.later(x, y, dates).sum() == plain.later(x, y, t).sum()
    with pytest.raises(ValueError, match="dates for dates"):
        dated.later(x, y, t)
    with pytest.raises(ValueError, match="at must be counted as t is: a date, not 384"):
        forecast_hotspots(x, y, dates, at=384, bounds=BOX)


def test_places_instead_of_cells() -> None:
    rng = np.random.default_rng(1)
    place, t = rng.integers(0, 7, 200), rng.uniform(0, 400, 200)
    sizes = np.arange(1.0, 9.0)
    forecast = forecast_hotspots(None, None, t, method="grid", at=380, place=place, areas=sizes)
    np.testing.assert_array_equal(forecast.risk, np.bincount(place[(t >= 290) & (t < 380)], minlength=8))
    assert forecast.later(None, None, t, place=place).sum() == (t >= 380).sum()
    assert forecast.table().columns[0].name == "place"
    assert "<svg" in chart_svg(forecast.chart(), "en", "title")
    assert isinstance(read(json.loads(json.dumps(forecast.to_json(), allow_nan=False))), HotspotForecast)
    with pytest.raises(ValueError, match="prospective needs x and y"):
        forecast_hotspots(None, None, t, place=place, areas=sizes)
    with pytest.raises(ValueError, match="from 0 to 2, as areas are given, not 6"):
        forecast_hotspots(None, None, t, method="grid", place=np.sort(place)[::-1], areas=sizes[:3])


def test_months_and_a_short_history_are_said() -> None:
    x, y, _, _ = draw(6, 100)
    months = np.repeat([0.0, 31.0, 59.0, 90.0], 25)
    said = forecast_hotspots(x, y, months, bounds=BOX).explain()
    assert "if these stand for months" in said
    assert "last year's counts are not of a whole year" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"method": "oracle"}, "method must be one of grid, kernel, prospective, last_year, not 'oracle'"),
        ({"t": [1.0, math.nan]}, "1 of 2 events have no usable time, the first is number 1"),
        ({"t": []}, "no events"),
        ({"t": [1.0]}, "x and y have 2 numbers and t has 1"),
        ({"t": ["yesterday", "today"]}, "t must be"),
        ({"x": [math.inf, 1.0]}, "no usable place"),
        ({"at": 0}, "no event lies before at = 0: the earliest is at 1"),
        ({"at": 900}, "in the 56 days before 900"),
        ({"horizon": 0}, "horizon must be a number of days above 0, not 0"),
        ({"window": -1}, "window must be"),
        ({"method": "last_year", "window": 30}, "always looks back 365 days, not 30"),
        ({"weights": [-1.0, 1.0]}, "not -1.0"),
        ({"bandwidth": "likelihood"}, "is a number of metres, not 'likelihood'"),
        ({"distance": "miles"}, "not 'miles'"),
        ({"areas": [1.0]}, "areas go with place"),
        ({"x": None}, "give x and y of each event, or place"),
        ({"cell": 1e-9}, "at most 4,000,000"),
        ({"place": [0, 1], "areas": [1.0, 1.0]}, "not both"),
        ({"x": None, "y": None, "place": [0, 1], "method": "grid"}, "places need areas"),
        ({"x": None, "y": None, "place": [0, 1], "areas": [1.0, 0.0], "method": "grid"}, r"areas must be .* not \[0.0\]"),
        ({"x": None, "y": None, "place": [0, 5], "areas": [1.0, 1.0], "method": "grid"}, "from 0 to 1, .*not 5"),
    ],
)
def test_input_that_cannot_be_is_quoted_with_the_remedy(options: dict[str, Any], said: str) -> None:
    given = {"x": [1.0, 900.0], "y": [5.0, 700.0], "t": [1.0, 2.0], "cell": 100.0, **options}
    with pytest.raises(ValueError, match=said):
        forecast_hotspots(given.pop("x"), given.pop("y"), given.pop("t"), **given)


@pytest.mark.parametrize("method", METHODS)
def test_one_event_and_all_at_one_point_and_time(method: str) -> None:
    for n in (1, 9):
        forecast = forecast_hotspots([500.0] * n, [400.0] * n, [3.0] * n, method=method, bandwidth=200.0, bounds=BOX)
        assert forecast.risk.max() == forecast.risk[4, 5] > 0
        assert forecast.explain()


@pytest.mark.parametrize("method", METHODS)
def test_a_forecast_comes_back_from_json_and_draws(method: str) -> None:
    x, y, t, w = draw(7)
    mask = np.ones((8, 10), bool)
    mask[0] = False
    forecast = forecast_hotspots(x, y, t, method=method, weights=w, bandwidth=200.0, bounds=BOX, mask=mask)
    assert np.isnan(forecast.risk[0]).all()
    again = read(json.loads(json.dumps(forecast.to_json(), allow_nan=False)))
    assert isinstance(again, HotspotForecast)
    np.testing.assert_array_equal(again.risk, forecast.risk)
    assert again.explain() == forecast.explain()
    assert len(forecast.table().rows) == 70
    for language in ("en", "cy"):
        assert "<svg" in chart_svg(forecast.chart(language), language, "title")
