"""Published files: what they hold is told, what they can't tell is said, and the trap of 2022-07 is honoured."""

from __future__ import annotations

from pathlib import Path

import pytest

from forestall import analyse
from forestall.records.records import Records


@pytest.fixture(scope="module")
def gwent(shared: Path) -> Records:
    return Records.from_files([shared / "data" / "police_uk" / "gwent"])


def test_a_series_at_locations_across_the_new_list_of_points_is_refused(gwent: Records) -> None:
    found = analyse.profile(
        gwent, areas=["W01001662"], category="violence-and-sexual-offences", since="2022-01", until="2022-10"
    )
    assert {e.name for e in found.where.exhibits} == {"areas"}
    assert any("July 2022" in m.render() and "two names" in m.render() for m in found.where.missing)
    assert next(i.standing for i in found.ideas if i.slug == "recording") == "fits"
    failed = {c.name for c in found.checks if not c.passed}
    assert {"recording", "locations-one-list"} <= failed
    # The area's own level broke with it: its series begins anew, and no year before is set beside it.
    months = [r[0] for r in found.exhibit("trend").table.rows]
    assert months[0] == "2022-07"
    assert found.indicators.get("ratio_to_year_before") is None


def test_before_the_new_list_locations_are_told_as_map_points(gwent: Records) -> None:
    found = analyse.profile(
        gwent, areas=["W01001662"], category="violence-and-sexual-offences", since="2021-07", until="2022-06"
    )
    assert found.exhibit("locations").table.rows
    assert any("anonymous map points" in f.render() for f in found.where.facts)


def test_months_alone_tell_no_hour_no_person_and_no_near_repeat(gwent: Records) -> None:
    found = analyse.profile(gwent, areas=["W01001662"], category="burglary", since="2021-07", until="2022-06")
    missing = " ".join(m.render() for p in found.parts for m in p.missing)
    for said in ("Hours and weekdays are not in these records", "Repeat victims are not", "Near repeats are not told",
                 "How it was done is not"):  # fmt: skip
        assert said in missing
    assert {"week", "victims", "suspects", "method"}.isdisjoint(e.name for p in found.parts for e in p.exhibits)
    assert next(i.standing for i in found.ideas if i.slug == "night-time-economy") == "not-known"
    assert any("2011" in f.render() for f in found.quality.facts)
    # Homes and businesses are not told apart: the cost is a range.
    assert found.cost is not None
    assert found.cost.low < found.cost.high


def test_lockdown_months_are_set_aside(gwent: Records) -> None:
    found = analyse.profile(gwent, areas=["W01001626"], category="anti-social-behaviour", since="2022-01", until="2022-06")
    table = found.exhibit("trend").table
    at = [c.name for c in table.columns].index("set_aside")
    assert {r[0] for r in table.rows if r[at]} >= {"2020-04", "2020-05"}


def test_what_the_police_find_points_at_no_place(gwent: Records) -> None:
    found = analyse.profile(gwent, areas=["W01001662"], category="drugs", since="2021-07", until="2022-06")
    assert not found.ideas
    assert "locations" not in {e.name for e in found.where.exhibits}
    assert any("police activity" in m.render() for m in found.where.missing)
    assert any("no ground to target" in m.render() for m in found.limits)
