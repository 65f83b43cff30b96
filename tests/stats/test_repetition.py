"""Repeats: twins that compare every event with every other, exact expectations by enumeration, real calls, and their
nulls."""

from __future__ import annotations

import csv
import gzip
import json
import math
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as ss

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_repeats as slow

from forestall.report.charts import chart_svg
from forestall.results import read
from forestall.stats.repetition import Repeats, expected_gaps, repeats

START = np.datetime64("2021-01-01")


def at_random(rng: np.random.Generator, events: int, ids: int, days: int = 730) -> tuple[np.ndarray, np.ndarray]:
    return rng.integers(0, ids, events), START + rng.integers(0, days, events)


events = st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 60)), min_size=1, max_size=25)


@settings(max_examples=80, deadline=None)
@given(events, st.integers(1, 40))
def test_each_event_against_every_other(drawn: list[tuple[str, int]], lookback: int) -> None:
    ids, days = [d[0] for d in drawn], [d[1] for d in drawn]
    found = repeats(ids, START + np.array(days), since="2021-01-31", until="2021-03-10", lookback=lookback, draws=9,
                    records_from="2020-01-01") if any(30 <= d < 68 for d in days) else None  # fmt: skip
    if found is None:
        return
    inside = [30 <= d < 68 for d in days]
    again = slow.again(ids, days, lookback)
    names = [n for n, i in zip(ids, inside, strict=True) if i]
    assert found.events == sum(inside)
    assert found.ids == len(set(names))
    assert found.repeat_events == sum(a and i for a, i in zip(again, inside, strict=True))
    assert found.repeat_share is not None
    assert found.repeat_share.value == pytest.approx(found.repeat_events / found.events)
    repeated = {n for n, a, i in zip(ids, again, inside, strict=True) if a and i}
    assert found.repeat_ids is not None
    assert found.repeat_ids.value == pytest.approx(len(repeated) / found.ids)
    counts = Counter(names)
    assert found.times_hit.tolist() == [sum(min(c, 5) == k for c in counts.values()) for k in range(1, 6)]
    assert {r.id: r.events for r in found.ranked} == {n: c for n, c in counts.items() if c >= 2}
    by_count = sorted(counts.values(), reverse=True)
    for t, share in zip(found.top, (0.1, 0.01), strict=True):
        assert t.share == pytest.approx(sum(by_count[: math.ceil(share * len(counts))]) / len(names))


@settings(max_examples=60, deadline=None)
@given(events)
def test_gaps_and_days_at_risk_are_the_slow_twin_s(drawn: list[tuple[str, int]]) -> None:
    ids, days = [d[0] for d in drawn], [d[1] for d in drawn]
    found = repeats(ids, START + np.array(days), window=999, draws=9).course
    bands = (0.0, 1.0, 7.0, 14.0, 21.0, 28.0, 42.0, 56.0, 84.0, 112.0, 140.0, 182.0)
    if found is None:
        assert len(set(ids)) == len(ids)
        return
    assert found.observed.tolist() == slow.gaps(ids, days, bands)
    for i in range(11):
        assert found.at_risk[i] == pytest.approx(slow.at_risk(ids, days, max(days) + 1, bands[i], bands[i + 1]))


@pytest.mark.parametrize(("n", "period"), [(2, 9), (3, 7), (4, 6), (5, 5)])
def test_the_expected_gaps_of_whole_days_are_exact(n: int, period: int) -> None:
    edges = np.arange(period + 2.0)
    found = expected_gaps(np.array([n]), np.array([1]), period, edges, whole=True)
    assert found == pytest.approx(slow.expected_gaps(n, period, edges.tolist()), abs=1e-12)
    assert found.sum() == pytest.approx(n - 1)


def test_the_expected_gaps_of_instants_are_what_simulation_gives() -> None:
    rng = np.random.default_rng(3)
    edges = np.array([0.0, 1, 7, 14, 60, 200])
    for n in (2, 5, 40):
        t = np.sort(rng.uniform(0, 200, (20_000, n)), 1)
        seen = np.histogram(np.diff(t, axis=1), edges)[0] / 20_000
        found = expected_gaps(np.array([n]), np.array([1]), 200.0, edges, whole=False)
        assert found == pytest.approx(seen, abs=5 * math.sqrt(n / 20_000))


