"""A document as Typst markup and as PDF: every text is text, whatever is in it."""

from __future__ import annotations

import pytest

from forestall.report import document as d
from forestall.report.pdf import markup, pdf
from forestall.results import Column, Provenance, Table
from forestall.text import Message, msg

NASTY = 'a "quoted" \\ #emph[x] $y$ *b* <tag> @ref `code` // no comment\nnext ŵŷ £'


def spec(language: str, width: int) -> dict[str, object]:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json", "width": width - 100,
        "data": {"values": [{"a": language, "b": 2}]}, "mark": {"type": "bar", "style": "observed"},
        "encoding": {"x": {"field": "b", "type": "quantitative"}, "y": {"field": "a", "type": "nominal"}},
    }  # fmt: skip


def page() -> d.Document:
    table = Table(
        (Column("a", msg("Area")), Column("n", msg("Records"), msg("count"), True)), ((NASTY, 3), (None, 2.5)), msg("T")
    )
    blocks: tuple[d.Block, ...] = (
        d.Paragraph(Message(NASTY)),
        d.Bullets((Message(NASTY), msg("B"))),
        d.Callout(msg("Beware"), (msg("Of this"),), "doubt"),
        d.Figure(msg("It is so"), d.Chart(spec, msg("Chart"), msg("What it shows")), table, "t", msg("Note")),
        d.TableBlock(table, "t"),
        d.Entries((d.Entry(1, msg("One"), msg("fits"), (msg("For"),), blocks=(d.Bullets((msg("Test"),)),)),)),
        d.Beside((d.Paragraph(msg("left")),), (d.Paragraph(msg("right")),)),
        d.More(msg("More"), (d.Paragraph(msg("hidden on paper")),)),
        d.Source(Provenance("snap", "profile", "1", {"a": NASTY}, 1), command="forestall profile"),
    )
    return d.Document(
        Message(NASTY), (msg("about"),), (d.Section("s", msg("Section"), blocks),), (msg("lead"),), msg("Synthetic")
    )


def test_no_text_is_taken_for_markup() -> None:
    text = markup(page())
    assert "#emph[x]" in text  # inside of a quoted string
    assert '\\"quoted\\" \\\\ #emph[x]' in text
    assert "hidden on paper" not in text


@pytest.mark.parametrize("language", ["en", "cy"])
def test_it_is_tagged_and_in_its_language(language: str) -> None:
    pytest.importorskip("typst", reason="typst is not installed in this environment: uv sync installs it")
    made = pdf(page(), language)
    assert made.startswith(b"%PDF-")
    assert b"pdfuaid:part" in made or b"pdfuaid" in made
    assert f"/Lang ({language})".encode() in made or f"({language})".encode() in made
