"""Season of monthly counts: a twin by maximum likelihood, planted seasons, and how often nothing looks like one."""

from __future__ import annotations

import csv
import gzip
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_calendar as slow

from forestall.report.charts import chart_svg
from forestall.results import read
from forestall.stats.monthly_counts import Seasonality, seasonality

MONTHS = np.arange("2019-01", "2023-01", dtype="datetime64[M]")
LENGTH = ((MONTHS + 1).astype("datetime64[D]") - MONTHS.astype("datetime64[D]")).astype(int)


def test_the_season_is_that_of_the_most_likely_fit() -> None:
    rng = np.random.default_rng(5)
    y = rng.poisson(2 * LENGTH * np.exp(0.2 * np.sin(2 * np.pi * np.arange(48) / 12))).astype(float)
    y[7] = np.nan
    found = seasonality(MONTHS, y)
    keep = ~np.isnan(y)
    m = np.arange(48)[keep]
    waves = [g(2 * np.pi * h * m / 12) for h in (1, 2) for g in (np.sin, np.cos)]
    x = np.column_stack([np.ones(m.size), (m - m.mean()) / 12, *waves])
    beta = slow.most_likely(x, y[keep], LENGTH[keep])
    angle = 2 * np.pi * np.arange(12) / 12
    season = sum(beta[2 + 2 * i] * np.sin(h * angle) + beta[3 + 2 * i] * np.cos(h * angle) for i, h in enumerate((1, 2)))
    assert found.ratio == pytest.approx(np.exp(season), rel=1e-5)
    assert found.unknown == 1
    assert found.peak == int(np.argmax(season)) + 1
    assert found.swing == pytest.approx(math.exp(season.max() - season.min()), rel=1e-5)


def test_without_scatter_beyond_chance_f_is_the_likelihood_ratio_s_near_twin() -> None:
    """Wald's F times its degrees against twice the gain in likelihood, where neither dispersion nor autocorrelation
    adds."""
    rng = np.random.default_rng(1)
    y = rng.poisson(400 * np.exp(0.05 * np.cos(2 * np.pi * np.arange(48) / 12))).astype(float)
    found = seasonality(MONTHS, y)
    m = np.arange(48)
    waves = [g(2 * np.pi * h * m / 12) for h in (1, 2) for g in (np.sin, np.cos)]
    x = np.column_stack([np.ones(48), (m - m.mean()) / 12, *waves])

    def deviance(design: np.ndarray) -> float:
        mu = LENGTH * np.exp(design @ slow.most_likely(design, y, LENGTH))
        return 2 * float((y * np.log(y / mu) - (y - mu)).sum())

    ratio = (deviance(x[:, :2]) - deviance(x)) / found.dispersion / 4
    factor = found.f / ratio  # autocorrelation that was fitted only takes from F
    assert 0.5 < factor < 1.02


@pytest.mark.parametrize(("dispersion", "rho"), [(1.0, 0.0), (4.0, 0.0), (1.0, 0.5)])
def test_a_5_percent_test_fires_about_5_percent_of_the_time(dispersion: float, rho: float) -> None:
    rng = np.random.default_rng(31)
    fired, runs = 0, 300
    for i in range(runs):
        noise = np.zeros(48)
        if rho:
            shock = rng.standard_normal(48) * 0.15 * math.sqrt(1 - rho**2)
            noise[0] = rng.standard_normal() * 0.15
            for t in range(1, 48):
                noise[t] = rho * noise[t - 1] + shock[t]
        mean = 3.0 * LENGTH * np.exp(noise)
        y = rng.poisson(mean) if dispersion == 1 else rng.negative_binomial(mean / (dispersion - 1), 1 / dispersion)
        fired += seasonality(MONTHS, y, draws=99, seed=i).p_value <= 0.05
    assert fired <= 28  # 5 % of 300 is 15, and a binomial passes 28 once in a thousand


