"""From what the files say to a whole hierarchy: which areas to keep, what lies in what, and sums over parts.

Rules, each stated in a note where it matters to a reader:

- areas kept: those of the forces asked for; else those with a boundary, and all others of the same authorities; else all;
- a parent that no table gives is the area that holds the centre (best fit);
- LSOAs of 2011 stand under today's authorities: an unchanged code under its 2021 twin's, the rest under what its old
  authority became;
- polygons and populations of authorities, policing areas, MSOAs, wards and forces are put together from their LSOAs
  where none were given (wards: populations only). Regions and nations are never put together: a store seldom holds all
  of their parts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from typing import TypeVar

import numpy as np

from forestall.errors import ForestallError
from forestall.places.crosswalk import crosswalk
from forestall.places.draft import Draft, Given
from forestall.places.model import LEVELS, VINTAGES, Floats, Level, Places
from forestall.places.shelf import content_hash
from forestall.text import Message, msg, msg_n

Drafts = dict[str, Draft]
Value = TypeVar("Value")

#: The nations' codes by the first letter of their areas', with their names.
NATIONS = {
    "E": ("E92000001", "England", "Lloegr"),
    "W": ("W92000004", "Wales", "Cymru"),
    "S": ("S92000003", "Scotland", "Yr Alban"),
    "N": ("N92000002", "Northern Ireland", "Gogledd Iwerddon"),
}
#: What ``progress`` is told, in order.
STEPS = ("what lies in what", "polygons", "populations", "crosswalk")
#: Levels that are put together from LSOAs.
SUMMED = ("msoa", "ward", "lad", "lpa", "force")
_NAME = re.compile(r"^(.*) (\d{3})([A-Z])$")
_OFFICIAL = re.compile(r"^[EWSN]\d{8}$")


def build(given: Given, progress: Callable[[str], None] = lambda _: None) -> Places:
    """Places from what the files say. ``progress`` is told each step. ForestallError where nothing is left."""
    given = _copied(given)
    drafts = given.drafts
    notes = _undated(drafts)
    progress("what lies in what")
    _todays_authorities(drafts)
    notes += _best_fit(drafts)
    _authorities_from_below(drafts)
    _nations(drafts)
    _climb(drafts)
    kept = _restrict(given)
    for key in list(drafts):
        _cut(drafts[key], kept[key])
        if not kept[key]:
            del drafts[key]
    if not drafts:
        raise ForestallError("no area is left to keep: load boundaries, or a table of LSOAs with their authorities")
    _agreed(drafts)
    _climb(drafts)
    for draft in drafts.values():
        draft.parents = {k: v for k, v in draft.parents.items() if v}
    drafts = {k: d for k, d in drafts.items() if d.codes}
    notes += _welsh(drafts)
    partial = _partial_forces(drafts)
    progress("polygons")
    _dissolve(drafts, partial)
    progress("populations")
    _sum(drafts, partial)
    _centre_all(drafts)
    if partial:
        notes.append(
            msg("Only some authorities of {forces:list} are loaded: no outline or population is given for the whole.",
                forces=sorted(partial))
        )  # fmt: skip
    levels = _levels(drafts)
    pairs = tuple(sorted(p for p in given.pairs if p[1] in drafts["lsoa21"].codes)) if "lsoa21" in drafts else ()
    if "lsoa11" in levels and "lsoa21" in levels:
        progress("crosswalk")
        notes += crosswalk(levels["lsoa11"], levels["lsoa21"], pairs).notes()
    return Places(levels, content_hash(levels, pairs), tuple(notes), pairs)


def _copied(given: Given) -> Given:
    """A copy whose dictionaries may be changed; geometries, which never change, are shared."""
    out = Given({}, dict(given.pairs), given.forces)
    for key, d in given.drafts.items():
        out.drafts[key] = Draft(
            key, d.vintage, dict(d.codes), dict(d.names), dict(d.names_cy), dict(d.centroids),
            {y: dict(v) for y, v in d.population.items()}, {y: dict(v) for y, v in d.households.items()},
            {k: dict(v) for k, v in d.parents.items()}, dict(d.polygons),
        )  # fmt: skip
    return out


def _lsoas(drafts: Drafts) -> list[Draft]:
    """The levels of LSOAs there are, the latest vintage first."""
    return [drafts[k] for k in ("lsoa", "lsoa21", "lsoa11") if k in drafts]


def _lads(draft: Draft | None) -> dict[str, str]:
    return {} if draft is None else draft.parents.get("lad", {})


def _most(counts: Counter[str]) -> str:
    """The most frequent, the first by code of equals."""
    return min(counts.items(), key=lambda m: (-m[1], m[0]))[0]


def _undated(drafts: Drafts) -> list[Message]:
    """Gives what a table without vintage says of an LSOA to each vintage that has its code.

    A code in both is the same area in both. ForestallError where no vintage has any of its codes.
    """
    dated = [drafts[k] for k in VINTAGES if k in drafts]
    if "lsoa" not in drafts or not dated:
        return []
    loose = drafts.pop("lsoa")
    unknown = [c for c in loose.codes if not any(c in d.codes for d in dated)]
    if len(unknown) == len(loose.codes):
        raise ForestallError(
            f"{unknown[0]} and the other LSOAs of files that name no vintage are in none of those that do: load them with "
            "--vintage 2011 or 2021, and if they are in the store already delete its folder places first"
        )
    for draft in dated:
        part = Draft(**{f.name: getattr(loose, f.name) for f in fields(Draft)})
        _cut(part, set(draft.codes))
        draft.take_in(part)
    if not unknown:
        return []
    return [
        msg_n(
            "{n:count} LSOA of a file that names no vintage is in none of the vintages loaded, and was left out.",
            "{n:count} LSOAs of files that name no vintage are in none of the vintages loaded, and were left out.",
            n=len(unknown),
        )
    ]


def _todays_authorities(drafts: Drafts) -> None:
    """Puts 2011 LSOAs under the authorities of the 2021 ones."""
    old, new = _lads(drafts.get("lsoa11")), _lads(drafts.get("lsoa21"))
    if not old or not new:
        return
    became: dict[str, Counter[str]] = {}
    for code, lad in old.items():
        if code in new:
            became.setdefault(lad, Counter())[new[code]] += 1
    for code, lad in old.items():
        if code in new:
            old[code] = new[code]
        elif lad in became:
            old[code] = _most(became[lad])
    used = {lad for draft in drafts.values() for lad in _lads(draft).values()}
    gone = {lad for lad in became if lad not in used} - set(drafts["lad"].polygons)
    _cut(drafts["lad"], set(drafts["lad"].codes) - gone)


def _best_fit(drafts: Drafts) -> list[Message]:
    """Parents by the polygon that holds an area's centre, where no table gives one that has a polygon."""
    import shapely

    notes: list[Message] = []
    for above in ("msoa", "ward", "lad", "lpa"):
        upper = drafts.get(above)
        if upper is None or not upper.polygons:
            continue
        codes = list(upper.polygons)
        tree = shapely.STRtree(np.array([upper.polygons[c] for c in codes], dtype=object))
        fitted = moved = 0
        for draft in drafts.values():
            if _rank(draft) >= LEVELS.index(above) or (draft.level, above) == ("msoa", "ward"):
                continue
            parents = draft.parents.setdefault(above, {})
            todo = [c for c in draft.codes if parents.get(c) not in upper.polygons]
            x, y = _centres(draft, todo)
            i, j = tree.query(shapely.points(x, y), predicate="intersects")
            before = {c: parents[c] for c in todo if c in parents}
            # Of two polygons that share the very point, the first by code.
            found = {todo[a]: codes[b] for a, b in sorted(zip(i.tolist(), j.tolist(), strict=True), reverse=True)}
            parents.update(found)
            if draft.level == "lsoa":
                fitted += len(found)
                moved += sum(c in before for c in found)
        if fitted and above == "ward":
            notes.append(msg("The ward of an LSOA is the one that holds its centre (best fit): the two do not nest."))
        if moved and above == "msoa":
            notes.append(
                msg_n(
                    "{n:count} LSOA is given an MSOA that the boundaries do not have, because their vintages differ: the "
                    "MSOA that holds its centre was taken.",
                    "{n:count} LSOAs are given MSOAs that the boundaries do not have, because their vintages differ: the "
                    "MSOAs that hold their centres were taken.",
                    n=moved,
                )
            )
    return notes


