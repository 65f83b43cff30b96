"""Plain facts about the records that an analyst must know before counting: what is missing, strange or merely so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forestall.places import Places
from forestall.records import stray
from forestall.records.sheet import Coded, Sheet
from forestall.records.suspected import category_name, nameless, small_share
from forestall.results import Finding
from forestall.text import Message, msg, msg_n

Bools = npt.NDArray[np.bool_]

#: The last area codes of the 2011 census; codes above them were made for the 2021 census (England, Wales).
LAST_OF_2011 = {"E": "E01033768", "W": "W01001958"}
#: A category with this many records in a month as a rule has no month without any.
BUSY = 30
LSOA = re.compile(r"[EW]01\d{6}")


@dataclass(frozen=True)
class Where:
    """What is known of the area codes: per distinct code (and, last, for rows without one) whether it lies in the force's
    area and whether it is no area at all. ``from_places``: loaded places said so, else the counts did."""

    own: tuple[str, ...]
    outside: Bools
    unknown: Bools
    from_places: bool


def where(sheet: Sheet, places: Places | None, force: str | None) -> Where:
    """Sorts a force's area codes into its own, those outside, and those that are no area."""
    codes = sheet.area.values
    rows = np.bincount(sheet.area.code[sheet.area.has()], minlength=len(codes))
    shapes = [re.sub(r"\d", "9", re.sub(r"[A-Za-z]", "A", c)) for c in codes]
    weight: dict[str, int] = {}
    for shape, n in zip(shapes, rows, strict=True):
        weight[shape] = weight.get(shape, 0) + int(n)
    usual = max(weight, key=lambda s: (weight[s], s)) if weight else ""
    misshapen = np.array([s != usual for s in shapes] + [False], dtype=bool)
    known = _known(places, force, codes)
    if known is not None:
        own, loaded = known
        inside = np.array([c in own for c in codes] + [True], dtype=bool)
        unknown = misshapen & np.array([c not in loaded for c in codes] + [False], dtype=bool)
        return Where(tuple(c for c in codes if c in own), ~inside & ~unknown, unknown, True)
    strays = np.append(~stray.own(rows) & (rows > 0), False)
    inside = ~strays & ~misshapen
    return Where(tuple(c for c, i in zip(codes, inside, strict=False) if i), strays & ~misshapen, misshapen, False)


def _known(places: Places | None, force: str | None, codes: Sequence[str]) -> tuple[set[str], set[str]] | None:
    """The force's area codes and all loaded codes, of the level whose vintage fits the records best; None where places
    do not say which areas are the force's."""
    if places is None or force is None:
        return None
    best: tuple[int, set[str]] = (0, set())
    loaded: set[str] = set()
    for key in ("lsoa", "lsoa11", "lsoa21"):
        if key in places.levels:
            loaded |= set(places.levels[key].codes)
            own = set(places.force_areas(force, key))
            best = max(best, (len(own.intersection(codes)), own), key=lambda b: b[0])
    return (best[1], loaded) if best[0] else None


def findings(sheet: Sheet, about: Where, places: Places | None, force: str | None) -> list[Finding]:
    """Every plain fact on a force's rows."""
    found = _gaps(sheet, force)
    found += _locations(sheet, about, force)
    found += _vintage(sheet, places, about, force)
    found += _identifiers(sheet, force)
    found += _as_published(sheet, force)
    return found


