"""Where: by area, and by location where the records name one; how gathered, against chance."""

from __future__ import annotations

from typing import Any

import numpy as np

from forestall.analyse.ground import Ground, area_name
from forestall.analyse.indicators import Indicators
from forestall.analyse.suppress import shown
from forestall.catalogue import analysis
from forestall.records import problem
from forestall.results import Column, Exhibit, Part, Table
from forestall.stats import concentration
from forestall.text import Message, msg, msg_n

#: Locations that are listed, and those that are drawn.
LISTED, DRAWN = 10, 80
#: Fewer records than this at locations tell nothing of how gathered they are.
ENOUGH = 10


def where(ground: Ground) -> tuple[Part, Indicators]:
    """The part, and the figures for the ideas."""
    by_area, headline = _areas(ground)
    found: Indicators = {}
    facts: list[Message] = []
    missing: list[Message] = []
    exhibits = [by_area]
    refusal = _refusal(ground)
    if refusal is not None:
        missing.append(refusal)
    else:
        more, said, top = _locations(ground, found)
        exhibits = more + exhibits
        facts += said
        headline = top or headline
    return Part("where", headline, tuple(facts), tuple(exhibits), tuple(missing)), found


def _refusal(ground: Ground) -> Message | None:
    """Why no location is told, or None."""
    if ground.public:
        return msg("Places finer than areas are left out of the public form.")
    if "location_id" not in ground.filled:
        return msg("Locations finer than areas are not in these records.")
    replaced = ground.replaced()
    if replaced is not None and replaced.month is not None:
        return msg(
            "Places finer than areas are not told: the list of locations was replaced in {month:month}, within "
            "these months, "
            "so that one place has two names. Choose months before it, or from then on.",
            month=replaced.month,
        )
    if not ground.targets:
        return msg(
            "Places finer than areas are not told: this category measures police activity, and where the police look is no "
            "sign of where it happens."
        )
    return None


def _areas(ground: Ground) -> tuple[Exhibit, Message]:
    """Counts by area as a map (or bars), and a headline."""
    window = ground.counts[:, ground.first :].sum(1)
    at = {a: int(n) for a, n in zip(ground.area_codes, window, strict=True)}
    codes = sorted(ground.areas, key=lambda a: (-at.get(a, 0), a))
    values = [at.get(a, 0) for a in codes]
    told: tuple[int | None, ...] = shown(values, _largest(ground, codes)) if ground.public else tuple(values)
    rows = tuple((msg("{name}", name=area_name(ground, a)), n, a) for a, n in zip(codes, told, strict=True))
    columns = (
        Column("area", msg("Area")),
        Column("records", msg("Records"), numeric=True),
        Column("code", msg("Area code")),
    )
    if len(codes) == 1:
        headline = msg("All in one area, {area}.", area=area_name(ground, codes[0]))
    elif told[0] is not None and values[0]:
        headline = msg(
            "{area} has the most: {n:count}, {share:percent} of all.",
            area=area_name(ground, codes[0]), n=values[0], share=values[0] / sum(values),
        )  # fmt: skip
    else:
        headline = msg("Spread over {n:count} areas.", n=len(codes))
    shapes = _outlines(ground)
    note = msg("Counts of 1 to 4, and what would give them away, are hidden (–).") if ground.public else None
    table = Table(columns, rows, msg("Records by area"))
    return Exhibit("areas", headline, table, "map" if shapes else "bars", msg("records"), note, shapes), headline


def _outlines(ground: Ground) -> dict[str, Any] | None:
    """The areas as GeoJSON; None where their boundaries are not loaded."""
    level = ground.places.levels.get("lsoa") if ground.places is not None else None
    if ground.places is None or level is None or level.polygons is None:
        return None
    drawn = [a for a in ground.areas if a in level]
    return ground.places.geojson("lsoa", drawn, tolerance=20.0 if len(drawn) < 40 else 130.0) if drawn else None