def _rank(draft: Draft) -> int:
    return LEVELS.index(draft.level)


def _centres(draft: Draft, codes: list[str]) -> tuple[Floats, Floats]:
    """A point inside each area's polygon, or its centroid where it has none (NaN without either)."""
    import shapely

    out = np.array([draft.centroids.get(c, (np.nan, np.nan)) for c in codes], dtype=np.float64).reshape(-1, 2)
    have = [i for i, c in enumerate(codes) if c in draft.polygons]
    if have:
        shapes = np.array([draft.polygons[codes[i]] for i in have], dtype=object)
        centroids = shapely.centroid(shapes)
        inside = np.where(shapely.contains(shapes, centroids), centroids, shapely.point_on_surface(shapes))
        out[have] = shapely.get_coordinates(inside)
    return out[:, 0], out[:, 1]


def _authorities_from_below(drafts: Drafts) -> None:
    """The authority of an MSOA or ward that names none: the one that most of its LSOAs stand in."""
    for key in ("msoa", "ward", "lpa"):
        upper = drafts.get(key)
        if upper is None:
            continue
        votes: dict[str, Counter[str]] = {}
        for draft in _lsoas(drafts):
            lads = _lads(draft)
            for code, parent in draft.parents.get(key, {}).items():
                if code in lads:
                    votes.setdefault(parent, Counter())[lads[code]] += 1
        lads = upper.parents.setdefault("lad", {}) if key != "lpa" else {}
        for code in upper.codes:
            if code in votes:
                lads.setdefault(code, _most(votes[code]))


