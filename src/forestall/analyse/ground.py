"""What a profile is worked out from: the rows of its areas and category, the counts elsewhere, and what is known of them.
Everything is read here, once, and only through ``forestall.records``."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from forestall import catalogue
from forestall.analyse import months as mm
from forestall.analyse.refused import Refused
from forestall.catalogue import analysis
from forestall.places import Places
from forestall.records import problem
from forestall.records.records import Records
from forestall.records.schema import months_between
from forestall.results import Finding, Signal
from forestall.text import Message, Name, msg

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
#: Months of history that are read before the window.
HISTORY = 60


@dataclass(frozen=True, eq=False)
class Ground:
    """``rows``: an Arrow table of the areas' records of the category, over ``months`` (the window and the history before
    it). ``area_codes`` and ``counts``: the category by area of the whole force and month, shape (areas, months).
    ``findings``: what the quality says of these months."""

    records: Records
    places: Places | None
    force: str
    category: str
    areas: tuple[str, ...]
    since: str
    until: str
    months: tuple[str, ...]
    public: bool
    seed: int
    signal: Signal | None
    rows: Any
    area_codes: tuple[str, ...]
    counts: Ints
    unplaced: int
    findings: tuple[Finding, ...]

    @functools.cached_property
    def filled(self) -> frozenset[str]:
        """The fields that the records fill, as a set of records declares them."""
        return self.records.filled()

    @functools.cached_property
    def inside(self) -> Bools:
        """Rows whose month lies in the window."""
        return np.asarray(self.month >= self.first, bool)

    @property
    def first(self) -> int:
        """Index of the window's first month in ``months``."""
        return self.months.index(self.since)

    @functools.cached_property
    def month(self) -> Ints:
        """Each row's month, as an index of ``months``."""
        at = {m: i for i, m in enumerate(self.months)}
        coded = self.rows["month"].combine_chunks().dictionary_encode()
        names = np.array([at[m] for m in coded.dictionary.to_pylist()], np.int64)
        return names[coded.indices.to_numpy()] if len(names) else np.zeros(0, np.int64)

    @functools.cached_property
    def sensitive(self) -> Bools:
        """Rows on domestic abuse, sexual offences or children."""
        import pyarrow as pa
        import pyarrow.compute as pc

        rule = analysis.sensitive()
        out = np.zeros(len(self.rows), bool)
        flags = self.rows["flags"].combine_chunks()
        if len(flags):
            bad = pc.is_in(pc.list_flatten(flags), pa.array(sorted(rule.flags))).to_numpy(zero_copy_only=False)
            out[pc.list_parent_indices(flags).to_numpy()[bad]] = True
        value, names = self.coded("offence_code")
        wrong = np.array([rule.has(None, n) for n in names], bool)
        out |= np.append(wrong, False)[value]
        return out

    @functools.cached_property
    def police(self) -> Bools:
        """Rows that the police themselves made."""
        value, names = self.coded("origin")
        out: Bools = np.append(np.array([n == "police-generated" for n in names], bool), False)[value]
        return out

    @functools.cached_property
    def listable(self) -> Bools:
        """Rows in the window that may point at a place: neither sensitive nor police-generated."""
        return self.inside & ~self.sensitive & ~self.police

    def coded(self, name: str) -> tuple[Ints, list[str]]:
        """A text column as codes and their names; -1, the last of any lookup, where it is empty."""
        import pyarrow.compute as pc

        column = self.rows[name].combine_chunks().dictionary_encode()
        index = pc.fill_null(column.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        names = column.dictionary.to_pylist()
        return index, names

    def times(self, name: str) -> npt.NDArray[np.datetime64]:
        """A column of times as datetime64[s], NaT where it is empty."""
        return np.asarray(self.rows[name].to_numpy(), "datetime64[s]")

    def numbers(self, name: str) -> npt.NDArray[np.float64]:
        """A column of numbers, NaN where it is empty."""
        return np.asarray(self.rows[name].to_numpy(), np.float64)

    @functools.cached_property
    def own(self) -> Ints:
        """Records a month in the areas together, over ``months``."""
        return np.bincount(self.month, minlength=len(self.months)).astype(np.int64)

    @functools.cached_property
    def here(self) -> Bools:
        """Which of ``area_codes`` are the problem's."""
        wanted = set(self.areas)
        return np.array([a in wanted for a in self.area_codes], bool)

    @property
    def count(self) -> int:
        """Records in the window."""
        return int(self.inside.sum())

    @property
    def targets(self) -> bool:
        """Whether the category may point at places at all: what police activity makes may not."""
        return catalogue.category(self.category).targets

    @functools.cached_property
    def events(self) -> tuple[Finding, ...]:
        """Recording events, not rejected, that touch the category, the areas and the months."""
        out = []
        for f in self.findings:
            if f.kind != "recording-event" or f.standing == "rejected":
                continue
            if f.category not in (None, self.category) or (f.areas and not set(f.areas) & set(self.areas)):
                continue
            if f.month is None or f.month <= self.until:
                out.append(f)
        return tuple(out)

    @functools.cached_property
    def aside(self) -> Bools:
        """Months of passing recording events, which are set aside."""
        out = np.zeros(len(self.months), bool)
        for f in self.events:
            if f.shape == "passing" and f.month is not None:
                out |= np.array([f.month <= m <= (f.until or m) for m in self.months], bool)
        return out

    @functools.cached_property
    def start(self) -> int:
        """Index of the month from which the series is one: after the last lasting break of its own areas or category."""
        last = 0
        for f in self.events:
            lasting = f.shape == "step" or (f.shape == "turnover" and f.areas)
            if lasting and f.month is not None and self.months[0] < f.month <= self.until:
                last = max(last, self.months.index(f.month))
        return last

    def replaced(self) -> Finding | None:
        """The recording event by which locations were replaced inside of the window, or None."""
        inside = [f for f in self.events if f.shape == "turnover" and f.month and self.since < f.month <= self.until]
        return inside[0] if inside else None

    @functools.cached_property
    def snapped(self) -> bool:
        """Whether locations are police.uk's anonymous map points and not places."""
        return {p.source for p in self.records.manifest.parts} == {"police-uk"}


def lay(
    records: Records,
    places: Places | None,
    *,
    signal: Signal | None,
    areas: Sequence[str] | None,
    category: str | None,
    since: str | None,
    until: str | None,
    force: str | None,
    public: bool,
    seed: int,
) -> Ground:
    """Reads what a profile needs. Raises ``ForestallError`` where areas, category or months are not in the records."""
    if signal is not None:
        areas, category = signal.areas, signal.category
        since, until = since or signal.since, until or signal.until
    if not areas or category is None:
        raise Refused(msg("a profile is of a signal, or of areas and a category: give --signal, or --areas and --category"))
    force = force or (records.forces() or [""])[0]
    held = records.months(force)
    until = mm.check(until, "--until") if until else held[-1]
    since = mm.check(since, "--since") if since else max(mm.shift(until, -11), held[0])
    if since > until:
        raise Refused(
            msg("--since {since} lies after --until {until}: give the earlier month first", since=since, until=until)
        )
    if since < held[0] or until > held[-1]:
        raise Refused(
            msg(
                "{since} to {until} lies outside of the records, which run from {first} to {last}",
                since=since, until=until, first=held[0], last=held[-1],
            )
        )  # fmt: skip
    if category not in records.categories():
        raise Refused(
            msg(
                "there is no category {category} in these records: there are {known:list}",
                category=repr(category), known=list(records.categories()),
            )
        )  # fmt: skip
    begin = max(held[0], mm.shift(since, -HISTORY))
    months = months_between(begin, until)
    grouped = problem.by_area(records, category=category, force=force, since=begin, until=until)
    codes, counts, unplaced = _counts(grouped, months)
    if places is not None:
        places = places.matching(codes)
    chosen = _expanded(areas, places, codes)
    rows = problem.rows(records, areas=chosen, category=category, force=force, since=begin, until=until)
    return Ground(
        records, places, force, category, chosen, since, until, months, public, seed, signal, rows, codes, counts,
        unplaced, records.findings(force, until),
    )  # fmt: skip


def _counts(grouped: Any, months: tuple[str, ...]) -> tuple[tuple[str, ...], Ints, int]:
    lsoa, month, n = (grouped[c].to_pylist() for c in ("lsoa", "month", "n"))
    codes = tuple(sorted({a for a in lsoa if a is not None}))
    row, column = {a: i for i, a in enumerate(codes)}, {m: i for i, m in enumerate(months)}
    counts = np.zeros((len(codes), len(months)), np.int64)
    unplaced = 0
    for a, m, k in zip(lsoa, month, n, strict=True):
        if a is None:
            unplaced += k
        else:
            counts[row[a], column[m]] += k
    return codes, counts, unplaced


def _expanded(areas: Sequence[str], places: Places | None, codes: Sequence[str]) -> tuple[str, ...]:
    """The areas at the records' own level: a ward or local authority stands for the areas in it."""
    known, out = set(codes), []
    for area in areas:
        if area in known or (places is not None and area in places.level("lsoa")):
            out.append(area)
        elif places is not None and places.find(area) is not None:
            inside = places.within(area)
            if not inside:
                raise Refused(
                    msg("no area of the records lies in {area}: load the table of areas that names it", area=area)
                )
            out += inside
        else:
            raise Refused(
                msg(
                    "there is no area {area} among the records of this category or the places that are loaded: check the "
                    "code and its vintage",
                    area=repr(area),
                )
            )
    return tuple(sorted(set(out)))


def place_name(ground: Ground) -> Message:
    """What the areas are called together."""
    if ground.signal is not None:
        return ground.signal.place
    names = [area_name(ground, a) for a in ground.areas]
    several = list({n.en: n for n in names}.values())
    if len(several) <= 3:
        return msg("{names:list}", names=several)
    return msg("{names:list} and {n:count} more areas", names=several[:2], n=len(several) - 2)


def area_name(ground: Ground, code: str) -> Name:
    """An area's name, in both languages; its code where it has none."""
    if ground.places is None:
        return Name(code)
    english, welsh = ground.places.name(code), ground.places.name(code, "cy")
    return Name(english, welsh if welsh != english else "")
