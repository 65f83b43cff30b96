"""Months are counted as calendars count them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forestall.errors import ForestallError
from forestall.records import months as mm

MONTHS = st.dates(dt.date(1000, 1, 1), dt.date(9000, 12, 31)).map(lambda d: f"{d:%Y-%m}".rjust(7, "0"))
STEPS = st.integers(-900, 900)


@given(MONTHS)
def test_a_month_is_itself_again(month: str) -> None:
    assert mm.check(month) == month
    assert mm.name(mm.number(month)) == month
    assert mm.number(month) == int(month[:4]) * 12 + int(month[5:]) - 1


@given(MONTHS, STEPS, STEPS)
def test_steps_add_up_and_keep_the_order_of_text(month: str, a: int, b: int) -> None:
    assert mm.shift(mm.shift(month, a), b) == mm.shift(month, a + b)
    assert mm.shift(month, 12) == f"{int(month[:4]) + 1:04d}{month[4:]}"
    assert (mm.shift(month, a) < month) == (a < 0)


@given(MONTHS, st.integers(0, 400))
def test_between_holds_both_ends_and_each_month_once(month: str, n: int) -> None:
    found = mm.between(month, mm.shift(month, n))
    assert (found[0], found[-1], len(found), len(set(found))) == (month, mm.shift(month, n), n + 1, n + 1)
    assert list(found) == sorted(found)
    assert mm.between(mm.shift(month, 1), month) == ()


def test_the_turn_of_a_year() -> None:
    assert mm.between("2021-11", "2022-02") == ("2021-11", "2021-12", "2022-01", "2022-02")
    assert mm.shift("2022-01", -1) == "2021-12"


@pytest.mark.parametrize("text", ["2022-13", "2022-00", "2022-6", "22-06", "2022-06\n", " 2022-06", "٢٠٢٢-06", "", "June"])
def test_what_is_no_month_is_quoted(text: str) -> None:
    with pytest.raises(ForestallError) as refused:
        mm.check(text, "--until")
    assert str(refused.value).startswith(f"--until {text!r} is not a month")


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_unbroken_counts_back_to_the_last_gap(usable: list[bool]) -> None:
    n = mm.unbroken(np.array(usable))
    assert all(usable[len(usable) - n :])
    assert n == len(usable) or not usable[len(usable) - n - 1]
