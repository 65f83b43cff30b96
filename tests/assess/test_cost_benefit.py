"""Cost and benefit: sums by hand in one price base, intervals carried, and a sentence for what can't be."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from forestall.assess.cost_benefit import CostBenefit, CostLine, CrimeEffect, RecordedToActual, cost_benefit, time_cost
from forestall.catalogue import analysis, prices
from forestall.errors import ForestallError
from forestall.report.charts import chart_svg
from forestall.results import read

LOCKS = CostLine(title="Locks", amount=Decimal(10_000), price_base="2015/16")
FALL = CrimeEffect(kind="robbery", change=-4.0, interval=(-7.0, 1.0))


def shows(made: CostBenefit) -> None:
    assert "<svg" in chart_svg(made.chart(), "en", "title", "what it shows")
    table = made.table()
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert table.to_csv()
    assert made.explain("cy")
    text = json.dumps(made.to_json(), allow_nan=False)
    back = read(json.loads(text))
    assert json.dumps(back.to_json(), allow_nan=False) == text
    assert back.explain() == made.explain()


def test_one_kind_in_the_scheme_s_own_prices_by_hand() -> None:
    """A robbery is 11,320 pounds of 2015/16: 4 fewer are 45,280, against 10,000."""
    made = cost_benefit([FALL], [LOCKS])
    assert made.avoided == Decimal("45280.00")
    assert made.net_present_value == Decimal("35280.00")
    assert made.ratio == pytest.approx(4.528)
    assert made.interval == pytest.approx((-1 * 11320 - 10_000, 7 * 11320 - 10_000))
    assert made.ratio_interval == pytest.approx((-1.132, 7.924))
    assert made.benefits[0].break_even == pytest.approx(10_000 / 11_320)
    assert made.seed is None  # one effect: nothing is drawn
    assert "avoided social cost, not cashable saving" in made.explain()
    assert "No partner's cost" in made.explain()
    shows(made)


def test_prices_are_brought_to_one_base_by_the_deflator() -> None:
    """(110.1 + 112.1 + 113.2 + 114.1) / (83.2 + 83.5 + 83.9 + 84.4) from 2015/16 to 2024/25."""
    factor = Decimal("449.5") / Decimal("335.0")
    assert prices.deflators().factor("2015/16", "2024/25") == pytest.approx(factor)
    made = cost_benefit([FALL], [LOCKS], price_base="2024/25")
    assert float(made.avoided) == pytest.approx(float(45_280 * factor), abs=0.03)
    assert float(made.cost) == pytest.approx(float(10_000 * factor), abs=0.01)
    assert made.ratio == pytest.approx(4.528, rel=1e-5)  # a ratio knows no prices
    assert "2024/25" in made.explain()


def test_the_deflator_agrees_with_the_treasury_s_by_calendar_year() -> None:
    """HM Treasury, December 2025: 75.1536 in 2015 and 100 in 2024. Within revisions and the shift of a quarter."""
    assert float(prices.deflators().factor("2015/16", "2024/25")) == pytest.approx(100 / 75.1536, rel=0.015)


def test_later_years_are_discounted_and_said_to_be_assumed() -> None:
    rent = CostLine(title="Rent", amount=Decimal(1000), price_base="2015/16", payer="council", year=1)
    lasting = CrimeEffect(kind="robbery", change=-4.0, interval=(-7.0, -1.0), profile=(1.0, 0.5))
    made = cost_benefit([lasting], [LOCKS, rent])
    assert made.cost == Decimal(10_000) + (Decimal(1000) / Decimal("1.035")).quantize(Decimal("0.01"))
    assert float(made.avoided) == pytest.approx(45_280 * (1 + 0.5 / 1.035), abs=0.01)
    assert made.partner_cost == Decimal("966.18")
    assert "assumed here and were not measured" in made.explain()
    rates = next(s for s in made.tornado if "Discount rate" in s.what.id)
    for end, rate in ((rates.low, 0.02), (rates.high, 0.05)):
        assert end == pytest.approx(45_280 * (1 + 0.5 / (1 + rate)) - 10_000 - 1000 / (1 + rate), abs=0.1)
    shows(made)


def test_time_is_a_cost_with_its_payer() -> None:
    hours = time_cost("Housing officers", 90, Decimal("35.50"), "2015/16", payer="council")
    made = cost_benefit([FALL], [LOCKS, hours])
    assert made.time_cost == made.partner_cost == Decimal("3195.00")
    assert made.cost == Decimal("13195.00")


def test_multipliers_are_used_by_name_only_and_shown() -> None:
    twice = RecordedToActual("a survey's multipliers", "made up for this test", {"robbery": Decimal(2)})
    plain, made = cost_benefit([FALL], [LOCKS]), cost_benefit([FALL], [LOCKS], multiplier=twice)
    assert plain.multiplier == ""
    assert "Each recorded crime is priced as one actual crime" in plain.explain()
    assert made.avoided == 2 * plain.avoided
    assert made.avoided_recorded == plain.avoided
    assert "a survey's multipliers" in made.explain()
    assert any("a survey's multipliers" in str(s.what) for s in made.tornado)
    with pytest.raises(ForestallError, match="has no multiplier for 'arson'"):
        cost_benefit([CrimeEffect(kind="arson", change=-1.0)], [LOCKS], multiplier=twice)
    shows(made)


def test_several_effects_are_carried_together() -> None:
    """Normal intervals of independent effects: variances add; where they move together, ends add."""
    two = [
        CrimeEffect(kind="robbery", change=-4.0, interval=(-8.0, 0.0)),
        CrimeEffect(kind="arson", change=1.0, interval=(-2.0, 4.0), title="Displaced arson"),
    ]
    apart = cost_benefit(two, [LOCKS], draws=200_000)
    middle = 4 * 11_320 - 8_420 - 10_000
    assert float(apart.net_present_value) == pytest.approx(middle)
    half = math.hypot(4 * 11_320, 3 * 8_420)
    assert apart.interval == pytest.approx((middle - half, middle + half), abs=600)
    together = cost_benefit(two, [LOCKS], correlation=1.0, draws=200_000)
    half = 4 * 11_320 + 3 * 8_420
    assert together.interval == pytest.approx((middle - half, middle + half), abs=1200)
    assert cost_benefit(two, [LOCKS], seed=3).interval == cost_benefit(two, [LOCKS], seed=3).interval
    shows(apart)


def test_the_ratio_s_interval_covers_as_the_effect_s_does() -> None:
    rng = np.random.default_rng(2)
    held, draws = 0, 400
    for found in rng.normal(-20, 6, draws):
        effect = CrimeEffect(kind="robbery", change=found, interval=(found - 1.96 * 6, found + 1.96 * 6))
        low, high = cost_benefit([effect], [LOCKS]).ratio_interval
        held += low <= 20 * 11_320 / 10_000 <= high
    assert 0.92 <= held / draws <= 0.98


def test_an_effect_without_an_interval_leaves_the_sums_without_one() -> None:
    made = cost_benefit([CrimeEffect(kind="robbery", change=-4.0)], [LOCKS])
    assert math.isnan(made.interval[0])
    assert math.isnan(made.ratio_interval[1])
    assert "nothing can be said of how sure" in made.explain()
    assert "nan" not in made.explain()
    shows(made)


def test_more_crime_is_a_cost_and_nothing_spent_has_no_ratio() -> None:
    worse = cost_benefit([CrimeEffect(kind="robbery", change=2.0, interval=(1.0, 3.0))], [LOCKS])
    assert worse.ratio == pytest.approx(-2.264)
    assert "Crimes rose" in worse.explain()
    free = cost_benefit([FALL], [CostLine(title="Nothing", amount=Decimal(0), price_base="2015/16")])
    assert math.isnan(free.ratio)
    assert "nan" not in free.explain()
    shows(free)


def test_a_unit_cost_that_is_not_verified_is_named() -> None:
    made = cost_benefit([CrimeEffect(kind="domestic-burglary", change=-4.0, interval=(-5.0, -3.0))], [LOCKS])
    assert "not verified, to be checked before use: Burglary of a home" in made.explain()


def test_the_tornado_is_widest_first_and_turns_about_the_answer() -> None:
    made = cost_benefit([FALL], [LOCKS])
    widths = [abs(s.high - s.low) for s in made.tornado]
    assert widths == sorted(widths, reverse=True)
    for swing in made.tornado:
        assert min(swing.low, swing.high) <= float(made.net_present_value) <= max(swing.low, swing.high)


@pytest.mark.parametrize(
    ("effects", "ledger", "more", "words"),
    [
        ([], [LOCKS], {}, "no effect was given"),
        ([FALL], [], {}, "the ledger is empty"),
        ([CrimeEffect(kind="piracy", change=-1.0)], [LOCKS], {}, "has no unit cost for 'piracy'; it has: homicide"),
        ([CrimeEffect(kind="arson", change=math.nan)], [LOCKS], {}, "an unknown effect has no worth"),
        ([CrimeEffect(kind="arson", change=4.0, interval=(-8.0, -1.0))], [LOCKS], {}, "doesn't hold its change 4"),
        ([CrimeEffect(kind="arson", change=4.0, interval=(-math.inf, 9.0))], [LOCKS], {}, "two finite ends"),
        ([CrimeEffect(kind="arson", change=4.0, level=95)], [LOCKS], {}, "between 0 and 1"),
        ([CrimeEffect(kind="arson", change=4.0, profile=())], [LOCKS], {}, "for each year"),
        ([CrimeEffect(kind="arson", change=4.0, profile=(1.0,) * 40)], [LOCKS], {}, "39 after the first"),
        ([FALL], [CostLine(title="X", amount=12.5, price_base="2015/16")], {}, "no penny is rounded away"),  # type: ignore[arg-type]
        ([FALL], [CostLine(title="X", amount=Decimal(-1), price_base="2015/16")], {}, "must be 0 or more"),
        ([FALL], [CostLine(title="X", amount=Decimal("NaN"), price_base="2015/16")], {}, "must be 0 or more"),
        ([FALL], [CostLine(title="X", amount=Decimal(1), price_base="2015/16", year=-1)], {}, "whole number of years"),
        ([FALL], [CostLine(title="X", amount=Decimal(1), price_base="1066/67")], {}, "no deflator for '1066/67'"),
        ([FALL], [LOCKS], {"price_base": "2031/32"}, "runs from 2010/11 to 2024/25"),
        ([FALL], [LOCKS], {"discount_rate": 3.5}, "discount rate must be a Decimal share"),
        ([FALL], [LOCKS], {"correlation": 2.0}, "from 0 to 1"),
        ([FALL], [LOCKS], {"spread": 0.0}, "share between 0 and 1"),
        ([FALL], [LOCKS], {"level": 95.0}, "between 0 and 1"),
        ([FALL], [LOCKS], {"draws": 10}, "a thousand or more"),
    ],
)
def test_bad_input_is_a_sentence(effects: list, ledger: list, more: dict[str, Any], words: str) -> None:
    with pytest.raises(ForestallError, match=words):
        cost_benefit(effects, ledger, **more)


def test_a_force_s_own_deflators_are_checked(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORESTALL_CATALOGUE", str(tmp_path))
    (tmp_path / "deflators").mkdir()
    head = "title: T\nsource: S\nreleased: R\nnote: N\nyears:\n"
    for body, words in (
        ("  2015: 80\n", "no financial year"),
        ("  2015/17: 80\n", "no financial year"),
        ("  2015/16: [80, 81]\n", "four quarters"),
        ("  2015/16: much\n", "must be a number"),
        ("  2015/16: -3\n", "above 0"),
        ("  {}\n", "no years"),
    ):
        name = f"own-{abs(hash(body))}"
        (tmp_path / "deflators" / f"{name}.yaml").write_text(head + body)
        with pytest.raises(ForestallError, match=words):
            prices.deflators(name)
    (tmp_path / "deflators" / "good.yaml").write_text(head + "  2015/16: 80\n  2024/25: 100\n")
    assert prices.deflators("good").factor("2015/16", "2024/25") == Decimal("1.25")


def test_each_scheme_s_price_base_has_a_deflator() -> None:
    assert analysis.costs().price_base in prices.deflators().index
