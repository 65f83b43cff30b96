"""How this place differs from the force's other areas of its kind, and what else happens in it."""

from __future__ import annotations

import math

import numpy as np

from forestall import catalogue
from forestall.analyse.ground import Ground
from forestall.analyse.indicators import Indicators
from forestall.analyse.shares import compare
from forestall.analyse.suppress import SMALL, shown
from forestall.records import problem
from forestall.results import Column, Exhibit, Part, Table
from forestall.stats import rate_ratio
from forestall.text import Message, msg

#: Areas of the same kind: so many, nearest in records of all other categories and in residents.
ALIKE = 20
#: Records for each resident and year of all categories above which residents are the wrong denominator.
TOWN_CENTRE = 0.5


def differs(ground: Ground) -> tuple[Part, Indicators]:
    """The part, and the figures for the ideas."""
    found: Indicators = {}
    grouped = problem.mix(ground.records, areas=ground.areas, force=ground.force, since=ground.since, until=ground.until)
    category, lsoa, n = (grouped[c].to_pylist() for c in ("category", "lsoa", "n"))
    inside = set(ground.areas)
    elsewhere = [a for a, h in zip(ground.area_codes, ground.here, strict=True) if not h]
    if len(elsewhere) < 5:
        text = msg("These areas are all of the force or nearly, so there is nothing like them in it to compare with.")
        return Part("differs", text, missing=(text,)), found
    others: dict[str, int] = {}
    here: dict[str, int] = {}
    away: dict[str, int] = {}
    for c, a, k in zip(category, lsoa, n, strict=True):
        side = here if a in inside else away
        side[c] = side.get(c, 0) + k
        if a is not None and c != ground.category:
            others[a] = others.get(a, 0) + k
    exhibit, facts, headline = _alike(ground, elsewhere, others, found)
    exhibits = (*exhibit, *_mix(ground, here, away))
    missing = (msg("Deprivation is not among the places that are loaded, so areas are not matched on it."),)
    return Part("differs", headline, tuple(facts), exhibits, missing), found


def _alike(
    ground: Ground, elsewhere: list[str], others: dict[str, int], found: Indicators
) -> tuple[tuple[Exhibit, ...], list[Message], Message]:
    window = ground.counts[:, ground.first :].sum(1)
    at = {a: int(k) for a, k in zip(ground.area_codes, window, strict=True)}
    residents = _residents(ground)
    mine = list(ground.areas)
    own = np.log1p(np.mean([others.get(a, 0) for a in mine]))
    apart = np.abs(np.log1p([others.get(a, 0) for a in elsewhere]) - own)
    if residents is not None:
        people = np.log(np.mean([residents.get(a, np.nan) for a in mine]))
        gap = np.abs(np.log([residents.get(a, np.nan) for a in elsewhere]) - people)
        apart = np.where(np.isfinite(gap), apart + 0.5 * gap, np.inf) if np.isfinite(people) else apart
    order = np.argsort(apart, kind="stable")[:ALIKE]
    like = [elsewhere[int(i)] for i in order]
    counts = np.array([at.get(a, 0) for a in like], float)
    n, total = sum(at.get(a, 0) for a in mine), int(counts.sum())
    mean = counts.mean()
    spread = float(max(1.0, counts.var(ddof=1) / mean)) if mean > 0 and len(counts) > 1 else 1.0
    r = rate_ratio(n, total, len(mine), len(like), dispersion=spread)
    found["ratio_to_like_areas"] = r.estimate if math.isfinite(r.estimate) else None
    found["ratio_to_like_areas_low"] = r.interval[0]
    facts: list[Message] = []
    if total and not (ground.public and total <= SMALL):
        words = (
            msg("clearly more")
            if r.interval[0] > 1
            else msg("clearly less")
            if r.interval[1] < 1
            else msg("no clear difference")
        )
        headline = msg(
            "{r:ratio} times as many for each area as in the {k:count} areas most like it ({low:ratio} to "
            "{high:ratio}): {words}.",
            r=r.estimate, k=len(like), low=r.interval[0], high=min(r.interval[1], 1e6), words=words,
        )  # fmt: skip
    else:
        headline = msg("The areas most like it have too few to compare with.")
    how = msg("Areas of its kind: those nearest in records of all other categories")
    facts.append(
        msg("{how}, and in residents; the interval allows for how such areas differ among themselves.", how=how)
        if residents is not None
        else msg("{how}; the interval allows for how such areas differ among themselves.", how=how)
    )
    rows = [_row(msg("areas of its kind"), n, len(mine), total, len(like), spread)]
    rest = int(ground.counts[~ground.here][:, ground.first :].sum())
    rows.append(_row(msg("all other areas of the force"), n, len(mine), rest, len(elsewhere), spread))
    if residents is not None:
        people, theirs = (sum(residents.get(a, 0.0) for a in group) for group in (mine, elsewhere))
        if people > 0 and theirs > 0:
            rows.append(_row(msg("all other areas, by residents"), n, people / 1000, rest, theirs / 1000, spread))
            months = len(ground.months) - ground.first
            if sum(others.get(a, 0) for a in mine) / people * 12 / months > TOWN_CENTRE:
                facts.append(
                    msg(
                        "So much is recorded here for each resident that those who visit matter more: a rate by residents "
                        "misleads."
                    )
                )
    columns = (
        Column("against", msg("Against")),
        Column("ratio", msg("Ratio"), numeric=True),
        Column("low", msg("From"), msg("95% interval"), True),
        Column("high", msg("To"), msg("95% interval"), True),
        Column("here", msg("Rate here"), numeric=True),
        Column("there", msg("Rate there"), numeric=True),
        Column("flagged", msg("Clearly more")),
    )
    table = Table(columns, tuple(rows), msg("Against other areas of the force"))
    note = msg("Rates are records for each area, or for each 1,000 residents, over the whole window.")
    return (Exhibit("alike", headline, table, "intervals", msg("rate here over there"), note),), facts, headline


