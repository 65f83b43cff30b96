"""What the files say, gathered by level before anything is worked out from it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from forestall.errors import ForestallError
from forestall.places.columns import Meaning, read_columns
from forestall.places.model import LEVELS, VINTAGES, Floats, Level
from forestall.places.project import in_uk_bng, in_uk_wgs84, to_bng
from forestall.places.source import Source

Values = dict[str, Any]
Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass
class Draft:
    """One level as given: code -> value, for each thing that a file gave. Later files replace; a name that stands
    beside a finer area (``LADNM`` in a table of LSOAs) only fills a gap."""

    key: str
    vintage: str | None = None
    codes: dict[str, None] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    names_cy: dict[str, str] = field(default_factory=dict)
    centroids: dict[str, tuple[float, float]] = field(default_factory=dict)
    population: dict[int, dict[str, float]] = field(default_factory=dict)
    households: dict[int, dict[str, float]] = field(default_factory=dict)
    parents: dict[str, dict[str, str]] = field(default_factory=dict)
    polygons: dict[str, Any] = field(default_factory=dict)

    @property
    def level(self) -> str:
        return "lsoa" if self.key in VINTAGES else self.key

    def to_level(self, codes: Iterable[str] | None = None) -> Level:
        kept = tuple(sorted(self.codes if codes is None else codes))

        def column(values: Mapping[str, float]) -> Floats:
            return np.array([values.get(c, math.nan) for c in kept], dtype=np.float64)

        polygons = tuple(self.polygons.get(c) for c in kept)
        centres = [self.centroids.get(c, (math.nan, math.nan)) for c in kept]
        return Level(
            name=self.level,
            codes=kept,
            names=tuple(self.names.get(c, "") for c in kept),
            names_cy=tuple(self.names_cy.get(c, "") for c in kept),
            easting=np.array([c[0] for c in centres], dtype=np.float64),
            northing=np.array([c[1] for c in centres], dtype=np.float64),
            parents={k: tuple(v.get(c, "") for c in kept) for k, v in sorted(self.parents.items())},
            population={y: column(v) for y, v in self.population.items() if v},
            households={y: column(v) for y, v in self.households.items() if v},
            polygons=polygons if any(p is not None for p in polygons) else None,
            vintage=self.vintage,
        )

    def take_in(self, other: Draft) -> None:
        """Adds what another draft of the same level says; where both say something, the other's stands."""
        self.codes.update(other.codes)
        self.names.update(other.names)
        self.names_cy.update(other.names_cy)
        self.centroids.update(other.centroids)
        self.polygons.update(other.polygons)
        _merge(self.population, other.population)
        _merge(self.households, other.households)
        _merge(self.parents, other.parents)

    @staticmethod
    def from_level(key: str, level: Level) -> Draft:
        codes = level.codes

        def counts(values: Floats) -> dict[str, float]:
            return {c: float(v) for c, v in zip(codes, values, strict=True) if not math.isnan(v)}

        def texts(values: Iterable[str]) -> dict[str, str]:
            return {c: v for c, v in zip(codes, values, strict=True) if v}

        centres = zip(codes, level.easting.tolist(), level.northing.tolist(), strict=True)
        return Draft(
            key=key,
            vintage=level.vintage,
            codes=dict.fromkeys(codes),
            names=texts(level.names),
            names_cy=texts(level.names_cy),
            centroids={c: (e, n) for c, e, n in centres if not math.isnan(e)},
            population={y: counts(v) for y, v in level.population.items()},
            households={y: counts(v) for y, v in level.households.items()},
            parents={k: texts(v) for k, v in level.parents.items()},
            polygons={c: p for c, p in zip(codes, level.polygons or (None,) * len(codes), strict=True) if p is not None},
        )


def _merge(into: dict[Key, dict[str, Value]], out: dict[Key, dict[str, Value]]) -> None:
    for key, values in out.items():
        into.setdefault(key, {}).update(values)


@dataclass
class Given:
    """All levels as given, and the pairs of a 2011 to 2021 lookup."""

    drafts: dict[str, Draft] = field(default_factory=dict)
    pairs: dict[tuple[str, str], None] = field(default_factory=dict)
    forces: tuple[str, ...] = ()

    def draft(self, key: str) -> Draft:
        if key not in self.drafts:
            self.drafts[key] = Draft(key, VINTAGES.get(key))
        return self.drafts[key]


