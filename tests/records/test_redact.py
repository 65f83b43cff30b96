from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forestall.records.redact import redact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("call 07700 900123 now", "call [phone] now"),
        ("+44 (0)7700 900123", "[phone]"),
        ("01633-496 012.", "[phone]."),
        ("write to a.b+c@example.co.uk please", "write to [e-mail] please"),
        ("NI QQ 12 34 56 C", "NI QQ 12 34 56 C"),  # QQ is never issued
        ("NI AB123456C", "NI [NI number]"),
        ("card 4111 1111 1111 1111 used", "card [card] used"),
        ("DOB: 12/12/1985, male", "[date of birth], male"),
        ("born on 3rd March 1990", "[date of birth]"),
        ("lives at NP20 4AA", "lives at [postcode]"),
        ("Mr Idris Morgan said", "[name] said"),
        ("Mrs. O'Neill and Dr J. Prys", "[name] and [name]"),
        ("PC Jones 1234 attended", "[name] 1234 attended"),
        ("Rear door forced on 03/01/2022 at 18:30", "Rear door forced on 03/01/2022 at 18:30"),
        ("value 1200 pounds, ref 2200001/22", "value 1200 pounds, ref 2200001/22"),
    ],
)
def test_patterns(text: str, expected: str) -> None:
    assert redact(text) == expected


@given(st.from_regex(r"07\d{3} ?\d{6}", fullmatch=True), st.text("abc ,.", max_size=10))
def test_no_mobile_number_passes(number: str, around: str) -> None:
    assert number not in redact(f"{around} {number} {around}")


@given(st.text(max_size=200))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact(text)
    assert redact(once) == once
