"""Maps shade, hatch, outline and number areas; the picture is one image unless its zones are links."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forestall.report import maps, palette

SVG = "{http://www.w3.org/2000/svg}"


def squares(n: int = 4) -> dict[str, object]:
    """A row of n square areas a0, a1 … of 0.1 degrees."""
    features = []
    for i in range(n):
        w, e = -3 + i * 0.1, -2.9 + i * 0.1
        ring = [[w, 51.5], [e, 51.5], [e, 51.6], [w, 51.6], [w, 51.5]]
        features.append(
            {
                "type": "Feature",
                "properties": {"code": f"a{i}", "name": f"Area <{i}>"},
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
        )
    return {"type": "FeatureCollection", "features": features}


def points() -> dict[str, object]:
    out = squares()
    for f in out["features"]:  # type: ignore[attr-defined]
        f["geometry"] = {"type": "Point", "coordinates": f["geometry"]["coordinates"][0][0]}
    return out


def test_areas_are_shaded_in_order_and_an_unknown_one_is_hatched() -> None:
    text = maps.map_svg(squares(), {"a0": 1, "a1": 50, "a2": 900, "a3": None}, title="t")
    root = ET.fromstring(text)
    fill = {e.get("data-code"): e.get("fill") or "" for e in root.iter(f"{SVG}path") if e.get("data-code")}
    shades = [palette.AMOUNT.index(fill[f"a{i}"]) for i in range(3)]
    assert shades == sorted(set(shades))
    assert fill["a3"].startswith("url(#")
    assert f'id="{fill["a3"][5:-1]}"' in text
    assert "can't tell" in text
    assert "Area &lt;2&gt;: 900" in text


def test_ground_is_outlined_below_and_in_the_frame() -> None:
    plain = maps.map_svg(points(), {"a0": 1.0}, title="t")
    drawn = maps.map_svg(points(), {"a0": 1.0}, title="t", ground=squares())
    assert drawn.count("<path") == plain.count("<path") + 4
    assert drawn.index("<path") < drawn.index("<circle data-code")
    circle = re.search(r'<circle data-code="a3" cx="([\d.]+)"', drawn)
    assert circle is not None
    assert float(circle[1]) < 680 - 24 - 10  # the last square reaches further east than its corner


@pytest.mark.parametrize("geojson", [squares(), points()])
def test_each_zone_is_outlined_once_and_numbered_once(geojson: dict[str, object]) -> None:
    zones = [maps.Zone(1, ("a0", "a1"), "Old <Town>"), maps.Zone(2, ("a3",)), maps.Zone(3, ("elsewhere",))]
    root = ET.fromstring(maps.map_svg(geojson, {"a0": 3, "a1": 5}, zones=zones, title="t"))
    outlines = [e.get("data-zone") for e in root.iter(f"{SVG}path") if e.get("data-zone")]
    assert outlines == ["1", "2"], "an area that the map doesn't have has no outline"
    numbers = [e.text for e in root.iter(f"{SVG}text") if e.text in ("1", "2", "3")]
    assert numbers == ["1", "2"]
    assert root.get("role") == "img"


def test_zones_with_addresses_are_named_links() -> None:
    zones = [maps.Zone(1, ("a0",), 'A "b" & c', href='/signals/1?x="y"')]
    root = ET.fromstring(maps.map_svg(squares(), zones=zones, title="t"))
    links = list(root.iter(f"{SVG}a"))
    assert [(a.get("href"), a.get("aria-label")) for a in links] == [('/signals/1?x="y"', '1. A "b" & c')]
    assert root.get("role") == "group"


def test_numbers_never_cover_each_other() -> None:
    zones = [maps.Zone(i + 1, (f"a{i // 3}",)) for i in range(12)]
    root = ET.fromstring(maps.map_svg(squares(), zones=zones, title="t"))
    at = [(float(e.get("cx") or 0), float(e.get("cy") or 0)) for e in root.iter(f"{SVG}circle") if e.get("r") == "11"]
    assert len(at) == 12
    for i, (x, y) in enumerate(at):
        for a, b in at[:i]:
            assert (x - a) ** 2 + (y - b) ** 2 >= 20**2


def test_projection_keeps_shape_and_the_scale_bar_is_true() -> None:
    text = maps.map_svg(squares(), title="t", width=600)
    root = ET.fromstring(text)
    path = next(e for e in root.iter(f"{SVG}path") if e.get("data-code") == "a0")
    xy = [tuple(map(float, p.split(","))) for p in re.findall(r"[-\d.]+,[-\d.]+", path.get("d") or "")]
    wide, tall = max(x for x, _ in xy) - min(x for x, _ in xy), max(y for _, y in xy) - min(y for _, y in xy)
    assert wide / tall == pytest.approx(0.6219, abs=0.01), "a degree of longitude is cos(latitude) of one of latitude"
    bar = re.search(r'd="M10,[\d.]+v5h([\d.]+)v-5"', text)
    words = re.search(r">(\d+) km<", text)
    assert bar
    assert words
    metres = float(words[1]) * 1000 * tall / float(bar[1])
    assert metres == pytest.approx(11_132, rel=0.01), "a tenth of a degree of latitude"


def test_a_map_of_nothing_is_still_a_picture() -> None:
    ET.fromstring(maps.map_svg({"features": []}, title="t"))


@given(st.lists(st.one_of(st.none(), st.integers(0, 5000), st.floats(0, 1e6)), max_size=60))
@settings(max_examples=60, deadline=None)
def test_bands_of_an_amount_are_in_order_and_cover_everything(values: list[float | None]) -> None:
    classes = maps.amount(values)
    assert list(classes.breaks) == sorted(set(classes.breaks))
    assert len(set(classes.colours)) == len(classes.colours) <= 5
    order = [palette.AMOUNT.index(c) for c in classes.colours]
    assert order == sorted(order)
    for v in values:
        if v is not None:
            assert classes.of(v) in classes.colours


def test_bands_of_change_put_no_change_in_the_middle() -> None:
    assert maps.change().of(1.0) == palette.CHANGE[2]
    assert maps.change().of(0.2) == palette.CHANGE[0]
    assert maps.change().of(3) == palette.CHANGE[4]
