"""One problem explained: reads its records once, asks each question, and judges the ideas of the catalogue."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from forestall import catalogue
from forestall.analyse import hypotheses as ideas_of
from forestall.analyse import months as mm
from forestall.analyse.compare import differs
from forestall.analyse.ground import Ground, lay, place_name
from forestall.analyse.how import how
from forestall.analyse.indicators import Indicators
from forestall.analyse.quality import limits, quality
from forestall.analyse.refused import Refused
from forestall.analyse.suppress import SMALL
from forestall.analyse.triangle import triangle
from forestall.analyse.weight import weight
from forestall.analyse.what import what
from forestall.analyse.when import when
from forestall.analyse.where import where
from forestall.analyse.who import who
from forestall.catalogue import analysis
from forestall.places import Places
from forestall.records.records import Records
from forestall.results import Idea, Part, Profile, Signal, Subject
from forestall.text import Message, msg, msg_n

#: Figures that would tell a public reader of persons or places, or of small numbers.
_PRIVATE = (
    "share_at_",
    "place_gini",
    "set_apart",
    "victim",
    "repeat_",
    "suspect",
    "near_repeat",
    "method",
    "flag",
    "premises",
)


def profile(
    records: Records,
    places: Places | None = None,
    *,
    signal: Signal | None = None,
    areas: Sequence[str] | None = None,
    category: str | None = None,
    since: str | None = None,
    until: str | None = None,
    force: str | None = None,
    public: bool = False,
    harm: catalogue.HarmScheme | None = None,
    costs: analysis.CostScheme | None = None,
    seed: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
) -> Profile:
    """The profile of a problem: of ``signal``, or of ``areas`` and ``category``.

    ``areas``: codes at the records' own level, or of a ward, local authority … that ``places`` knows. ``since``, ``until``:
    inclusive months; by default the signal's, or the last twelve. ``force``: the records' largest where None. ``public``:
    leaves out small numbers, persons, methods and exact places. ``harm``, ``costs``: schemes of the catalogue. ``seed``:
    of what is drawn (chance curves). ``progress``: called with a part's name, how many are done, and of how many.

    What the records don't hold is said part by part and stops nothing. Raises ``ForestallError`` where areas, category or
    months are not in the records, no record is left, or the public form would show fewer than five.
    """
    harm = harm or catalogue.harm()
    costs = costs or analysis.costs()
    tell = progress or (lambda *_: None)
    tell("records", 0, 7)
    ground = lay(
        records, places, signal=signal, areas=areas, category=category, since=since, until=until, force=force,
        public=public, seed=seed,
    )  # fmt: skip
    _some(ground)
    found: Indicators = {}
    parts: dict[str, Part] = {}
    asked: tuple[tuple[str, Callable[[Ground], tuple[Part, Indicators]]], ...] = (
        ("what", what), ("where", where), ("when", when), ("who", who), ("how", how), ("differs", differs),
    )  # fmt: skip
    for number, (name, question) in enumerate(asked, 1):
        tell(name, number, 7)
        parts[name], more = question(ground)
        found.update(more)
    parts["weight"], cost = weight(ground, harm, costs)
    parts["quality"], more, checks = quality(ground)
    found.update(more)
    found = {k: None if v is None or not math.isfinite(v) else float(v) for k, v in found.items()}
    if public:
        kept = {k: v for k, v in found.items() if not k.startswith(_PRIVATE)}
        found = {k: None if v is None else round(v, 1) for k, v in kept.items()}
    ideas: tuple[Idea, ...] = ()
    if ground.targets:
        ideas = ideas_of.judge(analysis.hypotheses(), found, ground.category)
    if public:
        ideas = tuple(i for i in ideas if i.standing not in ("not-known", "no-sign"))
    place = place_name(ground)
    subject = Subject(
        ground.category, catalogue.category(ground.category).title, ground.areas, place, ground.since, ground.until,
        ground.force, signal.id if signal is not None else None,
    )  # fmt: skip
    tell("page", 7, 7)
    return Profile(
        snapshot=records.snapshot, subject=subject, headline=_headline(ground, subject, found), **parts, cost=cost,
        triangle=triangle(parts, ideas), ideas=ideas, limits=limits(ground), public=public,
        indicators={} if public else found, checks=checks, seed=seed, parameters=_parameters(ground, harm, costs),
    )  # fmt: skip


def _some(ground: Ground) -> None:
    n = ground.count
    if n == 0:
        raise Refused(
            msg(
                "no record of {category:low} lies in {areas:list} from {since:month} to {until:month}: choose other areas, "
                "months or another category",
                category=catalogue.category(ground.category).title, areas=list(ground.areas[:5]), since=ground.since,
                until=ground.until,
            )
        )  # fmt: skip
    if ground.public and n <= SMALL:
        raise Refused(
            msg(
                "there are fewer than {n:count} records of {category:low} in these areas and months: too few for a public "
                "profile; widen the areas or the months",
                n=SMALL + 1, category=catalogue.category(ground.category).title,
            )
        )  # fmt: skip


def _headline(ground: Ground, subject: Subject, found: Indicators) -> Message:
    if ground.signal is not None and not ground.public:
        return ground.signal.why
    low, ratio = found.get("ratio_to_year_before_low"), found.get("ratio_to_year_before")
    first = msg_n(
        "{n:count} record of {category:low} in {place}: {period}.",
        "{n:count} records of {category:low} in {place}: {period}.",
        ground.count, category=subject.title, place=subject.place, period=mm.period(subject.since, subject.until),
    )  # fmt: skip
    if low is not None and ratio is not None and low > 1 and not ground.public:
        return msg("{first} That is {r:ratio} times the same months of the year before.", first=first, r=ratio)
    return first


def _parameters(ground: Ground, harm: catalogue.HarmScheme, costs: analysis.CostScheme) -> dict[str, Any]:
    return {
        "force": ground.force, "category": ground.category, "areas": list(ground.areas), "since": ground.since,
        "until": ground.until, "signal": ground.signal.id if ground.signal is not None else None, "public": ground.public,
        "harm": f"{harm.slug} ({harm.version})", "costs": f"{costs.slug} ({costs.price_base} prices)",
        "places": ground.places.version if ground.places is not None else None,
    }  # fmt: skip