def test_exact_and_permuted_expectations_agree() -> None:
    rng = np.random.default_rng(1)
    ids, days = at_random(rng, 3000, 2000)
    exact, dealt = (repeats(ids, days, permutations=n, draws=9).course for n in (0, 300))
    assert exact is not None
    assert dealt is not None
    assert exact.observed.tolist() == dealt.observed.tolist()
    assert dealt.expected == pytest.approx(exact.expected, rel=0.03, abs=0.4)
    assert (dealt.p_value >= 1 / 301).all()
    assert np.abs(dealt.p_value - exact.p_value).max() < 0.12


def test_chance_alone_looks_like_chance() -> None:
    """1,000 events dealt to 800: no more concentrated than chance, and events come back no sooner; with the number of
    identifiers known and unknown, and with weights."""
    rng = np.random.default_rng(11)
    runs, fired, soon = 60, {"known": 0, "unknown": 0, "weighted": 0}, 0
    for i in range(runs):
        ids, days = at_random(rng, 500, 400, 365)
        kinds = {
            "known": repeats(ids, days, population=400, draws=99, seed=i),
            "unknown": repeats(ids, days, draws=99, seed=i),
            "weighted": repeats(ids, days, weights=rng.exponential(1, 500), draws=99, seed=i),
        }
        for name, found in kinds.items():
            fired[name] += found.top[0].p_value <= 0.05
        course = kinds["known"].course
        assert course is not None
        soon += (course.q_value <= 0.05).any()
        expected = kinds["unknown"].times_hit_chance
        assert expected @ np.arange(1, 6) == pytest.approx(500, rel=0.02)
    assert max(fired.values()) <= 10, fired  # 5 % of 60 is 3, and a binomial passes 10 three times in 10,000
    assert soon <= 10


@pytest.mark.slow
def test_the_time_course_holds_its_level_where_identifiers_differ() -> None:
    """Rates that differ between identifiers are no sign that one event brings the next; dates are days or instants."""
    rng = np.random.default_rng(5)
    runs = 1000
    for whole in (True, False):
        p = []
        for _ in range(runs):
            rate = rng.gamma(0.3, 1, 500)
            ids = rng.choice(500, 700, p=rate / rate.sum())
            days = START + rng.integers(0, 365, 700)
            t = days if whole else days.astype("datetime64[s]") + rng.integers(0, 86_400, 700)
            course = repeats(ids, t, draws=1).course
            assert course is not None
            p.append(course.p_value[:6])
        for alpha in (0.01, 0.05, 0.2):
            assert (np.mean(np.array(p) <= alpha, 0) <= alpha + 3.3 * math.sqrt(alpha * (1 - alpha) / runs)).all()


def test_intervals_cover() -> None:
    """Share of repeats and events each, where identifiers differ: against a long run of the same process."""
    rng = np.random.default_rng(7)

    def one(n: int) -> tuple[np.ndarray, np.ndarray]:
        rate = rng.gamma(0.5, 1.2, n)
        count = rng.poisson(rate)
        ids = np.repeat(np.arange(n), count)
        return ids, START + rng.integers(0, 730, ids.size)

    options = {"since": "2022-01-01", "until": "2023-01-01", "draws": 1, "records_from": START}
    truth = repeats(*one(200_000), **options)  # type: ignore[arg-type]
    assert truth.repeat_share is not None
    hits = []
    for _ in range(200):
        found = repeats(*one(400), **options)  # type: ignore[arg-type]
        assert found.repeat_share is not None
        hits.append(
            (
                found.repeat_share.low <= truth.repeat_share.value <= found.repeat_share.high,
                found.per_id.low <= truth.per_id.value <= found.per_id.high,
            )
        )
    assert np.mean(hits, 0).min() >= 0.90
    assert np.mean(hits, 0).max() <= 0.99


def test_a_burst_after_each_event_is_found() -> None:
    rng = np.random.default_rng(2)
    ids, days = at_random(rng, 1500, 1200)
    again = rng.random(1500) < 0.08
    ids = np.concatenate([ids, ids[again]])
    days = np.concatenate([days, days[again] + rng.integers(1, 7, int(again.sum()))])
    found = repeats(ids, days, draws=99)
    course = found.course
    assert course is not None
    assert course.q_value[1] < 0.001
    assert course.ratio[1] > 2
    assert course.low[1] < course.ratio[1] < course.high[1]
    assert course.low[1] == pytest.approx(ss.chi2.ppf(0.025, 2 * course.observed[1]) / 2 / course.expected[1])
    assert course.hazard[1] == pytest.approx(1000 * course.observed[1] / course.at_risk[1])
    assert "1 to under 7 days after the last" in found.explain()
    assert len(found.course_table().rows) == 11


