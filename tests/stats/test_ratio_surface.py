"""Ratio surfaces: two direct sums, known ratios, and the thin places that are not known."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_density as slow

from forestall.report.charts import chart_svg
from forestall.results import read
from forestall.stats.ratio_surface import DensityRatio, density_ratio

BOX = (0.0, 0.0, 6000.0, 6000.0)


def draw(seed: int, n: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 6000, n), rng.uniform(0, 6000, n), rng.gamma(2.0, 1.0, n)


@pytest.mark.parametrize("kernel", ["gaussian", "quartic"])
@pytest.mark.parametrize("population", [False, True])
def test_the_ratio_is_that_of_two_direct_sums(kernel: str, population: bool) -> None:
    x, y, w = draw(1)
    u, v, r = draw(2, 300)
    h = 700.0 if kernel == "gaussian" else 1900.0
    ours = density_ratio(
        (x, y), (u, v), weights=w, control_weights=r if population else None, cell=100, bandwidth=h, kernel=kernel,
        bounds=BOX, per=1000,
    )  # fmt: skip
    r = r if population else np.ones(300)
    east, north = slow.centres(BOX, 100)
    top, bottom = (slow.density(*p, h, east, north, kernel) for p in ((x, y, w), (u, v, r)))
    fine = np.full((60, 60), True)
    reach = 4 * math.pi * h**2 if kernel == "gaussian" else 5 * math.pi * h**2 / 9
    known = fine & (bottom / r.sum() * 200 * reach >= 5)
    if not population:
        known &= bottom * reach >= 5
    near = abs(bottom / r.sum() * 200 * reach - 5) < 0.1
    assert (np.isfinite(ours.ratio) == known)[~near].all()
    both = known & np.isfinite(ours.ratio)
    np.testing.assert_allclose(ours.ratio[both], (top / bottom)[both] * 1000, rtol=0.01)
    np.testing.assert_allclose(ours.relative[both], (top / bottom)[both] / (w.sum() / r.sum()), rtol=0.01)
    squares = sum(
        a**2 * slow.KERNELS[kernel]((east - b) ** 2 + (north - c) ** 2, h) ** 2 for b, c, a in zip(x, y, w, strict=True)
    )
    variance = squares / top**2
    if not population:
        below = sum(slow.KERNELS[kernel]((east - b) ** 2 + (north - c) ** 2, h) ** 2 for b, c in zip(u, v, strict=True))
        variance = variance + below / bottom**2
    np.testing.assert_allclose(ours.error[both], np.sqrt(variance)[both], rtol=0.03)


def test_the_same_people_have_the_same_ratio_everywhere() -> None:
    x, y, _ = draw(3)
    ours = density_ratio((x, y), (x, y), control_weights=np.full(200, 50.0), cell=100, bandwidth=600, bounds=BOX, per=1000)
    np.testing.assert_allclose(ours.ratio[np.isfinite(ours.ratio)], 20)
    np.testing.assert_allclose(ours.relative[np.isfinite(ours.relative)], 1)
    assert not ours.clear.any()


def test_a_planted_doubling_is_found_and_nothing_else_much() -> None:
    """Residents even; in the south-west quarter events are twice as frequent, so 1.6 times the region's own ratio."""
    rng = np.random.default_rng(4)
    east, north = slow.centres(BOX, 200)
    x, y = rng.uniform(0, 6000, (2, 20_000))
    keep = rng.uniform(size=20_000) < np.where((x < 3000) & (y < 3000), 1.0, 0.5)
    ours = density_ratio(
        (x[keep], y[keep]), (east, north), control_weights=np.ones(east.size), cell=100, bandwidth=400, bounds=BOX
    )
    assert ours.relative[5:20, 5:20].mean() == pytest.approx(1.6, abs=0.08)
    assert ours.relative[40:, 40:].mean() == pytest.approx(0.8, abs=0.05)
    assert ours.clear[5:20, 5:20].mean() > 0.95


@pytest.mark.slow
def test_cells_judged_one_by_one_are_called_different_one_time_in_twenty() -> None:
    rng = np.random.default_rng(5)
    called = []
    for _ in range(200):
        x, y = rng.uniform(0, 6000, (2, 1500))
        u, v = rng.uniform(0, 6000, (2, 1500))
        called.append(density_ratio((x, y), (u, v), cell=300, bandwidth=400, bounds=BOX).clear.mean())
    assert np.mean(called) == pytest.approx(0.05, abs=0.015)


def test_where_too_little_lies_below_the_line_the_ratio_is_not_known() -> None:
    rng = np.random.default_rng(6)
    x, y = rng.uniform(0, 6000, (2, 500))
    u, v = rng.uniform(0, 2500, (2, 500))
    ours = density_ratio((x, y), (u, v), cell=100, bandwidth=300, bounds=BOX)
    assert np.isnan(ours.relative[40:, 40:]).all()
    assert np.isfinite(ours.relative[5:20, 5:20]).all()
    assert ours.unknown == np.isnan(ours.relative).sum()
    assert "the ratio is not known" in ours.explain()
    nowhere = density_ratio((x[:3], y[:3]), (u[:3], v[:3]), cell=100, bandwidth=300, bounds=BOX)
    assert "Nowhere is there enough" in nowhere.explain()
    assert not nowhere.table().rows


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"cases": [1, 2, 3]}, r"cases must be the two arrays \(x, y\)"),
        ({"cases": ([1.0], [math.nan])}, "1 of 1 cases have no usable place"),
        ({"controls": ([], [])}, "no controls"),
        ({"control_weights": [-1.0, 2.0]}, "control_weights must be .* not -1.0"),
        ({"least": 0}, "least must be .* above 0, not 0"),
        ({"per": -1}, "per must be"),
        ({"kernel": "cone"}, "not 'cone'"),
        ({"bandwidth": "best"}, "not 'best'"),
        ({"bandwidth": "likelihood", "cases": ([5.0, 5.0], [5.0, 5.0])}, "all 2 events lie at one location"),
    ],
)
def test_input_that_cannot_be_is_quoted_with_the_remedy(options: dict[str, Any], said: str) -> None:
    given = {
        "cases": ([1.0, 9.0], [2.0, 8.0]),
        "controls": ([3.0, 4.0], [5.0, 6.0]),
        "cell": 1.0,
        "bandwidth": 3.0,
        **options,
    }
    with pytest.raises(ValueError, match=said):
        density_ratio(given.pop("cases"), given.pop("controls"), **given)


def test_a_ratio_comes_back_from_json_and_draws() -> None:
    x, y, _ = draw(7)
    u, v, r = draw(8)
    mask = np.ones((60, 60), bool)
    mask[:, :10] = False
    ours = density_ratio((x, y), (u, v), control_weights=r, cell=100, bandwidth=500, bounds=BOX, mask=mask)
    again = read(json.loads(json.dumps(ours.to_json(), allow_nan=False)))
    assert isinstance(again, DensityRatio)
    np.testing.assert_array_equal(again.relative, ours.relative)
    assert again.explain() == ours.explain()
    assert "Residents are the wrong measure" in ours.explain()
    for language in ("en", "cy"):
        assert "<svg" in chart_svg(ours.chart(language), language, "title")
