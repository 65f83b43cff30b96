"""Densities: a direct sum over all events, SciPy's, a known mixture, and input that can't be."""

from __future__ import annotations

import csv
import gzip
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as ss

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_density as slow

from forestall.report.charts import chart_svg
from forestall.results import read
from forestall.stats._density_bandwidth import likeliest
from forestall.stats._event_grid import EventGrid
from forestall.stats.density import Density, kernel_density

BOX = (0.0, 0.0, 4000.0, 3000.0)
small = st.integers(0, 10**6)


def scatter(seed: int, n: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Events and weights, some of them in a cluster and some on the very edge."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, 4000, n), rng.uniform(0, 3000, n)
    x[: n // 2], y[: n // 2] = rng.normal(1500, 250, n // 2), rng.normal(1400, 250, n // 2)
    x[-2:] = 0.0, 4000.0
    return np.clip(x, 0, 4000), np.clip(y, 0, 3000), rng.gamma(2.0, 1.0, n)


@given(small, st.sampled_from(["gaussian", "quartic"]), st.floats(1.2, 8), st.booleans())
@settings(max_examples=25, deadline=None)
def test_the_density_is_the_direct_sum(seed: int, kernel: str, cells: float, weighted: bool) -> None:
    """Within 0.5 % of the peak (2 % for the quartic kernel, whose edge is not smooth), at any bandwidth."""
    x, y, w = scatter(seed)
    h = cells * 100 * (1 if kernel == "gaussian" else 2.5)
    east, north = slow.centres(BOX, 100)
    direct = slow.density(x, y, w if weighted else np.ones(40), h, east, north, kernel) * 1e6
    fast = kernel_density(
        x, y, cell=100, bandwidth=h, bounds=BOX, kernel=kernel, weights=w if weighted else None, edge=False
    )
    assert np.abs(fast.intensity - direct).max() < (0.005 if kernel == "gaussian" else 0.02) * direct.max()


@pytest.mark.parametrize("kernel", ["gaussian", "quartic"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("edge", [True, "event"])
def test_the_edge_correction_is_the_mass_inside_by_direct_sum(kernel: str, masked: bool, edge: bool | str) -> None:
    x, y, w = scatter(5)
    mask = np.ones((30, 40), bool)
    if masked:
        mask[:, 25:] = False
        mask[12:, :6] = False
    inside = mask[np.minimum((y // 100).astype(int), 29), np.minimum((x // 100).astype(int), 39)]
    x, y, w = x[inside], y[inside], w[inside]
    east, north = slow.centres(BOX, 100)
    h = 350.0 if kernel == "gaussian" else 900.0
    if edge == "event":
        own = slow.mass(x, y, h, BOX, 100, mask, kernel)
        direct = slow.density(x, y, w / own, h, east, north, kernel)
    else:
        share = np.maximum(slow.mass(east, north, h, BOX, 100, mask, kernel), 1e-12)
        direct = slow.density(x, y, w, h, east, north, kernel) / share
    fast = kernel_density(x, y, cell=100, bandwidth=h, bounds=BOX, kernel=kernel, weights=w, mask=mask, edge=edge)
    assert (np.isfinite(fast.intensity) == mask).all()
    assert np.abs(fast.intensity - direct * 1e6)[mask].max() < 0.01 * direct[mask].max() * 1e6


def test_the_density_is_scipy_s_with_the_same_bandwidth() -> None:
    x, y, w = scatter(2)
    x, y = x * 1.0, x * 0.0 + y
    h = 300.0
    # SciPy scales its kernel by the data's covariance: two coordinates made uncorrelated and of equal spread.
    points = np.linalg.inv(np.linalg.cholesky(np.cov(np.array([x, y]), aweights=w))) @ np.array([x, y]) * 500
    kde = ss.gaussian_kde(points, bw_method=h / 500, weights=w)
    low = np.floor(points.min(1) / 100) * 100 - 500
    bounds = (low[0], low[1], low[0] + 4000, low[1] + 4000)
    assert (points.max(1) < low + 4000).all()
    east, north = slow.centres(bounds, 100)
    peer = kde(np.array([east.ravel(), north.ravel()])).reshape(east.shape)
    ours = kernel_density(*points, cell=100, bandwidth=h, bounds=bounds, weights=w, edge=False)
    assert np.abs(ours.intensity / 1e6 / w.sum() - peer).max() < 1e-3 * peer.max()


@given(small, st.booleans())
@settings(max_examples=8, deadline=None)
def test_adaptive_bandwidths_are_abramson_s_by_direct_sum(seed: int, edge: bool) -> None:
    x, y, w = scatter(seed)
    whole = np.ones((30, 40), bool)
    h = 300.0
    pilot = slow.density(x, y, w, h, x, y, "gaussian")
    if edge:
        pilot /= slow.mass(x, y, h, BOX, 100, whole, "gaussian", 5)
    middle = math.exp((w * np.log(pilot)).sum() / w.sum())
    own = np.clip(h * (pilot / middle) ** -0.5, h / 4, h * 4)
    east, north = slow.centres(BOX, 100)
    share = slow.mass(x, y, own, BOX, 100, whole, "gaussian") if edge else 1.0
    direct = slow.density(x, y, w / share, own, east, north, "gaussian") * 1e6
    fast = kernel_density(x, y, cell=100, bandwidth=h, bounds=BOX, weights=w, edge=edge, adaptive=True)
    assert fast.bandwidths[0] == pytest.approx(own.min(), rel=0.01)
    assert fast.bandwidths[1] == pytest.approx(own.max(), rel=0.01)
    assert np.abs(fast.intensity - direct).max() < 0.01 * direct.max()


@pytest.mark.parametrize("kernel", ["gaussian", "quartic"])
@pytest.mark.parametrize("adaptive", [False, True])
def test_correction_by_event_keeps_the_total(kernel: str, adaptive: bool) -> None:
    x, y, w = scatter(8, 200)
    h = 400.0 if kernel == "gaussian" else 1000.0
    kept = kernel_density(
        x,
        y,
        cell=50,
        bandwidth=h,
        bounds=BOX,
        weights=w,
        kernel=kernel,
        adaptive=adaptive,
        edge=True if adaptive else "event",
    )
    assert kept.intensity.sum() * 0.05**2 == pytest.approx(w.sum(), rel=5e-3)


def test_an_even_scatter_stays_even_to_the_edge() -> None:
    """A lattice of one event a cell: 100 a square kilometre of 100 m cells, in the corners too."""
    east, north = slow.centres(BOX, 100)
    even = kernel_density(east, north, cell=100, bandwidth=400, bounds=BOX)
    np.testing.assert_allclose(even.intensity, 100, rtol=0.005)
    also = kernel_density(east, north, cell=100, bandwidth=400, bounds=BOX, edge=np.True_)
    np.testing.assert_array_equal(even.intensity, also.intensity)
    bare = kernel_density(east, north, cell=100, bandwidth=400, bounds=BOX, edge=False)
    assert bare.intensity[0, 0] == pytest.approx(30, abs=4), "uncorrected, a corner loses most of what lies outside"


@given(small)
@settings(max_examples=5, deadline=None)
def test_the_likeliest_bandwidth_is_that_of_the_slow_likelihood(seed: int) -> None:
    """On events at the centres of cells, where both see the same places, several of them shared."""
    rng = np.random.default_rng(seed)
    x = np.clip(np.rint(rng.normal(1500, 500, 40) / 100) * 100 + 50, 50, 3950)
    y = np.clip(np.rint(rng.normal(1500, 500, 40) / 100) * 100 + 50, 50, 2950)
    grid = EventGrid(0.0, 0.0, 100.0, 30, 40)
    chosen = likeliest(x, y, grid, None, True, "gaussian").bandwidth
    tried = np.geomspace(chosen / 1.3, chosen * 1.3, 3)
    best = slow.log_likelihood(x, y, chosen, BOX, 100)
    for h in tried:
        if h >= 100:
            assert slow.log_likelihood(x, y, h, BOX, 100) <= best + 0.02


def mixture(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Two round towns of 400 m and 800 m in a square of 10 km."""
    first = rng.uniform(size=n) < 0.5
    x = np.where(first, rng.normal(3500, 400, n), rng.normal(6500, 800, n))
    y = np.where(first, rng.normal(3500, 400, n), rng.normal(6000, 800, n))
    return x, y


def loss(rng: np.random.Generator, n: int) -> tuple[float, float]:
    """The chosen bandwidth over the best one, and its loss over the least, by what the likelihood estimates: the
    Kullback-Leibler distance from the truth."""
    bounds = (0.0, 0.0, 10_000.0, 10_000.0)
    east, north = slow.centres(bounds, 100)
    truth = 0.5 * slow.gaussian((east - 3500) ** 2 + (north - 3500) ** 2, 400)
    truth += 0.5 * slow.gaussian((east - 6500) ** 2 + (north - 6000) ** 2, 800)
    x, y = mixture(rng, n)

    def distance(h: float) -> float:
        found = kernel_density(x, y, cell=100, bounds=bounds, bandwidth=h).intensity / 1e6 / n
        return float((truth * np.log(truth / np.maximum(found, 1e-300))).sum() * 100**2)

    chosen = kernel_density(x, y, cell=100, bounds=bounds).bandwidth
    tried = np.geomspace(100, 1000, 30)
    distances = [distance(h) for h in tried]
    return chosen / float(tried[np.argmin(distances)]), distance(chosen) / min(distances)


def test_the_likeliest_bandwidth_is_near_the_best_for_a_known_mixture() -> None:
    rng = np.random.default_rng(1)
    bandwidth, lost = np.median([loss(rng, 500) for _ in range(30)], axis=0)
    assert bandwidth == pytest.approx(1, abs=0.15)
    assert lost < 1.1


@pytest.mark.slow
@pytest.mark.parametrize("n", [100, 300, 1000, 5000])
def test_the_likeliest_bandwidth_loses_little_at_any_number(n: int) -> None:
    rng = np.random.default_rng(n)
    bandwidth, lost = np.median([loss(rng, n) for _ in range(60)], axis=0)
    assert bandwidth == pytest.approx(1, abs=0.15)
    assert lost < 1.15


def test_snapped_points_do_not_drive_the_bandwidth_to_nothing() -> None:
    """A plain leave-one-out likelihood grows without end as the bandwidth shrinks, because each event sits on others."""
    rng = np.random.default_rng(3)
    points = rng.uniform(0, 5000, (150, 2))
    at = rng.integers(150, size=3000)
    x, y = points[at].T
    snapped = kernel_density(x, y, cell=50, bounds=(0, 0, 5000, 5000))
    assert snapped.bandwidth > 200
    check = {c.name: c for c in snapped.checks}["shared-locations"]
    assert not check.passed
    assert "3,000 of 3,000 events share a location" in check.text.render()


def test_a_quartic_bandwidth_smooths_as_much_as_the_gaussian() -> None:
    x, y, _ = scatter(4, 400)
    one = kernel_density(x, y, cell=50, bounds=BOX)
    two = kernel_density(x, y, cell=50, bounds=BOX, kernel="quartic")
    assert two.bandwidth / one.bandwidth == pytest.approx(2.779, abs=0.001)
    assert np.abs(one.intensity - two.intensity).max() < 0.2 * one.peak[2]


def test_stray_events_are_named() -> None:
    """The usual one: a place of 0, 0, where there is no place."""
    x, y, _ = scatter(1)
    x, y = np.append(x + 330_000, 0.0), np.append(y + 190_000, 0.0)
    with pytest.raises(ValueError, match=r"at most 4,000,000.*1 of 41 events lie far.*at \(0, 0\); leave them out"):
        kernel_density(x, y, cell=50, bandwidth=300)
    coarse = kernel_density(x, y, cell=1000, bandwidth=3000)
    assert "1 event lies far from all others, at (0, 0)" in coarse.explain()
    with pytest.raises(ValueError, match="make the cells larger"):
        kernel_density(x, y, cell=1, bandwidth=300, bounds=(330_000, 190_000, 334_000, 193_000))


def test_events_outside_the_region_are_left_out_and_counted() -> None:
    x, y, _ = scatter(1)
    part = kernel_density(x, y, cell=100, bandwidth=300, bounds=(0, 0, 2000, 3000))
    inside = int((x <= 2000).sum())
    assert part.events == inside
    assert f"{40 - inside} of 40 events lie outside the study region" in part.explain()


def test_one_event_and_all_at_one_point_are_right_or_refused() -> None:
    one = kernel_density([500.0], [500.0], cell=50, bandwidth=200, bounds=(0, 0, 1000, 1000), edge=False)
    assert one.peak[2] == pytest.approx(1e6 / (2 * math.pi * 200**2), rel=0.02)
    alone = kernel_density([7.0], [7.0], bandwidth=2.0)
    assert np.isfinite(alone.intensity).all()
    many = kernel_density([500.0] * 7, [500.0] * 7, cell=50, bandwidth=200, bounds=(0, 0, 1000, 1000), edge=False)
    np.testing.assert_allclose(many.intensity, 7 * one.intensity)
    assert kernel_density([500.0] * 7, [500.0] * 7, cell=50, bandwidth=200, adaptive=True).bandwidths[0] > 0
    for n in (1, 7):
        with pytest.raises(ValueError, match=f"all {n} events lie at one location, .*give one in metres"):
            kernel_density([500.0] * n, [500.0] * n, cell=50)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"x": [1.0, math.nan]}, r"1 of 2 events have no usable place, the first at \(nan, 6.0\)"),
        ({"x": [1.0]}, "x has 1 numbers and y has 2"),
        ({"x": [], "y": []}, "no events"),
        ({"x": ["a", "b"]}, "x must be numbers"),
        ({"weights": [1.0, -2.0]}, "weights must be finite numbers of 0 or more, not -2.0"),
        ({"weights": [1.0]}, "weights has 1 numbers for 2 events"),
        ({"weights": [0.0, 0.0]}, "all weights are 0"),
        ({"cell": 0}, "cell must be a number of metres above 0, not 0"),
        ({"cell": math.nan}, "cell must be .* not nan"),
        ({"bandwidth": -3}, "bandwidth must be .* above 0, not -3"),
        ({"bandwidth": "silverman"}, "metres or \"likelihood\", not 'silverman'"),
        ({"kernel": "cone"}, "kernel must be one of gaussian, quartic, not 'cone'"),
        ({"edge": "no"}, "edge must be"),
        ({"bounds": (0, 0, -1, 5)}, "bounds must be"),
        ({"bounds": (90, 90, 99, 99)}, "none of the 2 events lies in the study region"),
        ({"mask": np.ones((2, 2), bool)}, r"mask has the shape \(2, 2\)"),
        ({"mask": np.zeros((10, 10), bool)}, "False everywhere"),
        ({"mask": np.ones((10, 10))}, "True and False"),
        ({"bandwidth": 0.001}, "needs .* finer cells"),
    ],
)
def test_input_that_cannot_be_is_quoted_with_the_remedy(options: dict[str, Any], said: str) -> None:
    given = {"x": [1.0, 9.0], "y": [5.0, 6.0], "cell": 1.0, "bandwidth": 3.0, "bounds": (0, 0, 10, 10), **options}
    with pytest.raises(ValueError, match=said):
        kernel_density(given.pop("x"), given.pop("y"), **given)


def test_a_density_comes_back_from_json_draws_and_speaks() -> None:
    x, y, w = scatter(6)
    mask = np.ones((30, 40), bool)
    mask[:, :5] = False
    density = kernel_density(x, y, cell=100, bandwidth=300, bounds=BOX, weights=w, mask=mask)
    text = json.dumps(density.to_json(), allow_nan=False)
    again = read(json.loads(text))
    assert isinstance(again, Density)
    np.testing.assert_array_equal(again.intensity, density.intensity)
    assert again.bounds == density.bounds
    assert again.explain() == density.explain()
    assert len(density.table().rows) == 100
    assert density.table().rows[0][2] == pytest.approx(density.peak[2])
    assert "weight of" in density.explain()
    for language in ("en", "cy"):
        assert "<svg" in chart_svg(density.chart(language), language, "title")


def test_a_large_grid_is_drawn_in_blocks() -> None:
    x, y, _ = scatter(6)
    chart = kernel_density(x, y, cell=10, bandwidth=300, bounds=BOX).chart()
    assert len(chart["data"]["values"]) <= 80 * 80


def test_real_snapped_points_get_a_bandwidth_of_streets_and_not_of_nothing(shared: Path) -> None:
    """A month of Gwent: every point stands for eight addresses or more, and most events share theirs with others."""
    file = shared / "data" / "police_uk" / "gwent" / "2022-01-gwent-street.csv.gz"
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        places = [(float(r["Longitude"]), float(r["Latitude"])) for r in csv.DictReader(lines) if r["Longitude"]]
    lon, lat = np.array(places).T
    inside = (lon > -3.35) & (lon < -2.6) & (lat > 51.5) & (lat < 51.99)
    x = (lon[inside] + 3) * 111_320 * math.cos(math.radians(51.7))
    y = (lat[inside] - 51.7) * 111_320
    density = kernel_density(x, y, cell=100)
    assert 150 < density.bandwidth < 1500
    assert density.events == inside.sum() > 4000
    shared_check = {c.name: c for c in density.checks}["shared-locations"]
    assert not shared_check.passed
    rows, columns = np.unravel_index(np.nanargmax(density.intensity), density.intensity.shape)
    newport = (-2.995 + 3) * 111_320 * math.cos(math.radians(51.7)), (51.588 - 51.7) * 111_320
    assert math.hypot(density.x[columns] - newport[0], density.y[rows] - newport[1]) < 2000, "the peak is central Newport"
