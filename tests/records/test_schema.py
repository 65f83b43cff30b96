from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forestall import catalogue
from forestall.records import schema

ROOT = Path(__file__).parents[2]


def test_the_reference_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "reference" / "records.md").read_text(encoding="utf-8")
    assert page == schema.reference_page(), "run: python -m forestall.records.schema > docs/reference/records.md"


def test_every_field_of_the_design_is_there() -> None:
    design = (
        "record_id source source_ref force kind category offence_code occurred_from occurred_to precision reported_at "
        "recorded_at origin channel lon lat easting northing location_id location_text lsoa lsoa_vintage "
        "premises_type method priority duration outcome status flags victim_id suspect_id caller_id context"
    )
    assert [f.name for f in schema.FIELDS if not f.trace] == design.split()
    assert all(f.meaning and f.police_uk and f.extract for f in schema.FIELDS)


def test_kinds_agree_with_the_catalogue() -> None:
    kinds = catalogue.load("kinds")["kinds"]
    assert tuple(kinds) == schema.KINDS
    for kind in kinds.values():
        assert set(kind) == {"title", "controller", "regime", "agreement", "finest", "verify"}
        assert "erify before use" in str(kind["verify"])


def test_categories_agree_with_the_catalogue() -> None:
    assert {c["slug"] for c in catalogue.load("categories")["categories"]} == set(schema.POLICE_UK_CATEGORIES.values())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Gwent Police", "gwent"),
        ("Metropolitan Police Service", "metropolitan"),
        ("Avon and Somerset Constabulary", "avon-and-somerset"),
        ("Devon & Cornwall Police", "devon-and-cornwall"),
        ("Police Service of Northern Ireland", "northern-ireland"),
        ("Dyfed-Powys Police", "dyfed-powys"),
        ("City of London Police", "city-of-london"),
    ],
)
def test_force_slugs(name: str, expected: str) -> None:
    assert schema.force_slug(name) == expected


@given(st.integers(1990 * 12, 2050 * 12), st.integers(0, 60))
def test_months_between_are_consecutive(start: int, length: int) -> None:
    def month(i: int) -> str:
        return f"{i // 12:04d}-{i % 12 + 1:02d}"

    got = schema.months_between(month(start), month(start + length))
    assert got == tuple(month(start + i) for i in range(length + 1))
    assert schema.months_between(month(start + 1), month(start)) == ()
