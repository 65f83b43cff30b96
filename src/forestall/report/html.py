"""A document as one self-contained HTML file: no script, nothing loaded from anywhere, and a policy that says so."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from html import escape
from math import isnan
from pathlib import Path
from typing import Any
from urllib.parse import quote

from forestall.report import charts, maps
from forestall.report import document as d
from forestall.results import Table
from forestall.results.base import CHANCES
from forestall.text import Message, msg, probability

#: Widths at which maps are drawn: beside a list on a desk, and on a phone.
MAP_WIDE, MAP_NARROW = 470, 350
#: Selectors of a whole page.
_WHOLE = (":root", "html", "body")


def page(document: d.Document, language: str = "en") -> str:
    """The whole file, in English (``en``) or Welsh (``cy``)."""
    return _Page(language).page(document)


def body(document: d.Document, language: str = "en", csv: Callable[[str], str | None] | None = None) -> str:
    """What stands below the document's title: its lead, contents and sections, for a page that has a frame of its own.

    ``csv``: the address of a table's file by the table's name, None where this reader takes none away; without ``csv`` each
    table is written into its own link.
    """
    return _Page(language, csv).body(document)


@functools.cache
def style() -> str:
    """The style sheet, written into each page."""
    return Path(__file__).with_name("page.css").read_text(encoding="utf-8").strip()


@functools.cache
def style_within(scope: str) -> str:
    """The style sheet for a part of another page: each rule holds inside of the selector ``scope`` alone, and what it says
    of the whole page it says of ``scope``."""

    def within(found: re.Match[str]) -> str:
        margin, selectors, said = found.groups()
        inside = (scope if s in _WHOLE else f"{scope} {s}" for s in map(str.strip, selectors.split(",")))
        return f"{margin}{', '.join(inside)} {{{said}}}"

    return re.sub(r"(\s*)([^{}]+?)\s*\{([^{}]*)\}", within, style())


def policy() -> str:
    """The page's content security policy: it may use its own style sheet and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


