"""Hours of the week: a twin that goes tick by tick, cases by hand, real burglaries and calls, and coverage."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forestall.report.charts import chart_svg
from forestall.results import read
from forestall.stats.hour_of_week import HourOfWeek, aoristic

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_hour_of_week as slow

MONDAY = dt.datetime(2024, 1, 1)
MINUTE, SECOND = dt.timedelta(minutes=1), dt.timedelta(seconds=1)

starts = st.integers(-3_000_000, 3_000_000)
lengths = st.one_of(st.just(0), st.integers(1, 200), st.integers(201, 30_000))


def arrays(events: list[slow.Interval], unit: str = "s") -> tuple[np.ndarray, np.ndarray]:
    return tuple(np.array([e[i] for e in events], f"datetime64[{unit}]") for i in (0, 1))  # type: ignore[return-value]


def hour(day: int, clock: int) -> int:
    return 24 * day + clock


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(starts, lengths, st.floats(0.1, 9)), min_size=1, max_size=8))
def test_each_minute_of_an_interval_gets_an_equal_part(drawn: list[tuple[int, int, float]]) -> None:
    """Intervals of up to three weeks, on both sides of 1970, weighted; against the twin that goes minute by minute."""
    epoch = dt.datetime(1970, 1, 5)
    events = [(epoch + s * MINUTE, epoch + (s + n) * MINUTE) for s, n, _ in drawn]
    weights = [w for _, _, w in drawn]
    expected = slow.by_tick(events, weights, MINUTE)
    for unit in ("m", "s", "ms", "ns"):
        found = aoristic(*arrays(events, unit), weights=weights)
        np.testing.assert_allclose(found.hours, expected, rtol=1e-10, atol=1e-10)
        assert found.hours.sum() == pytest.approx(sum(weights), rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 700_000), st.integers(0, 9000)), min_size=1, max_size=6))
def test_seconds_are_exact(drawn: list[tuple[int, int]]) -> None:
    events = [(MONDAY + s * SECOND, MONDAY + (s + n) * SECOND) for s, n in drawn]
    np.testing.assert_allclose(
        aoristic(*arrays(events)).hours, slow.by_tick(events, [1.0] * len(events), SECOND), rtol=1e-11, atol=1e-12
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(starts, lengths), min_size=1, max_size=8))
def test_what_the_intervals_leave_open_is_counted_event_by_event(drawn: list[tuple[int, int]]) -> None:
    epoch = dt.datetime(1970, 1, 5)
    events = [(epoch + s * MINUTE, epoch + (s + n) * MINUTE) for s, n in drawn]
    found = aoristic(*arrays(events))
    for day in range(7):
        held = slow.window(events, [day], 0, 24, MINUTE)
        assert found.day_certain[day] * len(events) == pytest.approx(sum(h == {True} for h in held))
        assert found.day_possible[day] * len(events) == pytest.approx(sum(True in h for h in held))
    if found.peak is not None:
        held = slow.window(events, found.peak.days, found.peak.start, found.peak.hours, MINUTE)
        assert found.peak.certain * len(events) == pytest.approx(sum(h == {True} for h in held))
        assert found.peak.possible * len(events) == pytest.approx(sum(True in h for h in held))


def test_cases_by_hand() -> None:
    """The published test cases of crimepy, with the answers that its definition gives: 01:00 alone, 01:00 to 02:30, 01:50
    to 02:10, a day and an hour, 23:30 to 01:15 and Sunday 22:00 to Monday 02:00."""
    at = [
        (MONDAY + dt.timedelta(hours=1), MONDAY + dt.timedelta(hours=1)),
        (MONDAY + dt.timedelta(hours=1), MONDAY + dt.timedelta(hours=2, minutes=30)),
        (MONDAY + dt.timedelta(hours=1, minutes=50), MONDAY + dt.timedelta(hours=2, minutes=10)),
        (MONDAY + dt.timedelta(hours=10), MONDAY + dt.timedelta(hours=35)),
        (MONDAY + dt.timedelta(hours=23, minutes=30), MONDAY + dt.timedelta(days=1, hours=1, minutes=15)),
        (MONDAY + dt.timedelta(days=6, hours=22), MONDAY + dt.timedelta(days=7, hours=2)),
    ]
    each = [aoristic(*arrays([e])).hours for e in at]
    assert each[0][hour(0, 1)] == 1
    assert [each[1][hour(0, h)] for h in (1, 2)] == pytest.approx([2 / 3, 1 / 3])
    assert [each[2][hour(0, h)] for h in (1, 2)] == [0.5, 0.5]
    assert each[3][hour(0, 10) : hour(1, 11)] == pytest.approx([1 / 25] * 25)
    assert [each[4][h] for h in (hour(0, 23), hour(1, 0), hour(1, 1))] == pytest.approx([30 / 105, 60 / 105, 15 / 105])
    assert [each[5][h] for h in (hour(6, 22), hour(6, 23), 0, 1)] == [0.25] * 4
    eight_days = aoristic(*arrays([(MONDAY, MONDAY + dt.timedelta(days=8))])).hours
    assert eight_days == pytest.approx(np.array([2 / 192] * 24 + [1 / 192] * 144)), "a week is not simply even"


def test_an_end_on_the_hour_gives_that_hour_nothing() -> None:
    found = aoristic(*arrays([(MONDAY, MONDAY + dt.timedelta(hours=2))]))
    assert found.hours[:3].tolist() == [0.5, 0.5, 0]


def test_dates_stand_for_their_whole_day() -> None:
    found = aoristic(np.array(["2024-01-03"], "datetime64[D]"))
    assert found.hours[48:72] == pytest.approx(np.full(24, 1 / 24))
    assert found.day_certain[2] == 1
    two = aoristic(np.array(["2024-01-03"], "datetime64[D]"), np.array(["2024-01-04"], "datetime64[D]"))
    assert two.hours[48:96] == pytest.approx(np.full(48, 1 / 48))


def test_a_planted_night_is_found_with_its_share() -> None:
    """31 % planted on Friday and Saturday from 22:00 for five hours, where an even spread gives 6 %."""
    rng = np.random.default_rng(5)
    n = 3000
    planted = rng.random(n) < 0.27
    start = np.where(
        planted, (rng.choice([4, 5], n) * 24 + 22) * 3600 + rng.integers(0, 5 * 3600, n), rng.integers(0, 168 * 3600, n)
    )
    found = aoristic(np.datetime64("2024-01-01", "s") + start)
    peak = found.peak
    assert peak is not None
    assert (peak.days, peak.start, peak.hours) == ((4, 5), 22, 5)
    assert peak.even == pytest.approx(10 / 168)
    assert peak.interval[0] < 0.27 + 0.73 * 10 / 168 < peak.interval[1]
    assert peak.p_value < 1e-6
    assert peak.certain == peak.possible == pytest.approx(peak.share)
    text = found.explain()
    assert "Friday and Saturday, 22:00 to 03:00" in text
    assert "wall clock" in text
    boxes = found.chart()["layer"][1]["data"]["values"]
    assert [(b["day"], b["hour"], b["end"]) for b in boxes][:2] == [("Friday", 22, 24), ("Saturday", 0, 3)]


def test_a_period_that_holds_some_days_more_often_is_allowed_for() -> None:
    """An event an hour for ten days from a Monday: nothing stands out once it is known that three weekdays come twice."""
    begin = np.datetime64("2024-01-01", "s") + 3600 * np.arange(240)
    plain = aoristic(begin)
    told = aoristic(begin, since="2024-01-01", until="2024-01-11")
    assert plain.peak is not None
    assert told.even.sum() == pytest.approx(1)
    assert told.hours / told.weight == pytest.approx(told.even)
    assert told.peak is None
    with pytest.raises(ValueError, match="row 216"):
        aoristic(begin, since="2024-01-01", until="2024-01-10")


def test_new_york_burglaries_agree_with_the_twin(shared: Path) -> None:
    begin, end = burglaries(shared)
    assert begin.size == 1233
    found = aoristic(begin, end)
    assert found.unknown == 49
    known = ~np.isnat(end)
    events = list(zip(begin[known].tolist(), end[known].tolist(), strict=True))
    np.testing.assert_allclose(found.hours, slow.by_tick(events, [1.0] * len(events), MINUTE), rtol=1e-9, atol=1e-9)
    assert found.hours.sum() == pytest.approx(1184)
    assert "not known: 49." in found.explain()
    assert found.checks[0].name == "known"
    assert found.checks[0].passed


def burglaries(shared: Path) -> tuple[np.ndarray, np.ndarray]:
    """Begin and end of the burglaries, to the minute: dates, and fractions of a day."""
    with (shared / "data" / "validation" / "aoristic" / "NYburg.csv").open() as file:
        rows = list(csv.DictReader(file))

    def clock(day: str, fraction: str) -> np.datetime64:
        if not day or not fraction:
            return np.datetime64("NaT", "m")
        return np.datetime64(day, "m") + np.timedelta64(round(float(fraction) * 1440), "m")

    begin = np.array([clock(r["CMPLNT_FR_DT"], r["CMPLNT_FR_TM"]) for r in rows])
    end = np.array([clock(r["CMPLNT_TO_DT"], r["CMPLNT_TO_TM"]) for r in rows])
    return begin, end


def test_san_diego_s_calls_to_the_second(shared: Path) -> None:
    """Twenty days: three Sundays to two Saturdays. Calls are instants, so the hours are counts."""
    with gzip.open(shared / "data" / "calls" / "san_diego_calls_for_service.csv.gz", "rt") as file:
        at = np.array([r["date_time"] for r in csv.DictReader(file)], "datetime64[s]")
    found = aoristic(at, since="2023-01-01", until="2023-01-21")
    hours = (at.astype("datetime64[h]") - np.datetime64("2023-01-02T00", "h")).astype(int) % 168
    assert found.hours.tolist() == np.bincount(hours, minlength=168).tolist()
    assert found.events == 26_595
    assert found.even.reshape(7, 24).sum(1) == pytest.approx([3 / 20] * 5 + [2 / 20, 3 / 20])
    assert found.peak is not None
    assert found.peak.p_value < 0.001


def test_an_interval_covers_and_the_peak_seldom_fires() -> None:
    """Exact times from an even week: each day's 95 % interval covers 1/7, and the peak is allowed for its choice."""
    rng = np.random.default_rng(2)
    runs, covered, fired = 300, 0, 0
    for _ in range(runs):
        found = aoristic(np.datetime64("2024-01-01", "s") + rng.integers(0, 7 * 86_400, 200))
        covered += int(((found.day_low <= 1 / 7) & (found.day_high >= 1 / 7)).sum())
        fired += found.peak is not None and found.peak.p_value <= 0.05
    assert covered / (7 * runs) >= 0.945
    assert fired <= 26  # 5 % is 15, and a binomial passes 26 three times in a thousand


