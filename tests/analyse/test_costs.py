"""Unit costs: of the source, exact in money, and a range where the kind is not told."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from forestall.catalogue import analysis


def test_they_are_those_of_the_published_table(shared: Path) -> None:
    """Each cost that the stored table has is in the catalogue with its mark of being verified."""
    names = {
        "Homicide": "homicide", "Violence with injury": "violence-with-injury", "Rape": "rape", "Robbery": "robbery",
        "Violence without injury": "violence-without-injury", "Other sexual offences": "other-sexual-offences",
        "Domestic burglary": "domestic-burglary", "Theft of vehicle": "theft-of-vehicle",
        "Theft from vehicle": "theft-from-vehicle", "Theft from person": "theft-from-person",
        "Criminal damage - arson": "arson", "Criminal damage - other": "other-damage",
    }  # fmt: skip
    units = {u.slug: u for u in analysis.costs().costs}
    with (shared / "data" / "harm" / "home_office_unit_costs_2018.csv").open(encoding="utf-8") as f:
        for row in csv.DictReader(f):
            if row["crime_type"] in names:
                unit = units[names[row["crime_type"]]]
                assert unit.cost == Decimal(row["unit_cost_gbp_2015_16"])
                assert unit.verified == (row["verified_in_stored_source"] == "yes")


@pytest.mark.parametrize(
    ("code", "slug"),
    [("28E", "domestic-burglary"), ("30C", "commercial-burglary"), ("45", "theft-from-vehicle"), ("48", "theft-of-vehicle"),
     ("34B", "robbery"), ("8N", "violence-with-injury"), ("105A", "violence-without-injury"), ("19C", "rape"),
     ("56B", "arson"), ("58D", "other-damage"), ("49", None), (None, None)],
)  # fmt: skip
def test_codes(code: str | None, slug: str | None) -> None:
    unit = analysis.costs().of_code(code)
    assert (unit.slug if unit else None) == slug


def test_money_is_decimal_with_its_price_base() -> None:
    scheme = analysis.costs()
    assert scheme.price_base == "2015/16"
    assert all(isinstance(u.cost, Decimal) for u in scheme.costs)
    assert scheme.of_category("burglary")
    assert not scheme.of_category("anti-social-behaviour")


def test_what_is_sensitive() -> None:
    rule = analysis.sensitive()
    assert rule.has(["domestic-abuse"], None)
    assert rule.has([], "19C")
    assert rule.has(None, "88A")
    assert not rule.has(["alcohol"], "8N")
