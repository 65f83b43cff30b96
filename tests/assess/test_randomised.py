"""The analysis of a lot: Fisher's own example, slow twins, and tests that reject as often as they say."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forestall.assess.randomise import RandomisedDesign, matched_pairs, months_between, stepped_wedge
from forestall.assess.randomised import randomised_effect, read_counts
from forestall.errors import ForestallError
from stats.showing import shows_itself

sys.path.insert(0, str(Path(__file__).parent.parent / "oracles"))
import slow_lots as slow

#: Darwin's maize, crossed less self-fertilised, in eighths of an inch (Fisher, *The Design of Experiments*, section 21).
DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
SHARED: dict[str, Any] = {"drawn_on": "2027-03-01", "drawn_by": ["A"]}


def pairs(n: int, level: Any, seed: int = 1, end: str = "2027-06") -> RandomisedDesign:
    history = {f"W{i:02}": float(level[i]) for i in range(2 * n)}
    return matched_pairs(history, start="2027-04", end=end, seed=seed, **SHARED)


def wedge(n: int, level: Any, seed: int = 1) -> RandomisedDesign:
    history = {f"W{i:02}": float(level[i]) for i in range(n)}
    return stepped_wedge(
        history, starts=["2027-04", "2027-06", "2027-08"], first="2027-01", end="2027-09", seed=seed, **SHARED
    )


def by_pair(design: RandomisedDesign, begins: Any, compared: Any) -> dict[str, list[float]]:
    return {
        p: [float((begins if a == 0 else compared)[b])]
        for p, a, b in zip(design.places, design.arms, design.blocks, strict=True)
    }


def drawn(
    design: RandomisedDesign, level: Any, ratio: float, rng: np.random.Generator, size: float
) -> dict[str, list[float]]:
    """Counts that clump (negative binomial), with the response multiplying by ``ratio``."""
    months = months_between(design.first, design.end)
    out = {}
    for i, p in enumerate(design.places):
        start = design.month_of(p)
        mean = np.array([level[i] * (ratio if start is not None and m >= start else 1.0) for m in months])
        out[p] = rng.negative_binomial(size, size / (size + mean)).astype(float).tolist()
    return out


def test_fisher_s_own_test_of_darwin_s_maize() -> None:
    """Of 32,768 lots 863 give a sum of 314 eighths of an inch or more: 1,726 two-sided, p = 0.05267."""
    design = pairs(15, [100.0] * 30, end="2027-04")
    made = randomised_effect(design, by_pair(design, [100 + d for d in DARWIN], [100] * 15), ["2027-04"])
    assert made.exact
    assert made.draws == 32_768
    assert made.p_value == pytest.approx(1726 / 32768)


@pytest.mark.parametrize("seed", range(5))
def test_pairs_of_equal_levels_are_tested_over_every_sign(seed: int) -> None:
    rng = np.random.default_rng(seed)
    design = pairs(7, [10.0] * 14, seed, end="2027-04")
    begins, compared = rng.poisson(12, 7), rng.poisson(20, 7)
    made = randomised_effect(design, by_pair(design, begins, compared), ["2027-04"])
    assert made.p_value == pytest.approx(slow.pairs_p(begins.tolist(), compared.tolist()))
    # Dividing what began by the estimate makes the two sums equal (Hodges and Lehmann's, in closed form here).
    assert made.estimate == pytest.approx(begins.sum() / compared.sum(), rel=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_a_wedge_is_tested_over_every_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    level = rng.gamma(3, 4, 8)
    design = wedge(8, level, seed)
    counts = drawn(design, level, 0.7, rng, 5.0)
    months = months_between(design.first, design.end)
    made = randomised_effect(design, counts, months)
    begins = [months.index(s) for s in design.starts]
    assert made.exact
    assert made.p_value == pytest.approx(
        slow.wedge_p([counts[p] for p in design.places], design.blocks, design.arms, begins)
    )


def test_sampled_draws_agree_with_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    level = rng.gamma(3, 4, 20)
    design = pairs(10, level)
    counts, months = drawn(design, level, 0.8, rng, 3.0), months_between(design.first, design.end)
    exact = randomised_effect(design, counts, months)
    monkeypatch.setattr("forestall.assess._scheme.ALL", 10)
    sampled = randomised_effect(design, counts, months, draws=9_999, seed=5)
    assert not sampled.exact
    assert sampled.p_value == pytest.approx(exact.p_value, abs=4 * np.sqrt(exact.p_value / 9_999))
    assert sampled.interval == pytest.approx(exact.interval, rel=0.03)
    assert randomised_effect(design, counts, months, draws=9_999, seed=5).to_json() == sampled.to_json()


@pytest.mark.parametrize("scheme", ["pairs", "wedge"])
def test_counts_that_clump_reject_and_cover_as_they_say(scheme: str) -> None:
    """300 lots on strongly clumped counts: a 5 % test rejects 5 % or fewer (a lot's p-value is discrete), intervals hold
    the truth."""
    rejected = covered = clear = 0
    estimates = []
    for seed in range(300):
        rng = np.random.default_rng([7, seed])
        level = rng.gamma(2, 8, 16 if scheme == "pairs" else 12)
        design = pairs(8, level, seed) if scheme == "pairs" else wedge(12, level, seed)
        months = months_between(design.first, design.end)
        rejected += randomised_effect(design, drawn(design, level, 1.0, rng, 1.5), months, draws=199).p_value <= 0.05
        real = randomised_effect(design, drawn(design, level, 0.5, rng, 4.0), months, draws=199)
        covered += real.interval[0] <= 0.5 <= real.interval[1]
        clear += real.p_value <= 0.05
        estimates.append(real.estimate)
    assert 5 <= rejected <= 26  # 1.7 % to 8.7 %: three standard errors about what discrete p-values allow
    assert 272 <= covered <= 297  # 90.7 % to 99 %
    assert clear > 150
    assert np.median(estimates) == pytest.approx(0.5, abs=0.05)


def test_an_effect_shows_itself_and_says_what_it_can_t_tell() -> None:
    rng = np.random.default_rng(1)
    level = rng.gamma(4, 10, 20)
    design = pairs(10, level)
    months = months_between(design.first, design.end)
    made = randomised_effect(design, drawn(design, level, 0.4, rng, 30.0), months)
    assert made.interval[1] < 1
    assert "spilled over" in made.explain()
    assert made.design_hash == design.hash
    none = randomised_effect(design, drawn(design, level, 1.0, rng, 5.0), months)
    assert "No clear effect" in none.explain()
    for result in (made, none):
        shows_itself(result)


def test_two_pairs_set_no_bounds() -> None:
    design = pairs(2, [10.0] * 4, end="2027-04")
    made = randomised_effect(design, by_pair(design, [1, 2], [30, 40]), ["2027-04"])
    assert made.p_value == 0.5
    assert "sets no bounds" in made.explain()
    assert not next(c for c in made.checks if c.name == "enough").passed
    shows_itself(made)


def test_nothing_counted_on_one_side_gives_a_p_value_and_no_interval() -> None:
    design = pairs(7, [10.0] * 14, end="2027-04")
    made = randomised_effect(design, by_pair(design, [0] * 7, [5] * 7), ["2027-04"])
    assert made.p_value == pytest.approx(2 / 2**7)
    assert made.estimate == 0
    assert np.isnan(made.interval).all()
    shows_itself(made)
    other = randomised_effect(design, by_pair(design, [5] * 7, [0] * 7), ["2027-04"])
    assert other.estimate == np.inf
    shows_itself(other)


def test_one_place_with_most_of_the_counts_is_said() -> None:
    design = pairs(7, [10.0] * 14, end="2027-04")
    made = randomised_effect(design, by_pair(design, [200, 1, 1, 1, 1, 1, 1], [5] * 7), ["2027-04"])
    assert not next(c for c in made.checks if c.name == "lone").passed


# Bad input.


def test_counts_that_lack_something_say_what() -> None:
    design = pairs(3, [10.0] * 6)
    months = months_between("2027-04", "2027-06")
    good = {p: [1.0, 2.0, 3.0] for p in design.places}

    def refused(
        said: str, counts: Any = good, months: Any = months, design: RandomisedDesign = design, **options: Any
    ) -> None:
        with pytest.raises((ForestallError, ValueError), match=said):
            randomised_effect(design, counts, months, **options)

    refused("no counts of 2027-06", months=months[:2], counts={p: c[:2] for p, c in good.items()})
    refused("no counts of W00", counts={p: c for p, c in good.items() if p != "W00"})
    refused("W00 has 2 counts for 3 months", counts={**good, "W00": [1, 2]})
    refused("0 or more", counts={**good, "W00": [1, 2, -1]})
    refused("0 or more", counts={**good, "W00": [1, 2, float("nan")]})
    refused("nothing was counted", counts={p: [0, 0, 0] for p in good})
    refused("named twice", months=("2027-04", "2027-04", "2027-06"))
    refused("not what was drawn", design=replace(design, seed=99))
    refused("draws must be 99", draws=10)
    refused("level must lie", level=1.5)


def test_counts_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    path.write_text("code,name,2027-04,2027-05\nW1,One,3,4\n", encoding="utf-8")
    assert read_counts(path) == (("2027-04", "2027-05"), {"W1": (3.0, 4.0)})
    for text, said in (
        ("code,2027-04\nW1,3.5\n", "line 2: 2027-04 is '3.5'"),
        ("code,2027-04\nW1,1\nW1,2\n", "line 3: W1 stands there twice"),
        ("code,April\nW1,1\n", "no column named by a month"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ForestallError, match=said):
            read_counts(path)
