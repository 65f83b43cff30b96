"""A document becomes one file: escaped, without script or address, accessible, with every table's numbers in it."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import itertools
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from forestall.report import charts, document, html, maps
from forestall.results import Column, Provenance, Series, Table
from forestall.text import Name, msg

EVIL = Name("<script>alert('x')</script> & \"quotes\"")


def hand_made() -> document.Document:
    """A document with every kind of block, hostile text in each."""
    evil = msg("Evil {x}", x=EVIL)
    table = Table(
        (Column("place", evil), Column("n", msg("Recorded"), msg("count"), True), Column("x", msg("Share"), None, True)),
        ((evil, 1234, 0.5), (evil, None, 12.345), ("=1+1", True, 1e6)),
        evil,
    )
    series = Series(("2022-01", "2022-02", "2022-03"), (3, 4, 12), (3.5, 3.6, 3.4), (True, False, False))
    chart = document.Chart(
        lambda language, width: charts.series_chart(series, language, since="2022-03", until="2022-03", width=width),
        evil, evil,
    )  # fmt: skip
    ring = [[-3.0, 51.5], [-2.9, 51.5], [-2.9, 51.6], [-3.0, 51.5]]
    feature = {"properties": {"code": "a", "name": EVIL.en}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    picture = document.Map({"features": [feature]}, evil, evil, {"a": 3.0}, zones=(maps.Zone(1, ("a",), evil),))
    provenance = Provenance("abc123", "a-method", "1", {"windows": [1, 6], "force": "<b>"}, 7)
    entry = document.Entry(
        1, evil, evil, (evil, evil), document.Spark(series), blocks=(document.Figure(evil, chart, table, "a"),), strong=True
    )
    blocks = (
        document.Paragraph(evil), document.Paragraph(evil, "lead"), document.Heading(evil), document.Bullets((evil,)),
        document.Callout(evil, (evil,), "warning"), document.Figure(evil, chart, table, "b", evil),
        document.Beside((document.Figure(evil, picture),), (document.Entries((entry,)),)),
        document.More(evil, (document.TableBlock(table, "c"),)),
        document.Source(provenance, (evil,), "forestall look <x>"),
    )  # fmt: skip
    return document.Document(
        msg("An answer"), (evil,), (document.Section("one", evil, blocks, evil),), (evil,), msg("Synthetic data")
    )


class Page(HTMLParser):
    """Tags with their attributes, and the text of the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def text() -> str:
    return html.page(hand_made())


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_hostile_text_stays_text(page: Page) -> None:
    assert "script" not in {tag for tag, _ in page.tags}
    assert "b" not in {tag for tag, _ in page.tags}
    assert sum(EVIL.en in w for w in page.words) > 15


def test_nothing_is_loaded_and_nothing_runs(page: Page, text: str) -> None:
    for tag, attributes in page.tags:
        assert tag not in {"script", "link", "img", "iframe", "object", "form"}
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in {"src", "style", "action", "srcset"}
            if name == "href":
                assert (value or "").startswith(("#", "data:text/csv"))
    assert "http" not in re.sub(r'xmlns="[^"]*"|http-equiv', "", text), "no address anywhere"


def test_the_policy_allows_the_page_s_own_style_and_nothing_else(page: Page, text: str) -> None:
    policy = next(a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy")
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_ids_are_unique_and_references_resolve(page: Page) -> None:
    ids = [a["id"] for _, a in page.tags if a.get("id")]
    assert len(ids) == len(set(ids)), "the same chart twice on a page must not share ids"
    for _, attributes in page.tags:
        for name in ("aria-labelledby", "aria-describedby"):
            for ref in (attributes.get(name) or "").split():
                assert ref in ids
        href = attributes.get("href") or ""
        if href.startswith("#"):
            assert href[1:] in ids


def test_every_table_can_be_downloaded_as_it_stands(page: Page) -> None:
    links = [a for t, a in page.tags if t == "a" and "download" in a]
    assert [a["download"] for a in links] == ["b.csv", "a.csv", "c.csv"]
    head, _, body = (links[0]["href"] or "").partition(",")
    assert head == "data:text/csv;charset=utf-8"
    rows = list(csv.reader(io.StringIO(unquote(body))))
    assert rows[0] == ["place", "n", "x"]
    assert rows[1] == [f"Evil {EVIL.en}", "1234", "0.5"]
    assert rows[3][0] == "'=1+1", "a spreadsheet must not run it"


def test_numbers_are_aligned_and_written_for_readers(text: str) -> None:
    assert '<td class="n">1,234</td>' in text
    assert '<td class="n">0.50</td>' in text
    assert '<td class="n">1,000,000</td>' in text
    assert ">–</abbr>" in text


@pytest.mark.parametrize("name", ["p", "q", "p_value", "q_value", "p_adjusted", "fits"])
def test_a_chance_is_told_as_a_reader_takes_it_in(name: str) -> None:
    column = Column(name, msg("p"), numeric=True)
    for value, told in ((1.8e-08, "under 0.001"), (0.0213, "0.021"), (float("nan"), "–"), (None, "–")):
        assert html.cell_text(value, name, "en") == told
    assert column.is_chance
    assert not Column("ratio", msg("Ratio"), numeric=True).is_chance
    assert html.cell_text(0.0213, "ratio", "en") == "0.02"


@pytest.mark.parametrize("language", ["en", "cy"])
def test_the_page_says_its_language(language: str) -> None:
    assert f'<html lang="{language}">' in html.page(hand_made(), language)


def test_headings_step_down_one_at_a_time(page: Page) -> None:
    levels = [int(t[1]) for t, _ in page.tags if re.fullmatch(r"h[1-6]", t)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_a_real_browser_shows_it_whole_and_axe_finds_nothing(text: str, width: int, tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on PATH: install Debian's chromium to look at pages")
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    file = tmp_path / "page.html"
    file.write_text(text, encoding="utf-8")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        try:
            tab = browser.new_page(viewport={"width": width, "height": 900})
            said: list[str] = []
            tab.on("console", lambda m: said.append(m.text))
            asked: list[str] = []
            tab.on("request", lambda r: asked.append(r.url))
            tab.goto(file.as_uri())
            tab.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
            assert said == [], "the policy refuses something that the page has"
            assert asked == [file.as_uri()]
            found = Axe().run(tab)
            assert found.violations_count == 0, found.generate_report()
        finally:
            browser.close()
