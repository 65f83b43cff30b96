"""The crosswalk from a lookup table alone, and what it does where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from forestall.errors import ForestallError
from forestall.places import Level, Places
from forestall.places.crosswalk import between, crosswalk


def level(codes: list[str], people: list[float], vintage: str) -> Level:
    n, year = len(codes), int(vintage)
    blank = ("",) * n
    return Level(
        "lsoa", tuple(codes), blank, blank, np.zeros(n), np.zeros(n), population={year: np.array(people)}, vintage=vintage
    )  # fmt: skip


OLD = level(["A", "B", "C", "D", "E"], [10, 10, 30, 10, 5], "2011")
NEW = level(["A", "B1", "B2", "CD"], [11, 3, 9, 40], "2021")
PAIRS = [("A", "A"), ("B", "B1"), ("B", "B2"), ("C", "CD"), ("D", "CD")]


def test_a_lookup_table_shares_by_residents() -> None:
    walk = crosswalk(OLD, NEW, PAIRS)
    weights = {(link.old, link.new): (link.forward, link.back) for link in walk.links}
    assert weights == {
        ("A", "A"): (1, 1), ("B", "B1"): (0.25, 1), ("B", "B2"): (0.75, 1), ("C", "CD"): (1, 0.75), ("D", "CD"): (1, 0.25)
    }  # fmt: skip
    assert [walk.kind(c) for c in "ABCDE"] == ["unchanged", "split", "merged", "merged", "unmatched"]
    assert walk.kind("B2") == "split"
    assert walk.convert([4, 8, 1, 2, 0]).tolist() == [4, 2, 6, 3]


def test_what_has_no_pair_is_never_dropped_silently() -> None:
    walk = crosswalk(OLD, NEW, PAIRS)
    assert walk.unmatched_old == ("E",)
    with pytest.raises(ForestallError, match="1 areas of 2011 with counts"):
        walk.convert([0, 0, 0, 0, 1])
    assert [str(n) for n in walk.notes()] == [
        "3 LSOAs of 2011 changed by 2021: their counts are shared out by residents.",
        "1 LSOA of 2011 has no known counterpart of 2021.",
    ]


def test_a_redrawn_area_is_called_so() -> None:
    walk = crosswalk(OLD, NEW, [("B", "B1"), ("B", "B2"), ("C", "B2")])
    assert {walk.kind(c) for c in ("B", "C", "B1", "B2")} == {"redrawn"}
    assert sum(link.forward for link in walk.links if link.old == "B") == pytest.approx(1)


def test_without_tables_or_boundaries_only_equal_codes_are_paired() -> None:
    walk = crosswalk(OLD, NEW)
    assert [link.how for link in walk.links] == ["same"]
    assert walk.unmatched_old == ("B", "C", "D", "E")
    assert walk.unmatched_new == ("B1", "B2", "CD")


def test_both_vintages_are_needed() -> None:
    with pytest.raises(ForestallError, match="both 2011 and 2021"):
        between(Places({"lsoa": OLD}, "v"))
