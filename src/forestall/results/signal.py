"""A signal: a candidate problem that the records show, with the evidence for it; and a scan, the list of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from forestall.results.base import (
    Check,
    Column,
    Provenance,
    Result,
    Table,
    messages_from_json,
    messages_to_json,
    register,
)
from forestall.results.finding import Finding
from forestall.text import Message, msg, msg_n

KINDS = (
    "rising", "force-wide", "concentrated", "outlier", "near-repeat", "seasonal-return", "repeat-location", "repeat-victim",
    "repeat-suspect", "frequent-caller", "falling",
)  # fmt: skip
KIND_WORDS = {
    "rising": msg("rising"),
    "force-wide": msg("force-wide"),
    "concentrated": msg("concentrated"),
    "outlier": msg("outlier"),
    "near-repeat": msg("near repeats"),
    "seasonal-return": msg("season returning"),
    "repeat-location": msg("repeat location"),
    "repeat-victim": msg("repeat victim"),
    "repeat-suspect": msg("repeat suspect"),
    "frequent-caller": msg("frequent caller"),
    "falling": msg("falling"),
}
#: Kinds that are about one person: for users who may see persons' records, never for partners, never on a map.
PERSON_KINDS = frozenset({"repeat-victim", "repeat-suspect", "frequent-caller"})
#: Kinds that have no outline of their own on a map.
UNMAPPED_KINDS = PERSON_KINDS | {"force-wide"}


@dataclass(frozen=True)
class Series:
    """Monthly counts of a signal's areas and category. ``expected`` is None in months with no fitted expectation;
    ``masked`` marks months that were set aside as a recording event."""

    months: tuple[str, ...]
    observed: tuple[int, ...]
    expected: tuple[float | None, ...]
    masked: tuple[bool, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {k: list(v) for k, v in dataclasses.asdict(self).items()}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Series:
        return Series(
            tuple(data["months"]), tuple(data["observed"]), tuple(data["expected"]), tuple(data.get("masked", ()))
        )


@dataclass(frozen=True)
class Reason:
    """Another kind that points to the same problem: its own window, figures and sentence."""

    kind: str
    areas: tuple[str, ...]
    since: str
    until: str
    observed: int
    expected: float
    ratio: float
    p_value: float | None
    q_value: float | None
    established: bool
    why: Message

    @staticmethod
    def of(s: Signal) -> Reason:
        return Reason(
            s.kind, s.areas, s.since, s.until, s.observed, s.expected, s.ratio, s.p_value, s.q_value, s.established, s.why
        )

    def to_json(self, language: str | None = None) -> dict[str, Any]:
        out = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {**out, "areas": list(self.areas), "why": self.why.render(language) if language else self.why.to_json()}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Reason:
        return Reason(**{**data, "areas": tuple(data["areas"]), "why": Message.from_json(data["why"])})


@dataclass(frozen=True)
class Signal:
    """One candidate problem, or (``falling``) what has become less.

    ``areas``: area codes. ``since`` and ``until``: inclusive months of the window. ``observed`` and ``expected``: counts
    in the areas and window. ``interval``: 95 % interval of ``ratio``. ``p_value`` allows for all zones and windows of the
    category; ``q_value`` for all families within the kind; both None for ``concentrated``. ``harm``: harm weight of the
    excess (for concentrated: of all observed), in the scheme's unit, None where the scheme has no weight.
    ``details`` holds figures that only one kind has (JSON-able), such as ``share`` and ``persistence``. ``reasons``: other
    kinds that point to the same problem. ``subject``: ties a person's or place's signal to its next one; it is in the JSON
    that is read back and in none that a reader gets.
    """

    id: str
    kind: str
    category: str
    theme: str
    areas: tuple[str, ...]
    place: Message
    since: str
    until: str
    observed: int
    expected: float
    ratio: float
    interval: tuple[float, float]
    p_value: float | None
    q_value: float | None
    established: bool
    harm: float | None
    why: Message
    cautions: tuple[Message, ...]
    series: Series
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()
    subject: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Its own kind and those of its further reasons."""
        return tuple(dict.fromkeys((self.kind, *(r.kind for r in self.reasons))))

    @property
    def excess(self) -> float:
        return self.observed - self.expected

    def table(self) -> Table:
        """Its months as rows: recorded, expected, whether in the window, whether set aside."""
        columns = (
            Column("month", msg("Month")),
            Column("observed", msg("Recorded"), msg("count"), True),
            Column("expected", msg("Expected"), msg("count"), True),
            Column("in_window", msg("In the window")),
            Column("set_aside", msg("Set aside")),
        )
        s = self.series
        masked = s.masked or (False,) * len(s.months)
        rows = tuple(
            (month, n, e, self.since <= month <= self.until, m)
            for month, n, e, m in zip(s.months, s.observed, s.expected, masked, strict=True)
        )
        return Table(columns, rows, msg("Month by month"))

    def to_json(self, language: str | None = None) -> dict[str, Any]:
        """The signal as JSON. With a language, sentences are text for a reader; without, they can be read back."""
        if language:
            place: Any = self.place.render(language)
            why: Any = self.why.render(language)
            cautions: Any = [c.render(language) for c in self.cautions]
        else:
            place, why, cautions = self.place.to_json(), self.why.to_json(), messages_to_json(self.cautions)
        return {
            "id": self.id,
            "kind": self.kind,
            "category": self.category,
            "theme": self.theme,
            "areas": list(self.areas),
            "place": place,
            "since": self.since,
            "until": self.until,
            "observed": self.observed,
            "expected": self.expected,
            "ratio": self.ratio,
            "interval": list(self.interval),
            "p_value": self.p_value,
            "q_value": self.q_value,
            "established": self.established,
            "harm": self.harm,
            "why": why,
            "cautions": cautions,
            "series": self.series.to_json(),
            "details": dict(self.details),
            "reasons": [r.to_json(language) for r in self.reasons],
            **({"subject": self.subject} if self.subject and not language else {}),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Signal:
        return Signal(
            id=data["id"],
            kind=data["kind"],
            category=data["category"],
            theme=data["theme"],
            areas=tuple(data["areas"]),
            place=Message.from_json(data["place"]),
            since=data["since"],
            until=data["until"],
            observed=data["observed"],
            expected=data["expected"],
            ratio=data["ratio"],
            interval=(data["interval"][0], data["interval"][1]),
            p_value=data["p_value"],
            q_value=data["q_value"],
            established=data["established"],
            harm=data["harm"],
            why=Message.from_json(data["why"]),
            cautions=messages_from_json(data["cautions"]),
            series=Series.from_json(data["series"]),
            details=data["details"],
            reasons=tuple(Reason.from_json(r) for r in data.get("reasons", ())),
            subject=data.get("subject", ""),
        )


@register
@dataclass(frozen=True)
class Scan(Result):
    """The ranked signals of one scan, with the recording events that were set aside."""

    type_name: ClassVar[str] = "scan"

    signals: tuple[Signal, ...]
    events: tuple[Finding, ...]
    provenance: Provenance
    checks: tuple[Check, ...] = ()
    families: Mapping[str, int] = dataclasses.field(default_factory=dict)

    def table(self) -> Table:
        columns = (
            Column("id", msg("Signal")),
            Column("kind", msg("Kind")),
            Column("category", msg("Category")),
            Column("place", msg("Place")),
            Column("areas", msg("Area codes")),
            Column("since", msg("Since")),
            Column("until", msg("Until")),
            Column("observed", msg("Recorded"), msg("count"), True),
            Column("expected", msg("Expected"), msg("count"), True),
            Column("ratio", msg("Ratio"), msg("times expected"), True),
            Column("ratio_low", msg("Ratio, low"), msg("95% interval"), True),
            Column("ratio_high", msg("Ratio, high"), msg("95% interval"), True),
            Column("p_value", msg("p"), None, True),
            Column("q_value", msg("q"), None, True),
            Column("established", msg("Established")),
            Column("harm", msg("Harm"), msg("days"), True),
            Column("why", msg("Why")),
            Column("reasons", msg("Further reasons")),
        )
        rows = tuple(
            (
                s.id, s.kind, s.category, s.place, s.areas, s.since, s.until, s.observed, s.expected, s.ratio,
                s.interval[0], s.interval[1], s.p_value, s.q_value, s.established, s.harm, s.why,
                tuple(r.kind for r in s.reasons),
            )
            for s in self.signals
        )  # fmt: skip
        return Table(columns, rows, msg("Problems found, ranked"))

    def chart(self, language: str = "en") -> Any:
        """A dot for each signal's ratio, with its interval."""
        data = [
            {
                "label": f"{s.place.render(language)} ({s.category})",
                "ratio": s.ratio,
                "low": s.interval[0],
                "high": s.interval[1],
            }
            for s in self.signals
        ]
        y = {"field": "label", "type": "nominal", "sort": None, "title": None}
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
            "data": {"values": data},
            "layer": [
                {
                    "mark": "rule",
                    "encoding": {"y": y, "x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}},
                },
                {
                    "mark": {"type": "point", "filled": True},
                    "encoding": {"y": y, "x": {"field": "ratio", "type": "quantitative"}},
                },
            ],
        }

    def explain(self, language: str = "en") -> str:
        problems = [s for s in self.signals if s.kind != "falling"]
        established = sum(s.established for s in problems if s.kind in ("rising", "force-wide"))
        fell = sum(s.established for s in self.signals if s.kind == "falling")
        listed = msg_n(
            "{n:count} candidate problem is listed.", "{n:count} candidate problems are listed.", n=len(problems)
        )
        if established:
            sure = msg_n(
                "{n:count} of them is an established rise: of such, about one in twenty would be false.",
                "{n:count} of them are established rises: of such, about one in twenty would be false.",
                n=established,
            )
        else:
            sure = msg("None of them is an established rise: chance alone could show each too easily.")
        aside = sum(e.standing != "rejected" for e in self.events)
        events = msg_n(
            "{n:count} suspected recording event was set aside.",
            "{n:count} suspected recording events were set aside.",
            n=aside,
        )
        text = msg(
            "{listed} {sure} A rise smaller than the scan can see is not listed. {events}",
            listed=listed,
            sure=sure,
            events=events,
        )
        if not fell:
            return text.render(language)
        down = msg_n(
            "In {n:count} place less was recorded than its history explains: an established fall.",
            "In {n:count} places less was recorded than their history explains: established falls.",
            n=fell,
        )
        return f"{text.render(language)} {down.render(language)}"

    def to_json(self, language: str | None = None) -> dict[str, Any]:
        return {
            "type": self.type_name,
            "snapshot": self.provenance.snapshot,
            "method": f"{self.provenance.method} {self.provenance.version}",
            "parameters": dict(self.provenance.parameters),
            "signals": [s.to_json(language) for s in self.signals],
            "events": [e.to_json(language) for e in self.events],
            "provenance": self.provenance.to_json(),
            "checks": [c.to_json() for c in self.checks],
            "families": dict(self.families),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Scan:
        return Scan(
            signals=tuple(Signal.from_json(s) for s in data["signals"]),
            events=tuple(Finding.from_json(e) for e in data["events"]),
            provenance=Provenance.from_json(data["provenance"]),
            checks=tuple(Check.from_json(c) for c in data["checks"]),
            families=data["families"],
        )
