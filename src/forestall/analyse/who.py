"""Who, in counts only: how far the same victims and the same named suspects come again, and whether the same streets are
hit again within days. No identifier leaves this file."""

from __future__ import annotations

from typing import Any

import numpy as np

from forestall import stats
from forestall.analyse.ground import Ground
from forestall.analyse.indicators import Indicators
from forestall.results import Column, Exhibit, Part, Table
from forestall.stats import repeats
from forestall.text import Message, msg

#: Fewer records than this say nothing of repeats, or of nearness.
ENOUGH, ENOUGH_NEAR = 20, 20
#: Records at most that the near-repeat test takes: those last in time.
MOST_NEAR = 20_000
#: Outcomes that name an offender and not a suspect alone begin with one of these words (police.uk's and Niche's wording).
DECIDED = (
    "charged",
    "caution",
    "community resolution",
    "offender",
    "convicted",
    "penalty notice",
    "taken into consideration",
)


def who(ground: Ground) -> tuple[Part, Indicators]:
    """The part, and the figures for the ideas."""
    found: Indicators = {}
    if ground.public:
        left_out = msg("Who is concerned is left out of the public form, even as counts.")
        return Part("who", left_out, missing=(left_out,)), found
    facts: list[Message] = []
    exhibits: list[Exhibit] = []
    missing: list[Message] = []
    first = _victims(ground, found, facts, exhibits, missing)
    second = _suspects(ground, found, facts, exhibits, missing)
    _near(ground, found, facts, missing)
    headline = first or second or msg("Who is concerned is not in these records.")
    return Part("who", headline, tuple(facts), tuple(exhibits), tuple(missing)), found


def _window(ground: Ground) -> tuple[np.datetime64, np.datetime64]:
    since = np.datetime64(ground.since, "M").astype("datetime64[D]")
    return since, (np.datetime64(ground.until, "M") + 1).astype("datetime64[D]")


def _victims(
    ground: Ground, found: Indicators, facts: list[Message], exhibits: list[Exhibit], missing: list[Message]
) -> Message | None:
    if not {"victim_id", "occurred_from:day"} <= ground.filled:
        missing.append(msg("Repeat victims are not in these records: they name no victim, even as a hash."))
        return None
    code, names = ground.coded("victim_id")
    day = _days(ground)
    good = (code >= 0) & ~np.isnat(day)
    inside = good & ground.inside
    found["victim_known_share"] = float(inside.sum() / max(1, ground.count))
    if inside.sum() < ENOUGH:
        missing.append(msg("Too few records name a victim ({n:count}) to say who comes again.", n=int(inside.sum())))
        return None
    since, until = _window(ground)
    begin = np.datetime64(ground.months[ground.start], "M").astype("datetime64[D]")
    use = good & (day >= begin)
    del names
    r = repeats(code[use], day[use], since=since, until=until, records_from=begin, listed=0, draws=199, seed=ground.seed)
    exhibits.append(_hits("victims", r, msg("victims"), msg("Victims by how often they were hit")))
    if r.repeat_share is None:
        facts.append(msg("Repeats within a year are not known: the records begin less than a year before these months."))
        return exhibits[-1].headline
    found["repeat_victim_share"] = r.repeat_share.value
    found["repeat_victim_share_low"], found["repeat_victim_share_high"] = r.repeat_share.low, r.repeat_share.high
    facts.append(
        msg("{share:percent} of the records name a known victim; only records of these areas are counted.",
            share=found["victim_known_share"])
    )  # fmt: skip
    if not r.repeat_events:
        return msg("No record came within a year of another of the same victim.")
    return msg(
        "{share:percent} of it came within a year of another record of the same victim ({low:percent} to {high:percent}).",
        share=r.repeat_share.value, low=r.repeat_share.low, high=r.repeat_share.high,
    )  # fmt: skip


