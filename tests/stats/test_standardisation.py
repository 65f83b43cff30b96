"""Standardised rates: published worked examples, exactness where the gamma method is exact, and coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as ss

from forestall.stats.rates import poisson_interval
from forestall.stats.standardisation import direct, standardised

from .showing import shows_itself

#: Deaths and population of two years, by age (Selvin 2004, in the manual of the R package epitools).
DEATHS_1940 = [45, 201, 320, 670, 1126, 3160, 9723, 17935, 22179, 13461, 2238]
PERSONS_1940 = [906897, 3794573, 10003544, 10629526, 9465330, 8249558, 7294330, 5022499, 2920220, 1019504, 142532]
DEATHS_1960 = [141, 926, 1253, 1080, 1869, 4891, 14956, 30888, 41725, 26501, 5928]
PERSONS_1960 = [1784033, 7065148, 15658730, 10482916, 9939972, 10563872, 9114202, 6850263, 4702482, 1874619, 330915]

#: Down's syndrome in Michigan by the mother's age, births of a fifth or later child (Fay and Feuer 1997, Table II).
CASES, BIRTHS = [0, 8, 63, 112, 262, 295], [327, 30666, 123419, 149919, 104088, 34392]
ALL_BIRTHS = [319933, 931318, 786511, 488235, 237863, 61313]


def test_the_published_direct_rate() -> None:
    """139.25 in 100,000 (138.21 to 140.29)."""
    found = standardised(DEATHS_1940, PERSONS_1940, standard=PERSONS_1960, per=100_000)
    assert round(found.estimate, 2) == 139.25
    assert tuple(round(v, 2) for v in found.interval) == (138.21, 140.29)


def test_the_published_indirect_ratio() -> None:
    """0.83 (0.82 to 0.84), and a standardised rate of 138.0 in 100,000."""
    reference = np.array(DEATHS_1960) / PERSONS_1960
    found = standardised(DEATHS_1940, PERSONS_1940, reference_rates=reference)
    assert round(found.estimate, 2) == 0.83
    assert tuple(round(v, 2) for v in found.interval) == (0.82, 0.84)
    assert found.estimate * sum(DEATHS_1960) / sum(PERSONS_1960) == pytest.approx(138.0e-5, rel=1e-3)


def test_the_example_of_fay_and_feuer() -> None:
    """A stratum of 327 births without a case, which stands for an eighth of the standard, makes the upper end far. The
    printed figures, and their formula (Statistics in Medicine 16 (1997) 791-801, equation 3) by SciPy's chi-square
    quantiles."""
    found = standardised(CASES, BIRTHS, standard=ALL_BIRTHS, per=100_000)
    w = np.array(ALL_BIRTHS) / sum(ALL_BIRTHS) / np.array(BIRTHS)
    y, v, most = w @ CASES, w**2 @ CASES, w.max()
    low = v / (2 * y) * ss.chi2.ppf(0.025, 2 * y**2 / v)
    high = (v + most**2) / (2 * (y + most)) * ss.chi2.ppf(0.975, 2 * (y + most) ** 2 / (v + most**2))
    assert (found.estimate, *found.interval) == pytest.approx((y * 1e5, low * 1e5, high * 1e5), rel=1e-9)
    assert found.estimate == pytest.approx(75.5, abs=0.05)
    assert found.interval == pytest.approx((67.7, 188.3), abs=0.05)


def test_where_the_standard_is_alike_the_interval_is_the_exact_one() -> None:
    """Fay and Feuer's property: weights in proportion to the population give Garwood's interval."""
    x, n = np.array([3.0, 4.0, 2.0]), np.array([100.0, 300.0, 50.0])
    found = standardised(x, n, standard=n * 7, per=1)
    low, high = poisson_interval(x.sum())
    assert found.interval == pytest.approx((float(low) / n.sum(), float(high) / n.sum()), rel=1e-10)
    assert found.crude == pytest.approx(found.estimate)


@pytest.mark.parametrize("scale", [0.5, 5, 50])
def test_a_standardised_rate_s_interval_covers(scale: float) -> None:
    rng = np.random.default_rng(2)
    n, share = np.array([900.0, 400.0, 100.0]), np.array([0.2, 0.3, 0.5])
    mean = np.array([1.0, 1.5, 0.8]) * scale
    truth = float(share @ (mean / n))
    held = 0
    for x in rng.poisson(mean, (1500, 3)).astype(float):
        _, (low, high) = direct(x, n, share, level=0.95)
        held += low <= truth <= high
    assert held / 1500 >= 0.94


def test_standardised_rates_show_themselves() -> None:
    shows_itself(standardised([3, 4], [100, 200], standard=[1, 1]))
    shows_itself(standardised([0, 0], [100, 200], reference_rates=[0.1, 0.01]))


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ({"counts": [1, -2], "standard": [1, 1]}, "counts must be 0 or more.*-2"),
        ({"counts": [1, float("nan")], "standard": [1, 1]}, "nan"),
        ({"counts": [], "standard": []}, "counts is empty"),
        ({"population": [5], "standard": [1, 1]}, "2 strata and the population 1"),
        ({"standard": [1, 1, 1]}, "2 strata and standard 3"),
        ({}, "give either standard"),
        ({"standard": [1, 1], "reference_rates": [1, 1]}, "give either standard"),
        ({"standard": [0, 0]}, "standard population is 0"),
        ({"reference_rates": [0, 0]}, "expect no events"),
        ({"population": [0, 0], "standard": [1, 1]}, "population is 0 in every"),
        ({"population": [0, 9], "standard": [1, 3]}, "stratum 1 has nobody"),
    ],
)
def test_strata_that_cannot_be_are_refused(kwargs: dict[str, list[float]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        standardised(**{"counts": [1, 2], "population": [10, 20], **kwargs})  # type: ignore[arg-type]
