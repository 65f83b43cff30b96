"""The planted truth: problems, responses and one recording change whose place, time and size are known.

Each is a factor on the model's mean: what falls is thinned, what rises is added, and counts are drawn like all others.
Where each lies is chosen from the map and the mean, the same for the same seed; no two touch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from forestall.sample.geography import Floats, Geography, Ints


@dataclass(frozen=True)
class Plant:
    """One planted thing.

    ``kind`` names it; ``role`` is problem, response or recording-change; ``signal`` is the kind of signal that should come
    of it (rising, concentrated), or None. ``factor`` applies to the areas from ``since`` to ``until`` (inclusive months),
    ``always`` to all months before and after too, ``also`` holds further (areas, factor) over the same months, as for
    displacement. ``areas`` () means the whole force.
    """

    kind: str
    role: str
    signal: str | None
    category: str
    areas: tuple[int, ...]
    since: str
    until: str
    factor: float
    text: str
    always: float = 1.0
    also: tuple[tuple[tuple[int, ...], float], ...] = ()
    groups: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def plants(place: Geography, categories: tuple[str, ...], months: tuple[str, ...], mean: Floats) -> tuple[Plant, ...]:
    """Everything that is planted in the force of this map. ``mean``: (C, A, T), the model's mean with nothing planted."""
    chooser = _Chooser(place, categories, mean)
    last = months[-1]
    out: list[Plant] = []

    heart = int(np.argmax(place.centrality))
    night = chooser.take(tuple(int(i) for i in place.nearest(2)[heart]))
    out.append(
        Plant(
            "night-time-economy",
            "problem",
            "concentrated",
            "violence-and-sexual-offences",
            night,
            months[0],
            last,
            1.5,
            "Violence around a handful of late bars in the middle of the city, on Friday and Saturday nights, in "
            "every month.",
        )
    )
    cars = chooser.zone("vehicle-crime", 6, where=place.centrality < 3.0)
    level = chooser.recent("vehicle-crime", cars)
    out.append(
        Plant(
            "rising-vehicle-crime",
            "problem",
            "rising",
            "vehicle-crime",
            cars,
            months[-3],
            last,
            3.0,
            "Thefts from vehicles in the car parks and streets around a station: always high there, and tripled in "
            "the last three months.",
            always=max(1.0, 21.0 / level),
        )
    )
    homes = chooser.zone("burglary", 4, where=(place.centrality < 1.0) & ~place.rural)
    out.append(
        Plant(
            "burglary-series",
            "problem",
            "rising",
            "burglary",
            homes,
            months[-2],
            last,
            1.0 + 18.0 / chooser.recent("burglary", homes),
            "A series of house burglaries: each soon after the last and close to it, always by the rear door after dark.",
        )
    )
    school = chooser.zone("anti-social-behaviour", 3, where=(place.centrality < 0.8) & ~place.rural, level=4.5)
    out.append(
        Plant(
            "school-route-asb",
            "problem",
            "rising",
            "anti-social-behaviour",
            school,
            "2025-09",
            last,
            3.0,
            "Young people on the way home from school gather at shops and a park: weekday afternoons in term, since "
            "the school year began.",
        )
    )
    works = chooser.zone("anti-social-behaviour", 4, where=~place.rural & (place.centrality < 2.2), level=5.5)
    out.append(
        Plant(
            "response-that-works",
            "response",
            None,
            "anti-social-behaviour",
            works,
            "2024-07",
            last,
            0.6,
            "A park was redesigned with residents and lit, with a youth worker on summer evenings: anti-social "
            "behaviour falls by two fifths and goes nowhere else.",
            groups={"comparison": chooser.like("anti-social-behaviour", works, 8)},
        )
    )
    moved = chooser.zone("vehicle-crime", 4, where=~place.rural & (place.centrality < 2.2), level=1.5)
    ring = chooser.ring(moved, 6)
    inside, outside = chooser.recent("vehicle-crime", moved), chooser.recent("vehicle-crime", ring)
    out.append(
        Plant(
            "response-that-displaces",
            "response",
            None,
            "vehicle-crime",
            moved,
            "2024-04",
            last,
            0.4,
            "Patrols and cameras in four areas: vehicle crime falls there by three fifths, and as much appears in the "
            "areas around.",
            also=((ring, 1.0 + 0.6 * inside / outside),),
            groups={"displacement": ring, "comparison": chooser.like("vehicle-crime", moved, 8)},
        )
    )
    nothing = chooser.zone("public-order", 4, where=~place.rural & (place.centrality < 2.2), level=4.0)
    out.append(
        Plant(
            "response-that-does-nothing",
            "response",
            None,
            "public-order",
            nothing,
            "2024-10",
            last,
            1.0,
            "Leaflets and signs about public order: nothing changes.",
            groups={"comparison": chooser.like("public-order", nothing, 8)},
        )
    )
    out.append(
        Plant(
            "recording-change",
            "recording-change",
            None,
            "other-crime",
            (),
            "2023-06",
            last,
            2.4,
            "From this month breaches of court orders, until then kept in another system, are recorded as crimes: the "
            "count more than doubles everywhere at once, and nothing else changes.",
        )
    )
    return tuple(out)