@pytest.mark.slow
@pytest.mark.parametrize("months", [24, 36, 60, 120])
@pytest.mark.parametrize("rho", [0.0, 0.3, 0.6])
def test_the_test_of_season_holds_its_level(months: int, rho: float) -> None:
    rng = np.random.default_rng(months + int(rho * 10))
    at = np.arange("2010-01", "2020-01", dtype="datetime64[M]")[:months]
    runs, fired = 1000, 0
    for i in range(runs):
        noise = np.zeros(months)
        shock = rng.standard_normal(months) * 0.2 * math.sqrt(1 - rho**2)
        noise[0] = rng.standard_normal() * 0.2
        for t in range(1, months):
            noise[t] = rho * noise[t - 1] + shock[t]
        fired += seasonality(at, rng.poisson(60 * np.exp(noise)), draws=99, seed=i).p_value <= 0.05
    assert fired / runs <= 0.05 + 3.3 * math.sqrt(0.05 * 0.95 / runs), fired / runs


def test_a_planted_peak_is_named() -> None:
    rng = np.random.default_rng(2)
    of_year = np.arange(48) % 12
    hits, covered = 0, 0
    for i in range(60):
        truth = np.exp(0.25 * np.cos(2 * np.pi * (of_year - 9) / 12))  # October
        found = seasonality(MONTHS, rng.poisson(4 * LENGTH * truth), seed=i)
        assert found.p_value < 0.01
        hits += 10 in found.peak_months
        covered += int(found.low[9] <= math.exp(0.25) <= found.high[9])
    assert hits >= 50
    assert covered >= 52
    assert "October" in found.explain()
    assert found.peak_chance.sum() == pytest.approx(1)


def test_a_month_s_length_is_no_season() -> None:
    """Exactly three a day, always: February's fewer days are no trough."""
    found = seasonality(MONTHS, 3 * LENGTH)
    assert found.ratio == pytest.approx(np.ones(12), abs=1e-6)
    assert found.p_value > 0.99
    assert "no clear season" in found.explain()


def test_gwent_s_shoplifting_and_asb_run(shared: Path) -> None:
    """Thirty months, the two of the lockdown's breaches set to unknown."""
    months, counts = [], []
    for path in sorted((shared / "data" / "police_uk" / "gwent").glob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8-sig") as file:
            counts.append(float(sum(r["Crime type"] == "Anti-social behaviour" for r in csv.DictReader(file))))
        months.append(path.name[:7])
    y = np.array(counts)
    y[[months.index("2020-04"), months.index("2020-05")]] = np.nan
    found = seasonality(months, y)
    assert found.months == len(months) - 2
    assert found.unknown == 2
    assert found.dispersion > 5
    assert 0 < found.p_value <= 1


def test_it_goes_to_json_and_back_and_draws() -> None:
    found = seasonality(MONTHS, np.random.default_rng(0).poisson(50, 48))
    text = json.dumps(found.to_json(), allow_nan=False)
    again = read(json.loads(text))
    assert isinstance(again, Seasonality)
    assert json.dumps(again.to_json()) == text
    assert again.explain("cy")
    assert len(again.table().rows) == 12
    assert chart_svg(again.chart("cy"), "cy", "season")
    assert json.dumps(seasonality(MONTHS, np.random.default_rng(0).poisson(50, 48)).to_json()) == text


@pytest.mark.parametrize(
    ("months", "counts", "options", "says"),
    [
        (MONTHS[:20], [1.0] * 20, {}, "needs 24 known months and there are 20"),
        (MONTHS, [-1.0] * 48, {}, "row 0 has -1.0"),
        (MONTHS, [0.0] * 48, {}, "no events"),
        (MONTHS, [1.0], {}, "one number for each of the 48"),
        (np.repeat(MONTHS[:24], 2), [1.0] * 48, {}, "2019-01 is given twice"),
        (["soon"], [1.0], {}, "YYYY-MM"),
        ([], [], {}, "0 months"),
        (MONTHS, [1.0] * 48, {"harmonics": 6}, "harmonics must be 1 to 5"),
        (MONTHS, [1.0] * 48, {"draws": 9}, "draws must be"),
        (np.array(["NaT"] * 24, "datetime64[M]"), [1.0] * 24, {}, "missing month in row 0"),
    ],
)
def test_input_that_cannot_be_is_quoted(months: object, counts: list, options: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        seasonality(months, counts, **options)  # type: ignore[arg-type]
