"""The one document model: what a report says, in order, without a word on how it is drawn.

A document is sections of blocks; every sentence is a :class:`~forestall.text.Message`, every picture carries its headline,
its table and its description, so that each renderer (HTML here; PDF, slides and sheets later) has what it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from forestall.report.maps import Classes, Zone
from forestall.results import Provenance, Series, Table
from forestall.text import Message


@dataclass(frozen=True)
class Paragraph:
    """``kind``: ``lead`` (the answer), ``plain`` or ``small``. ``asks``: the question that the text answers, set apart."""

    text: Message
    kind: str = "plain"
    asks: Message | None = None


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    text: Message


@dataclass(frozen=True)
class Bullets:
    items: tuple[Message, ...]


@dataclass(frozen=True)
class Callout:
    """Something to be aware of before the figures are used. ``kind``: ``note``, ``doubt`` or ``warning``; the word stands
    beside the colour."""

    heading: Message
    texts: tuple[Message, ...]
    kind: str = "note"


@dataclass(frozen=True)
class Chart:
    """``spec(language, width)`` makes the Vega-Lite specification at a width in pixels."""

    spec: Callable[[str, int], Mapping[str, Any]]
    title: Message
    desc: Message


@dataclass(frozen=True)
class Map:
    """What :func:`forestall.report.maps.map_svg` takes."""

    geojson: Mapping[str, Any]
    title: Message
    desc: Message
    values: Mapping[str, float | None] | None = None
    classes: Classes | None = None
    zones: tuple[Zone, ...] = ()
    backdrop: tuple[tuple[float, float], ...] = ()
    ground: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Figure:
    """A picture under the sentence that it shows. ``name`` is the stem of the CSV's file name."""

    headline: Message
    picture: Chart | Map
    table: Table | None = None
    name: str = "table"
    note: Message | None = None


@dataclass(frozen=True)
class TableBlock:
    """A table to be read, with its CSV."""

    table: Table
    name: str


@dataclass(frozen=True)
class Spark:
    """A word-sized chart beside an entry."""

    series: Series
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True)
class Entry:
    """One item of a ranked list: its number (as on the map), a headline, a standing in words, the facts in one line, and
    what opens under ``more``."""

    number: int
    headline: Message
    standing: Message
    facts: tuple[Message, ...] = ()
    spark: Spark | None = None
    more: Message | None = None
    blocks: tuple[Block, ...] = ()
    strong: bool = False


@dataclass(frozen=True)
class Entries:
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Beside:
    """A picture and what stands beside it where there is room, below it where there isn't."""

    first: tuple[Block, ...]
    second: tuple[Block, ...]


@dataclass(frozen=True)
class More:
    """What a reader opens when wanted, and paper leaves out."""

    summary: Message
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Source:
    """Where the figures come from, and how to make them again."""

    provenance: Provenance
    lines: tuple[Message, ...] = ()
    command: str | None = None


Block: TypeAlias = Paragraph | Heading | Bullets | Callout | Figure | TableBlock | Entries | Beside | More | Source


@dataclass(frozen=True)
class Section:
    """``id`` may stand in an address (``page.html#rose``); ``label`` is the short form for a list of contents."""

    id: str
    title: Message
    blocks: tuple[Block, ...]
    label: Message | None = None


@dataclass(frozen=True)
class Document:
    """``title`` answers the reader's question in a sentence. ``about``: whose records, which months, which snapshot.
    ``banner`` runs across the top wherever figures are synthetic."""

    title: Message
    about: tuple[Message, ...]
    sections: tuple[Section, ...]
    lead: tuple[Message, ...] = ()
    banner: Message | None = None
    name: Message = field(default_factory=lambda: Message("Forestall"))
