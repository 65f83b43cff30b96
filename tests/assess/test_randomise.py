"""Lots: the best pairs there are, draws that can be made again, and dates that must be before the response."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forestall.assess import _matching, _scheme
from forestall.assess.randomise import RandomisedDesign, draw, matched_pairs, read_history, stepped_wedge
from forestall.errors import ForestallError
from forestall.results import read
from stats.showing import shows_itself

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_lots as slow

DATES: dict[str, Any] = {
    "start": "2027-04",
    "end": "2028-03",
    "drawn_on": "2027-03-01",
    "drawn_by": ["A. Analyst", "B. Board"],
}
WEDGE: dict[str, Any] = {
    "starts": ["2027-04", "2027-07", "2027-10"],
    "first": "2027-01",
    "end": "2028-03",
    "drawn_on": "2027-03-01",
    "drawn_by": ["A"],
}


def places(n: int, seed: int = 0, columns: int = 4) -> dict[str, list[float]]:
    rng = np.random.default_rng(seed)
    return {f"W{i:03}": rng.poisson(rng.gamma(2, 10), columns).astype(float).tolist() for i in range(n)}


@pytest.mark.parametrize("seed", range(12))
def test_the_pairs_are_the_best_of_all_pairings(seed: int) -> None:
    values = list(places(8, seed).values())
    distance = _matching.distances(np.array(values))
    found = _matching.pairs(distance)
    assert sorted(i for p in found for i in p) == list(range(8))
    assert sum(distance[p] for p in found) == pytest.approx(slow.least_distance(values))


@pytest.mark.parametrize("seed", range(6))
def test_an_odd_place_out_is_the_one_without_which_the_others_match_best(seed: int) -> None:
    given = places(7, seed)
    design = matched_pairs(given, seed=seed, **DATES)
    best = min(given, key=lambda code: slow.least_distance([v for c, v in given.items() if c != code]))
    assert design.left_over == (best,)
    assert best not in design.places
    assert best in design.explain()


def test_all_draws_are_alike_likely() -> None:
    blocks = np.array([0, 0, 0, 1, 1])
    every = {tuple(d) for d in _scheme.every(blocks, 3).tolist()}
    assert len(every) == _scheme.possible(blocks, 3) == 6 * 6
    drawn = Counter(tuple(_scheme.deal(blocks, 3, np.random.default_rng(s)).tolist()) for s in range(7200))
    assert set(drawn) == every
    assert sum((n - 200) ** 2 / 200 for n in drawn.values()) < 66.6  # chi-squared, 35 degrees of freedom, p = 0.001
    sampled = Counter(map(tuple, _scheme.sample(blocks, 3, 7200, 1).tolist()))
    assert set(sampled) == every
    assert sum((n - 200) ** 2 / 200 for n in sampled.values()) < 66.6


def test_the_same_places_and_seed_make_the_same_draw_however_they_are_listed() -> None:
    given = places(12)
    one = matched_pairs(given, seed=9, **DATES)
    other = matched_pairs(dict(reversed(given.items())), seed=9, **DATES)
    assert one.to_json() == other.to_json()
    assert one.hash == other.hash
    assert matched_pairs(given, seed=10, **DATES).hash != one.hash
    assert matched_pairs(given, **DATES).seed != matched_pairs(given, **DATES).seed


def test_in_each_pair_one_begins_and_one_is_compared() -> None:
    design = matched_pairs(places(20), seed=3, **DATES)
    for b in range(10):
        assert sorted(a for a, block in zip(design.arms, design.blocks, strict=True) if block == b) == [0, 1]
    begin = [p for p in design.places if design.month_of(p) == "2027-04"]
    assert len(begin) == 10
    assert design.possible == 2**10
    assert design.smallest_p == 2 / 2**10


def test_in_a_wedge_like_places_come_in_different_steps() -> None:
    design = stepped_wedge(places(14), seed=3, **WEDGE)
    level = dict(zip(design.places, design.level, strict=True))
    for b in range(5):
        arms = [a for a, block in zip(design.arms, design.blocks, strict=True) if block == b]
        assert len(set(arms)) == len(arms)
    means = [np.mean([level[p] for p, k in zip(design.places, design.blocks, strict=True) if k == b]) for b in range(5)]
    assert means == sorted(means, reverse=True)


def test_a_design_that_was_altered_says_so() -> None:
    design = matched_pairs(places(12), seed=3, **DATES)
    assert design.intact
    back = read(json.loads(json.dumps(design.to_json())))
    assert isinstance(back, RandomisedDesign)
    assert back.intact
    assert not replace(design, arms=tuple(1 - a for a in design.arms)).intact
    assert not replace(design, drawn_on="2027-02-01").intact


def test_few_places_and_an_unlucky_lot_are_said() -> None:
    few = matched_pairs(places(6), seed=3, **DATES)
    assert not next(c for c in few.checks if c.name == "enough").passed
    assert "only 8 possible draws" in few.explain()
    twelve = {f"W{i:02}": [float(v)] for i, v in enumerate([1, 90, 2, 91, 3, 92, 4, 93, 5, 94, 6, 95])}
    designs = [stepped_wedge(twelve, seed=s, **{**WEDGE, "starts": ["2027-04", "2027-07"]}) for s in range(40)]
    assert any(c.passed for d in designs for c in d.checks if c.name == "balance")


@pytest.mark.parametrize(
    "design",
    [
        matched_pairs(places(13), seed=1, **DATES),
        stepped_wedge(places(14), seed=1, **WEDGE),
        matched_pairs(places(2), seed=1, **DATES),
    ],
    ids=["pairs", "wedge", "one pair"],
)
def test_a_draw_shows_itself(design: RandomisedDesign) -> None:
    shows_itself(design)


# Files and bad input.


def test_a_file_of_settings_is_enough(tmp_path: Path) -> None:
    (tmp_path / "places.csv").write_text("code,2026-01,2026-02\nW1,3,4\nW2,5,1\nW3,9,9\nW4,8,10\n", encoding="utf-8")
    settings = {
        "scheme": "pairs",
        "places": "places.csv",
        "start": "2027-04",
        "end": "2028-03",
        "people": "A",
        "seed": 1,
        "date": "2027-03-01",
    }
    design = draw(settings, folder=tmp_path)
    assert design.columns == ("2026-01", "2026-02")
    assert design.history.tolist() == [[3, 4], [5, 1], [9, 9], [8, 10]]
    assert design.drawn_by == ("A",)
    wedge = draw(
        {
            "scheme": "wedge",
            "places": {"W1": 3, "W2": 4, "W3": 5},
            "starts": ["2027-04", "2027-05"],
            "first": "2027-01",
            "end": "2027-12",
            "people": ["A", "B"],
            "date": "2027-03-01",
        }
    )
    assert wedge.starts == ("2027-04", "2027-05")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("code,n\nW1,3\nW1,4\n", "places.csv, line 3: W1 stands there twice"),
        ("code,n\nW1,-3\n", "places.csv, line 2: n is '-3'"),
        ("code,n\nW1,\n", "line 2: n is ''"),
        ("code,n\n,3\n", "line 2: code is empty"),
        ("code\nW1\n", "codes and no values"),
        ("place,n\nW1,3\n", "lacks the column 'code'"),
        ("code;n\nW1;3\n", "does not separate its columns by commas"),
        ("code,n\nW1,3,4\n", "line 2: the row has 3 columns"),
        ("code,n\n", "no rows"),
    ],
)
def test_a_table_of_places_that_is_wrong_says_where(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "places.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ForestallError, match=said.replace("(", r"\(")):
        read_history(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ForestallError, match="there is no file"):
        read_history(tmp_path / "none.csv")
    with pytest.raises(ForestallError, match="is a folder"):
        read_history(tmp_path)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"start": "2027-13"}, "'2027-13' is no month"),
        ({"end": "2027-03"}, "before 2027-04"),
        ({"drawn_on": "2027-04-02"}, "draw before anyone begins"),
        ({"drawn_on": "soon"}, "'soon' is no day"),
        ({"drawn_by": []}, "name the people"),
        ({"drawn_by": [" "]}, "name the people"),
        ({"seed": -1}, "seed must be"),
        ({"seed": 1.5}, "seed must be"),
        ({"history": {}}, "no places"),
        ({"history": {"W1": 3}}, "two places at the least"),
        ({"history": {"W1": 3, "W2": -1}}, "W2: what it is matched on"),
        ({"history": {"W1": 3, "W2": float("nan")}}, "W2: what it is matched on"),
        ({"history": {"W1": [3, 4], "W2": [3]}}, "W2 has 1 values"),
        ({"history": {"W1": 3, "W2": "many"}}, "is no number to match on"),
        ({"history": {f"W{i}": i for i in range(201)}}, "too many to pair"),
        ({"columns": ["a", "b"]}, "2 names were given for 4 values"),
    ],
)
def test_pairs_that_can_t_be_drawn_say_why(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ForestallError, match=said):
        matched_pairs(**{"history": places(6), "seed": 1, **DATES, **changed})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"starts": ["2027-04"]}, "two steps at the least"),
        ({"starts": ["2027-04", "2027-04"]}, "must follow each other"),
        ({"first": "2027-04"}, "a month before the first step"),
        ({"end": "2027-09"}, "before 2027-10"),
        ({"history": {"W1": 1, "W2": 2}}, "2 places can't fill 3 steps"),
    ],
)
def test_a_wedge_that_can_t_be_drawn_says_why(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ForestallError, match=said):
        stepped_wedge(**{"history": places(6), "seed": 1, **WEDGE, **changed})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"scheme": "coin"}, "scheme must be pairs or wedge"),
        ({"plcaes": 1}, "no setting 'plcaes'"),
        ({"scheme": "pairs"}, "needs the setting 'places'"),
        ({"scheme": "wedge", "places": {"W1": 1}, "people": "A", "end": "2028-03"}, "needs the setting 'starts'"),
        (
            {
                "scheme": "wedge",
                "places": {"W1": 1},
                "people": "A",
                "end": "2028-03",
                "starts": "2027-04",
                "first": "2027-01",
            },
            "list of months",
        ),
    ],
)
def test_settings_that_are_wrong_say_which(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ForestallError, match=said):
        draw(settings)
