"""The replay sees no future, pairs each listing with last year's counts, and scores both the same way."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mini_force
from forestall.records import months as mm
from forestall.records.records import Records
from forestall.results import Provenance, read
from forestall.scan.replay import LEAST, Followed, Pick, Replay, _follow, most_counted, replay, strongest
from forestall.text import msg


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    return Records.from_files([mini_force.write(tmp_path_factory.mktemp("mini"))])


@pytest.fixture(scope="module")
def back(records: Records) -> Replay:
    return replay(records, force="gwent", months=6, replicates=199)


def side(hit: bool) -> Followed:
    return Followed(("a",), 30 if hit else 8, 10.0, 3.0 if hit else 0.8, 2.0 if hit else 0.5)


def made(pairs: list[tuple[str, bool, bool]]) -> Replay:
    """A replay of pairs (problem, scan hits, twin hits)."""
    picks = tuple(
        Pick(
            "2022-01",
            problem,
            "burglary",
            msg("x"),
            ("a",),
            "2021-12",
            2.0,
            True,
            ("b",),
            ("2022-02",),
            200,
            side(s),
            side(n),
        )
        for problem, s, n in pairs
    )
    return Replay(("2022-01",), 3, 5, 10, picks, Provenance("s", "replay", "1", {}, 1))


def test_the_planted_rise_is_listed_while_it_lasts_and_goes_on(back: Replay) -> None:
    planted = [p for p in back.picks if p.category == "vehicle-crime" and len(set(p.areas) & set(mini_force.PLANTED)) >= 2]
    planted = [p for p in planted if p.established]
    assert len({p.month for p in planted}) >= 3
    assert len({p.problem for p in planted}) == 1, "the same rise keeps its name from month to month"
    assert all(p.since >= mm.shift(mini_force.SINCE, -1) for p in planted)
    assert all(p.scan is not None and p.scan.outcome == "hit" for p in planted)
    assert planted[0].month <= mm.shift(mini_force.SINCE, 2)


def test_a_month_is_scanned_as_if_later_files_were_not_there(back: Replay, tmp_path: Path) -> None:
    month = back.picks[-1].month
    folder = mini_force.write(tmp_path)
    for later in folder.iterdir():
        if later.name > month:
            for file in later.iterdir():
                file.unlink()
            later.rmdir()
    from forestall.scan.find import find

    then = find(Records.from_files([folder]), force="gwent", replicates=199)
    mine = [(p.category, p.areas, p.since, p.established) for p in back.picks if p.month == month]
    assert mine == [(s.category, s.areas, s.since, s.established) for s in strongest(then, 5)]
    assert any(established for *_, established in mine)


def test_figures_are_those_that_counting_by_hand_gives(back: Replay, records: Records) -> None:
    pick = next(p for p in back.picks if p.category == "vehicle-crime" and p.scored)
    assert pick.scan
    assert pick.naive
    cube = records.cube(force="gwent")
    counts = cube.of(pick.category)
    at = [cube.months.index(m) for m in pick.followed]
    assert pick.followed == mm.between(mm.shift(pick.month, 1), min(mm.shift(pick.month, 3), cube.months[-1]))
    for followed in (pick.scan, pick.naive):
        rows = [cube.areas.index(a) for a in followed.areas]
        assert followed.observed == counts[np.ix_(rows, at)].sum()
        since = cube.months.index(pick.since)
        share = counts[rows, :since].sum() / counts[:, :since].sum()
        assert followed.expected == pytest.approx(share * counts[:, at].sum())
    assert pick.whole == counts[:, at].sum()
    t = cube.months.index(pick.month)
    last_year = counts[:, t - 11 : t + 1].sum(1)
    worst = sorted(range(len(last_year)), key=lambda i: (-last_year[i], i))[: len(pick.areas)]
    assert pick.twin == tuple(cube.areas[i] for i in worst)


def test_the_naive_list_takes_the_largest_not_yet_taken() -> None:
    counts = np.array([[5], [9], [9], [1]])
    assert most_counted(counts, 2, set()) == [1, 2]
    assert most_counted(counts, 2, {1}) == [2, 0]


@pytest.mark.parametrize(("came", "outcome"), [(60, "hit"), (22, "above"), (20, "miss"), (5, "miss"), (0, "miss")])
def test_outcomes(came: int, outcome: str) -> None:
    counts = np.array([[20, came], [180, 200 - came]])
    got = _follow(("a", "b"), counts, counts.sum(0), [0], np.zeros(2, bool), [0], [1], 1.0)
    assert got
    assert got.expected == pytest.approx(20)
    assert got.outcome == outcome


def test_one_or_two_records_are_no_hit_however_rare() -> None:
    for came in range(LEAST):
        assert Followed(("a",), came, 0.001, None, 50.0).outcome != "hit"
    assert Followed(("a",), LEAST, 0.001, None, 50.0).outcome == "hit"


def test_areas_whose_map_points_changed_are_scored_for_nobody() -> None:
    counts = np.array([[20, 60], [180, 140]])
    assert _follow(("a", "b"), counts, counts.sum(0), [0], np.array([True, False]), [0], [1], 1.0) is None
    assert _follow(("a", "b"), counts, counts.sum(0), [0], np.zeros(2, bool), [0], [], 1.0) is None


def test_chance_gives_a_hit_one_time_in_ten_at_most() -> None:
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(400):
        counts = rng.poisson(np.array([[200.0, 30.0], [6000.0, 900.0]]))
        got = _follow(("a", "b"), counts, counts.sum(0), [0], np.zeros(2, bool), [0], [1], 1.0)
        assert got
        hits += got.outcome == "hit"
    assert 10 <= hits <= 55


@pytest.mark.parametrize(
    ("pairs", "verdict"),
    [
        ([("p", True, False)] * 30, "few"),
        ([(f"p{i}", True, False) for i in range(9)], "scan"),
        ([(f"p{i}", False, True) for i in range(9)], "naive"),
        ([(f"p{i}", i < 5, i >= 5) for i in range(10)], "same"),
        ([(f"p{i}", True, True) for i in range(10)], "same"),
        ([(f"p{i}", i < 2, False) for i in range(12)], "same"),
    ],
)
def test_verdicts_rest_on_distinct_rises(pairs: list[tuple[str, bool, bool]], verdict: str) -> None:
    assert made(pairs).verdict() == verdict
    assert made(pairs).explain("en")


def test_score_adds_up() -> None:
    back = made([("a", True, False), ("b", False, True)])
    score = back.score()
    assert (score.pairs, score.hits, score.above, score.misses) == (2, 1, 0, 1)
    assert (score.observed, score.expected, score.excess) == (38, 20.0, 18.0)
    assert score.share == pytest.approx(38 / 400)
    assert score.area_share == pytest.approx(0.1)


def test_it_reads_back_and_says_so_where_nothing_can_be_followed(back: Replay) -> None:
    again = read(json.loads(json.dumps(back.to_json())))
    assert again.to_json() == back.to_json()
    assert "can't be compared" in replace(back, picks=()).explain("en")
    assert len(back.table().rows) == len(back.picks)