@pytest.mark.slow
def test_intervals_cover_a_week_that_is_not_even() -> None:
    rng = np.random.default_rng(12)
    share = rng.dirichlet(np.ones(168) * 2)
    truth = share.reshape(7, 24).sum(1)
    covered = []
    for n in (30, 100, 1000):
        for _ in range(500):
            at = rng.choice(168, n, p=share) * 3600 + rng.integers(0, 3600, n)
            found = aoristic(np.datetime64("2024-01-01", "s") + at)
            covered.append((found.day_low <= truth) & (truth <= found.day_high))
    assert 0.945 <= np.mean(covered) <= 0.99


def test_it_says_what_is_wide_and_what_stands_at_midnight() -> None:
    begin = np.array(["2024-01-01T00:00", "2024-01-02T00:00", "2024-01-03T09:00", "2024-01-04T09:00"], "datetime64[m]")
    end = begin + np.array([0, 0, 26 * 60, 24 * 60])
    found = aoristic(begin, end)
    assert found.wide == 0.25
    failed = {c.name for c in found.checks if not c.passed}
    assert failed == {"narrow", "midnight", "enough"}


def test_it_goes_to_json_and_back_and_draws() -> None:
    rng = np.random.default_rng(1)
    begin = np.datetime64("2024-01-05T22:00", "s") + rng.integers(0, 3 * 3600, 300)
    found = aoristic(begin, begin + rng.integers(0, 5000, 300), weights=rng.random(300))
    text = json.dumps(found.to_json(), allow_nan=False)
    again = read(json.loads(text))
    assert isinstance(again, HourOfWeek)
    assert json.dumps(again.to_json()) == text
    assert again.explain("cy")
    assert len(found.table().rows) == 168
    svg = ET.fromstring(chart_svg(found.chart(), "en", "hours", found.explain()))
    assert svg.tag.endswith("svg")
    assert chart_svg(aoristic(begin[:1]).chart("cy"), "cy", "hours")


