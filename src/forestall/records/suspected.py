"""Suspected recording events as findings: what :mod:`forestall.records.events` sees, in words, with its evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forestall.records import events
from forestall.records.sheet import Coded, Sheet
from forestall.results import Finding
from forestall.text import Message, Param, msg

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Of the areas said to have broken, about this share may be chance: they are suspected, and missing one costs more.
BREAK_Q = 0.10
#: Share of an area's rows since that must lie at points (or streets) new to it.
CORROBORATED = 0.5


@dataclass(frozen=True)
class Plain:
    """Rows of a force's own areas that count, and what is made of them. ``area`` and ``category`` index the tuples.
    ``whole``: counts of all the force's rows, those outside its areas too, shape (categories, months)."""

    months: tuple[str, ...]
    areas: tuple[str, ...]
    categories: tuple[str, ...]
    month: Ints
    area: Ints
    category: Ints
    point: Coded
    street: Coded
    whole: Ints

    @property
    def cube(self) -> Ints:
        """Counts, shape (categories, areas, months)."""
        out = np.zeros((len(self.categories), len(self.areas), len(self.months)), np.int64)
        np.add.at(out, (self.category, self.area, self.month), 1)
        return out


def find(sheet: Sheet, own: Sequence[str], name: Callable[[str], str], force: str | None = None) -> list[Finding]:
    """All suspected recording events of a force's rows; ``own`` are the codes of its areas."""
    plain = _plain(sheet, own)
    if plain is None:
        return []
    cube = plain.cube
    usable = np.ones((len(plain.categories), len(plain.months)), bool)
    silent = cube.sum(axis=(0, 1)) == 0
    usable[:, silent] = False
    found = _force_wide(plain, cube, silent, usable, force)
    return found + _turned(plain, cube, usable, name, force)


def _plain(sheet: Sheet, own: Sequence[str]) -> Plain | None:
    members = set(own)
    mine = np.array([v in members for v in sheet.area.values] + [False], dtype=bool)
    kinds = np.array([v in ("crime", "asb") for v in sheet.kind.values] + [False], dtype=bool)
    family = kinds[sheet.kind.code]
    counts = sheet.counted & (family if family.any() else True)
    keep = mine[sheet.area.code] & counts
    if not keep.any():
        return None
    at, area = np.unique(sheet.area.code[keep], return_inverse=True)
    kinds_at, category = np.unique(sheet.category.code[keep], return_inverse=True)
    whole = np.zeros((len(sheet.category.values), len(sheet.months)), np.int64)
    np.add.at(whole, (sheet.category.code[counts], sheet.month[counts]), 1)
    return Plain(
        months=sheet.months,
        areas=tuple(sheet.area.values[i] for i in at),
        categories=tuple(sheet.category.values[i] for i in kinds_at),
        month=sheet.month[keep],
        area=area.astype(np.int64),
        category=category.astype(np.int64),
        point=sheet.point.take(keep),
        street=sheet.street.take(keep),
        whole=whole[kinds_at],
    )


# Force-wide jumps


def _force_wide(plain: Plain, cube: Ints, silent: Bools, usable: Bools, force: str | None) -> list[Finding]:
    """Jumps of categories, and of all of them at once. Marks in ``usable`` the months that they spoil."""
    of = [events.spells(c, silent) for c in cube]
    everything: list[events.Spell] = []
    for spell in events.spells(cube.sum(axis=0), silent):
        sizes = [np.median(c.sum(axis=0)) for c in cube]
        large = [i for i, size in enumerate(sizes) if size >= 5 * events.BLOCK]
        with_it = [i for i in large if any(s.start == spell.start and s.direction == spell.direction for s in of[i])]
        if len(large) >= 2 and len(with_it) >= 0.75 * len(large):
            everything.append(spell)
    found: list[Finding] = []
    for spell in everything:
        found += _told(plain, spell, None, plain.whole.sum(axis=0), force)
        _mark(usable, slice(None), spell)
    shared = {(s.start, s.direction) for s in everything}
    for i, category in enumerate(plain.categories):
        for spell in of[i]:
            if (spell.start, spell.direction) not in shared:
                found += _told(plain, spell, category, plain.whole[i], force)
            _mark(usable, i, spell)
    return found


def _mark(usable: Bools, which: int | slice, spell: events.Spell) -> None:
    if spell.end is None:
        usable[which, : spell.start] = False
    else:
        first = spell.start if spell.run_up is None else spell.run_up
        usable[which, first : spell.end + 1] = False


