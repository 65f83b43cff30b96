"""The lists' curves and the map of hot spots as SVG, each drawn once for an answer, a language and a width."""

from __future__ import annotations

import functools
from collections import Counter

from forestall.report import charts, maps
from forestall.results.tasking import TaskingList, TaskingLists
from forestall.text import msg
from forestall.web.signals.pinned import Pinned
from forestall.web.tasking import present, selectors
from forestall.web.tasking.asked import Asked


class Drawn:
    """The pictures of one answer."""

    def __init__(self, held: Pinned, found: TaskingLists, language: str) -> None:
        self.held, self.found, self.language = held, found, language

    @functools.cached_property
    def curves(self) -> dict[str, str]:
        """A concentration curve for each list that has one."""
        return {part.name: self._curve(part) for part in self.found.lists if part.curve}

    def _curve(self, part: TaskingList) -> str:
        places = part.name == "hot-spots"
        subjects = msg("share of places, fullest first") if places else msg("share of people, those with most first")
        spec = charts.share_curve(part.curve, self.language, subjects=subjects, width=340)
        title = present.headline(part) or part.title
        return charts.chart_svg(spec, self.language, title, msg("The table below it has every figure."))

    @functools.cached_property
    def maps(self) -> tuple[str, str] | None:
        """Where the listed hot spots lie, for a desk and for a phone; None without places."""
        spots = next((part for part in self.found.lists if part.name == "hot-spots"), None)
        if spots is None or not spots.rows or self.held.places.version == "none":
            return None
        values: Counter[str] = Counter()
        for task in spots.rows:
            for area in task.areas[:1]:
                values[area] += task.records
        shown = frozenset(a for a in self.held.areas if not self.found.hub or self.held.hub_of.get(a) == self.found.hub)
        features = [f for f in self.held.geojson["features"] if f["properties"]["code"] in shown]
        if not features or not values:
            return None
        wide, narrow = (self._map(features, values, width) for width in (520, 350))
        return wide, narrow

    def _map(self, features: list[object], values: Counter[str], width: int) -> str:
        bands = maps.amount(values.values(), msg("records at the listed places"))
        bands = maps.Classes(
            (0.5, *bands.breaks), ("#f3f6f7", *bands.colours), (msg("none listed"), *bands.labels), bands.heading
        )
        every = {str(f["properties"]["code"]): float(values.get(f["properties"]["code"], 0)) for f in features}  # type: ignore[index]
        return maps.map_svg(
            {"type": "FeatureCollection", "features": features}, every, bands,
            title=msg("Map of the areas of the hot spots"), desc=msg("The list beside it names each place."),
            language=self.language, width=width, tallest=0.9,
        )  # fmt: skip


@functools.lru_cache(maxsize=32)
def drawn(held: Pinned, asked: Asked, language: str) -> Drawn:
    """The pictures of what was asked, after :func:`forestall.web.tasking.selectors.settled` let it through; the same in the
    same language is drawn once."""
    return Drawn(held, selectors.of(held, asked), language)
