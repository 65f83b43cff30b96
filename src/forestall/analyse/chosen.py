"""The records that an analysis chose: counts by month and by area, single events, and what in them misleads.

What is suspected to be a change of recording is honoured here, once for all methods: months set aside, lasting steps, map
points replaced, and areas of two censuses.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from forestall import catalogue
from forestall.analyse.aside import Aside, set_aside
from forestall.analyse.refused import Refused
from forestall.places import Level, Places
from forestall.places.project import UK_BNG
from forestall.records import stray
from forestall.records.records import Records
from forestall.records.schema import months_between
from forestall.results import Check, Finding
from forestall.results.analysis import named
from forestall.text import Message, msg, msg_n

if TYPE_CHECKING:
    from forestall.analyse.bench import Analysis

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Share of the chosen records that may lie in areas whose level broke with their map points, in a series of a few areas.
BROKEN_SHARE = 0.1


@dataclass(frozen=True)
class AreaCounts:
    """``counts``: shape (areas, months). ``rows``: where each of ``codes`` stands in ``level``. ``elsewhere``: records of
    the force in no area of its own."""

    codes: tuple[str, ...]
    names: tuple[Message, ...]
    counts: Ints
    level: Level
    rows: Ints
    elsewhere: int

    @property
    def easting(self) -> Floats:
        return self.level.easting[self.rows]

    @property
    def northing(self) -> Floats:
        return self.level.northing[self.rows]


@dataclass(frozen=True)
class Events:
    """Single records, one entry each. ``begin``, ``end``: datetime64[us], NaT where not known; ``precision``: ``instant``,
    ``day`` or ``month``. ``x``, ``y``: British National Grid metres, NaN without a point. ``more``: further fields as
    Python lists."""

    begin: npt.NDArray[np.datetime64]
    end: npt.NDArray[np.datetime64]
    precision: npt.NDArray[np.str_]
    x: Floats
    y: Floats
    more: Mapping[str, list[Any]]

    def __len__(self) -> int:
        return len(self.begin)

    def take(self, keep: Bools) -> Events:
        rows = np.flatnonzero(keep).tolist()
        more = {k: [v[i] for i in rows] for k, v in self.more.items()}
        return Events(self.begin[keep], self.end[keep], self.precision[keep], self.x[keep], self.y[keep], more)


@dataclass(frozen=True, eq=False)
class Chosen:
    """Made by :func:`choose`. ``codes``: areas (LSOAs) that were asked for, None for the whole force. ``series``: months or
    days of it are compared, so that a category with a recording event can't be in it (see :mod:`~forestall.analyse.aside`).
    """

    records: Records
    places: Places | None
    analysis: Analysis
    force: str
    months: tuple[str, ...]
    kinds: tuple[str, ...]
    codes: tuple[str, ...] | None
    place: Message
    series: bool = False

    # -- rows ---------------------------------------------------------------------------------------------------------

    @property
    def version(self) -> str:
        return "none" if self.places is None else self.places.version

    def rows(self, everywhere: bool = False, whole: bool = False) -> Any:
        """The chosen records as an Ibis table, without what is set aside as a recording event; with ``everywhere`` those of
        the whole force, with ``whole`` those of months set aside too."""
        table = self.records.counted(self.force, self.months[0], self.months[-1])
        table = table.filter(table.kind.isin(list(self.kinds)))
        if self.analysis.category:
            table = table.filter(table.category == self.analysis.category)
        if self.codes is not None and not everywhere:
            table = table.filter(table.lsoa.isin(list(self.codes)))
        table = self.aside.rows(table)
        if self.set_aside.any() and not whole:
            table = table.filter(
                table.month.isin([m for m, aside in zip(self.months, self.set_aside, strict=True) if not aside])
            )
        return table

    def as_series(self) -> Chosen:
        """The same choice for comparing months: without the categories that a series leaves out."""
        return self if self.series else replace(self, series=True)

    @functools.cached_property
    def _sums(self) -> dict[str, Any]:
        table = self.rows()
        row = table.aggregate(
            n=table.count(),
            police=(table.origin == "police-generated").sum(),
            unknown=(table.origin == "unknown").sum(),
        )
        found: dict[str, Any] = self.records.arrow(row).to_pylist()[0]
        return found

    @property
    def count(self) -> int:
        """How many records were chosen."""
        return int(self._sums["n"])

    def nothing(self) -> Message:
        """The sentence for a choice that holds no record."""
        if self.aside.left_out or self.aside.parts or self.set_aside.any():
            return msg(
                "nothing is left of {place} from {since:month} to {until:month} once suspected recording events are set "
                "aside: choose other months, or another category",
                place=self.place, since=self.months[0], until=self.months[-1],
            )  # fmt: skip
        return msg(
            "there is no such record in {place} from {since:month} to {until:month}: choose more months, another category "
            "or a larger area",
            place=self.place, since=self.months[0], until=self.months[-1],
        )  # fmt: skip

    # -- months -------------------------------------------------------------------------------------------------------

    @functools.cached_property
    def monthly(self) -> Ints:
        """Records a month, those set aside too, shape (months,)."""
        table = self.rows(whole=True)
        got = self.records.arrow(table.group_by("month").aggregate(n=table.count()))
        at = {m: i for i, m in enumerate(self.months)}
        out = np.zeros(len(self.months), np.int64)
        for month, n in zip(got["month"].to_pylist(), got["n"].to_pylist(), strict=True):
            out[at[month]] = n
        return out

    @property
    def days(self) -> Floats:
        """Days of each month."""
        starts = np.array([*self.months, _after(self.months[-1])], "datetime64[M]").astype("datetime64[D]")
        return np.diff(starts).astype(float)

    @property
    def first_day(self) -> np.datetime64:
        return np.datetime64(self.months[0], "D")

    @property
    def end_day(self) -> np.datetime64:
        """The day after the last."""
        return np.datetime64(_after(self.months[-1]), "D")

    @functools.cached_property
    def extent(self) -> tuple[np.datetime64, np.datetime64]:
        """The first and the last day on which the force has any record of these kinds: an extract may begin or end inside a
        month, and days that it doesn't cover are not empty ones."""
        table = self.records.counted(self.force, self.months[0], self.months[-1])
        table = table.filter(table.kind.isin(list(self.kinds)) & table.precision.isin(["instant", "day"]))
        row = self.records.arrow(table.aggregate(a=table.occurred_from.min(), b=table.occurred_from.max())).to_pylist()[0]
        if row["a"] is None:
            raise Refused(msg("none of these records knows its day: choose months, or ingest an extract that holds days"))
        return np.datetime64(row["a"], "D"), np.datetime64(row["b"], "D")

    @functools.cached_property
    def daily(self) -> tuple[Ints, npt.NDArray[np.datetime64]]:
        """Records a day over :attr:`extent`, and the days. Raises ``Refused`` across months that are set aside."""
        if self.set_aside.any():
            raise Refused(
                msg(
                    "days and weeks can't be read across months that are set aside as a recording event: choose months "
                    "after it"
                )
            )
        first, last = self.extent
        table = self.rows()
        table = table.filter(table.precision.isin(["instant", "day"]))
        table = table.mutate(day=table.occurred_from.date())
        got = self.records.arrow(table.group_by("day").aggregate(n=table.count()))
        at = np.asarray(got["day"].to_pylist(), "datetime64[D]") - first
        values = np.zeros(int((last - first).astype(int)) + 1, np.int64)
        np.add.at(values, at.astype(int), np.asarray(got["n"].to_numpy(), np.int64))
        return values, first + np.arange(len(values))

    # -- what misleads ------------------------------------------------------------------------------------------------

    @functools.cached_property
    def events_found(self) -> tuple[Finding, ...]:
        """Suspected or confirmed recording events that touch the chosen months and category."""
        found = self.records.findings(self.force, until=self.months[-1])
        by_kind = held_kinds(self.records, self.force)
        mine = {self.analysis.category} if self.analysis.category else {c for k in self.kinds for c in by_kind[k]}
        return tuple(
            f
            for f in found
            if f.kind == "recording-event"
            and f.standing != "rejected"
            and f.month is not None
            and f.month <= self.months[-1]
            and (f.until or f.month if f.shape == "passing" else f.month) >= self.months[0]
            and (f.category is None or f.category in mine)
        )

    @functools.cached_property
    def aside(self) -> Aside:
        """What recording events take out of the choice."""
        several = not self.analysis.category
        return set_aside(self.events_found, self.months, several=several, series=self.series)

    @property
    def set_aside(self) -> Bools:
        """Months of a passing recording event of all that is chosen, shape (months,)."""
        return self.aside.months

    @property
    def steps(self) -> tuple[Finding, ...]:
        """Lasting changes of the force's level that begin inside the chosen months, those left out of a series apart."""
        return tuple(
            f
            for f in self.events_found
            if f.shape == "step" and not f.areas and str(f.month) > self.months[0] and f.category not in self.aside.left_out
        )

    @property
    def turnovers(self) -> tuple[str, ...]:
        """Months, after the first, in which map points or street names were replaced."""
        return tuple(
            str(f.month)
            for f in self.events_found
            if f.shape == "turnover" and not f.areas and str(f.month) > self.months[0]
        )

    @property
    def broken(self) -> tuple[str, ...]:
        """Areas whose level broke with their map points inside the chosen months."""
        return tuple(sorted({a for f in self.events_found if str(f.month) > self.months[0] for a in f.areas}))

    def usable(self, *, steps: bool = False) -> Bools:
        """Months that count; with ``steps`` only those after the last lasting change of level."""
        keep = ~self.set_aside
        if steps:
            for f in self.steps:
                keep &= np.array([m >= str(f.month) for m in self.months])
        return keep

    def refuse_points_across(self, what: Message) -> None:
        """Refuses a series at map points across the month in which the points were replaced."""
        if self.turnovers:
            raise Refused(
                msg(
                    "{what}: the list of map points was replaced in {month:month}, so a point before it and a point after "
                    "it are not the same place; choose months up to {before:month}, or from {month:month} on",
                    what=what, month=self.turnovers[0], before=_before(self.turnovers[0]),
                )
            )  # fmt: skip

    def series_check(self, what: Message) -> tuple[Check, ...]:
        """For a series of a few areas: refused where much of it lies in areas whose level broke with their map points;
        else a check that says what to beware of."""
        if self.codes is None or not self.turnovers:
            return ()
        mine = [a for a in self.broken if a in set(self.codes)]
        if mine:
            areas = self.areas()
            at = np.array([a in set(mine) for a in areas.codes])
            share = float(areas.counts[at].sum()) / max(1, int(areas.counts.sum()))
            if share >= BROKEN_SHARE:
                raise Refused(
                    msg(
                        "{what}: the list of map points was replaced in {month:month} and the level of {areas:list} broke "
                        "with it, which is no change in what happened; choose months up to {before:month}, or from "
                        "{month:month} on, or a larger area",
                        what=what, month=self.turnovers[0], before=_before(self.turnovers[0]),
                        areas=[self.name(a) for a in mine[:5]],
                    )
                )  # fmt: skip
        return (
            Check(
                "map-points",
                False,
                msg(
                    "Map points were replaced in {month:month}: records moved between areas, so a change of a small area "
                    "in that very month may be none.",
                    month=self.turnovers[0],
                ),
            ),
        )

    def refuse_police_generated(self, what: Message) -> None:
        """Refuses to point at places to come from records of police activity."""
        if self.police_generated:
            raise Refused(
                msg(
                    "{what} takes nothing that records police activity, as {category:low} does: it would send police to "
                    "where police were",
                    what=what, category=self._category_title(),
                )
            )  # fmt: skip

    @property
    def police_generated(self) -> bool:
        """Whether most of the records, or the category itself, say what the police did."""
        slug = self.analysis.category
        share = self._sums["police"] / max(1, self.count)
        return share > 0.5 or bool(slug and not catalogue.category(slug).targets)

    def _category_title(self) -> Message:
        slug = self.analysis.category
        return catalogue.category(slug).title if slug else msg("most of what is chosen")

    def checks(self) -> tuple[Check, ...]:
        """What a reader of any figure of these records must know."""
        out = []
        if self.police_generated:
            words = msg("{category} records what the police did and not what happened.", category=self._category_title())
            out.append(Check("police-generated", False, words))
        elif self._sums["unknown"] > 0.5 * self.count:
            words = msg("Most of these records don't say who reported: some may come from police activity.")
            out.append(Check("origin", False, words))
        out += self.aside.checks(self.months)
        for step in self.steps:
            words = msg(
                "The level of {category:low} changed for good in {month:month} in a way that suggests another way of "
                "recording.",
                category=catalogue.category(step.category).title if step.category else msg("all records"),
                month=step.month,
            )
            out.append(Check("recording-step", False, words))
        return tuple(out)

    # -- areas --------------------------------------------------------------------------------------------------------

    @functools.cached_property
    def _by_area(self) -> tuple[list[Any], list[str], Ints, Floats, Floats, list[Any]]:
        """Area, month, count, mean easting and northing, vintage, of the whole force's chosen records."""
        table = self.rows(everywhere=True)
        grouped = table.group_by(["lsoa", "month", "lsoa_vintage"]).aggregate(
            n=table.count(), e=table.easting.mean(), no=table.northing.mean()
        )
        got = self.records.arrow(grouped)
        e, north = (np.asarray(got[c].to_numpy(zero_copy_only=False), float) for c in ("e", "no"))
        n = np.asarray(got["n"].to_numpy(), np.int64)
        return got["lsoa"].to_pylist(), got["month"].to_pylist(), n, e, north, got["lsoa_vintage"].to_pylist()

    @functools.cached_property
    def _areas(self) -> AreaCounts:
        lsoa, month, n, e, north, vintage = self._by_area
        self._one_census(lsoa, month, vintage)
        held = sorted({a for a in lsoa if a is not None})
        if not held:
            raise Refused(
                msg(
                    "these records have no area codes: load boundaries (GeoJSON) with forestall places add, so that points "
                    "give the areas, or map a column to lsoa"
                )
            )
        at = {a: i for i, a in enumerate(held)}
        m_at = {m: i for i, m in enumerate(self.months)}
        here = np.array([a is not None for a in lsoa])
        a_i = np.array([at.get(a, 0) for a in lsoa], np.int64)
        m_i = np.array([m_at[m] for m in month], np.int64)
        counts = np.zeros((len(held), len(self.months)), np.int64)
        np.add.at(counts, (a_i[here], m_i[here]), n[here])
        if self.places is None:
            sums = np.zeros((3, len(held)))
            good = here & np.isfinite(e)
            for row, values in enumerate((e * n, north * n, n.astype(float))):
                np.add.at(sums[row], a_i[good], values[good])
            with np.errstate(invalid="ignore", divide="ignore"):
                places = Places.from_points(held, sums[0] / sums[2], sums[1] / sums[2])
            keep = stray.own(counts.sum(1)) if self.codes is None else np.ones(len(held), bool)
            wanted = self.codes or tuple(a for a, k in zip(held, keep, strict=True) if k)
        else:
            places = self.places
            wanted = self.codes or places.force_areas(self.force) or tuple(a for a in held if a in places.level())
        level = places.level("lsoa")
        if not any(a in at for a in wanted) and self.codes is None:
            raise Refused(
                msg(
                    "none of the {n:count} areas loaded is in these records, whose codes look like {code}: load places of "
                    "the same census with forestall places add",
                    n=len(wanted), code=held[0],
                )
            )  # fmt: skip
        out = np.zeros((len(wanted), len(self.months)), np.int64)
        for i, code in enumerate(wanted):
            if code in at:
                out[i] = counts[at[code]]
        chosen = self.codes is not None
        elsewhere = 0 if chosen else int(n.sum() - out.sum())
        rows = np.array([level.index(c) if c in level else -1 for c in wanted], np.int64)
        if (rows < 0).any():  # codes without a place, where places come from the records' own points
            keep = rows >= 0
            out, rows = out[keep], rows[keep]
            wanted = tuple(c for c, k in zip(wanted, keep, strict=True) if k)
        names = tuple(named(places.name(c), places.name(c, "cy")) for c in wanted)
        return AreaCounts(tuple(wanted), names, out, level, rows, elsewhere)

    def areas(self) -> AreaCounts:
        """Counts of the chosen areas, or of the force's own, those without a record included. Raises ``Refused`` where
        records have no area codes, or codes of two censuses."""
        return self._areas

    def _one_census(self, lsoa: list[Any], month: list[str], vintage: list[Any]) -> None:
        used: dict[str, list[str]] = {}
        for a, m, v in zip(lsoa, month, vintage, strict=True):
            if a is not None and v:
                used.setdefault(v, []).append(m)
        if len(used) > 1:
            last, first = max(used[min(used)]), min(used[max(used)])
            raise Refused(
                msg(
                    "these months have area codes of two censuses, which are not the same areas: choose months up to "
                    "{last:month}, or from {first:month} on",
                    last=last, first=first,
                )
            )  # fmt: skip

    def name(self, code: str) -> Message:
        if self.places is None:
            return named(code)
        return named(self.places.name(code), self.places.name(code, "cy"))

    def geojson(self, codes: Iterable[str], tolerance: float = 40.0) -> dict[str, Any]:
        """The areas as GeoJSON with ``code``, ``name`` and ``name_cy`` alone."""
        from forestall.places.shapes import feature_collection

        collection = feature_collection(self.areas().level, tolerance, list(codes))
        for f in collection["features"]:
            f["properties"] = {k: f["properties"][k] for k in ("code", "name", "name_cy")}
        return collection

    # -- events -------------------------------------------------------------------------------------------------------

    def events(self, fields: tuple[str, ...] = ()) -> Events:
        """The chosen records one by one. Points that can't be in the United Kingdom count as none."""
        table = self.rows()
        got = self.records.arrow(
            table.select("occurred_from", "occurred_to", "precision", "easting", "northing", *fields, "part", "line")
            .order_by(["occurred_from", "part", "line"])
            .drop("part", "line")
        )  # fmt: skip

        def times(name: str) -> npt.NDArray[np.datetime64]:
            return np.asarray(got[name].to_numpy(zero_copy_only=False)).astype("datetime64[us]")

        x, y = (np.asarray(got[c].to_numpy(zero_copy_only=False), float) for c in ("easting", "northing"))
        inside = (x >= UK_BNG[0]) & (x <= UK_BNG[2]) & (y >= UK_BNG[1]) & (y <= UK_BNG[3]) & ((x > 0) | (y > 0))
        x, y = np.where(inside, x, np.nan), np.where(inside, y, np.nan)
        precision = np.asarray(got["precision"].to_pylist(), dtype=np.str_)
        more = {f: got[f].to_pylist() for f in fields}
        return Events(times("occurred_from"), times("occurred_to"), precision, x, y, more)

    def dated(self, events: Events, finest: tuple[str, ...] = ("instant", "day")) -> tuple[Events, tuple[Check, ...]]:
        """The events whose time is known finely enough, and a check that says how many were left out."""
        good = np.isin(events.precision, finest)
        return events.take(good), left_out(
            int((~good).sum()), len(events), msg("have no day, or no time where one is needed")
        )

    def placed(self, events: Events) -> tuple[Events, tuple[Check, ...]]:
        """The events with a point, and a check that says how many were left out. Raises ``Refused`` where none is left."""
        good = np.isfinite(events.x) & np.isfinite(events.y)
        if not good.any():
            raise Refused(
                msg("none of the {n:count} records chosen has a point: map columns to easting and northing", n=len(events))
            )
        return events.take(good), left_out(int((~good).sum()), len(events), msg("have no point"))

    @property
    def ground(self) -> Any:
        """The chosen areas' outlines as one shapely geometry in metres; None where no boundaries are loaded."""
        import shapely

        if self.places is None:
            return None
        areas = self.areas()
        shapes = areas.level.polygons
        if shapes is None or any(shapes[i] is None for i in areas.rows):
            return None
        return shapely.union_all([shapes[i] for i in areas.rows])