def test_without_history_repeats_are_not_known() -> None:
    """Twelve months of history before the window are needed; the rest of the figures stand."""
    rng = np.random.default_rng(0)
    ids, days = at_random(rng, 300, 200, 400)
    found = repeats(ids, days)
    assert found.history == pytest.approx(35, abs=3)
    assert (found.repeat_share, found.repeat_ids, found.repeat_events) == (None, None, None)
    assert {c.name: c.passed for c in found.checks}["history"] is False
    assert "is not known" in found.explain()
    told = repeats(ids, days, records_from="2019-12-01")
    assert told.repeat_share is not None
    assert told.events == found.events


def test_hospitals_are_set_apart_and_not_ranked() -> None:
    ids = ["h"] * 9 + ["a"] * 3 + ["b"] * 2 + ["c"]
    days = START + np.arange(15)
    label = ["hospital"] + [None] * 14
    found = repeats(ids, days, set_apart=label, draws=9)
    assert found.apart == {"hospital": 9}
    assert [r.id for r in found.ranked] == ["a", "b"]
    assert found.events == 6
    assert "9" in found.explain()
    flags = np.array(ids) == "h"
    assert repeats(ids, days, set_apart=flags, draws=9).apart == {"set apart": 9}


def test_equal_figures_share_their_rank_and_the_latest_comes_first() -> None:
    ids = ["x", "x", "y", "y", "z", "z", "z", "w", "w", "q"]
    days = START + np.array([0, 5, 1, 9, 2, 3, 4, 0, 1, 30])
    found = repeats(ids, days, draws=9)
    assert [(r.rank, r.id, r.events, r.last) for r in found.ranked] == [
        (1, "z", 3, "2021-01-05"), (2, "y", 2, "2021-01-10"), (2, "x", 2, "2021-01-06"), (2, "w", 2, "2021-01-02"),
    ]  # fmt: skip
    cut = repeats(ids, days, listed=2, draws=9)
    assert [r.id for r in cut.ranked] == ["z", "y"]
    assert cut.tied_out == 2
    weighed = repeats(ids, days, weights=[9, 9, 1, 1, 1, 1, 1, 1, 1, 1], draws=9)
    assert (weighed.ranked[0].id, weighed.ranked[0].weight) == ("x", 18.0)


def test_population_gives_prevalence_and_incidence() -> None:
    ids, days = at_random(np.random.default_rng(4), 200, 1000, 300)
    found = repeats(ids, days, population=1000, draws=99)
    assert found.prevalence is not None
    assert found.incidence is not None
    exact = ss.binomtest(found.ids, 1000).proportion_ci(0.95, "exact")
    assert (found.prevalence.low, found.prevalence.high) == pytest.approx((exact.low, exact.high))
    assert found.incidence.value == 0.2
    assert found.incidence.low < 0.2 < found.incidence.high
    assert found.times_hit_chance[0] == pytest.approx(1000 * 0.2 * math.exp(-0.2))