def _row(label: Message, n: int, t: float, n0: int, t0: float, spread: float) -> tuple[object, ...]:
    r = rate_ratio(n, n0, t, t0, dispersion=spread)
    finite = math.isfinite(r.estimate)
    high = r.interval[1] if math.isfinite(r.interval[1]) else None
    return (label, r.estimate if finite else None, r.interval[0], high, n / t, n0 / t0, r.interval[0] > 1)


def _residents(ground: Ground) -> dict[str, float] | None:
    if ground.places is None or "lsoa" not in ground.places.levels:
        return None
    level = ground.places.levels["lsoa"]
    found = level.population_near(int(ground.until[:4]))
    if found is None:
        return None
    return {code: float(p) for code, p in zip(level.codes, found[1], strict=True) if np.isfinite(p) and p > 0}


def _mix(ground: Ground, here: dict[str, int], away: dict[str, int]) -> tuple[Exhibit, ...]:
    """Categories here against the rest of the force: what else happens in these areas."""
    if ground.public:
        told = shown(list(here.values()))
        here = {c: n for c, n in zip(here, told, strict=True) if n is not None}
    made = compare(here, away, sum(here.values()), sum(away.values()))
    made = tuple(c for c in made if c.here > 0)
    if not made:
        return ()
    over = [c for c in made if c.q <= 0.05 and c.ratio is not None and c.ratio > 1]
    rows = tuple(
        (catalogue.category(c.value).title, c.here, c.share, c.share_elsewhere, c.ratio, c.low, c.high, c.q, c in over)
        for c in made
    )
    columns = (
        Column("category", msg("Category")),
        Column("here", msg("Here"), numeric=True),
        Column("share", msg("Share here"), numeric=True),
        Column("elsewhere", msg("Share elsewhere"), numeric=True),
        Column("ratio", msg("Ratio"), numeric=True),
        Column("low", msg("From"), msg("95% interval"), True),
        Column("high", msg("To"), msg("95% interval"), True),
        Column("q_value", msg("q"), None, True),
        Column("flagged", msg("More than elsewhere")),
    )
    headline = (
        msg("More of the records here than elsewhere are {names:list}.",
            names=[msg("{c:low}", c=catalogue.category(c.value).title) for c in over[:3]])
        if over
        else msg("The records of these areas are mixed as they are elsewhere.")
    )  # fmt: skip
    table = Table(columns, rows, msg("All categories here and elsewhere"))
    return (Exhibit("categories", headline, table, "intervals", msg("share here over elsewhere")),)
