"""Is the level out of its usual scatter: a control chart of months, weeks or days."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from forestall.analyse.chosen import Chosen
from forestall.analyse.method import Answer, Method
from forestall.analyse.refused import Refused
from forestall.analyse.setting import SEED, choice, whole
from forestall.text import msg


def answer(chosen: Chosen, settings: Mapping[str, Any], progress: Callable[[str, int, int], None]) -> Answer:
    """The months with their limits and what is told by their rules."""
    from forestall.stats import ChartRules, control_chart

    del progress
    checks = chosen.series_check(METHOD.title)
    if settings["period"] == "month":
        keep = chosen.usable()
        if settings["limits"] == "seasonal" and not keep.all():
            raise Refused(
                msg(
                    "a seasonal chart needs every month, and some are set aside as a recording event: choose months after "
                    "it, or another kind of chart"
                )
            )
        values, labels, exposure = chosen.monthly[keep], np.array(chosen.months)[keep], chosen.days[keep]
    else:
        values, labels = chosen.daily if settings["period"] == "day" else weekly(*chosen.daily)
        exposure = None
    kind = settings["limits"]
    baseline = settings["baseline"]
    counts = kind in ("auto", "poisson", "overdispersed", "seasonal")
    found = control_chart(
        values,
        kind=kind,
        exposure=exposure if counts and exposure is not None else None,
        baseline=baseline,
        labels=[str(v) for v in labels],
        rules=ChartRules(run=settings["run"], trend=settings["trend"]),
        period={"month": 12, "week": 52, "day": 7}[settings["period"]],
        seed=settings["seed"],
    )
    return Answer((found,), checks=checks)


def weekly(values: Any, days: Any) -> tuple[Any, Any]:
    """Records of each whole week from Monday, and its first day."""
    skip = int((4 - days[0].astype(int)) % 7)  # 5 January 1970 was a Monday
    n = (len(values) - skip) // 7
    if n < 1:
        raise Refused(msg("these records hold no whole week: choose more months, or days"))
    return values[skip : skip + 7 * n].reshape(n, 7).sum(1), days[skip : skip + 7 * n : 7]


def needs(settings: Mapping[str, Any]) -> frozenset[str]:
    return frozenset() if settings["period"] == "month" else frozenset({"occurred_from:day"})


METHOD = Method(
    slug="control-chart",
    title=msg("Control chart"),
    question=msg("Is it out of its usual scatter, and since when?"),
    needs=frozenset(),
    more=needs,
    answer=answer,
    gives=("control_chart",),
    series=True,
    settings=(
        choice("period", msg("counted by"), "month", month=msg("month"), week=msg("week"), day=msg("day")),
        choice(
            "limits", msg("limits"), "auto", auto=msg("chosen from the counts"), xmr=msg("XmR"), poisson=msg("Poisson"),
            overdispersed=msg("overdispersed"), seasonal=msg("seasonal"),
        ),
        whole("baseline", msg("baseline"), None, 3, 1000, msg("first periods, on which limits are frozen")),
        whole("run", msg("run on one side"), 8, 5, 20, msg("periods")),
        whole("trend", msg("steady rise or fall"), 6, 4, 20, msg("periods")),
        SEED,
    ),
)  # fmt: skip
