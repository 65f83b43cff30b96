"""Areas as a hierarchy: what each is called, who lives there, where it lies and what lies beside it."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from forestall.errors import ForestallError
from forestall.text import Message, msg

Floats = npt.NDArray[np.float64]

#: Levels of areas, finest first. A local authority is a hub; ``lpa`` is a local policing area.
LEVELS = ("lsoa", "msoa", "ward", "lad", "lpa", "force", "region", "nation")
#: Levels that come in vintages. Where both are loaded they also stand under these keys.
VINTAGES = {"lsoa11": "2011", "lsoa21": "2021"}
#: Areas closer than this many metres touch: boundary files round their coordinates.
TOUCH = 1.0

NO_PLACES = msg(
    "No places are loaded: areas are the records' own codes, centroids come from their points, and counts stand in "
    "place of rates."
)


def _frozen(values: npt.ArrayLike) -> Floats:
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


@dataclass(frozen=True, eq=False)
class Level:
    """The areas of one level, in the order of their codes. All sequences are parallel to ``codes``.

    ``names_cy`` is '' where the Welsh name is the same or not known. ``easting`` and ``northing``: centroids, British
    National Grid metres, NaN where not known. ``parents``: level name -> code of the area above, '' where there is none.
    ``population`` and ``households``: year -> count, NaN where not known. ``polygons``: shapely geometries in metres
    (None for an area without one), or None where no area has one. ``vintage``: ``2011``, ``2021`` or None.
    """

    name: str
    codes: tuple[str, ...]
    names: tuple[str, ...]
    names_cy: tuple[str, ...]
    easting: Floats
    northing: Floats
    parents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    population: Mapping[int, Floats] = field(default_factory=dict)
    households: Mapping[int, Floats] = field(default_factory=dict)
    polygons: tuple[Any, ...] | None = None
    vintage: str | None = None

    def __post_init__(self) -> None:
        n = len(self.codes)
        put = functools.partial(object.__setattr__, self)
        put("easting", _frozen(self.easting))
        put("northing", _frozen(self.northing))
        for what in ("population", "households"):
            years = {int(y): _frozen(v) for y, v in sorted(getattr(self, what).items())}
            put(what, MappingProxyType(years))
        put("parents", MappingProxyType({k: tuple(v) for k, v in self.parents.items()}))
        columns: list[Any] = [self.names, self.names_cy, self.easting, self.northing, *self.parents.values()]
        columns += [*self.population.values(), *self.households.values()]
        columns += [] if self.polygons is None else [self.polygons]
        if any(len(c) != n for c in columns):
            raise ValueError(f"level {self.name}: every column must have {n} values")
        if len(set(self.codes)) != n:
            raise ValueError(f"level {self.name}: a code stands twice")

    def __len__(self) -> int:
        return len(self.codes)

    @functools.cached_property
    def _index(self) -> dict[str, int]:
        return {c: i for i, c in enumerate(self.codes)}

    def __contains__(self, code: object) -> bool:
        return code in self._index

    def index(self, code: str) -> int:
        """Where an area stands; ForestallError where the level has no such code."""
        try:
            return self._index[code]
        except KeyError:
            raise ForestallError(
                f"there is no area {code} at level {self.name}: check the code and its vintage, or load its file with "
                "forestall places add"
            ) from None

    def positions(self, codes: Iterable[str]) -> npt.NDArray[np.int32]:
        """Where each of ``codes`` stands; -1 where the level has no such code."""
        return np.array([self._index.get(c, -1) for c in codes], dtype=np.int32)

    def population_near(self, year: int) -> tuple[int, Floats] | None:
        """The population of the loaded year nearest to ``year`` (the earlier of two equally near), with that year;
        None where no population is loaded."""
        if not self.population:
            return None
        nearest = min(self.population, key=lambda y: (abs(y - year), y))
        return nearest, self.population[nearest]

    def take(self, codes: Sequence[str]) -> Level:
        """The level cut to ``codes``, in their order."""
        at = [self.index(c) for c in codes]
        return replace(
            self,
            codes=tuple(codes),
            names=tuple(self.names[i] for i in at),
            names_cy=tuple(self.names_cy[i] for i in at),
            easting=self.easting[at],
            northing=self.northing[at],
            parents={k: tuple(v[i] for i in at) for k, v in self.parents.items()},
            population={y: v[at] for y, v in self.population.items()},
            households={y: v[at] for y, v in self.households.items()},
            polygons=None if self.polygons is None else tuple(self.polygons[i] for i in at),
        )


@dataclass(frozen=True, eq=False)
class Places:
    """All levels of areas, immutable.

    ``levels["lsoa"]`` is one vintage; where both are loaded ``lsoa11`` and ``lsoa21`` stand beside it, and
    :meth:`matching` chooses the one that a set of records uses. ``version``: hash of the content (``none`` where made
    from points). ``pairs``: (2011 code, 2021 code) from a lookup table, for :mod:`forestall.places.crosswalk`.
    """

    levels: Mapping[str, Level]
    version: str
    notes: tuple[Message, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", MappingProxyType(dict(self.levels)))

    def level(self, name: str = "lsoa") -> Level:
        """A level by its name; ForestallError where it is not loaded."""
        if name not in self.levels:
            have = ", ".join(self.levels) or "none"
            raise ForestallError(
                f"the level {name} is not loaded (there are: {have}): load its file with forestall places add"
            )
        return self.levels[name]

    @functools.cached_property
    def _where(self) -> dict[str, tuple[Level, int]]:
        out: dict[str, tuple[Level, int]] = {}
        for level in self.levels.values():
            for i, code in enumerate(level.codes):
                out.setdefault(code, (level, i))
        return out

    def find(self, code: str) -> Level | None:
        """The level that an area belongs to; None where the code is not known."""
        return self._where[code][0] if code in self._where else None

    def name(self, code: str, language: str = "en") -> str:
        """What an area is called, in English or Welsh; the code itself where no name is loaded."""
        if code not in self._where:
            return code
        level, i = self._where[code]
        return (level.names_cy[i] if language == "cy" else "") or level.names[i] or code

    def parent(self, code: str, level: str) -> str | None:
        """The code of the area of ``level`` that an area lies in; None where not known."""
        if code not in self._where:
            return None
        at, i = self._where[code]
        return at.parents[level][i] or None if level in at.parents else None

    def within(self, code: str, level: str = "lsoa") -> tuple[str, ...]:
        """The areas of ``level`` that lie in an area of a higher level, in the order of the level."""
        at = self.level(level)
        if code in at:
            return (code,)
        inside = [i for column in at.parents.values() for i, parent in enumerate(column) if parent == code]
        return tuple(at.codes[i] for i in sorted(set(inside)))

    def force_areas(self, force: str, level: str = "lsoa") -> tuple[str, ...]:
        """All areas of ``level`` in a force's area, by its slug (``gwent``); () where membership is not loaded."""
        at = self.level(level)
        if level == "force":
            return (force,) if force in at else ()
        return tuple(c for c, f in zip(at.codes, at.parents.get("force", ()), strict=False) if f == force)

    def at(self, longitude: float, latitude: float, codes: Sequence[str] | None = None, level: str = "lsoa") -> str | None:
        """The code of the area of ``level`` that a point in degrees lies in, as :func:`forestall.places.holding.holding`
        tells it; None where it lies in none (of ``codes``, where given), or no outlines are loaded."""
        from forestall.places.holding import holding
        from forestall.places.project import to_bng

        easting, northing = to_bng(longitude, latitude)
        within = self.level(level)
        found = int(holding(within, np.atleast_1d(easting), np.atleast_1d(northing))[0])
        code = within.codes[found] if found >= 0 else None
        return code if codes is None or code in codes else None

    def matching(self, codes: Iterable[str]) -> Places:
        """The same places with ``lsoa`` set to the vintage that holds most of ``codes`` (the later where equal)."""
        wanted = set(codes)
        vintages = [self.levels[k] for k in VINTAGES if k in self.levels]
        if len(vintages) < 2 or not wanted:
            return self
        best = max(vintages, key=lambda v: (sum(c in v for c in wanted), v.vintage or ""))
        if best is self.levels["lsoa"]:
            return self
        return replace(self, levels={**self.levels, "lsoa": best})

    def nearest(self, level: str = "lsoa", k: int = 25, codes: Sequence[str] | None = None) -> npt.NDArray[np.int32]:
        """The ``k`` nearest areas of each area by centroid: int32 (n, min(k, n)); see :func:`nearest`.

        With ``codes`` only those areas count, and indices are positions in ``codes``.
        """
        at = self.level(level)
        rows = np.arange(len(at)) if codes is None else np.array([at.index(c) for c in codes], dtype=np.int64)
        return nearest(at.easting[rows], at.northing[rows], k)

    def neighbours(self, level: str = "lsoa") -> npt.NDArray[np.int32]:
        """Pairs of areas that touch (queen contiguity: a shared point is enough), int32 (m, 2), first < second, sorted.

        Areas within a metre count as touching, because boundary files round. ForestallError without boundaries.
        """
        at = self.level(level)
        if at.polygons is None:
            raise ForestallError(
                f"no boundaries are loaded for level {level}: load its GeoJSON with forestall places add, or use the "
                "nearest centroids"
            )
        return touching(at.polygons)

    def geojson(self, level: str = "lsoa", codes: Sequence[str] | None = None, tolerance: float = 130.0) -> dict[str, Any]:
        """A GeoJSON FeatureCollection in WGS84 for maps: see :func:`forestall.places.shapes.feature_collection`."""
        from forestall.places.shapes import feature_collection

        return feature_collection(self.level(level), tolerance, codes)

    @staticmethod
    def open(store: str | Path, version: str | None = None) -> Places | None:
        """The places of a store, or None where none are loaded; ``version`` asks for an earlier one that a result
        quotes."""
        from forestall.places.shelf import read

        return read(Path(store), version)

    def save(self, store: str | Path) -> None:
        """Writes the places into a store, whole or not at all, and makes them its current ones."""
        from forestall.places.shelf import write

        write(self, Path(store))

    @staticmethod
    def from_points(
        codes: Sequence[str],
        easting: npt.ArrayLike,
        northing: npt.ArrayLike,
        names: Sequence[str] | None = None,
    ) -> Places:
        """Places for records without any loaded: their own codes (level ``lsoa``), centroids in metres from their
        points (NaN where an area has none), no population."""
        blank = ("",) * len(codes)
        level = Level(
            "lsoa", tuple(codes), tuple(names) if names is not None else blank, blank,
            np.asarray(easting, dtype=np.float64), np.asarray(northing, dtype=np.float64),
        )  # fmt: skip
        return Places({"lsoa": level}, "none", (NO_PLACES,))


