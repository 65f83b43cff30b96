"""Real Gwent: what its files can feed runs whole, and the traps in them are honoured."""

from __future__ import annotations

import pytest

from forestall.analyse import bench
from forestall.analyse.bench import Analysis
from forestall.analyse.refused import Refused
from forestall.places import Places
from forestall.places.add import add
from forestall.records.store import Store

#: What rests on months and map points runs on police.uk files; the others refuse.
RUN = ("concentration", "control-chart", "change-point", "seasonality", "forecast", "local-statistics", "density", "rates")


@pytest.fixture(scope="module")
def gwent(shared, tmp_path_factory):
    store = tmp_path_factory.mktemp("gwent") / "store"
    kept = Store.open(store, create=True)
    kept.ingest([shared / "data" / "police_uk" / "gwent"])
    geography = shared / "data" / "geography"
    add(
        store,
        [
            geography / "boundaries" / "gwent_lsoa11.geojson.gz",
            geography / "lsoa11_england_wales.csv.gz",
            geography / "lad_to_modal_force_2025_derived.csv",
        ],
        forces=["gwent"],
    )
    return kept.records(), Places.open(store)


def ask(gwent, method, **given):
    return bench.run(Analysis.of_json({"method": method, **given}), *gwent)


@pytest.mark.parametrize("method", RUN)
def test_what_months_can_feed_runs_whole(gwent, method):
    found = ask(gwent, method, category="burglary")
    assert found.records == 5743
    assert found.table().rows


@pytest.mark.parametrize("method", ["hours", "calendar", "repeats", "near-repeat", "hotspot-forecast"])
def test_what_needs_days_refuses(gwent, method):
    with pytest.raises(Refused, match="these records have months"):
        ask(gwent, method, category="burglary")


def test_lockdown_is_set_aside(gwent):
    found = ask(gwent, "control-chart", category="anti-social-behaviour")
    assert "2020-04" not in found.main.labels
    assert any(c.name == "recording-event" and not c.passed for c in found.checks)


def test_a_series_at_points_across_the_replaced_list_is_refused_with_the_reason(gwent):
    with pytest.raises(Refused, match=r"list of map points was replaced in July 2022.*up to June 2022"):
        ask(gwent, "concentration", category="burglary", unit="point")
    with pytest.raises(Refused, match="replaced in July 2022"):
        ask(gwent, "local-statistics", category="burglary", unit="cell", cell=1000)
    before = ask(gwent, "concentration", category="burglary", unit="point", until="2022-06")
    assert before.main.places > 1000
    after = ask(gwent, "concentration", category="burglary", unit="point", since="2022-07")
    assert after.records < before.records


def test_a_series_of_a_broken_area_across_it_is_refused_and_of_the_force_is_not(gwent):
    with pytest.raises(Refused, match=r"replaced in July 2022 and the level of .*Newport"):
        ask(gwent, "control-chart", areas="W01001662")
    assert ask(gwent, "control-chart", areas="W01001662", until="2022-06").records > 0
    hub = ask(gwent, "control-chart", hub="Newport")
    assert any(c.name == "map-points" and not c.passed for c in hub.checks)
    whole = ask(gwent, "control-chart", category="burglary")
    assert not any(c.name == "map-points" for c in whole.checks)


def test_areas_of_another_census_are_told(gwent, shared, tmp_path):
    boundaries = shared / "data" / "geography" / "boundaries"
    add(tmp_path, [boundaries / "gwent_lsoa11.geojson.gz", boundaries / "gwent_lsoa.geojson.gz"])
    both = Places.open(tmp_path)
    new = sorted(set(both.level("lsoa21").codes) - set(both.level("lsoa11").codes))[0]
    with pytest.raises(Refused, match="of another census than the records"):
        bench.run(Analysis("concentration", areas=(new,)), gwent[0], both)
