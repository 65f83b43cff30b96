"""The four tasking lists of a local-authority hub (repeat victims, repeat suspects, frequent callers, hot spots).

For force users each row leads to its occurrence numbers. Partners get neither these nor records of domestic abuse, sexual
offences and children, nor rows of few records.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from forestall import __version__, catalogue
from forestall.errors import ForestallError
from forestall.places import Places
from forestall.records import months as mm
from forestall.records.records import Records
from forestall.results import Check, Provenance
from forestall.results.tasking import AUDIENCES, Task, TaskingList, TaskingLists
from forestall.scan import repeated, sentences
from forestall.scan.repeated import ROLES, YEAR, Line, Role
from forestall.stats.multiple import benjamini_hochberg
from forestall.text import Message, Name, msg

METHOD, VERSION = "tasking", "1"
#: Partners see rows of so many records or more.
LEAST_SHOWN = 5
#: Premises whose name tells nobody's home.
PUBLIC = frozenset({
    "shop", "supermarket", "parking-area", "petrol-station", "park-or-open-space", "school", "public-house", "nightclub",
    "licensed", "retail", "leisure",
})  # fmt: skip
#: Shares of persons or places at which the concentration curve is told.
CURVE = (0.01, 0.05, 0.1, 0.2, 0.5)

_TITLES = {
    "repeat-victims": msg("Repeat victims"),
    "repeat-suspects": msg("Repeat suspects and offenders"),
    "frequent-callers": msg("Frequent callers, who may need support"),
    "hot-spots": msg("Hot spots of crime and anti-social behaviour"),
}
_NOTES = {
    "repeat-victims": msg("Being on this list is a reason to offer help, and no forecast."),
    "repeat-suspects": msg("A suspect is not an offender: only a recorded outcome says who was."),
    "frequent-callers": msg("Calling often is no offence and no sign of one: most who do are unwell, alone or afraid."),
}
_ROLE = {"repeat-victims": "repeat-victim", "repeat-suspects": "repeat-suspect", "frequent-callers": "frequent-caller"}


def tasking(
    records: Records,
    places: Places | None = None,
    *,
    hub: str | None = None,
    force: str | None = None,
    until: str | None = None,
    audience: str = "force",
    listed: int = 20,
    harm: catalogue.HarmScheme | None = None,
) -> TaskingLists:
    """The lists for a ``hub`` (code or name of a local authority; the whole force where None) over the year to ``until``.

    ``audience``: ``force`` or ``partner``. ``listed``: rows of each list. A list that the records can't make says why.

    Raises ``ForestallError`` for a hub, month or audience that there isn't.
    """
    if audience not in AUDIENCES:
        raise ForestallError(f"the audience must be force or partner, not {audience!r}")
    if listed < 1:
        raise ForestallError(f"the rows of a list must be 1 or more, not {listed}")
    forces = records.forces()
    if force is not None and force not in forces:
        raise ForestallError(f"there is no force {force!r} in these records; they hold: {', '.join(forces)}")
    force = force or (forces[0] if forces else None)
    held = records.months(force)
    if not held:
        raise ForestallError("these records hold no dated row, so there is nothing to list; ingest some first")
    until = mm.check(until, "--until") if until is not None else held[-1]
    if not held[0] <= until <= held[-1]:
        raise ForestallError(f"--until {until} lies outside of the records, which run from {held[0]} to {held[-1]}")
    code, name, inside = _hub(places, hub, force)
    here = _bare() if places is None else places if inside is None else places.matching(inside)
    scheme = harm or catalogue.harm()
    partner = audience == "partner"
    lists, checks = [], []
    for slug, kind in _ROLE.items():
        role = next(r for r in ROLES if r.kind == kind)
        part = _of_persons(records, slug, role, here, force, until, inside, partner, listed, scheme)
        lists.append(part)
        checks.append(Check(slug, bool(part.subjects), part.summary))
    spots = _hot_spots(records, here, force, until, inside, partner, listed, scheme)
    lists.append(spots)
    checks.append(Check("hot-spots", bool(spots.subjects), spots.summary))
    parameters: dict[str, Any] = {
        "hub": code, "force": force, "until": until, "audience": audience, "listed": listed,
        "harm": f"{scheme.slug} ({scheme.version})", "places": here.version,
    }  # fmt: skip
    return TaskingLists(
        code, name, audience, max(held[0], mm.shift(until, 1 - YEAR)), until, tuple(lists),
        Provenance(records.snapshot, METHOD, f"{VERSION} (forestall {__version__})", parameters), tuple(checks),
    )  # fmt: skip


def _bare() -> Places:
    return Places.from_points((), np.zeros(0), np.zeros(0))


def _hub(places: Places | None, hub: str | None, force: str | None) -> tuple[str, Message, frozenset[str] | None]:
    """Code, name and areas of a hub given by code or name; all areas where none is given."""
    if hub is None:
        return "", msg("the whole force area"), None
    if places is None or "lad" not in places.levels:
        raise ForestallError(
            f"no local authorities are loaded, so the hub {hub!r} is not known: load places with forestall places add"
        )
    level = places.level("lad")
    wanted = hub.strip().casefold()
    for code in level.codes:
        if wanted in (code.casefold(), places.name(code).casefold(), places.name(code, "cy").casefold()):
            english, welsh = places.name(code), places.name(code, "cy")
            inside = frozenset(a for key in ("lsoa", "lsoa11", "lsoa21") if key in places.levels
                               for a, lad in zip(places.levels[key].codes, places.levels[key].parents.get("lad", ()),
                                                 strict=False) if lad == code)  # fmt: skip
            return code, msg("{hub}", hub=Name(english, "" if welsh == english else welsh)), inside
    known = ", ".join(places.name(c) for c in level.codes if force in (None, places.parent(c, "force")))
    raise ForestallError(f"there is no hub {hub!r}; there are: {known or 'none'}")


def _of_persons(
    records: Records, slug: str, role: Role, places: Places, force: str | None, until: str, inside: frozenset[str] | None,
    partner: bool, listed: int, scheme: catalogue.HarmScheme,
) -> TaskingList:  # fmt: skip
    title = _TITLES[slug]
    if repeated.lacking(records, role) is not None:
        return TaskingList(slug, title, (), _cannot(title))
    lines = repeated.read(records, role, force=force, until=until, areas=inside, partner=partner)
    lines, apart = repeated.set_apart(lines)
    if not lines:
        return TaskingList(slug, title, (), msg("{title}: there is no such record in this year.", title=title), apart=apart)
    found, _ = repeated.find(role, lines)
    notes = [_NOTES[slug]]
    rows = _rows([(r.lines, r.q_value <= 0.05) for r in found if len(r.lines) >= 2], places, partner, listed, scheme)
    summary, curve, subjects = _concentration(title, [line.who for line in lines])
    return TaskingList(slug, title, rows, summary, curve, len(lines), subjects, apart, tuple(notes))


def _hot_spots(
    records: Records, places: Places, force: str | None, until: str, inside: frozenset[str] | None, partner: bool,
    listed: int, scheme: catalogue.HarmScheme,
) -> TaskingList:  # fmt: skip
    """Locations where the records know them, else areas."""
    title = _TITLES["hot-spots"]
    role = next(r for r in ROLES if r.kind == "repeat-location")
    notes: list[Message] = []
    apart: dict[str, int] = {}
    if repeated.lacking(records, role) is None:
        lines = repeated.read(records, role, force=force, until=until, areas=inside, partner=True)
        lines, apart = repeated.set_apart(lines)
        notes.append(msg("What the source calls one location can be a street, a car park or a whole building."))
    else:
        area = Role("hot-spot", "lsoa", ("crime", "asb"), False, 1, title)
        lines = repeated.read(records, area, force=force, until=until, areas=inside, partner=partner, days=False)
        notes.append(msg("These records know no addresses, so the hot spots are areas."))
    if not lines:
        nothing = msg("{title}: there is no such record in this year.", title=title)
        return TaskingList("hot-spots", title, (), nothing, apart=apart, notes=tuple(notes))
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.who, []).append(line)
    counts = np.array([len(g) for g in groups.values()])
    q = benjamini_hochberg(repeated.chance_of(counts))
    spots = [(tuple(g), bool(v <= 0.05)) for g, v in zip(groups.values(), q, strict=True) if len(g) >= 2]
    rows = _rows(spots, places, partner, listed, scheme, named=True)
    summary, curve, subjects = _concentration(title, [line.who for line in lines])
    return TaskingList("hot-spots", title, rows, summary, curve, len(lines), subjects, apart, tuple(notes))


def _rows(
    found: list[tuple[tuple[Line, ...], bool]], places: Places, partner: bool, listed: int, scheme: catalogue.HarmScheme, *,
    named: bool = False,
) -> tuple[Task, ...]:  # fmt: skip
    """Rows by number of records, then harm, then the latest first; equal numbers share their rank."""
    ranked = []
    for lines, sure in found:
        if partner and len(lines) < LEAST_SHOWN:
            continue
        weights = [w for line in lines if (w := scheme.weight(line.category)) is not None]
        ranked.append((lines, sure, sum(weights) if weights else None))
    ranked.sort(key=lambda r: r[0][-1].when, reverse=True)
    ranked.sort(key=lambda r: (-len(r[0]), -(r[2] or 0.0)))
    out = []
    numbers = [len(lines) for lines, _, _ in ranked]
    for lines, sure, weight in ranked[:listed]:
        areas = tuple(a for a, _ in Counter(line.lsoa for line in lines if line.lsoa).most_common(5))
        premises = lines[-1].premises if named else None
        tell = named and (not partner or premises in PUBLIC)
        out.append(
            Task(
                rank=1 + numbers.index(len(lines)),
                place=sentences.place_name(places, areas) if areas else msg("place not known"),
                areas=areas,
                records=len(lines),
                categories=tuple(Counter(line.category for line in lines).most_common(4)),
                first=lines[0].told,
                last=lines[-1].told,
                harm=weight,
                established=sure,
                location=lines[-1].street if tell else None,
                premises=premises,
                outcomes=sum(line.offender for line in lines),
                restricted=0 if partner else sum(line.protected for line in lines),
                occurrences=() if partner else tuple(line.ref for line in lines if line.ref),
            )
        )
    return tuple(out)


def _concentration(title: Message, who: list[str]) -> tuple[Message, tuple[tuple[float, float], ...], int]:
    """How many records the fullest tenth holds, and the curve."""
    counts = np.sort(np.unique(np.array(who, dtype=object).astype(str), return_counts=True)[1])[::-1]
    total, n = int(counts.sum()), counts.size
    cumulative = np.cumsum(counts)
    curve = tuple((s, float(cumulative[round(s * n) - 1] / total)) for s in CURVE if round(s * n) >= 1)
    tenth = float(cumulative[max(1, round(0.1 * n)) - 1] / total)
    summary = msg(
        "{title}: {subjects:count} have {records:count} records in the year; the tenth with most has {share:percent} "
        "of them.",
        title=title, subjects=n, records=total, share=tenth,
    )  # fmt: skip
    return summary, curve, n


def _cannot(title: Message) -> Message:
    return msg("{title}: not known, because these records hold no days or no identifiers for it.", title=title)
