"""Calendar effects: a twin by maximum likelihood, planted effects, published holidays, real calls, and how often they
fire."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import hashlib
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats as ss

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_calendar as slow

from forestall.catalogue.bank_holidays import proclaimed
from forestall.report.charts import chart_svg
from forestall.results import read
from forestall.stats import calendar_days
from forestall.stats.calendar_days import easter, paydays
from forestall.stats.daily_counts import CalendarEffects, calendar_effects


def bank_holidays(first: int, last: int) -> np.ndarray:
    """By rule, with what the catalogue says was proclaimed."""
    moved = proclaimed().between(first, last)
    return calendar_days.bank_holidays(first, last, extra=moved.given, without=moved.taken)


DAYS = np.arange("2021-01-01", "2023-01-01", dtype="datetime64[D]")
HOLIDAYS = bank_holidays(2021, 2022)
PAYDAYS = paydays("2021-01-01", "2022-12-31", holidays=HOLIDAYS)
WEEK = np.array([0.9, 0.9, 0.95, 1.0, 1.2, 1.3, 0.85])[(DAYS.astype(int) + 3) % 7]


def overdispersed(rng: np.random.Generator, mean: np.ndarray, dispersion: float) -> np.ndarray:
    return rng.negative_binomial(mean / (dispersion - 1), 1 / dispersion)


def lasting(rng: np.random.Generator, n: int, rho: float, sd: float) -> np.ndarray:
    noise = rng.standard_normal(n) * sd * math.sqrt(1 - rho**2)
    out = np.empty(n)
    out[0] = rng.standard_normal() * sd
    for i in range(1, n):
        out[i] = rho * out[i - 1] + noise[i]
    return out


def test_ratios_and_errors_are_those_of_the_slow_twin() -> None:
    """Three months with gaps: weekdays and paydays by maximum likelihood, both kinds of standard error gone through by
    pairs."""
    rng = np.random.default_rng(8)
    days = np.delete(DAYS[:95], [11, 12, 40])
    y = rng.poisson(12 * WEEK[:95] * np.exp(lasting(rng, 95, 0.5, 0.3)))[np.isin(DAYS[:95], days)].astype(float)
    found = calendar_effects(days, y, paydays=PAYDAYS, season=False, trend=False, lags=5)
    x = np.column_stack([slow.weekday_columns(days.tolist()), np.isin(days, PAYDAYS)])
    beta = slow.most_likely(x, y)
    covariances = (slow.robust_covariance(x, y, beta, days.astype(int), 5), slow.quasi_covariance(x, y, beta))
    t = ss.t.ppf(0.975, len(y) - 8)
    contrasts = {e.name: np.zeros(8) for e in found.effects}
    for i, name in enumerate(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]):
        contrasts[name][1 + i] = 1
    contrasts["sunday"][1:7] = -1
    contrasts["paydays"][7] = 1
    assert len(found.effects) == 8
    for name, c in contrasts.items():
        effect = found.effect(name)
        se = math.sqrt(max(c @ v @ c for v in covariances))
        assert effect.ratio == pytest.approx(math.exp(c @ beta), rel=1e-5)
        assert effect.interval[0] == pytest.approx(math.exp(c @ beta - t * se), rel=1e-4)
        assert effect.interval[1] == pytest.approx(math.exp(c @ beta + t * se), rel=1e-4)
        assert effect.p_value == pytest.approx(2 * ss.t.sf(abs(c @ beta) / se, len(y) - 8), rel=1e-3)
    b = beta[1:7]
    f = min(b @ np.linalg.inv(v[1:7, 1:7]) @ b / 6 for v in covariances)
    assert found.together[0].f == pytest.approx(f, rel=1e-4)
    assert found.unknown == 3


def test_planted_effects_are_found_and_their_intervals_cover() -> None:
    rng = np.random.default_rng(3)
    season = np.exp(0.3 * np.cos(2 * np.pi * (DAYS.astype(int) - 196) / 365.25))  # highest about 15 July
    mean = 30 * WEEK * season * np.where(np.isin(DAYS, HOLIDAYS), 1.5, 1) * np.where(np.isin(DAYS, PAYDAYS), 1.25, 1)
    truth = {"bank holidays": 1.5, "paydays": 1.25, "saturday": 1.3 / np.exp(np.log(WEEK[:7]).mean())}
    covered, clear, runs = dict.fromkeys(truth, 0), dict.fromkeys(truth, 0), 40
    for _ in range(runs):
        found = calendar_effects(DAYS, overdispersed(rng, mean, 2.0), holidays=HOLIDAYS, paydays={"paydays": PAYDAYS})
        for name, ratio in truth.items():
            effect = found.effect(name)
            covered[name] += effect.interval[0] < ratio < effect.interval[1]
            clear[name] += effect.q_value <= 0.05
    assert min(covered.values()) >= 33, covered  # 95 % of 40 is 38; a binomial falls below 33 three times in 10,000
    assert min(clear.values()) >= 35, clear
    assert found.season_peak is not None
    assert "07-01" <= found.season_peak <= "07-31"
    assert found.season_ratio == pytest.approx(math.exp(0.6), rel=0.15)
    assert found.dispersion == pytest.approx(2, abs=0.3)
    assert [t.name for t in found.together] == ["weekday", "season"]
    assert found.fitted.sum() == pytest.approx(found.events)
    assert "Bank holidays" in found.explain()


@pytest.mark.parametrize(("dispersion", "rho"), [(1.0, 0.0), (3.0, 0.0), (1.0, 0.6)])
def test_a_5_percent_test_fires_about_5_percent_of_the_time(dispersion: float, rho: float) -> None:
    """Poisson, overdispersed, and lasting from day to day; holidays, paydays, terms and weekdays that have no effect."""
    rng = np.random.default_rng(77)
    terms = [("2021-01-11", "2021-03-26"), ("2021-09-06", "2021-12-17"), ("2022-01-10", "2022-04-08")]
    runs = 60
    p: dict[str, list[float]] = {}
    for _ in range(runs):
        mean = 12 * np.exp(lasting(rng, DAYS.size, rho, 0.35)) if rho else np.full(DAYS.size, 12.0)
        y = rng.poisson(mean) if dispersion == 1 else overdispersed(rng, mean, dispersion)
        found = calendar_effects(DAYS, y, holidays=HOLIDAYS, paydays=PAYDAYS, terms=terms)
        for effect in found.effects:
            p.setdefault(effect.kind, []).append(effect.p_value)
        p.setdefault("season", []).append(found.together[1].p_value)
    fired = {kind: float(np.mean(np.array(v) <= 0.05)) for kind, v in p.items()}
    single = [v for k in ("holiday", "payday", "term") for v in p[k]]
    assert np.mean(np.array(single) <= 0.05) <= 0.11, fired  # 5 % of 180; a binomial passes 11 % once in a thousand
    assert fired["weekday"] <= 0.09, fired


@pytest.mark.slow
@pytest.mark.parametrize("rho", [0.0, 0.3, 0.6])
@pytest.mark.parametrize("mean", [0.5, 5.0, 40.0])
def test_effects_fire_at_their_rate_and_intervals_cover(mean: float, rho: float) -> None:
    rng = np.random.default_rng(int(mean * 10 + rho * 100))
    runs, p, covered = 400, [], []
    on = np.isin(DAYS, HOLIDAYS)
    for _ in range(runs):
        level = mean * np.exp(lasting(rng, DAYS.size, rho, 0.3) if rho else 0.0) * np.where(on, 1.6, 1.0)
        found = calendar_effects(DAYS, rng.poisson(level), holidays=HOLIDAYS, paydays=PAYDAYS)
        p.append([found.effect("paydays").p_value, found.effect("tuesday").p_value])
        low, high = found.effect("bank holidays").interval
        covered.append(low <= 1.6 <= high)
    fired = (np.array(p) <= 0.05).mean(0)
    assert (fired <= 0.05 + 3.3 * math.sqrt(0.05 * 0.95 / runs)).all(), fired
    assert np.mean(covered) >= 0.95 - 3.3 * math.sqrt(0.05 * 0.95 / runs)


def test_days_without_any_event_have_a_ratio_of_nothing_and_an_upper_end() -> None:
    rng = np.random.default_rng(2)
    y = rng.poisson(3.0, DAYS.size)
    y[np.isin(DAYS, HOLIDAYS)] = 0
    found = calendar_effects(DAYS, y, holidays=HOLIDAYS)
    effect = found.effect("bank holidays")
    assert effect.ratio == 0
    assert effect.interval[0] == 0
    expected = 3.0 * HOLIDAYS.size
    assert effect.interval[1] == pytest.approx(-math.log(0.025) * found.dispersion / expected, rel=0.15)
    assert 0 < effect.p_value < 1e-6
    assert found.fitted[np.isin(DAYS, HOLIDAYS)].tolist() == [0.0] * HOLIDAYS.size
    assert chart_svg(found.chart(), "en", "effects")


def test_bank_holidays_are_a_peer_s() -> None:
    """All 376 of 1978 to 2023 as the Python package holidays 0.109 works them out (GB, England, weekdays): the digest of
    its days, one a line. It was run by itself, with nothing of ours."""
    days = bank_holidays(1978, 2023).astype(str).tolist()
    assert len(days) == 376
    assert hashlib.sha256("\n".join(days).encode()).hexdigest()[:16] == "510a2e5251371f30"


def test_bank_holidays_as_published() -> None:
    """England and Wales 2022, with its moved spring holiday, the Jubilee, the funeral and substitutes; and 2020's moved
    May day."""
    expected = [
        "2022-01-03", "2022-04-15", "2022-04-18", "2022-05-02", "2022-06-02", "2022-06-03", "2022-08-29", "2022-09-19",
        "2022-12-26", "2022-12-27",
    ]  # fmt: skip
    assert bank_holidays(2022, 2022).astype(str).tolist() == expected
    assert bank_holidays(2020, 2020).astype(str).tolist()[3:5] == ["2020-05-08", "2020-05-25"]
    assert bank_holidays(2021, 2021).astype(str).tolist()[-2:] == ["2021-12-27", "2021-12-28"]
    assert "2022-05-30" in calendar_days.bank_holidays(2022, 2022).astype(str)
    own = calendar_days.bank_holidays(2030, 2030, extra=["2030-06-10"], without=["2030-01-01"]).astype(str).tolist()
    assert own.count("2030-06-10") == 1
    assert "2030-01-01" not in own
    assert len(calendar_days.bank_holidays(1978, 2100)) == 8 * 123
    assert not ((bank_holidays(1978, 2100).astype(int) + 3) % 7 >= 5).any()


def test_easter_as_published() -> None:
    """Its earliest and latest dates, and some of our time."""
    for day in (
        "1818-03-22",
        "1943-04-25",
        "2000-04-23",
        "2008-03-23",
        "2011-04-24",
        "2016-03-27",
        "2024-03-31",
        "2038-04-25",
    ):
        assert easter(int(day[:4])).isoformat() == day


def test_paydays_are_the_last_working_days() -> None:
    found = paydays("2023-09-01", "2023-12-31", holidays=bank_holidays(2023, 2023)).astype(str).tolist()
    assert found == ["2023-09-29", "2023-10-31", "2023-11-30", "2023-12-29"]
    assert paydays("2020-12-31", "2020-12-31").astype(str).tolist() == ["2020-12-31"]
    assert paydays("2020-12-01", "2020-12-30").size == 0
    assert paydays("2022-05-01", "2022-05-31", holidays=["2022-05-31"]).astype(str).tolist() == ["2022-05-30"]


def test_san_diego_s_calls_by_day(shared: Path) -> None:
    """Twenty days can show weekdays, and say that they are few."""
    with gzip.open(shared / "data" / "calls" / "san_diego_calls_for_service.csv.gz", "rt") as file:
        at = np.array([r["date_time"] for r in csv.DictReader(file)], "datetime64[D]")
    days, counts = np.unique(at, return_counts=True)
    found = calendar_effects(days, counts, trend=False, holidays=["2023-01-01", "2023-01-16"], paydays=["2023-02-28"])
    assert found.days == 20
    assert found.events == 26_595
    assert found.left_out == ("paydays",)
    assert {c.name: c.passed for c in found.checks}["enough"] is False
    assert "can't show paydays" in found.explain()


def test_it_goes_to_json_and_back_and_draws() -> None:
    y = np.random.default_rng(0).poisson(8 * WEEK)
    found = calendar_effects(DAYS, y, holidays={"New Year": ["2021-01-01", "2022-01-01"], "others": HOLIDAYS[1:]})
    text = json.dumps(found.to_json(), allow_nan=False)
    again = read(json.loads(text))
    assert isinstance(again, CalendarEffects)
    assert json.dumps(again.to_json()) == text
    assert again.effect("others").kind == "holiday"
    assert {c.name: c.passed for c in found.checks}["effects-of-enough-days"] is False
    assert again.explain("cy")
    assert chart_svg(again.chart("cy"), "cy", "effects")
    assert len(again.table().rows) == len(again.effects) + 2
    with pytest.raises(KeyError, match="no effect 'payday'"):
        again.effect("payday")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"counts": [-1.0] * 730}, "row 0 has -1.0"),
        ({"counts": [math.inf] * 730}, "row 0 has inf"),
        ({"counts": [math.nan] * 730}, "no events on any known day"),
        ({"counts": [0.0] * 730}, "no events on any known day"),
        ({"counts": [1.0]}, "one number for each"),
        ({"dates": np.repeat(DAYS[:365], 2)}, "2021-01-01 is given twice"),
        ({"dates": DAYS[:10], "counts": [1.0] * 10}, "too few"),
        ({"dates": DAYS[:300], "counts": [1.0] * 300, "season": True}, "a season needs a year"),
        ({"counts": np.where((DAYS.astype(int) + 3) % 7 == 6, 0, 2)}, "any Sunday"),
        ({"holidays": {"a": HOLIDAYS, "b": HOLIDAYS}}, "the same days"),
        ({"terms": [("2021-03-01", "2021-02-01")]}, "comes before"),
        ({"terms": ["2021-03-01"]}, "pairs of first and last"),
        ({"holidays": {"paydays": HOLIDAYS}, "paydays": PAYDAYS}, "a name of its own"),
        ({"lags": -1}, "lags must be"),
        ({"harmonics": 0}, "harmonics must be"),
        ({"dates": [], "counts": []}, "0 dates"),
    ],
)
def test_input_that_cannot_be_is_quoted(change: dict, says: str) -> None:
    given = {"dates": DAYS, "counts": np.random.default_rng(0).poisson(5, DAYS.size), **change}
    with pytest.raises(ValueError, match=says):
        calendar_effects(given.pop("dates"), given.pop("counts"), **given)


@pytest.mark.parametrize(("years", "says"), [((1970, 1980), "1978 or later"), ((2020, 2019), "in order")])
def test_years_that_the_rules_don_t_cover_are_refused(years: tuple[int, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        calendar_days.bank_holidays(*years)


def test_dates_out_of_order_make_no_difference() -> None:
    y = np.random.default_rng(0).poisson(5, DAYS.size)
    order = np.random.default_rng(1).permutation(DAYS.size)
    one, two = calendar_effects(DAYS, y), calendar_effects(DAYS[order], y[order])
    assert json.dumps(one.to_json()) == json.dumps(two.to_json())
    with pytest.raises(ValueError, match="must not come before"):
        paydays("2022-01-02", "2022-01-01")
    assert dt.date(2022, 1, 3) in bank_holidays(2022, 2022).tolist()
