"""Near to real records, category by category. Skips where there are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forestall import sample
from forestall.sample import realism
from forestall.sample.dispersion import pearson, quarters
from forestall.sample.realism import SINCE, UNTIL


@pytest.fixture(scope="module")
def real(shared):
    return realism.read_real(shared / "data/police_uk/gwent")


@pytest.fixture(scope="module")
def plain():
    return realism.sampled(1)


def test_the_real_records_are_read_whole(real):
    assert real.counts.shape == (14, 368, 34)
    assert 175_000 < real.counts.sum() < 180_012


@pytest.mark.parametrize("width", ["month", "quarter"])
def test_dispersion_lies_within_a_tenth_of_real_records(real, plain, width):
    shape = pearson if width == "month" else lambda y: pearson(quarters(y))
    wanted = shape(real.between(SINCE, UNTIL))
    own = np.mean([shape(w) for w in realism.windows(plain.counts)], axis=0)
    assert np.abs(own / wanted - 1).max() < 0.10, dict(zip(real.categories, own / wanted, strict=True))
    whole = shape(plain.counts)
    assert np.abs(whole / wanted - 1).max() < 0.10, dict(zip(real.categories, whole / wanted, strict=True))


def test_dispersion_lies_within_a_tenth_over_other_seeds(real):
    draws = [realism.dispersions(sample.model(s).draw_counts(np.random.default_rng(s))) for s in (2, 3, 4, 5)]
    window = real.between(SINCE, UNTIL)
    for k, wanted in enumerate((pearson(window), pearson(quarters(window)))):
        assert np.abs(np.mean([d[k] for d in draws], axis=0) / wanted - 1).max() < 0.10


def test_areas_with_nothing_count_in_the_same_way(real, plain):
    """Many areas have no shoplifting at all; a measure that keeps them in its degrees of freedom must agree too."""
    window = real.between(SINCE, UNTIL)
    empty = (window.sum(axis=2) == 0).mean(axis=1)
    own = np.mean([(w.sum(axis=2) == 0).mean(axis=1) for w in realism.windows(plain.counts)], axis=0)
    assert np.abs(own - empty).max() < 0.06


def test_zones_of_neighbours_disperse_alike(real, plain, shared):
    """Five nearest areas together, one month: over all categories within a sixth of real records."""
    import pyarrow.csv as csv

    from forestall.places.project import to_bng

    table = csv.read_csv(shared / "data/geography/lsoa11_england_wales.csv.gz")
    rows = [i for i, c in enumerate(table["ladcd_2011"].to_pylist()) if c in {f"W060000{k}" for k in range(18, 23)}]
    table = table.take(rows).sort_by("lsoa11cd")
    e, n = to_bng(table["longitude"].to_numpy(), table["latitude"].to_numpy())
    near = np.argsort(np.hypot(e[:, None] - e, n[:, None] - n), axis=1, kind="stable")[:, :5]
    own = sample.model(1).geography.nearest(5)
    real_zones = pearson(real.between(SINCE, UNTIL)[:, near].sum(axis=2))
    zones = np.mean([pearson(w[:, own].sum(axis=2)) for w in realism.windows(plain.counts)], axis=0)
    assert np.abs(zones / real_zones - 1).max() < 0.17, dict(zip(real.categories, zones / real_zones, strict=True))


def test_shares_and_concentration_lie_near_real_records(real, plain):
    window, last = real.between(SINCE, UNTIL), realism.windows(plain.counts)[-1]
    share = [w.sum(axis=(1, 2)) / w.sum() for w in (window, last)]
    assert np.abs(share[1] - share[0]).max() < 0.03
    assert np.abs(share[1] / share[0] - 1).max() < 0.35
    for c, name in enumerate(real.categories):
        areas = [realism.share_holding_half(w[c].sum(axis=1)) for w in (window, last)]
        where = [realism.share_holding_half(r.at_points[c]) for r in (real, plain)]
        assert abs(areas[1] - areas[0]) < 0.035, name
        assert abs(where[1] - where[0]) < 0.025, name


def test_rates_of_areas_are_spread_alike(real, plain):
    window, last = real.between(SINCE, UNTIL), realism.windows(plain.counts)[-1]
    for name in ("violence-and-sexual-offences", "anti-social-behaviour", "public-order", "vehicle-crime", "burglary"):
        c = real.categories.index(name)
        r, s = realism.area_curve(window[c]), realism.area_curve(last[c])
        assert np.abs(s - r)[:5].max() < 0.35, name
        assert abs(s[5] / r[5] - 1) < 0.25, name


def test_seasons_have_the_size_of_real_ones(real, plain):
    months = tuple(m for m in real.months if m >= "2021-04")
    for c, name in enumerate(real.categories):
        r = realism.season(real.between(months[0], months[-1])[c].sum(axis=0), months)
        s = realism.season(plain.counts[c].sum(axis=0), plain.months)
        assert abs(r[0] - s[0]) < 0.12, name
        if r[0] > 0.1:
            apart = abs(r[1] - s[1]) % 12
            assert min(apart, 12 - apart) < 2.5, name


def test_season_finds_a_wave_that_is_there():
    months = tuple(f"{y}-{m:02d}" for y in (2020, 2021, 2022) for m in range(1, 13))
    number = np.array([int(m[5:]) for m in months])
    counts = np.round(1e6 * np.exp(0.2 * np.cos(2 * np.pi * (number - 7) / 12))).astype(np.int64)
    amplitude, peak = realism.season(counts, months)
    assert amplitude == pytest.approx(0.2, abs=0.02)
    assert peak == pytest.approx(7, abs=0.4)


def test_the_page_has_the_tables_of_this_command(real):
    text = Path(__file__).parents[2].joinpath("docs/methods/sample.md").read_text(encoding="utf-8")
    shown = text.split(realism.BEGIN)[1].split(realism.END)[0]
    head = [line for line in shown.splitlines() if line.startswith("| anti-social-behaviour | 1.49")]
    assert head
    assert head[0] in realism.page(real, seeds=8)


def test_the_command_says_what_is_wrong(tmp_path, capsys):
    assert realism.main([str(tmp_path)]) == 2
    assert "holds no police.uk street files" in capsys.readouterr().err
