"""What is read of the records, against plain rows; and marks compared, against slow twins."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as ss

from forestall import analyse
from forestall.analyse.shares import compare, interval
from forestall.errors import ForestallError
from forestall.places import Places
from forestall.records import problem
from forestall.records.records import Records

AREAS = ("X01000118", "X01000119", "X01000120", "X01000132")


def test_rows_are_those_of_the_areas_category_and_months(records: Records) -> None:
    got = problem.rows(records, areas=AREAS, category="burglary", since="2025-11")
    plain = records.rows(areas=AREAS, category="burglary", since="2025-11")
    assert got.column_names == list(problem.COLUMNS)
    assert sorted(map(str, got["location_id"].to_pylist())) == sorted(map(str, plain["location_id"].to_pylist()))
    times = got["occurred_from"].to_pylist()
    assert times == sorted(times)


def test_counts_by_area_mix_and_marks_add_up(records: Records) -> None:
    plain = records.rows(category="burglary", since="2025-11").to_pylist()
    by_area = problem.by_area(records, category="burglary", since="2025-11").to_pylist()
    assert {(r["lsoa"], r["month"]): r["n"] for r in by_area} == Counter((r["lsoa"], r["month"]) for r in plain)
    marks = problem.marks(
        records, areas=AREAS, category="burglary", fields=["method", "flags"], since="2025-11"
    ).to_pylist()
    counted: Counter[tuple[Any, bool]] = Counter()
    for r in marks:
        counted[r["method"], r["here"]] += r["n"]
    assert counted == Counter((r["method"], r["lsoa"] in AREAS) for r in plain)
    mix = problem.mix(records, areas=AREAS, since="2025-11").to_pylist()
    assert sum(r["n"] for r in mix if r["category"] == "burglary") == len(plain)
    everything = records.rows(areas=AREAS).to_pylist()
    assert problem.locations(records, areas=AREAS) == len({r["location_id"] for r in everything} - {None})


def test_uncounted_rows_stay_out(records: Records) -> None:
    got = problem.rows(records, areas=AREAS, category="burglary", columns=["status"])
    assert "cancelled" not in got["status"].to_pylist()


@given(st.integers(0, 30), st.integers(1, 40), st.integers(0, 60), st.integers(1, 90))
@settings(max_examples=80, deadline=None)
def test_compare_is_fishers_test(a: int, n1: int, b: int, n0: int) -> None:
    a, b = min(a, n1), min(b, n0)
    made = compare({"x": a}, {"x": b}, n1, n0)[0]
    k = np.arange(0, n1 + 1)
    mass = ss.hypergeom.pmf(k, n1 + n0, a + b, n1)
    slow = min(1.0, 2 * min(mass[k >= a].sum(), mass[k <= a].sum()))
    assert made.q == pytest.approx(slow, abs=1e-9)


@given(st.integers(0, 50), st.integers(1, 50))
@settings(max_examples=50, deadline=None)
def test_share_interval_is_clopper_pearson(k: int, n: int) -> None:
    k = min(k, n)
    slow = ss.binomtest(k, n).proportion_ci(0.95, "exact")
    assert interval(k, n) == pytest.approx((slow.low, slow.high), abs=1e-9)


def test_large_tables_are_close_to_exact() -> None:
    made = compare({"x": 5200}, {"x": 20000}, 10000, 40000)[0]
    slow = 2 * ss.hypergeom.sf(5199, 50000, 25200, 10000)
    assert made.q == pytest.approx(slow, rel=0.05)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"areas": ["nowhere"], "category": "burglary"}, "no area 'nowhere'"),
        ({"areas": list(AREAS), "category": "burglery"}, "no category 'burglery'"),
        ({"areas": list(AREAS), "category": "burglary", "since": "2025-13"}, "is no month"),
        ({"areas": list(AREAS), "category": "burglary", "since": "2025-11", "until": "2025-10"}, "lies after"),
        ({"areas": list(AREAS), "category": "burglary", "since": "2015-01"}, "outside of the records"),
        ({"areas": [], "category": "burglary"}, "areas and a category"),
    ],
)
def test_bad_input_is_a_sentence(records: Records, places: Places, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ForestallError, match=said):
        analyse.profile(records, places, **asked)


def test_a_ward_stands_for_its_areas(records: Records, places: Places) -> None:
    msoa = places.parent("X01000118", "msoa")
    assert msoa is not None
    found = analyse.profile(records, places, areas=[msoa], category="burglary", since="2025-11")
    assert set(found.subject.areas) == set(places.within(msoa))


def test_one_record_and_no_places(records: Records) -> None:
    rows = records.rows(category="robbery", since="2025-12").to_pylist()
    counts = Counter(r["lsoa"] for r in rows if r["lsoa"])
    area = next(a for a, n in counts.items() if n == 1)
    found = analyse.profile(records, areas=[area], category="robbery", since="2025-12")
    assert found.what.headline.render().startswith("1 record of")
    assert found.explain("en")
