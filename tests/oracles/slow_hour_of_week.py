"""Slow, obvious twins of the methods of time: one event after the other, tick by tick."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

Interval = tuple[dt.datetime, dt.datetime]


def by_tick(events: Sequence[Interval], weights: Sequence[float], tick: dt.timedelta) -> list[float]:
    """Weight by hour of the week: each tick of an event's interval (whole ticks all) gets an equal part."""
    hours = [0.0] * 168
    for (begin, end), weight in zip(events, weights, strict=True):
        ticks = max(1, (end - begin) // tick)
        for i in range(ticks):
            at = begin + i * tick
            hours[at.weekday() * 24 + at.hour] += weight / ticks
    return hours


def window(events: Sequence[Interval], days: Sequence[int], start: int, length: int, tick: dt.timedelta) -> list[set[bool]]:
    """For each event, whether its ticks lie in the window: {True}, {False} or both."""
    inside = {(24 * d + start + i) % 168 for d in days for i in range(length)}
    out = []
    for begin, end in events:
        at = [begin + i * tick for i in range(max(1, (end - begin) // tick))]
        out.append({a.weekday() * 24 + a.hour in inside for a in at})
    return out