class _Page:
    """Renders blocks in one language, and keeps the ids of one page apart."""

    def __init__(self, language: str, csv: Callable[[str], str | None] | None = None) -> None:
        self.language, self.csv = language, csv
        self._ids: dict[str, int] = {}

    def t(self, text: Message | str) -> str:
        """Text, escaped."""
        return escape(text.render(self.language) if isinstance(text, Message) else text)

    def sentence(self, text: Message | str) -> str:
        """Text that stands by itself, escaped: a day or a place that it begins with may be small inside a sentence."""
        words = text.render(self.language) if isinstance(text, Message) else text
        return escape(words[:1].upper() + words[1:])

    def page(self, doc: d.Document) -> str:
        about = " · ".join(self.t(a) for a in doc.about)
        banner = f'<div class="banner"><div class="wide-in">{self.t(doc.banner)}</div></div>' if doc.banner else ""
        return (
            f'<!doctype html>\n<html lang="{escape(self.language)}">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{escape(policy())}">\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<meta name="referrer" content="no-referrer">\n'
            f"<title>{self.t(doc.title)} – {self.t(doc.name)}</title>\n<style>{style()}</style>\n</head>\n<body>\n"
            f'<a class="skip" href="#main">{self.t(msg("Skip to main content"))}</a>\n'
            f'<header class="top">{banner}<div class="wide-in"><span class="brand">{self.t(doc.name)}</span>'
            f'<p class="about">{about}</p></div></header>\n'
            f'<main id="main" class="wide-in">\n<h1>{self.t(doc.title)}</h1>\n{self.body(doc)}\n'
            "</main>\n</body>\n</html>\n"
        )

    def body(self, doc: d.Document) -> str:
        contents = "".join(f'<li><a href="#{s.id}">{self.t(s.label or s.title)}</a></li>' for s in doc.sections)
        lead = "".join(f'<p class="lead">{self.sentence(p)}</p>' for p in doc.lead)
        sections = "".join(self.section(s) for s in doc.sections)
        return f'{lead}\n<nav aria-label="{self.t(msg("On this page"))}"><ol>{contents}</ol></nav>\n{sections}'

    def section(self, section: d.Section) -> str:
        label = f'<span class="label">{self.t(section.label)}</span>' if section.label else ""
        return (
            f'<section id="{escape(section.id)}" aria-labelledby="{escape(section.id)}-h">'
            f'<h2 id="{escape(section.id)}-h">{label}{self.sentence(section.title)}</h2>'
            f"{self.blocks(section.blocks)}</section>\n"
        )

    def blocks(self, blocks: Iterable[d.Block]) -> str:
        return "".join(self.block(b) for b in blocks)

    def block(self, block: d.Block) -> str:
        match block:
            case d.Paragraph(text, kind, asks):
                body = f"<strong>{self.t(asks)}</strong> {self.sentence(text)}" if asks else self.sentence(text)
                return f"<p>{body}</p>" if kind == "plain" else f'<p class="{escape(kind)}">{body}</p>'
            case d.Heading(text):
                return f"<h3>{self.t(text)}</h3>"
            case d.Bullets(items):
                return '<ul class="text">' + "".join(f"<li>{self.sentence(i)}</li>" for i in items) + "</ul>"
            case d.Callout(heading, texts, kind):
                inner = "".join(f"<p>{self.t(p)}</p>" for p in texts)
                return f'<div class="callout {escape(kind)}"><h3>{self.t(heading)}</h3>{inner}</div>'
            case d.Figure():
                return self.figure(block)
            case d.TableBlock(table, name):
                return self.table(table, name)
            case d.Entries(entries):
                return '<ol class="entries">' + "".join(self.entry(e) for e in entries) + "</ol>"
            case d.Beside(first, second):
                return (
                    f'<div class="beside"><div class="first">{self.blocks(first)}</div>'
                    f"<div>{self.blocks(second)}</div></div>"
                )
            case d.More(summary, blocks):
                return f'<details class="numbers"><summary>{self.t(summary)}</summary>{self.blocks(blocks)}</details>'
            case d.Source():
                return self.source(block)

    def figure(self, figure: d.Figure) -> str:
        picture = figure.picture
        if isinstance(picture, d.Chart):
            wide, narrow = (
                charts.chart_svg(picture.spec(self.language, w), self.language, picture.title, picture.desc)
                for w in (charts.WIDE, charts.NARROW)
            )
        else:
            wide, narrow = (
                maps.map_svg(
                    picture.geojson, picture.values, picture.classes, zones=picture.zones, backdrop=picture.backdrop,
                    ground=picture.ground,
                    title=picture.title, desc=picture.desc, language=self.language, width=w,
                )
                for w in (MAP_WIDE, MAP_NARROW)
            )  # fmt: skip
        table = ""
        if figure.table is not None:
            words = self.t(msg("The numbers behind this picture"))
            table = f'<details class="numbers"><summary>{words}</summary>{self.table(figure.table, figure.name)}</details>'
        note = f'<p class="small">{self.t(figure.note)}</p>' if figure.note else ""
        return (
            f"<figure><figcaption>{self.sentence(figure.headline)}</figcaption>"
            f'<div class="desk">{self.apart(wide)}</div><div class="phone">{self.apart(narrow)}</div>{note}{table}</figure>'
        )

    def apart(self, svg: str) -> str:
        """The drawing with ids that no other drawing of the page has."""
        found = re.search(r'aria-labelledby="(f[0-9a-f]{10})-t', svg)
        if found is None:
            return svg
        key = found[1]
        n = self._ids[key] = self._ids.get(key, 0) + 1
        return svg if n == 1 else svg.replace(f"{key}-", f"{key}x{n}-")

    def entry(self, entry: d.Entry) -> str:
        facts = "".join(f"<span>{self.t(f)} </span>" for f in entry.facts)
        spark = ""
        if entry.spark is not None:
            s = entry.spark
            drawn = charts.sparkline(s.series, self.language, since=s.since, until=s.until)
            spark = f'<div class="spark">{self.apart(drawn)}</div>'
        more = ""
        if entry.blocks:
            summary = self.t(entry.more or msg("The evidence"))
            hidden = f'<span class="hidden"> {self.t(msg("for number {n}", n=entry.number))}</span>'
            more = f"<details><summary>{summary}{hidden}</summary>{self.blocks(entry.blocks)}</details>"
        return (
            f'<li class="entry"><div class="no" aria-hidden="true">{entry.number}</div><div>'
            f'<div class="head"><h3><span class="hidden">{entry.number}. </span>{self.t(entry.headline)}</h3>'
            f'<span class="tag{" strong" if entry.strong else ""}">{self.t(entry.standing)}</span></div>'
            f'<p class="facts">{facts}</p>{spark}{more}</div></li>'
        )

    def table(self, table: Table, name: str) -> str:
        heads = "".join(
            f'<th scope="col"{_n(c.numeric)}>{self.t(c.label)}'
            + (f' <span class="unit">{self.t(c.unit)}</span>' if c.unit else "")
            + "</th>"
            for c in table.columns
        )
        rows = []
        for row in table.rows:
            cells = []
            for i, (column, value) in enumerate(zip(table.columns, row, strict=True)):
                chance = column.is_chance and isinstance(value, float)
                text = escape(cell_text(value, column.name, self.language)) if chance else self.cell(value)
                size = len(re.sub(r"<[^>]*>", "", text))
                kind = _n(column.numeric) or (' class="long"' if size > 24 else ' class="short"' if size < 13 else "")
                cells.append(f'<th scope="row"{kind}>{text}</th>' if i == 0 else f"<td{kind}>{text}</td>")
            rows.append(f"<tr>{''.join(cells)}</tr>")
        caption = self.t(table.caption or msg("Table"))
        return (
            f'<div class="scroll" tabindex="0" role="group" aria-label="{caption}"><table>'
            f"<caption><span>{caption}</span></caption>"
            f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
            f"{self.get(table, name, caption)}"
        )

    def get(self, table: Table, name: str, caption: str) -> str:
        """The link to a table's CSV, where the reader may have it."""
        data = f"data:text/csv;charset=utf-8,{quote(table.to_csv(self.language))}" if self.csv is None else self.csv(name)
        if data is None:
            return ""
        words = self.t(msg("Download CSV"))
        return (
            f'<p class="get"><a download="{escape(name)}.csv" href="{escape(data)}">{words}'
            f'<span class="hidden">: {caption}</span></a></p>'
        )

    def cell(self, value: Any) -> str:
        if value is None:
            return f'<abbr title="{self.t(msg("not known"))}">–</abbr>'
        if isinstance(value, list | tuple):
            return ", ".join(self.cell(v) for v in value)
        return escape(cell_text(value, "", self.language))

    def source(self, source: d.Source) -> str:
        p = source.provenance
        facts: list[tuple[Message, str]] = [
            (msg("Data snapshot"), p.snapshot),
            (msg("Method"), f"{p.method} {p.version}"),
            (msg("Settings"), ", ".join(f"{k} {_setting(v)}" for k, v in p.parameters.items())),
            (msg("Seed"), str(p.seed)),
        ]
        terms = "".join(f"<dt>{self.t(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts)
        command = (
            f"<p>{self.t(msg('Make this page again:'))} <code>{escape(source.command)}</code></p>" if source.command else ""
        )
        return f'<div class="source"><dl>{terms}</dl>{"".join(f"<p>{self.t(x)}</p>" for x in source.lines)}{command}</div>'


def cell_text(value: Any, column: str, language: str) -> str:
    """A value of a table as a reader takes it in; – where it is not known. ``column``: its name, which tells chances."""
    match value:
        case None:
            return "–"
        case bool():
            return (msg("yes") if value else msg("no")).render(language)
        case int():
            return f"{value:,}"
        case float() if isnan(value):
            return "–"
        case float() if column in CHANCES:
            return probability(value, language)
        case float():
            return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
        case Decimal():
            return f"{value:,f}"
        case list() | tuple():
            return ", ".join(cell_text(v, column, language) for v in value)
        case Message():
            return value.render(language)
        case _:
            return str(value)


def _n(numeric: bool) -> str:
    return ' class="n"' if numeric else ""


def _setting(value: Any) -> str:
    return "–".join(str(v) for v in value) if isinstance(value, list | tuple) else str(value)
