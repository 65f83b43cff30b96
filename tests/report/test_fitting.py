"""Charts laid out for a phone and a desk: nothing is cut off, no line is filled, no label lies on another."""

from __future__ import annotations

import re

import pytest

from forestall.report import charts
from forestall.report.analysis_page import headline
from forestall.report.fitting import fitted, lines

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
WEEK = {
    "width": 480,
    "height": 210,
    "data": {"values": [{"day": d, "hour": h, "n": h} for d in DAYS for h in range(24)]},
    "mark": "rect",
    "encoding": {
        "x": {"field": "hour", "type": "quantitative", "title": "hour of the day"},
        "y": {"field": "day", "type": "ordinal", "sort": DAYS, "title": None},
        "color": {"field": "n", "type": "quantitative", "title": "events"},
    },
}
MONTHS = [f"{y}-{m:02d}" for y in (2021, 2022, 2023, 2024) for m in range(1, 13)]
SERIES = {
    "width": 600,
    "height": 220,
    "data": {"values": [{"period": m, "n": i} for i, m in enumerate(MONTHS)]},
    "layer": [
        {
            "mark": {"type": "line", "style": "observed"},
            "encoding": {
                "x": {"field": "period", "type": "ordinal", "title": "period", "scale": {"domain": MONTHS}},
                "y": {
                    "field": "n", "type": "quantitative",
                    "title": "events a day over the yearly mean of all years and places that were ever looked at",
                },
            },
        }
    ],
}  # fmt: skip
SPACE, TIME = (
    ["same location", "under 100 m, not the same location", "100 m and more"],
    ["under 7 days", "7 to under 14 days"],
)
GRID = {
    "width": {"step": 130},
    "height": {"step": 34},
    "data": {"values": [{"s": s, "t": t, "n": 1} for s in SPACE for t in TIME]},
    "mark": "rect",
    "encoding": {
        "x": {"field": "t", "type": "ordinal", "title": "time between", "axis": {"orient": "top", "labelAngle": 0}},
        "y": {"field": "s", "type": "ordinal", "title": "distance"},
    },
}


def drawn(spec, language="en"):
    return charts.chart_svg(spec, language, "A chart")


def edges(svg: str) -> tuple[float, float]:
    """The drawing's width, and how wide it says it is."""
    width = float(re.search(r'<svg[^>]* width="([\d.]+)"', svg)[1])
    return width, float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1])


@pytest.mark.parametrize("width", [340, 700])
@pytest.mark.parametrize("spec", [WEEK, SERIES, GRID])
def test_a_drawing_is_about_as_wide_as_asked_and_never_wider(spec, width):
    wide, box = edges(drawn(fitted(spec, "en", width)))
    assert wide == box
    assert wide <= width + 4


def test_what_was_given_is_left_as_it_was():
    before = repr(SERIES)
    fitted(SERIES, "en", 340)
    assert repr(SERIES) == before


def test_a_line_has_no_inside():
    svg = drawn(fitted(SERIES, "en", 700))
    stroked = [p for p in re.findall(r"<path[^>]*>", svg) if 'stroke="#0b5563"' in p]
    assert stroked
    assert not any('fill="#0b5563"' in p for p in stroked)


def test_months_have_their_names_and_few_of_them():
    svg = drawn(fitted(SERIES, "cy", 340), "cy")
    assert "2021-01" not in svg
    assert "Ion" in svg
    assert len(re.findall(r">20\d\d<", svg)) <= 4


def test_a_long_title_is_in_lines():
    title = fitted(SERIES, "en", 340)["layer"][0]["encoding"]["y"]["title"]
    assert isinstance(title, list)
    assert " ".join(title) == SERIES["layer"][0]["encoding"]["y"]["title"]
    assert fitted(WEEK, "en", 340)["encoding"]["x"]["title"] == "hour of the day"


def test_amount_has_a_key_without_gradient():
    svg = drawn(fitted(WEEK, "en", 700))
    assert "events" in svg
    assert "gradient" not in svg.lower()
    assert len(set(re.findall(r'fill="(#[0-9a-f]{6}|rgb[^"]+)"', svg))) > 5


@pytest.mark.parametrize("width", [340, 700])
def test_words_of_a_grid_are_whole(width):
    svg = drawn(fitted(GRID, "en", width))
    shown = re.sub(r"\s+", " ", " ".join(re.findall(r">([^<>]+)<", svg)))
    for words in (*SPACE, *TIME):
        assert words in shown
    assert "…" not in shown


def test_lines_keep_every_word():
    assert " ".join(lines("under 100 m, not the same location", 12)) == "under 100 m, not the same location"
    assert lines("a", 1) == ["a"]


@pytest.mark.parametrize(
    ("said", "first", "rest"),
    [
        (("1.40 each (1.35 to 1.46). 45% came again.", "More."), "1.40 each (1.35 to 1.46).", ("45% came again.", "More.")),
        (("One alone.",), "One alone.", ()),
        (("p 0.005 of it; the rest. Ŵyn.",), "p 0.005 of it; the rest.", ("Ŵyn.",)),
        ((), "", ()),
    ],
)
def test_the_first_sentence_is_the_headline(said, first, rest):
    assert headline(said) == (first, rest)