def factors(place: Geography, categories: tuple[str, ...], months: tuple[str, ...], mean: Floats) -> Floats:
    """Factors (C, A, T) by which everything planted changes the mean."""
    out = np.ones_like(mean)
    for plant in plants(place, categories, months, mean):
        c = categories.index(plant.category)
        window = slice(months.index(plant.since), months.index(plant.until) + 1)
        areas = np.array(plant.areas or range(len(place.codes)))
        out[c, areas] *= plant.always
        out[c, areas, window] *= plant.factor
        for others, factor in plant.also:
            out[c, np.array(others), window] *= factor
        if plant.kind == "school-route-asb":
            holiday = np.array([t for t in range(window.start, window.stop) if months[t].endswith("-08")], dtype=np.int64)
            out[c][np.ix_(areas, holiday)] /= plant.factor
    return out


class _Chooser:
    """Chooses areas for plants: zones of nearest areas that no other plant has taken or touches."""

    def __init__(self, place: Geography, categories: tuple[str, ...], mean: Floats) -> None:
        self.categories = categories
        self.near = place.nearest(len(place.codes))
        self.rate = mean[:, :, -12:].mean(axis=2)
        self.polygons = np.array(place.polygons)
        self.free = np.ones(len(place.codes), dtype=bool)
        self.taken: set[int] = set()

    def recent(self, category: str, areas: tuple[int, ...]) -> float:
        """Expected records a month of ``areas`` together, over the last year."""
        return float(self.rate[self.categories.index(category), np.array(areas)].sum())

    def take(self, areas: tuple[int, ...]) -> tuple[int, ...]:
        """Takes these areas, and their surroundings out of the choice."""
        self.free[self.near[np.array(areas), :10].ravel()] = False
        self.taken.update(areas)
        return tuple(sorted(areas))

    def zone(self, category: str, size: int, where: Ints | object, level: float | None = None) -> tuple[int, ...]:
        """The ``size`` nearest areas around a free one: those with most records, or nearest to ``level`` a month each."""
        rate = self.rate[self.categories.index(category)]
        zones = self.near[:, :size]
        allowed = (self.free & np.asarray(where, dtype=bool))[zones].all(axis=1)
        total = rate[zones].sum(axis=1)
        merit = total if level is None else -np.abs(np.log(total / (size * level)))
        order = np.argsort(np.where(allowed, -merit, np.inf), kind="stable")
        best = next(i for i in order if self._whole(zones[i]))
        return self.take(tuple(int(i) for i in zones[best]))

    def _whole(self, areas: Ints) -> bool:
        """Whether areas lie in one piece."""
        import shapely

        return bool(shapely.union_all(self.polygons[areas]).geom_type == "Polygon")

    def ring(self, areas: tuple[int, ...], size: int) -> tuple[int, ...]:
        """The ``size`` areas nearest to a zone that are not in it, nor in any other."""
        rank = np.argsort(self.near, axis=1)[np.array(areas)].min(axis=0)
        order = [int(i) for i in np.argsort(rank, kind="stable") if int(i) not in self.taken]
        ring = tuple(sorted(order[:size]))
        self.take(ring)
        return ring

    def like(self, category: str, areas: tuple[int, ...], size: int) -> tuple[int, ...]:
        """``size`` free areas with rates nearest to those of ``areas``: fair comparisons."""
        rate = self.rate[self.categories.index(category)]
        target = np.log(rate[np.array(areas)].mean())
        gap = np.where(self.free, np.abs(np.log(rate) - target), np.inf)
        chosen = np.argsort(gap, kind="stable")[:size]
        self.free[chosen] = False
        self.taken.update(int(i) for i in chosen)
        return tuple(int(i) for i in np.sort(chosen))
