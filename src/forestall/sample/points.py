"""Map points: the streets and named places at which the fictional records lie; a few of each area hold most of them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

from forestall.sample import names
from forestall.sample.geography import Floats, Geography, Ints


@functools.cache
def content() -> Mapping[str, Any]:
    """What fills the records (see content.yaml)."""
    import yaml

    text = resources.files("forestall.sample").joinpath("content.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Any] = yaml.safe_load(text)
    return loaded


@dataclass(frozen=True)
class Points:
    """P points, ordered by area.

    ``area``: index of the area; ``kind``: index into ``kinds``; ``weight``: (C, P), share of an area's records of each
    category that fall there, summing to 1 within an area; ``first``: where each area's points begin.
    """

    area: Ints
    easting: Floats
    northing: Floats
    street: tuple[str, ...]
    kind: Ints
    kinds: tuple[str, ...]
    weight: Floats
    first: Ints

    def draw(self, rng: np.random.Generator, category: int, area: Ints) -> Ints:
        """A point for each of these areas, by the weights of a category."""
        bounds = self.area + np.minimum(self._cumulative[category], 1.0 - 1e-9)
        at = np.searchsorted(bounds, area + rng.random(len(area)) * (1 - 2e-9), side="right")
        last = np.append(self.first[1:], len(self.area))[area] - 1
        return np.asarray(np.clip(at, self.first[area], last), dtype=np.int64)

    @functools.cached_property
    def _cumulative(self) -> Floats:
        total = np.cumsum(self.weight, axis=1)
        before = np.concatenate([np.zeros((len(total), 1)), total], axis=1)[:, self.first]
        return np.asarray(total - before[:, self.area], dtype=np.float64)


def points(seed: int, place: Geography, categories: tuple[str, ...]) -> Points:
    """The map points of the force of ``seed``."""
    import shapely

    rng = np.random.default_rng([seed, 4])
    premises: Mapping[str, Any] = content()["premises"]
    kinds = tuple(premises)
    plain = np.array([premises[k][0] for k in kinds], dtype=float)
    central = np.array([premises[k][1] for k in kinds], dtype=float)
    draws = np.array([[float(premises[k][2].get(c, 1.0)) for k in kinds] for c in categories])

    area, easting, northing = [], [], []
    for a, polygon in enumerate(place.polygons):
        n = int(np.clip(np.round(np.exp(rng.normal(np.log(20.0), 0.36))), 6, 60))
        x, y = _inside(rng, shapely, polygon, n, bool(place.rural[a]))
        order = np.lexsort((x, np.round(y / 250.0)))
        area.append(np.full(len(x), a))
        easting.append(x[order])
        northing.append(y[order])
    where = np.concatenate(area)
    size = len(where)
    first = np.searchsorted(where, np.arange(len(place.codes)))

    p = plain + central * np.clip(place.centrality, 0, 2.5)[where][:, None]
    p /= p.sum(axis=1, keepdims=True)
    kind = (p.cumsum(axis=1) < rng.random(size)[:, None]).sum(axis=1).clip(max=len(kinds) - 1)
    general = np.exp(rng.normal(0, 0.82, size))
    weight = general * np.exp(rng.normal(0, 0.45, (len(categories), size))) * draws[:, kind]
    totals = np.add.reduceat(weight, first, axis=1)
    weight = weight / totals[:, where]
    return Points(
        area=where,
        easting=np.asarray(np.round(np.concatenate(easting)), dtype=np.float64),
        northing=np.asarray(np.round(np.concatenate(northing)), dtype=np.float64),
        street=tuple(names.streets(rng, size)),
        kind=np.asarray(kind, dtype=np.int64),
        kinds=kinds,
        weight=weight,
        first=np.asarray(first, dtype=np.int64),
    )


def _inside(rng: np.random.Generator, shapely: Any, polygon: Any, n: int, rural: bool) -> tuple[Floats, Floats]:
    """``n`` places inside a polygon: all over a town's area, in two or three villages of a rural one."""
    west, south, east, north = polygon.bounds
    x, y = rng.uniform(west, east, n * 12), rng.uniform(south, north, n * 12)
    if rural:
        villages = rng.integers(0, 3, n * 12)
        x = x[villages] + rng.normal(0, 180, n * 12)
        y = y[villages] + rng.normal(0, 180, n * 12)
    inside = shapely.contains_xy(polygon, x, y)
    x, y = x[inside][:n], y[inside][:n]
    while len(x) < n:
        u, v = rng.uniform(west, east, 50), rng.uniform(south, north, 50)
        ok = shapely.contains_xy(polygon, u, v)
        x, y = np.append(x, u[ok])[:n], np.append(y, v[ok])[:n]
    return x, y
