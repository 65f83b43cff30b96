"""A document as lines of plain text, for a terminal: the same sentences and tables, without the pictures."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from forestall.report import document as d
from forestall.results import Table
from forestall.text import Message, msg

#: Characters of a line of sentences, and rows of a table; the other formats have every row.
WIDTH, ROWS = 110, 20


def plain(document: d.Document, language: str = "en") -> str:
    """The whole document. Pictures are left out; a figure says its headline."""

    def say(m: Any) -> str:
        return str(m.render(language)) if hasattr(m, "render") else str(m)

    lines = [*_wrap(say(document.title)), "", " · ".join(say(a) for a in document.about), ""]
    if document.banner is not None:
        lines += [say(document.banner), ""]
    for m in document.lead:
        lines += _wrap(say(m))
    for section in document.sections:
        lines += ["", say(section.title)]
        lines += ["  " + line for line in _blocks(section.blocks, language)]
    return "\n".join(line.rstrip() for line in lines)


def _wrap(text: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    ) or [""]


def _blocks(blocks: Iterable[d.Block], language: str) -> Iterator[str]:
    for block in blocks:
        match block:
            case d.Paragraph(text):
                yield from _wrap(text.render(language))
            case d.Heading(text):
                yield text.render(language) + ":"
            case d.Bullets(items):
                for item in items:
                    yield from _wrap(item.render(language), "- ", "  ")
            case d.Callout(heading, texts):
                yield heading.render(language) + ":"
                for item in texts:
                    yield from _wrap(item.render(language), "- ", "  ")
            case d.TableBlock(table):
                yield from grid(table, language)
            case d.Figure(headline):
                yield from _wrap(headline.render(language))
            case d.Beside(one, other):
                yield from _blocks((*one, *other), language)
            case d.More(_, inner):
                yield from _blocks(inner, language)
            case d.Source(provenance, _, command):
                p = provenance
                seed = "" if p.seed is None else f", seed {p.seed}"
                yield f"{p.snapshot} · {p.method} {p.version}{seed}"
                if command:
                    yield command


def grid(table: Table, language: str, rows: int | None = ROWS) -> list[str]:
    """A table in columns, its first ``rows``, or all."""
    head = [c.label.render(language) for c in table.columns]
    shown = [[_cell(v, language) for v in row] for row in table.rows[:rows]]
    wide = [max(len(r[i]) for r in (head, *shown)) for i in range(len(head))]
    last = len(head) - 1

    def line(cells: list[str]) -> str:
        return "  ".join(
            cell if i == last and not c.numeric else cell.rjust(w) if c.numeric else cell.ljust(w)
            for i, (cell, w, c) in enumerate(zip(cells, wide, table.columns, strict=True))
        )

    out = [line(head)]
    before = sum(wide[:last]) + 2 * last
    for row in shown:
        first, *rest = textwrap.wrap(row[last], max(30, WIDTH - before)) or [""]
        out += [line([*row[:last], first]), *(" " * before + text for text in rest)]
    more = len(table.rows) - len(shown)
    return [*out, msg("… and {n:count} more rows", n=more).render(language)] if more > 0 else out


def _cell(value: Any, language: str) -> str:
    if value is None:
        return "–"
    if isinstance(value, Message):
        return value.render(language)
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int | Decimal) else str(value)