ONE = np.array(["2024-01-01T10:00"], "datetime64[m]")


@pytest.mark.parametrize(
    ("begin", "end", "options", "says"),
    [
        (ONE, ONE - 5, {}, "row 0 ends .*09:55.* before it begins .*10:00"),
        (ONE, ONE, {"weights": [-1.0]}, "row 0 has -1.0"),
        (ONE, ONE, {"weights": [np.nan]}, "row 0 has nan"),
        (ONE, ONE, {"weights": [0.0]}, "all weights are 0"),
        (ONE, ONE, {"weights": [1.0, 2.0]}, "one number for each"),
        (ONE, np.array(["NaT"], "datetime64[m]"), {}, "none of the 1 events"),
        ([], [], {}, "no events"),
        ([1.0], [2.0], {}, "must be dates and times"),
        (np.array(["2024-01"], "datetime64[M]"), None, {}, "is a month"),
        ([dt.datetime(2024, 1, 1, tzinfo=dt.UTC)], None, {}, "time zone"),
        (["2024-01-01T10:00Z"], None, {}, "without a zone"),
        (ONE, np.concatenate([ONE, ONE]), {}, "1 and 2"),
        (ONE, ONE, {"wide": 0}, "wide must be"),
        (ONE, ONE, {"longest": 25}, "longest must be"),
        (ONE, ONE, {"level": 95}, "level must lie"),
        (ONE, ONE, {"since": "2024-01-01"}, "go together"),
        (ONE, ONE, {"since": "2024-01-03", "until": "2024-01-02"}, "later than since"),
    ],
)
def test_input_that_cannot_be_is_quoted(begin: object, end: object, options: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        aoristic(begin, end, **options)  # type: ignore[arg-type]


def test_unknown_times_are_counted_and_left_out() -> None:
    begin = np.array(["2024-01-01T10:00", "NaT", "2024-01-02T10:00"], "datetime64[m]")
    end = np.array(["2024-01-01T10:00", "2024-01-02T10:00", "NaT"], "datetime64[m]")
    found = aoristic(begin, end)
    assert (found.events, found.unknown, found.weight) == (1, 2, 1)
    assert not found.checks[0].passed


def test_identical_times_are_one_hour() -> None:
    found = aoristic(np.repeat(ONE, 500))
    assert found.hours[10] == 500
    assert found.peak is not None
    assert found.peak.share == 1
    assert found.peak.interval[1] == 1
