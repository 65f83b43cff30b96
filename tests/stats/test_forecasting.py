"""Forecasts: each model against a slow twin, intervals that hold what they promise, and honesty where naive is best."""

from __future__ import annotations

import csv
import gzip
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_forecast

from forestall.stats import _forecast_models as models
from forestall.stats.forecasting import MODELS, Forecast, forecast, interval

from .showing import shows_itself

Floats = npt.NDArray[np.float64]


def history(counts: Floats, period: int, horizon: int, known: npt.NDArray[np.bool_] | None = None) -> models.History:
    known = np.ones(counts.size, bool) if known is None else known
    origins = np.array([counts.size - 5, counts.size])
    return models.History(counts, known, np.ones(counts.size + horizon), period, origins, horizon)


def made(kind: str, level: float, n: int, rng: np.random.Generator, period: int = 12) -> npt.NDArray[np.int64]:
    """A series of n + 12 months of one kind: stable, seasonal, trend, overdispersed, or all of these."""
    t = np.arange(n + 12)
    eta = np.zeros(t.size)
    if kind in ("seasonal", "all"):
        eta += 0.25 * np.sin(2 * np.pi * t / period + 1) + 0.1 * np.cos(4 * np.pi * t / period)
    if kind in ("trend", "all"):
        eta += 0.25 * (t / n - 0.5) * 2
    mean, phi = level * np.exp(eta), {"overdispersed": 3.0, "all": 2.0}.get(kind, 1.0)
    return rng.poisson(mean) if phi == 1 else rng.negative_binomial(mean / (phi - 1), 1 / phi)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_naive_forecast_is_the_same_season_s_last_known_count(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.poisson(20, 23).astype(float)
    known = rng.random(23) > 0.2
    h = history(np.where(known, y, 0), 4, 9, known)
    mean, _ = models.seasonal_naive(h)
    for i, o in enumerate(h.origins):
        slow = slow_forecast.seasonal_naive(y[:o].tolist(), known[:o].tolist(), 4, 9)
        for step, value in enumerate(slow):
            if value is not None:
                assert mean[i, step] == value


def test_the_regression_is_the_one_that_climbing_finds() -> None:
    rng = np.random.default_rng(3)
    t = np.arange(40)
    y = rng.poisson(30 * np.exp(0.3 * np.cos(2 * np.pi * t / 12) + 0.01 * t)).astype(float)
    h = history(y, 12, 6)
    x = models.design(46, 12, 1, True)
    beta, _, deviance, _ = models._regress(h, x, h.seen)
    for i, o in enumerate(h.origins):
        slow = slow_forecast.regression(y[:o], x, models.RIDGE)
        assert beta[i] == pytest.approx(slow, abs=1e-5)
    assert (deviance > 0).all()


@pytest.mark.parametrize("level", [0.4, 30])
def test_smoothing_is_the_plain_recursion_of_the_best_weights(level: float) -> None:
    rng = np.random.default_rng(5)
    t = np.arange(50)
    y = rng.poisson(level * np.exp(0.3 * np.sin(2 * np.pi * t / 12))).astype(float)
    h = history(y, 12, 8)
    fit = models.log_linear(h)
    mean, variance = models.smoothing(h, fit)
    for i, o in enumerate(h.origins):
        season = np.exp(fit.season[i]).tolist()
        tried = [
            slow_forecast.smooth(y[:o].tolist(), season, (a, b, g), models.DAMPING, 12, 12, 8)
            for a in models.ALPHAS
            for b in models.BETAS
            for g in models.GAMMAS
        ]
        _, ahead = min(tried, key=lambda r: r[0])
        assert mean[i] == pytest.approx(ahead, rel=1e-9)
    assert (variance >= mean * (1 - 1e-12)).all()


@settings(max_examples=60, deadline=None)
@given(st.floats(0.05, 60), st.floats(1.01, 5), st.sampled_from([0.5, 0.8, 0.9, 0.99]))
def test_the_interval_holds_the_counts_that_sums_say(mean: float, phi: float, level: float) -> None:
    low, high = interval(np.array([mean]), np.array([mean * phi]), level)
    assert (low[0], high[0]) == slow_forecast.interval(mean, mean * phi, level)


def test_each_origin_sees_its_past_alone() -> None:
    """What comes after an origin changes nothing that was forecast there."""
    rng = np.random.default_rng(2)
    y = rng.poisson(40, 45).astype(float)
    other = y.copy()
    other[40:] = 900
    for a, b in zip(_all(history(y, 12, 12)), _all(history(other, 12, 12)), strict=True):
        assert a[0] == pytest.approx(b[0])
        assert a[1] != pytest.approx(b[1])


def _all(h: models.History) -> list[Floats]:
    fit = models.log_linear(h)
    return [models.seasonal_naive(h)[0], fit.mean, models.smoothing(h, fit)[0]]


@pytest.mark.parametrize("kind", ["stable", "seasonal", "trend", "overdispersed", "all"])
def test_90_percent_intervals_hold_about_90_percent(kind: str) -> None:
    """A short sample; docs/benchmarks/forecasts.md has the sweep."""
    held, said = [], []
    for seed in range(10):
        for level in (4, 60, 2000):
            y = made(kind, level, 48, np.random.default_rng([seed, level]))
            found = forecast(y[:48])
            held.append(np.mean((y[48:] >= found.lower) & (y[48:] <= found.upper)))
            said.append(found.score.coverage)
    assert 0.85 <= np.mean(held) <= 0.98
    assert 0.85 <= np.mean(said) <= 0.98


@pytest.mark.slow
@pytest.mark.parametrize("n", [36, 60, 120])
@pytest.mark.parametrize("level", [1, 10, 200, 5000])
def test_90_percent_intervals_hold_90_percent_in_the_sweep(n: int, level: int) -> None:
    for kind in ("stable", "seasonal", "trend", "overdispersed", "all"):
        held = []
        for seed in range(60):
            y = made(kind, level, n, np.random.default_rng([seed, level, n]))
            found = forecast(y[:n])
            held.append(np.mean((y[n:] >= found.lower) & (y[n:] <= found.upper)))
        assert 0.87 <= np.mean(held) <= 0.985, (kind, n, level, np.mean(held))


def test_a_season_and_a_trend_beat_naive_and_say_so() -> None:
    y = made("all", 800, 84, np.random.default_rng(1))
    found = forecast(y[:84])
    assert found.model != "seasonal-naive"
    assert found.beats_naive
    assert found.skill > 0.1
    assert "more than luck" in found.explain()
    assert found.score.mae < found.backtest[0].mae


def test_where_naive_is_best_it_is_used_or_nothing_is_claimed() -> None:
    """Each month of the year goes its own way: only last year's says anything."""
    claims, naive = 0, 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        effect = rng.normal(0, 0.3, 12) + np.cumsum(rng.normal(0, 0.15, (6, 12)), 0)
        found = forecast(rng.poisson(300 * np.exp(effect.ravel())))
        claims += found.beats_naive
        naive += found.model == "seasonal-naive"
        if found.model == "seasonal-naive":
            assert not found.beats_naive
            assert "Nothing did better" in found.explain()
    assert claims == 0
    assert naive >= 9


def test_small_counts_give_whole_sensible_intervals() -> None:
    none = forecast(np.zeros(36))
    assert none.upper.tolist() == [0] * 12
    rare = forecast(np.random.default_rng(1).poisson(0.3, 60))
    assert rare.lower.dtype == rare.upper.dtype == np.int64
    assert (rare.lower == 0).all()
    assert ((rare.upper >= 1) & (rare.upper <= 3)).all()
    assert (none.mean >= 0).all()


def test_recording_events_are_set_aside() -> None:
    rng = np.random.default_rng(4)
    y = rng.poisson(100, 48).astype(float)
    spoilt = y.copy()
    spoilt[20:22] = [9000, np.nan]
    out = np.zeros(48, bool)
    out[20:22] = True
    found, plain = forecast(spoilt, exclude=out), forecast(y, exclude=out)
    assert found.mean == pytest.approx(plain.mean)
    assert found.upper.tolist() == plain.upper.tolist()
    assert found.parameters["excluded"] == [20, 21]
    shows_itself(found)


def test_exposure_is_carried_ahead() -> None:
    """Days in the month, twice as many in the last quarter."""
    rng = np.random.default_rng(6)
    days = np.tile(np.r_[np.full(9, 30.0), np.full(3, 60.0)], 6)
    y = rng.poisson(10 * days[:60])
    with_it, last_season = forecast(y, exposure=days), forecast(y, exposure=days[:60])
    assert with_it.mean == pytest.approx(last_season.mean)
    assert with_it.mean[9:].mean() == pytest.approx(600, rel=0.1)
    assert with_it.mean[:9].mean() == pytest.approx(300, rel=0.1)


def test_days_have_weeks() -> None:
    rng = np.random.default_rng(7)
    week = np.array([20, 20, 22, 24, 40, 60, 30])
    found = forecast(rng.poisson(np.tile(week, 20)), period=7)
    assert found.horizon == 28
    assert found.mean == pytest.approx(np.tile(week, 4), rel=0.25)


def test_labels_carry_on() -> None:
    y = np.random.default_rng(0).poisson(9, 36)
    months = [f"{2020 + i // 12}-{i % 12 + 1:02d}" for i in range(36)]
    assert forecast(y, labels=months, horizon=2).labels_ahead == ("2023-01", "2023-02")
    assert forecast(y, period=7, labels=[f"2024-02-{d:02d}" for d in range(-6, 30)], horizon=1).labels_ahead == (
        "2024-03-01",
    )
    assert forecast(y, labels=[f"w{i}" for i in range(36)], horizon=2).labels_ahead == ("+1", "+2")


def test_forecasts_show_themselves() -> None:
    y = made("all", 50, 60, np.random.default_rng(3))[:60]
    found = forecast(y, horizon=6, level=0.8)
    shows_itself(found)
    assert isinstance(found, Forecast)
    assert [s.model for s in found.backtest] == list(MODELS)
    assert len(found.backtest_table().rows) == 4
    only = forecast(y, models=["log-linear"])
    assert {s.model for s in only.backtest} == {"seasonal-naive", "log-linear"}


@pytest.mark.parametrize(
    ("counts", "kwargs", "said"),
    [
        (np.ones(27), {}, "27 periods are too short.*it takes 28"),
        ([], {}, "0 periods are too short"),
        (np.r_[np.ones(30), np.nan], {}, "nan of period 31 must be known, or set aside"),
        (np.r_[np.ones(30), -2], {}, "-2.0 of period 31 must be 0 or more"),
        (np.r_[np.ones(30), 2.5], {}, "2.5 of period 31 must be whole"),
        (np.ones(40), {"period": 1}, "period must"),
        (np.ones(40), {"horizon": 0}, "horizon must.*0"),
        (np.ones(40), {"level": 1.2}, "level must.*1.2"),
        (np.ones(40), {"exclude": [True]}, "exclude needs one"),
        (np.ones(40), {"exclude": np.ones(40, bool)}, "0 periods are too short"),
        (np.ones(40), {"exposure": np.zeros(40)}, "exposure must be above 0"),
        (np.ones(40), {"exposure": np.ones(41)}, "exposure has 41 periods: give 40, or 52"),
        (np.ones(40), {"labels": ["a"]}, "40 periods and 1 labels"),
        (np.ones(40), {"models": ["oracle"]}, "no model 'oracle'"),
    ],
)
def test_series_that_cannot_be_forecast_are_refused(counts: object, kwargs: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        forecast(counts, **kwargs)  # type: ignore[arg-type]


def test_real_gwent_is_forecast_whole(shared: Path) -> None:
    """Every category, 30 months known and 4 forecast; the lockdown breaches of 2020-04 and 2020-05 are set aside."""
    count: Counter[tuple[str, str]] = Counter()
    months = []
    for path in sorted((shared / "data" / "police_uk" / "gwent").glob("*.csv.gz")):
        months.append(path.name[:7])
        with gzip.open(path, "rt", encoding="utf-8") as f:
            count.update((row["Crime type"], row["Month"]) for row in csv.DictReader(f))
    lockdown = np.isin(months, ["2020-04", "2020-05"])
    held = []
    for category in sorted({c for c, _ in count}):
        y = np.array([count[category, m] for m in months])
        out = lockdown[:30] if category == "Anti-social behaviour" else None
        found = forecast(y[:30], horizon=4, exclude=out, labels=months[:30])
        assert found.labels_ahead == ("2022-07", "2022-08", "2022-09", "2022-10")
        held += ((y[30:] >= found.lower) & (y[30:] <= found.upper)).tolist()
    assert len(held) == 56
    assert np.mean(held) >= 0.8
