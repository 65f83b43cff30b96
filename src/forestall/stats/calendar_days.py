"""The days that calendar effects ask about: bank holidays of England and Wales, and paydays.

Bank holidays follow rules (Banking and Financial Dealings Act 1971; Easter by the anonymous Gregorian algorithm as Meeus
gives it, *Astronomical Algorithms*, chapter 8) save where a proclamation moved or added one: those are for the caller to
give, and :mod:`forestall.catalogue.bank_holidays` holds them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from forestall.stats._times import days_of

Days = npt.NDArray[np.datetime64]

#: Since this year the rules are as they are now (the early May holiday came last).
FIRST_YEAR = 1978


def easter(year: int) -> dt.date:
    """Easter Sunday of the Western churches, for years of the Gregorian calendar (1583 onward)."""
    if not year >= 1583:
        raise ValueError(f"year must be 1583 or later, when the Gregorian calendar begins, not {year!r}")
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    j = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * j) // 451
    month, day = divmod(h + j - 7 * m + 114, 31)
    return dt.date(year, month, day + 1)


def bank_holidays(
    first_year: int,
    last_year: int,
    *,
    extra: npt.ArrayLike = (),
    without: npt.ArrayLike = (),
) -> Days:
    """Bank holidays of England and Wales by rule from ``first_year`` to ``last_year`` (inclusive), in order, datetime64[D].

    Days on a weekend are given on the weekday that stands in for them: the 25th of December itself is then not listed.
    ``extra``, ``without``: further days to add, and to leave out, such as those that a proclamation gave and took. Raises
    ``ValueError`` for years before 1978 or out of order.
    """
    if not FIRST_YEAR <= first_year <= last_year:
        raise ValueError(
            f"years must be {FIRST_YEAR} or later and in order, not {first_year!r} to {last_year!r}: give earlier days as "
            "extra"
        )
    days: set[dt.date] = set()
    for year in range(int(first_year), int(last_year) + 1):
        sunday = easter(year)
        days |= {sunday - dt.timedelta(2), sunday + dt.timedelta(1)}
        days |= {_first_monday(year, 5), _last_monday(year, 5), _last_monday(year, 8)}
        days |= set(_observed([dt.date(year, 1, 1)]))
        days |= set(_observed([dt.date(year, 12, 25), dt.date(year, 12, 26)]))
    listed = np.array(sorted(days), "datetime64[D]").astype(np.int64)
    listed = np.setdiff1d(np.union1d(listed, days_of(extra, "extra")), days_of(without, "without"))
    return listed.astype("datetime64[D]")


def paydays(first: Any, last: Any, *, holidays: npt.ArrayLike = ()) -> Days:
    """The last working day of each month from ``first`` to ``last`` (dates, inclusive), datetime64[D]: Monday to Friday and
    none of ``holidays``. Raises ``ValueError`` where ``last`` comes before ``first``."""
    begin, end = days_of([first], "first")[0], days_of([last], "last")[0]
    if end < begin:
        raise ValueError(f"last ({last}) must not come before first ({first})")
    off = set(days_of(holidays, "holidays").tolist())
    months = np.arange(
        np.datetime64(int(begin), "D").astype("datetime64[M]"), np.datetime64(int(end), "D").astype("datetime64[M]") + 1
    )
    out = []
    for month in months:
        day = int((month + 1).astype("datetime64[D]").astype(np.int64)) - 1
        while (day + 3) % 7 >= 5 or day in off:
            day -= 1
        if begin <= day <= end:
            out.append(day)
    return np.array(out, np.int64).astype("datetime64[D]")


def _first_monday(year: int, month: int) -> dt.date:
    day = dt.date(year, month, 1)
    return day + dt.timedelta((7 - day.weekday()) % 7)


def _last_monday(year: int, month: int) -> dt.date:
    day = dt.date(year, month, 31)
    return day - dt.timedelta(day.weekday())


def _observed(days: Iterable[dt.date]) -> list[dt.date]:
    """Each day where it is a weekday, else the next weekday that is not one of them already."""
    days = list(days)
    kept = [d for d in days if d.weekday() < 5]
    for _ in range(len(days) - len(kept)):
        day = max(d for d in days if d.weekday() >= 5)
        while day.weekday() >= 5 or day in kept:
            day += dt.timedelta(1)
        kept.append(day)
    return kept