def _told(plain: Plain, spell: events.Spell, category: str | None, total: Ints, force: str | None) -> list[Finding]:
    months = plain.months
    level = float(np.median(total[list(spell.baseline)]))
    facts: dict[str, Param] = {
        "category": category_name(category),
        "month": months[spell.start],
        "first": int(total[spell.start]),
        "level": level,
        "where": msg("in {moved:count} of {areas:count} areas at once", moved=spell.areas_moved, areas=spell.areas)
        if spell.areas_moved >= 0.8 * spell.areas
        else msg("in {share:percent} of the groups of neighbouring areas at once", share=spell.breadth),
        "last": months[-1 if spell.end is None else spell.end],
    }
    if spell.shape == "step":
        text = msg(
            "Suspected recording event, {category}: from {month:month} the level is lastingly another, {first:count} "
            "recorded that month against about {level:count} a month before, {where}"
            ". Problems seldom change everywhere in one month; rules of recording do. Compare only within one side "
            "of the month.",
            **facts,
        )
    elif spell.direction > 0 and spell.open:
        text = msg(
            "Suspected recording event, {category}: {first:count} recorded in {month:month} against about {level:count} a "
            "month before, {where}. The level has not come back by "
            "{last:month}. Problems seldom rise everywhere in one month; what people report, or what is recorded, does. "
            "These months are set aside: they are neither a rise nor a baseline.",
            **facts,
        )
    elif spell.direction > 0:
        text = msg(
            "Suspected recording event, {category}: {first:count} recorded in {month:month} against about {level:count} a "
            "month before, {where}; the level stays far above until "
            "{last:month}. Problems seldom rise everywhere in one month; what people report, or what is recorded, does. "
            "These months are set aside: they are neither a rise nor a baseline.",
            **facts,
        )
    else:
        text = msg(
            "Suspected recording event, {category}: only {first:count} recorded in {month:month} against about "
            "{level:count} a month before, {where}, and low until {last:month}. "
            "An incomplete file looks like this. These months are set aside: they are neither a fall nor a baseline.",
            **facts,
        )
    end = None if spell.end is None else months[spell.end]
    stretch = total[spell.start : None if spell.end is None else spell.end + 1]
    found = [
        Finding(
            "recording-event", text, months[spell.start], end, category, (), int(stretch.sum()), None, spell.shape,
            spell.direction, force=force,
        )
    ]  # fmt: skip
    if spell.run_up is not None:
        run_up = msg(
            "Suspected recording event, {category}: {count:count} recorded in {month:month}, the month before the jump of "
            "{jump:month}, against about {level:count} a month earlier: what began it may have begun within this month. It "
            "is set aside with the months after it.",
            category=category_name(category),
            count=int(total[spell.run_up]),
            month=months[spell.run_up],
            jump=months[spell.start],
            level=level,
        )
        at = months[spell.run_up]
        found.insert(
            0,
            Finding(
                "recording-event", run_up, at, at, category, (), int(total[spell.run_up]), None, "passing",
                spell.direction, force=force,
            ),
        )  # fmt: skip
    return found


# Map points and street names replaced


def _turned(plain: Plain, cube: Ints, usable: Bools, name: Callable[[str], str], force: str | None) -> list[Finding]:
    """Turnovers of points or streets, everywhere or in an area, and the areas whose level broke with one."""
    n_months, n_areas = len(plain.months), len(plain.areas)
    everywhere: dict[int, str] = {}
    local: dict[tuple[int, int], str] = {}
    for what, key in (("points", plain.point), ("streets", plain.street)):
        has = key.has()
        if has.mean() < 0.5:
            continue
        share, rows = events.new_share(key.code[has], plain.month[has], n_months)
        for t in events.turnovers(share, rows):
            everywhere.setdefault(t, what)
    for what, key in (("points", plain.point), ("streets", plain.street)):
        has = key.has()
        if has.mean() < 0.5:
            continue
        turned = events.local_turnovers(
            plain.area[has], key.code[has], plain.month[has], n_areas, n_months, tuple(everywhere)
        )
        for a, t in turned:
            if not any(b == a and abs(s - t) <= 2 for b, s in local):
                local[a, t] = what
    found = [_turnover(plain, t, what, force) for t, what in sorted(everywhere.items())]
    tests: list[tuple[int, int, str, events.Breaks]] = []
    moments = sorted({*everywhere, *(t for _, t in local)})
    for t in moments:
        earlier = max((e for e in everywhere if e < t), default=0)
        later = min((e for e in everywhere if e > t), default=n_months)
        result = events.breaks(cube, usable, t, start=earlier, stop=later)
        for a in range(n_areas):
            what = everywhere.get(t) or local.get((a, t)) or ""
            if what:
                tests.append((a, t, what, result))
    q = events.adjusted(np.array([r.p[a] for a, _, _, r in tests], dtype=float))
    broken = [(a, t, what, r) for (a, t, what, r), value in zip(tests, q, strict=True) if value <= BREAK_Q]
    for (a, t), what in sorted(local.items()):
        found.append(_local_turnover(plain, a, t, what, name, force))
    for a, t, what, result in sorted(broken, key=lambda b: (b[1], b[3].p[b[0]])):
        finding = _step(plain, a, t, what, result, name, force)
        if finding is not None:
            found.append(finding)
    return found


