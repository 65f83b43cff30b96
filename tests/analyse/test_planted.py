"""What is planted in the sample is named: its hours, places, methods and the ideas that fit; and no others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forestall.records.records import Records
from forestall.report.charts import chart_svg
from forestall.results import Profile, Shelf, read

Made = Callable[..., Profile]
KINDS = ("burglary-series", "night-time-economy", "school-route-asb", "rising-vehicle-crime")


def standing(profile: Profile, slug: str) -> str:
    return next(i.standing for i in profile.ideas if i.slug == slug)


def share(profile: Profile, hours: set[int], days: set[str]) -> float:
    rows = profile.exhibit("week").table.rows
    inside = sum(r[2] for r in rows if r[1] in hours and r[0].render() in days)
    return float(inside / sum(r[2] for r in rows))


def test_the_night_time_economy(profile_of: Made) -> None:
    found = profile_of("night-time-economy")
    assert share(found, {20, 21, 22, 23, 0, 1, 2}, {"Friday", "Saturday", "Sunday"}) > 0.35
    assert "Friday" in found.when.headline.render()
    assert standing(found, "night-time-economy") == "fits"
    assert standing(found, "alcohol") == "fits"
    assert standing(found, "few-places") == "fits"
    assert standing(found, "diffuse") == "against"
    assert standing(found, "school-run") == "against"
    over = [r[0] for r in found.exhibit("premises_type").table.rows if r[-1]]
    assert {"public house", "nightclub"} <= set(over)


def test_the_school_route(profile_of: Made) -> None:
    found = profile_of("school-route-asb")
    weekdays = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday"}
    assert share(found, {14, 15, 16, 17}, weekdays) > 0.6
    assert standing(found, "school-run") == "fits"
    assert standing(found, "night-time-economy") != "fits"
    assert found.indicators["months_since_change"] == 4
    assert standing(found, "something-changed") == "fits"


def test_the_burglary_series(profile_of: Made) -> None:
    found = profile_of("burglary-series")
    assert "rear door forced" in found.how.headline.render()
    assert standing(found, "one-method") == "fits"
    assert standing(found, "same-offenders-nearby") == "fits"
    assert standing(found, "something-changed") == "fits"
    assert standing(found, "part-of-a-wider-change") == "against"
    night, even = found.indicators["night_ratio"], 1.0
    assert night is not None
    assert night > even
    assert found.cost is not None
    assert found.cost.low == found.cost.high > 0


def test_the_cars_around_the_station(profile_of: Made) -> None:
    found = profile_of("rising-vehicle-crime")
    assert standing(found, "car-parks") == "fits"
    low = found.indicators["ratio_to_year_before_low"]
    assert low is not None
    assert low > 2
    assert "empty-by-day" in {i.slug for i in found.ideas}


def test_where_nothing_is_planted_little_fits(profile_of: Made, planted: dict[str, dict[str, Any]]) -> None:
    found = profile_of("response-that-does-nothing")
    assert standing(found, "something-changed") != "fits"
    assert standing(found, "one-method") != "fits"
    assert planted["response-that-does-nothing"]["category"] == found.subject.category


@pytest.mark.parametrize("kind", KINDS)
def test_it_comes_back_from_json(profile_of: Made, kind: str) -> None:
    found = profile_of(kind)
    text = json.dumps(found.to_json(), allow_nan=False)
    again = read(json.loads(text))
    assert json.dumps(again.to_json()) == text
    assert isinstance(again, Profile)
    assert again.cost == found.cost
    assert again.explain("en") == found.explain("en")
    assert again.recipe.hash() == found.recipe.hash()


def test_it_is_kept_on_the_shelf(profile_of: Made, tmp_path: Path) -> None:
    found = profile_of("burglary-series")
    shelf = Shelf(tmp_path)
    assert shelf.put(found).is_file()
    again = shelf.get(found.snapshot, found.recipe.hash())
    assert again.to_json() == found.to_json()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [600, 200])
def test_each_picture_is_drawn(profile_of: Made, kind: str, width: int) -> None:
    found = profile_of(kind)
    drawn = 0
    for part in found.parts:
        for exhibit in part.exhibits:
            spec = exhibit.chart("cy", width)
            assert exhibit.headline.render("en")
            assert exhibit.table.to_csv().count("\n") == len(exhibit.table.rows) + 1
            if spec is not None:
                assert "<svg" in chart_svg(spec, "en", exhibit.headline)
                drawn += 1
    assert drawn >= 5
    assert "<svg" in chart_svg(found.chart(), "en", found.headline)


@pytest.mark.parametrize("kind", KINDS)
def test_no_person_is_in_it(profile_of: Made, records: Records, planted: dict[str, dict[str, Any]], kind: str) -> None:
    text = json.dumps(profile_of(kind).to_json())
    rows = records.rows(areas=planted[kind]["areas"], category=planted[kind]["category"], since="2025-01")
    for field in ("victim_id", "suspect_id", "caller_id", "source_ref", "record_id"):
        for value in set(rows[field].to_pylist()) - {None}:
            assert value not in text, field


def test_sensitive_records_are_at_no_location(profile_of: Made, records: Records) -> None:
    found = profile_of("night-time-economy")
    rows = records.rows(areas=found.subject.areas, category=found.subject.category, since="2025-01").to_pylist()
    listable = [
        r for r in rows
        if "domestic-abuse" not in (r["flags"] or []) and r["origin"] != "police-generated"
        and not str(r["offence_code"]).startswith(("19", "20", "88")) and r["offence_code"] != "11A"
    ]  # fmt: skip
    at: dict[str, int] = {}
    for r in listable:
        at[r["location_id"]] = at.get(r["location_id"], 0) + 1
    for row in found.exhibit("locations").table.rows:
        assert row[1] == at[row[4]]


def test_the_same_again(records: Records, profile_of: Made, planted: dict[str, dict[str, Any]]) -> None:
    from forestall import analyse
    from forestall.places import Places

    plant = planted["burglary-series"]
    assert records.store is not None
    again = analyse.profile(
        records, Places.open(records.store.path), areas=plant["areas"], category="burglary", since=plant["since"]
    )
    assert again.to_json() == profile_of("burglary-series").to_json()
