"""Months as the rest of the house writes them: ``YYYY-MM``, ranges inclusive."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from forestall.errors import ForestallError

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def check(month: str, what: str = "month") -> str:
    """The month itself, or an error that quotes it."""
    if not _MONTH.fullmatch(month):
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


def unbroken(usable: npt.NDArray[np.bool_]) -> int:
    """How many months up to the last are usable without a break: a window must not step over months set aside."""
    gaps = np.flatnonzero(~usable)
    return int(usable.size - 1 - gaps[-1]) if gaps.size else int(usable.size)
