"""Town centres are told out, on made counts and on Gwent's; and nations are never ranked together."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from forestall.stats.denominators import residents_mislead
from forestall.stats.deprivation import deprivation_rank


def test_many_kinds_far_above_tell_a_centre_out_and_one_kind_does_not() -> None:
    rng = np.random.default_rng(1)
    x = rng.poisson(8, (60, 6))
    x[3] *= 9
    x[4, 0] *= 30
    told = residents_mislead(x, np.full(60, 1500.0))
    assert np.flatnonzero(told).tolist() == [3]


def test_nobody_is_told_out_where_places_are_alike() -> None:
    rng = np.random.default_rng(2)
    for mean in (0.05, 0.5, 5):
        assert not residents_mislead(rng.poisson(mean, (400, 14)), rng.uniform(1000, 3000, 400)).any()


def test_people_there_by_day_tell_a_centre_out_and_so_does_having_no_residents() -> None:
    told = residents_mislead(np.full((4, 3), 5), [1000, 1000, 1000, 0], by_day=[900, 2500, 1100, 10])
    assert told.tolist() == [False, True, False, True]


def test_the_town_centres_of_gwent(shared: Path) -> None:
    """The areas with the most crime a resident are the centres of Newport, Cwmbran and Ebbw Vale, and are told out."""
    people = {}
    with gzip.open(shared / "data" / "geography" / "lsoa11_england_wales.csv.gz", "rt", encoding="utf-8") as f:
        for row in csv.DictReader(f):
            people[row["lsoa11cd"]] = (float(row["pop_mid2020"] or 0), row["ladnm_2011"])
    count: Counter[tuple[str, str]] = Counter()
    for month in range(1, 13):
        name = f"2021-{month:02d}-gwent-street.csv.gz"
        with gzip.open(shared / "data" / "police_uk" / "gwent" / name, "rt", encoding="utf-8") as f:
            count.update((r["LSOA code"], r["Crime type"]) for r in csv.DictReader(f))
    gwent = {"Newport", "Torfaen", "Caerphilly", "Monmouthshire", "Blaenau Gwent"}
    areas = sorted(a for a, (_, lad) in people.items() if lad in gwent)
    kinds = sorted({k for _, k in count})
    x = np.array([[count[a, k] for k in kinds] for a in areas])
    n = np.array([people[a][0] for a in areas])
    told = residents_mislead(x, n)
    assert {areas[i] for i in np.flatnonzero(told)} >= {"W01001687", "W01001506", "W01001685", "W01001481"}
    assert told.sum() <= 12
    assert told[np.argsort(-x.sum(1) / n)[:4]].all()


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [({"counts": [[1, -1]]}, "-1"), ({"residents": [np.nan]}, "nan"), ({"residents": [1, 2]}, "don't match"),
     ({"times": 1}, "times"), ({"kinds": 0}, "kinds"), ({"by_day": [-4]}, "by_day")],
)  # fmt: skip
def test_what_cannot_be_is_refused(kwargs: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        residents_mislead(**{"counts": [[1, 2]], "residents": [100], **kwargs})  # type: ignore[arg-type]


def test_ranks_are_of_one_nation() -> None:
    assert deprivation_rank([10, 40, 25, 40], "Wales").tolist() == [4, 1, 3, 1]
    assert deprivation_rank([3, 1, 2], ["Wales"] * 3, most="low").tolist() == [3, 1, 2]


def test_welsh_and_english_deprivation_are_never_ranked_together() -> None:
    with pytest.raises(ValueError, match="never ranked together"):
        deprivation_rank([10, 40], ["Wales", "England"])


@pytest.mark.parametrize(
    ("scores", "nation", "said"),
    [
        ([1, np.nan], "Wales", "place 2 has no score"),
        ([1, 2], ["Wales"], "2 scores and 1 nations"),
        ([1, 2], ["Wales", ""], "not known"),
        ([1], "", "not known"),
    ],
)
def test_scores_that_cannot_be_ranked_are_refused(scores: list[float], nation: str | list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        deprivation_rank(scores, nation)
    with pytest.raises(ValueError, match="'high' or 'low', not 'up'"):
        deprivation_rank([1], "Wales", most="up")
