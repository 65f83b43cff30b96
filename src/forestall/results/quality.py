"""The quality report: what was read, month by month, and what is wrong or merely so with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from forestall.results.base import Check, Column, Provenance, Result, Table, register
from forestall.results.finding import Finding
from forestall.text import msg, msg_n


@dataclass(frozen=True)
class SourceMonth:
    """Counts of one source and month. ``month`` None: rejected rows whose file does not tell the month."""

    source: str
    month: str | None
    rows: int
    rejects: int
    missing_location: int
    outside_area: int
    unknown_area_code: int
    duplicate_ids: int

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@register
@dataclass(frozen=True)
class QualityReport(Result):
    """Rows read and rejected, per source and month, and the findings."""

    type_name: ClassVar[str] = "quality"

    rows: int
    rejects: int
    by_source: tuple[SourceMonth, ...]
    findings: tuple[Finding, ...]
    provenance: Provenance
    checks: tuple[Check, ...] = ()
    reasons: Mapping[str, int] = dataclasses.field(default_factory=dict)

    def table(self) -> Table:
        columns = (
            Column("source", msg("Source")),
            Column("month", msg("Month")),
            Column("rows", msg("Rows"), None, True),
            Column("rejects", msg("Rejected"), None, True),
            Column("missing_location", msg("No location"), None, True),
            Column("outside_area", msg("Outside the area"), None, True),
            Column("unknown_area_code", msg("Unknown area code"), None, True),
            Column("duplicate_ids", msg("Repeated identifier"), None, True),
        )
        rows = tuple(tuple(dataclasses.astuple(s)) for s in self.by_source)
        return Table(columns, rows, msg("Records by source and month"))

    def chart(self, language: str = "en") -> Any:  # noqa: ARG002
        """Rows a month by source, with a rule at each month in which a suspected recording event begins."""
        rows = [{"source": s.source, "month": s.month, "rows": s.rows} for s in self.by_source if s.month]
        marks = sorted({f.month for f in self.findings if f.kind == "recording-event" and f.month})
        x = {"field": "month", "type": "ordinal", "title": None}
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
            "layer": [
                {
                    "data": {"values": rows},
                    "mark": {"type": "line", "point": True},
                    "encoding": {
                        "x": x,
                        "y": {"field": "rows", "type": "quantitative", "title": None},
                        "color": {"field": "source", "type": "nominal"},
                    },
                },
                {
                    "data": {"values": [{"month": m} for m in marks]},
                    "mark": {"type": "rule", "strokeDash": [4, 4]},
                    "encoding": {"x": x},
                },
            ],
        }

    def explain(self, language: str = "en") -> str:
        events = sum(f.kind == "recording-event" for f in self.findings)
        return " ".join(
            m.render(language)
            for m in (
                msg_n("{n:count} row was read", "{n:count} rows were read", self.rows),
                msg_n("and {n:count} was rejected.", "and {n:count} were rejected.", self.rejects),
                msg_n(
                    "{n:count} suspected recording event was found: it stays suspected until the force's crime and "
                    "incident registrar confirms or rejects it.",
                    "{n:count} suspected recording events were found: they stay suspected until the force's crime and "
                    "incident registrar confirms or rejects them.",
                    events,
                )
                if events
                else msg("No recording event is suspected."),
                msg(
                    "A change of recording that came slowly, or that left points and streets as they were in a single "
                    "area, can't be told from a change in crime and is not listed."
                ),
            )
        )

    def to_json(self, language: str | None = None) -> dict[str, Any]:
        return {
            "type": self.type_name,
            "snapshot": self.provenance.snapshot,
            "rows": self.rows,
            "rejects": self.rejects,
            "reject_reasons": dict(self.reasons),
            "by_source": [s.to_json() for s in self.by_source],
            "findings": [f.to_json(language) for f in self.findings],
            "provenance": self.provenance.to_json(),
            "checks": [c.to_json() for c in self.checks],
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> QualityReport:
        return QualityReport(
            rows=data["rows"],
            rejects=data["rejects"],
            by_source=tuple(SourceMonth(**s) for s in data["by_source"]),
            findings=tuple(Finding.from_json(f) for f in data["findings"]),
            provenance=Provenance.from_json(data["provenance"]),
            checks=tuple(Check.from_json(c) for c in data["checks"]),
            reasons=data["reject_reasons"],
        )
