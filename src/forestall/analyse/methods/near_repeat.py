"""Does one event bring others nearby soon after: Knox's test of every band of distance and time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from forestall.analyse.chosen import Chosen
from forestall.analyse.method import Answer, Method
from forestall.analyse.setting import SEED, choice, edges, whole
from forestall.text import msg


def answer(chosen: Chosen, settings: Mapping[str, Any], progress: Callable[[str, int, int], None]) -> Answer:
    """Pairs close in place and time, and their chains."""
    from forestall.stats import near_repeat, near_repeat_chains

    events, undated = chosen.dated(chosen.events())
    events, unplaced = chosen.placed(events)
    # The middle of the time in which each can have happened, by whole days: few burglaries know their hour.
    half = np.where(np.isnat(events.end), np.timedelta64(0, "us"), (events.end - events.begin) // 2)
    t = (events.begin + half).astype("datetime64[D]").astype(float)
    told = {"metric": settings["metric"], "same_day": settings["same-day"], "precision": "day"}
    found = near_repeat(
        events.x, events.y, t, space_bands=settings["distances"], time_bands=settings["days"],
        permutations=settings["permutations"], seed=settings["seed"],
        progress=lambda done, total: progress("shuffles", done, total), **told,
    )  # fmt: skip
    chains = near_repeat_chains(
        events.x, events.y, t, space_band=(0.0, settings["distances"][1]), time_band=(0.0, settings["days"][1]), **told
    )  # fmt: skip
    note = msg("Each record counts on the middle day of the time in which it can have happened.")
    return Answer((found, chains), notes=(note,), checks=(*undated, *unplaced))


METHOD = Method(
    slug="near-repeat",
    title=msg("Near repeat"),
    question=msg("Does one event bring others nearby soon after?"),
    needs=frozenset({"occurred_from:day", "easting"}),
    answer=answer,
    gives=("near_repeat", "near_repeat_chains"),
    most=40_000,
    settings=(
        edges("distances", msg("distances"), (0.0, 100.0, 200.0, 300.0, 400.0), 50_000, msg("metres"), paged=2000),
        edges("days", msg("days"), (0.0, 7.0, 14.0, 21.0, 28.0), 3660, msg("days"), paged=120),
        choice(
            "metric", msg("measured"), "euclidean", euclidean=msg("in a straight line"), manhattan=msg("along the grid")
        ),
        choice(
            "same-day", msg("the same day"), "together", together=msg("with the first band"),
            apart=msg("a band of its own"),
        ),
        whole("permutations", msg("shuffles beside the exact moments"), 0, 0, 9999, paged=999),
        SEED,
    ),
)  # fmt: skip
