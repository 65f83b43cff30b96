"""Interrupted series: the published case, a general optimiser's fit, planted steps, chance, and what is refused."""

from __future__ import annotations

import csv
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_synthetic as slow

from forestall.stats.segmented_series import interrupted_series

from .showing import shows_itself


def series(n: int = 48, start: int = 30, step: float = 1.0, seed: int = 0, mean: float = 30.0, lasting: float = 0.0) -> Any:
    """Counts of variance twice the mean, with a season, a step at ``start`` and errors that last."""
    rng = np.random.default_rng(seed)
    noise = np.zeros(n)
    for t in range(1, n):
        noise[t] = lasting * noise[t - 1] + 0.2 * (lasting > 0) * rng.standard_normal()
    mu = mean * np.exp(0.15 * np.sin(np.arange(n) * 2 * np.pi / 12) + noise) * np.where(np.arange(n) >= start, step, 1)
    return rng.negative_binomial(mu, 0.5).astype(float)


@pytest.fixture
def sicily(shared: Path) -> tuple[Any, int, Any]:
    path = shared / "data" / "validation" / "quasi_experimental" / "sicily.csv"
    if not path.is_file():
        pytest.skip(f"no case of the Sicilian smoking ban at {path}")
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    start = [r["smokban"] for r in rows].index("1")
    return np.array([float(r["aces"]) for r in rows]), start, np.array([float(r["stdpop"]) for r in rows])


def test_the_smoking_ban_of_sicily_is_as_published(sicily: Any) -> None:
    y, start, exposure = sicily
    plain = interrupted_series(y, start, exposure=exposure, harmonics=0, errors="poisson")
    assert [round(v, 3) for v in (plain.estimate, *plain.interval)] == [0.894, 0.865, 0.925]
    assert round(plain.dispersion, 2) == 3.56
    assert "scatter" in {c.name for c in plain.checks if not c.passed}
    seasonal = interrupted_series(y, start, exposure=exposure, harmonics=2, errors="quasi")
    assert [round(v, 3) for v in (seasonal.estimate, *seasonal.interval)] == [0.885, 0.839, 0.933]


@pytest.mark.parametrize("slope", [False, True])
def test_the_fit_is_the_most_likely_one(slope: bool) -> None:
    y, exposure = series(60, 36, 0.8), np.linspace(28, 31, 60)
    found = interrupted_series(y, 36, exposure=exposure, harmonics=1, slope=slope, errors="poisson")
    t = np.arange(60)
    columns = [np.ones(60), t >= 36, (t - 36) / 12, np.sin(2 * np.pi * t / 12), np.cos(2 * np.pi * t / 12)]
    if slope:
        columns.append((t >= 36) * (t - 36) / 12)
    beta, covariance = slow.most_likely(np.column_stack(columns).astype(float), y, np.log(exposure / exposure.mean()))
    assert math.log(found.estimate) == pytest.approx(beta[1], abs=1e-5)
    assert found.standard_error == pytest.approx(math.sqrt(covariance[1, 1]), rel=1e-5)
    if slope:
        assert math.log(found.slope) == pytest.approx(beta[5], abs=1e-5)
        assert found.overall == pytest.approx(found.fitted[36:].sum() / found.without[36:].sum())
    else:
        assert found.overall == pytest.approx(found.estimate)
        assert found.overall_interval == pytest.approx(found.interval)


def test_it_agrees_with_statsmodels_where_that_is_there() -> None:
    sm = pytest.importorskip("statsmodels.api", reason="statsmodels is not installed, so its twin is not asked")
    y, exposure = series(60, 36, 0.8), np.linspace(28, 31, 60)
    t = np.arange(60)
    waves = [g(h * 2 * np.pi * t / 12) for h in (1, 2) for g in (np.sin, np.cos)]
    x = np.column_stack([np.ones(60), (t >= 36).astype(float), t / 12, *waves])
    theirs = sm.GLM(y, x, family=sm.families.Poisson(), offset=np.log(exposure)).fit(scale="X2", tol=1e-12)
    found = interrupted_series(y, 36, exposure=exposure, harmonics=2, errors="quasi")
    assert math.log(found.estimate) == pytest.approx(theirs.params[1], abs=1e-7)
    assert found.standard_error == pytest.approx(theirs.bse[1], rel=1e-6)
    assert found.interval == pytest.approx(tuple(np.exp(theirs.conf_int()[1])), rel=1e-6)
    robust = sm.GLM(y, x, family=sm.families.Poisson(), offset=np.log(exposure)).fit(
        cov_type="HAC", cov_kwds={"maxlags": 3, "use_correction": True}, tol=1e-12
    )
    ours = interrupted_series(y, 36, exposure=exposure, harmonics=2, errors="newey-west", lags=3)
    assert ours.standard_error == pytest.approx(robust.bse[1], rel=1e-6)


