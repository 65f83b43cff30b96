"""The files of a sample: whole, repeatable, and the model's draw to the count."""

from __future__ import annotations

import filecmp
import itertools
import json
import os

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pytest

from forestall import sample
from forestall.cli import main
from forestall.errors import ForestallError
from forestall.records import mapping
from forestall.sample import extracts, writing
from forestall.sample.points import content
from forestall.sample.writing import draw


def read(made, name):
    files = sorted((made / "records").glob(f"{name}*.csv"))
    text = csv.ConvertOptions(column_types={"HO_CODE": pa.string(), "LSOA21": pa.string()}, strings_can_be_null=True)
    return pa.concat_tables([csv.read_csv(f, convert_options=text) for f in files], promote_options="permissive")


def count(force, counts, category, area, when):
    t = when.astype("datetime64[M]").astype(int) - np.datetime64("2022-01").astype(int)
    a = np.array([force.codes.index(c) for c in area.to_pylist()])
    c = np.array([force.categories.index(v) for v in category])
    np.add.at(counts, (c, a, t), 1)


def test_records_counted_again_are_the_models_draw(made, force):
    counts = np.zeros_like(draw(force, 1, True))
    crimes = read(made, "crimes")
    crimes = crimes.filter(pc.and_(pc.is_valid(crimes["LSOA21"]), pc.not_equal(crimes["CRIME_STATUS"], "Cancelled")))
    codes = {str(r[0]): c for c, rows in content()["offences"].items() for r in rows}
    when = pc.strptime(crimes["OCCURRED_FROM"], format="%d/%m/%Y %H:%M", unit="s").to_numpy()
    count(force, counts, [codes[v] for v in crimes["HO_CODE"].to_pylist()], crimes["LSOA21"], when)
    asb = read(made, "incidents")
    keep = pc.and_(pc.is_valid(asb["LSOA21"]), pc.equal(asb["Disposition"], "Closed"))
    asb = asb.filter(pc.and_(keep, pc.starts_with(asb["Closing code"], "ASB")))
    count(force, counts, ["anti-social-behaviour"] * len(asb), asb["LSOA21"], asb["Created"].to_numpy())
    assert np.array_equal(counts, draw(force, 1, True))


def test_row_counts_are_those_of_truth(made, truth):
    rows = truth["rows"]
    assert len(read(made, "crimes")) == rows["crimes"]
    assert len(read(made, "incidents")) == rows["asb"] + rows["calls"]
    assert len(read(made, "council-asb")) == rows["complaints"]


def test_details_hang_together(made):
    crimes = read(made, "crimes")
    parsed = [
        pc.strptime(crimes[c], format="%d/%m/%Y %H:%M", unit="s").to_numpy()
        for c in ("OCCURRED_FROM", "OCCURRED_TO", "REPORTED", "RECORDED")
    ]
    for earlier, later in itertools.pairwise(parsed):
        assert (earlier <= later).all()
    assert len(set(crimes["OCCURRENCE_NO"].to_pylist())) == len(crimes)
    placed = pc.is_valid(crimes["EASTING"]).to_numpy()
    assert 0.99 < placed.mean() < 1
    assert (placed == pc.is_valid(crimes["LSOA21"]).to_numpy()).all()
    victims = crimes["VICTIM_REF"].drop_null().to_pylist()
    assert all(v.startswith("N") and v[1:].isdigit() for v in victims[:1000])
    assert len(set(victims)) < 0.9 * len(victims)


def test_near_repeats_are_more_than_chance(made):
    """Burglaries at one map point within a week of one another, against the same with shuffled dates."""
    crimes = read(made, "crimes-2023")
    table = crimes.filter(pc.is_in(crimes["HO_CODE"], pa.array(["28E", "28F", "30C", "30D"])))
    table = table.filter(pc.is_valid(table["LOCATION_ID"]))
    day = (
        pc.strptime(table["OCCURRED_FROM"], format="%d/%m/%Y %H:%M", unit="s")
        .to_numpy()
        .astype("datetime64[D]")
        .astype(int)
    )
    point = table["LOCATION_ID"].to_numpy()

    def pairs(day):
        order = np.lexsort((day, point))
        p, d = point[order], day[order]
        return int(((p[1:] == p[:-1]) & (d[1:] - d[:-1] <= 7)).sum())

    rng = np.random.default_rng(1)
    assert pairs(day) > 2 * np.mean([pairs(rng.permutation(day)) for _ in range(20)])