def left_out(n: int, of: int, why: Message) -> tuple[Check, ...]:
    """The check that says how many records are left out and why; none where none is."""
    if n == 0:
        return ()
    return (Check("left-out", False, msg("{n:count} of {of:count} records {why} and are left out.", n=n, of=of, why=why)),)


def choose(records: Records, places: Places | None, analysis: Analysis, *, series: bool = False) -> Chosen:
    """The records of an analysis; with ``series`` to compare months. Raises ``Refused`` for a force, category, kind, area
    or month that is not there."""
    forces = records.forces()
    if not forces:
        raise Refused(msg("these records hold no dated crime or incident: ingest some first"))
    force = analysis.force or forces[0]
    if force not in forces:
        raise Refused(
            msg("there are no records of the force {force}: these hold {forces:list}", force=repr(force), forces=forces[:8])
        )
    months = _months(records.months(force), analysis.since, analysis.until)
    kinds = _kinds(records, force, analysis)
    if places is not None:
        places = places.matching(_codes_used(records, force))
    codes, place = _where(records, places, force, months, analysis)
    return Chosen(records, places, analysis, force, months, kinds, codes, place, series)


def _months(held: tuple[str, ...], since: str, until: str) -> tuple[str, ...]:
    for name, month in (("since", since), ("until", until)):
        if month and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
            raise Refused(msg("{name} {month} is no month: write it as 2024-05", name=name, month=repr(month)))
        if month and not held[0] <= month <= held[-1]:
            raise Refused(
                msg(
                    "{name} {month} lies outside of the records, which run from {first} to {last}: give a month of those",
                    name=name, month=month, first=held[0], last=held[-1],
                )
            )  # fmt: skip
    months = months_between(since or held[0], until or held[-1])
    if not months:
        raise Refused(
            msg(
                "since {since} lies after until {until}: give the earlier month first", since=since, until=until or held[-1]
            )
        )
    return months