def _largest(ground: Ground, codes: list[str]) -> list[int] | None:
    """The most records that one location has in each area; None where it isn't known, or the areas are one."""
    if len(codes) == 1 or "location_id" not in ground.filled or ground.snapped:
        return None
    area, areas = ground.coded("lsoa")
    code, names = ground.coded("location_id")
    use = ground.inside & (code >= 0) & (area >= 0)
    pairs, counts = np.unique(area[use] * len(names) + code[use], return_counts=True)
    most = dict.fromkeys(areas, 0)
    for pair, n in zip(pairs, counts, strict=True):
        name = areas[int(pair) // len(names)]
        most[name] = max(most[name], int(n))
    return [most.get(a, 0) for a in codes]


def _locations(ground: Ground, found: Indicators) -> tuple[list[Exhibit], list[Message], Message | None]:
    code, names = ground.coded("location_id")
    premises, kinds = ground.coded("premises_type")
    ok = ground.listable & (code >= 0)
    apart_titles = analysis.set_apart()
    is_apart = np.append(np.array([k in apart_titles for k in kinds], bool), False)[premises]
    facts: list[Message] = []
    exhibits: list[Exhibit] = []
    total = int(ok.sum())
    if total == 0:
        return [], [msg("No record that may point at a place bears a location.")], None
    if "premises_type" in ground.filled:
        n_apart = int((ok & is_apart).sum())
        found["set_apart_share"] = n_apart / total
        if n_apart:
            held = sorted({kinds[i] for i in np.unique(premises[ok & is_apart])})
            facts.append(
                msg(
                    "{n:count} at {kinds:list} are set apart and not ranked: many records are the nature of such places.",
                    n=n_apart, kinds=[apart_titles[k] for k in held],
                )
            )  # fmt: skip
    use = ok & ~is_apart
    counts = np.bincount(code[use], minlength=len(names))
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    n = int(counts.sum())
    headline = None
    if n >= ENOUGH:
        top, three = int(counts[order[0]]), int(counts[order[:3]].sum())
        found["share_at_top_location"], found["share_at_top_locations"] = top / n, three / n
        places = max(problem.locations(ground.records, areas=ground.areas, force=ground.force), len(order))
        spread = np.zeros(places, np.int64)
        spread[: len(order)] = counts[order]
        c = concentration(spread, draws=99 if places * 99 < 2_000_000 else 19, seed=ground.seed)
        found["place_gini_excess"] = c.gini_excess if c.gini > c.gini_chance_interval[1] else min(c.gini_excess, 0.0)
        exhibits.append(_listed(ground, code, names, use, counts, order, n))
        gathered = c.gini > c.gini_chance_interval[1]
        headline = msg_n(
            "{n:count} location holds {share:percent} of it ({k:count} records).",
            "The {n:count} fullest locations hold {share:percent} of it ({k:count} records).",
            min(3, len(order)), share=three / n, k=three,
        )  # fmt: skip
        facts.append(
            msg(
                "Half of it lies at {half:percent} of {places:count} known locations; chance alone would need "
                "{chance:percent}.",
                half=c.half_share, places=places, chance=c.half_share_chance,
            )
            if gathered
            else msg("It is no more gathered at {places:count} known locations than chance gives.", places=places)
        )  # fmt: skip
    else:
        facts.append(msg("Too few records bear a location ({n:count}) to say how gathered they are.", n=n))
    if ground.snapped:
        facts.append(
            msg(
                "Locations are the publisher's anonymous map points: each stands for several streets or buildings "
                "around it."
            )
        )
    lost = int((ground.listable & (code < 0)).sum())
    if lost:
        facts.append(msg("{n:count} bear no location.", n=lost))
    return exhibits, facts, headline


def _listed(ground: Ground, code: Any, names: list[str], use: Any, counts: Any, order: Any, total: int) -> Exhibit:
    """The fullest locations as a list, and as a map of circles."""
    street, streets = ground.coded("location_text")
    premises, kinds = ground.coded("premises_type")
    rows = np.flatnonzero(use)
    first = np.full(len(names), -1, np.int64)
    first[code[rows][::-1]] = rows[::-1]
    lon, lat = ground.numbers("lon"), ground.numbers("lat")
    table, features = [], []
    for rank, at in enumerate(order[:DRAWN], 1):
        row = int(first[at])
        name = streets[street[row]] if street[row] >= 0 else ""
        kind = kinds[premises[row]].replace("-", " ") if premises[row] >= 0 else None
        n = int(counts[at])
        if rank <= LISTED:
            table.append((name or names[at], n, n / total, kind, names[at]))
        if np.isfinite(lon[row]) and np.isfinite(lat[row]):
            features.append(
                {
                    "type": "Feature",
                    "geometry": {"type": "Point", "coordinates": [round(float(lon[row]), 5), round(float(lat[row]), 5)]},
                    "properties": {"code": names[at], "name": name, "n": n},
                }
            )
    columns = (
        Column("location", msg("Location")),
        Column("records", msg("Records"), numeric=True),
        Column("share", msg("Share"), numeric=True),
        Column("premises", msg("Premises")),
        Column("location_id", msg("Location’s number")),
    )
    shown_table = Table(columns, tuple(table), msg("The fullest locations"))
    headline = msg(
        "The fullest location has {n:count} of {total:count}; {k:count} locations have any.",
        n=int(counts[order[0]]), total=total, k=len(order),
    )  # fmt: skip
    shapes: dict[str, Any] | None = {"type": "FeatureCollection", "features": features} if features else None
    outlines = _outlines(ground)
    if shapes is not None and outlines is not None:
        shapes["ground"] = outlines
    note = msg("For users of the force only. Circles are as large as counts; the list shows the first ten.")
    return Exhibit("locations", headline, shown_table, "map" if shapes else "bars", msg("records"), note, shapes)
