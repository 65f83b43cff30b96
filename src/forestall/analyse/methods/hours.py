"""At which hours of the week: each record spread over the time in which it can have happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from forestall.analyse.chosen import Chosen, left_out
from forestall.analyse.method import Answer, Method
from forestall.analyse.setting import number, whole
from forestall.text import msg


def answer(chosen: Chosen, settings: Mapping[str, Any], progress: Callable[[str, int, int], None]) -> Answer:
    """The hours of the week."""
    from forestall.stats import aoristic

    del progress
    events, checks = chosen.dated(chosen.events(), ("instant",))
    told = {"wide": settings["wide"], "longest": settings["longest"]}
    if chosen.set_aside.any():  # gaps of whole months take as much from every hour of the week, to a hundredth
        return Answer((aoristic(events.begin, events.end, **told),), checks=checks)
    first, last = chosen.extent
    after = last + np.timedelta64(1, "D")
    inside = (events.begin >= first) & (events.begin < after) & ~(events.end > after)
    reach = left_out(int((~inside).sum()), len(events), msg("reach beyond the days that the records cover"))
    events = events.take(inside)
    return Answer((aoristic(events.begin, events.end, since=first, until=after, **told),), checks=(*checks, *reach))


METHOD = Method(
    slug="hours",
    title=msg("Hours of the week"),
    question=msg("At which hours of which days?"),
    needs=frozenset({"occurred_from:instant"}),
    answer=answer,
    gives=("aoristic",),
    settings=(
        number("wide", msg("tells little beyond"), 24.0, 1, 168, msg("hours")),
        whole("longest", msg("longest window for the peak"), 8, 1, 24, msg("hours")),
    ),
)