def gather(given: Given, source: Source, level: str | None, vintage: str | None, columns: Mapping[str, Meaning]) -> str:
    """Adds what a file says to what is known; returns the key of the level that its rows are about.

    ForestallError where no column holds codes, a code stands twice with different values, or a number is none.
    """
    meanings = read_columns(list(source.columns), columns, source.file)
    own, key, year = _own_column(source, meanings, level, vintage)
    codes = source.columns[own]
    if key == "force":
        own = next((c for c, m in meanings.items() if m == Meaning("name", "force", m.year)), own)
        codes = [slug(c) for c in source.columns[own]]
    blank = next((i for i, c in enumerate(codes) if not c), None)
    if blank is not None:
        raise ForestallError(f"{source.file}, {source.lines[blank]}: no code in column {own}: mend or remove that row")
    draft = given.draft(key)
    if key not in VINTAGES and year and key in ("msoa",):
        draft.vintage = str(year)
    draft.codes.update(dict.fromkeys(codes))

    def put(into: Values, column: str, read: Callable[[str, str], Any] = lambda text, _: text) -> None:
        seen: dict[str, tuple[str, str]] = {}
        for code, text, line in zip(codes, source.columns[column], source.lines, strict=True):
            if not text:
                continue
            value = read(text, line)
            if code in seen and seen[code][0] != value:
                raise ForestallError(
                    f"{source.file}: {code} has {column} {seen[code][0]} in {seen[code][1]} and {value} in {line}: keep "
                    "one of the two"
                )
            seen[code] = (value, line)
            into[code] = value

    def number(text: str, line: str) -> float:
        try:
            value = float(text.replace(",", ""))
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value >= 0):
            raise ForestallError(f"{source.file}, {line}: {text!r} is no count of people or households: mend that row")
        return value

    for column, meaning in sorted(meanings.items(), key=lambda m: -m[1].rank):
        if column == own:
            if key == "force":
                put(draft.names, column, lambda text, _: text.removesuffix(" Police").removesuffix(" Constabulary"))
            continue
        match meaning:
            case Meaning("population", None, int(y)):
                put(draft.population.setdefault(y, {}), column, number)
            case Meaning("households", None, int(y)):
                put(draft.households.setdefault(y, {}), column, number)
            case Meaning("name" | "name_cy" as what, owner) if owner in (None, draft.level) and _mine(meaning, key):
                put(draft.names if what == "name" else draft.names_cy, column)
            case Meaning("code" | "name", "force"):
                # Membership of a force is taken from authorities (or policing areas); finer tables copy it unchecked.
                if (key in ("lad", "lpa") or column in columns) and _best_force(column, meanings):
                    put(draft.parents.setdefault("force", {}), column, lambda text, _: slug(text))
            case Meaning("code", "lsoa", int(y)) if key == "lsoa21" and y == 2011:
                texts = zip(source.columns[column], codes, strict=True)
                given.pairs.update(dict.fromkeys((a, b) for a, b in texts if a and a != b))
            case Meaning("code", str(owner)) if _higher(owner, draft.level):
                put(draft.parents.setdefault(owner, {}), column)
                _fill(given.draft(owner), source, column, meanings)
            case _:
                pass
    draft.names_cy.update({c: "" for c in codes if draft.names_cy.get(c) == draft.names.get(c)})
    _centres(draft, source, meanings, codes)
    return key


def _own_column(
    source: Source, meanings: Mapping[str, Meaning], level: str | None, vintage: str | None
) -> tuple[str, str, int | None]:
    """The column with the rows' own codes, the key of their level, and the year in its name."""
    found = [(c, m) for c, m in meanings.items() if m.what == "code"]
    plain = [c for c, m in found if m.level is None]
    named = [(c, m) for c, m in found if m.level is not None and (level is None or m.level == level)]
    if plain and (level is not None or not named):
        if level is None:
            raise ForestallError(
                f"{source.file}: column {plain[0]} holds codes of an unnamed level: say --level lsoa (or other)"
            )
        return plain[0], _key(level, vintage), int(vintage) if vintage else None
    named.sort(
        key=lambda f: (LEVELS.index(f[1].level or ""), -(f[1].year or 0) if not vintage else f[1].year != int(vintage))
    )
    if not named:
        wanted = f"codes of level {level}" if level else "area codes"
        raise ForestallError(
            f"{source.file} has no column with {wanted} among {', '.join(list(source.columns)[:12])}: name it with --level "
            "LEVEL --columns code=COLUMN"
        )
    column, meaning = named[0]
    year = meaning.year or (int(vintage) if vintage else None)
    return column, _key(meaning.level or "", str(year) if year in (2011, 2021) else None), year


