"""The scan: records in, ranked signals out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from forestall import __version__, catalogue
from forestall.errors import ForestallError
from forestall.places import Places
from forestall.records.ground import HISTORY, Ground, lay
from forestall.records.records import Records
from forestall.results import Check, Provenance, Scan, Signal
from forestall.results.signal import KINDS
from forestall.scan import (
    bursts,
    concentrated,
    falling,
    force_wide,
    identity,
    late,
    merging,
    outlier,
    person_signals,
    place_signals,
    ranking,
    repeated,
    rising,
    seasonal,
    sentences,
)
from forestall.scan.targets import targets
from forestall.text import Message, msg

#: Kinds that lean on the scan for rises: on what it found, or on the areas whose history it showed to be broken.
LEAN = frozenset({"rising", "force-wide", "concentrated", "outlier", "seasonal-return", "falling"})

#: Version of the method: raised whenever the same records could give other figures.
METHOD, VERSION = "space-time-scan", "3"


def find(
    records: Records,
    places: Places | None = None,
    *,
    force: str | None = None,
    until: str | None = None,
    lookback: int = 36,
    windows: tuple[int, int] = (1, 6),
    neighbours: int = 25,
    top: int | None = None,
    replicates: int = 999,
    seed: int = 1,
    harm: catalogue.HarmScheme | None = None,
    earlier: Sequence[Signal] = (),
    sort: str = "themes",
    kinds: Collection[str] | None = None,
    merge: bool = True,
    late_months: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Scan:
    """Finds problems of every kind up to a month, and what fell.

    ``until``: last month (``YYYY-MM``; the records' last where None). ``lookback``: months of history, the windows
    included. ``windows``: shortest and longest recent window in months. ``neighbours``: a zone is an area with up to this
    many of its nearest. ``top``: how many signals to keep (all where None). ``replicates``: data sets drawn for each
    category's p-value. ``earlier``: signals of the last recorded scan, whose ids carry on. ``kinds``: which kinds of signal
    are looked for (all where None; :data:`forestall.results.signal.KINDS`). ``merge``: whether the same problem found by
    several kinds is one signal with several reasons. ``late_months``: last months left out as falls
    are looked for; where None, those that the usual delays of reports leave incomplete, and one where delays are not known.
    ``progress``: called with category, number done, and how many.

    Raises ``ForestallError`` where the force or months are not in the records or the settings make no sense.
    """
    if not 1 <= windows[0] <= windows[1]:
        raise ForestallError(f"windows {windows[0]}-{windows[1]} make no sense; write the shortest first, such as 1-6")
    if lookback < windows[1] + HISTORY:
        raise ForestallError(
            f"a look-back of {lookback} months is too short for windows of {windows[1]}: allow at least "
            f"{windows[1] + HISTORY}"
        )
    scheme = harm or catalogue.harm()
    ground = lay(records, places, force=force, until=until, lookback=lookback, neighbours=neighbours)
    wanted = frozenset(KINDS if kinds is None else kinds)
    if unknown := sorted(wanted - set(KINDS)):
        raise ForestallError(f"there is no kind of signal {unknown[0]!r}; there are: {', '.join(KINDS)}")
    signals: list[Signal] = []
    families: dict[str, int] = {}
    checks: list[Check] = []
    rises: list[rising.Rise] = []
    could: dict[str, bool] = {}
    tested = {c: True for c in ground.cube.categories if targets(c, ground.cube)}
    if wanted & LEAN:
        rises, could = rising.find(ground, windows=windows, replicates=replicates, seed=seed, progress=progress)
    if "rising" in wanted:
        tested = could
        families["rising"] = sum(tested.values())
        signals += [place_signals.from_rise(ground, r, scheme) for r in rises]
    if "force-wide" in wanted:
        wide, wide_tested = force_wide.find(ground, windows=windows, seed=seed)
        families["force-wide"] = sum(wide_tested.values())
        signals += [place_signals.from_force_rise(ground, f, scheme, rises) for f in wide]
    if "concentrated" in wanted:
        signals += [place_signals.from_gathering(ground, g, scheme) for g in concentrated.find(ground)]
    if "outlier" in wanted:
        outliers, number = outlier.find(ground)
        families["outlier"] = sum(number.values())
        signals += [place_signals.from_outlier(ground, o, scheme) for o in outliers]
    if "seasonal-return" in wanted:
        returns, number = seasonal.find(ground)
        families["seasonal-return"] = sum(number.values())
        signals += [place_signals.from_return(ground, r, scheme) for r in returns]
    if "falling" in wanted:
        found, number, check = _falls(records, ground, scheme, late_months, rises)
        families["falling"] = sum(number.values())
        signals += found
        checks.append(check)
    found, number, missing = _repeats(records, ground, scheme, wanted)
    if "near-repeat" in wanted:
        if (name := bursts.lacking(records)) is not None:
            missing.append(name)
        else:
            close, families["near-repeat"] = bursts.find(records, ground)
            signals += [place_signals.from_burst(ground, b, scheme) for b in close]
    families |= number
    signals += found
    if missing:
        checks.append(_not_looked_for(missing))
    ordered = ranking.order(merging.merge(signals) if merge else signals, sort)
    parameters: dict[str, Any] = {
        "force": ground.force,
        "until": ground.cube.months[-1],
        "since": ground.cube.months[0],
        "lookback": lookback,
        "windows": list(windows),
        "neighbours": neighbours,
        "replicates": replicates,
        "harm": f"{scheme.slug} ({scheme.version})",
        "harm_scheme": scheme.slug,
        "asb_harm": scheme.weight("anti-social-behaviour"),
        "places": ground.places.version,
        "sort": sort,
        "top": top,
    }
    if kinds is not None:
        parameters["kinds"] = sorted(wanted)
    if late_months is not None:
        parameters["late_months"] = late_months
    return Scan(
        signals=identity.name(ordered[:top], earlier),
        events=ground.events,
        provenance=Provenance(records.snapshot, METHOD, f"{VERSION} (forestall {__version__})", parameters, seed),
        checks=(*_checks(ground, tested), *checks),
        families={k: n for k, n in families.items() if n or k in ("rising", "force-wide")},
    )


def _falls(
    records: Records, ground: Ground, scheme: catalogue.HarmScheme, months: int | None, rises: Sequence[rising.Rise]
) -> tuple[list[Signal], dict[str, int], Check]:
    cube = ground.cube
    complete = late.completeness(records, cube.categories, force=ground.force, until=cube.months[-1], months=months)
    aside: dict[str, set[int]] = {}
    for rise in rises:
        if rise.q_value <= 0.05:
            aside.setdefault(rise.category, set()).update(rise.rows)
    falls, number = falling.find(ground, late=complete.left_out, aside=aside)
    return (
        [place_signals.from_fall(ground, f, scheme, complete.left_out[f.category]) for f in falls], number, complete.check,
    )  # fmt: skip


def _repeats(
    records: Records, ground: Ground, scheme: catalogue.HarmScheme, wanted: frozenset[str]
) -> tuple[list[Signal], dict[str, int], list[Message]]:
    """Signals of persons and locations, how many were tested of each kind, and the kinds that the records can't tell of."""
    signals: list[Signal] = []
    number: dict[str, int] = {}
    missing: list[Message] = []
    until, inside = ground.cube.months[-1], frozenset(ground.cube.areas)
    for role in repeated.ROLES:
        if role.kind not in wanted:
            continue
        if repeated.lacking(records, role) is not None:
            missing.append(role.name)
            continue
        lines, _ = repeated.set_apart(repeated.read(records, role, force=ground.force, until=until, areas=inside))
        found, number[role.kind] = repeated.find(role, lines)
        for r in person_signals.chosen(found):
            signals.append(person_signals.from_repeat(r, ground.places, until, scheme))
    return signals, number, missing


def _not_looked_for(missing: Sequence[Message]) -> Check:
    return Check(
        "kinds",
        False,
        msg(
            "Not looked for, because that takes days and identifiers that these records don't hold: {names:list}.",
            names=list(missing),
        ),
    )


def _checks(ground: Ground, tested: dict[str, bool]) -> tuple[Check, ...]:
    cube = ground.cube
    untested = [c for c, done in tested.items() if not done]
    police = [c for c in cube.categories if c not in tested]
    broken = sorted({cube.areas[i] for b in ground.broken.values() for i in np.flatnonzero(b)})
    checks = [
        Check(
            "history",
            not untested,
            msg(
                "Too little usable history up to {until:month} to test these for a rise: {names:list}.",
                until=cube.months[-1], names=[sentences.title(c) for c in untested],
            )
            if untested
            else msg("Every category has a year or more of usable history before its windows."),
        ),
        Check(
            "continuity",
            not broken,
            msg(
                "{n:count} areas are left out of zones for some category, because their level broke where map points, "
                "street names or recording changed: {codes:list}.",
                n=len(broken), codes=broken,
            )
            if broken
            else msg("No area's history crosses a suspected recording event without passing a test of continuity."),
        ),
        Check(
            "placed",
            ground.outside <= 0.02 * max(1, int(cube.counts.sum())),
            msg("{n:count} records lie in areas that are not the force's and count nowhere here.", n=ground.outside),
        ),
    ]  # fmt: skip
    if police:
        checks.append(
            Check(
                "origin",
                True,
                msg(
                    "Counted but never a signal, because they measure police activity: {names:list}.",
                    names=[sentences.title(c) for c in police],
                ),
            )
        )
    checks += [Check("places", ground.places.version != "none", note) for note in ground.places.notes]
    return tuple(checks)