def _nations(drafts: Drafts) -> None:
    """The nation of an area with an official code, from the code's first letter."""
    used: set[str] = set()
    for draft in list(drafts.values()):
        if draft.level in ("nation", "force"):
            continue
        parents = draft.parents.setdefault("nation", {})
        for code in draft.codes:
            if _OFFICIAL.match(code):
                used.add(code[0])
                parents.setdefault(code, NATIONS[code[0]][0])
    if used:
        nation = drafts.setdefault("nation", Draft("nation"))
        for letter in sorted(used):
            code, name, name_cy = NATIONS[letter]
            nation.codes[code] = None
            nation.names.setdefault(code, name)
            nation.names_cy.setdefault(code, name_cy)


def _climb(drafts: Drafts) -> None:
    """Fills each area's parents at every level from its parents' parents, and adds areas known only as parents."""
    for draft in list(drafts.values()):
        for above, parents in draft.parents.items():
            upper = drafts.setdefault(above, Draft(above))
            upper.codes.update(dict.fromkeys(parents.values()))
            if above == "force":
                for force in parents.values():
                    upper.names.setdefault(force, _title(force))
    for draft in sorted(drafts.values(), key=_rank, reverse=True):
        for middle in ("lad", "lpa", "force", "region", "msoa", "ward"):
            if middle not in draft.parents or middle not in drafts:
                continue
            for above, grand in drafts[middle].parents.items():
                if LEVELS.index(above) <= _rank(draft):
                    continue
                mine = draft.parents.setdefault(above, {})
                for code, parent in draft.parents[middle].items():
                    if code not in mine and parent in grand:
                        mine[code] = grand[parent]