def test_a_planted_step_is_found_and_covered() -> None:
    covered = fired = 0
    for seed in range(60):
        found = interrupted_series(series(48, 30, 0.6, seed), 30)
        covered += found.interval[0] <= 0.6 <= found.interval[1]
        fired += found.p_value <= 0.05
    assert covered >= 52
    assert fired >= 45


@pytest.mark.parametrize("lasting", [0.0, 0.5])
def test_a_5_percent_test_fires_about_5_percent_of_the_time_and_the_plain_one_does_not(lasting: float) -> None:
    fired = {"lasting": 0, "poisson": 0}
    for seed in range(200):
        y = series(48, 30, 1.0, seed, lasting=lasting)
        for errors in fired:
            fired[errors] += interrupted_series(y, 30, errors=errors).p_value <= 0.05  # type: ignore[arg-type]
    assert fired["lasting"] <= 21  # a binomial of 5 % passes 21 of 200 once in 1,500
    assert fired["poisson"] > 21


def test_unknown_months_are_left_out_and_not_empty() -> None:
    y = series()
    gap = y.copy()
    gap[[4, 40]] = np.nan
    found = interrupted_series(gap, 30)
    assert found.observed_after == y[30:].sum() - y[40]
    assert found.estimate == pytest.approx(interrupted_series(y, 30).estimate, abs=0.1)
    shows_itself(found)


def test_few_points_on_a_side_get_no_p_value() -> None:
    found = interrupted_series(series(36, 30), 30)
    assert math.isnan(found.p_value)
    assert math.isnan(found.standard_error)
    assert math.isnan(found.interval[0])
    assert found.withheld == ("points",)
    assert "6 after" in found.explain()
    shows_itself(found)
    assert not math.isnan(interrupted_series(series(36, 30), 30, guard=False).p_value)


def test_a_last_month_that_was_high_is_said() -> None:
    y = series()
    y[29] *= 3
    found = interrupted_series(y, 30)
    assert "falls by itself" in found.explain()
    y[29] = np.nan
    assert "falls by itself" not in interrupted_series(y, 30).explain()


@pytest.mark.parametrize("options", [{}, {"slope": True}, {"errors": "newey-west"}, {"errors": "poisson"}])
def test_it_shows_itself(options: Any) -> None:
    shows_itself(interrupted_series(series(), 30, **options))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"counts": [[1.0]]}, "one series"),
        ({"counts": []}, "not empty"),
        ({"counts": [-1.0] * 20}, "period 0 has -1.0"),
        ({"counts": [np.inf] * 20}, "period 0 has inf"),
        ({"counts": [0.0] * 48}, "no events before"),
        ({"counts": [5.0] * 30 + [0.0] * 18}, "no events after"),
        ({"counts": [5.0] * 30 + [np.nan] * 18}, "no period is known on one side"),
        ({"counts": [5.0, 6, 5, 4, 6], "start": 3}, "too few to fit"),
        ({"counts": [5.0] * 7, "start": 1, "slope": True}, "can't be told apart"),
        ({"start": 0}, "from 1 to 47"),
        ({"start": 48}, "from 1 to 47"),
        ({"start": 2.5}, "not 2.5"),
        ({"exposure": [1.0]}, "each of the 48 periods"),
        ({"exposure": np.zeros(48)}, "above 0"),
        ({"period": 1}, "period must be"),
        ({"harmonics": 6}, "harmonics must be 0 to 5"),
        ({"errors": "magic"}, "errors must be"),
        ({"lags": -1}, "lags must be"),
        ({"slope": True, "trend": False}, "a slope to change"),
        ({"level": 0.0}, "level must"),
        ({"periods": ["a"]}, "periods must have one name for each of the 48 periods"),
    ],
)
def test_input_that_cannot_be_is_quoted(given: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        interrupted_series(**{"counts": series(), "start": 30, **given})
