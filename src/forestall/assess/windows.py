"""The months before and after that may be looked at: those whose recording is known to have changed are set aside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forestall.assess.panel import Ints, Panel
from forestall.errors import ForestallError
from forestall.records import months as mm
from forestall.results import Asked
from forestall.text import Message, msg

#: Fewest usable months before the response for any comparison; and after it.
BEFORE, AFTER = 6, 1


@dataclass(frozen=True)
class Windows:
    """``before`` and ``after``: indices of the panel's months, those that are there already. ``pre`` and ``post``: the
    months of the whole test. ``left_out``: months set aside, each with its reason."""

    before: Ints
    after: Ints
    pre: tuple[str, ...]
    post: tuple[str, ...]
    left_out: tuple[tuple[str, Message], ...]


def windows(panel: Panel, asked: Asked) -> Windows:
    """Raises ``ForestallError`` where there is nothing before the response to learn from."""
    starts = mm.check(asked.starts, "the response's first month")
    if asked.months < AFTER:
        raise ForestallError(f"{asked.months} months after the response are none: ask for 1 or more")
    if starts <= panel.months[0]:
        raise ForestallError(
            f"the response begins in {starts} and the records in {panel.months[0]}: there is nothing before it to compare "
            "with"
        )
    last = mm.shift(starts, asked.months - 1)
    first = mm.shift(starts, -asked.before)
    if starts > mm.shift(panel.months[-1], 12):
        raise ForestallError(
            f"the response begins in {starts}, more than a year after these records end ({panel.months[-1]}): ingest what "
            "came since, so that the design rests on it"
        )
    left_out: list[tuple[str, Message]] = []
    before, after = [], []
    for i, month in enumerate(panel.months):
        if not first <= month <= last:
            continue
        if not panel.usable[i]:
            left_out.append((month, msg("The way of recording changed.")))
        elif month < starts:
            before.append(i)
        else:
            after.append(i)
    if len(before) < 2:
        raise ForestallError(
            f"there {'is one usable month' if before else 'is no usable month'} before {starts}, which can't tell what is "
            "usual there: choose a later start, or ingest earlier months"
        )
    post = tuple(m for m in mm.between(starts, last) if m not in {x for x, _ in left_out})
    if not post:
        raise ForestallError(
            f"every month from {starts} to {last} is set aside, because the way of recording changed: choose another time"
        )
    pre = tuple(panel.months[i] for i in before)
    return Windows(np.array(before, np.int64), np.array(after, np.int64), pre, post, tuple(left_out))
