"""When did the level change, and did it change everywhere at once, as a change of recording does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from forestall.analyse.chosen import Chosen
from forestall.analyse.method import Answer, Method
from forestall.analyse.refused import Refused
from forestall.analyse.setting import SEED, choice, whole
from forestall.results import Check
from forestall.text import msg


def answer(chosen: Chosen, settings: Mapping[str, Any], progress: Callable[[str, int, int], None]) -> Answer:
    """When the level changed, and whether it did so everywhere at once."""
    from forestall.stats import change_point, change_points, shared_change

    checks = chosen.series_check(METHOD.title)
    keep = chosen.usable()
    period = None
    if settings["season"] == "out":
        if not keep.all():
            raise Refused(
                msg(
                    "the season can't be taken out where months are set aside as a recording event: choose months after "
                    "it, or leave the season in"
                )
            )
        period = 12
    months = np.array(chosen.months)[keep].tolist()
    length = chosen.days[keep] / chosen.days[keep].mean()  # levels are then of a month of the usual length
    told = {"exposure": length, "period": period, "labels": months, "seed": settings["seed"]}
    counts = chosen.monthly[keep]
    one = change_point(counts, **told)
    found: Any = one if settings["most"] == 1 else change_points(counts, most=settings["most"], **told)
    figures: tuple[Any, ...] = (found,)
    progress("areas", 1, 3)
    together = None
    if one.found and _has_areas(chosen):
        areas = chosen.areas()
        if len(areas.codes) > 1 and areas.counts[:, keep].sum() > 0:
            together = shared_change(
                areas.counts[:, keep], at=one.index, exposure=length, areas=[str(c) for c in areas.codes],
                labels=months, seed=settings["seed"],
            )  # fmt: skip
            figures = (found, together)
    steps = {str(f.month) for f in chosen.steps} | set(chosen.turnovers)
    hit = [m for m in months[one.interval[0] : one.interval[1] + 1] if m in steps] if one.found else []
    if hit:
        words = msg("A suspected change of recording falls within the interval: {month:month}.", month=hit[0])
        checks = (*checks, Check("change-of-recording", False, words))
    return Answer(figures, checks=checks)


def _has_areas(chosen: Chosen) -> bool:
    return "lsoa" in chosen.records.filled()


METHOD = Method(
    slug="change-point",
    title=msg("Change point"),
    question=msg("When did the level change, and was it everywhere at once?"),
    needs=frozenset(),
    answer=answer,
    gives=("change_point", "change_points", "shared_change"),
    series=True,
    settings=(
        whole("most", msg("changes at the most"), 1, 1, 8),
        choice("season", msg("season"), "left", left=msg("left in"), out=msg("taken out (two years or more)")),
        SEED,
    ),
)