def nearest(easting: npt.ArrayLike, northing: npt.ArrayLike, k: int) -> npt.NDArray[np.int32]:
    """The ``k`` nearest of n points to each: int32 (n, min(k, n)), itself first, then by distance, ties by index.

    A point without coordinates has only itself, and is nobody's neighbour: the rest of its row is -1, as is the end of
    any row that runs out of points.
    """
    from scipy.spatial import cKDTree

    x, y = np.asarray(easting, dtype=np.float64), np.asarray(northing, dtype=np.float64)
    n = len(x)
    k = min(k, n)
    out = np.full((n, k), -1, dtype=np.int32)
    if n == 0 or k == 0:
        return out
    out[:, 0] = np.arange(n)
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if len(known) == 0:
        return out
    points = np.column_stack([x[known], y[known]])
    tree = cKDTree(points)
    want = min(k, len(known))
    rows = np.arange(len(known))
    ask = min(want + 8, len(known))
    while len(rows):
        _, found = tree.query(points[rows], k=ask)
        found = np.asarray(found).reshape(len(rows), ask)
        squared = ((points[found] - points[rows][:, None, :]) ** 2).sum(axis=2)
        squared[found == rows[:, None]] = -1.0
        order = np.lexsort((found, squared), axis=1)
        found, squared = np.take_along_axis(found, order, axis=1), np.take_along_axis(squared, order, axis=1)
        # A tie that runs on beyond what was asked for, or coincident points that hid the point itself: ask for more.
        settled = np.full(len(rows), ask == len(known)) | ((squared[:, 0] < 0) & (squared[:, want - 1] < squared[:, -1]))
        out[known[rows[settled]], :want] = known[found[settled, :want]]
        rows = rows[~settled]
        ask = min(ask * 2, len(known))
    return out


def touching(polygons: Sequence[Any]) -> npt.NDArray[np.int32]:
    """Pairs of polygons within :data:`TOUCH` metres of each other, int32 (m, 2), first < second, sorted."""
    import shapely

    shapes = np.array(polygons, dtype=object)
    have = np.flatnonzero([s is not None and not s.is_empty for s in shapes])
    tree = shapely.STRtree(shapes[have])
    pairs = have[tree.query(shapes[have], predicate="dwithin", distance=TOUCH).T]
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    ordered: npt.NDArray[np.int32] = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].astype(np.int32)
    return ordered
