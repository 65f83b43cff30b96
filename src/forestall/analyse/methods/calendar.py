"""What weekdays, bank holidays, paydays and the season do to daily counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from forestall.analyse.chosen import Chosen
from forestall.analyse.method import Answer, Method
from forestall.analyse.setting import choice, whole
from forestall.catalogue.bank_holidays import proclaimed
from forestall.text import msg


def answer(chosen: Chosen, settings: Mapping[str, Any], progress: Callable[[str, int, int], None]) -> Answer:
    """Weekday, holiday, payday and season effects on daily counts."""
    from forestall.stats import bank_holidays, calendar_effects, paydays

    del progress
    checks = chosen.series_check(METHOD.title)
    values, days = chosen.daily
    years = int(str(days[0])[:4]), int(str(days[-1])[:4])
    moved = proclaimed().between(*years)
    holidays = bank_holidays(*years, extra=moved.given, without=moved.taken)
    found = calendar_effects(
        days,
        values,
        holidays=holidays if settings["holidays"] == "yes" else None,
        paydays=paydays(days[0], days[-1], holidays=holidays) if settings["paydays"] == "yes" else None,
        harmonics=settings["harmonics"],
    )
    note = msg("School terms differ by authority and are not held here: give them in the library.")
    return Answer((found,), notes=(note,), checks=checks)


METHOD = Method(
    slug="calendar",
    title=msg("Weekdays, holidays and paydays"),
    question=msg("Which kinds of day bring more?"),
    needs=frozenset({"occurred_from:day"}),
    answer=answer,
    gives=("calendar_effects",),
    series=True,
    settings=(
        choice("holidays", msg("bank holidays"), "yes", yes=msg("yes"), no=msg("no")),
        choice("paydays", msg("paydays"), "yes", yes=msg("yes"), no=msg("no")),
        whole("harmonics", msg("waves a year"), 2, 1, 6),
    ),
)
