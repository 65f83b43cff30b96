"""An analysis: what was asked of the records, what a method answered, and how to see it as a chart, a map and a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from forestall.results.base import (
    Check,
    Column,
    Json,
    Provenance,
    Result,
    Table,
    messages_from_json,
    messages_to_json,
    read,
    register,
)
from forestall.results.figures import Figures
from forestall.text import Message, Name, msg


@dataclass(frozen=True)
class MapLayer:
    """What a map shades. ``geojson``: a FeatureCollection in WGS84 whose features have ``properties.code`` and ``name``.
    ``values``: by code, None where not known. ``scale``: ``amount`` (light to dark, bands chosen from the values),
    ``bands`` (values of 0, 1, 2 … with ``labels`` for each) or ``sides`` (values of -1, 0 and 1, likewise)."""

    geojson: Mapping[str, Any]
    values: Mapping[str, float | None]
    heading: Message
    scale: str = "amount"
    labels: tuple[Message, ...] = ()

    def to_json(self) -> Json:
        return {
            "geojson": dict(self.geojson),
            "values": dict(self.values),
            "heading": self.heading.to_json(),
            "scale": self.scale,
            "labels": messages_to_json(self.labels),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> MapLayer:
        heading, labels = Message.from_json(data["heading"]), messages_from_json(data["labels"])
        return MapLayer(data["geojson"], data["values"], heading, data["scale"], labels)


@register
@dataclass(frozen=True, kw_only=True)
class AnalysisResult(Result):
    """What one method of the bench answers on one choice of records.

    ``method``: its slug. ``title``: what was asked, of which records. ``figures``: what the methods on numbers answered,
    the one that matters first. ``shown``: the table to show where the figures' own speaks of numbers in place of names.
    ``layer``: the map, None where there is none. ``notes``: what the records can't tell here, or what was left out.
    ``asked``: the analysis as :meth:`forestall.analyse.bench.Analysis.to_json` writes it, defaults filled in.
    ``records``: how many records the answer rests on. ``pictures``: which a page shows, ``chart`` and ``map``.
    """

    type_name: ClassVar[str] = "analysis"

    method: str
    title: Message
    figures: tuple[Figures, ...]
    provenance: Provenance
    asked: Mapping[str, Any]
    records: int
    shown: Table | None = None
    layer: MapLayer | None = None
    notes: tuple[Message, ...] = ()
    checks: tuple[Check, ...] = field(default=())
    pictures: tuple[str, ...] = ("chart", "map")

    @property
    def main(self) -> Figures:
        """The figures that matter."""
        return self.figures[0]

    def table(self) -> Table:
        return self.main.table() if self.shown is None else self.shown

    def chart(self, language: str = "en") -> Json:
        return self.main.chart(language)

    def explain(self, language: str = "en") -> str:
        words = [f.explain(language) for f in self.figures] + [n.render(language) for n in self.notes]
        return " ".join(w.strip() for w in words)

    @property
    def all_checks(self) -> tuple[Check, ...]:
        """Those of the records, then those of the methods."""
        return (*self.checks, *(c for f in self.figures for c in f.checks))

    def to_json(self, language: str | None = None) -> dict[str, Any]:
        """As JSON that :func:`forestall.results.read` reads back; with a language, sentences for a reader stand beside."""
        out = {
            "type": self.type_name,
            "snapshot": self.provenance.snapshot,
            "method": self.method,
            "title": self.title.to_json(),
            "asked": dict(self.asked),
            "records": self.records,
            "figures": [f.to_json() for f in self.figures],
            "shown": None if self.shown is None else table_to_json(self.shown),
            "layer": None if self.layer is None else self.layer.to_json(),
            "pictures": list(self.pictures),
            "notes": messages_to_json(self.notes),
            "checks": [c.to_json() for c in self.checks],
            "provenance": self.provenance.to_json(),
        }
        if language:
            out["words"] = {
                "title": self.title.render(language),
                "explain": self.explain(language),
                "checks": [{"passed": c.passed, "text": c.text.render(language)} for c in self.all_checks],
            }
        return out

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> AnalysisResult:
        """Raises ``ValueError`` where a figure's method is not imported, or was another version."""
        figures = tuple(read(f) for f in data["figures"])
        return AnalysisResult(
            method=data["method"],
            title=Message.from_json(data["title"]),
            figures=tuple(f for f in figures if isinstance(f, Figures)),
            provenance=Provenance.from_json(data["provenance"]),
            asked=data["asked"],
            records=data["records"],
            shown=None if data["shown"] is None else table_from_json(data["shown"]),
            layer=None if data["layer"] is None else MapLayer.from_json(data["layer"]),
            notes=messages_from_json(data["notes"]),
            checks=tuple(Check.from_json(c) for c in data["checks"]),
            pictures=tuple(data["pictures"]),
        )


def table_to_json(table: Table) -> Json:
    """A table that :func:`table_from_json` reads back to the same."""
    return {
        "caption": None if table.caption is None else table.caption.to_json(),
        "columns": [
            {
                "name": c.name,
                "label": c.label.to_json(),
                "unit": None if c.unit is None else c.unit.to_json(),
                "numeric": c.numeric,
            }
            for c in table.columns
        ],
        "rows": [[_cell(v) for v in row] for row in table.rows],
    }


def table_from_json(data: Mapping[str, Any]) -> Table:
    def message(value: Any) -> Message | None:
        return None if value is None else Message.from_json(value)

    columns = tuple(
        Column(c["name"], Message.from_json(c["label"]), message(c["unit"]), c["numeric"]) for c in data["columns"]
    )
    rows = tuple(tuple(_read_cell(v) for v in row) for row in data["rows"])
    return Table(columns, rows, message(data["caption"]))


def named(name: str, welsh: str = "") -> Message:
    """A proper name as a cell or a part of a sentence."""
    return msg("{name}", name=Name(name, welsh))


def _cell(value: Any) -> Any:
    if isinstance(value, Message):
        return value.to_json()
    if isinstance(value, list | tuple):
        return [_cell(v) for v in value]
    if isinstance(value, float) and value != value:
        return None
    return value


def _read_cell(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Message.from_json(value)
    if isinstance(value, list):
        return tuple(_read_cell(v) for v in value)
    return value
