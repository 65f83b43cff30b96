"""Months as the rest of the house writes them: ``YYYY-MM``, ranges inclusive."""

from __future__ import annotations

import re

from forestall.errors import ForestallError

_MONTH = re.compile(r"^\d{4}-(0[1-9]|1[0-2])$")


def check(month: str, what: str = "month") -> str:
    """The month itself, or an error that quotes it."""
    if not _MONTH.match(month):
        raise ForestallError(f"{what} {month!r} is not a month: write it as YYYY-MM, such as 2022-06")
    return month


def number(month: str) -> int:
    """Months since year 0."""
    return int(month[:4]) * 12 + int(month[5:]) - 1


def name(n: int) -> str:
    return f"{n // 12:04d}-{n % 12 + 1:02d}"


def shift(month: str, by: int) -> str:
    return name(number(month) + by)


def between(since: str, until: str) -> tuple[str, ...]:
    return tuple(name(n) for n in range(number(since), number(until) + 1))
