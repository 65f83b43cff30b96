"""The fictional force area: an invented island in open sea, its towns, valleys and countryside, and who lives there.

Coordinates are British National Grid metres in the Celtic Sea, west of every real force's area, so that nothing here can be
taken for a real place. Codes begin with ``X``, which no real statistical area does. Areas tile the island: they are Voronoi
cells of seeds that lie dense in towns, clipped to the coastline.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from forestall.sample import names
from forestall.sample.names import Name

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

YEARS = tuple(range(2019, 2026))
CENTRE = (105_000.0, 196_000.0)
RADIUS = 22_800.0


@dataclass(frozen=True)
class _Town:
    """Where a town lies (in units of the island's radius), its number of LSOAs and its shape (length over breadth,
    degrees)."""

    x: float
    y: float
    size: int
    stretch: float = 1.0
    bearing: float = 0.0


@dataclass(frozen=True)
class _Authority:
    towns: tuple[_Town, ...]
    rural: int
    hardship: float


#: Five authorities after the pattern of a south Wales force: a port city, long valleys, a small upland, a new town, a vale.
AUTHORITIES = (
    _Authority((_Town(0.05, -0.55, 72, 1.5, 20), _Town(0.33, -0.66, 9), _Town(-0.20, -0.36, 8)), 6, 0.25),
    _Authority(
        (
            _Town(-0.42, -0.22, 24, 1.3, 80),
            _Town(-0.62, 0.06, 18, 4.0, 100),
            _Town(-0.44, 0.18, 17, 4.0, 95),
            _Town(-0.28, 0.02, 15, 3.5, 85),
            _Town(-0.66, -0.30, 14, 2.5, 60),
            _Town(-0.48, 0.48, 13, 3.0, 110),
        ),
        9,
        0.35,
    ),
    _Authority(
        (_Town(-0.10, 0.62, 17, 3.0, 100), _Town(-0.22, 0.34, 14, 3.5, 95), _Town(0.12, 0.50, 10, 2.0, 80)), 6, 0.55
    ),
    _Authority((_Town(0.08, -0.12, 36, 1.2, 70), _Town(0.00, 0.18, 11, 2.5, 90), _Town(0.16, -0.30, 8)), 5, 0.05),
    _Authority(
        (_Town(0.52, 0.12, 9), _Town(0.62, -0.28, 9, 1.5, 40), _Town(0.38, 0.48, 7), _Town(0.36, -0.16, 6)), 25, -0.8
    ),
)

#: Two local policing areas, each of whole authorities.
POLICING_AREAS = ((Name("West", "Gorllewin"), (1, 2)), (Name("East", "Dwyrain"), (0, 3, 4)))


@dataclass(frozen=True)
class Geography:
    """Areas (LSOA-like) of the fictional force and what is known of them. Arrays are in the order of ``codes``.

    ``parents``: higher level -> code per area. ``higher``: level -> {code: Name}. ``polygons``: shapely polygons in British
    National Grid metres that tile the island. ``population``: year -> residents. ``hardship``: standard scores, high is
    deprived. ``centrality``: 0 away from town centres, about 4 at the heart of the city. ``town``: index of the nearest
    town in ``towns``; ``rural``: true where the area is countryside.
    """

    codes: tuple[str, ...]
    names: tuple[Name, ...]
    parents: dict[str, tuple[str, ...]]
    higher: dict[str, dict[str, Name]]
    towns: tuple[Name, ...]
    easting: Floats
    northing: Floats
    polygons: tuple[Any, ...]
    population: dict[int, Floats]
    households: dict[int, Floats]
    hardship: Floats
    centrality: Floats
    town: Ints
    rural: npt.NDArray[np.bool_]

    def nearest(self, k: int) -> Ints:
        """Indices of the ``k`` areas nearest to each by centroid, itself first: shape (areas, k)."""
        d = np.hypot(self.easting[:, None] - self.easting, self.northing[:, None] - self.northing)
        return np.asarray(np.argsort(d, axis=1, kind="stable")[:, :k], dtype=np.int64)


def geography(seed: int) -> Geography:
    """The fictional force area of ``seed``: the plan is fixed, its detail (coast, streets, who lives where) is drawn."""
    import shapely
    from shapely.geometry import MultiPoint, Polygon

    rng = np.random.default_rng([seed, 1])
    coast = _coastline(rng)
    shapely.prepare(coast)
    xy, town, authority, rural = _seeds(rng, coast)
    cells = shapely.get_parts(shapely.voronoi_polygons(MultiPoint(xy), extend_to=coast.envelope))
    tree = shapely.STRtree(cells)
    owner = tree.query(shapely.points(xy), predicate="intersects")
    cell_of = np.empty(len(xy), dtype=np.int64)
    cell_of[owner[0]] = owner[1]
    polygons = [_largest(shapely.intersection(cells[i], coast), Polygon) for i in cell_of]
    centroids = shapely.get_coordinates(shapely.centroid(np.array(polygons)))

    order = _order(xy, authority)
    xy, town, authority, rural = centroids[order], town[order], authority[order], rural[order]
    polygons = [polygons[i] for i in order]
    n = len(order)

    parents, higher, area_names = _hierarchy(rng, xy, town, authority)
    centrality = _centrality(xy, town, rural)
    hardship = _hardship(rng, xy, authority, rural, centrality)
    size = np.exp(rng.normal(0, 0.19, n)) * np.where(rural, 1.12, 1.0)
    base = 1603.0 * size / size.mean()
    growth = np.array([0.009, 0.002, -0.001, 0.004, 0.006])[authority] + rng.normal(0, 0.004, n)
    population = {year: np.round(base * (1 + growth) ** (year - 2022)) for year in YEARS}
    per_home = 2.28 + rng.normal(0, 0.12, n) - 0.12 * np.clip(centrality, 0, 2)
    households = {year: np.round(p / per_home) for year, p in population.items()}
    return Geography(
        codes=tuple(f"X01{i + 1:06d}" for i in range(n)),
        names=area_names,
        parents=parents,
        higher=higher,
        towns=tuple(t for group in names.TOWNS for t in group),
        easting=xy[:, 0].copy(),
        northing=xy[:, 1].copy(),
        polygons=tuple(polygons),
        population=population,
        households=households,
        hardship=hardship,
        centrality=centrality,
        town=town,
        rural=rural,
    )


def _coastline(rng: np.random.Generator) -> Any:
    from shapely.geometry import Polygon

    angle = np.linspace(0, 2 * np.pi, 360, endpoint=False)
    r = np.ones_like(angle)
    for k in range(2, 26):
        r += rng.normal(0, 0.10 / k**0.95) * np.cos(k * angle + rng.uniform(0, 2 * np.pi))
    x = CENTRE[0] + RADIUS * r * np.cos(angle)
    y = CENTRE[1] + 0.97 * RADIUS * r * np.sin(angle)
    return Polygon(np.column_stack([x, y])).buffer(0)


def _largest(shape: Any, polygon: Any) -> Any:
    """A cell in one piece: islets that the coastline cuts off go to no area, as open water would."""
    return shape if isinstance(shape, polygon) else max(shape.geoms, key=lambda p: p.area)


def _seeds(rng: np.random.Generator, coast: Any) -> tuple[Floats, Ints, Ints, npt.NDArray[np.bool_]]:
    import shapely

    points: list[tuple[float, float]] = []
    town_of, authority_of, rural = [], [], []
    index = 0
    centres: list[tuple[float, float, int, int]] = []

    def free(x: float, y: float, gap: float) -> bool:
        if not shapely.contains_xy(coast, x, y):
            return False
        return all((x - u) ** 2 + (y - v) ** 2 >= gap * gap for u, v in points)

    for a, authority in enumerate(AUTHORITIES):
        for t in authority.towns:
            cx = CENTRE[0] + RADIUS * t.x + rng.normal(0, 350)
            cy = CENTRE[1] + RADIUS * t.y + rng.normal(0, 350)
            centres.append((cx, cy, a, index))
            spread = 340.0 * np.sqrt(t.size)
            along, across = spread * np.sqrt(t.stretch), spread / np.sqrt(t.stretch)
            turn = np.radians(t.bearing)
            placed, gap = 0, 430.0
            while placed < t.size:
                u, v = rng.normal(0, along * 0.62), rng.normal(0, across * 0.62)
                x, y = cx + u * np.cos(turn) - v * np.sin(turn), cy + u * np.sin(turn) + v * np.cos(turn)
                if placed == 0:
                    x, y = cx, cy
                if placed == 0 or free(x, y, gap):
                    points.append((x, y))
                    town_of.append(index)
                    authority_of.append(a)
                    rural.append(False)
                    placed += 1
                else:
                    gap = max(260.0, gap * 0.999)
            index += 1
    wanted = [authority.rural for authority in AUTHORITIES]
    gap = 2600.0
    xs = np.array(centres)
    while sum(wanted):
        x, y = CENTRE[0] + RADIUS * rng.uniform(-1.2, 1.2), CENTRE[1] + RADIUS * rng.uniform(-1.2, 1.2)
        near = int(np.argmin(np.hypot(xs[:, 0] - x, xs[:, 1] - y)))
        a = int(xs[near, 2])
        gap = max(1200.0, gap * 0.9995)
        if wanted[a] and free(x, y, gap):
            points.append((x, y))
            town_of.append(int(xs[near, 3]))
            authority_of.append(a)
            rural.append(True)
            wanted[a] -= 1
    return np.array(points), np.array(town_of), np.array(authority_of), np.array(rural)


def _order(xy: Floats, authority: Ints) -> Ints:
    """Areas in the order in which a statistics office numbers them: by authority, then group of neighbours."""
    order: list[int] = []
    for a in np.unique(authority):
        for group in _split(xy, np.flatnonzero(authority == a), 6):
            order.extend(int(i) for i in group)
    return np.array(order)


def _split(xy: Floats, members: Ints, most: int) -> list[Ints]:
    """Cuts a set of areas across its longer axis until no group has more than ``most``: compact groups of neighbours."""
    if len(members) <= most:
        return [members]
    p = xy[members] - xy[members].mean(axis=0)
    axis = np.linalg.svd(p, full_matrices=False)[2][0]
    ranked = members[np.argsort(p @ axis, kind="stable")]
    half = len(ranked) // 2
    return _split(xy, ranked[:half], most) + _split(xy, ranked[half:], most)


def _hierarchy(
    rng: np.random.Generator, xy: Floats, town: Ints, authority: Ints
) -> tuple[dict[str, tuple[str, ...]], dict[str, dict[str, Name]], tuple[Name, ...]]:
    n = len(xy)
    parents: dict[str, list[str]] = {level: [""] * n for level in ("msoa", "ward", "lad", "lpa", "force")}
    higher: dict[str, dict[str, Name]] = {level: {} for level in parents}
    area_names: list[Name] = [Name("")] * n
    group_no = ward_no = 0
    towns = [t for group in names.TOWNS for t in group]
    ward_names = names.wards(rng, 140)
    for a, name in enumerate(names.AUTHORITIES):
        members = np.flatnonzero(authority == a)
        lad = f"X06{a + 1:06d}"
        higher["lad"][lad] = name
        for number, group in enumerate(sorted(_split(xy, members, 6), key=min), start=1):
            group_no += 1
            msoa = f"X02{group_no:06d}"
            label = f"{number:03d}"
            local = towns[int(np.bincount(town[group]).argmax())]
            higher["msoa"][msoa] = Name(
                f"{name.en} {label} ({local.en})", f"{name.cy or name.en} {label} ({local.cy or local.en})"
            )
            for letter, i in zip("ABCDEF", np.sort(group), strict=False):
                parents["msoa"][i] = msoa
                area_names[i] = Name(f"{name.en} {label}{letter}", f"{name.cy} {label}{letter}" if name.cy else "")
        for group in _split(xy, members, 4):
            ward_no += 1
            ward = f"X05{ward_no:06d}"
            higher["ward"][ward] = ward_names[ward_no - 1]
            for i in group:
                parents["ward"][i] = ward
        for i in members:
            parents["lad"][i] = lad
            parents["force"][i] = "X23000001"
    for k, (name, authorities) in enumerate(POLICING_AREAS, start=1):
        code = f"X22{k:06d}"
        higher["lpa"][code] = Name(f"{names.FORCE.en} {name.en}", f"{name.cy} {names.FORCE.en}")
        for i in np.flatnonzero(np.isin(authority, authorities)):
            parents["lpa"][i] = code
    higher["force"]["X23000001"] = names.FORCE_TITLE
    return {level: tuple(codes) for level, codes in parents.items()}, higher, tuple(area_names)


def _centrality(xy: Floats, town: Ints, rural: npt.NDArray[np.bool_]) -> Floats:
    """How far an area is a town centre: falls off with distance from the middle of its town, scaled by the town's size."""
    out = np.zeros(len(xy))
    for t in np.unique(town):
        members = np.flatnonzero((town == t) & ~rural)
        middle = np.median(xy[members], axis=0)
        rank = np.argsort(np.argsort(np.hypot(*(xy[members] - middle).T), kind="stable"), kind="stable")
        reach = 1.0 + len(members) / 24.0
        out[members] = (0.9 + 0.8 * np.log(len(members) / 6.0)) * np.exp(-rank / reach) * 1.35
    return out


def _hardship(
    rng: np.random.Generator, xy: Floats, authority: Ints, rural: npt.NDArray[np.bool_], centrality: Floats
) -> Floats:
    """Deprivation: estates cluster over a kilometre or two, valleys and town centres are poorer, countryside is not."""
    d = np.hypot(xy[:, 0][:, None] - xy[:, 0], xy[:, 1][:, None] - xy[:, 1])
    k = np.exp(-((d / 1300.0) ** 2))
    field = (k @ rng.normal(size=len(xy))) / np.sqrt((k**2).sum(axis=1))
    base = np.array([a.hardship for a in AUTHORITIES])[authority]
    score = base + 0.75 * field + 0.5 * rng.normal(size=len(xy)) + 0.25 * np.clip(centrality, 0, 2) - 0.5 * rural
    return np.asarray((score - score.mean()) / score.std(), dtype=np.float64)