def test_every_mapping_is_one_that_ingest_takes(made):
    for name, source in (("crimes", "sample-crimes"), ("incidents", "sample-incidents"), ("council-asb", "sample-council")):
        loaded = mapping.load(made / "mappings" / f"{name}.yaml")
        assert loaded.source == source
        table = csv.read_csv(sorted((made / "records").glob(f"{name}*.csv"))[0])
        assert set(loaded.columns()) <= set(table.column_names)


def test_a_year_ingested_is_the_models_year(made, force, tmp_path, monkeypatch):
    from forestall.records.store import Store

    monkeypatch.delenv("FORESTALL_HASH_KEY_FILE", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))  # a key of this test's own
    store = tmp_path / "store"
    for name in ("crimes", "incidents"):
        path = made / "records" / f"{name}-2024.csv"
        assert main(["ingest", str(path), "--mapping", str(made / "mappings" / f"{name}.yaml"), "--store", str(store)]) == 0
    cube = Store.open(store).records().cube(force="gwenllys")
    at = [force.codes.index(a) for a in cube.areas]
    assert cube.categories == force.categories
    assert cube.months == force.months[24:36]
    assert np.array_equal(cube.counts, draw(force, 1, True)[:, at, 24:36])
    police = dict(zip(cube.categories, cube.police_share, strict=True))
    assert police["drugs"] > 0.8
    assert police["burglary"] < 0.05


def test_places_are_recognised(made, force):
    from forestall.places import Places
    from forestall.places.add import from_files

    files = [*sorted((made / "places").glob("*.csv")), made / "places/lsoa.geojson"]
    places = from_files(files)
    assert isinstance(places, Places)
    level = places.level("lsoa")
    assert set(level.codes) == set(force.codes)
    assert places.force_areas("gwenllys") == level.codes
    assert places.name("X06000001") == "Port Idwyr"
    assert places.name("X06000001", "cy") == "Porth Idwyr"
    assert len(places.level("ward").codes) == 112
    order = [level.index(c) for c in force.codes]
    assert np.abs(level.easting[order] - force.easting).max() < 60
    assert level.population[2022].sum() == force.population[2022].sum()


def test_the_same_seed_writes_the_same_bytes(made, tmp_path):
    again = sample.make(tmp_path / "again", seed=1)
    files = [p.relative_to(made) for p in made.rglob("*") if p.is_file()]
    assert len(files) == 20
    assert all(filecmp.cmp(made / p, again / p, shallow=False) for p in files)


def test_a_folder_with_other_things_is_refused_and_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(ForestallError, match="holds files that are no sample"):
        sample.make(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["letter.txt"]
    with pytest.raises(ForestallError, match="is a file"):
        sample.make(tmp_path / "letter.txt")


def test_an_old_sample_is_replaced_unless_something_was_added_to_it(tmp_path, monkeypatch):
    out = tmp_path / "force"
    out.mkdir()
    (out / "truth.json").write_text(json.dumps({"made_by": "forestall sample", "seed": 9}))
    monkeypatch.setattr(writing, "_fill", lambda work, *_: (work / "truth.json").write_text("{}"))
    sample.make(out)
    assert (out / "truth.json").read_text() == "{}"
    (out / "truth.json").write_text(json.dumps({"made_by": "forestall sample", "seed": 9}))
    (out / "mine.txt").write_text("notes")
    with pytest.raises(ForestallError):
        sample.make(out)
    assert (out / "mine.txt").read_text() == "notes"


def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(extracts, "complaints", full)
    with pytest.raises(ForestallError, match="No space left"):
        sample.make(tmp_path / "force")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_call_left_is_swept_by_a_later_one(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "_fill", lambda work, *_: (work / "truth.json").write_text("{}"))
    old, fresh = tmp_path / ".force.1.partial", tmp_path / ".force.2.partial"
    old.mkdir()
    fresh.mkdir()
    os.utime(old, (0, 0))
    sample.make(tmp_path / "force")
    assert sorted(p.name for p in tmp_path.iterdir()) == [".force.2.partial", "force"]


def test_the_verb_says_what_it_made_and_refuses_with_a_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(writing, "_fill", lambda work, *_: (work / "truth.json").write_text("{}"))
    assert main(["sample", "--out", str(tmp_path / "a"), "--seed", "3", "--planted", "none"]) == 0
    assert "synthetic" in capsys.readouterr().out
    assert main(["sample", "--out", str(tmp_path / "a")]) == 2
    assert "choose a new or an empty folder" in capsys.readouterr().err
    assert main(["sample", "--out", str(tmp_path / "b"), "--seed", "-1"]) == 2
    assert "--seed is -1" in capsys.readouterr().err
