"""Every call to the police of San Diego in twenty days: times to the second drive hours, repeats and demand.

Of the 26,595 rows 19 have no type of call; they are kept among the rejects.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forestall.analyse import bench
from forestall.analyse.bench import Analysis
from forestall.analyse.refused import Refused
from forestall.records.records import Records
from forestall.records.store import Store

MAPPING = Path(__file__).with_name("san_diego_calls.yaml")


@pytest.fixture(scope="module")
def calls(shared, tmp_path_factory) -> Records:
    store = Store.open(tmp_path_factory.mktemp("calls") / "store", create=True)
    store.ingest([shared / "data" / "calls" / "san_diego_calls_for_service.csv.gz"], mapping=MAPPING)
    return store.records()


def ask(calls, method, **given):
    return bench.run(Analysis.of_json({"method": method, **given}), calls, None)


def test_all_calls_are_there_to_the_second(calls):
    found = ask(calls, "hours")
    assert found.records == found.main.events == 26_576
    assert found.main.hours.sum() == pytest.approx(26_576)
    # The direct count of the instants, hour by hour of the week.
    raw = calls.arrow(calls.table().select("occurred_from"))["occurred_from"].to_numpy().astype("datetime64[h]").astype(int)
    direct = np.bincount((raw - 4 * 24) % 168, minlength=168)
    # A time to the second stands for that very second, so nothing spills into the next hour.
    assert np.abs(found.main.hours - direct).max() < 0.5
    # Twenty days from a Sunday hold three of each weekday and two Saturdays: an even spread is no even week.
    assert found.main.even.reshape(7, 24).sum(1) == pytest.approx([3 / 20] * 5 + [2 / 20, 3 / 20])
    night = found.main.hours.reshape(7, 24)[:, 2:6].sum()
    assert night < 26_576 * 4 / 24 * 0.75  # fewer calls in the small hours than an even spread


def test_places_that_call_again(calls):
    found = ask(calls, "repeats", window=20, lookback=10)
    assert found.main.events > 20_000
    assert found.main.repeat_share is None or 0 < found.main.repeat_share.value < 1
    assert len(found.table().rows) == 20
    assert found.table().rows[0][2] > 20
    assert found.main.top[0].share > found.main.top[0].chance_high


def test_demand_by_day_has_its_weekdays_and_its_forecast(calls):
    chart = ask(calls, "control-chart", period="day")
    assert len(chart.main.values) == 20
    assert chart.main.values.sum() == 26_576
    ahead = ask(calls, "forecast", by="day", horizon=7)
    assert ahead.main.labels_ahead[0] == "2023-01-21"
    assert (ahead.main.lower > 500).all()


def test_what_needs_points_or_areas_says_so(calls):
    for method, words in (("density", "easting"), ("near-repeat", "easting"), ("rates", "lsoa")):
        with pytest.raises(Refused, match=words):
            ask(calls, method)
    with pytest.raises(Refused, match="no area codes"):
        ask(calls, "concentration")
    assert ask(calls, "concentration", unit="point").main.half_share < 0.2
