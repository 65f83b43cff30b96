"""A document as a PDF, set by Typst in this process: tagged, in the document's language, to PDF/UA-1 (a screen reader
hears headings, tables and what each picture shows). Nothing is loaded from anywhere.

What a page on the screen opens when wanted, paper leaves out; tables behind pictures too: they are the CSV's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from forestall.report import charts, maps, palette
from forestall.report import document as d
from forestall.report.html import cell_text
from forestall.results import Table
from forestall.text import Message, msg

#: Widths in pixels at which pictures are drawn: across the page, and in half of it.
WHOLE, HALF = 640, 400
#: Rows of a table that paper shows.
ROWS = 25


def pdf(document: d.Document, language: str = "en") -> bytes:
    """The whole file, in English (``en``) or Welsh (``cy``). Raises ``ForestallError`` where Typst is not installed."""
    try:
        import typst
    except ImportError as error:
        from forestall.errors import ForestallError

        raise ForestallError(
            "a PDF needs the package typst, which is not installed here: install Forestall with its dependencies, or use "
            "--format html and print the page"
        ) from error
    source = markup(document, language)
    return bytes(typst.compile(source.encode(), format="pdf", pdf_standards=["ua-1"], ignore_system_fonts=True))


def pages(made: bytes) -> int:
    """How many pages a file of :func:`pdf` has."""
    return len(re.findall(rb"/Type\s*/Page\b", made))


def markup(document: d.Document, language: str = "en") -> str:
    """The document as Typst markup. Every text stands in a quoted string, so that none is taken for markup."""
    return _Setter(language).document(document)


class _Setter:
    def __init__(self, language: str) -> None:
        self.language = language

    def t(self, text: Message | str) -> str:
        """Text as a Typst string in markup."""
        plain = text.render(self.language) if isinstance(text, Message) else text
        return f"#{_quoted(plain)}"

    def q(self, text: Message | str) -> str:
        """Text as a Typst string in code."""
        return _quoted(text.render(self.language) if isinstance(text, Message) else text)

    def document(self, doc: d.Document) -> str:
        about = " · ".join(a.render(self.language) for a in doc.about)
        foot = f"{doc.name.render(self.language)} · {about}"
        banner = ""
        if doc.banner is not None:
            banner = f"#block(fill: luma(230), inset: 6pt, width: 100%)[#strong[{self.t(doc.banner)}]]\n"
        lead = "\n\n".join(self.t(p) for p in doc.lead)
        return (
            f"#set document(title: {self.q(doc.title)}, author: {self.q(doc.name)}, date: none)\n"
            f'#set text(lang: "{self.language}", size: 9.5pt)\n'
            f'#set page(paper: "a4", margin: (x: 1.8cm, y: 1.6cm), numbering: "1 / 1", '
            f'footer: context [#text(size: 7.5pt)[{self.t(foot)} #h(1fr) #counter(page).display("1 / 1", both: true)]])\n'
            "#set par(justify: false)\n#show heading: set block(above: 1em, below: 0.5em)\n"
            f'#show heading.where(level: 2): set text(fill: rgb("{palette.ACCENT}"))\n'
            '#show figure.caption: it => align(left, text(weight: "bold", it.body))\n'
            "#set figure.caption(position: top)\n#set table(stroke: 0.4pt + luma(190), inset: 3pt)\n"
            f"{banner}= {self.t(doc.title)}\n\n{lead}\n\n" + "".join(self.section(s) for s in doc.sections)
        )

    def section(self, section: d.Section) -> str:
        return f"== {self.t(section.title)}\n\n{self.blocks(section.blocks)}\n"

    def blocks(self, blocks: Iterable[d.Block], width: int = WHOLE) -> str:
        return "".join(self.block(b, width) for b in blocks)

    def block(self, block: d.Block, width: int = WHOLE) -> str:
        match block:
            case d.Paragraph(text, kind, asks):
                body = f"#text(size: 8.5pt)[{self.t(text)}]" if kind == "small" else self.t(text)
                body = f"#strong[{self.t(asks)}] {body}" if asks else body
                return f"{body}\n\n"
            case d.Heading(text):
                return f"=== {self.t(text)}\n\n"
            case d.Bullets(items):
                return "".join(f"- {self.t(i)}\n" for i in items) + "\n"
            case d.Callout(heading, texts, _):
                inner = "\n\n".join(self.t(p) for p in texts)
                return f"#block(stroke: (left: 2pt), inset: (left: 8pt, y: 4pt))[#strong[{self.t(heading)}]\n\n{inner}]\n\n"
            case d.Figure():
                return self.figure(block, width)
            case d.TableBlock(table, _):
                return self.table(table)
            case d.Entries(entries):
                return "".join(self.entry(e) for e in entries)
            case d.Beside(first, second):
                parts = (self.blocks(b, HALF) for b in (first, second))
                return "#grid(columns: (1fr, 1fr), column-gutter: 12pt," + ",".join(f"[{p}]" for p in parts) + ")\n\n"
            case d.More():
                return ""
            case d.Source():
                return self.source(block)

    def figure(self, figure: d.Figure, width: int) -> str:
        picture = figure.picture
        if isinstance(picture, d.Chart):
            svg = charts.chart_svg(picture.spec(self.language, width), self.language, picture.title, picture.desc)
        else:
            svg = maps.map_svg(
                picture.geojson, picture.values, picture.classes, zones=picture.zones, backdrop=picture.backdrop,
                ground=picture.ground,
                title=picture.title, desc=picture.desc, language=self.language, width=width, tallest=0.7,
            )  # fmt: skip
        said = f"{_plain(picture.title, self.language)}. {_plain(picture.desc, self.language)}"
        image = f'image(bytes({_quoted(svg)}), format: "svg", width: 100%, alt: {_quoted(said)})'
        note = f"#text(size: 8pt)[{self.t(figure.note)}]\n\n" if figure.note else ""
        bare = "kind: image, supplement: none, numbering: none"
        return f"#figure({image}, caption: [{self.t(figure.headline)}], {bare})\n\n{note}"

    def table(self, table: Table) -> str:
        heads = ",".join(f"[{self.t(c.label)}{' ' + self.t(c.unit) if c.unit else ''}]" for c in table.columns)
        cells = ",".join(
            f"[{self.t(cell_text(v, c.name, self.language))}]"
            for row in table.rows[:ROWS] for v, c in zip(row, table.columns, strict=True)
        )  # fmt: skip
        align = ",".join("right" if c.numeric else "left" for c in table.columns)
        body = f"table(columns: {len(table.columns)}, align: ({align},), table.header({heads}),{cells})"
        caption = self.t(table.caption) if table.caption else ""
        left = len(table.rows) - ROWS
        rest = msg("… and {n:count} more rows, in the CSV.", n=left)
        more = f"{self.t(rest)}\n\n" if left > 0 else ""
        bare = "kind: table, supplement: none, numbering: none"
        return f"#text(size: 8pt)[#figure({body}, caption: [{caption}], {bare})]\n\n{more}"

    def entry(self, entry: d.Entry) -> str:
        facts = "".join(f"- {self.t(f)}\n" for f in entry.facts)
        inner = self.blocks(b for b in entry.blocks if isinstance(b, d.Bullets | d.Paragraph))
        return f"=== {self.t(f'{entry.number}. ')}{self.t(entry.headline)} ({self.t(entry.standing)})\n\n{facts}{inner}\n"

    def source(self, source: d.Source) -> str:
        p = source.provenance
        facts = ", ".join(f"{k} {v}" for k, v in p.parameters.items())
        made = msg(
            "Snapshot {snapshot}, {method} {version}, seed {seed}.",
            snapshot=p.snapshot, method=p.method, version=p.version, seed=p.seed,
        )  # fmt: skip
        lines: list[Message | str] = [made, *source.lines, facts, *([source.command] if source.command else [])]
        return "".join(f"#text(size: 7.5pt)[{self.t(line)}]\n\n" for line in lines)


def _plain(text: Any, language: str) -> str:
    return text.render(language) if isinstance(text, Message) else str(text)


def _quoted(text: str) -> str:
    """A Typst string literal."""
    out = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + out.replace("\n", "\\n").replace("\r", "").replace("\t", "\\t") + '"'
