"""A season that is about to come back, and the difference between that and a rise."""

from __future__ import annotations

from typing import Any

import numpy as np
from made_force import MadeForce, block, code, quiet

from forestall import scan
from forestall.results import Signal


def returns(force: MadeForce, **kw: Any) -> list[Signal]:
    result = scan.find(force, force.places(), replicates=19, kinds=["seasonal-return"], **kw)  # type: ignore[arg-type]
    return list(result.signals)


def winter(seed: int = 1, years: int = 3, add: float = 12.0) -> dict[str, Any]:
    counts = quiet(seed, months=12 * years)
    at = np.ix_(block(18), [t for t in range(12 * years) if t % 12 < 3])
    counts["burglary"][at] += np.random.default_rng(seed + 1).poisson(add, (4, 3 * years))
    return counts


def test_the_coming_season_is_foretold_from_the_last_three() -> None:
    force = MadeForce(winter())
    s = returns(force)[0]
    assert (s.category, s.established) == ("burglary", True)
    assert set(s.areas) & {code(i) for i in block(18)}
    assert (s.since, s.until) == ("2022-01", "2022-03"), "the last season"
    assert (s.details["ahead_since"], s.details["ahead_until"]) == ("2023-01", "2023-03")
    assert s.observed == force.raw(s)
    assert s.details["ahead_low"] <= s.details["ahead"] <= s.details["ahead_high"]
    assert s.details["years"] == 3
    assert not any("years are known" in str(c) for c in s.cautions)


def test_two_years_are_a_caution_and_one_is_nothing() -> None:
    two = MadeForce(winter(years=2), first="2021-01")
    assert all(any("Only 2 years" in str(c) for c in s.cautions) for s in returns(two))
    assert not returns(MadeForce(winter(years=1), first="2022-01"), lookback=24)


def test_a_season_out_of_turn_is_not_foretold_now() -> None:
    counts = quiet(2)
    counts["burglary"][np.ix_(block(18), [t for t in range(36) if 5 <= t % 12 < 8])] += 12
    assert not [s for s in returns(MadeForce(counts)) if s.established]


def test_one_high_winter_is_no_season() -> None:
    counts = quiet(2)
    counts["burglary"][np.ix_(block(18), [24, 25, 26])] += 40
    assert not [s for s in returns(MadeForce(counts)) if s.established]


def test_nothing_planted_nothing_foretold() -> None:
    assert sum(any(s.established for s in returns(MadeForce(quiet(300 + seed)))) for seed in range(30)) <= 4
