"""Falling: what fell is found, what a rise elsewhere or late reports only make look so is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_force import MadeForce, block, code, event, quiet, trebled
from scipy import stats as ss

from forestall import scan
from forestall.errors import ForestallError
from forestall.results import Scan, Signal
from forestall.scan.late import completeness
from forestall.scan.neighbourhoods import lower_tail, upper_tail
from made_extract import records, rows


def found(force: MadeForce, **kw: Any) -> Scan:
    return scan.find(force, force.places(), **{"replicates": 19, "late_months": 0, **kw})  # type: ignore[arg-type]


def falls(result: Scan) -> list[Signal]:
    return [s for s in result.signals if s.kind == "falling"]


def fallen(seed: int = 1, *, rows: tuple[int, ...] = block(18), last: int = 6, times: float = 0.1) -> dict[str, Any]:
    counts = quiet(seed, mean=8.0)
    at = np.ix_(rows, range(36 - last, 36))
    counts["burglary"][at] = np.random.default_rng(seed + 7).poisson(8.0 * times, (len(rows), last))
    return counts


@pytest.mark.parametrize(("corner", "last"), [(18, 6), (0, 12), (36, 3)])
def test_what_fell_is_found_with_its_category_areas_and_months(corner: int, last: int) -> None:
    force = MadeForce(fallen(corner + 1, rows=block(corner), last=last))
    best = falls(found(force))[0]
    assert (best.category, best.established, best.until) == ("burglary", True, "2022-12")
    assert set(best.areas) & {code(i) for i in block(corner)}
    assert best.interval[0] <= best.ratio <= best.interval[1] < 1
    assert best.observed == force.raw(best)
    assert "it fell" in str(best.why)
    assert any("fall in reporting" in str(c) for c in best.cautions)
    assert best.harm == 0


def test_nothing_planted_nothing_fell() -> None:
    hits = sum(
        any(s.established for s in falls(found(MadeForce(quiet(200 + seed)), kinds=["falling"]))) for seed in range(30)
    )
    assert hits <= 4, "one or two of 30 are due; five come once in 60"


def test_a_rise_in_one_place_is_no_fall_in_the_others() -> None:
    counts = trebled(6, rows=block(0), last=3)
    counts["burglary"][np.ix_(block(0), (33, 34, 35))] += 30
    result = found(MadeForce(counts), replicates=99)
    assert any(s.kind == "rising" and s.established for s in result.signals)
    assert not [s for s in falls(result) if s.category == "burglary" and s.established]


def test_a_low_season_of_its_own_is_no_fall() -> None:
    counts = quiet(3, mean=8.0)
    winter = [t for t in range(36) if t % 12 in (9, 10, 11)]
    counts["burglary"][np.ix_(block(18), winter)] = 1
    assert not [s for s in falls(found(MadeForce(counts))) if s.established]


def test_months_that_are_left_out_are_in_no_window() -> None:
    counts = quiet(4, mean=8.0)
    counts["burglary"][:24, -1] = 0
    force = MadeForce(counts)
    assert falls(found(force, kinds=["falling"])) == [] or falls(found(force, kinds=["falling"]))[0].until == "2022-12"
    result = scan.find(force, force.places(), replicates=19, kinds=["falling"])  # type: ignore[arg-type]
    assert {s.until for s in falls(result)} <= {"2022-11"}
    check = next(c for c in result.checks if c.name == "late-reports")
    assert not check.passed
    assert "December 2022" in str(check.text)
    with pytest.raises(ForestallError, match="0 or more, not -1"):
        found(force, late_months=-1)


def test_areas_that_points_were_moved_out_of_did_not_fall() -> None:
    counts = quiet(5, mean=8.0)
    for c in counts:
        counts[c][np.ix_(block(18), range(30, 36))] = 1
    force = MadeForce(counts, events=[event("2022-07", "turnover")])
    assert not [s for s in falls(found(force)) if set(s.areas) & {code(i) for i in block(18)}]


def test_completeness_comes_from_the_delays(tmp_path: Path) -> None:
    made = rows(1500)
    prompt = completeness(records(tmp_path / "a", made), ("burglary",), force="gwent", until="2023-12")
    assert prompt.left_out == {"burglary": 0}
    for i, r in enumerate(made):
        day = np.datetime64(r["date"]) + (60 if i % 4 == 0 else 1)
        r["recorded"] = str(day)
    seen = [r for r in made if r["recorded"] <= "2024-01-06"]
    slow = completeness(records(tmp_path / "b", seen), ("burglary",), force="gwent", until="2023-12")
    assert slow.left_out["burglary"] in (2, 3)
    assert slow.share["burglary"][-1] < 0.85
    unknown = completeness(records(tmp_path / "c", rows(20)), ("burglary",), force="gwent", until="2023-12")
    assert unknown.left_out == {"burglary": 1}


def test_one_record_made_in_the_future_makes_no_month_complete(tmp_path: Path) -> None:
    made = rows(1500)
    for r in made:
        r["recorded"] = str(np.datetime64(r["date"]) + 40)
    seen = [r for r in made if r["recorded"] <= "2024-01-06"]
    share = completeness(records(tmp_path / "a", seen), ("burglary",), force="gwent", until="2023-12").share
    seen[0]["recorded"] = "2031-01-01"
    slip = completeness(records(tmp_path / "b", seen), ("burglary",), force="gwent", until="2023-12").share
    assert share["burglary"][-1] < 0.5
    assert np.allclose(slip["burglary"], share["burglary"], atol=0.1)


def test_a_small_upper_tail_keeps_its_digits() -> None:
    n, k, share, phi = 400, 220, 0.1, 2.0
    strength = n / (phi - 1) - 1
    law = ss.betabinom(n, strength * share, strength * (1 - share))
    slow = np.exp(law.logpmf(np.arange(k, n + 1))).sum()
    assert 0 < slow < 1e-20, "1 less the lower tail is 0 here"
    assert float(upper_tail(k, n, share, phi)) == pytest.approx(slow, rel=1e-6, abs=0)
    usual = law.sf(69)
    assert float(upper_tail(70, n, share, phi)) == pytest.approx(usual, rel=1e-6, abs=0)


def test_tails_are_the_binomial_s_without_scatter_and_wider_with_it() -> None:
    c, r = np.array([0, 2, 5, 20]), np.array([40, 40, 40, 40])
    assert lower_tail(c, r, 0.3, 1.0) == pytest.approx(ss.binom.cdf(c, r, 0.3), rel=1e-5)
    assert upper_tail(c, r, 0.3, 1.0) == pytest.approx(ss.binom.sf(c - 1, r, 0.3), rel=1e-5)
    assert (lower_tail(c[:2], r[:2], 0.3, 2.0) > lower_tail(c[:2], r[:2], 0.3, 1.0)).all()
    assert lower_tail(0, 0, 0.3, 1.0) == 1
    assert upper_tail(3, 10, 0.0, 1.0) == 1