def _gaps(sheet: Sheet, force: str | None) -> list[Finding]:
    found: list[Finding] = []
    n = len(sheet.months)
    for i, source in enumerate(sheet.source.values):
        of_source = sheet.source.code == i
        if not of_source.any():
            continue
        rows = np.bincount(sheet.month[of_source], minlength=n)
        first, last = np.flatnonzero(rows)[[0, -1]]
        gone = [t for t in range(first, last) if not rows[t]]
        for t, stop in _runs(gone):
            text = msg_n(
                "There are no records of {source} in {month:month}, between months that have them. A file is missing, not "
                "crime: ingest it, or leave the month out of every comparison.",
                "There are no records of {source} from {month:month} to {until:month}, between months that have them. "
                "Files are missing, not crime: ingest them, or leave these {n:count} months out of every comparison.",
                stop - t + 1,
                source=source,
                month=sheet.months[t],
                until=sheet.months[stop],
            )
            found.append(Finding("gap", text, sheet.months[t], sheet.months[stop], count=0, source=source, force=force))
        for j, category in enumerate(sheet.category.values):
            each = np.bincount(sheet.month[of_source & (sheet.category.code == j)], minlength=n)
            if np.median(each[first : last + 1]) < BUSY:
                continue
            for t, stop in _runs([t for t in range(first, last + 1) if rows[t] and not each[t]]):
                text = msg_n(
                    "There is no {category} in the records of {source} in {month:month}, though other records are "
                    "there and about {usual:count} are usual. Find out why before counting it.",
                    "There is no {category} in the records of {source} from {month:month} to {until:month}, though other "
                    "records are there and about {usual:count} a month are usual. Find out why before counting it.",
                    stop - t + 1,
                    category=category_name(category),
                    source=source,
                    month=sheet.months[t],
                    until=sheet.months[stop],
                    usual=float(np.median(each[each > 0])),
                )
                found.append(
                    Finding("gap", text, sheet.months[t], sheet.months[stop], category, count=0, source=source, force=force)
                )
    return found


