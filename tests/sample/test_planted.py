"""The planted truth is in the counts and in the records' details, and truth.json says so."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
import pyarrow.csv as csv
import pytest
import shapely

from forestall import sample
from forestall.sample.clock import in_term
from forestall.sample.planted import plants
from forestall.sample.writing import draw

KINDS = {
    "rising-vehicle-crime",
    "burglary-series",
    "night-time-economy",
    "school-route-asb",
    "response-that-works",
    "response-that-displaces",
    "response-that-does-nothing",
    "recording-change",
}


def planted_in(force):
    return {p.kind: p for p in plants(force.geography, force.categories, force.months, force.mean)}


@pytest.fixture(scope="module")
def crimes(made):
    return csv.read_csv(made / "records/crimes-2025.csv")


def stamped(table, column="OCCURRED_FROM"):
    return pc.strptime(table[column], format="%d/%m/%Y %H:%M", unit="s").to_numpy().astype("datetime64[m]")


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5, 6])
def test_every_seed_plants_all_kinds_apart_from_one_another(seed):
    force = sample.model(seed)
    planted = planted_in(force)
    assert set(planted) == KINDS
    taken = [i for p in planted.values() for i in (*p.areas, *(a for g in p.groups.values() for a in g))]
    assert len(taken) == len(set(taken))


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5, 6])
def test_rising_vehicle_crime_expects_twenty_a_month_in_one_piece_and_triples(seed):
    force = sample.model(seed)
    plant = planted_in(force)["rising-vehicle-crime"]
    areas = np.array(plant.areas)
    assert len(areas) >= 3
    shape = shapely.union_all(np.array(force.geography.polygons)[areas]).buffer(5)
    assert shape.geom_type == "Polygon"
    c = force.categories.index("vehicle-crime")
    before = force.mean[c, areas, -15:-3].sum() * plant.always / 12
    assert before >= 20
    months = [draw(force, seed, True)[c, areas, -3:].sum() / 3]
    rng = np.random.default_rng(seed)
    months += [force.draw_counts(rng, planted=True)[c, areas, -3:].sum() / 3 for _ in range(8)]
    assert np.mean(months) == pytest.approx(3 * before, rel=0.15)
    assert months[0] > 2 * before


def test_responses_do_what_they_say(force):
    rng = np.random.default_rng(11)
    draws = np.mean([force.draw_counts(rng, planted=True) for _ in range(25)], axis=0)
    for plant in planted_in(force).values():
        if plant.role != "response":
            continue
        c, start = force.categories.index(plant.category), force.months.index(plant.since)
        ratio = (draws[c] / force.mean[c])[:, start:]
        weight = force.mean[c][:, start:]

        def effect(areas, ratio=ratio, weight=weight):
            a = np.array(areas)
            return (ratio[a] * weight[a]).sum() / weight[a].sum()

        assert effect(plant.areas) == pytest.approx(plant.factor, rel=0.15), plant.kind
        assert effect(plant.groups["comparison"]) == pytest.approx(1.0, rel=0.15), plant.kind
        if plant.kind == "response-that-displaces":
            inside = np.array(plant.areas)
            gone = (force.mean[c] - draws[c])[inside, start:].sum()
            come = (draws[c] - force.mean[c])[np.array(plant.groups["displacement"]), start:].sum()
            assert come == pytest.approx(gone, rel=0.25)


def test_the_recording_change_is_everywhere_at_once_and_in_one_category(force):
    plant = planted_in(force)["recording-change"]
    c, start = force.categories.index(plant.category), force.months.index(plant.since)
    assert (force.planted[c, :, start:] == plant.factor).all()
    assert (force.planted[c, :, :start] == 1).all()


def test_nothing_planted_is_the_model_alone(force, tmp_path):
    import json

    out = sample.make(tmp_path / "plain", seed=1, planted=False)
    said = json.loads((out / "truth.json").read_text(encoding="utf-8"))
    assert said["planted"] == []
    counts = draw(force, 1, False)
    assert said["counts"] == {c: int(n) for c, n in zip(force.categories, counts.sum(axis=(1, 2)), strict=True)}
    assert np.array_equal(counts, force.draw_counts(np.random.default_rng([1, 3])))


def test_truth_says_kind_category_areas_months_size_and_text(truth, force):
    assert {p["kind"] for p in truth["planted"]} == KINDS
    for p in truth["planted"]:
        assert p["category"] in force.categories
        assert set(p["areas"]) <= set(force.codes)
        assert force.months[0] <= p["since"] <= p["until"] <= force.months[-1]
        assert p["size"] > 0
        assert p["text"].endswith(".")
    assert "Synthetic" in truth["synthetic"]


def test_the_night_time_economy_is_at_night_at_weekends(crimes, truth):
    plant = next(p for p in truth["planted"] if p["kind"] == "night-time-economy")
    assault = pc.is_in(crimes["HO_CODE"], csv_values(["105A", "8N", "5D"]))
    inside = pc.is_in(crimes["LSOA21"], csv_values(plant["areas"]))

    def late(table):
        when = stamped(table)
        hour = (when - when.astype("datetime64[D]")).astype(int) // 60
        weekday = (when.astype("datetime64[D]").astype(np.int64) + 3) % 7
        return (((hour >= 20) & np.isin(weekday, (4, 5))) | ((hour < 4) & np.isin(weekday, (5, 6)))).mean()

    here = late(crimes.filter(pc.and_(assault, inside)))
    elsewhere = late(crimes.filter(pc.and_(assault, pc.invert(inside))))
    assert here > 0.35 > 0.25 > elsewhere


def test_the_school_route_is_after_school_in_term(made, truth):
    plant = next(p for p in truth["planted"] if p["kind"] == "school-route-asb")
    table = csv.read_csv(made / "records/incidents-2025.csv")
    asb = pc.is_in(table["Closing code"], csv_values(["ASB-NUIS", "ASB-PERS", "ASB-ENVI"]))
    table = table.filter(pc.and_(asb, pc.is_in(table["LSOA21"], csv_values(plant["areas"]))))
    when = table["Created"].to_numpy().astype("datetime64[m]")
    hour = (when - when.astype("datetime64[D]")).astype(int) // 60
    after_school = (hour >= 14) & (hour < 18) & in_term(when)
    since = when >= np.datetime64(plant["since"])
    assert after_school[since].mean() > 0.4
    assert after_school[~since].mean() < 0.25


def test_the_burglary_series_is_a_chain_of_near_repeats(crimes, truth):
    plant = next(p for p in truth["planted"] if p["kind"] == "burglary-series")
    burglary = pc.is_in(crimes["HO_CODE"], csv_values(["28E", "28F", "30C", "30D"]))
    inside = pc.is_in(crimes["LSOA21"], csv_values(plant["areas"]))
    table = crimes.filter(pc.and_(burglary, inside))
    when = stamped(table)
    series = (when >= np.datetime64(plant["since"])) & (table["MO"].to_numpy(zero_copy_only=False) == "Rear door forced")
    assert series.sum() >= 20
    e, n = table["EASTING"].to_numpy()[series], table["NORTHING"].to_numpy()[series]
    t = when[series].astype(np.int64) / 1440
    near = np.hypot(e[:, None] - e, n[:, None] - n) < 400
    soon = (np.abs(t[:, None] - t) < 5) & (np.abs(t[:, None] - t) > 0)
    assert (near & soon).any(axis=1).mean() > 0.6


def csv_values(values):
    import pyarrow as pa

    return pa.array(values, pa.string())
