"""When: the day within a month by weekday, the time within a day, and follow-ups close in time and place."""

from __future__ import annotations

import calendar
from typing import Any

import numpy as np
import numpy.typing as npt

from forestall.sample.geography import Floats, Ints

Times = npt.NDArray[np.datetime64]

#: School terms of the fictional authorities: (month, first day, last day) of weeks that are holidays, every year.
HOLIDAYS = ((2, 12, 18), (4, 1, 14), (5, 25, 31), (7, 22, 31), (8, 1, 31), (10, 25, 31), (12, 20, 31), (1, 1, 4))


def month_starts(months: tuple[str, ...]) -> Times:
    """First minute of each month."""
    return np.array([f"{m}-01T00:00" for m in months], dtype="datetime64[m]")


def days(rng: np.random.Generator, months: tuple[str, ...], month: Ints, weekday: Floats) -> Ints:
    """A day of its month (0 for the first) for each record, more on busy weekdays."""
    out = np.zeros(len(month), dtype=np.int64)
    u = rng.random(len(month))
    for t in np.unique(month):
        first, length = calendar.monthrange(int(months[t][:4]), int(months[t][5:]))
        share = weekday[(first + np.arange(length)) % 7]
        at = month == t
        out[at] = np.searchsorted(np.cumsum(share / share.sum()), u[at], side="right").clip(max=length - 1)
    return out


def times(rng: np.random.Generator, months: tuple[str, ...], month: Ints, day: Ints, peaks: Any) -> Times:
    """Date and time, to the minute. ``peaks``: (hour, weight, spread) each. Small hours belong to the night before."""
    table = np.array(peaks, dtype=float)
    n = len(month)
    which = np.searchsorted(np.cumsum(table[:, 1] / table[:, 1].sum()), rng.random(n), side="right").clip(
        max=len(table) - 1
    )
    hour = rng.normal(table[which, 0], table[which, 2])
    flat = rng.random(n) < 0.12
    hour[flat] = rng.uniform(7, 25, int(flat.sum()))
    minute = np.round(np.mod(hour, 24) * 60).astype(np.int64) % 1440
    told = rng.random(n)  # people report round times
    minute = np.where(told < 0.22, minute // 60 * 60, np.where(told < 0.5, minute // 15 * 15, minute))
    length = np.array([calendar.monthrange(int(m[:4]), int(m[5:]))[1] for m in months])[month]
    day = np.where((minute < 300) & (day + 1 < length), day + 1, day)
    start = month_starts(months)[month]
    return np.asarray(start + (day * 1440 + minute).astype("timedelta64[m]"), dtype="datetime64[m]")


def follow(
    rng: np.random.Generator, when: Times, point: Ints, group: Ints, share: float, until: Times, first: Ints, last: Ints
) -> tuple[Times, Ints]:
    """Makes ``share`` of the records follow another of their ``group`` within some days, at its point or one beside it.

    ``until``: end of each record's month, which a follow-up does not leave, so counts by area and month stay as they were.
    ``first`` and ``last``: bounds of the points of each record's area.
    """
    order = np.lexsort((rng.random(len(when)), group))
    back = np.roll(order, 1)
    same = group[order] == group[back]
    same[:1] = False
    chosen = same & (rng.random(len(order)) < share)
    chosen[1:] &= ~chosen[:-1]  # a follow-up follows a record that is none
    child, parent = order[chosen], back[chosen]
    gap = np.round(rng.exponential(4.0, len(child)) * 1440 + rng.normal(0, 45, len(child))).clip(min=30).astype(np.int64)
    moved = when[parent] + gap.astype("timedelta64[m]")
    fits = moved < until[child]
    when, point = when.copy(), point.copy()
    child, parent = child[fits], parent[fits]
    when[child] = moved[fits]
    step = rng.choice([-1, 0, 0, 0, 1], size=len(child))
    point[child] = np.clip(point[parent] + step, first[child], last[child])
    return when, point


def in_term(when: Times) -> npt.NDArray[np.bool_]:
    """True on weekdays of school term."""
    date = when.astype("datetime64[D]")
    weekday = (date.astype(np.int64) + 3) % 7
    month = date.astype("datetime64[M]").astype(np.int64) % 12 + 1
    day = (date - date.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1
    out = weekday < 5
    for number, first, last in HOLIDAYS:
        out &= ~((month == number) & (day >= first) & (day <= last))
    return np.asarray(out, dtype=np.bool_)
