"""Bad input is one sentence that says what, where and what to do; an address goes to an analysis and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bench_store
from forestall.analyse import bench
from forestall.analyse.bench import Analysis
from forestall.analyse.refused import Refused
from forestall.records.records import Records
from forestall.text import Message

BAD = {
    "unknown method": ({"method": "tea-leaves"}, "there is no method 'tea-leaves'"),
    "method of a module": ({"method": "near_repeat"}, "there is no method 'near_repeat'"),
    "no method": ({}, "no method is named"),
    "unknown setting": ({"method": "hours", "sorcery": "1"}, "sorcery is no setting of hours"),
    "nan": ({"method": "density", "cell": "nan"}, "cell must be a number from 25 to 20000, not nan"),
    "infinite": ({"method": "density", "bandwidth": "inf"}, "bandwidth must be a number"),
    "negative": ({"method": "hours", "wide": "-3"}, "wide must be a number from 1 to 168, not -3"),
    "no number": ({"method": "hours", "wide": "wide"}, "wide must be a number"),
    "no whole number": ({"method": "repeats", "window": "1.5"}, "window must be a whole number"),
    "unknown choice": ({"method": "rates", "over": "sheep"}, "choose one of households and residents"),
    "bands out of order": ({"method": "near-repeat", "days": "0,14,7"}, "days must be rising numbers"),
    "bands of nothing": ({"method": "near-repeat", "days": "0"}, "days must be rising numbers"),
    "bands of nan": ({"method": "near-repeat", "distances": "0,nan"}, "distances must be rising numbers"),
    "negative bands": ({"method": "near-repeat", "distances": "-5,10"}, "distances must be rising numbers"),
    "unknown category": ({"method": "hours", "category": "piracy"}, "no records of the category 'piracy'"),
    "unknown kind": ({"method": "hours", "kind": "flood"}, "no records of the kind 'flood'"),
    "unknown force": ({"method": "hours", "force": "mercia"}, "no records of the force 'mercia'"),
    "unknown area": ({"method": "concentration", "areas": "W99999999"}, "there is no area 'W99999999'"),
    "unknown hub": ({"method": "concentration", "hub": "Atlantis"}, "there is no hub 'Atlantis'"),
    "hub and areas": ({"method": "concentration", "hub": "Southport", "areas": "W06000001"}, "give one of them"),
    "before the records": ({"method": "hours", "since": "1999-01"}, "run from 2020-01 to 2022-12"),
    "after the records": ({"method": "hours", "until": "2030-01"}, "run from 2020-01 to 2022-12"),
    "since after until": ({"method": "hours", "since": "2022-05", "until": "2021-05"}, "the earlier month first"),
    "no month": ({"method": "hours", "since": "May"}, "is no month"),
    "thirteenth month": ({"method": "hours", "since": "2021-13"}, "is no month"),
    "cells too small for the ground": (
        {"method": "local-statistics", "unit": "cell", "cell": "50", "value": "rate"},
        "cells have no known residents",
    ),
    "too little history": ({"method": "seasonality", "since": "2022-01"}, "24"),
    "no person": ({"method": "repeats", "by": "victim"}, "victim_id, which these records leave empty"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_a_sentence(ground, name):
    asked, words = BAD[name]
    with pytest.raises(Refused) as refused:
        bench.run(Analysis.of_json(asked), *ground)
    text = str(refused.value)
    assert words in text
    assert "\n" not in text
    assert "Traceback" not in text
    english = refused.value.english
    assert text == refused.value.message.render("en") + (f": {english}" if english else "")


def test_an_area_without_records_is_a_sentence_or_counts_as_none(ground):
    with pytest.raises(Refused, match="there is no such record"):
        bench.run(Analysis("control-chart", category="burglary", areas=("W01000020",), until="2020-01"), *ground)


@pytest.mark.parametrize("slug", [m.slug for m in bench.methods()])
@pytest.mark.parametrize("kind", ["one", "same"])
def test_one_event_or_all_at_one_point_and_time_is_an_answer_or_a_sentence(tmp_path, slug, kind):
    head = ["Ref", "Type", "From", "To", "E", "N", "Place", "Street", "Area"]
    at = "2022-03-03T10:00:00"
    lines = [
        [f"R{i}", "burglary", at, at, 325_500, 190_500, "1", "1 Street", "W01000000"]
        for i in range(1 if kind == "one" else 30)
    ]
    table, mapping = bench_store.write(tmp_path, "few", bench_store.MAPPING.format(source="few"), lines, head)
    records = Records.from_files([table], source=None, mapping=mapping)
    assert "\n" not in answer_or_sentence(slug, records)


def answer_or_sentence(slug, records):
    try:
        return bench.run(Analysis(slug, category="burglary"), records, None).explain()
    except Refused as reason:
        return str(reason)


def test_records_without_days_feed_no_method_that_needs_them(tmp_path):
    import mini_force

    records = Records.from_files([mini_force.write(tmp_path)])
    for slug in ("hours", "near-repeat", "calendar", "repeats", "hotspot-forecast"):
        assert bench.lacking(bench.find(slug), records) is not None
        with pytest.raises(Refused, match="these records have months"):
            bench.run(Analysis(slug), records)
    for slug in ("concentration", "control-chart", "density", "local-statistics"):
        assert bench.lacking(bench.find(slug), records) is None
    with pytest.raises(Refused, match="needs days"):
        bench.run(Analysis("control-chart", settings={"period": "week"}), records)


METHODS = {m.slug: m for m in bench.methods()}


@st.composite
def analyses(draw):
    method = METHODS[draw(st.sampled_from(sorted(METHODS)))]
    text = st.text("abcdefghij-", min_size=1, max_size=12)
    settings = {}
    for s in method.settings:
        if draw(st.booleans()):
            continue
        high = min(s.high, 1e6)
        if s.kind == "choice":
            settings[s.name] = draw(st.sampled_from(sorted(s.choices)))
        elif s.kind == "whole":
            settings[s.name] = draw(st.integers(int(s.low), int(high)))
        elif s.kind == "number":
            settings[s.name] = draw(st.floats(s.low, high, allow_nan=False))
        else:
            steps = draw(st.lists(st.integers(1, 40), min_size=1, max_size=8))
            settings[s.name] = [0, *(sum(steps[: i + 1]) for i in range(len(steps)))]
    areas = tuple(dict.fromkeys(draw(st.lists(st.sampled_from(["W01000001", "W01000002", "E01"]), max_size=3))))
    return Analysis.of_json(
        {
            "method": method.slug,
            "category": draw(st.just("") | text),
            "force": draw(st.just("") | text),
            "hub": draw(st.just("") | st.text(min_size=1, max_size=9).filter(lambda t: t.strip() == t and t)),
            "areas": areas,
            "since": draw(st.sampled_from(["", "2021-03"])),
            "until": draw(st.sampled_from(["", "2022-03"])),
            "settings": settings,
        }
    )


@given(analyses())
def test_an_analysis_goes_to_an_address_and_json_and_back(analysis):
    assert Analysis.of_query(analysis.query()) == analysis
    assert Analysis.of_json(analysis.to_json()) == analysis
    assert Analysis.of_query("?" + analysis.query()).query() == analysis.query()


def test_defaults_are_not_in_the_address():
    assert (
        Analysis.of_json({"method": "hours", "wide": "24", "category": "burglary"}).query()
        == "method=hours&category=burglary"
    )
    assert Analysis.of_query("method=density&bandwidth=auto").values()["bandwidth"] is None
    assert "--cell 500.5" in Analysis.of_query("method=density&cell=500.5").command()


def test_a_refusal_of_a_method_is_a_sentence_that_can_be_told_in_welsh(ground):
    """What data can't feed is a message to the last part of it; text baked in would stay English on a Welsh page."""
    records, places = ground
    months = records.months(records.forces()[0])
    for slug in ("seasonality", "forecast", "change-point", "control-chart"):
        with pytest.raises(Refused) as told:
            bench.run(Analysis.of_json({"method": slug, "since": months[-1]}), records, places)
        reason = told.value.message.params["reason"]
        assert isinstance(reason, Message)
        assert reason.params["n"] == 1
        assert "1 periods" not in str(told.value)