def _turnover(plain: Plain, t: int, what: str, force: str | None) -> Finding:
    key = plain.point if what == "points" else plain.street
    has = key.has()
    share, rows = events.new_share(key.code[has], plain.month[has], len(plain.months))
    blank = nameless(plain.street)
    after = (plain.month >= t) & (plain.month < t + events.AFTER)
    months_after = min(len(plain.months) - t, events.AFTER)
    bare_before = int((blank & (plain.month < t)).sum())
    facts: dict[str, Param] = {
        "month": plain.months[t],
        "share": float(share[t]),
        "usual": small_share(float(np.nanmedian(share[max(0, t - 3) : t]))),
        "bare": int((blank & after).sum()) / months_after,
        "bare_before": bare_before / t,
    }
    if what == "streets":
        text = msg(
            "Suspected recording event, all categories: the street names were replaced in {month:month}. "
            "{share:percent} of that month's rows name a street never named before, against {usual} in the "
            "months before. A series of a street must not cross this month, and a series of an area only if it passes "
            "a continuity test, because places may have moved between areas.",
            **facts,
        )
    elif (blank & after).sum() > 2 * bare_before + 20:
        text = msg(
            "Suspected recording event, all categories: the list of map points was replaced in {month:month}. "
            "{share:percent} of that month's rows lie at a point never used before, against {usual} in the months "
            "before, and {bare:count} rows a month since lie at a street without a name, against {bare_before:count} "
            "before. A series of a point or street must not cross this month, and a series of an area only if it passes a "
            "continuity test, because points moved between areas.",
            **facts,
        )
    else:
        text = msg(
            "Suspected recording event, all categories: the list of map points was replaced in {month:month}. "
            "{share:percent} of that month's rows lie at a point never used before, against {usual} in the months "
            "before. A series of a point or street must not cross this month, and a series of an area only if it passes a "
            "continuity test, because points may have moved between areas.",
            **facts,
        )
    return Finding(
        "recording-event", text, plain.months[t], None, None, (), round(float(share[t]) * int(rows[t])), None, "turnover",
        force=force,
    )  # fmt: skip


def _local_turnover(plain: Plain, a: int, t: int, what: str, name: Callable[[str], str], force: str | None) -> Finding:
    code = plain.areas[a]
    count = int(((plain.area == a) & (plain.month >= t) & (plain.month < t + 3)).sum())
    facts: dict[str, Param] = {"place": _place(code, name), "month": plain.months[t], "count": count}
    if what == "streets":
        text = msg(
            "Suspected recording event, {place}: its street names were replaced in {month:month}. Of the {count:count} "
            "rows of the three months from then, at least seven in ten name streets never named there before, and few "
            "of the earlier streets are named again. Its series may cross this month only if it passes a continuity test.",
            **facts,
        )
    else:
        text = msg(
            "Suspected recording event, {place}: its map points were replaced in {month:month}. Of the {count:count} "
            "rows of the three months from then, at least seven in ten lie at points never used there before, and few "
            "of the earlier points are used again. Its series may cross this month only if it passes a continuity test.",
            **facts,
        )
    return Finding("recording-event", text, plain.months[t], None, None, (code,), count, None, "turnover", force=force)


