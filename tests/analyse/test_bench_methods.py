"""Every method of the bench on a small store whose patterns are known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from forestall import stats
from forestall.analyse import bench
from forestall.analyse.bench import Analysis
from forestall.analyse.refused import Refused
from forestall.report import analysis_page
from forestall.results import AnalysisResult, Figures

SLUGS = [m.slug for m in bench.methods()]


def ask(ground, method, **given):
    return bench.run(Analysis.of_json({"method": method, **given}), *ground)


@pytest.mark.parametrize("slug", SLUGS)
def test_every_method_answers_shows_itself_and_goes_to_json_and_back(ground, slug):
    found = ask(ground, slug, category="burglary")
    assert isinstance(found, AnalysisResult)
    assert all(isinstance(f, Figures) for f in found.figures)
    assert found.table().rows
    assert found.explain("en")
    assert found.explain("cy")
    assert found.provenance.snapshot == ground[0].snapshot
    text = json.dumps(found.to_json(), allow_nan=False)
    again = bench.read_result(json.loads(text))
    assert json.dumps(again.to_json()) == text
    assert again.recipe.hash() == found.recipe.hash()
    assert again.table().to_csv() == found.table().to_csv()
    for language in ("en", "cy"):
        assert analysis_page.chart_svg(found, language).startswith("<svg")
        if found.layer is not None:
            assert "<path" in analysis_page.map_svg(found, language)


@pytest.mark.parametrize("slug", SLUGS)
def test_the_recipe_makes_the_same_again(ground, slug):
    first = ask(ground, slug, category="burglary")
    again = bench.run(Analysis.of_json(first.asked), *ground)
    assert again.to_json() == first.to_json()


@pytest.mark.parametrize("slug", SLUGS)
def test_a_method_is_whole_and_its_settings_get_in_nobodys_way(slug):
    method = bench.find(slug)
    names = [s.name for s in method.settings]
    taken = {*bench.PARTS, "store", "list", "format", "out", "map", "language", "help", "for"}
    assert len(set(names)) == len(names)
    assert not [n for n in names for t in taken if t.startswith(n)]  # an option may be cut short
    assert all(name in stats.__all__ for name in method.gives)
    for s in method.settings:
        assert s.parse(s.text(s.default)) == s.default
        assert s.kind in ("number", "whole", "choice", "edges")
        assert s.kind != "choice" or s.default in s.choices


def test_a_setting_of_the_same_name_means_the_same_everywhere_but_for_choices():
    kinds = {}
    for method in bench.methods():
        for s in method.settings:
            kinds.setdefault(s.name, set()).add(s.kind)
    assert all(len(k) == 1 for k in kinds.values()), kinds


# What the methods say is what direct calls of the methods on numbers say.


def test_concentration_is_that_of_the_counts(ground):
    found = ask(ground, "concentration", category="burglary")
    records, places = ground
    cube = records.cube()
    counts = np.zeros(24)
    for i, code in enumerate(cube.areas):
        counts[places.level().index(code)] = cube.of("burglary")[i].sum()
    direct = stats.concentration(counts, seed=1)
    assert found.main.gini == direct.gini
    assert found.table().rows[0][2] == counts.max()
    assert found.layer.values[places.level().codes[7]] == counts[7]


def test_hours_find_the_early_afternoon(ground):
    found = ask(ground, "hours", category="shoplifting")
    assert found.main.events == 800
    assert 12 <= found.main.peak.start <= 14


def test_the_doubling_of_vehicle_crime_is_dated(ground):
    found = ask(ground, "change-point", category="vehicle-crime")
    assert found.main.labels[found.main.index] in ("2021-12", "2022-01", "2022-02")
    assert found.main.interval[0] <= 24 <= found.main.interval[1]
    assert found.main.ratio == pytest.approx(2, rel=0.25)
    chart = ask(ground, "control-chart", category="vehicle-crime", baseline=24)
    assert any(s.at >= 24 and s.side == "above" for s in chart.main.signals)


def test_near_repeats_are_found_within_a_week(ground):
    found = ask(ground, "near-repeat", category="burglary")
    assert found.main.p_value[0, 0] < 0.001
    assert found.main.ratio[0, 0] > 3
    assert len(found.figures) == 2


def test_the_heavy_area_stands_out(ground):
    found = ask(ground, "local-statistics", category="burglary", statistic="moran", unit="area")
    assert found.table().rows
    cells = ask(ground, "local-statistics", category="burglary", unit="cell", cell=500)
    assert cells.layer.scale == "sides"
    rows = [r for r in cells.table().rows if r[-1].id.startswith("high")]
    assert rows
    x, y = (int(v) for v in rows[0][1].render().split())
    assert 325_500 <= x <= 327_500
    assert 190_500 <= y <= 192_500


def test_density_peaks_in_the_heavy_area(ground):
    found = ask(ground, "density", category="burglary", cell=100, bandwidth=300)
    x, y, _ = found.main.peak if isinstance(found.main.peak, tuple) else found.main.peak()
    assert 326_000 <= x <= 327_000
    assert 191_000 <= y <= 192_000
    assert np.nansum(found.main.intensity) * 0.01 == pytest.approx(found.main.total, rel=0.1)


def test_repeats_list_places_and_no_person(ground):
    found = ask(ground, "repeats", category="burglary")
    assert found.table().rows[0][2] >= found.table().rows[-1][2]
    assert "Street" in found.table().rows[0][1].render()
    assert found.main.ranked == ()


def test_places_of_many_records_are_set_apart_and_protected_ones_are_not_listed(tmp_path):
    import bench_store
    from forestall.records.records import Records

    head = ["Ref", "Type", "From", "To", "E", "N", "Place", "Street", "Area", "Premises", "Flag"]
    mapping = bench_store.MAPPING.format(source="places") + (
        "  premises_type: Premises\n  flags:\n    - {column: Flag, codes: {DA: domestic-abuse}, otherwise: empty}\n"
    )
    lines = []
    made = (("home", "dwelling", "DA", 9), ("ward", "hospital", "", 12), ("shop", "shop", "", 5))
    for place, premises, flag, times in made:
        for i in range(times):
            at = f"2022-{1 + i % 12:02d}-03T10:00:00"
            lines.append([f"{place}{i}", "burglary", at, at, 1, 1, place, f"The {place}", "W01000000", premises, flag])
    table, told = bench_store.write(tmp_path, "places", mapping, lines, head)
    found = bench.run(Analysis("repeats"), Records.from_files([table], source=None, mapping=told), None)
    shown = found.table().to_csv() + json.dumps(found.to_json())
    assert "The shop" in shown
    assert "The home" not in shown
    assert "The ward" not in shown
    assert sum(found.main.apart.values()) == 12
    assert any("counted and not listed" in str(n) for n in found.notes)


def test_forecast_is_tried_on_the_past(ground):
    found = ask(ground, "forecast", category="vehicle-crime", horizon=3)
    assert found.main.labels_ahead[0] == "2023-01"
    assert len(found.main.mean) == 3
    daily = ask(ground, "forecast", category="vehicle-crime", by="day", horizon=7)
    assert daily.main.labels_ahead[0] == "2023-01-01"


def test_hubs_and_areas_narrow_the_ground(ground):
    whole = ask(ground, "concentration", category="burglary")
    north = ask(ground, "concentration", category="burglary", hub="W06000001")
    south = ask(ground, "concentration", category="burglary", areas="W06000002")
    assert north.records + south.records == whole.records
    assert len(north.table().rows) == len(south.table().rows) == 12
    by_name = ask(ground, "concentration", category="burglary", hub="southport")
    assert by_name.records == south.records


def test_months_narrow_the_records(ground):
    part = ask(ground, "seasonality", category="vehicle-crime", since="2020-01", until="2021-12")
    assert part.asked["since"] == "2020-01"
    assert len(part.table().rows) == 12


def test_weeks_and_days_of_a_control_chart(ground):
    for period, n in (("week", 156), ("day", 1096)):
        found = ask(ground, "control-chart", category="vehicle-crime", period=period)
        assert abs(len(found.main.values) - n) <= 1
        assert found.main.values.sum() == pytest.approx(found.records, abs=30)


def test_harm_weighs_concentration_and_density(ground):
    found = ask(ground, "concentration", weight="harm")
    assert found.main.events > found.records
    assert ask(ground, "density", weight="harm", cell=250, bandwidth=400).main.weighted


def test_police_generated_records_are_counted_and_point_nowhere(ground):
    counted = ask(ground, "control-chart", category="drugs")
    assert any(c.name == "police-generated" and not c.passed for c in counted.checks)
    with pytest.raises(Refused, match="police were"):
        ask(ground, "hotspot-forecast", category="drugs")


def test_hot_spot_forecasts_wait_for_the_ethics_body(ground):
    analysis = Analysis("hotspot-forecast", category="burglary")
    with pytest.raises(Refused, match="ethics body"):
        bench.run(analysis, *ground, switched_on=False)
    assert bench.run(analysis, *ground).method == "hotspot-forecast"


def test_a_page_refuses_more_records_than_it_can_take(ground):
    with pytest.raises(Refused, match="takes up to 100 records on this page"):
        bench.run(Analysis("density"), *ground, most=100)


def test_a_page_refuses_settings_that_take_long(ground):
    for method, settings in (
        ("near-repeat", {"permutations": 5000}),
        ("near-repeat", {"distances": "0,9000"}),
        ("local-statistics", {"permutations": 5000}),
    ):
        with pytest.raises(Refused, match="on this page, so that nobody waits"):
            bench.run(Analysis(method, category="burglary", settings=settings), *ground, most=500_000)


def test_progress_is_told(ground):
    told = []
    analysis = Analysis("concentration", category="burglary")
    bench.run(analysis, *ground, progress=lambda *step: told.append(step))
    assert told[0] == ("reading", 0, 3)
    assert all(done <= total for _, done, total in told)


def test_without_places_areas_are_the_records_own(bench_folder):
    from forestall.records.store import Store

    records = Store.open(bench_folder).records()
    found = bench.run(Analysis("concentration", category="burglary"), records, None)
    assert len(found.table().rows) == 24
    assert found.asked["areas"] == []
    assert bench.run(Analysis("density", category="burglary"), records, None).layer.values
    with pytest.raises(Refused, match="no populations are loaded"):
        bench.run(Analysis("rates", category="burglary"), records, None)