@functools.lru_cache(maxsize=16)
def held_kinds(records: Records, force: str) -> Mapping[str, tuple[str, ...]]:
    """Kinds of record that a force's records hold, each with its categories."""
    table = records.counted(force).select("kind", "category").distinct()
    out: dict[str, list[str]] = {}
    for row in records.arrow(table).to_pylist():
        out.setdefault(row["kind"], []).append(row["category"])
    return {k: tuple(sorted(v)) for k, v in sorted(out.items())}


def _kinds(records: Records, force: str, analysis: Analysis) -> tuple[str, ...]:
    held = held_kinds(records, force)
    if analysis.kind and analysis.kind not in held:
        raise Refused(
            msg(
                "there are no records of the kind {kind}: these hold {kinds:list}",
                kind=repr(analysis.kind),
                kinds=list(held),
            )
        )
    usual = tuple(k for k in held if k in ("crime", "asb")) or tuple(held)
    if not analysis.category:
        return (analysis.kind,) if analysis.kind else usual
    of = tuple(k for k in ((analysis.kind,) if analysis.kind else held) if analysis.category in held[k])
    if not of:
        known = sorted({c for k in ((analysis.kind,) if analysis.kind else held) for c in held[k]})
        raise Refused(
            msg(
                "there are no records of the category {category}: these hold {known:list}",
                category=repr(analysis.category), known=known,
            )
        )  # fmt: skip
    return of