def test_san_diego_s_calls_by_block(shared: Path) -> None:
    """Twenty days of calls to the second: blocks of a street stand for places; crossings and bare streets have none."""
    with gzip.open(shared / "data" / "calls" / "san_diego_calls_for_service.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    t = np.array([r["date_time"] for r in rows], "datetime64[s]")
    ids = [
        "" if r["address_number_primary"] == "0" else " ".join(
            r[f"address_{k}_primary"] for k in ("number", "dir", "road", "sfx"))
        for r in rows
    ]  # fmt: skip
    found = repeats(ids, t, draws=99, bands=(0, 1 / 24, 0.25, 1, 2, 4, 8))
    known = [i.strip() for i in ids if i]
    assert found.events == len(known)
    assert found.unknown == len(ids) - len(known)
    assert found.ids == len(set(known))
    most = Counter(known).most_common(1)[0]
    assert (found.ranked[0].id, found.ranked[0].events) == most
    assert found.top[0].p_value == 1 / 100
    assert found.top[0].share > found.top[0].chance_high
    assert found.ranked[0].events > found.most_by_chance
    assert found.repeat_share is None
    course = found.course
    assert course is not None
    assert course.ratio[0] > course.ratio[-1]
    beats = repeats([r["beat"] if r["beat"] != "-1" else "" for r in rows], t, draws=9)
    assert beats.ranked[0].id == Counter(r["beat"] for r in rows if r["beat"] != "-1").most_common(1)[0][0]


def test_it_goes_to_json_and_back_and_draws() -> None:
    ids, days = at_random(np.random.default_rng(0), 400, 300)
    some = repeats(ids, days, population=5000, weights=np.ones(400), set_apart=ids == 7, draws=19)
    none = repeats(["a", "b"], START + np.arange(2), draws=9)
    for found in (some, none):
        text = json.dumps(found.to_json(), allow_nan=False)
        again = read(json.loads(text))
        assert isinstance(again, Repeats)
        assert json.dumps(again.to_json()) == text
        assert again.explain("cy")
        assert chart_svg(again.chart("cy"), "cy", "repeats")
        assert len(again.table().rows) == len(again.ranked)
    assert none.course is None
    assert none.top[0].p_value == 1
    assert json.dumps(repeats(ids, days, draws=19).to_json()) == json.dumps(repeats(ids, days, draws=19).to_json())


def test_one_event() -> None:
    found = repeats([5], START + np.arange(1))
    assert (found.events, found.ids, found.per_id.value) == (1, 1, 1)
    assert found.ranked == ()
    assert found.explain()


def test_unknown_identifiers_and_dates_are_counted() -> None:
    ids = np.array(["a", None, "a", "", "b", math.nan, "b"], object)
    days = np.array(["2021-01-01"] * 6 + ["NaT"], "datetime64[D]")
    found = repeats(ids, days, draws=9)
    assert (found.events, found.unknown, found.undated) == (3, 3, 1)
    assert "3 events without an identifier and 1 without a date" in found.explain()
    assert repeats(np.array([1.0, math.nan, 1.0]), days[:3], draws=9).ranked[0].id == "1"


GOOD = (["a", "a"], START + np.arange(2))


@pytest.mark.parametrize(
    ("ids", "t", "options", "says"),
    [
        (["a"], GOOD[1], {}, "one identifier for each of the 2"),
        (["", None], GOOD[1], {}, "none of the 2 events has an identifier"),
        ([1.5, 2.0], GOOD[1], {}, "row 0 has 1.5"),
        ([True, False], GOOD[1], {}, "text or whole numbers"),
        (["a", "a"], np.array(["2021-01", "2021-02"], "datetime64[M]"), {}, "is a month"),
        (["a", "a"], np.array(["NaT", "NaT"], "datetime64[D]"), {}, "none of the 2 events has a date"),
        (*GOOD, {"weights": [1, -1]}, "row 1 has -1.0"),
        (*GOOD, {"weights": [0, 0]}, "all weights in the window are 0"),
        (*GOOD, {"population": 0}, "at least the 1 identifiers"),
        (*GOOD, {"bands": (0, 7, 7)}, "rising order"),
        (*GOOD, {"bands": (-1, 7)}, "rising order"),
        (*GOOD, {"window": 0}, "window must be"),
        (*GOOD, {"lookback": math.nan}, "lookback must be"),
        (*GOOD, {"since": "2022-01-01", "until": "2021-01-01"}, "begin before it ends"),
        (*GOOD, {"since": "2022-01-01", "until": "2022-02-01"}, "no event with a date and an identifier lies"),
        (*GOOD, {"records_from": "2022-01-01"}, "later than the first event"),
        (*GOOD, {"set_apart": [1.0, 2.0]}, "true or false, or labels"),
        (*GOOD, {"set_apart": ["x"]}, "one entry for each"),
        (*GOOD, {"set_apart": [True, True]}, "no event with a date and an identifier"),
        (*GOOD, {"top": (0,)}, "top must hold shares"),
        (*GOOD, {"draws": 0}, "draws 1 or more"),
        (*GOOD, {"level": 0}, "level must lie"),
        ([], [], {}, "no events"),
    ],
)
def test_input_that_cannot_be_is_quoted(ids: object, t: object, options: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        repeats(ids, t, **options)  # type: ignore[arg-type]