def _title(force: str) -> str:
    """``dyfed-powys`` as ``Dyfed-Powys``, ``devon-and-cornwall`` as ``Devon and Cornwall``."""
    if force == "dyfed-powys":
        return "Dyfed-Powys"
    return " ".join(w if w in ("and", "of") else w.capitalize() for w in force.split("-"))


def _restrict(given: Given) -> dict[str, set[str]]:
    """The codes to keep, by level."""
    drafts = given.drafts
    membership = drafts["lad"].parents.get("force", {}) if "lad" in drafts else {}
    if given.forces:
        have = set(membership.values())
        for force in given.forces:
            if force not in have:
                known = f"those loaded are {', '.join(sorted(have)[:8])} …" if have else "none is loaded"
                raise ForestallError(
                    f"no local authority belongs to the force {force}: load a table of authorities and their forces "
                    f"({known})"
                )
        lads = {lad for lad, force in membership.items() if force in given.forces}
    else:
        lads = {lad for d in drafts.values() for c, lad in _lads(d).items() if c in d.polygons}
        lads |= set(drafts["lad"].polygons) if "lad" in drafts else set()
    if not lads:
        return {k: set(d.codes) for k, d in drafts.items()}
    forces = {membership[lad] for lad in lads if lad in membership}
    kept: dict[str, set[str]] = {}
    for draft in sorted(drafts.values(), key=_rank):
        if draft.key == "lad":
            kept["lad"] = {c for c in draft.codes if c in lads or membership.get(c) in forces}
            continue
        mine = _lads(draft)
        below = {p for k in kept for c, p in drafts[k].parents.get(draft.key, {}).items() if c in kept[k]}
        shaped = set() if given.forces else set(draft.polygons)
        kept[draft.key] = {c for c in draft.codes if mine.get(c) in lads or c in below or c in shaped}
    return kept


def _cut(draft: Draft, codes: set[str]) -> None:
    def only(values: dict[str, Value]) -> dict[str, Value]:
        return {c: v for c, v in values.items() if c in codes}

    draft.codes = only(draft.codes)
    draft.names, draft.names_cy = only(draft.names), only(draft.names_cy)
    draft.centroids, draft.polygons = only(draft.centroids), only(draft.polygons)
    draft.population = {y: only(v) for y, v in draft.population.items()}
    draft.households = {y: only(v) for y, v in draft.households.items()}
    draft.parents = {k: p for k, v in draft.parents.items() if (p := only(v))}


def _agreed(drafts: Drafts) -> None:
    """What all parts of an area agree on: the nation and region of a force, the force of a policing area."""
    for key, parts, aboves in (("lpa", "lsoa", ("force", "region", "nation")), ("force", "lad", ("region", "nation"))):
        upper = drafts.get(key)
        if upper is None:
            continue
        for above in aboves:
            said: dict[str, set[str]] = {}
            for draft in _lsoas(drafts) if parts == "lsoa" else [drafts["lad"]] if "lad" in drafts else []:
                for code, parent in draft.parents.get(key, {}).items():
                    said.setdefault(parent, set()).add(draft.parents.get(above, {}).get(code, ""))
            agreed = {code: values.pop() for code, values in said.items() if len(values) == 1 and "" not in values}
            if agreed:
                upper.parents[above] = agreed | upper.parents.get(above, {})


