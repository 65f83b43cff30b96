"""The page's chart and map as SVG, each drawn once for an answer, a language and a width."""

from __future__ import annotations

import functools

from forestall.report import analysis_page
from forestall.results import AnalysisResult


class Drawn:
    """An answer with its pictures. ``charts`` and ``maps`` are None where there is none to show."""

    def __init__(self, result: AnalysisResult, language: str) -> None:
        self.result, self.language = result, language

    @functools.cached_property
    def charts(self) -> tuple[str, str] | None:
        """For a desk and for a phone."""
        if "chart" not in self.result.pictures:
            return None
        wide, narrow = (analysis_page.chart_svg(self.result, self.language, w) for w in (700, 340))
        return wide, narrow

    @functools.cached_property
    def maps(self) -> tuple[str, str] | None:
        """For a desk and for a phone."""
        if self.result.layer is None or "map" not in self.result.pictures:
            return None
        wide, narrow = (analysis_page.map_svg(self.result, self.language, w, 1.2) for w in (560, 350))
        return wide, narrow


_kept: dict[tuple[int, str], Drawn] = {}


def drawn(result: AnalysisResult, language: str) -> Drawn:
    """The same answer in the same language is drawn once."""
    key = (id(result), language)
    found = _kept.get(key)
    if found is None or found.result is not result:
        if len(_kept) > 64:
            _kept.clear()
        found = _kept[key] = Drawn(result, language)
    return found
