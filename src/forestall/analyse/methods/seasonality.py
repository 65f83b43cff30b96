"""Is there a season in the months, and when is its peak."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from forestall.analyse.chosen import Chosen
from forestall.analyse.method import Answer, Method
from forestall.analyse.setting import SEED, whole
from forestall.text import msg


def answer(chosen: Chosen, settings: Mapping[str, Any], progress: Callable[[str, int, int], None]) -> Answer:
    """Whether the months of the year differ beyond chance."""
    from forestall.stats import seasonality

    del progress
    checks = chosen.series_check(METHOD.title)
    counts = np.where(chosen.usable(steps=True), chosen.monthly.astype(float), np.nan)
    found = seasonality(list(chosen.months), counts, harmonics=settings["harmonics"], seed=settings["seed"])
    return Answer((found,), checks=checks)


METHOD = Method(
    slug="seasonality",
    title=msg("Seasonality"),
    question=msg("Which months of the year bring more, and is that more than chance?"),
    needs=frozenset(),
    answer=answer,
    gives=("seasonality",),
    series=True,
    settings=(whole("harmonics", msg("waves a year"), 2, 1, 5), SEED),
)