def _where(
    records: Records, places: Places | None, force: str, months: tuple[str, ...], analysis: Analysis
) -> tuple[tuple[str, ...] | None, Message]:
    if analysis.hub and analysis.areas:
        raise Refused(msg("hub and areas are both given: give one of them"))
    if not analysis.hub and not analysis.areas:
        welsh = places.name(force, "cy") if places else force
        name = places.name(force) if places and force in places.levels.get("force", ()) else force.replace("-", " ").title()
        return None, named(name, "" if welsh == force else welsh)
    if analysis.hub:
        return _hub(places, force, analysis.hub)
    used = _codes_used(records, force)
    out: list[str] = []
    for code in analysis.areas:
        inside = places.within(code) if places else ()
        inside = inside or ((code,) if code in used else ())
        if not inside and places and places.find(code):
            raise Refused(
                msg(
                    "the area {code} is of another census than the records from {since:month} to {until:month}: give codes "
                    "that look like {example}",
                    code=repr(code), since=months[0], until=months[-1], example=min(used, default="W01000001"),
                )
            )  # fmt: skip
        if not inside:
            raise Refused(
                msg(
                    "there is no area {code}: give codes that the records use, which look like {example}, or those of "
                    "loaded places",
                    code=repr(code), example=min(used, default="W01000001"),
                )
            )  # fmt: skip
        out += [a for a in inside if a not in out]
    shown = [(named(places.name(a), places.name(a, "cy")) if places else named(a)) for a in analysis.areas[:3]]
    more = len(analysis.areas) - len(shown)
    if more:
        return tuple(out), msg_n(
            "{areas} and {n:count} area more",
            "{areas} and {n:count} areas more",
            n=more,
            areas=msg("{areas:list}", areas=shown),
        )
    return tuple(out), msg("{areas:list}", areas=shown)