def _step(
    plain: Plain, a: int, t: int, what: str, result: events.Breaks, name: Callable[[str], str], force: str | None
) -> Finding | None:
    """The finding on one broken area, if its points or streets changed too."""
    mine = plain.area == a
    before = mine & (plain.month >= t - result.before) & (plain.month < t)
    after = mine & (plain.month >= t) & (plain.month < t + result.after)
    ever = mine & (plain.month < t)
    key = plain.point if what == "points" else plain.street
    changed = _new(key, ever, after)
    if changed < CORROBORATED:
        return None
    code = plain.areas[a]
    was, now = result.was[a] / result.before, result.now[a] / result.after
    direction = 1 if result.observed[a] > result.expected[a] else -1
    facts: dict[str, Param] = {
        "place": _place(code, name),
        "month": plain.months[t],
        "was": float(was),
        "now": float(now),
        "expected": float(result.expected[a] / result.after),
        "before": result.before,
        "observed": int(result.observed[a]),
        "changed": changed,
    }
    move = _largest_move(plain, before, after, result, direction) if plain.street.has()[mine].any() else None
    if move is None:
        text = msg(
            "Suspected recording event, {place}: its level breaks in {month:month}, {observed:count} records since then, "
            "{now:decimal} a month, against {was:decimal} a month in the {before:count} months before and "
            "{expected:decimal} expected from them and the force's trend. {changed:percent} of its rows since lie at "
            "map points or streets never used there before. Do not read this as a change in crime; compare only within "
            "one side of the month.",
            **facts,
        )
    else:
        facts.update(move)
        text = msg(
            "Suspected recording event, {place}: its level breaks in {month:month}, {observed:count} records since then, "
            "{now:decimal} a month, against {was:decimal} a month in the {before:count} months before and "
            "{expected:decimal} expected from them and the force's trend. {changed:percent} of its rows since lie at "
            "map points or streets never used there before; the largest change is at {street}, {street_was:decimal} a "
            "month before and {street_now:decimal} since. Do not read this as a change in crime; compare only within "
            "one side of the month.",
            **facts,
        )
    return Finding(
        "recording-event", text, plain.months[t], None, None, (code,), int(result.observed[a]), None, "step", direction,
        force=force,
    )  # fmt: skip


def _new(key: Coded, ever: Bools, after: Bools) -> float:
    """Share of the ``after`` rows whose key none of the ``ever`` rows has."""
    codes = key.code[after]
    codes = codes[codes >= 0]
    return float(1 - np.isin(codes, key.code[ever]).mean()) if len(codes) else 0.0


def _largest_move(
    plain: Plain, before: Bools, after: Bools, result: events.Breaks, direction: int
) -> dict[str, Param] | None:
    n = len(plain.street.values)
    street = plain.street.code
    was = np.bincount(street[before & (street >= 0)], minlength=n) / result.before
    now = np.bincount(street[after & (street >= 0)], minlength=n) / result.after
    moved = direction * (now - was)
    if not n or moved.max() <= 0:
        return None
    at = int(moved.argmax())
    text = plain.street.values[at]
    return {
        "street": msg("a street without a name") if is_nameless(text) else _bare(text),
        "street_was": float(was[at]),
        "street_now": float(now[at]),
    }


def _place(code: str, name: Callable[[str], str]) -> str:
    known = name(code)
    return f"{known} ({code})" if known and known != code else code


def _bare(street: str) -> str:
    return street.removeprefix("On or near ").strip() or street


def is_nameless(street: str) -> bool:
    """Whether a street of a police.uk file has no name: a bare *On or near*."""
    return street.strip().lower() in ("on or near", "")


def nameless(street: Coded) -> Bools:
    """Rows at a street without a name."""
    bare = np.array([is_nameless(v) for v in street.values] + [False], dtype=bool)
    return np.asarray(bare[street.code], dtype=bool)


def small_share(share: float) -> Message:
    """A share for a sentence, with a decimal where it is under a tenth."""
    return msg("{share:decimal}%", share=100 * share) if share < 0.1 else msg("{share:percent}", share=share)


def category_name(category: str | None) -> Message | str:
    """A category for a sentence."""
    names = {
        None: msg("all categories"),
        "anti-social-behaviour": msg("anti-social behaviour"),
        "bicycle-theft": msg("bicycle theft"),
        "burglary": msg("burglary"),
        "criminal-damage-and-arson": msg("criminal damage and arson"),
        "drugs": msg("drugs"),
        "other-crime": msg("other crime"),
        "other-theft": msg("other theft"),
        "possession-of-weapons": msg("possession of weapons"),
        "public-order": msg("public order"),
        "robbery": msg("robbery"),
        "shoplifting": msg("shoplifting"),
        "theft-from-the-person": msg("theft from the person"),
        "vehicle-crime": msg("vehicle crime"),
        "violence-and-sexual-offences": msg("violence and sexual offences"),
    }
    return names.get(category) or (category or "").replace("-", " ")
