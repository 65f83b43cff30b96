"""A method of the bench, as data: its name, the question that it answers, what it needs, its settings, and its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from forestall.analyse.chosen import Chosen
from forestall.analyse.setting import Setting
from forestall.results import Check, Figures, MapLayer, Table
from forestall.text import Message


@dataclass(frozen=True)
class Answer:
    """``figures``: the one that matters first. ``table``: to show in place of the figures' own. The rest as in
    :class:`~forestall.results.AnalysisResult`."""

    figures: tuple[Figures, ...]
    table: Table | None = None
    layer: MapLayer | None = None
    notes: tuple[Message, ...] = ()
    checks: tuple[Check, ...] = ()
    pictures: tuple[str, ...] = ("chart", "map")


Run = Callable[[Chosen, Mapping[str, Any], Callable[[str, int, int], None]], Answer]


@dataclass(frozen=True)
class Method:
    """``needs``: fields of the record schema, times with a precision (``occurred_from:day``); ``more`` adds what some
    settings need. ``gives``: names in :mod:`forestall.stats` whose results its figures are. ``most``: records above which a
    page refuses. ``ethics``: points at places to come, so that a workplace has to switch it on. ``targets``: refuses
    categories that record police activity. ``series``: compares months or days, and so leaves out a category with a
    recording event where several are chosen."""

    slug: str
    title: Message
    question: Message
    needs: frozenset[str]
    answer: Run
    gives: tuple[str, ...]
    settings: tuple[Setting, ...] = ()
    more: Callable[[Mapping[str, Any]], frozenset[str]] | None = None
    most: int = 2_000_000
    ethics: bool = False
    targets: bool = False
    series: bool = False

    def wants(self, settings: Mapping[str, Any]) -> frozenset[str]:
        return self.needs | (self.more(settings) if self.more else frozenset())