def _hub(places: Places | None, force: str, hub: str) -> tuple[tuple[str, ...], Message]:
    if places is None or "lad" not in places.levels:
        raise Refused(
            msg(
                "no local authorities are loaded, so there is no hub {hub}: load places with forestall places add",
                hub=repr(hub),
            )
        )
    level = places.level("lad")
    mine = set(places.force_areas(force, "lad")) or set(level.codes)
    known = {c: places.name(c) for c in level.codes if c in mine}
    wanted = hub.casefold()
    code = next(
        (c for c, n in known.items() if wanted in (c.casefold(), n.casefold(), places.name(c, "cy").casefold())), None
    )
    if code is None:
        raise Refused(msg("there is no hub {hub}: choose one of {known:list}", hub=repr(hub), known=sorted(known.values())))
    return places.within(code), named(places.name(code), places.name(code, "cy"))


@functools.lru_cache(maxsize=16)
def _codes_used(records: Records, force: str) -> frozenset[str]:
    table = records.counted(force).select("lsoa").distinct()
    return frozenset(c for c in records.arrow(table)["lsoa"].to_pylist() if c is not None)


def _after(month: str) -> str:
    return str(np.datetime64(month, "M") + 1)


def _before(month: str) -> str:
    return str(np.datetime64(month, "M") - 1)
