"""Near-repeat bursts: a chain in place and time is found, what only has days dealt at random is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from forestall import scan
from forestall.results import Signal
from forestall.scan.bursts import DAYS, METRES, Crimes, _count, _near, _share, burst
from made_extract import code, records, rows


def found(store: Any) -> list[Signal]:
    return [s for s in scan.find(store, replicates=19, kinds=["near-repeat"]).signals if s.kind == "near-repeat"]


def series(n: int = 14, **same: Any) -> list[dict[str, Any]]:
    made = rows(n, 9, **same)
    for i, r in enumerate(made):
        day = str(np.datetime64("2023-12-02") + 2 * i)
        r |= {"date": day, "recorded": day, "e": 321_400 + 12 * i, "n": 191_300, "lsoa": code(7)}
    return made


def test_a_series_is_found_where_it_lies(tmp_path: Path) -> None:
    [s] = found(records(tmp_path, rows(900) + series()))
    assert (s.category, s.established, s.areas[0]) == ("burglary", True, code(7))
    assert s.details["chain"] >= 14
    assert (s.since, s.until) == ("2023-11", "2023-12")
    assert s.interval[0] <= s.ratio <= s.interval[1]
    assert "200 metres and 14 days" in str(s.why)


def test_domestic_abuse_and_what_the_police_find_make_no_burst(tmp_path: Path) -> None:
    assert not found(records(tmp_path / "a", rows(900) + series(da="Y")))
    assert not found(records(tmp_path / "b", rows(900) + series(origin="police")))


def test_no_series_no_burst(tmp_path: Path) -> None:
    assert not [s for s in found(records(tmp_path, rows(900, 3))) if s.established]


def test_counts_and_their_mean_are_what_pairs_one_by_one_give() -> None:
    rng = np.random.default_rng(2)
    x, y, t = rng.uniform(0, 1500, 60), rng.uniform(0, 1500, 60), np.floor(rng.uniform(0, 200, 60))
    begin = 150.0
    one, two = _near(x, y)
    pairs = [(i, j) for i in range(60) for j in range(i) if np.hypot(x[i] - x[j], y[i] - y[j]) < METRES]
    assert len(pairs) == one.size
    near = [(i, j) for i, j in pairs if abs(t[i] - t[j]) < DAYS]
    assert _count(t, one, two, begin)[0] == sum(max(t[i], t[j]) >= begin for i, j in near)
    of_days = [(i, j) for i in range(60) for j in range(i) if abs(t[i] - t[j]) < DAYS]
    late = sum(max(t[i], t[j]) >= begin for i, j in of_days)
    assert np.allclose(_share(t, begin), np.array([late, len(of_days) - late]) / (60 * 59 / 2))


def test_dates_dealt_anew_are_seldom_a_burst() -> None:
    rng = np.random.default_rng(6)
    p = []
    for _ in range(120):
        t = float(np.datetime64("2023-01-01").astype(int)) + rng.integers(365, size=150)
        made = Crimes(rng.uniform(0, 2500, 150), rng.uniform(0, 2500, 150), t, np.repeat("W01000001", 150))
        b = burst("burglary", made, "2023-11", "2023-12")
        if b is not None:
            p.append(b.p_value)
    assert len(p) > 60
    assert np.mean(np.array(p) <= 0.05) <= 0.12


def test_months_alone_say_that_it_was_not_looked_for(shared: Path) -> None:
    from forestall.records.records import Records

    folder = shared / "data" / "police_uk" / "gwent"
    store = Records.from_files(sorted(folder.rglob("*2022-0*"))[:3])
    result = scan.find(store, replicates=19, lookback=18, kinds=["near-repeat"])
    assert "Near-repeat bursts" in str(next(c for c in result.checks if c.name == "kinds").text)