def _key(level: str, vintage: str | None) -> str:
    if level != "lsoa" or vintage is None:
        return level
    return f"lsoa{vintage[-2:]}"


def _mine(meaning: Meaning, key: str) -> bool:
    """Whether a name is the rows' own: in a table with both vintages of LSOA, only the one of its key."""
    return meaning.level != "lsoa" or meaning.year is None or key not in VINTAGES or VINTAGES[key] == str(meaning.year)


def _higher(owner: str, level: str) -> bool:
    return LEVELS.index(owner) > LEVELS.index(level)


def _best_force(column: str, meanings: Mapping[str, Meaning]) -> bool:
    """A force's name gives its slug; its nine-character code only where there is no name."""
    force = {c: m for c, m in meanings.items() if m.level == "force"}
    named = [c for c, m in force.items() if m.what == "name"]
    return column == (named or list(force))[0]


def _fill(draft: Draft, source: Source, column: str, meanings: Mapping[str, Meaning]) -> None:
    """Codes of a higher level met in a finer table, and their names where none is known."""
    codes = source.columns[column]
    draft.codes.update(dict.fromkeys(c for c in codes if c))
    mine = meanings[column]
    for what, into in (("name", draft.names), ("name_cy", draft.names_cy)):
        for other, meaning in meanings.items():
            if meaning.what == what and meaning.level == mine.level and meaning.year == mine.year:
                for code, text in zip(codes, source.columns[other], strict=True):
                    if code and text:
                        into.setdefault(code, text)


def _centres(draft: Draft, source: Source, meanings: Mapping[str, Meaning], codes: list[str]) -> None:
    """Polygons, and centroids: a table's own; a point geometry's; else the polygon's (not a label point's)."""
    if source.shapes is not None:
        seen: dict[str, int] = {}
        for i, (code, shape) in enumerate(zip(codes, source.shapes, strict=True)):
            if shape is None:
                continue
            if code in seen and not shape.equals(source.shapes[seen[code]]):
                raise ForestallError(
                    f"{source.file}: {code} has two geometries, in {source.lines[seen[code]]} and {source.lines[i]}: "
                    "keep one"
                )
            seen[code] = i
            if shape.geom_type == "Point":
                draft.centroids[code] = (shape.x, shape.y)
            else:
                draft.polygons[code] = shape
        return
    column = {m.what: c for c, m in meanings.items() if m.what in ("lat", "lon", "easting", "northing")}
    for x, y, degrees in (("easting", "northing", False), ("lon", "lat", True)):
        if x not in column or y not in column:
            continue
        xs, ys = (_floats(source, column[w]) for w in (x, y))
        known = ~(np.isnan(xs) | np.isnan(ys))
        bad = np.flatnonzero(known & ~(in_uk_wgs84(xs, ys) if degrees else in_uk_bng(xs, ys)))
        if len(bad):
            i = int(bad[0])
            raise ForestallError(
                f"{source.file}, {source.lines[i]}: {column[x]} {xs[i]:.6g} and {column[y]} {ys[i]:.6g} lie outside the "
                "United Kingdom: check that the two are not swapped"
            )
        east, north = to_bng(xs, ys) if degrees else (xs, ys)
        for i in np.flatnonzero(known).tolist():
            draft.centroids[codes[i]] = (float(east[i]), float(north[i]))
        return


def _floats(source: Source, column: str) -> Floats:
    out = np.full(len(source), np.nan)
    for i, text in enumerate(source.columns[column]):
        if text:
            try:
                out[i] = float(text)
            except ValueError:
                raise ForestallError(
                    f"{source.file}, {source.lines[i]}: {column} {text!r} is no coordinate: mend that row"
                ) from None
    return out


def slug(force: str) -> str:
    """``Dyfed-Powys Police`` as ``dyfed-powys``, ``Devon & Cornwall`` as ``devon-and-cornwall``."""
    text = re.sub(r"\b(police|constabulary|service)\b", " ", force.lower().replace("&", " and "))
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")