def _suspects(
    ground: Ground, found: Indicators, facts: list[Message], exhibits: list[Exhibit], missing: list[Message]
) -> Message | None:
    if not {"suspect_id", "occurred_from:day"} <= ground.filled:
        missing.append(msg("Repeatedly named suspects are not in these records: they name no suspect, even as a hash."))
        return None
    code, names = ground.coded("suspect_id")
    inside = ground.inside & (code >= 0)
    n = int(inside.sum())
    found["suspects_named"] = float(n)
    found["suspect_named_share"] = n / max(1, ground.count)
    if n < ENOUGH:
        missing.append(msg("Too few records name a suspect ({n:count}) to say whether a few people do much of it.", n=n))
        return None
    counts = np.bincount(code[inside], minlength=len(names))
    often = counts[counts >= 2]
    found["repeat_suspect_share"] = float(often.sum() / n)
    since, until = _window(ground)
    day = _days(ground)
    r = repeats(code[inside], day[inside], since=since, until=until, listed=0, draws=199, seed=ground.seed)
    exhibits.append(_hits("suspects", r, msg("suspects"), msg("Suspects by how often they were named")))
    headline = msg(
        "{n:count} of the {all:count} records that name a suspect name one of {k:count} who are named more than once.",
        n=int(often.sum()), all=n, k=int(often.size),
    )  # fmt: skip
    facts.append(msg("{share:percent} of the records name a suspect. To be named is no proof.", share=n / ground.count))
    if "outcome" in ground.filled:
        outcome, words = ground.coded("outcome")
        decided = np.append(np.array([w.lower().startswith(DECIDED) for w in words], bool), False)[outcome]
        times = np.bincount(code[inside & decided], minlength=len(names))
        facts.append(
            msg(
                "Offenders, which takes a recorded outcome: {k:count} people, {n:count} of them more than once.",
                k=int((times > 0).sum()), n=int((times > 1).sum()),
            )
        )  # fmt: skip
    return headline


def _hits(name: str, r: Any, axis: Message, caption: Message) -> Exhibit:
    """How many people by how often, against chance."""
    rows = tuple(
        (("5+" if i == 4 else str(i + 1)), int(n), round(float(c), 1))
        for i, (n, c) in enumerate(zip(r.times_hit, r.times_hit_chance, strict=True))
    )
    columns = (
        Column("times", msg("Times")),
        Column("people", msg("People"), numeric=True),
        Column("chance", msg("By chance alone"), numeric=True),
    )
    several = int(r.times_hit[1:].sum())
    headline = msg("{n:count} of {all:count} come more than once in these months.", n=several, all=r.ids)
    return Exhibit(name, headline, Table(columns, rows, caption), "bars", axis, msg("Counts of people; nobody is named."))


def _near(ground: Ground, found: Indicators, facts: list[Message], missing: list[Message]) -> None:
    """Whether places near a recent record are hit more than by chance."""
    if not {"easting", "occurred_from:day"} <= ground.filled or ground.snapped:
        missing.append(msg("Near repeats are not told: that takes days and places, and these have months or map points."))
        return
    if ground.replaced() is not None:
        missing.append(msg("Near repeats are not told: the list of locations was replaced within these months."))
        return
    if not ground.targets:
        return
    # A short window holds too little to tell chance: two years up to its end are tested.
    first = max(ground.start, min(ground.first, len(ground.months) - 24))
    x, y, day = ground.numbers("easting"), ground.numbers("northing"), _days(ground)
    use = (ground.month >= first) & ~ground.sensitive & ~ground.police & np.isfinite(x) & np.isfinite(y) & ~np.isnat(day)
    at = np.flatnonzero(use)[-MOST_NEAR:]
    if at.size < ENOUGH_NEAR:
        return
    made = stats.near_repeat(x[at], y[at], day[at], space_bands=(0, 200), time_bands=(0, 7, 14), precision="day")
    observed, expected = float(made.observed[:2, 0].sum()), float(made.expected[:2, 0].sum())
    if expected <= 0:
        return
    found["near_repeat_ratio"] = observed / expected
    found["near_repeat_p"] = float(np.nanmin(made.p_adjusted[:2, 0]))
    facts.append(
        msg(
            "Within 200 metres and a week there are {n:count} pairs of records, where chance gives {expected:decimal}: "
            "{r:ratio} times.",
            n=int(observed), expected=expected, r=observed / expected,
        )
    )  # fmt: skip


def _days(ground: Ground) -> Any:
    """Days of occurrence; NaT where only the month is known, and the day of the latest time for long intervals."""
    precision, names = ground.coded("precision")
    known = np.append(np.array([n in ("instant", "day") for n in names], bool), False)[precision]
    day = ground.times("occurred_from").astype("datetime64[D]")
    return np.where(known, day, np.datetime64("NaT"))