def _welsh(drafts: Drafts) -> list[Message]:
    """Welsh names of authorities, MSOAs and the other LSOAs, from LSOAs that have one.

    ONS names an LSOA after its authority (``Newport 019F``, ``Casnewydd 019F``), so the part before the number is the
    authority's name in Welsh.
    """
    stems: dict[str, str] = {}
    for draft in _lsoas(drafts):
        for code, name_cy in draft.names_cy.items():
            english, welsh = _NAME.match(draft.names.get(code, "")), _NAME.match(name_cy)
            if english and welsh and english.groups()[1:] == welsh.groups()[1:]:
                stems[english[1]] = welsh[1]
    if not stems:
        return []
    added = 0
    for draft in drafts.values():
        for code, name in draft.names.items():
            if draft.names_cy.get(code):
                continue
            stem, rest = name, ""
            if draft.level in ("lsoa", "msoa"):
                stem, _, rest = name.rpartition(" ")
                rest = f" {rest}"
            elif draft.level != "lad":
                break
            if stem in stems:
                draft.names_cy[code] = stems[stem] + rest
                added += 1
    if not added:
        return []
    return [
        msg("Welsh names of authorities, MSOAs and LSOAs that no file gives are taken from the Welsh names of other LSOAs.")
    ]


def _partial_forces(drafts: Drafts) -> set[str]:
    """Forces some of whose authorities have no LSOA here: nothing is summed over them."""
    if "lad" not in drafts:
        return set()
    there = {lad for draft in _lsoas(drafts) for lad in _lads(draft).values()}
    there |= set(drafts["lad"].polygons)
    return {force for lad, force in drafts["lad"].parents.get("force", {}).items() if lad not in there}


def _parts(draft: Draft, key: str) -> dict[str, list[str]]:
    """Area of level ``key`` -> the LSOAs in it."""
    out: dict[str, list[str]] = {}
    for code, parent in draft.parents.get(key, {}).items():
        out.setdefault(parent, []).append(code)
    return out


def _dissolve(drafts: Drafts, partial: set[str]) -> None:
    """Outlines of areas that have none, from their LSOAs, where each of those has one."""
    import shapely

    for key in ("msoa", "lad", "lpa", "force"):
        for draft in _lsoas(drafts) if key in drafts else []:
            for code, parts in _parts(draft, key).items():
                if code in drafts[key].polygons or code in partial or not all(c in draft.polygons for c in parts):
                    continue
                drafts[key].polygons[code] = shapely.union_all([draft.polygons[c] for c in parts])


def _sum(drafts: Drafts, partial: set[str]) -> None:
    """Populations and households of areas that have none, from their LSOAs, for years in which all are known."""
    for key in SUMMED:
        upper = drafts.get(key)
        if upper is None:
            continue
        for draft in _lsoas(drafts):
            parts = _parts(draft, key)
            for mine, theirs in ((upper.population, draft.population), (upper.households, draft.households)):
                for year, values in theirs.items():
                    into = mine.setdefault(year, {})
                    for code, lsoas in parts.items():
                        if code not in into and code not in partial and all(c in values for c in lsoas):
                            into[code] = sum(values[c] for c in lsoas)


def _centre_all(drafts: Drafts) -> None:
    """Centroids: the polygon's where no file gives one; else the mean of the LSOAs' own."""
    for draft in drafts.values():
        for code, shape in draft.polygons.items():
            if code not in draft.centroids:
                draft.centroids[code] = (shape.centroid.x, shape.centroid.y)
    for key in SUMMED:
        for draft in _lsoas(drafts) if key in drafts else []:
            for code, parts in _parts(draft, key).items():
                known = [draft.centroids[c] for c in parts if c in draft.centroids]
                if known and code not in drafts[key].centroids:
                    x, y = np.mean(known, axis=0)
                    drafts[key].centroids[code] = (float(x), float(y))


def _levels(drafts: Drafts) -> dict[str, Level]:
    """The levels, finest first; ``lsoa`` is the latest vintage where there are both, the only one otherwise."""
    out: dict[str, Level] = {}
    if lsoas := _lsoas(drafts):
        out["lsoa"] = lsoas[0].to_level()
        if len(lsoas) == 2:
            out |= {"lsoa11": lsoas[1].to_level(), "lsoa21": out["lsoa"]}
    for key in LEVELS[1:]:
        if key in drafts:
            out[key] = drafts[key].to_level()
    return out
