"""What Gwent Police published, from the files alone (no store, no places): every count is a query of the raw rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from forestall import scan
from forestall.records.records import Records
from forestall.results import Scan

ASB = "anti-social-behaviour"
LEVEL_BROKE = {"W01001662", "W01001626"}


@pytest.fixture(scope="module")
def records(shared: Path) -> Records:
    return Records.from_files([shared / "data" / "police_uk" / "gwent"])


def until(records: Records, month: str) -> Scan:
    return scan.find(records, force="gwent", until=month, replicates=99)


def test_each_of_the_top_twenty_is_one_query_of_the_rows(records: Records) -> None:
    signals = until(records, "2022-06").signals[:20]
    assert len(signals) == 20
    assert {s.kind for s in signals} == {"rising", "force-wide", "concentrated"}
    rows = records.rows(force="gwent", since=min(s.since for s in signals), until="2022-06")
    columns = [rows[name].to_pylist() for name in ("category", "lsoa", "month")]
    for s in signals:
        areas = set(s.areas)
        counted = sum(c == s.category and a in areas and s.since <= m <= s.until for c, a, m in zip(*columns, strict=True))
        assert counted == s.observed, f"{s.kind} {s.category} {s.since}"
    one = next(s for s in signals if s.kind == "rising")
    query = records.rows(areas=one.areas, category=one.category, since=one.since, until=one.until)
    assert query.num_rows == one.observed
    assert set(query["source_ref"].to_pylist()) != {None}


def test_replaced_map_points_are_no_rising_signal(records: Records) -> None:
    found = until(records, "2022-10")
    rising = [s for s in found.signals if s.kind == "rising"]
    assert rising
    assert not [s for s in rising if LEVEL_BROKE & set(s.areas)]
    assert {a for e in found.events for a in e.areas} >= LEVEL_BROKE
    assert [e for e in found.events if e.month == "2022-07" and not e.areas]


@pytest.mark.parametrize("month", ["2020-06", "2021-03"])
def test_the_lockdown_is_an_event_and_no_rise(records: Records, month: str) -> None:
    found = until(records, month)
    rises = [s for s in found.signals if s.kind in ("rising", "force-wide") and s.category == ASB]
    assert not [s for s in rises if s.since <= "2020-05" <= s.until]
    assert not [s for s in rises if s.established]
    events = [e for e in found.events if e.category == ASB and not e.areas and e.shape == "passing"]
    assert any((e.month or "9") <= "2020-04" and (e.until or month) >= "2020-05" for e in events)
    assert all((e.month or "") <= month for e in found.events)
    if month == "2021-03":
        assert [s for s in found.signals if s.kind == "rising"], "other categories are tested all the same"
    else:
        assert not next(c for c in found.checks if c.name == "history").passed
