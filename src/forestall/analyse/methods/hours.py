"""At which hours of the week: each record spread over the time in which it can have happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from forestall.analyse.chosen import Chosen
from forestall.analyse.method import Answer, Method
from forestall.analyse.setting import number, whole
from forestall.text import msg


def answer(chosen: Chosen, settings: Mapping[str, Any], progress: Callable[[str, int, int], None]) -> Answer:
    """The hours of the week."""
    from forestall.stats import aoristic

    del progress
    events, checks = chosen.dated(chosen.events(), ("instant",))
    found = aoristic(events.begin, events.end, wide=settings["wide"], longest=settings["longest"])
    return Answer((found,), checks=checks)


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
