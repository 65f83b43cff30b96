"""A profile: one problem on one page. What, where, when, who in counts only, how; how it differs; what it costs; ideas to
test, with the evidence for and against each; how good the records are; and what cannot be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from forestall.results.base import Column, Provenance, Table, register
from forestall.results.figures import Figures
from forestall.results.pictures import picture
from forestall.text import Message, msg

#: What the evidence says of an idea: it fits; it speaks against; some of both; no sign either way; the records can't tell.
STANDINGS = ("fits", "against", "mixed", "no-sign", "not-known")


@dataclass(frozen=True)
class Exhibit:
    """A table under the sentence that it shows. ``kind`` says how it is drawn (:data:`forestall.results.pictures.KINDS`),
    None where it is read as a table only; ``axis`` names the numbers. ``shapes``: GeoJSON of a map, WGS84; its member
    ``ground`` holds outlines for orientation."""

    name: str
    headline: Message
    table: Table
    kind: str | None = None
    axis: Message | None = None
    note: Message | None = None
    shapes: Mapping[str, Any] | None = None

    def chart(self, language: str = "en", width: int = 520) -> dict[str, Any] | None:
        """A Vega-Lite specification; None for a table or a map (whose ``shapes`` are drawn as a map)."""
        return None if self.kind in (None, "map") else picture(self.kind or "", self.table, self.axis, language, width)


@dataclass(frozen=True)
class Part:
    """One question of the profile: the answer, further facts, what shows it, and what these records don't hold."""

    name: str
    headline: Message
    facts: tuple[Message, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    missing: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Subject:
    """What the profile is about. ``areas``: codes as the records have them. ``since``, ``until``: inclusive months."""

    category: str
    title: Message
    areas: tuple[str, ...]
    place: Message
    since: str
    until: str
    force: str
    signal: str | None = None


@dataclass(frozen=True)
class Side:
    """A side of the problem analysis triangle: ``place``, ``victim`` or ``offender``."""

    side: str
    title: Message
    records: tuple[Message, ...]
    unknown: tuple[Message, ...]
    controller: Message


@dataclass(frozen=True)
class Idea:
    """A hypothesis that the patterns suggest, judged by a rule of the catalogue. It is tested next; it is no cause."""

    slug: str
    title: Message
    side: str
    standing: str
    evidence_for: tuple[Message, ...]
    evidence_against: tuple[Message, ...]
    unknown: tuple[Message, ...]
    test: Message


@dataclass(frozen=True)
class Cost:
    """What the recorded number would cost society at a scheme's unit costs. ``low`` and ``high`` are the same where each
    record's kind is known. ``verified``: whether every unit cost used was."""

    low: Decimal
    high: Decimal
    price_base: str
    scheme: str
    verified: bool
    uncosted: int


_STANDING = {
    "fits": msg("fits"),
    "against": msg("speaks against"),
    "mixed": msg("some for, some against"),
    "no-sign": msg("no sign"),
    "not-known": msg("not known"),
}


def standing_words(standing: str) -> Message:
    """A standing in a reader's words."""
    return _STANDING[standing]


@register
@dataclass(frozen=True, kw_only=True)
class Profile(Figures):
    """``indicators``: the named figures on which the ideas were judged, None where the records can't tell. ``public``:
    small numbers, persons, methods and exact places are left out."""

    type_name: ClassVar[str] = "profile"
    version: ClassVar[str] = "1"

    snapshot: str
    subject: Subject
    headline: Message
    what: Part
    where: Part
    when: Part
    who: Part
    how: Part
    differs: Part
    weight: Part
    cost: Cost | None
    triangle: tuple[Side, ...]
    ideas: tuple[Idea, ...]
    quality: Part
    limits: tuple[Message, ...]
    public: bool
    indicators: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def provenance(self) -> Provenance:  # type: ignore[override]
        return Provenance(self.snapshot, self.type_name, self.version, dict(self.parameters), self.seed)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts in the order in which they are read."""
        return (self.what, self.where, self.when, self.who, self.how, self.differs, self.weight, self.quality)

    def exhibit(self, name: str) -> Exhibit:
        """An exhibit by its name; ``KeyError`` where the profile has none."""
        for part in self.parts:
            for exhibit in part.exhibits:
                if exhibit.name == name:
                    return exhibit
        raise KeyError(name)

    def table(self) -> Table:
        """Every sentence of the profile, by part."""
        columns = (Column("part", msg("Part")), Column("kind", msg("Kind")), Column("text", msg("What it says")))
        rows: list[tuple[Any, ...]] = []
        for part in self.parts:
            rows.append((part.name, "headline", part.headline))
            rows += [(part.name, "fact", f) for f in part.facts]
            rows += [(part.name, "exhibit", e.headline) for e in part.exhibits]
            rows += [(part.name, "missing", m) for m in part.missing]
        for side in self.triangle:
            rows += [(f"triangle/{side.side}", "records", m) for m in side.records]
            rows += [(f"triangle/{side.side}", "unknown", m) for m in side.unknown]
        for idea in self.ideas:
            rows.append((f"idea/{idea.slug}", idea.standing, idea.title))
            rows += [(f"idea/{idea.slug}", "for", m) for m in idea.evidence_for]
            rows += [(f"idea/{idea.slug}", "against", m) for m in idea.evidence_against]
        rows += [("limits", "limit", m) for m in self.limits]
        return Table(columns, tuple(rows), msg("The profile, sentence by sentence"))

    def chart(self, language: str = "en") -> Any:
        """The series with its limits, or the first picture that there is."""
        drawn = [e for p in (self.when, *self.parts) for e in p.exhibits if e.kind not in (None, "map")]
        first = next((e for e in drawn if e.kind == "series"), drawn[0] if drawn else None)
        if first is None:
            raise ValueError("this profile has nothing to draw: too little is recorded")
        return first.chart(language)

    def explain(self, language: str = "en") -> str:
        said = [self.headline, *(p.headline for p in (self.where, self.when, self.who, self.how))]
        fitting = [i.title for i in self.ideas if i.standing == "fits"]
        if fitting:
            said.append(msg("Ideas that fit, to be tested: {ideas:list}.", ideas=fitting))
        said.append(msg("What is recorded is not all that happens, and a pattern is no cause."))
        return " ".join(m.render(language) for m in said)
