"""The whole scan: counts that a query of the raw rows gives again, no future, the same seed the same answer."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_force import MadeForce, block, event, quiet, trebled

import mini_force
from forestall import catalogue, scan
from forestall.records import months as mm
from forestall.records.records import Records
from forestall.results import Scan, Shelf, Signal, read
from forestall.scan import ranking

UNTIL = "2022-03"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mini_force.write(tmp_path_factory.mktemp("mini"))


@pytest.fixture(scope="module")
def records(files: Path) -> Records:
    return Records.from_files([files])


@pytest.fixture(scope="module")
def result(records: Records) -> Scan:
    return scan.find(records, replicates=199)


def as_json(found: Scan) -> Any:
    """Everything but which snapshot it was."""
    out = json.loads(json.dumps(found.to_json("en"), allow_nan=False))
    del out["snapshot"], out["provenance"]["snapshot"]
    return out


def made(force: MadeForce, **kw: Any) -> Scan:
    return scan.find(force, force.places(), **{"replicates": 99, **kw})  # type: ignore[arg-type]


# -- counts ----------------------------------------------------------------------------------------------------------------


def test_the_planted_rise_comes_first_of_its_theme(result: Scan) -> None:
    best = next(s for s in result.signals if s.theme == "neighbourhood")
    assert (best.kind, best.category, best.since, best.until) == ("rising", "vehicle-crime", mini_force.SINCE, "2022-06")
    assert set(best.areas) == set(mini_force.PLANTED)
    assert best.established
    assert [s.kind for s in result.signals if s.established and s.category != "vehicle-crime"] == []


def test_observed_is_what_a_query_of_the_raw_rows_counts(result: Scan, records: Records) -> None:
    assert {s.kind for s in result.signals} >= {"rising", "force-wide", "concentrated"}
    for s in result.signals:
        rows = records.rows(areas=s.areas, category=s.category, since=s.since, until=s.until)
        assert rows.num_rows == s.observed, s.id
        of = dict(zip(s.series.months, s.series.observed, strict=True))
        assert sum(of[m] for m in mm.between(s.since, s.until)) == s.observed
        assert s.excess == s.observed - s.expected


def test_every_figure_of_a_signal_is_what_it_is_called(result: Scan) -> None:
    for s in result.signals:
        assert s.until == "2022-06"
        assert s.ratio == pytest.approx(s.observed / s.expected)
        assert s.interval[0] <= s.ratio <= s.interval[1]
        assert s.theme == catalogue.category(s.category).theme
        assert len(s.series.months) == len(s.series.observed) == len(s.series.expected) == len(s.series.masked) == 30
        assert f"{s.observed:,}" in str(s.why)
        assert all(str(c) and "{" not in str(c) for c in (*s.cautions, s.why, s.place))
        if s.kind == "concentrated":
            assert (s.p_value, s.q_value, s.established) == (None, None, False)
        else:
            assert s.p_value is not None
            assert s.q_value is not None
            assert 0 < s.p_value <= s.q_value + 1e-12 <= 1 + 1e-12
            assert s.established == (s.q_value <= 0.05)
            assert s.established != any("Chance alone would show" in str(c) for c in s.cautions)


def test_harm_is_the_weight_of_the_excess_and_of_all_that_is_concentrated(records: Records) -> None:
    scheme = catalogue.harm().setting("anti-social-behaviour", 1.5)
    for s in scan.find(records, replicates=19, harm=scheme).signals:
        weight = scheme.weight(s.category)
        assert weight is not None
        counted = s.observed if s.kind == "concentrated" else max(0.0, s.excess)
        assert s.harm == pytest.approx(counted * weight)
    plain = scan.find(records, replicates=19)
    assert {s.harm for s in plain.signals if s.category == "anti-social-behaviour"} == {None}
    assert "1.5" not in plain.provenance.parameters["harm"]


def test_all_kinds_to_the_count_with_months_and_areas_set_aside() -> None:
    counts = trebled(12, rows=block(9), last=5)
    counts["shoplifting"][40] *= 7
    counts["public-order"][:, -4:] *= 2
    events = [
        event("2020-04", "passing", until="2020-06", category="shoplifting"),
        event("2021-02", "step", category="vehicle-crime"),
        event("2021-08", "turnover"),
        event("2021-08", "step", areas=("W01000018",)),
    ]
    force = MadeForce(counts, events=events)
    signals = made(force).signals
    assert {k for s in signals for k in s.kinds} >= {"rising", "force-wide", "concentrated"}
    assert [force.raw(s) for s in signals] == [s.observed for s in signals]


# -- no future, and again the same -----------------------------------------------------------------------------------------


def test_until_sees_nothing_later(records: Records, files: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    shutil.copytree(files, cut)
    for month in mini_force.months():
        if month > UNTIL:
            shutil.rmtree(cut / month)
    past = scan.find(records, until=UNTIL, replicates=99)
    then = scan.find(Records.from_files([cut]), replicates=99)
    assert as_json(past) == as_json(then)
    assert {s.until for s in past.signals} == {UNTIL}
    assert max(m for s in past.signals for m in s.series.months) == UNTIL


@pytest.mark.parametrize("until", ["2021-06", "2022-03", "2022-11"])
def test_nor_does_it_see_later_events(until: str) -> None:
    counts = trebled(3, rows=block(9), last=3)
    events = [event("2021-06", "turnover"), event("2022-03", "passing", category="burglary"), event("2022-12", "step")]
    force = MadeForce(counts, events=events)
    n = force.held.index(until) + 1
    then = MadeForce({c: v[:, :n] for c, v in counts.items()}, events=[e for e in events if (e.month or "") <= until])
    assert as_json(made(force, until=until)) == as_json(made(then))


def test_a_longer_history_than_looked_back_on_changes_nothing() -> None:
    counts = quiet(5, months=60)
    late = {c: v[:, -24:] for c, v in counts.items()}
    a, b = made(MadeForce(counts), lookback=24), made(MadeForce(late, first="2023-01"), lookback=24)
    assert as_json(a) == as_json(b)


@pytest.mark.parametrize("kind", ["force-wide", "falling"])
def test_a_kind_alone_finds_what_it_finds_among_all(kind: str) -> None:
    """Four areas rose steeply: the force's rise is told of them, and the other areas' fall without them."""
    counts = trebled(6, rows=block(0), last=3, mean=6.0)
    counts["burglary"][np.ix_(block(0), (33, 34, 35))] += 30
    force = MadeForce(counts)
    settings: dict[str, Any] = {"replicates": 99, "late_months": 0, "merge": False}
    every = scan.find(force, force.places(), **settings)  # type: ignore[arg-type]
    alone = scan.find(force, force.places(), kinds=[kind], **settings)  # type: ignore[arg-type]
    assert sorted(map(repr, alone.signals)) == sorted(repr(s) for s in every.signals if s.kind == kind)
    assert "rising" in every.families
    assert "rising" not in alone.families


def test_the_same_seed_gives_the_same_and_another_only_other_draws(records: Records, result: Scan) -> None:
    assert as_json(scan.find(records, replicates=199)) == as_json(result)
    other = scan.find(records, replicates=199, seed=2)

    def bare(found: Scan) -> set[tuple[Any, ...]]:
        return {(s.kind, s.category, s.areas, s.since, s.observed, s.expected) for s in found.signals}

    assert bare(other) == bare(result), "what is found does not hang on a draw"
    for kind in ("rising", "force-wide"):
        p = [sorted(s.p_value for s in f.signals if s.kind == kind and s.p_value) for f in (result, other)]
        assert p[0] != p[1]
        assert p[0] == pytest.approx(p[1], abs=0.2)


def test_provenance_makes_it_again(records: Records, result: Scan) -> None:
    p = result.provenance
    assert p.snapshot == records.snapshot
    assert p.parameters["until"] == "2022-06"
    again = scan.find(
        records,
        force=p.parameters["force"],
        until=p.parameters["until"],
        lookback=p.parameters["lookback"],
        windows=tuple(p.parameters["windows"]),
        neighbours=p.parameters["neighbours"],
        replicates=p.parameters["replicates"],
        top=p.parameters["top"],
        sort=p.parameters["sort"],
        seed=p.seed or 0,
    )
    assert again == result
    assert again.recipe.hash() == result.recipe.hash()
    assert scan.find(records, replicates=199, seed=2, top=1).recipe.hash() != result.recipe.hash()


# -- lists -----------------------------------------------------------------------------------------------------------------


def test_top_cuts_the_list_and_nothing_else(records: Records, result: Scan) -> None:
    for top in (1, 4, 1000):
        assert scan.find(records, replicates=199, top=top).signals == result.signals[:top]


def test_another_sort_is_the_same_signals(records: Records, result: Scan) -> None:
    for by in ranking.SORTS:
        turned = ranking.order(result.signals, by)
        assert sorted(s.id for s in turned) == sorted(s.id for s in result.signals)
    assert [s.observed for s in scan.find(records, replicates=199, sort="count").signals] == [
        s.observed for s in ranking.order(result.signals, "count")
    ]


def test_ids_carry_on_from_the_scan_before(records: Records, result: Scan) -> None:
    assert len({s.id for s in result.signals}) == len(result.signals)
    before = scan.find(records, until="2022-05", replicates=199)
    renamed = tuple(replace(s, id=f"before{i:04d}") for i, s in enumerate(before.signals))
    after = scan.find(records, replicates=199, earlier=renamed)

    def planted(signals: Sequence[Signal]) -> str:
        return next(s.id for s in signals if s.kind == "rising" and set(s.areas) & set(mini_force.PLANTED))

    assert planted(after.signals) == planted(renamed)
    carried = {s.id for s in after.signals} & {s.id for s in renamed}
    assert {s.kind for s in after.signals if s.id in carried} >= {"rising", "concentrated"}
    assert [replace(s, id="") for s in after.signals] == [replace(s, id="") for s in result.signals]


# -- results ---------------------------------------------------------------------------------------------------------------


def test_it_reads_back(result: Scan) -> None:
    text = json.dumps(result.to_json(), allow_nan=False)
    again = read(json.loads(text))
    assert again == result
    assert json.dumps(again.to_json()) == text


def test_so_does_a_scan_with_events_nothing_found_and_few_replicates() -> None:
    events = [event("2021-03", "turnover"), event("2022-12", "passing", standing="confirmed")]
    for force in (MadeForce(quiet(1), events=events), MadeForce(quiet(1, months=3))):
        found = made(force, replicates=19)
        assert read(json.loads(json.dumps(found.to_json(), allow_nan=False))) == found


def test_a_shelf_gives_back_what_was_put_last(result: Scan, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    assert shelf.latest("scan") is None
    one, two = replace(result, signals=result.signals[:3]), result
    shelf.put(replace(one, provenance=replace(one.provenance, seed=9)))
    path = shelf.put(two)
    assert shelf.latest("scan") == two
    assert shelf.get(two.provenance.snapshot, two.recipe.hash()) == two
    assert shelf.put(two) == path
    assert len(list(shelf.root.rglob("*.json"))) == 2
    assert not list(shelf.root.rglob("*.tmp"))


@pytest.mark.parametrize("language", ["en", "cy"])
def test_sentences_are_rendered(result: Scan, language: str) -> None:
    data = result.to_json(language)
    for s in data["signals"]:
        sentences = [s["why"], s["place"], *s["cautions"]]
        assert all(isinstance(t, str) and t and "{" not in t for t in sentences)
    assert result.explain(language)
    assert "{" not in result.explain(language)


def test_welsh_is_welsh(result: Scan) -> None:
    assert result.explain("cy") != result.explain("en")
    pairs = zip(result.to_json("cy")["signals"], result.to_json("en")["signals"], strict=True)
    for welsh, english in pairs:
        assert welsh["why"] != english["why"]
        assert {k: v for k, v in welsh.items() if k not in ("why", "place", "cautions")} == {
            k: v for k, v in english.items() if k not in ("why", "place", "cautions")
        }


def test_the_table_has_every_signal_and_its_csv_too(result: Scan) -> None:
    table = result.table()
    assert len(table.rows) == len(result.signals)
    rows = list(csv.DictReader(io.StringIO(table.to_csv())))
    assert [r["id"].lstrip("'") for r in rows] == [s.id for s in result.signals]
    for row, s in zip(rows, result.signals, strict=True):
        assert int(row["observed"]) == s.observed
        assert row["areas"].split() == list(s.areas)
        assert (row["p_value"] == "") == (s.kind == "concentrated")
        assert float(row["ratio"]) == pytest.approx(s.ratio, rel=1e-5)
    assert len(result.chart()["data"]["values"]) == len(result.signals)
