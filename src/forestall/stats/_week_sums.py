"""Sums over intervals by hour and day of the week, in one pass over blocks of events that stay in the processor's cache.

An hour is counted from the Monday before 1970, so that its remainder by 168 is the hour of the week.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forestall.stats._times import Flags, Floats, Ints, Times

HOURS = 168

#: Events taken at a time.
BLOCK = 8192

#: 1970-01-01 was a Thursday: hours from the Monday before.
_THURSDAY = 72

_NAT = np.iinfo(np.int64).min


@dataclass(frozen=True)
class WeekSums:
    """``hours``: weight by hour of the week, (168,). ``certain`` and ``possible``: weight of events that certainly fall,
    and may fall, on each weekday, (7,). ``known`` events with both times; their ``weight`` and the sum of its ``squares``;
    ``wide``: weight in intervals beyond the limit; ``midnight``: weight of instants at exactly 00:00."""

    hours: Floats
    certain: Floats
    possible: Floats
    known: int
    weight: float
    squares: float
    wide: float
    midnight: float


def add_up(begin: Times, end: Times, w: Floats | None, hour: int, limit: float) -> WeekSums:
    """Every sum of the known events. ``hour``: ticks in an hour; ``limit``: ticks beyond which an interval is wide. Raises
    ``ValueError`` where an event ends before it begins."""
    hours, step = np.zeros(HOURS), np.zeros(2 * HOURS + 2)
    certain, day_step = np.zeros(7), np.zeros(15)
    known, weight, squares, wide, midnight = 0, 0.0, 0.0, 0.0, 0.0
    for s, stop, v in _blocks(begin, end, w):
        n = stop - s
        f = s // hour
        z = np.maximum((stop - 1) // hour, f)  # an end on the hour touches nothing of it
        between = z - f - 1
        inside = between < 0
        first, last = f + _THURSDAY, z + _THURSDAY
        begins = _of_week(first)
        rate = v / np.maximum(n, 1)
        hours += np.bincount(begins, weights=np.where(inside, v, rate * ((f + 1) * hour - s)), minlength=HOURS)
        ends = np.where(inside, 0.0, rate * (stop - z * hour))
        hours += np.bincount(_of_week(last), weights=ends, minlength=HOURS)
        # Whole hours between: never heavier than the event, so that adding and taking away lose nothing.
        full = np.where(between > 0, rate * hour, 0.0)
        rest = np.maximum(between, 0)
        if rest.max() >= HOURS:
            hours += float(full @ (rest // HOURS))
            rest = _of_week(rest)
        begins += 1
        step += np.bincount(begins, weights=full, minlength=step.size)
        step -= np.bincount(begins + rest, weights=full, minlength=step.size)
        a, b = first // 24, last // 24
        day = a - a // 7 * 7
        certain += np.bincount(day, weights=np.where(a == b, v, 0.0), minlength=7)
        day_step += np.bincount(day, weights=v, minlength=15)
        day_step -= np.bincount(day + np.minimum(b - a + 1, 7), weights=v, minlength=15)
        known += s.size
        weight += float(v.sum())
        squares += float(v @ v)
        wide += float(v @ (n > limit))
        at_midnight = n == 0
        if at_midnight.any():
            midnight += float(v @ (at_midnight & (s % (24 * hour) == 0)))
    level, day_level = np.cumsum(step), np.cumsum(day_step)
    return WeekSums(
        hours=np.maximum(hours + level[:HOURS] + level[HOURS : 2 * HOURS], 0.0),
        certain=certain,
        possible=np.maximum(day_level[:7] + day_level[7:14], certain),
        known=known,
        weight=weight,
        squares=squares,
        wide=wide,
        midnight=midnight,
    )


def held(inside: Flags, begin: Times, end: Times, w: Floats | None, hour: int) -> tuple[float, float]:
    """Weight of the events whose whole interval lies in the hours ``inside``, (168,), and of those that touch them."""
    before = np.concatenate([[0], np.cumsum(np.concatenate([inside, inside]))])
    certain = possible = 0.0
    for s, stop, v in _blocks(begin, end, w):
        f = s // hour
        span = np.minimum(np.maximum((stop - 1) // hour - f, 0) + 1, HOURS)
        at = _of_week(f + _THURSDAY)
        count = before[at + span] - before[at]
        certain += float(v @ (count == span))
        possible += float(v @ (count > 0))
    return certain, possible


def _blocks(begin: Times, end: Times, w: Floats | None) -> Iterator[tuple[Ints, Ints, Floats]]:
    """Begin, end and weight of the known events, a block at a time."""
    start, stop, ones = begin.view(np.int64), end.view(np.int64), np.ones(BLOCK)
    for i in range(0, start.size, BLOCK):
        part = slice(i, i + BLOCK)
        s, e = start[part], stop[part]
        v = ones[: s.size] if w is None else w[part]
        if s.min() == _NAT or e.min() == _NAT:
            known = (s != _NAT) & (e != _NAT)
            s, e, v = s[known], e[known], v[known]
            if not s.size:
                continue
        if (e < s).any():
            row = int(np.flatnonzero(end[part] < begin[part])[0]) + i
            raise ValueError(
                f"row {row} ends ({end[row]}) before it begins ({begin[row]}): put the two right or leave the row out"
            )
        yield s, e, v


def _of_week(hours: Ints) -> Ints:
    return hours - hours // HOURS * HOURS
