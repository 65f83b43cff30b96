"""Shares imported from a table: read with its lines, compared, and without a percentage of few."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from forestall.assess.proportions import Share, detectable_proportion, proportions, read_shares
from forestall.errors import ForestallError
from forestall.stats.proportions import contrast
from stats.showing import shows_itself

TABLE = """group,period,yes,of
Ysgol A,2025,40,120
Ysgol A,2026,22,115
Ysgol B,2025,41,130
Ysgol B,2026,39,90
"""
FOUR: dict[str, Any] = {"treated": "Ysgol A", "compared": "Ysgol B", "before": "2025", "after": "2026", "what": "Excluded"}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "shares.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def test_a_difference_in_differences_by_hand(table: Path) -> None:
    made = proportions(table, **FOUR)
    assert made.estimate == pytest.approx((22 / 115 - 40 / 120) - (39 / 90 - 41 / 130))
    assert made.interval == contrast([22, 40, 39, 41], [115, 120, 90, 130], [1, -1, -1, 1]).interval
    assert made.design == "difference-in-differences"
    assert made.shown == "rough"
    assert "-26.0 percentage points" in made.explain()
    assert "by as many points" in made.explain()


def test_before_and_after_alone_claims_no_cause(table: Path) -> None:
    made = proportions(table, treated="Ysgol A", before="2025", after="2026")
    assert made.estimate == pytest.approx(22 / 115 - 40 / 120)
    assert "Nothing was compared" in made.explain()
    two = proportions(table, treated="Ysgol A", compared="Ysgol B", after="2026")
    assert two.estimate == pytest.approx(22 / 115 - 39 / 90)
    assert "may be older than the response" in two.explain()


def test_few_show_counts_and_no_percentage() -> None:
    small = proportions([Share("A", "1", 9, 12), Share("A", "2", 4, 29)], treated="A", before="1", after="2")
    assert small.shown == "hidden"
    for language in ("en", "cy"):
        assert "%" not in small.explain(language)
    assert "percentage points" not in small.explain()
    assert "9 of 12" in small.explain()
    assert "no percentage" in small.table().to_csv()
    assert all(row[4:7] == (None, None, None) for row in small.table().rows)
    assert {r["value"] for r in small.chart()["data"]["values"]} == {9, 4}
    assert not any("low" in r for r in small.chart()["data"]["values"])


def test_bases_are_flagged_from_30_and_free_from_100() -> None:
    def shown(n: int) -> str:
        return proportions([Share("A", "1", 9, 200), Share("A", "2", 4, n)], treated="A", before="1", after="2").shown

    assert [shown(n) for n in (29, 30, 99, 100)] == ["hidden", "rough", "rough", "yes"]


def test_no_clear_difference_says_what_could_be_shown() -> None:
    made = proportions([Share("A", "1", 50, 100), Share("A", "2", 47, 100)], treated="A", before="1", after="2")
    assert "No clear difference" in made.explain()
    assert "could show a fall of 20 points or more" in made.explain()


def test_the_same_people_and_clusters_are_said(table: Path) -> None:
    assert "don't say who changed" in proportions(table, same_people=True, **FOUR).explain()
    assert "too narrow" in proportions(table, **FOUR).explain()
    wide = proportions(table, design_effect=2.0, **FOUR)
    assert "too narrow" not in wide.explain()
    assert wide.interval[1] > proportions(table, **FOUR).interval[1]


def test_a_population_narrows_single_shares_and_not_the_difference(tmp_path: Path, table: Path) -> None:
    path = tmp_path / "whole.csv"
    rows = [line + (",population" if i == 0 else ",140") for i, line in enumerate(TABLE.splitlines())]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    made, plain = proportions(path, **FOUR), proportions(table, **FOUR)
    assert made.interval == plain.interval
    assert made.table().rows[0][5] > plain.table().rows[0][5]
    assert "of the people there were" in made.explain()


def test_what_could_be_shown_before_anyone_is_asked() -> None:
    made = detectable_proportion([40] * 4, 0.5)
    assert "a fall of 41 points or more" in made.explain()
    assert made.p_value != made.p_value
    assert "no change at all" in detectable_proportion([3, 3], 0.5).explain()
    assert "a rise of" in detectable_proportion([15, 15], 0.05).explain()
    assert "and no fall" in detectable_proportion([15, 15], 0.05).explain()
    assert "and no rise" in detectable_proportion([15, 15], 0.95).explain()


@pytest.mark.parametrize(
    "made",
    [
        proportions([Share("A", "1", 0, 100), Share("A", "2", 0, 100)], treated="A", before="1", after="2"),
        proportions([Share("A", "1", 90, 100, 100), Share("A", "2", 2, 10)], treated="A", before="1", after="2"),
        proportions([Share("A", "1", 90, 100), Share("A", "2", 20, 100)], treated="A", before="1", after="2"),
        detectable_proportion([100, 90], 0.3),
        detectable_proportion([3, 3], 0.5),
    ],
    ids=["none", "few", "clear", "detectable", "nothing detectable"],
)
def test_each_result_shows_itself(made: Any) -> None:
    shows_itself(made)


# Bad input.


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("group,period,yes,of\nA,1,5,4\n", "line 2: yes is 5 of 4"),
        ("group,period,yes,of\nA,1,0,0\n", "line 2: of is 0"),
        ("group,period,yes,of\nA,1,x,4\n", "line 2: yes is 'x': give a whole number"),
        ("group,period,yes,of\nA,1,2.5,4\n", "line 2: yes is '2.5'"),
        ("group,period,yes,of\nA,1,-2,4\n", "line 2: yes is '-2'"),
        ("group,period,yes,of\nA,1,50%,100\n", "line 2: yes is '50%'"),
        ("group,period,yes,of\nA,1,2,4\nA,1,3,4\n", "line 3: A in 1 stands already in shares.csv, line 2"),
        ("group,period,yes,of\n,1,2,4\n", "line 2: group is empty"),
        ("group,period,yes,of,population\nA,1,2,4,3\n", "line 2: 4 were asked of a population of 3"),
        ("group,period,percent\nA,1,50\n", "lacks the column 'yes'"),
        ("group;period;yes;of\nA;1;2;4\n", "by commas"),
        ("group,period,yes,of\nA,1,2\n", "line 2: the row has 3 columns"),
        ("", "is empty"),
        ("group,period,yes,of\n,,,\n", "nothing below them"),
    ],
)
def test_a_table_that_is_wrong_says_where(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "shares.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ForestallError, match=said):
        read_shares(path)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"treated": "Ysgol C"}, "no group 'Ysgol C'; there are: Ysgol A, Ysgol B"),
        ({"after": "2027"}, "no period '2027'; there are: 2025, 2026"),
        ({"compared": None, "before": None}, "one share alone"),
        ({"compared": "Ysgol A"}, "compared with itself"),
        ({"before": "2026"}, "compared with itself"),
    ],
)
def test_a_comparison_that_can_t_be_made_says_why(table: Path, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ForestallError, match=said):
        proportions(table, **{**FOUR, **changed})


def test_rows_that_are_given_are_checked_too() -> None:
    with pytest.raises(ForestallError, match="A, 1: yes is 5 of 4"):
        proportions([Share("A", "1", 5, 4), Share("A", "2", 1, 4)], treated="A", before="1", after="2")
    with pytest.raises(ForestallError, match="A has no row for 2"):
        proportions([Share("A", "1", 1, 4), Share("B", "2", 1, 4)], treated="A", before="1", after="2")
    with pytest.raises(ForestallError, match="stands there twice"):
        proportions([Share("A", "1", 1, 4)] * 2, treated="A", before="2", after="1")
    with pytest.raises(ForestallError, match="two bases or four"):
        detectable_proportion([40], 0.5)
    with pytest.raises(ForestallError, match="share must lie"):
        detectable_proportion([40, 40], 1.0)
