"""How good the records are for this problem, and what they cannot tell at all."""

from __future__ import annotations

import numpy as np

from forestall import catalogue
from forestall.analyse.ground import Ground
from forestall.analyse.indicators import Indicators
from forestall.results import Check, Part
from forestall.text import Message, msg, msg_n

#: Findings that are shown.
SHOWN = 6


def quality(ground: Ground) -> tuple[Part, Indicators, tuple[Check, ...]]:
    """The part, the figures for the ideas, and the checks."""
    touching = [
        f
        for f in ground.findings
        if f.standing != "rejected"
        and f.category in (None, ground.category)
        and (not f.areas or set(f.areas) & set(ground.areas))
        and (f.month is None or f.until is None or f.until >= ground.months[0])
    ]
    events = [f for f in ground.events if f.month is not None and f.month >= ground.months[0]]
    near = [f for f in events if f.until is None or f.until >= ground.since]
    found: Indicators = {"recording_event": float(len(near))}
    n = len(touching)
    headline = (
        msg_n("{n:count} finding touches these records.", "{n:count} findings touch these records.", n)
        if n
        else msg("No finding of the data quality touches these records.")
    )
    facts: list[Message] = [f.text for f in touching[:SHOWN]]
    if ground.unplaced:
        facts.append(
            msg(
                "{n:count} records of this category bear no area, in the whole force, and are in no map.", n=ground.unplaced
            )
        )
    late = _late(ground)
    if late is not None:
        facts.append(late)
    unknown = catalogue.category(ground.category).note
    if unknown is not None:
        facts.append(unknown)
    replaced = ground.replaced()
    checks = (
        Check("enough", ground.count >= 30, msg("There are {n:count} records; 30 or more tell a pattern.", n=ground.count)),
        Check(
            "recording", not near,
            near[0].text if near else msg("No suspected recording event touches these months."),
        ),
        Check(
            "locations-one-list", replaced is None,
            msg("The list of locations is one throughout.") if replaced is None else replaced.text,
        ),
        Check(
            "targets", ground.targets,
            msg("The category is reported by others.") if ground.targets
            else msg("The category measures police activity: it points at no place and no person."),
        ),
    )  # fmt: skip
    return Part("quality", headline, tuple(facts)), found, checks


def _late(ground: Ground) -> Message | None:
    """How late records of the window were reported."""
    if "reported_at" not in ground.filled or not ground.count:
        return None
    began, told = ground.times("occurred_from")[ground.inside], ground.times("reported_at")[ground.inside]
    days = (told - began) / np.timedelta64(86400, "s")
    days = days[np.isfinite(days)]
    if days.size < 20 or (days > 30).mean() < 0.01:
        return None
    return msg(
        "{share:percent} were reported more than a month after they happened; the last months are still filling.",
        share=float((days > 30).mean()),
    )


def limits(ground: Ground) -> tuple[Message, ...]:
    """What cannot be told from such records."""
    out = [
        msg("What nobody reports is not here, and what is reported differs by place, group and time."),
        msg("A pattern is no cause: each idea below is to be tested, and may be wrong."),
    ]
    if ground.snapped:
        out.append(
            msg("These are published files: months and anonymous map points, with no hour, no person and no address.")
        )
    if ground.signal is not None:
        out.append(
            msg("The signal was found by looking through all areas: part of its height is the luck by which it was found.")
        )
    if not ground.targets:
        out.append(msg("This category measures police activity, and is no ground to target a place."))
    if ground.public:
        out.append(msg("Small numbers, persons, methods and exact places are left out of this public form."))
    return tuple(out)