def _runs(months: list[int]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for t in months:
        if out and out[-1][1] == t - 1:
            out[-1] = (out[-1][0], t)
        else:
            out.append((t, t))
    return out


def _locations(sheet: Sheet, about: Where, force: str | None) -> list[Finding]:
    found: list[Finding] = []
    total = len(sheet)
    missing = int(missing_location(sheet).sum())
    if missing:
        text = msg_n(
            "{n:count} row has no point or no area code ({share} of all). It counts for the force and for no area.",
            "{n:count} rows have no point or no area code ({share} of all). They count for the force and for no area.",
            missing,
            share=_share(missing, total),
        )
        found.append(Finding("missing-location", text, count=missing, force=force))
    if by_point := int(sheet.by_point.sum()):
        text = msg_n(
            "{n:count} row ({share} of all) has its area from its point and the boundaries loaded: its source gives none.",
            "{n:count} rows ({share} of all) have their area from their point and the boundaries loaded: their source "
            "gives none.",
            by_point,
            share=_share(by_point, total),
        )
        found.append(Finding("area-from-point", text, count=by_point, force=force))
    outside = about.outside[sheet.area.code]
    if outside.any():
        n = int(outside.sum())
        areas = len(np.unique(sheet.area.code[outside]))
        if about.from_places:
            text = msg(
                "{n:count} rows ({share} of all) lie in {areas:count} areas outside the force's own. They are the force's "
                "records and no measure of those areas; the scan leaves them out.",
                n=n,
                areas=areas,
                share=_share(n, total),
            )
        else:
            text = msg(
                "About {n:count} rows ({share} of all) lie outside the force's area: a stray handful in each of "
                "{areas:count} areas. No places are loaded, so this is judged by their small counts alone; load places "
                "to know. They are the force's records and no measure of those areas.",
                n=n,
                areas=areas,
                share=_share(n, total),
            )
        codes = tuple(sheet.area.values[i] for i in np.unique(sheet.area.code[outside]))
        found.append(Finding("outside-area", text, areas=codes, count=n, force=force))
    unknown = about.unknown[sheet.area.code] | sheet.bad_code
    if unknown.any():
        n = int(unknown.sum())
        codes = tuple(sheet.area.values[i] for i in np.unique(sheet.area.code[unknown & sheet.area.has()]))
        text = msg_n(
            "{n:count} row has an area code that is no area code. It counts for the force and for no area; mend the "
            "source.",
            "{n:count} rows have area codes that are no area codes. They count for the force and for no area; mend the "
            "source.",
            n,
        )
        found.append(Finding("unknown-area-code", text, areas=codes, count=n, force=force))
    bare = nameless(sheet.street) & sheet.street.has()
    if bare.any():
        n = int(bare.sum())
        start = int(sheet.month[bare].min())
        months = len(sheet.months) - start
        text = msg(
            "{n:count} rows since {month:month}, about {each:count} a month, lie at a street without a name (a bare “On or "
            "near”). Different places share that label: never add it up as one street.",
            n=n,
            month=sheet.months[start],
            each=n / months,
        )
        found.append(Finding("nameless-street", text, sheet.months[start], count=n, force=force))
    return found


def missing_location(sheet: Sheet) -> Bools:
    """Rows with no point or no area code."""
    return ~sheet.area.has() | (~sheet.placed & ~sheet.point.has())


def _share(n: int, total: int) -> Message:
    return small_share(n / total if total else 0.0)


def _vintage(sheet: Sheet, places: Places | None, about: Where, force: str | None) -> list[Finding]:
    """Of which census the area codes are, by codes that exist in one of the two only."""
    codes = sheet.area.values
    levels = places.levels if places is not None else {}
    if "lsoa11" in levels and "lsoa21" in levels:
        old, new = set(levels["lsoa11"].codes), set(levels["lsoa21"].codes)
        only_old = np.array([c in old and c not in new for c in codes] + [False], dtype=bool)
        only_new = np.array([c in new and c not in old for c in codes] + [False], dtype=bool)
        by_places = True
    else:
        only_old = np.zeros(len(codes) + 1, bool)
        only_new = np.array([_made_in_2021(c) for c in codes] + [False], dtype=bool)
        by_places = False
    rule = sum(bool(LSOA.fullmatch(c)) for c in about.own)
    if rule < 0.5 * max(1, len(about.own)) or not len(sheet):
        return []
    own = np.array([c in set(about.own) for c in codes] + [False], dtype=bool)
    new_rows = np.bincount(sheet.month[(only_new & own)[sheet.area.code]], minlength=len(sheet.months))
    old_rows = np.bincount(sheet.month[(only_old & own)[sheet.area.code]], minlength=len(sheet.months))
    n_old, n_new = int((only_old & own).sum()), int((only_new & own).sum())
    months = sheet.months
    if n_new == 0 and by_places and n_old == 0:
        return []
    if n_new == 0 and not by_places and rule < 60:
        return []
    if n_new == 0 and by_places:
        text = msg(
            "The area codes are of the 2011 census: {n:count} of the {codes:count} areas with records exist among the "
            "areas of 2011 and not of 2021, and none the other way about. Take populations and boundaries of 2011, or "
            "carry them over with the crosswalk; never join 2021 tables by code.",
            n=n_old,
            codes=len(about.own),
        )
        return [Finding("vintage", text, months[0], months[-1], count=n_old, force=force)]
    if n_new == 0:
        text = msg(
            "The area codes are of the 2011 census: of {codes:count} areas with records, none has a code made for 2021, "
            "though about one area in eighteen was given one. Take populations and boundaries of 2011, or carry them over "
            "with the crosswalk; never join 2021 tables by code. Load places of both years to verify this.",
            codes=len(about.own),
        )
        return [Finding("vintage", text, months[0], months[-1], count=len(about.own), force=force)]
    first = int(np.flatnonzero(new_rows)[0])
    if first == 0 and not old_rows.any():
        text = msg(
            "The area codes are of the 2021 census: {n:count} of the {codes:count} areas with records have codes made for "
            "2021. Take populations and boundaries of 2021.",
            n=n_new,
            codes=len(about.own),
        )
        return [Finding("vintage", text, months[0], months[-1], count=n_new, force=force)]
    text = msg(
        "The area codes change from the 2011 to the 2021 census in {month:month}: {n:count} areas have codes made for "
        "2021. Series of areas that were split, merged or moved must not cross that month without the crosswalk.",
        month=months[first],
        n=n_new,
    )
    return [Finding("vintage", text, months[first], None, count=n_new, force=force)]


def _made_in_2021(code: str) -> bool:
    return bool(LSOA.fullmatch(code)) and code > LAST_OF_2011[code[0]]


def duplicated(sheet: Sheet) -> Bools:
    """Rows whose source identifier another row of the same source has too."""
    has = sheet.ref.has()
    key = sheet.ref.code * (len(sheet.source.values) + 1) + sheet.source.code
    out = np.zeros(len(sheet), bool)
    if has.any():
        _, inverse, count = np.unique(key[has], return_inverse=True, return_counts=True)
        out[has] = count[inverse] > 1
    return out


def _identifiers(sheet: Sheet, force: str | None) -> list[Finding]:
    found: list[Finding] = []
    twice = duplicated(sheet)
    if twice.any():
        n = int(twice.sum())
        ids = len(np.unique(sheet.ref.code[twice]))
        text = msg(
            "{ids:count} identifiers stand on more than one row ({n:count} rows). Each row is counted: one crime can "
            "have two offences, and a mistake looks the same.",
            ids=ids,
            n=n,
        )
        found.append(Finding("duplicate-id", text, count=n, force=force))
    for i, source in enumerate(sheet.source.values):
        for j, category in enumerate(sheet.category.values):
            rows = (sheet.source.code == i) & (sheet.category.code == j)
            n = int(rows.sum())
            without = rows & ~sheet.ref.has()
            if n < 10 or without.sum() < 0.5 * n:
                continue
            twins = int(_twins(sheet, without).sum())
            text = msg(
                "{n:count} records of {category} from {source} have no identifier, and {twins:count} of them "
                "({share:percent}) are like another in month, point and street. That is no proof of duplication, because "
                "points are shared and months are long: all are counted, and none can be followed to an outcome.",
                category=category_name(category),
                source=source,
                n=int(without.sum()),
                twins=twins,
                share=twins / int(without.sum()),
            )
            found.append(Finding("no-id", text, category=category, count=int(without.sum()), source=source, force=force))
    return found


def _twins(sheet: Sheet, rows: Bools) -> Bools:
    """Of ``rows``, those that share month, point and street with another of them."""
    key = sheet.month[rows]
    for column in (sheet.point, sheet.street):
        key = key * (len(column.values) + 1) + column.code[rows] + 1
    _, inverse, count = np.unique(key, return_inverse=True, return_counts=True)
    return np.asarray(count[inverse] > 1)


def _as_published(sheet: Sheet, force: str | None) -> list[Finding]:
    """What the source itself can never tell."""
    found: list[Finding] = []
    for i, source in enumerate(sheet.source.values):
        rows = sheet.source.code == i
        n = int(rows.sum())
        if not n:
            continue
        if source == "police-uk" and (sheet.outcome.has() & rows).any():
            text = msg(
                "Outcomes are as they stood on the day of the download: late months have had less time. Never compare "
                "outcomes of months, or of areas by months, without a fixed follow-up."
            )
            found.append(
                Finding(
                    "outcomes-as-of-download",
                    text,
                    count=int((sheet.outcome.has() & rows).sum()),
                    source=source,
                    force=force,
                )
            )
        monthly = int((rows & _is(sheet.precision, "month")).sum())
        if monthly > 0.5 * n and source == "police-uk":
            text = msg(
                "The records have months and anonymous map points only: no day, no time, no person, no address. They show "
                "where and in which month levels moved; they can't show times of day, repeat victims or near repeats."
            )
            found.append(Finding("precision", text, count=monthly, source=source, force=force))
        elif monthly > 0.5 * n:
            text = msg(
                "Most records of {source} ({n:count}) tell no more than the month: they can't show days, times of day "
                "or near repeats.",
                source=source,
                n=monthly,
            )
            found.append(Finding("precision", text, count=monthly, source=source, force=force))
    return found


def _is(column: Coded, value: str) -> Bools:
    if value not in column.values:
        return np.zeros(len(column.code), bool)
    return np.asarray(column.code == column.values.index(value))
