"""How many are to be expected, with an interval, tried out on the past against the same season a year ago."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from forestall.analyse.chosen import Chosen
from forestall.analyse.method import Answer, Method
from forestall.analyse.setting import choice, number, whole
from forestall.text import msg


def answer(chosen: Chosen, settings: Mapping[str, Any], progress: Callable[[str, int, int], None]) -> Answer:
    """The months or days to come, with intervals and the back-test."""
    from forestall.stats import forecast

    del progress
    checks = chosen.series_check(METHOD.title)
    if settings["by"] == "month":
        exclude = ~chosen.usable(steps=True)
        horizon = settings["horizon"] or 12
        first = np.datetime64(chosen.months[-1], "M") + 1
        ahead = np.diff((first + np.arange(horizon + 1)).astype("datetime64[D]")).astype(float)
        found = forecast(
            chosen.monthly, period=12, horizon=horizon, level=settings["level"],
            exposure=np.concatenate([chosen.days, ahead]), exclude=exclude, labels=list(chosen.months),
        )  # fmt: skip
        return Answer((found,), checks=checks)
    values, days = chosen.daily
    found = forecast(
        values, period=7, horizon=settings["horizon"] or 28, level=settings["level"], labels=[str(d) for d in days]
    )  # fmt: skip
    return Answer((found,), checks=checks)


def needs(settings: Mapping[str, Any]) -> frozenset[str]:
    return frozenset() if settings["by"] == "month" else frozenset({"occurred_from:day"})


METHOD = Method(
    slug="forecast",
    title=msg("Forecast"),
    question=msg("How many are to be expected, and how sure is that?"),
    needs=frozenset(),
    more=needs,
    answer=answer,
    gives=("forecast",),
    series=True,
    settings=(
        choice("by", msg("counted by"), "month", month=msg("month"), day=msg("day")),
        whole("horizon", msg("months or days ahead"), None, 1, 60),
        number("level", msg("the interval holds"), 0.9, 0.5, 0.99),
    ),
)
